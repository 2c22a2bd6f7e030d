// Uses poll to send a file to an echo server, and writes the reply to another file.
//
//     poll_client VERSION PORT CA FILE OUTPUT       VERSION: 1.3 or 1.2
//
// The loop waits for exactly what `ww_wants` returns. It never has to repeat a call with the same
// arguments, and it needs no code for KeyUpdates.
#include <poll.h>
#include <sys/uio.h>

#include "example.h"
#include "socket.h"

// Waits until the socket is ready for something that the connection wants. Returns its events.
static short wait_for(int fd, const ww_connection *connection)
{
    uint32_t wants = ww_wants(connection);
    struct pollfd socket = {.fd = fd};
    if (wants & WW_WANTS_DRAIN)
        socket.events |= POLLOUT;
    if (wants & WW_WANTS_INPUT)
        socket.events |= POLLIN;
    if (socket.events == 0)
        fail("ww_wants", "nothing is wanted: this loop would wait forever");
    while (poll(&socket, 1, -1) < 0)
        if (errno != EINTR)
            fail_errno("poll");
    return socket.revents;
}

// Writes pending bytes to the socket until it would block.
static void drain(int fd, ww_connection *connection)
{
    struct iovec iov[8];
    size_t count;
    for (;;) {
        check(ww_out_iov(connection, iov, 8, &count), "ww_out_iov");
        if (count == 0)
            return;
        ssize_t n = writev(fd, iov, (int)count);
        if (n < 0 && would_block("writev"))
            return;
        check(ww_out_advance(connection, (size_t)n), "ww_out_advance");
    }
}

// Reads once, directly into the connection's memory.
static void fill(int fd, ww_connection *connection)
{
    ww_memory memory;
    check(ww_in(connection, &memory), "ww_in");
    if (memory.len == 0)
        return; // it is full: a read into no memory would look like the end
    ssize_t n = read(fd, memory.data, memory.len);
    if (n < 0 && would_block("read"))
        n = 0;
    else if (n == 0)
        check(ww_in_end(connection), "ww_in_end");
    check(ww_in_commit(connection, (size_t)n), "ww_in_commit");
}

// Writes all available plaintext to the file, and returns its length.
static size_t take_plaintext(ww_connection *connection, FILE *output)
{
    size_t taken = 0;
    for (;;) {
        ww_span plaintext;
        check_on(connection, ww_process(connection), "ww_process");
        check(ww_plaintext(connection, &plaintext), "ww_plaintext");
        if (plaintext.len == 0)
            return taken;
        if (fwrite(plaintext.data, 1, plaintext.len, output) != plaintext.len)
            fail_errno("fwrite");
        check(ww_consume(connection, plaintext.len), "ww_consume");
        taken += plaintext.len;
    }
}

static void send_and_receive(int fd, ww_connection *connection, file_bytes file, FILE *output)
{
    size_t sent = 0, received = 0;
    while (received < file.len) {
        short ready = wait_for(fd, connection);
        if (ready & (POLLIN | POLLHUP | POLLERR))
            fill(fd, connection);
        received += take_plaintext(connection, output);
        if (ww_reading_state(connection) == WW_READING_PEER_CLOSED && received < file.len)
            fail("poll_client", "the server has closed before all came back");

        // Accepts as much as fits: 0 bytes during the handshake and while the buffer is full.
        size_t accepted;
        check_on(connection, ww_write(connection, file.data + sent, file.len - sent, &accepted),
                 "ww_write");
        sent += accepted;
        drain(fd, connection);
    }
}

// Closes without losing data: sends close_notify and waits for the server to close. The driver does
// all of this.
static void close_and_linger(int fd, ww_connection *connection)
{
    for (;;) {
        ww_step step;
        ssize_t n;
        check_on(connection, ww_next_linger(connection, 1 << 20, &step), "ww_next_linger");
        switch (step.kind) {
        case WW_STEP_DONE:
            return;
        case WW_STEP_WRITE:
            n = write(fd, step.out.data, step.out.len);
            if (n < 0 && would_block("write"))
                check(ww_blocked(connection), "ww_blocked");
            else
                check(ww_wrote(connection, (size_t)n), "ww_wrote");
            break;
        case WW_STEP_READ:
            n = read(fd, step.in.data, step.in.len);
            if (n < 0 && would_block("read"))
                check(ww_blocked(connection), "ww_blocked");
            else
                check(ww_got(connection, (size_t)n), "ww_got");
            break;
        case WW_STEP_FLUSH: // a socket has no buffer of its own that must be emptied
            check(ww_flushed(connection), "ww_flushed");
            break;
        case WW_STEP_BLOCKED:
            wait_for(fd, connection);
            break;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 6)
        fail("usage", "poll_client VERSION PORT CA FILE OUTPUT");
    signal(SIGPIPE, SIG_IGN);
    file_bytes file = read_file(argv[4]);
    FILE *output = fopen(argv[5], "wb");
    if (output == NULL)
        fail_errno(argv[5]);

    ww_client_config *config = client_config(argv[3], version_number(argv[1]));
    ww_connection *connection;
    ww_error error;
    ww_status status = ww_connection_new_client(config, "localhost", NULL, &connection, &error);
    check_error(status, &error, "ww_connection_new_client");
    ww_client_config_free(config); // the connection keeps what it uses

    int fd = connect_to(argv[2]);
    send_and_receive(fd, connection, file, output);
    close_and_linger(fd, connection);

    ww_counts counts;
    check(ww_progress(connection, &counts), "ww_progress");
    printf("%s: %zu bytes to the server and back, in %llu records\n", version_text(connection),
           file.len, (unsigned long long)counts.records);
    close(fd);
    ww_connection_free(connection);
    free(file.data);
    if (fclose(output) != 0)
        fail_errno(argv[5]);
    return 0;
}
