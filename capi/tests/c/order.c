// Calls in the wrong order: each returns an error, and leaves the object unchanged.
#include "test.h"

static void before_the_handshake(void)
{
    ends ends = new_strangers(0, NULL);
    ww_connection *ours = ends.client;
    ww_memory memory;
    ww_span span;
    size_t count = 7;
    char buf[8];

    OK(CALL(ww_write, ours, "early", 5, &count));
    EXPECT(count == 0 && CALL(ww_room, ours) == 0 && CALL(ww_wire_len, ours, 1) == 0);
    EXPECT_STATUS(WW_ERROR_NEGOTIATING, CALL(ww_write_atomic, ours, "early", 5));
    OK(CALL(ww_slot, ours, &memory));
    EXPECT(memory.data == NULL && memory.len == 0);
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_slot_commit, ours, 1));
    OK(CALL(ww_flush, ours));
    EXPECT(CALL(ww_update_keys, ours, 0) != WW_OK);
    EXPECT_STATUS(WW_ERROR_NEGOTIATING, CALL(ww_export, ours, buf, 8, "x", 1, NULL, 0));
    EXPECT(CALL(ww_version, ours) == 0 && CALL(ww_cipher_suite, ours) == 0);
    EXPECT(CALL(ww_key_exchange_group, ours) == 0);
    EXPECT(CALL(ww_handshake_kind, ours) == WW_HANDSHAKE_UNKNOWN);
    OK(CALL(ww_alpn, ours, &span));
    EXPECT(span.len == 0);
    OK(CALL(ww_server_name, ends.server, &span));
    EXPECT(span.len == 0);
    OK(CALL(ww_peer_certificate, ours, 0, &span));
    EXPECT(span.len == 0);
    OK(CALL(ww_read, ours, buf, sizeof buf, &count));
    EXPECT(count == 0);
    OK(CALL(ww_process, ours));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_consume, ours, 1));
    EXPECT(CALL(ww_wants, ours) == (WW_WANTS_DRAIN | WW_WANTS_INPUT));
    EXPECT(CALL(ww_wants, ends.server) == WW_WANTS_INPUT);

    // None of these calls has changed anything.
    for (int i = 0; i < 4; i++) {
        OK(carry(ends.client, ends.server));
        OK(carry(ends.server, ends.client));
    }
    EXPECT(CALL(ww_writing_state, ours) == WW_WRITING_OPEN);
    EXPECT(CALL(ww_handshake_kind, ours) == WW_HANDSHAKE_FULL);
    EXPECT(CALL(ww_version, ours) == 0x0304 && CALL(ww_cipher_suite, ours) != 0);
    EXPECT(CALL(ww_key_exchange_group, ours) != 0);
    OK(CALL(ww_server_name, ends.server, &span));
    EXPECT(span.len == 9 && memcmp(span.data, "localhost", 9) == 0);
    OK(CALL(ww_peer_certificate, ours, 0, &span));
    EXPECT(span.len > 100);
    EXPECT_STATUS(WW_ERROR_EXPORT, CALL(ww_export, ours, buf, 8, "x", 1, NULL, 0));
    free_ends(&ends);
}

// You cannot commit memory that was not lent, or advance past bytes that are not pending.
static void without_a_loan(void)
{
    ends ends = new_ends(0, NULL);
    ww_connection *ours = ends.client;
    ww_memory memory;

    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_slot_commit, ours, 1));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_in_commit, ours, 1));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_out_advance, ours, 1));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_consume, ours, 1));
    OK(CALL(ww_slot_commit, ours, 0));
    OK(CALL(ww_in_commit, ours, 0));
    OK(CALL(ww_out_advance, ours, 0));
    OK(CALL(ww_consume, ours, 0));

    OK(CALL(ww_slot, ours, &memory));
    EXPECT(memory.len > 0);
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_slot_commit, ours, memory.len + 1));
    memory.data[0] = 'x';
    OK(CALL(ww_slot_commit, ours, 1));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_slot_commit, ours, 1)); // already committed
    OK(CALL(ww_in, ours, &memory));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_in_commit, ours, memory.len + 1));
    OK(CALL(ww_in_commit, ours, 0));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_in_commit, ours, 1));
    OK(carry(ends.client, ends.server));
    ww_span plaintext;
    OK(CALL(ww_plaintext, ends.server, &plaintext));
    EXPECT(plaintext.len == 1 && plaintext.data[0] == 'x');
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_consume, ends.server, 2));
    OK(CALL(ww_consume, ends.server, 1));
    free_ends(&ends);
}

