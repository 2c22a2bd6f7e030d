// Passes NULL for each pointer of every function, one at a time. Each call returns an error or
// zero, and changes nothing.
#include "test.h"

#define IS_NULL(call) EXPECT_STATUS(WW_ERROR_NULL, call)

static ww_error error;

static void makers(void)
{
    ww_client_config *clients = new_client_config(0);
    ww_server_config *servers = new_server_config();
    ww_connection *connection = (ww_connection *)&error;
    ww_keys keys = secret_keys();
    ww_writer *writer = NULL;
    ww_reader *reader = NULL;

    IS_NULL(CALL(ww_client_config_new, NULL, NULL, &error));
    EXPECT(error.status == WW_ERROR_NULL && error.fault == WW_FAULT_CALLER && error.alert == -1);
    EXPECT(strlen(error.text) > 0);
    IS_NULL(CALL(ww_client_config_new, NULL, NULL, NULL));
    IS_NULL(CALL(ww_server_config_new, NULL, NULL, &error));
    ww_server_config *none;
    IS_NULL(CALL(ww_server_config_new, NULL, &none, &error));
    EXPECT(none == NULL);
    EXPECT(CALL(ww_client_config_clone, NULL) == NULL);
    EXPECT(CALL(ww_server_config_clone, NULL) == NULL);
    IS_NULL(CALL(ww_pool_new, 1, NULL));

    IS_NULL(CALL(ww_connection_new_client, NULL, "localhost", NULL, &connection, &error));
    EXPECT(connection == NULL); // set on errors too
    IS_NULL(CALL(ww_connection_new_client, clients, NULL, NULL, &connection, &error));
    IS_NULL(CALL(ww_connection_new_client, clients, "localhost", NULL, NULL, &error));
    IS_NULL(CALL(ww_connection_new_server, NULL, NULL, &connection, NULL));
    IS_NULL(CALL(ww_connection_new_server, servers, NULL, NULL, NULL));
    IS_NULL(CALL(ww_connection_new_from_keys, NULL, &keys, 0, NULL, &connection, &error));
    IS_NULL(CALL(ww_connection_new_from_keys, &keys, NULL, 0, NULL, &connection, &error));
    IS_NULL(CALL(ww_connection_new_from_keys, &keys, &keys, 0, NULL, NULL, &error));
    IS_NULL(CALL(ww_writer_new, NULL, NULL, &writer, &error));
    IS_NULL(CALL(ww_writer_new, &keys, NULL, NULL, &error));
    IS_NULL(CALL(ww_reader_new, NULL, 0, NULL, &reader, &error));
    IS_NULL(CALL(ww_reader_new, &keys, 0, NULL, NULL, &error));
    EXPECT(writer == NULL && reader == NULL);

    CALL(ww_client_config_free, clients);
    CALL(ww_server_config_free, servers);
    CALL(ww_client_config_free, NULL);
    CALL(ww_server_config_free, NULL);
    CALL(ww_pool_free, NULL);
    CALL(ww_connection_free, NULL);
    CALL(ww_chunk_free, NULL);
    CALL(ww_writer_free, NULL);
    CALL(ww_reader_free, NULL);
}

