// OpenSSL's calls on top of `ww_*`. The retry rules of `SSL_write` come down to the number `held`:
// between calls, the connection has accepted bytes that the caller does not know about. `ww_write`
// reports accepted bytes immediately, so a program that calls it never repeats a write.
#include "ssl_write_shim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { MAX_FRAGMENT_LEN = 16384 };

struct shim_SSL {
    ww_connection *connection;
    int fd;
    unsigned mode;
    int error;       // why the last call returned 0 or less
    const void *buf; // where the write that must be repeated begins
    size_t held;     // how much of that the connection has accepted already
};

shim_SSL *shim_SSL_new(ww_connection *connection, int fd)
{
    shim_SSL *ssl = calloc(1, sizeof *ssl);
    if (ssl != NULL)
        *ssl = (shim_SSL){.connection = connection, .fd = fd};
    return ssl;
}

void shim_SSL_free(shim_SSL *ssl)
{
    if (ssl != NULL)
        ww_connection_free(ssl->connection);
    free(ssl);
}

void shim_SSL_set_mode(shim_SSL *ssl, unsigned mode) { ssl->mode |= mode; }

int shim_SSL_get_error(const shim_SSL *ssl, int ret)
{
    return ret > 0 ? SHIM_SSL_ERROR_NONE : ssl->error;
}

static int fail(shim_SSL *ssl, int error)
{
    ssl->error = error;
    return error == SHIM_SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

// Sends pending bytes. Sets `error` to NONE if all of them were sent, and to the reason otherwise.
static void drain(shim_SSL *ssl)
{
    ww_span out;
    ssl->error = SHIM_SSL_ERROR_NONE;
    while (ww_out(ssl->connection, &out) == WW_OK && out.len > 0) {
        ssize_t n = send(ssl->fd, out.data, out.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            bool full = errno == EAGAIN || errno == EWOULDBLOCK;
            ssl->error = full ? SHIM_SSL_ERROR_WANT_WRITE : SHIM_SSL_ERROR_SYSCALL;
            return;
        }
        (void)ww_out_advance(ssl->connection, (size_t)n);
    }
}

// Reads once from the socket. Returns false, with `error`, if there was nothing to read.
static bool fill(shim_SSL *ssl)
{
    ww_memory in;
    ssize_t n;
    if (ww_in(ssl->connection, &in) != WW_OK || in.len == 0)
        return true; // the input buffer is full
    while ((n = recv(ssl->fd, in.data, in.len, 0)) < 0 && errno == EINTR) {
    }
    if (n < 0) {
        bool empty = errno == EAGAIN || errno == EWOULDBLOCK;
        ssl->error = empty ? SHIM_SSL_ERROR_WANT_READ : SHIM_SSL_ERROR_SYSCALL;
        return false;
    }
    if (n == 0)
        (void)ww_in_end(ssl->connection);
    (void)ww_in_commit(ssl->connection, (size_t)n);
    return true;
}

// Completes the handshake. Returns false, with `error`, if that is not possible yet.
static bool negotiate(shim_SSL *ssl)
{
    while (ww_writing_state(ssl->connection) == WW_WRITING_NEGOTIATING) {
        ww_status status = ww_process(ssl->connection);
        drain(ssl);
        if (status != WW_OK)
            ssl->error = SHIM_SSL_ERROR_SSL;
        if (ssl->error != SHIM_SSL_ERROR_NONE)
            return false;
        if (ww_writing_state(ssl->connection) == WW_WRITING_NEGOTIATING && !fill(ssl))
            return false;
    }
    return true;
}

int shim_SSL_write(shim_SSL *ssl, const void *buf, int num)
{
    // In partial-write mode a call writes one record.
    size_t len = num < 0 ? 0 : (size_t)num;
    if (ssl->mode & SHIM_SSL_MODE_ENABLE_PARTIAL_WRITE && len > MAX_FRAGMENT_LEN)
        len = MAX_FRAGMENT_LEN;
    // A retry must have the same arguments, because their first bytes are already accepted.
    bool moved = ssl->buf != buf && !(ssl->mode & SHIM_SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (len == 0 || (ssl->held > 0 && (moved || len < ssl->held)))
        return fail(ssl, SHIM_SSL_ERROR_SSL);
    if (!negotiate(ssl))
        return -1;
    ssl->buf = buf;
    for (;;) {
        size_t accepted;
        const char *rest = (const char *)buf + ssl->held;
        if (ww_write(ssl->connection, rest, len - ssl->held, &accepted) != WW_OK)
            return fail(ssl, SHIM_SSL_ERROR_SSL);
        ssl->held += accepted;
        drain(ssl);
        // Data counts as written once the socket has taken its records.
        if (ssl->error != SHIM_SSL_ERROR_NONE)
            return -1;
        if (ssl->held == len) {
            ssl->held = 0;
            return (int)len;
        }
    }
}

int shim_SSL_read(shim_SSL *ssl, void *buf, int num)
{
    if (num <= 0)
        return fail(ssl, SHIM_SSL_ERROR_SSL);
    if (!negotiate(ssl))
        return -1;
    for (;;) {
        size_t count;
        ww_status status = ww_read(ssl->connection, buf, (size_t)num, &count);
        drain(ssl); // answers to the peer: a KeyUpdate or an alert
        if (count > 0)
            return (int)count;
        if (status != WW_OK)
            return fail(ssl, SHIM_SSL_ERROR_SSL);
        if (ww_reading_state(ssl->connection) == WW_READING_PEER_CLOSED)
            return fail(ssl, SHIM_SSL_ERROR_ZERO_RETURN);
        if (!fill(ssl))
            return -1;
    }
}

// Returns 0 once our close_notify is sent. A second call waits for the peer's, and then returns 1.
int shim_SSL_shutdown(shim_SSL *ssl)
{
    ww_writing before = ww_writing_state(ssl->connection);
    if (before == WW_WRITING_NEGOTIATING || ssl->held > 0 || ww_close(ssl->connection) != WW_OK)
        return fail(ssl, SHIM_SSL_ERROR_SSL);
    drain(ssl);
    if (ssl->error != SHIM_SSL_ERROR_NONE)
        return -1;
    if (before != WW_WRITING_CLOSED && ww_reading_state(ssl->connection) == WW_READING_OPEN)
        return 0;
    char byte;
    int n = shim_SSL_read(ssl, &byte, 1);
    if (n == 0)
        return 1;
    return n < 0 ? -1 : fail(ssl, SHIM_SSL_ERROR_SSL); // unread data
}