static void chunks(void)
{
    ends ends = new_ends(0, NULL);
    ww_chunk *first, *second, *third;
    ww_span span;
    OK(CALL(ww_write_atomic, ends.client, "some plaintext", 14));
    OK(CALL(ww_out_take, ends.client, 10, &first));
    OK(CALL(ww_out_take, ends.client, SIZE_MAX, &second));
    OK(CALL(ww_out_take, ends.client, SIZE_MAX, &third));
    EXPECT(first != NULL && second != NULL && third == NULL);
    EXPECT(CALL(ww_chunk_offset, second) == CALL(ww_chunk_offset, first) + 10);

    // Only the last chunk can be returned. We still own a chunk that was refused.
    EXPECT_STATUS(WW_ERROR_PUT_BACK, CALL(ww_put_back, ends.client, first));
    EXPECT_STATUS(WW_ERROR_PUT_BACK, CALL(ww_put_back, ends.server, second));
    ww_writer *writer = new_writer();
    EXPECT_STATUS(WW_ERROR_PUT_BACK, CALL(ww_writer_put_back, writer, second));
    CALL(ww_writer_free, writer);
    OK(CALL(ww_chunk_span, first, &span));
    EXPECT(span.len == 10);
    OK(CALL(ww_put_back, ends.client, second));
    OK(CALL(ww_chunk_advance, first, 3));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_chunk_advance, first, 8));
    OK(CALL(ww_chunk_span, first, &span));
    EXPECT(span.len == 7);
    OK(CALL(ww_put_back, ends.client, first));

    // The connection was drained further in the meantime.
    OK(CALL(ww_out_take, ends.client, 5, &first));
    OK(CALL(ww_out_advance, ends.client, 1));
    EXPECT_STATUS(WW_ERROR_PUT_BACK, CALL(ww_put_back, ends.client, first));
    CALL(ww_chunk_free, first);
    free_ends(&ends);
}

// Of the chunks taken from a small buffer, the connection takes back a capacity's worth.
static void more_chunks_than_the_capacity(void)
{
    ww_connection_settings settings = {.size = sizeof settings, .write_capacity = 16384};
    ends ends = new_ends(0, &settings);
    static char plaintext[4 * 16384], read[sizeof plaintext];
    ww_chunk *chunks[4];
    ww_span span;
    size_t n, got = 0, kept = 4, next;
    for (size_t i = 0; i < sizeof plaintext; i++)
        plaintext[i] = (char)(i / 1000);
    for (int i = 0; i < 4; i++) {
        OK(CALL(ww_write, ends.client, plaintext + i * 16384, 16384, &n));
        EXPECT(n == 16384);
        OK(CALL(ww_out_take, ends.client, SIZE_MAX, &chunks[i]));
    }
    while (kept > 0 && CALL(ww_put_back, ends.client, chunks[kept - 1]) == WW_OK)
        kept--;
    EXPECT(kept == 2);
    for (size_t i = kept; i-- > 0;)
        EXPECT_STATUS(WW_ERROR_PUT_BACK, CALL(ww_put_back, ends.client, chunks[i]));
    // Those that were refused are sent first.
    for (next = 0; got < sizeof read;) {
        if (next < kept) {
            OK(CALL(ww_chunk_span, chunks[next], &span));
            OK(CALL(ww_receive, ends.server, span.data, span.len, &n));
            OK(CALL(ww_chunk_advance, chunks[next], n));
            if (n == span.len)
                CALL(ww_chunk_free, chunks[next++]);
        } else {
            OK(CALL(ww_out, ends.client, &span));
            OK(CALL(ww_receive, ends.server, span.data, span.len, &n));
            OK(CALL(ww_out_advance, ends.client, n));
        }
        OK(CALL(ww_read, ends.server, read + got, sizeof read - got, &n));
        got += n;
    }
    EXPECT(memcmp(read, plaintext, sizeof read) == 0);
    free_ends(&ends);
}