static void missing_connection(void)
{
    ww_span span = {.len = 1};
    ww_memory memory = {.len = 1};
    ww_counts counts;
    ww_step step;
    ww_chunk *chunk = (ww_chunk *)&error;
    struct iovec iov = {.iov_base = &error, .iov_len = 1};
    size_t count = 1;
    char buf[8];

    IS_NULL(CALL(ww_connection_error, NULL, &error));
    EXPECT(error.status == WW_OK);
    IS_NULL(CALL(ww_shrink, NULL));
    EXPECT(CALL(ww_wants, NULL) == 0 && CALL(ww_room, NULL) == 0);
    EXPECT(CALL(ww_wire_len, NULL, 1) == 0 && CALL(ww_memory_held, NULL) == 0);
    EXPECT(CALL(ww_writing_state, NULL) == WW_WRITING_FAILED);
    EXPECT(CALL(ww_reading_state, NULL) == WW_READING_FAILED);
    EXPECT(CALL(ww_buffer_state, NULL) == WW_BUFFER_EMPTY);
    IS_NULL(CALL(ww_progress, NULL, &counts));
    IS_NULL(CALL(ww_write, NULL, "x", 1, &count));
    EXPECT(count == 0);
    IS_NULL(CALL(ww_writev, NULL, &iov, 1, &count));
    IS_NULL(CALL(ww_write_atomic, NULL, "x", 1));
    IS_NULL(CALL(ww_write_and_close, NULL, "x", 1));
    IS_NULL(CALL(ww_slot, NULL, &memory));
    EXPECT(memory.data == NULL && memory.len == 0);
    IS_NULL(CALL(ww_slot_commit, NULL, 0));
    IS_NULL(CALL(ww_flush, NULL));
    IS_NULL(CALL(ww_close, NULL));
    IS_NULL(CALL(ww_abort, NULL, 40));
    IS_NULL(CALL(ww_update_keys, NULL, 0));
    IS_NULL(CALL(ww_out, NULL, &span));
    EXPECT(span.data == NULL && span.len == 0);
    IS_NULL(CALL(ww_out_iov, NULL, &iov, 1, &count));
    IS_NULL(CALL(ww_out_advance, NULL, 0));
    IS_NULL(CALL(ww_out_take, NULL, 1, &chunk));
    EXPECT(chunk == NULL);
    IS_NULL(CALL(ww_put_back, NULL, NULL));
    IS_NULL(CALL(ww_in, NULL, &memory));
    IS_NULL(CALL(ww_in_commit, NULL, 0));
    IS_NULL(CALL(ww_receive, NULL, "x", 1, &count));
    IS_NULL(CALL(ww_in_end, NULL));
    IS_NULL(CALL(ww_process, NULL));
    IS_NULL(CALL(ww_plaintext, NULL, &span));
    IS_NULL(CALL(ww_consume, NULL, 0));
    IS_NULL(CALL(ww_read, NULL, buf, sizeof buf, &count));
    EXPECT(CALL(ww_version, NULL) == 0 && CALL(ww_cipher_suite, NULL) == 0);
    EXPECT(CALL(ww_key_exchange_group, NULL) == 0);
    EXPECT(CALL(ww_handshake_kind, NULL) == WW_HANDSHAKE_UNKNOWN);
    IS_NULL(CALL(ww_alpn, NULL, &span));
    IS_NULL(CALL(ww_server_name, NULL, &span));
    IS_NULL(CALL(ww_peer_certificate, NULL, 0, &span));
    IS_NULL(CALL(ww_export, NULL, buf, sizeof buf, "x", 1, NULL, 0));
    IS_NULL(CALL(ww_next, NULL, WW_GOAL_READ, &step));
    IS_NULL(CALL(ww_next_iov, NULL, WW_GOAL_READ, &step, &iov, 1, &count));
    IS_NULL(CALL(ww_next_linger, NULL, 1, &step));
    IS_NULL(CALL(ww_wrote, NULL, 0));
    IS_NULL(CALL(ww_got, NULL, 0));
    IS_NULL(CALL(ww_flushed, NULL));
    IS_NULL(CALL(ww_blocked, NULL));
    IS_NULL(CALL(ww_transport_failed, NULL, WW_FAR_END_GONE, 1));
    IS_NULL(CALL(ww_gave_up, NULL));
    IS_NULL(CALL(ww_chunk_span, NULL, &span));
    EXPECT(CALL(ww_chunk_offset, NULL) == 0);
    IS_NULL(CALL(ww_chunk_advance, NULL, 0));
}

