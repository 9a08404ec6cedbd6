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
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ull
#define MILLISECOND 1000000ull
#define OUTSTANDING 64       /* messages of a connection without an answer, in an open loop */
#define BROADCASTS 64        /* on their way at once */
#define OPENING_AT_ONCE 128  /* handshakes under way: fewer than a listen backlog takes */
#define OPENING_LIMIT (60 * SECOND)
#define DRAIN_LIMIT (2 * SECOND)
#define ID_PLACE "00000000-0000-0000-0000-000000000000" /* in a payload: gets an id of each message's own */
#define ID_LENGTH 36
#define READ_BYTES 16384

typedef enum { CONNECTING, SHAKING_HANDS, AWAITING_GREETING, READY, FAILED } State;

typedef struct {
    int socket;
    State state;
    uint8_t *received; /* what has not been understood yet; NULL while there is nothing */
    size_t length, capacity;
    uint64_t due[OUTSTANDING]; /* since when the unanswered messages count, a ring */
    uint64_t sent, answered;
} Connection;

typedef struct {
    uint64_t number, first, last;
    int received;
} Broadcast;

static struct {
    const char *mode, *host, *path, *greeting, *mark;
    char **paths, **headers; /* one line a connection, from the first again when there are fewer */
    int path_count, header_count;
    int port, connections, pid, source_addresses;
    double seconds, warm_up, rate;
    uint8_t *payload;
    size_t payload_length;
    ptrdiff_t id_at; /* where in the payload the id goes; negative: nowhere */
} options = {.host = "127.0.0.1", .path = "/", .connections = 1, .seconds = 5, .warm_up = 1, .source_addresses = 1};

static Connection *connections;
static int epoll, opened, ready, failed;
static char first_failure[200];

static bool sending, measuring, listening; /* answers are followed by messages; they count; broadcasts do */
static uint32_t *latencies;     /* microseconds */
static size_t measured, latency_capacity;
static uint64_t total_sent, total_answered, missed;

static Broadcast broadcasts[BROADCASTS];
static int broadcast_count;

/* -- small things */

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

/* Nanoseconds that the server's threads have had of a processor, which the kernel keeps finer than /proc tells. */
static uint64_t server_cpu(void) {
    clockid_t clock;
    return options.pid && !clock_getcpuclockid(options.pid, &clock) ? clock_of(clock) : 0;
}

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

/* -- connections */

static int index_of(const Connection *connection) { return (int)(connection - connections); }

/* Close it for good. The first reason is kept, as text that can stand in JSON. */
static void fail(Connection *connection, const char *format, ...) {
    if (connection->state == FAILED) return;
    if (!failed++) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(first_failure, sizeof first_failure, format, arguments);
        va_end(arguments);
        for (char *c = first_failure; *c; c++)
            if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') *c = ' ';
    }
    if (connection->state == READY) ready--;
    connection->state = FAILED;
    close(connection->socket);
}

/* Frames are far smaller than a socket's buffer: who does not take one at once is as good as gone. */
static void send_bytes(Connection *connection, const void *bytes, size_t length) {
    ssize_t sent = send(connection->socket, bytes, length, MSG_NOSIGNAL);
    if (sent < 0)
        fail(connection, "send: %s", strerror(errno));
    else if ((size_t)sent < length)
        fail(connection, "the server does not read");
}

/* A client has to mask what it sends. Not with zeros: some servers would have less to do. */
static void send_frame(Connection *connection, int opcode, const uint8_t *payload, size_t length) {
    static const uint8_t mask[4] = {0x12, 0x9a, 0x5c, 0xe7};
    static uint8_t frame[14 + 65536];
    size_t at = 0;
    frame[at++] = (uint8_t)(0x80 | opcode);
    if (length < 126) {
        frame[at++] = (uint8_t)(0x80 | length);
    } else {
        frame[at++] = 0x80 | 126;
        frame[at++] = (uint8_t)(length >> 8);
        frame[at++] = (uint8_t)length;
    }
    memcpy(frame + at, mask, sizeof mask);
    at += sizeof mask;
    for (size_t i = 0; i < length; i++) frame[at + i] = payload[i] ^ mask[i & 3];
    send_bytes(connection, frame, at + length);
}

static void open_connection(Connection *connection) {
    struct sockaddr_in source = {.sin_family = AF_INET}, target = {.sin_family = AF_INET};
    int yes = 1;
    connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection->socket < 0) die("socket: %s", strerror(errno));
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (options.source_addresses > 1) { /* all of 127/8 is this machine; a port is only used up for one of them */
        setsockopt(connection->socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
        source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(index_of(connection) % options.source_addresses));
        if (bind(connection->socket, (void *)&source, sizeof source)) die("bind: %s", strerror(errno));
    }
    target.sin_port = htons((uint16_t)options.port);
    inet_pton(AF_INET, options.host, &target.sin_addr);
    connection->state = CONNECTING;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection->socket, &event);
    if (connect(connection->socket, (void *)&target, sizeof target) && errno != EINPROGRESS)
        fail(connection, "connect: %s", strerror(errno));
}

