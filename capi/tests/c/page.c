// The blocking loop of docs/c.md, over a transport whose calls fail when the test says so.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

// How many of the next calls fail, and with which number.
static struct {
    int calls, number;
} failing_reads, failing_writes;

static ssize_t read_or_fail(int fd, void *buf, size_t len)
{
    if (failing_reads.calls == 0)
        return read(fd, buf, len);
    failing_reads.calls--;
    errno = failing_reads.number;
    return -1;
}

static ssize_t write_or_fail(int fd, const void *buf, size_t len)
{
    if (failing_writes.calls == 0)
        return write(fd, buf, len);
    failing_writes.calls--;
    errno = failing_writes.number;
    return -1;
}

// The Makefile copies it from the page.
#define read read_or_fail
#define write write_or_fail
#include "run.h"
#undef read
#undef write

// A client on a socket, and a server whose plaintext is already at the other end.
static ends new_ends_on(int fds[2], const char *plaintext)
{
    ends ends = new_ends(0, NULL);
    ww_span span;
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    OK(CALL(ww_write_atomic, ends.server, plaintext, strlen(plaintext)));
    OK(CALL(ww_out, ends.server, &span));
    EXPECT(write(fds[1], span.data, span.len) == (ssize_t)span.len);
    OK(CALL(ww_out_advance, ends.server, span.len));
    return ends;
}

static void expect_read(ww_connection *from, const char *plaintext)
{
    char buf[8];
    size_t count;
    OK(CALL(ww_read, from, buf, sizeof buf, &count));
    EXPECT(count == strlen(plaintext) && memcmp(buf, plaintext, count) == 0);
}

static void interrupted_calls_are_repeated(void)
{
    int fds[2];
    ends ends = new_ends_on(fds, "hello");
    failing_reads.calls = failing_writes.calls = 2;
    failing_reads.number = failing_writes.number = EINTR;
    OK(run(ends.client, fds[0], WW_GOAL_READ));
    expect_read(ends.client, "hello");
    OK(CALL(ww_write_atomic, ends.client, "reply", 5));
    OK(run(ends.client, fds[0], WW_GOAL_FLUSH));
    EXPECT(failing_reads.calls == 0 && failing_writes.calls == 0);
    OK(run(ends.server, fds[1], WW_GOAL_READ));
    expect_read(ends.server, "reply");
    close(fds[0]);
    close(fds[1]);
    free_ends(&ends);
}

// What arrived before a reset can still be read. The reset is reported after it.
static void a_reset_is_not_an_orderly_end(void)
{
    int fds[2];
    ends ends = new_ends_on(fds, "hello");
    close(fds[1]);
    failing_writes.calls = 1;
    failing_writes.number = ECONNRESET;
    OK(CALL(ww_write_atomic, ends.client, "lost", 4));
    OK(run(ends.client, fds[0], WW_GOAL_READ));
    expect_read(ends.client, "hello");
    EXPECT_STATUS(WW_ERROR_TRANSPORT, run(ends.client, fds[0], WW_GOAL_READ));
    EXPECT(failing_writes.calls == 0);
    close(fds[0]);
    free_ends(&ends);
}

void test_page(void)
{
    interrupted_calls_are_repeated();
    a_reset_is_not_an_orderly_end();
}