static void after_the_end(void)
{
    ends ends = new_ends(0, NULL);
    ww_memory memory;
    ww_error error;
    size_t count = 7;
    struct iovec iov = {.iov_base = &error, .iov_len = 1};
    char buf[8];

    OK(CALL(ww_write_and_close, ends.client, "last", 4));
    EXPECT(CALL(ww_writing_state, ends.client) == WW_WRITING_CLOSING);
    EXPECT_STATUS(WW_ERROR_CLOSED, CALL(ww_write, ends.client, "late", 4, &count));
    EXPECT(count == 0);
    EXPECT_STATUS(WW_ERROR_CLOSED, CALL(ww_writev, ends.client, &iov, 1, &count));
    EXPECT_STATUS(WW_ERROR_CLOSED, CALL(ww_write_atomic, ends.client, "late", 4));
    EXPECT_STATUS(WW_ERROR_CLOSED, CALL(ww_write_and_close, ends.client, "late", 4));
    EXPECT_STATUS(WW_ERROR_CLOSED, CALL(ww_slot, ends.client, &memory));
    EXPECT_STATUS(WW_ERROR_CLOSED, CALL(ww_update_keys, ends.client, 0));
    OK(CALL(ww_close, ends.client)); // again
    OK(carry(ends.client, ends.server));
    EXPECT(CALL(ww_writing_state, ends.client) == WW_WRITING_CLOSED);
    OK(CALL(ww_read, ends.server, buf, sizeof buf, &count));
    EXPECT(count == 4 && memcmp(buf, "last", 4) == 0);
    OK(CALL(ww_read, ends.server, buf, sizeof buf, &count));
    EXPECT(count == 0 && CALL(ww_reading_state, ends.server) == WW_READING_PEER_CLOSED);
    OK(CALL(ww_in, ends.server, &memory));
    EXPECT(memory.data == NULL && memory.len == 0);

    // The other half stays open until the transport ends without a close_notify.
    OK(CALL(ww_write_atomic, ends.server, "more", 4));
    OK(carry(ends.server, ends.client));
    OK(CALL(ww_read, ends.client, buf, sizeof buf, &count));
    EXPECT(count == 4);
    OK(CALL(ww_in_end, ends.client));
    OK(CALL(ww_in_end, ends.client));
    EXPECT_STATUS(WW_ERROR_TRUNCATED, CALL(ww_process, ends.client));
    OK(CALL(ww_process, ends.client)); // the error is reported once
    EXPECT(CALL(ww_reading_state, ends.client) == WW_READING_TRUNCATED);
    free_ends(&ends);
}

static void after_a_failure(void)
{
    ends ends = new_ends(0, NULL);
    ww_error error;
    ww_step step;
    size_t count = 7;

    OK(CALL(ww_connection_error, ends.client, &error));
    EXPECT(error.status == WW_OK && error.fault == WW_FAULT_NONE && error.alert == -1);
    OK(CALL(ww_abort, ends.client, 80));
    EXPECT_STATUS(WW_ERROR_FAILED, CALL(ww_write, ends.client, "late", 4, &count));
    EXPECT(count == 0);
    EXPECT(CALL(ww_process, ends.client) != WW_OK);
    OK(CALL(ww_connection_error, ends.client, &error));
    EXPECT(error.status == WW_ERROR_ABORTED && error.fault == WW_FAULT_CALLER);
    EXPECT_STATUS(WW_ERROR_PEER_ALERT, carry(ends.client, ends.server));
    EXPECT_STATUS(WW_ERROR_PEER_ALERT, CALL(ww_process, ends.server)); // again
    OK(CALL(ww_connection_error, ends.server, &error));
    EXPECT(error.fault == WW_FAULT_PEER && error.alert == 80);
    EXPECT(CALL(ww_next, ends.server, WW_GOAL_READ, &step) != WW_OK);
    EXPECT(CALL(ww_writing_state, ends.server) == WW_WRITING_FAILED);
    EXPECT(CALL(ww_reading_state, ends.server) == WW_READING_FAILED);
    EXPECT(CALL(ww_room, ends.server) == 0);
    free_ends(&ends);
}