static void request_upgrade(Connection *connection) {
    static char request[16384];
    int number = index_of(connection), error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        fail(connection, "connect: %s", strerror(error));
        return;
    }
    const char *path = options.paths ? options.paths[number % options.path_count] : options.path;
    const char *header = options.headers ? options.headers[number % options.header_count] : "";
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
                          path, options.host, options.port, header, *header ? "\r\n" : "");
    if (length >= (int)sizeof request) die("the headers are too long");
    connection->state = SHAKING_HANDS;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_MOD, connection->socket, &event);
    send_bytes(connection, request, (size_t)length);
}

static void become_ready(Connection *connection) {
    connection->state = READY;
    ready++;
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

static void record(uint64_t latency) {
    if (measured == latency_capacity) {
        latency_capacity = latency_capacity ? 2 * latency_capacity : 1 << 16;
        latencies = allocated(realloc(latencies, latency_capacity * sizeof *latencies));
    }
    latencies[measured++] = (uint32_t)(latency / 1000);
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

static void take_frame(Connection *connection, int opcode, const uint8_t *payload, size_t length) {
    switch (opcode) {
    case 1:
    case 2:
        if (connection->state == AWAITING_GREETING) {
            if (memmem(payload, length, options.greeting, strlen(options.greeting))) become_ready(connection);
        } else if (options.mark) {
            if (listening) take_broadcast(payload, length);
        } else {
            take_answer(connection, payload, length);
        }
        break;
    case 8:
        fail(connection, "closed with %d", length >= 2 ? payload[0] << 8 | payload[1] : 1005);
        break;
    case 9: send_frame(connection, 10, payload, length); break;
    case 10: break;
    default: fail(connection, "a frame of opcode %d, which is not expected", opcode);
    }
}

/* -- bytes */

/* The first frame in `bytes`: its length with its header, or 0 when it is not all there. */
static size_t frame_length(const uint8_t *bytes, size_t available, size_t *header) {
    if (available < 2) return 0;
    uint64_t length = bytes[1] & 127;
    size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (available < 2 + extended) return 0;
    if (extended) length = 0;
    for (size_t i = 0; i < extended; i++) length = length << 8 | bytes[2 + i];
    *header = 2 + extended;
    return available - *header >= length ? *header + (size_t)length : 0;
}

static size_t take_handshake(Connection *connection) {
    uint8_t *end = memmem(connection->received, connection->length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(connection->received, "HTTP/1.1 101 ", 13)) {
        fail(connection, "refused: %.*s", (int)(end - connection->received), connection->received);
        return 0;
    }
    if (options.greeting)
        connection->state = AWAITING_GREETING;
    else
        become_ready(connection);
    return (size_t)(end + 4 - connection->received);
}

static void take_received(Connection *connection) {
    size_t at = connection->state == SHAKING_HANDS ? take_handshake(connection) : 0, length, header;
    while (connection->state >= AWAITING_GREETING && connection->state != FAILED &&
           (length = frame_length(connection->received + at, connection->length - at, &header))) {
        const uint8_t *frame = connection->received + at;
        if (frame[1] & 0x80 || (frame[0] & 0xf0) != 0x80)
            fail(connection, "a frame that is masked, in pieces or compressed");
        else
            take_frame(connection, frame[0] & 15, frame + header, length - header);
        at += length;
    }
    connection->length -= at;
    if (at) memmove(connection->received, connection->received + at, connection->length);
}

static void receive(Connection *connection) {
    if (connection->capacity - connection->length < READ_BYTES) {
        connection->capacity = connection->length + READ_BYTES;
        connection->received = allocated(realloc(connection->received, connection->capacity));
    }
    ssize_t got = recv(connection->socket, connection->received + connection->length,
                       connection->capacity - connection->length, 0);
    if (got < 0 && errno != EAGAIN) fail(connection, "receive: %s", strerror(errno));
    if (got == 0) fail(connection, "ended by the server without a close frame");
    if (got > 0) {
        connection->length += (size_t)got;
        take_received(connection);
    }
    if (!connection->length) { /* thousands that hear nothing need no buffers */
        free(connection->received);
        connection->received = NULL;
        connection->capacity = 0;
    }
}

static uint64_t busy; /* nanoseconds in which there was something to do */

static void wait_for_events(int milliseconds) {
    struct epoll_event events[512];
    int count = epoll_wait(epoll, events, 512, milliseconds);
    uint64_t began = now();
    for (int i = 0; i < count; i++) {
        Connection *connection = events[i].data.ptr;
        if (!connection || connection->state == FAILED) continue; /* standard input; closed by an event before */
        if (connection->state == CONNECTING)
            request_upgrade(connection);
        else
            receive(connection);
    }
    if (count > 0) busy += now() - began;
}

/* -- the modes */

/* Open all; returns nanoseconds. */
static uint64_t open_all(void) {
    uint64_t started = now();
    while (ready + failed < options.connections) {
        while (opened < options.connections && opened - ready - failed < OPENING_AT_ONCE)
            open_connection(&connections[opened++]);
        wait_for_events(100);
        if (now() - started > OPENING_LIMIT) die("only %d connections are ready after a minute", ready);
    }
    return now() - started;
}

/* Send what is due. A message that finds its connection too far behind is missed: the server is not keeping up. */
static uint64_t send_due(uint64_t due) {
    static int next;
    for (uint64_t time = now(); due <= time; due += (uint64_t)(SECOND / options.rate)) {
        Connection *connection = &connections[next++ % options.connections];
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

static int by_value(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

static unsigned quantile(double q) { return measured ? latencies[(size_t)((double)(measured - 1) * q)] : 0; }

static void run_load(void) {
    open_all();
    sending = true;
    uint64_t started = now();
    if (options.rate == 0)
        for (int i = 0; i < options.connections; i++)
            if (connections[i].state == READY) send_message(&connections[i], now());
    send_until(started + (uint64_t)(options.warm_up * SECOND));
    measuring = true;
    uint64_t begin = now(), server = server_cpu(), own = busy;
    send_until(begin + (uint64_t)(options.seconds * SECOND));
    uint64_t elapsed = now() - begin;
    server = server_cpu() - server;
    own = busy - own;
    measuring = sending = false;
    for (uint64_t end = now() + DRAIN_LIMIT; total_answered < total_sent && now() < end && ready;) wait_for_events(20);
    qsort(latencies, measured, sizeof *latencies, by_value);
    printf("{\"connections\": %d, \"failed\": %d, \"first_failure\": \"%s\", \"seconds\": %.6f, \"messages\": %zu, "
           "\"total_sent\": %llu, \"total_answered\": %llu, \"missed\": %llu, "
           "\"p50_us\": %u, \"p90_us\": %u, \"p99_us\": %u, \"max_us\": %u, "
           "\"server_cpu_seconds\": %.6f, \"own_busy_seconds\": %.6f}\n",
           options.connections, failed, first_failure, (double)elapsed / SECOND, measured,
           (unsigned long long)total_sent, (unsigned long long)total_answered, (unsigned long long)missed,
           quantile(0.5), quantile(0.9), quantile(0.99), quantile(1), (double)server / SECOND, (double)own / SECOND);
}

static bool input_ended(void) {
    char bytes[256];
    return read(STDIN_FILENO, bytes, sizeof bytes) == 0;
}

static void run_hold(void) {
    uint64_t server = server_cpu(), opening = open_all();
    printf("{\"connections\": %d, \"failed\": %d, \"first_failure\": \"%s\", \"seconds\": %.6f, "
           "\"server_cpu_seconds\": %.6f}\n",
           options.connections, failed, first_failure, (double)opening / SECOND, (double)(server_cpu() - server) / SECOND);
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
    options.id_at = -1;
    for (int i = 2; i < count; i += 2) {
        const char *name = words[i], *value = i + 1 < count ? words[i + 1] : NULL;
#define IS(option) (!strcmp(name, option))
        if (!value) die("%s: a value is missing", name);
        else if (IS("--host")) options.host = value;
        else if (IS("--port")) options.port = atoi(value);
        else if (IS("--pid")) options.pid = atoi(value);
        else if (IS("--path")) options.path = value;
        else if (IS("--paths")) options.paths = read_lines(value, &options.path_count);
        else if (IS("--headers")) options.headers = read_lines(value, &options.header_count);
        else if (IS("--connections")) options.connections = atoi(value);
        else if (IS("--source-addresses")) options.source_addresses = atoi(value);
        else if (IS("--greeting")) options.greeting = value;
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
    connections = allocated(calloc((size_t)options.connections, sizeof *connections));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!strcmp(options.mode, "load") && options.payload)
        run_load();
    else if (!strcmp(options.mode, "hold"))
        run_hold();
    else
        die("load needs --payload, and there is no other mode than load and hold");
    return 0;
}
