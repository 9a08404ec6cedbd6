/* A websocket client that is many: opens connections, loads a server through them or holds them, and says what it saw.
 *
 *   wsload load  --port P --connections N --seconds S --payload FILE [--warm-up S] [--rate R] ...
 *   wsload hold  --port P --connections N [--mark TEXT] ...
 *
 * `load` sends the payload over every connection, again when the answer is there (closed loop), or by the clock, R a
 * second over all of them (open loop; then a message's latency counts from when it was due, not from when it was sent).
 * `hold` prints a line once all connections are ready and keeps them until its standard input ends; every frame with
 * MARK and digits behind it belongs to the broadcast of that number, and the line about a broadcast is printed when the
 * last connection has it. Lines are JSON; times in them are CLOCK_MONOTONIC, which is the same for all processes of a
 * machine. Whatever goes wrong with a connection is a failure: it is counted and not opened again.
 */
#include "connections.h"

#include <fcntl.h>
#include <stddef.h>

#define BROADCASTS 64 /* on their way at once */
#define ID_PLACE "00000000-0000-0000-0000-000000000000" /* in a payload: gets an id of each message's own */
#define ID_LENGTH 36

typedef struct {
    uint64_t number, first, last;
    int received;
} Broadcast;

static struct {
    const char *mode, *mark;
    int pid;
    double seconds, warm_up, rate;
    uint8_t *payload;
    size_t payload_length;
    ptrdiff_t id_at; /* where in the payload the id goes; negative: nowhere */
} options = {.seconds = 5, .warm_up = 1, .id_at = -1};

static bool sending;   /* an answer is followed by the next message */
static bool measuring; /* answers count */
static bool listening; /* broadcasts do */
static uint64_t total_sent, total_answered, missed;

static Broadcast broadcasts[BROADCASTS];
static int broadcast_count;

static char *read_file(const char *name, size_t *length) {
    FILE *file = fopen(name, "rb");
    if (!file) die("%s: %s", name, strerror(errno));
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *content = allocated(malloc((size_t)size + 1));
    if (fread(content, 1, (size_t)size, file) != (size_t)size) die("%s: cannot be read", name);
    fclose(file);
    content[size] = 0;
    *length = (size_t)size;
    return content;
}

