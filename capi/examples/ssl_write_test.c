// Tests `ssl_write_shim.c` against the manual page of `SSL_write`: first with two connections in
// this process, then as the client of an echo server.
//
//     ssl_write_test CA CERTIFICATE KEY VERSION PORT FILE OUTPUT
#include <poll.h>

#include "example.h"
#include "socket.h"
#include "ssl_write_shim.h"

enum { BIG = 1 << 20, RECORD = 16384 };

#define EXPECT(condition) \
    do \
        if (!(condition)) \
            fail(__func__, "expected " #condition); \
    while (0)

typedef struct {
    shim_SSL *client, *server;
    int fds[2];
} ends;

static ends new_ends(const ww_client_config *clients, const ww_server_config *servers)
{
    ends ends;
    ww_connection *client, *server;
    check(ww_connection_new_client(clients, "localhost", NULL, &client, NULL), "new_client");
    check(ww_connection_new_server(servers, NULL, &server, NULL), "new_server");
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.fds) < 0)
        fail_errno("socketpair");
    set_nonblocking(ends.fds[0]);
    set_nonblocking(ends.fds[1]);
    ends.client = shim_SSL_new(client, ends.fds[0]);
    ends.server = shim_SSL_new(server, ends.fds[1]);
    if (ends.client == NULL || ends.server == NULL)
        fail_errno("shim_SSL_new");
    return ends;
}

static void free_ends(ends *ends)
{
    shim_SSL_free(ends->client);
    shim_SSL_free(ends->server);
    close(ends->fds[0]);
    close(ends->fds[1]);
}

// Reads all available plaintext, compares it with `data`, and adds its length to `received`.
static void read_all(shim_SSL *ssl, const uint8_t *data, size_t *received)
{
    static uint8_t buf[40000];
    int n;
    while ((n = shim_SSL_read(ssl, buf, sizeof buf)) > 0) {
        EXPECT(*received + (size_t)n <= BIG && memcmp(buf, data + *received, (size_t)n) == 0);
        *received += (size_t)n;
    }
    EXPECT(shim_SSL_get_error(ssl, n) == SHIM_SSL_ERROR_WANT_READ);
}

// The first write drives the handshake, so it fails with WANT_READ.
static void write_negotiates(ends *ends)
{
    int wrote = 0, received = 0, turns = 0;
    char buf[8];
    while (received != 5) {
        if (wrote <= 0)
            wrote = shim_SSL_write(ends->client, "hello", 5);
        EXPECT(wrote == 5 ||
               shim_SSL_get_error(ends->client, wrote) == SHIM_SSL_ERROR_WANT_READ);
        received = shim_SSL_read(ends->server, buf, sizeof buf);
        EXPECT(received == 5 ||
               shim_SSL_get_error(ends->server, received) == SHIM_SSL_ERROR_WANT_READ);
        EXPECT(++turns < 10);
    }
}

// By default, a write succeeds only once all of it is sent. Until then the caller repeats it with
// the same arguments, although most of it was sent long ago. Returns the number of retries.
static int write_all_or_nothing(ends *ends, const uint8_t *data)
{
    size_t received = 0;
    int n, retries = 0;
    while ((n = shim_SSL_write(ends->client, data, BIG)) < 0) {
        EXPECT(shim_SSL_get_error(ends->client, n) == SHIM_SSL_ERROR_WANT_WRITE);
        // A retry with other arguments is OpenSSL's "bad write retry".
        EXPECT(shim_SSL_write(ends->client, data + 1, BIG - 1) < 0);
        EXPECT(shim_SSL_get_error(ends->client, -1) == SHIM_SSL_ERROR_SSL);
        EXPECT(shim_SSL_write(ends->client, data, 1) < 0);
        EXPECT(shim_SSL_get_error(ends->client, -1) == SHIM_SSL_ERROR_SSL);
        read_all(ends->server, data, &received);
        retries++;
    }
    EXPECT(n == BIG && retries > 0);
    read_all(ends->server, data, &received);
    EXPECT(received == BIG);
    return retries;
}

