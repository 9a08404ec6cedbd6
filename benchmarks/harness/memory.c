/* How long it takes to read memory again: at once, and after the processor was left to others for a while.
 *
 *   memory KIB REST_US ROUNDS
 *
 * It prints a line for each round: the processor time, in microseconds, of a walk through so many KiB, one access for
 * each line of the cache in an order that cannot be foreseen, after a rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LINE 64 /* bytes */

typedef struct line {
    struct line *next;
    char rest[LINE - sizeof(struct line *)];
} line;

static double processor_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1e6 + now.tv_nsec * 1e-3;
}

/* All lines in one circle, in a random order (Sattolo's shuffle); always the same. */
static line *circle(size_t count) {
    line *lines = aligned_alloc(LINE, count * sizeof(line));
    size_t *order = malloc(count * sizeof(size_t));
    if (lines == NULL || order == NULL) exit(1);
    for (size_t i = 0; i < count; i++) order[i] = i;
    srand(7);
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = (size_t)rand() % i, kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    for (size_t i = 0; i < count; i++) lines[order[i]].next = &lines[order[(i + 1) % count]];
    free(order);
    return lines;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    size_t count = strtoul(argv[1], NULL, 10) * 1024 / LINE;
    long rest = strtol(argv[2], NULL, 10);
    int rounds = (int)strtol(argv[3], NULL, 10);
    if (count < 2 || rounds < 1) return 2;
    struct timespec pause = {rest / 1000000, rest % 1000000 * 1000};
    line *at = circle(count);
    for (int round = 0; round < rounds; round++) {
        if (rest > 0) nanosleep(&pause, NULL);
        double began = processor_us();
        for (size_t i = 0; i < count; i++) at = ((volatile line *)at)->next;
        printf("%.1f\n", processor_us() - began);
    }
    return 0;
}