// Reports that the driver did not ask for.
static void driver(void)
{
    ends ends = new_ends(0, NULL);
    ww_connection *ours = ends.client;
    ww_step step;
    struct iovec iov[2];
    size_t count;

    OK(CALL(ww_flushed, ours));
    OK(CALL(ww_blocked, ours));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_next, ours, 6, &step));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_next, ours, -1, &step));
    EXPECT(step.kind == WW_STEP_DONE && step.out.len == 0 && step.in.len == 0);
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_next_iov, ours, 6, &step, iov, 2, &count));
    EXPECT_STATUS(WW_ERROR_ARGUMENT, CALL(ww_transport_failed, ours, 3, 1));
    OK(CALL(ww_next, ours, WW_GOAL_READ, &step));
    EXPECT(step.kind == WW_STEP_READ && step.in.len > 0);
    OK(CALL(ww_got, ours, step.in.len + 1)); // more than was lent
    EXPECT(CALL(ww_next, ours, WW_GOAL_READ, &step) != WW_OK);
    OK(CALL(ww_write_atomic, ours, "x", 1)); // our write half is unaffected

    OK(CALL(ww_next_iov, ours, WW_GOAL_FLUSH, &step, iov, 2, &count));
    EXPECT(step.kind == WW_STEP_WRITE && count == 1);
    OK(CALL(ww_transport_failed, ours, WW_FAR_END_GONE, 32));
    EXPECT_STATUS(WW_ERROR_TRANSPORT, CALL(ww_next, ours, WW_GOAL_FLUSH, &step));
    EXPECT(step.transport_error == 32);
    OK(CALL(ww_wrote, ends.server, 1)); // the driver asked for nothing
    EXPECT(CALL(ww_next_linger, ends.server, 10, &step) != WW_OK);
    free_ends(&ends);
}

static void lingering_is_given_up(void)
{
    ends ends = new_ends(0, NULL);
    ww_step step;
    OK(CALL(ww_next_linger, ends.client, 10, &step));
    EXPECT(step.kind == WW_STEP_WRITE);
    OK(CALL(ww_wrote, ends.client, step.out.len));
    OK(CALL(ww_next_linger, ends.client, 10, &step));
    EXPECT(step.kind == WW_STEP_FLUSH);
    OK(CALL(ww_flushed, ends.client));
    OK(CALL(ww_next_linger, ends.client, 10, &step));
    EXPECT(step.kind == WW_STEP_READ);
    OK(CALL(ww_gave_up, ends.client));
    EXPECT_STATUS(WW_ERROR_GAVE_UP, CALL(ww_next_linger, ends.client, 10, &step));
    EXPECT(step.kind == WW_STEP_DONE && step.discarded == 0);
    free_ends(&ends);
}

