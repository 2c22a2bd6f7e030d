// An HTTP/1.1 server with edge-triggered epoll. `GET /N` returns N bytes, and connections are kept
// alive.
//
//     epoll_server CERTIFICATE KEY       prints its port; SIGTERM stops it
//
// epoll reports an edge only once, so the server handles each event until nothing moves: it reads
// until the socket is empty, and writes until the socket is full. A slow client costs only its
// buffers, and an idle client releases them.
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/epoll.h>

#include "example.h"
#include "socket.h"

enum { MAX_REQUEST = 4096, MAX_EVENTS = 64, SOCKET_BUFFER = 32768 };

typedef struct client {
    ww_connection *connection;
    int fd;
    bool can_read, can_write; // set by an edge, cleared when the socket would block
    char request[MAX_REQUEST];
    size_t request_len;
    char head[128]; // of the response
    size_t head_len, head_sent;
    uint64_t body_len, body_sent;
    struct client *next, **link; // all clients
} client;

typedef struct {
    int epoll, listener;
    const ww_server_config *config;
    ww_connection_settings settings;
    client *clients;
    unsigned open, most_open, failed;
    unsigned long requests;
    size_t most_held;
} server;

static atomic_bool is_stopped;
static void stop(int signal)
{
    (void)signal;
    is_stopped = true;
}

static void drop(server *server, client *client)
{
    close(client->fd); // also removes it from the epoll
    ww_connection_free(client->connection);
    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    free(client);
    server->open--;
}

static void accept_all(server *server)
{
    int fd, on = 1, buffer = SOCKET_BUFFER;
    while ((fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        client *client = calloc(1, sizeof *client);
        if (client == NULL)
            fail_errno("calloc");
        client->fd = fd;
        client->next = server->clients;
        client->link = &server->clients;
        if (client->next != NULL)
            client->next->link = &client->next;
        server->clients = client;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        check(ww_connection_new_server(server->config, &server->settings, &client->connection,
                                       NULL),
              "ww_connection_new_server");
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                    .data.ptr = client};
        if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            fail_errno("epoll_ctl");
        if (++server->open > server->most_open)
            server->most_open = server->open;
    }
    would_block("accept4");
}

static bool is_answered(const client *client)
{
    return client->head_sent == client->head_len && client->body_sent == client->body_len;
}

// Starts a response if the last one is complete and a whole request has arrived. Returns false if
// the request is too long.
static bool answer(server *server, client *client)
{
    if (!is_answered(client))
        return true;
    char *end = memmem(client->request, client->request_len, "\r\n\r\n", 4);
    if (end == NULL)
        return client->request_len < sizeof client->request;
    unsigned long long len = 0;
    *end = '\0';
    bool found = sscanf(client->request, "GET /%llu HTTP/1.1", &len) == 1;
    client->body_len = found ? len : 0;
    client->body_sent = client->head_sent = 0;
    client->head_len = (size_t)snprintf(
        client->head, sizeof client->head,
        "HTTP/1.1 %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %llu\r\n\r\n",
        found ? "200 OK" : "404 Not Found", found ? len : 0);
    client->request_len -= (size_t)(end + 4 - client->request);
    memmove(client->request, end + 4, client->request_len);
    server->requests++;
    return true;
}

// Writes as much of the response as fits, and generates the body in the memory where it is sealed.
// Returns whether it wrote anything.
static bool write_response(client *client)
{
    size_t accepted;
    if (ww_write(client->connection, client->head + client->head_sent,
                 client->head_len - client->head_sent, &accepted) != WW_OK)
        return false;
    client->head_sent += accepted;
    bool moved = accepted > 0;
    while (client->head_sent == client->head_len && client->body_sent < client->body_len) {
        ww_memory slot;
        if (ww_slot(client->connection, &slot) != WW_OK || slot.len == 0)
            break;
        uint64_t left = client->body_len - client->body_sent;
        size_t n = left < slot.len ? (size_t)left : slot.len;
        for (size_t i = 0; i < n; i++)
            slot.data[i] = (uint8_t)('a' + (client->body_sent + i) % 26);
        check(ww_slot_commit(client->connection, n), "ww_slot_commit");
        client->body_sent += n;
        moved = true;
    }
    return moved;
}

