// An echo server with libuv.
//
//     uv_echo CERTIFICATE KEY       prints its port; SIGTERM stops it
//
// libuv uses the bytes of a write until its callback. The program therefore takes the sealed bytes
// out of the connection as chunks, which the loop owns. It frees the connection as soon as it has
// taken the last chunk.
#define _GNU_SOURCE
#include <uv.h>

#include "example.h"
#include "socket.h"

enum { MAX_QUEUED = 256 * 1024 };

typedef struct {
    uv_tcp_t tcp; // its `data` is this
    ww_connection *connection;
    size_t writes;
    bool is_reading;
} client;

typedef struct {
    uv_write_t request; // its `data` is the client
    ww_chunk *chunk;
} write_of_chunk;

static const ww_server_config *config;
static struct {
    unsigned long connections, bytes, chunks, outlived, failed;
} totals;

static void check_uv(int status, const char *what)
{
    if (status < 0)
        fail(what, uv_strerror(status));
}

static void work(client *client);

static void on_close(uv_handle_t *handle)
{
    client *client = handle->data;
    ww_connection_free(client->connection);
    free(client);
}

// Stops reading and frees the connection. libuv still writes the chunks that were taken.
static void end(client *client, bool failed)
{
    totals.failed += failed;
    totals.outlived += client->writes;
    ww_connection_free(client->connection);
    client->connection = NULL;
    check_uv(uv_read_stop((uv_stream_t *)&client->tcp), "uv_read_stop");
}

static void close_if_written(client *client)
{
    uv_handle_t *handle = (uv_handle_t *)&client->tcp;
    if (client->connection == NULL && client->writes == 0 && !uv_is_closing(handle))
        uv_close(handle, on_close);
}

static void on_written(uv_write_t *request, int status)
{
    write_of_chunk *written = (write_of_chunk *)request;
    client *client = request->data;
    ww_chunk_free(written->chunk);
    free(written);
    client->writes--;
    if (status < 0 && client->connection != NULL)
        end(client, true);
    if (client->connection != NULL)
        work(client);
    close_if_written(client);
}

// Passes pending bytes to libuv, up to its queue limit. With `all`, ignores the limit.
static bool drain(client *client, bool all)
{
    uv_stream_t *stream = (uv_stream_t *)&client->tcp;
    bool moved = false;
    while (all || uv_stream_get_write_queue_size(stream) < MAX_QUEUED) {
        ww_chunk *chunk;
        ww_span span;
        check(ww_out_take(client->connection, SIZE_MAX, &chunk), "ww_out_take");
        if (chunk == NULL)
            break;
        write_of_chunk *written = malloc(sizeof *written);
        if (written == NULL)
            fail_errno("malloc");
        *written = (write_of_chunk){.chunk = chunk, .request.data = client};
        check(ww_chunk_span(chunk, &span), "ww_chunk_span");
        uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)span.data, (unsigned)span.len);
        check_uv(uv_write(&written->request, stream, &buffer, 1, on_written), "uv_write");
        client->writes++;
        totals.chunks++;
        moved = true;
    }
    return moved;
}

// Echoes plaintext. What does not fit stays in the connection. If its input becomes full, the
// server stops reading until the client has read too.
static bool echo(client *client)
{
    ww_span plaintext;
    size_t accepted;
    check(ww_plaintext(client->connection, &plaintext), "ww_plaintext");
    if (ww_write(client->connection, plaintext.data, plaintext.len, &accepted) != WW_OK)
        return false;
    check(ww_consume(client->connection, accepted), "ww_consume");
    totals.bytes += accepted;
    return accepted > 0;
}

static void on_memory(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    client *client = handle->data;
    ww_memory memory;
    (void)suggested;
    check(ww_in(client->connection, &memory), "ww_in"); // stays valid until it is committed
    *buffer = uv_buf_init((char *)memory.data, (unsigned)memory.len);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    client *client = stream->data;
    (void)buffer;
    if (n < 0 && n != UV_ENOBUFS)
        check(ww_in_end(client->connection), "ww_in_end");
    check(ww_in_commit(client->connection, n > 0 ? (size_t)n : 0), "ww_in_commit");
    work(client);
    close_if_written(client);
}

// Does everything that is possible now, and then reads if the connection wants input.
static void work(client *client)
{
    bool moved;
    do {
        if (ww_process(client->connection) != WW_OK) {
            drain(client, true); // the alert
            end(client, true);
            return;
        }
        moved = echo(client);
        moved |= drain(client, false);
    } while (moved);

    ww_span plaintext;
    check(ww_plaintext(client->connection, &plaintext), "ww_plaintext");
    if (ww_reading_state(client->connection) == WW_READING_PEER_CLOSED && plaintext.len == 0) {
        check(ww_close(client->connection), "ww_close");
        drain(client, true);
        end(client, false);
        return;
    }
    bool wanted = (ww_wants(client->connection) & WW_WANTS_INPUT) != 0;
    if (wanted && !client->is_reading)
        check_uv(uv_read_start((uv_stream_t *)&client->tcp, on_memory, on_read), "uv_read_start");
    if (!wanted && client->is_reading)
        check_uv(uv_read_stop((uv_stream_t *)&client->tcp), "uv_read_stop");
    client->is_reading = wanted;
}

static void on_connection(uv_stream_t *listener, int status)
{
    check_uv(status, "uv_listen");
    client *client = calloc(1, sizeof *client);
    if (client == NULL)
        fail_errno("calloc");
    check_uv(uv_tcp_init(listener->loop, &client->tcp), "uv_tcp_init");
    client->tcp.data = client;
    check_uv(uv_accept(listener, (uv_stream_t *)&client->tcp), "uv_accept");
    check(ww_connection_new_server(config, NULL, &client->connection, NULL), "new_server");
    totals.connections++;
    work(client);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, handle->data == NULL ? NULL : on_close);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    uv_walk(signal->loop, close_handle, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        fail("usage", "uv_echo CERTIFICATE KEY");
    signal(SIGPIPE, SIG_IGN);
    ww_server_config *servers = server_config(argv[1], argv[2], NULL);
    config = servers;

    uv_loop_t loop;
    uv_tcp_t listener;
    uv_signal_t termination;
    int fd = listen_on("0");
    check_uv(uv_loop_init(&loop), "uv_loop_init");
    check_uv(uv_tcp_init(&loop, &listener), "uv_tcp_init");
    check_uv(uv_tcp_open(&listener, fd), "uv_tcp_open");
    check_uv(uv_listen((uv_stream_t *)&listener, 128, on_connection), "uv_listen");
    check_uv(uv_signal_init(&loop, &termination), "uv_signal_init");
    check_uv(uv_signal_start(&termination, on_signal, SIGTERM), "uv_signal_start");
    listener.data = termination.data = NULL;
    print_port(fd);
    check_uv(uv_run(&loop, UV_RUN_DEFAULT), "uv_run");
    check_uv(uv_loop_close(&loop), "uv_loop_close");

    printf("%lu connections, %lu bytes echoed in %lu chunks; %lu chunks outlived their connection; "
           "%lu failed\n",
           totals.connections, totals.bytes, totals.chunks, totals.outlived, totals.failed);
    ww_server_config_free(servers);
    return totals.failed == 0 ? 0 : 1;
}
