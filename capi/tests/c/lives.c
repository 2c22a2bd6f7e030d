// Lifetimes: objects can be freed in any order, each of them once. The sanitizers and valgrind
// check that nothing is freed twice, used after it is freed, or leaked.
#include "test.h"

static void configurations_end_before_their_connections(void)
{
    ww_client_config *clients = new_client_config(0);
    ww_server_config *servers = new_server_config();
    ww_client_config *again = CALL(ww_client_config_clone, clients);
    ww_server_config *more = CALL(ww_server_config_clone, servers);
    ww_connection *client, *server;
    CALL(ww_client_config_free, clients);
    CALL(ww_server_config_free, servers);
    OK(CALL(ww_connection_new_client, again, "localhost", NULL, &client, NULL));
    OK(CALL(ww_connection_new_server, more, NULL, &server, NULL));
    CALL(ww_client_config_free, again);
    CALL(ww_server_config_free, more);
    for (int i = 0; i < 4; i++) {
        OK(carry(client, server));
        OK(carry(server, client));
    }
    EXPECT(CALL(ww_writing_state, server) == WW_WRITING_OPEN);
    CALL(ww_connection_free, client);
    CALL(ww_connection_free, server);
}

static void settings_are_copied(void)
{
    char *path = malloc(strlen(ca_path) + 1), *protocol = malloc(8);
    const char **alpn = malloc(2 * sizeof *alpn);
    EXPECT(path != NULL && protocol != NULL && alpn != NULL);
    alpn[0] = strcpy(protocol, "test/1");
    alpn[1] = NULL;
    ww_client_settings settings = {.size = sizeof settings,
                                   .roots = WW_ROOTS_PEM,
                                   .roots_pem.path = strcpy(path, ca_path),
                                   .alpn = alpn};
    ww_client_config *config;
    OK(CALL(ww_client_config_new, &settings, &config, NULL));
    memset(&settings, 0xff, sizeof settings);
    free(path);
    free(protocol);
    free(alpn);
    ww_connection *client;
    OK(CALL(ww_connection_new_client, config, "localhost", NULL, &client, NULL));
    CALL(ww_client_config_free, config);
    CALL(ww_connection_free, client);
}

static void chunks_and_pools_outlive_their_connections(void)
{
    ww_pool *pool;
    OK(CALL(ww_pool_new, 8, &pool));
    ww_connection_settings settings = {.size = sizeof settings, .pool = pool};
    ends ends = new_ends(0, &settings);
    CALL(ww_pool_free, pool);
    static char data[60000];
    ww_chunk *chunks[8];
    int count = 0;
    OK(CALL(ww_write_atomic, ends.client, data, sizeof data));
    while (count < 8) {
        OK(CALL(ww_out_take, ends.client, SIZE_MAX, &chunks[count]));
        if (chunks[count] == NULL)
            break;
        count++;
    }
    EXPECT(count > 1);
    CALL(ww_connection_free, ends.client);
    ww_counts progress;
    size_t received = 0, read;
    for (int i = 0; i < count; i++) {
        ww_span span;
        OK(CALL(ww_chunk_span, chunks[i], &span));
        while (span.len > 0) {
            size_t taken;
            OK(CALL(ww_receive, ends.server, span.data, span.len, &taken));
            span.data += taken;
            span.len -= taken;
            do {
                OK(CALL(ww_read, ends.server, data, sizeof data, &read));
                received += read;
            } while (read > 0);
        }
        CALL(ww_chunk_free, chunks[i]);
    }
    EXPECT(received == sizeof data);
    OK(CALL(ww_shrink, ends.server));
    EXPECT(CALL(ww_memory_held, ends.server) == 0);
    OK(CALL(ww_progress, ends.server, &progress));
    EXPECT(progress.accepted == 0);
    CALL(ww_connection_free, ends.server);
}

static void loans_end_with_their_connections(void)
{
    ends ends = new_ends(0, NULL);
    ww_memory slot, in;
    OK(CALL(ww_slot, ends.client, &slot));
    OK(CALL(ww_in, ends.client, &in));
    memset(slot.data, 1, slot.len);
    memset(in.data, 1, in.len);
    free_ends(&ends);
}

// A connection and the objects that it uses can be freed in any state.
static void freed_in_every_state(void)
{
    for (int step = 0; step < 8; step++) {
        ends ends = new_strangers(step % 2 == 0 ? WW_TLS13 : WW_TLS12, NULL);
        for (int i = 0; i < step; i++)
            OK(i % 2 == 0 ? carry(ends.client, ends.server) : carry(ends.server, ends.client));
        free_ends(&ends);
    }
}

// An error from an earlier call does not remain after a call that succeeds.
static void errors_end_with_a_success(void)
{
    ww_client_config *clients = new_client_config(0);
    ww_connection *ours;
    ww_error error;
    EXPECT(CALL(ww_connection_new_client, clients, "", NULL, &ours, &error) != WW_OK);
    EXPECT(error.status != WW_OK && error.fault != WW_FAULT_NONE && error.text[0] != 0);
    OK(CALL(ww_connection_new_client, clients, "localhost", NULL, &ours, &error));
    EXPECT(error.status == WW_OK && error.fault == WW_FAULT_NONE && error.alert == -1);
    EXPECT(error.text[0] == 0);
    CALL(ww_connection_free, ours);
    CALL(ww_client_config_free, clients);
}

// A writer and a reader that belong together are freed separately.
static void halves(void)
{
    ww_keys keys = secret_keys();
    ww_connection *ours;
    OK(CALL(ww_connection_new_from_keys, &keys, &keys, 0, NULL, &ours, NULL));
    ww_writer *writer = new_writer();
    ww_reader *reader = new_reader();
    ww_span span;
    ww_counts counts;
    struct iovec iov[4];
    size_t count, taken;
    OK(CALL(ww_writer_write, writer, "hello", 5, &count));
    EXPECT(count == 5);
    iov[0] = (struct iovec){.iov_base = (void *)(uintptr_t)"you", .iov_len = 3};
    OK(CALL(ww_writer_writev, writer, iov, 1, &count));
    OK(CALL(ww_writer_close, writer));
    OK(CALL(ww_writer_out_iov, writer, iov, 4, &count));
    OK(CALL(ww_writer_progress, writer, &counts));
    EXPECT(count > 0 && counts.accepted == 8);
    OK(CALL(ww_reader_receive, reader, iov[0].iov_base, iov[0].iov_len, &taken));
    CALL(ww_writer_free, writer);
    ww_events events;
    OK(CALL(ww_reader_process, reader, &events));
    OK(CALL(ww_reader_plaintext, reader, &span));
    EXPECT(span.len >= 5 && memcmp(span.data, "hello", 5) == 0);
    CALL(ww_reader_free, reader);
    CALL(ww_connection_free, ours);
}

void test_lives(void)
{
    configurations_end_before_their_connections();
    settings_are_copied();
    chunks_and_pools_outlive_their_connections();
    loans_end_with_their_connections();
    freed_in_every_state();
    errors_end_with_a_success();
    halves();
}
