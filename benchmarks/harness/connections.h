/* Many websocket connections of one client to one server: opened, read, written, and failed for good. Not a library: it
 * is included once, by what says what the connections are for (`take_message`). */
#include "generator.h"

#define OUTSTANDING 64      /* messages of a connection without an answer, in an open loop */
#define OPENING_AT_ONCE 128 /* handshakes under way: fewer than a listen backlog takes */
#define OPENING_LIMIT (60 * SECOND)
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

static struct {
    const char *host, *path, *greeting;
    char **paths, **headers; /* one line a connection, from the first again when there are fewer */
    int path_count, header_count;
    int port, connections, source_addresses;
} target = {.host = "127.0.0.1", .path = "/", .connections = 1, .source_addresses = 1};

static Connection *connections;
static int epoll, opened, ready;
static uint64_t busy; /* nanoseconds in which there was something to do */

/* A whole text or binary message of the server, on a connection that is ready. */
static void take_message(Connection *connection, const uint8_t *payload, size_t length);

/* -- connections */

static int index_of(const Connection *connection) { return (int)(connection - connections); }

/* Close it for good. */
static void fail(Connection *connection, const char *format, ...) {
    if (connection->state == FAILED) return;
    va_list arguments;
    va_start(arguments, format);
    count_failure(format, arguments);
    va_end(arguments);
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
    struct sockaddr_in source = {.sin_family = AF_INET}, server = {.sin_family = AF_INET};
    int yes = 1;
    connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection->socket < 0) die("socket: %s", strerror(errno));
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (target.source_addresses > 1) { /* all of 127/8 is this machine; a port is only used up for one of them */
        setsockopt(connection->socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
        source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(index_of(connection) % target.source_addresses));
        if (bind(connection->socket, (void *)&source, sizeof source)) die("bind: %s", strerror(errno));
    }
    server.sin_port = htons((uint16_t)target.port);
    inet_pton(AF_INET, target.host, &server.sin_addr);
    connection->state = CONNECTING;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection->socket, &event);
    if (connect(connection->socket, (void *)&server, sizeof server) && errno != EINPROGRESS)
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
    const char *path = target.paths ? target.paths[number % target.path_count] : target.path;
    const char *header = target.headers ? target.headers[number % target.header_count] : "";
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
                          path, target.host, target.port, header, *header ? "\r\n" : "");
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

/* -- what comes */

static void take_frame(Connection *connection, int opcode, const uint8_t *payload, size_t length) {
    switch (opcode) {
    case 1:
    case 2:
        if (connection->state == AWAITING_GREETING) {
            if (memmem(payload, length, target.greeting, strlen(target.greeting))) become_ready(connection);
        } else {
            take_message(connection, payload, length);
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
    if (target.greeting)
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

/* Open all; returns nanoseconds. */
static uint64_t open_all(void) {
    uint64_t started = now();
    while (ready + failed < target.connections) {
        while (opened < target.connections && opened - ready - failed < OPENING_AT_ONCE)
            open_connection(&connections[opened++]);
        wait_for_events(100);
        if (now() - started > OPENING_LIMIT) die("only %d connections are ready after a minute", ready);
    }
    return now() - started;
}