static void missing_places(ww_connection *ours)
{
    struct iovec iov = {.iov_base = NULL, .iov_len = 1};
    ww_step step;
    ww_chunk *chunk;
    size_t count;
    char buf[8];

    IS_NULL(CALL(ww_connection_error, ours, NULL));
    IS_NULL(CALL(ww_progress, ours, NULL));
    IS_NULL(CALL(ww_write, ours, "x", 1, NULL));
    IS_NULL(CALL(ww_write, ours, NULL, 1, &count));
    IS_NULL(CALL(ww_writev, ours, NULL, 1, &count));
    IS_NULL(CALL(ww_writev, ours, &iov, 1, &count));
    IS_NULL(CALL(ww_writev, ours, &iov, 1, NULL));
    IS_NULL(CALL(ww_write_atomic, ours, NULL, 1));
    IS_NULL(CALL(ww_write_and_close, ours, NULL, 1));
    IS_NULL(CALL(ww_slot, ours, NULL));
    IS_NULL(CALL(ww_out, ours, NULL));
    OK(CALL(ww_write, ours, "x", 1, &count)); // something is pending
    IS_NULL(CALL(ww_out_iov, ours, NULL, 1, &count));
    IS_NULL(CALL(ww_out_iov, ours, &iov, 1, NULL));
    IS_NULL(CALL(ww_out_take, ours, 1, NULL));
    IS_NULL(CALL(ww_put_back, ours, NULL));
    IS_NULL(CALL(ww_in, ours, NULL));
    IS_NULL(CALL(ww_receive, ours, NULL, 1, &count));
    IS_NULL(CALL(ww_receive, ours, "x", 1, NULL));
    IS_NULL(CALL(ww_plaintext, ours, NULL));
    IS_NULL(CALL(ww_read, ours, NULL, 1, &count));
    IS_NULL(CALL(ww_read, ours, buf, sizeof buf, NULL));
    IS_NULL(CALL(ww_alpn, ours, NULL));
    IS_NULL(CALL(ww_server_name, ours, NULL));
    IS_NULL(CALL(ww_peer_certificate, ours, 0, NULL));
    IS_NULL(CALL(ww_export, ours, NULL, 8, "x", 1, NULL, 0));
    IS_NULL(CALL(ww_export, ours, buf, 8, NULL, 1, NULL, 0));
    IS_NULL(CALL(ww_export, ours, buf, 8, "x", 1, NULL, 1));
    IS_NULL(CALL(ww_next, ours, WW_GOAL_READ, NULL));
    IS_NULL(CALL(ww_next_iov, ours, WW_GOAL_FLUSH, NULL, &iov, 1, &count));
    IS_NULL(CALL(ww_next_iov, ours, WW_GOAL_FLUSH, &step, NULL, 1, &count));
    IS_NULL(CALL(ww_next_iov, ours, WW_GOAL_FLUSH, &step, &iov, 1, NULL));
    IS_NULL(CALL(ww_next_linger, ours, 1, NULL));

    OK(CALL(ww_out_take, ours, SIZE_MAX, &chunk));
    IS_NULL(CALL(ww_chunk_span, chunk, NULL));
    CALL(ww_chunk_free, chunk);
    // None of these calls has changed the connection.
    EXPECT(CALL(ww_writing_state, ours) == WW_WRITING_OPEN);
    EXPECT(CALL(ww_reading_state, ours) == WW_READING_OPEN);
}

