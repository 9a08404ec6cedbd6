/* An HTTP/1.1 client that is many: keep-alive connections, each with one GET at a time, again when the answer is there.
 *
 *   httpload --port P --path PATH [--header LINE] [--status 200] [--connections 1] [--seconds 5] [--warm-up 1] [--pid P]
 *
 * It prints one line of JSON: how many answers came in the measured seconds, how long they took, what the process PID
 * and the generator itself needed of a processor meanwhile. An answer is over when its body is (Content-Length, chunked,
 * or none by its status); one of another status, or one that breaks off, is a failure, and its connection is given up.
 * A server may end a connection after an answer, if it says so: then another one takes its place.
 */
#include "generator.h"

#define ROOM 65536    /* of a buffer at least, for what is read at once */
#define INCOMPLETE -1 /* an answer of which more has to come */

typedef struct {
    int socket;
    bool open, busy;
    char *received; /* of the answer that is under way */
    size_t length, capacity;
    uint64_t asked_at;
} Connection;

typedef struct {
    int status;
    long length; /* with the head; or INCOMPLETE */
    bool last;   /* the server ends the connection after it */
} Answer;

static struct {
    const char *path, *header;
    int port, pid, connections, status;
    double seconds, warm_up;
} options = {.path = "/", .connections = 1, .status = 200, .seconds = 5, .warm_up = 1};

static Connection *connections;
static char request[8192];
static int epoll, request_length, busy;
static bool asking, measuring; /* an answer is followed by a request; answers are recorded */
static uint64_t total_asked, total_answered, reopened, bytes;

/* -- connections */

static void set_busy(Connection *connection, bool is_busy) {
    busy += (int)is_busy - (int)connection->busy;
    connection->busy = is_busy;
}

static void fail(Connection *connection, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    count_failure(format, arguments);
    va_end(arguments);
    set_busy(connection, false);
    connection->open = false;
    close(connection->socket);
}

static void open_connection(Connection *connection) {
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    int yes = 1;
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->socket < 0) die("socket: %s", strerror(errno));
    connection->open = true;
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(connection->socket, (void *)&target, sizeof target)) {
        fail(connection, "connect: %s", strerror(errno));
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection->socket, &event);
}

static void ask(Connection *connection) {
    connection->asked_at = now();
    connection->length = 0;
    set_busy(connection, true);
    total_asked++;
    if (send(connection->socket, request, (size_t)request_length, MSG_NOSIGNAL) != request_length)
        fail(connection, "send: %s", strerror(errno));
}

/* -- answers */

/* The value of a field in a head, or NULL. A name in front of the value belongs to the line only after a line's end. */
static const char *field(const char *head, size_t length, const char *name) {
    size_t size = strlen(name);
    const char *end = head + length;
    for (const char *line = head; (line = memmem(line, (size_t)(end - line), "\r\n", 2));) {
        line += 2;
        if ((size_t)(end - line) <= size) return NULL;
        if (line[size] == ':' && !strncasecmp(line, name, size)) return line + size + 1 + strspn(line + size + 1, " ");
    }
    return NULL;
}

/* Where a chunked body ends, which begins at `at`; or INCOMPLETE. The text ends with a 0 byte. */
static long chunked_end(const char *text, long at, long available) {
    for (;;) {
        char *after;
        unsigned long size = strtoul(text + at, &after, 16);
        const char *line_end = strstr(after, "\r\n");
        if (after == text + at || !line_end) return INCOMPLETE;
        at = (long)(line_end - text) + 2 + (long)size + 2; /* without trailers, the last chunk has an empty line, too */
        if (at > available) return INCOMPLETE;
        if (!size) return at;
    }
}

static Answer parsed(const char *text, size_t available) {
    Answer answer = {.length = INCOMPLETE};
    const char *end = memmem(text, available, "\r\n\r\n", 4);
    if (!end) return answer;
    size_t head = (size_t)(end - text) + 4;
    const char *length = field(text, head, "content-length"), *coding = field(text, head, "transfer-encoding"),
               *connection = field(text, head, "connection");
    answer.status = atoi(text + sizeof "HTTP/1.1");
    answer.last = connection && !strncasecmp(connection, "close", 5);
    if (answer.status == 204 || answer.status == 304)
        answer.length = (long)head;
    else if (coding && !strncasecmp(coding, "chunked", 7))
        answer.length = chunked_end(text, (long)head, (long)available);
    else if (!length)
        answer.status = 0; /* it would last until the connection ends */
    else if (head + strtoul(length, NULL, 10) <= available)
        answer.length = (long)(head + strtoul(length, NULL, 10));
    return answer;
}