static char **read_lines(const char *name, int *count) {
    size_t length;
    char *content = read_file(name, &length), *rest = NULL, **lines = NULL;
    *count = 0;
    for (char *line = strtok_r(content, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        lines = allocated(realloc(lines, sizeof *lines * (size_t)(*count + 1)));
        lines[(*count)++] = line;
    }
    if (!*count) die("%s: no lines", name);
    return lines;
}

/* -- messages and their answers */

/* Eight digits for the connection, twelve for its message: of the form of a UUID, and unique in this run. */
static void write_id(char *id, const Connection *connection, uint64_t message) {
    snprintf(id, ID_LENGTH + 1, "%08x-0000-4000-8000-%012llx", (unsigned)index_of(connection),
             (unsigned long long)message);
}

static void send_message(Connection *connection, uint64_t due) {
    if (options.id_at >= 0) {
        char id[ID_LENGTH + 1];
        write_id(id, connection, connection->sent);
        memcpy(options.payload + options.id_at, id, ID_LENGTH);
    }
    connection->due[connection->sent++ % OUTSTANDING] = due;
    total_sent++;
    send_frame(connection, 1, options.payload, options.payload_length);
}

/* A frame is the answer to the oldest unanswered message if it has that one's id, or if messages have none. */
static void take_answer(Connection *connection, const uint8_t *frame, size_t length) {
    if (connection->answered == connection->sent) return;
    if (options.id_at >= 0) {
        char id[ID_LENGTH + 1];
        write_id(id, connection, connection->answered);
        if (!memmem(frame, length, id, ID_LENGTH)) return;
    }
    uint64_t time = now();
    if (measuring) record(time - connection->due[connection->answered % OUTSTANDING]);
    connection->answered++;
    total_answered++;
    if (sending && options.rate == 0) send_message(connection, time);
}

static void print_broadcast(const Broadcast *broadcast) {
    printf("{\"broadcast\": %llu, \"received\": %d, \"first_ns\": %llu, \"last_ns\": %llu}\n",
           (unsigned long long)broadcast->number, broadcast->received, (unsigned long long)broadcast->first,
           (unsigned long long)broadcast->last);
    fflush(stdout);
}

/* The number behind the mark; false if the frame has none. A frame ends before what is behind it does: it is copied. */
static bool marked(const uint8_t *frame, size_t length, uint64_t *number) {
    char digits[24];
    size_t mark = strlen(options.mark);
    const uint8_t *found = memmem(frame, length, options.mark, mark);
    if (!found) return false;
    size_t left = length - (size_t)(found + mark - frame), size = left < sizeof digits - 1 ? left : sizeof digits - 1;
    memcpy(digits, found + mark, size);
    digits[size] = 0;
    char *end;
    *number = strtoull(digits, &end, 10);
    return end > digits;
}

static void take_broadcast(const uint8_t *frame, size_t length) {
    uint64_t number, time = now();
    if (!marked(frame, length, &number)) return;
    int found = 0;
    while (found < broadcast_count && broadcasts[found].number != number) found++;
    if (found == broadcast_count) {
        if (broadcast_count == BROADCASTS) die("more than %d broadcasts that not all connections have", BROADCASTS);
        broadcasts[broadcast_count++] = (Broadcast){.number = number, .first = time};
    }
    Broadcast *broadcast = &broadcasts[found];
    broadcast->last = time;
    if (++broadcast->received == ready) {
        print_broadcast(broadcast);
        *broadcast = broadcasts[--broadcast_count]; /* the number may come again */
    }
}

static void take_message(Connection *connection, const uint8_t *payload, size_t length) {
    if (!options.mark)
        take_answer(connection, payload, length);
    else if (listening)
        take_broadcast(payload, length);
}

/* -- the modes */

/* Send what is due. A message that finds its connection too far behind is missed: the server is not keeping up. */
static uint64_t send_due(uint64_t due) {
    static int next;
    for (uint64_t time = now(); due <= time; due += (uint64_t)(SECOND / options.rate)) {
        Connection *connection = &connections[next++ % target.connections];
        if (connection->state != READY) continue;
        if (connection->sent - connection->answered < OUTSTANDING)
            send_message(connection, due);
        else
            missed++;
    }
    return due;
}

/* Never asleep: to wake a process on another core costs whoever sends to it many microseconds, above all on a virtual
   machine, and clients on other machines do not cost a server that. */
static void send_until(uint64_t end) {
    static uint64_t due;
    if (!due) due = now();
    while (now() < end) {
        if (options.rate > 0) due = send_due(due);
        wait_for_events(0);
    }
}

static void run_load(void) {
    open_all();
    sending = true;
    uint64_t started = now();
    if (options.rate == 0)
        for (int i = 0; i < target.connections; i++)
            if (connections[i].state == READY) send_message(&connections[i], now());
    send_until(started + (uint64_t)(options.warm_up * SECOND));
    measuring = true;
    uint64_t begin = now(), server = processor_time(options.pid), own = busy;
    send_until(begin + (uint64_t)(options.seconds * SECOND));
    uint64_t elapsed = now() - begin;
    server = processor_time(options.pid) - server;
    own = busy - own;
    measuring = sending = false;
    for (uint64_t end = now() + DRAIN_LIMIT; total_answered < total_sent && now() < end && ready;) wait_for_events(20);
    sort_latencies();
    printf("{\"connections\": %d, \"failed\": %d, \"first_failure\": \"%s\", \"seconds\": %.6f, \"messages\": %zu, "
           "\"total_sent\": %llu, \"total_answered\": %llu, \"missed\": %llu, "
           "\"p50_us\": %u, \"p90_us\": %u, \"p99_us\": %u, \"max_us\": %u, "
           "\"server_cpu_seconds\": %.6f, \"own_busy_seconds\": %.6f}\n",
           target.connections, failed, first_failure, (double)elapsed / SECOND, measured,
           (unsigned long long)total_sent, (unsigned long long)total_answered, (unsigned long long)missed,
           quantile(0.5), quantile(0.9), quantile(0.99), quantile(1), (double)server / SECOND, (double)own / SECOND);
}

static bool input_ended(void) {
    char bytes[256];
    return read(STDIN_FILENO, bytes, sizeof bytes) == 0;
}

static void run_hold(void) {
    uint64_t server = processor_time(options.pid), opening = open_all();
    server = processor_time(options.pid) - server;
    printf("{\"connections\": %d, \"failed\": %d, \"first_failure\": \"%s\", \"seconds\": %.6f, "
           "\"server_cpu_seconds\": %.6f}\n",
           target.connections, failed, first_failure, (double)opening / SECOND, (double)server / SECOND);
    fflush(stdout);
    listening = true; /* what was said before did not go to all of them */
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    while (!input_ended()) wait_for_events(1000);
    for (int i = 0; i < broadcast_count; i++) print_broadcast(&broadcasts[i]); /* that were lost on the way */
    printf("{\"failed\": %d, \"first_failure\": \"%s\"}\n", failed, first_failure);
}

static void read_options(int count, char **words) {
    size_t length;
    if (count < 2) die("wsload load | hold, and options: see the top of the source");
    options.mode = words[1];
    for (int i = 2; i < count; i += 2) {
        const char *name = words[i], *value = i + 1 < count ? words[i + 1] : NULL;
#define IS(option) (!strcmp(name, option))
        if (!value) die("%s: a value is missing", name);
        else if (IS("--host")) target.host = value;
        else if (IS("--port")) target.port = atoi(value);
        else if (IS("--pid")) options.pid = atoi(value);
        else if (IS("--path")) target.path = value;
        else if (IS("--paths")) target.paths = read_lines(value, &target.path_count);
        else if (IS("--headers")) target.headers = read_lines(value, &target.header_count);
        else if (IS("--connections")) target.connections = atoi(value);
        else if (IS("--source-addresses")) target.source_addresses = atoi(value);
        else if (IS("--greeting")) target.greeting = value;
        else if (IS("--mark")) options.mark = value;
        else if (IS("--payload")) options.payload = (uint8_t *)read_file(value, &options.payload_length);
        else if (IS("--seconds")) options.seconds = atof(value);
        else if (IS("--warm-up")) options.warm_up = atof(value);
        else if (IS("--rate")) options.rate = atof(value);
        else die("%s: no such option", name);
    }
    if (options.payload_length > 65535) die("the payload is too long");
    length = options.payload_length;
    uint8_t *place = options.payload ? memmem(options.payload, length, ID_PLACE, ID_LENGTH) : NULL;
    if (place) options.id_at = place - options.payload;
}

int main(int count, char **words) {
    read_options(count, words);
    connections = allocated(calloc((size_t)target.connections, sizeof *connections));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!strcmp(options.mode, "load") && options.payload)
        run_load();
    else if (!strcmp(options.mode, "hold"))
        run_hold();
    else
        die("load needs --payload, and there is no other mode than load and hold");
    return 0;
}