static void writer_and_reader(void)
{
    ww_writer *writer = new_writer();
    ww_reader *reader = new_reader();
    ww_span span;
    ww_memory memory;
    ww_events events;
    ww_counts counts;
    ww_chunk *chunk;
    struct iovec iov = {.iov_base = &error, .iov_len = 1};
    size_t count;

    IS_NULL(CALL(ww_writer_write, NULL, "x", 1, &count));
    IS_NULL(CALL(ww_writer_write, writer, NULL, 1, &count));
    IS_NULL(CALL(ww_writer_write, writer, "x", 1, NULL));
    IS_NULL(CALL(ww_writer_writev, NULL, &iov, 1, &count));
    IS_NULL(CALL(ww_writer_writev, writer, NULL, 1, &count));
    IS_NULL(CALL(ww_writer_writev, writer, &iov, 1, NULL));
    IS_NULL(CALL(ww_writer_write_atomic, NULL, "x", 1));
    IS_NULL(CALL(ww_writer_write_atomic, writer, NULL, 1));
    IS_NULL(CALL(ww_writer_slot, NULL, &memory));
    IS_NULL(CALL(ww_writer_slot, writer, NULL));
    IS_NULL(CALL(ww_writer_slot_commit, NULL, 0));
    IS_NULL(CALL(ww_writer_flush, NULL));
    IS_NULL(CALL(ww_writer_close, NULL));
    IS_NULL(CALL(ww_writer_abort, NULL, 40));
    IS_NULL(CALL(ww_writer_update_keys, NULL, 0));
    IS_NULL(CALL(ww_writer_on_key_update, NULL, 0));
    IS_NULL(CALL(ww_writer_fail, NULL, reader));
    IS_NULL(CALL(ww_writer_fail, writer, NULL));
    IS_NULL(CALL(ww_writer_out, NULL, &span));
    IS_NULL(CALL(ww_writer_out, writer, NULL));
    IS_NULL(CALL(ww_writer_out_iov, NULL, &iov, 1, &count));
    IS_NULL(CALL(ww_writer_out_iov, writer, NULL, 1, &count));
    IS_NULL(CALL(ww_writer_out_iov, writer, &iov, 1, NULL));
    IS_NULL(CALL(ww_writer_out_advance, NULL, 0));
    IS_NULL(CALL(ww_writer_out_take, NULL, 1, &chunk));
    IS_NULL(CALL(ww_writer_out_take, writer, 1, NULL));
    IS_NULL(CALL(ww_writer_put_back, NULL, NULL));
    IS_NULL(CALL(ww_writer_put_back, writer, NULL));
    EXPECT(CALL(ww_writer_room, NULL) == 0 && CALL(ww_writer_wire_len, NULL, 1) == 0);
    EXPECT(!CALL(ww_writer_wants_drain, NULL));
    EXPECT(CALL(ww_writer_state, NULL) == WW_WRITING_FAILED);
    IS_NULL(CALL(ww_writer_progress, NULL, &counts));
    IS_NULL(CALL(ww_writer_progress, writer, NULL));
    IS_NULL(CALL(ww_writer_error, NULL, &error));
    IS_NULL(CALL(ww_writer_error, writer, NULL));

    IS_NULL(CALL(ww_reader_in, NULL, &memory));
    IS_NULL(CALL(ww_reader_in, reader, NULL));
    IS_NULL(CALL(ww_reader_in_commit, NULL, 0));
    IS_NULL(CALL(ww_reader_receive, NULL, "x", 1, &count));
    IS_NULL(CALL(ww_reader_receive, reader, NULL, 1, &count));
    IS_NULL(CALL(ww_reader_receive, reader, "x", 1, NULL));
    IS_NULL(CALL(ww_reader_in_end, NULL));
    IS_NULL(CALL(ww_reader_process, NULL, &events));
    IS_NULL(CALL(ww_reader_process, reader, NULL));
    IS_NULL(CALL(ww_reader_plaintext, NULL, &span));
    IS_NULL(CALL(ww_reader_plaintext, reader, NULL));
    IS_NULL(CALL(ww_reader_consume, NULL, 0));
    IS_NULL(CALL(ww_reader_on_sealed, NULL, writer));
    IS_NULL(CALL(ww_reader_on_sealed, reader, NULL));
    EXPECT(CALL(ww_reader_wants, NULL) == 0);
    EXPECT(CALL(ww_reader_state, NULL) == WW_READING_FAILED);
    IS_NULL(CALL(ww_reader_error, NULL, &error));
    IS_NULL(CALL(ww_reader_error, reader, NULL));

    EXPECT(CALL(ww_writer_state, writer) == WW_WRITING_OPEN);
    EXPECT(CALL(ww_reader_state, reader) == WW_READING_OPEN);
    CALL(ww_writer_free, writer);
    CALL(ww_reader_free, reader);
}

void test_nulls(void)
{
    makers();
    missing_connection();
    ends ends = new_ends(0, NULL);
    missing_places(ends.client);
    missing_places(ends.server);
    free_ends(&ends);
    writer_and_reader();
}