static void take_answer(Connection *connection, Answer answer) {
    if (measuring) {
        record(now() - connection->asked_at);
        bytes += (uint64_t)answer.length;
    }
    total_answered++;
    set_busy(connection, false);
    if (answer.last && asking) {
        close(connection->socket);
        open_connection(connection);
        reopened++;
    }
    if (asking && connection->open) ask(connection);
}

static void receive(Connection *connection) {
    if (connection->capacity - connection->length <= ROOM) {
        connection->capacity = connection->length + 2 * ROOM;
        connection->received = allocated(realloc(connection->received, connection->capacity));
    }
    ssize_t got = recv(connection->socket, connection->received + connection->length, ROOM, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        connection->open = connection->busy; /* at the end of a run connections end, and that is no failure */
        if (connection->open) fail(connection, got ? strerror(errno) : "ended by the server without saying so");
        return;
    }
    connection->length += (size_t)got;
    connection->received[connection->length] = 0;
    Answer answer = parsed(connection->received, connection->length);
    if (answer.length == INCOMPLETE && (!answer.status || answer.status == options.status)) {
        if (!answer.status && memmem(connection->received, connection->length, "\r\n\r\n", 4))
            fail(connection, "an answer without a length");
    } else if (answer.status != options.status) {
        fail(connection, "answered: %.*s", (int)connection->length, connection->received);
    } else if (!connection->busy || (size_t)answer.length != connection->length) {
        fail(connection, "more bytes than the answer has");
    } else {
        take_answer(connection, answer);
    }
}

static void run_until(uint64_t end) {
    struct epoll_event events[512];
    while (busy && now() < end) {
        int count = epoll_wait(epoll, events, 512, 20);
        for (int i = 0; i < count; i++) {
            Connection *connection = events[i].data.ptr;
            if (connection->open) receive(connection);
        }
    }
}

/* -- a run */

static void read_options(int count, char **words) {
    for (int i = 1; i < count; i += 2) {
        const char *name = words[i], *value = i + 1 < count ? words[i + 1] : NULL;
#define IS(option) (!strcmp(name, option))
        if (!value) die("%s: a value is missing", name);
        else if (IS("--port")) options.port = atoi(value);
        else if (IS("--pid")) options.pid = atoi(value);
        else if (IS("--path")) options.path = value;
        else if (IS("--header")) options.header = value;
        else if (IS("--status")) options.status = atoi(value);
        else if (IS("--connections")) options.connections = atoi(value);
        else if (IS("--seconds")) options.seconds = atof(value);
        else if (IS("--warm-up")) options.warm_up = atof(value);
        else die("%s: no such option", name);
    }
    request_length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n%s%s\r\n",
                              options.path, options.port, options.header ? options.header : "",
                              options.header ? "\r\n" : "");
    if (request_length >= (int)sizeof request) die("the request is too long");
}

int main(int count, char **words) {
    read_options(count, words);
    connections = allocated(calloc((size_t)options.connections, sizeof *connections));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    asking = true;
    for (int i = 0; i < options.connections; i++) open_connection(&connections[i]);
    for (int i = 0; i < options.connections; i++)
        if (connections[i].open) ask(&connections[i]);
    run_until(now() + (uint64_t)(options.warm_up * SECOND));
    measuring = true;
    uint64_t begin = now(), server = processor_time(options.pid), own = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    run_until(begin + (uint64_t)(options.seconds * SECOND));
    uint64_t elapsed = now() - begin;
    server = processor_time(options.pid) - server;
    own = clock_of(CLOCK_PROCESS_CPUTIME_ID) - own;
    measuring = asking = false;
    run_until(now() + DRAIN_LIMIT);
    sort_latencies();
    printf("{\"connections\": %d, \"failed\": %d, \"first_failure\": \"%s\", \"seconds\": %.6f, \"answers\": %zu, "
           "\"bytes\": %llu, \"total_asked\": %llu, \"total_answered\": %llu, \"reopened\": %llu, \"p50_us\": %u, "
           "\"p99_us\": %u, \"max_us\": %u, \"server_cpu_seconds\": %.6f, \"own_cpu_seconds\": %.6f}\n",
           options.connections, failed, first_failure, (double)elapsed / SECOND, measured, (unsigned long long)bytes,
           (unsigned long long)total_asked, (unsigned long long)total_answered, (unsigned long long)reopened,
           quantile(0.5), quantile(0.99), quantile(1), (double)server / SECOND, (double)own / SECOND);
    return 0;
}
