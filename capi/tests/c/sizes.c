// Numbers at the limits of their ranges, mainly the lengths 0 and SIZE_MAX.
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
    struct iovec iov[2] = {{.iov_base = NULL}, {.iov_base = buf, .iov_len = SIZE_MAX}};

    OK(CALL(ww_progress, ours, &before));
    // With a length of 0, NULL is allowed and nothing happens.
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

    // No object is as large as the address space.
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

    // More than was lent.
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

    // A full buffer accepts 0 bytes, and an atomic write is refused.
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

// Settings with a wrong size, or with numbers out of range.
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
    keys.seq = UINT64_MAX; // cannot seal any record
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

// Returns memory of exactly this length, so that valgrind detects any access beyond it.
static uint8_t *exactly(size_t len)
{
    uint8_t *memory = malloc(len);
    EXPECT(memory != NULL);
    memset(memory, 1, len);
    return memory;
}

static ww_pem read_pem(const char *path)
{
    FILE *file = fopen(path, "rb");
    EXPECT(file != NULL && fseek(file, 0, SEEK_END) == 0);
    size_t len = (size_t)ftell(file);
    rewind(file);
    uint8_t *memory = exactly(len);
    EXPECT(fread(memory, 1, len, file) == len && fclose(file) == 0);
    return (ww_pem){.data = memory, .len = len};
}

static void nothing_beyond_a_length_is_touched(void)
{
    ww_pem certificates = read_pem(certificate_path), key = read_pem(key_path);
    ww_server_settings settings = {.size = sizeof settings, .certificates = certificates,
                                   .private_key = key};
    ww_server_config *servers;
    OK(CALL(ww_server_config_new, &settings, &servers, NULL));
    CALL(ww_server_config_free, servers);
    free((void *)(uintptr_t)certificates.data);
    free((void *)(uintptr_t)key.data);

    ww_connection_settings exporting = {.size = sizeof exporting, .exporter = 1};
    ends ends = new_ends(0, &exporting);
    ww_span wire;
    size_t count, taken;
    for (size_t len = 1; len < 40000; len = len * 3 + 1) {
        uint8_t *bytes = exactly(len), *read = exactly(len);
        struct iovec iov[] = {{.iov_base = bytes, .iov_len = len / 2},
                              {.iov_base = bytes + len / 2, .iov_len = len - len / 2}};
        OK(CALL(ww_writev, ends.client, iov, 2, &count));
        EXPECT(count == len);
        for (size_t received = 0; received < len; received += count) {
            OK(CALL(ww_out, ends.client, &wire));
            uint8_t *copy = exactly(wire.len);
            memcpy(copy, wire.data, wire.len);
            OK(CALL(ww_receive, ends.server, copy, wire.len, &taken));
            OK(CALL(ww_out_advance, ends.client, taken));
            free(copy);
            OK(CALL(ww_read, ends.server, read + received, len - received, &count));
        }
        EXPECT(memcmp(bytes, read, len) == 0);
        free(bytes);
        free(read);
    }
    uint8_t *label = exactly(7), *context = exactly(3), *ours = exactly(33), *theirs = exactly(33);
    OK(CALL(ww_export, ends.client, ours, 33, label, 7, context, 3));
    OK(CALL(ww_export, ends.server, theirs, 33, label, 7, context, 3));
    EXPECT(memcmp(ours, theirs, 33) == 0);
    free(label);
    free(context);
    free(ours);
    free(theirs);
    free_ends(&ends);

    ww_keys keys = secret_keys();
    uint8_t *secret = exactly(32);
    keys.secret = secret;
    ww_writer *writer;
    OK(CALL(ww_writer_new, &keys, NULL, &writer, NULL));
    free(secret); // it was copied
    CALL(ww_writer_free, writer);
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
    nothing_beyond_a_length_is_touched();
    of_statuses();
}