// Returns whether any bytes moved. A failed socket shows up as an end of input.
static bool drain(client *client)
{
    ww_span out;
    bool moved = false;
    while (client->can_write && ww_out(client->connection, &out) == WW_OK && out.len > 0) {
        ssize_t n = send(client->fd, out.data, out.len, MSG_NOSIGNAL);
        client->can_write = n >= 0 || errno == EINTR;
        if (n > 0) {
            check(ww_out_advance(client->connection, (size_t)n), "ww_out_advance");
            moved = true;
        }
    }
    return moved;
}

static bool fill(client *client)
{
    ww_memory in;
    bool moved = false;
    while (client->can_read && ww_in(client->connection, &in) == WW_OK && in.len > 0) {
        ssize_t n = recv(client->fd, in.data, in.len, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            check(ww_in_end(client->connection), "ww_in_end");
        client->can_read = n > 0 || (n < 0 && errno == EINTR);
        check(ww_in_commit(client->connection, n > 0 ? (size_t)n : 0), "ww_in_commit");
        moved |= n > 0;
    }
    return moved;
}

// Serves a client until nothing moves. Returns whether to keep the connection.
static bool serve(server *server, client *client)
{
    bool moved, failed = false;
    do {
        moved = fill(client);
        // Requests that do not fit stay in the connection, and then in the socket.
        size_t count, room = sizeof client->request - client->request_len;
        failed |= ww_read(client->connection, client->request + client->request_len, room,
                          &count) != WW_OK;
        client->request_len += count;
        failed |= !answer(server, client);
        moved |= write_response(client) || count > 0;
        moved |= drain(client);
    } while (moved);

    size_t held = ww_memory_held(client->connection);
    if (held > server->most_held)
        server->most_held = held;
    ww_reading reading = ww_reading_state(client->connection);
    if (reading == WW_READING_PEER_CLOSED && is_answered(client)) {
        check(ww_close(client->connection), "ww_close");
        drain(client);
    }
    // The peer has closed, so nothing is left to read and the socket can be closed immediately.
    bool over = ww_writing_state(client->connection) == WW_WRITING_CLOSED;
    server->failed += failed && !over;
    return !over && !failed;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        fail("usage", "epoll_server CERTIFICATE KEY");
    ww_server_config *config = server_config(argv[1], argv[2], (const char *[]){"http/1.1", NULL});
    server server = {.config = config,
                     .settings = {.size = sizeof server.settings, .release_buffers = 1}};

    sigset_t blocked, unblocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &unblocked); // only epoll_pwait unblocks it
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);

    server.listener = listen_on("0");
    server.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET}, events[MAX_EVENTS];
    if (server.epoll < 0 || epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &event) < 0)
        fail_errno("epoll");
    print_port(server.listener);

    while (!is_stopped) {
        int count = epoll_pwait(server.epoll, events, MAX_EVENTS, -1, &unblocked);
        if (count < 0 && errno != EINTR)
            fail_errno("epoll_pwait");
        for (int i = 0; i < count; i++) {
            client *client = events[i].data.ptr;
            if (client == NULL) {
                accept_all(&server);
                continue;
            }
            client->can_read |= (events[i].events & ~(uint32_t)EPOLLOUT) != 0;
            client->can_write |= (events[i].events & EPOLLOUT) != 0;
            if (!serve(&server, client))
                drop(&server, client);
        }
    }
    printf("%lu requests; at most %u clients at once and %zu bytes of buffers for one; %u failed\n",
           server.requests, server.most_open, server.most_held, server.failed);
    while (server.clients != NULL)
        drop(&server, server.clients);
    ww_server_config_free(config);
    close(server.listener);
    close(server.epoll);
    return server.failed == 0 ? 0 : 1;
}