// In partial-write mode, a write succeeds after one record. With a moving buffer, a retry can pass
// the same bytes at another address.
static int write_in_parts(ends *ends, const uint8_t *data)
{
    static uint8_t elsewhere[RECORD];
    size_t sent = 0, received = 0;
    int retries = 0;
    shim_SSL_set_mode(ends->client, SHIM_SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SHIM_SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    while (sent < BIG) {
        int n = shim_SSL_write(ends->client, data + sent, (int)(BIG - sent));
        if (n < 0) {
            EXPECT(shim_SSL_get_error(ends->client, n) == SHIM_SSL_ERROR_WANT_WRITE);
            read_all(ends->server, data, &received);
            memcpy(elsewhere, data + sent, RECORD);
            n = shim_SSL_write(ends->client, elsewhere, RECORD);
            retries++;
        }
        EXPECT(n == RECORD);
        sent += (size_t)n;
    }
    EXPECT(retries > 0);
    read_all(ends->server, data, &received);
    EXPECT(received == BIG);
    return retries;
}

static void shut_down(ends *ends)
{
    char byte;
    EXPECT(shim_SSL_shutdown(ends->client) == 0);
    EXPECT(shim_SSL_shutdown(ends->client) < 0);
    EXPECT(shim_SSL_get_error(ends->client, -1) == SHIM_SSL_ERROR_WANT_READ);
    EXPECT(shim_SSL_read(ends->server, &byte, 1) == 0);
    EXPECT(shim_SSL_get_error(ends->server, 0) == SHIM_SSL_ERROR_ZERO_RETURN);
    EXPECT(shim_SSL_shutdown(ends->server) == 1);
    EXPECT(shim_SSL_shutdown(ends->client) == 1);
    EXPECT(shim_SSL_write(ends->client, "late", 4) < 0);
    EXPECT(shim_SSL_get_error(ends->client, -1) == SHIM_SSL_ERROR_SSL);
}

// The usual loop around OpenSSL: waits for what the last call wanted.
static void wait_for(int fd, const shim_SSL *ssl, int ret)
{
    int error = shim_SSL_get_error(ssl, ret);
    EXPECT(error == SHIM_SSL_ERROR_WANT_READ || error == SHIM_SSL_ERROR_WANT_WRITE);
    struct pollfd socket = {.fd = fd,
                            .events = error == SHIM_SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};
    while (poll(&socket, 1, -1) < 0)
        if (errno != EINTR)
            fail_errno("poll");
}

// Sends the file in pieces, and reads the echo of each before the next.
static void echo(shim_SSL *ssl, int fd, file_bytes file, FILE *output)
{
    static uint8_t buf[RECORD];
    for (size_t sent = 0, received = 0; sent < file.len;) {
        int n, len = (int)min_size(file.len - sent, 40000);
        while ((n = shim_SSL_write(ssl, file.data + sent, len)) <= 0)
            wait_for(fd, ssl, n);
        EXPECT(n == len);
        sent += (size_t)n;
        while (received < sent) {
            if ((n = shim_SSL_read(ssl, buf, sizeof buf)) <= 0)
                wait_for(fd, ssl, n);
            else if (fwrite(buf, 1, (size_t)n, output) != (size_t)n)
                fail_errno("fwrite");
            received += n > 0 ? (size_t)n : 0;
        }
    }
    int n;
    while ((n = shim_SSL_shutdown(ssl)) != 1)
        if (n < 0)
            wait_for(fd, ssl, n);
}

int main(int argc, char **argv)
{
    if (argc != 8)
        fail("usage", "ssl_write_test CA CERTIFICATE KEY VERSION PORT FILE OUTPUT");
    ww_client_config *clients = client_config(argv[1], version_number(argv[4]));
    ww_server_config *servers = server_config(argv[2], argv[3], NULL);
    uint8_t *data = malloc(BIG);
    FILE *output = fopen(argv[7], "wb");
    if (data == NULL || output == NULL)
        fail_errno(argv[7]);
    for (size_t i = 0; i < BIG; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 16);

    ends ends = new_ends(clients, servers);
    write_negotiates(&ends);
    int whole = write_all_or_nothing(&ends, data), parts = write_in_parts(&ends, data);
    shut_down(&ends);
    free_ends(&ends);

    file_bytes file = read_file(argv[6]);
    ww_connection *connection;
    check(ww_connection_new_client(clients, "localhost", NULL, &connection, NULL), "new_client");
    int fd = connect_to(argv[5]);
    shim_SSL *ssl = shim_SSL_new(connection, fd);
    if (ssl == NULL)
        fail_errno("shim_SSL_new");
    echo(ssl, fd, file, output);
    printf("%s: 1 MiB as one write, repeated %d times, and as partial writes, repeated %d times; "
           "%zu bytes to the server and back\n",
           version_text(connection), whole, parts, file.len);
    shim_SSL_free(ssl);
    close(fd);
    ww_client_config_free(clients);
    ww_server_config_free(servers);
    free(data);
    free(file.data);
    return fclose(output) == 0 ? 0 : 1;
}
