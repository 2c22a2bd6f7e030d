// Numbers at the ends of their ranges, lengths above all: 0 and SIZE_MAX.
#include "test.h"

static void of_a_connection(void)
{
    ends ends = new_ends(0, NULL);
    ww_connection *ours = ends.client;
    ww_counts before, after;
    ww_chunk *chunk;
    ww_step step;
    ww_span span;
    size_t count;
    char buf[8] = {0};
    struct iovec iov[2] = {{.iov_base = NULL, .iov_len = 0}, {.iov_base = buf, .iov_len = SIZE_MAX}};

    OK(CALL(ww_progress, ours, &before));
    // Without bytes nothing happens, and NULL will do.
    OK(CALL(ww_write, ours, NULL, 0, &count));
    OK(CALL(ww_writev, ours, NULL, 0, &count));
    OK(CALL(ww_writev, ours, iov, 1, &count));
    OK(CALL(ww_write_atomic, ours, NULL, 0));
    OK(CALL(ww_receive, ours, NULL, 0, &count));
    OK(CALL(ww_read, ours, NULL, 0, &count));
    OK(CALL(ww_out_iov, ours, NULL, 0, &count));
    EXPECT(count == 0);
    OK(CALL(ww_out_take, ours, 0, &chunk));
    EXPECT(chunk == NULL);
    OK(CALL(ww_out, ours, &span));
    EXPECT(span.data == NULL && span.len == 0 && CALL(ww_wire_len, ours, 0) == 0);

    // No object is as long as the address space.
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_write, ours, buf, SIZE_MAX, &count));
    EXPECT(count == 0);
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writev, ours, iov, 2, &count));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writev, ours, iov, SIZE_MAX, &count));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_write_atomic, ours, buf, SIZE_MAX));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_write_and_close, ours, buf, SIZE_MAX));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_receive, ours, buf, SIZE_MAX, &count));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_read, ours, buf, SIZE_MAX, &count));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_out_iov, ours, iov, SIZE_MAX, &count));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_export, ours, buf, SIZE_MAX, "x", 1, NULL, 0));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_export, ours, buf, 8, "x", SIZE_MAX, NULL, 0));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_export, ours, buf, 8, "x", 1, "x", SIZE_MAX));

    // More than there is.
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_slot_commit, ours, SIZE_MAX));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_in_commit, ours, SIZE_MAX));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_out_advance, ours, SIZE_MAX));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_consume, ours, SIZE_MAX));
    EXPECT(CALL(ww_wire_len, ours, SIZE_MAX) == SIZE_MAX);
    OK(CALL(ww_peer_certificate, ours, SIZE_MAX, &span));
    EXPECT(span.data == NULL && span.len == 0);

    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_next_iov, ours, WW_GOAL_OFFER, &step, iov, 0, &count));
    OK(CALL(ww_next, ours, WW_GOAL_READ, &step));
    OK(CALL(ww_blocked, ours));
    OK(CALL(ww_progress, ours, &after));
    EXPECT(memcmp(&before, &after, sizeof before) == 0);

    // A buffer that is full takes 0 bytes, and all or nothing is nothing.
    size_t room = CALL(ww_room, ours);
    char *big = calloc(1, room + 1);
    EXPECT(big != NULL);
    EXPECT_STATUS(WW_ERROR_NO_ROOM, CALL(ww_write_atomic, ours, big, room + 1));
    OK(CALL(ww_write, ours, big, room + 1, &count));
    EXPECT(count == room && CALL(ww_buffer_state, ours) == WW_BUFFER_FULL);
    OK(CALL(ww_write, ours, big, 1, &count));
    EXPECT(count == 0);
    free(big);
    OK(CALL(ww_out_take, ours, SIZE_MAX, &chunk));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_chunk_advance, chunk, SIZE_MAX));
    OK(CALL(ww_chunk_advance, chunk, 0));
    CALL(ww_chunk_free, chunk);
    struct iovec many[100];
    OK(CALL(ww_next_iov, ours, WW_GOAL_OFFER, &step, many, SIZE_MAX, &count)); // at most 64
    EXPECT(step.kind == WW_STEP_WRITE && count > 0);
    OK(CALL(ww_wrote, ours, SIZE_MAX));
    EXPECT(CALL(ww_next, ours, WW_GOAL_FLUSH, &step) != WW_OK);
    OK(CALL(ww_got, ends.server, SIZE_MAX));
    OK(CALL(ww_wrote, ends.server, 0));
    OK(CALL(ww_got, ends.server, 0));
    (void)CALL(ww_next_linger, ends.server, UINT64_MAX, &step);
    free_ends(&ends);
}

static void of_a_writer_and_a_reader(void)
{
    ww_writer *writer = new_writer();
    ww_reader *reader = new_reader();
    ww_events events;
    ww_chunk *chunk;
    char buf[8] = {0};
    struct iovec iov = {.iov_base = buf, .iov_len = SIZE_MAX};
    size_t count;

    OK(CALL(ww_writer_write, writer, NULL, 0, &count));
    OK(CALL(ww_writer_writev, writer, NULL, 0, &count));
    OK(CALL(ww_writer_write_atomic, writer, NULL, 0));
    OK(CALL(ww_writer_out_iov, writer, NULL, 0, &count));
    OK(CALL(ww_writer_out_take, writer, 0, &chunk));
    EXPECT(count == 0 && chunk == NULL && !CALL(ww_writer_wants_drain, writer));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writer_write, writer, buf, SIZE_MAX, &count));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writer_writev, writer, &iov, 1, &count));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writer_writev, writer, &iov, SIZE_MAX, &count));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writer_write_atomic, writer, buf, SIZE_MAX));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writer_out_iov, writer, &iov, SIZE_MAX, &count));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_writer_slot_commit, writer, SIZE_MAX));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_writer_out_advance, writer, SIZE_MAX));
    EXPECT(CALL(ww_writer_wire_len, writer, SIZE_MAX) == SIZE_MAX);
    EXPECT(CALL(ww_writer_room, writer) == 65536);

    OK(CALL(ww_reader_receive, reader, NULL, 0, &count));
    OK(CALL(ww_reader_process, reader, &events));
    OK(CALL(ww_reader_in_commit, reader, 0));
    OK(CALL(ww_reader_consume, reader, 0));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_reader_receive, reader, buf, SIZE_MAX, &count));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_reader_in_commit, reader, SIZE_MAX));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_reader_consume, reader, SIZE_MAX));
    CALL(ww_writer_free, writer);
    CALL(ww_reader_free, reader);
}