static void writer_and_reader(void)
{
    ww_writer *writer = new_writer();
    ww_reader *reader = new_reader();
    ww_events events;
    ww_memory memory;
    ww_error error;
    ww_span span;
    ww_chunk *chunk;
    size_t count;

    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_writer_slot_commit, writer, 1));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_writer_out_advance, writer, 1));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_reader_in_commit, reader, 1));
    EXPECT_STATUS(WW_ERROR_OVERRUN, CALL(ww_reader_consume, reader, 1));
    OK(CALL(ww_writer_fail, writer, reader)); // it has not failed
    EXPECT(CALL(ww_writer_state, writer) == WW_WRITING_OPEN);
    OK(CALL(ww_writer_on_key_update, writer, 1));
    OK(CALL(ww_writer_update_keys, writer, 1));
    OK(CALL(ww_writer_slot, writer, &memory));
    memory.data[0] = 'x';
    OK(CALL(ww_writer_slot_commit, writer, 1));
    OK(CALL(ww_writer_flush, writer));
    OK(CALL(ww_writer_out_take, writer, SIZE_MAX, &chunk));
    OK(CALL(ww_writer_put_back, writer, chunk));
    OK(CALL(ww_writer_out, writer, &span));
    OK(CALL(ww_reader_receive, reader, span.data, span.len, &count));
    EXPECT(count == span.len && CALL(ww_reader_wants, reader) & WW_WANTS_PROCESS);
    OK(CALL(ww_writer_out_advance, writer, count));
    OK(CALL(ww_reader_process, reader, &events));
    EXPECT(events.key_update != 0);
    OK(CALL(ww_reader_process, reader, &events));
    OK(CALL(ww_reader_plaintext, reader, &span));
    while (span.len == 0 && CALL(ww_writer_wants_drain, writer)) {
        OK(CALL(ww_writer_out, writer, &span));
        OK(CALL(ww_reader_in, reader, &memory));
        memcpy(memory.data, span.data, span.len);
        OK(CALL(ww_reader_in_commit, reader, span.len));
        OK(CALL(ww_writer_out_advance, writer, span.len));
        OK(CALL(ww_reader_process, reader, &events));
        OK(CALL(ww_reader_plaintext, reader, &span));
    }
    EXPECT(span.len == 1 && span.data[0] == 'x');
    OK(CALL(ww_reader_consume, reader, 1));
    OK(CALL(ww_reader_on_sealed, reader, writer));

    OK(CALL(ww_reader_receive, reader, "no record", 9, &count));
    EXPECT(CALL(ww_reader_process, reader, &events) != WW_OK);
    OK(CALL(ww_reader_error, reader, &error));
    EXPECT(error.fault == WW_FAULT_PEER && error.alert >= 0);
    OK(CALL(ww_reader_in_end, reader));
    OK(CALL(ww_writer_fail, writer, reader));
    EXPECT(CALL(ww_writer_state, writer) == WW_WRITING_FAILED);
    EXPECT(CALL(ww_writer_wants_drain, writer)); // the alert
    OK(CALL(ww_writer_error, writer, &error));
    EXPECT(error.status != WW_OK);
    EXPECT_STATUS(WW_ERROR_FAILED, CALL(ww_writer_write, writer, "x", 1, &count));
    CALL(ww_writer_free, writer);
    CALL(ww_reader_free, reader);

    ww_keys keys = fixed_keys();
    OK(CALL(ww_writer_new, &keys, NULL, &writer, NULL));
    EXPECT_STATUS(WW_ERROR_NO_KEY_UPDATE, CALL(ww_writer_update_keys, writer, 0));
    OK(CALL(ww_writer_close, writer));
    EXPECT_STATUS(WW_ERROR_CLOSED, CALL(ww_writer_write_atomic, writer, "x", 1));
    OK(CALL(ww_writer_abort, writer, 80));
    CALL(ww_writer_free, writer);
}

static void tls12_has_no_key_update(void)
{
    ends ends = new_ends(WW_TLS12, NULL);
    EXPECT_STATUS(WW_ERROR_NO_KEY_UPDATE, CALL(ww_update_keys, ends.client, 1));
    free_ends(&ends);
}

void test_order(void)
{
    before_the_handshake();
    without_a_loan();
    chunks();
    more_chunks_than_the_capacity();
    after_the_end();
    after_a_failure();
    driver();
    lingering_is_given_up();
    writer_and_reader();
    tls12_has_no_key_update();
}
