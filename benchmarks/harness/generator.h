/* What both load generators are made of: the clock, the server's processor time, latencies, the first failure. Not a
 * library: it is included once in each program. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ull
#define DRAIN_LIMIT (2 * SECOND)

static int failed; /* connections */
static char first_failure[200];
static uint32_t *latencies; /* microseconds */
static size_t measured, latency_capacity;

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

static void *allocated(void *memory) {
    if (!memory) die("out of memory");
    return memory;
}

static uint64_t clock_of(clockid_t clock) {
    struct timespec time;
    return clock_gettime(clock, &time) ? 0 : (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static uint64_t now(void) { return clock_of(CLOCK_MONOTONIC); }

/* Nanoseconds that all threads of a process have had of a processor, which the kernel keeps finer than /proc tells. */
static uint64_t processor_time(int pid) {
    clockid_t clock;
    return pid && !clock_getcpuclockid(pid, &clock) ? clock_of(clock) : 0;
}

/* One more connection has failed. The first reason is kept, as text that can stand in JSON. */
static void count_failure(const char *format, va_list arguments) {
    if (failed++) return;
    vsnprintf(first_failure, sizeof first_failure, format, arguments);
    for (char *c = first_failure; *c; c++)
        if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') *c = ' ';
}

static void record(uint64_t latency) {
    if (measured == latency_capacity) {
        latency_capacity = latency_capacity ? 2 * latency_capacity : 1 << 16;
        latencies = allocated(realloc(latencies, latency_capacity * sizeof *latencies));
    }
    latencies[measured++] = (uint32_t)(latency / 1000);
}

static int by_value(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

static void sort_latencies(void) { qsort(latencies, measured, sizeof *latencies, by_value); }

/* Of the sorted latencies. */
static unsigned quantile(double q) { return measured ? latencies[(size_t)((double)(measured - 1) * q)] : 0; }
