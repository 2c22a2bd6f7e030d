// Tests what threads can share, configurations and a pool, and what can move between threads,
// connections and chunks.
//
//     threads CA CERTIFICATE KEY
#include <pthread.h>

#include "test.h"

enum { THREADS = 2, CONNECTIONS = 8, LEN = 40000 };

typedef struct {
    ww_client_config *clients;
    ww_server_config *servers;
    ww_pool *pool;
    unsigned resumed;
    ends last;         // passed to the joining thread
    ww_chunk *sealed;  // also
} task;

static uint8_t data[LEN];

static void transfer(ends *ends)
{
    static _Thread_local uint8_t buf[LEN];
    size_t received = 0, count;
    OK(ww_write_atomic(ends->client, data, LEN));
    while (received < LEN) {
        OK(carry(ends->client, ends->server));
        do {
            OK(ww_read(ends->server, buf + received, LEN - received, &count));
            received += count;
        } while (count > 0);
    }
    EXPECT(memcmp(buf, data, LEN) == 0);
}

static void *run(void *argument)
{
    task *task = argument;
    ww_connection_settings settings = {.size = sizeof settings, .pool = task->pool};
    for (int i = 0; i < CONNECTIONS; i++) {
        ends ends;
        OK(ww_connection_new_client(task->clients, "localhost", &settings, &ends.client, NULL));
        OK(ww_connection_new_server(task->servers, &settings, &ends.server, NULL));
        for (int turn = 0; turn < 4; turn++) {
            OK(carry(ends.client, ends.server));
            OK(carry(ends.server, ends.client));
        }
        transfer(&ends);
        task->resumed += ww_handshake_kind(ends.client) == WW_HANDSHAKE_RESUMED;
        if (i < CONNECTIONS - 1)
            free_ends(&ends);
        else
            task->last = ends;
    }
    OK(ww_write_atomic(task->last.client, data, 100));
    OK(ww_out_take(task->last.client, SIZE_MAX, &task->sealed));
    // Every thread has its own handles.
    ww_client_config_free(task->clients);
    ww_server_config_free(task->servers);
    return NULL;
}

void called(const char *name) { (void)name; }

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    ca_path = argv[1];
    certificate_path = argv[2];
    key_path = argv[3];
    ww_client_config *clients = new_client_config(0);
    ww_server_config *servers = new_server_config();
    ww_pool *pool;
    OK(ww_pool_new(4, &pool));

    task tasks[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        tasks[i] = (task){.clients = ww_client_config_clone(clients),
                          .servers = ww_server_config_clone(servers),
                          .pool = pool};
        EXPECT(pthread_create(&threads[i], NULL, run, &tasks[i]) == 0);
    }
    ww_client_config_free(clients);
    ww_server_config_free(servers);
    unsigned resumed = 0;
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    ww_pool_free(pool);
    for (int i = 0; i < THREADS; i++) {
        // This thread finishes the connection that another one started.
        ww_span span;
        size_t count;
        uint8_t buf[200];
        OK(ww_chunk_span(tasks[i].sealed, &span));
        OK(ww_receive(tasks[i].last.server, span.data, span.len, &count));
        OK(ww_read(tasks[i].last.server, buf, sizeof buf, &count));
        EXPECT(count == 100 && memcmp(buf, data, count) == 0);
        ww_chunk_free(tasks[i].sealed);
        free_ends(&tasks[i].last);
        resumed += tasks[i].resumed;
    }
    EXPECT(resumed > 0); // sessions are shared too
    printf("%d threads, %d connections under one configuration, %u of them resumed\n", THREADS,
           THREADS * CONNECTIONS, resumed);
    return 0;
}