// Settings: their own size, and numbers out of range.
static void of_settings(void)
{
    ww_client_config *clients = NULL;
    ww_server_config *servers = NULL;
    ww_connection *ours = NULL;
    ww_writer *writer = NULL;
    ww_error error;
    const size_t wrong[] = {0, 1, SIZE_MAX};
    for (int i = 0; i < 3; i++) {
        ww_client_settings client = {.size = wrong[i]};
        ww_server_settings server = {.size = wrong[i]};
        ww_connection_settings settings = {.size = wrong[i]};
        ww_keys keys = {.size = wrong[i]}, good = secret_keys();
        EXPECT_STATUS(WW_ERROR_SETTINGS_SIZE, CALL(ww_client_config_new, &client, &clients, NULL));
        EXPECT_STATUS(WW_ERROR_SETTINGS_SIZE, CALL(ww_server_config_new, &server, &servers, NULL));
        EXPECT_STATUS(WW_ERROR_SETTINGS_SIZE, CALL(ww_writer_new, &keys, NULL, &writer, NULL));
        EXPECT_STATUS(WW_ERROR_SETTINGS_SIZE, CALL(ww_writer_new, &good, &settings, &writer, NULL));
    }
    EXPECT(clients == NULL && servers == NULL && writer == NULL);

    // Sizes of buffers and records.
    ww_keys keys = secret_keys();
    const ww_connection_settings bad[] = {
        {.size = sizeof bad[0], .write_capacity = SIZE_MAX},
        {.size = sizeof bad[0], .read_capacity = 18436},
        {.size = sizeof bad[0], .read_capacity = SIZE_MAX},
        {.size = sizeof bad[0], .max_fragment_len = 63},
        {.size = sizeof bad[0], .max_fragment_len = 16385},
        {.size = sizeof bad[0], .max_fragment_len = SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EXPECT_STATUS(WW_ERROR_SETTING, CALL(ww_connection_new_from_keys, &keys, &keys, 0, &bad[i],
                                             &ours, &error));
        EXPECT(ours == NULL && error.fault == WW_FAULT_CALLER && strlen(error.text) > 0);
    }
    // Keys and secrets.
    const size_t lens[] = {0, 31, 33, SIZE_MAX};
    for (int i = 0; i < 4; i++) {
        keys = secret_keys();
        keys.secret_len = lens[i];
        EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writer_new, &keys, NULL, &writer, &error));
        keys = fixed_keys();
        keys.key_len = lens[i];
        EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writer_new, &keys, NULL, &writer, &error));
    }
    keys = fixed_keys();
    keys.suite = 0xffff;
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_writer_new, &keys, NULL, &writer, &error));
    keys = fixed_keys();
    keys.seq = UINT64_MAX; // it may seal nothing
    (void)CALL(ww_writer_new, &keys, NULL, &writer, &error);
    CALL(ww_writer_free, writer);

    // Enumerations and memory.
    ww_client_settings client = {.size = sizeof client, .roots = 5};
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_client_config_new, &client, &clients, &error));
    client = (ww_client_settings){.size = sizeof client, .versions = UINT32_MAX};
    EXPECT_STATUS(WW_ERROR_SETTING, CALL(ww_client_config_new, &client, &clients, &error));
    client = (ww_client_settings){.size = sizeof client, .roots = WW_ROOTS_PEM,
                                  .roots_pem = {.data = (const uint8_t *)"x", .len = SIZE_MAX}};
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_client_config_new, &client, &clients, &error));
    client.roots_pem.len = 0;
    EXPECT_STATUS(WW_ERROR_PEM, CALL(ww_client_config_new, &client, &clients, &error));
    client.roots_pem = (ww_pem){.path = ""};
    EXPECT_STATUS(WW_ERROR_FILE, CALL(ww_client_config_new, &client, &clients, &error));
    ww_server_settings server = {.size = sizeof server, .certificates.path = key_path,
                                 .private_key.path = key_path};
    EXPECT_STATUS(WW_ERROR_PEM, CALL(ww_server_config_new, &server, &servers, &error));

    clients = new_client_config(0);
    char name[300];
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_connection_new_client, clients, name, NULL, &ours,
                                          &error));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_connection_new_client, clients, "", NULL, &ours,
                                          &error));
    CALL(ww_client_config_free, clients);
}

static void of_statuses(void)
{
    const int32_t numbers[] = {INT32_MIN, -1, 0, 9, 67, 68, INT32_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        EXPECT(strlen(CALL(ww_status_text, numbers[i])) > 0);
}

void test_sizes(void)
{
    of_a_connection();
    of_a_writer_and_a_reader();
    of_settings();
    of_statuses();
}
