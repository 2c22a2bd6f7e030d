// Shared by all examples: exits with a message if something fails.
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wantwrite.h>

static inline _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

// For system calls.
static inline _Noreturn void fail_errno(const char *what) { fail(what, strerror(errno)); }

// For calls that return only a status.
static inline void check(ww_status status, const char *what)
{
    if (status != WW_OK)
        fail(what, ww_status_text(status));
}

// For calls that fill in a `ww_error`.
static inline void check_error(ww_status status, const ww_error *error, const char *what)
{
    if (status != WW_OK)
        fail(what, error->text);
}

// For calls on a connection: if it has failed, prints the reason.
static inline void check_on(const ww_connection *connection, ww_status status, const char *what)
{
    ww_error error;
    if (status == WW_OK)
        return;
    if (ww_connection_error(connection, &error) == WW_OK && error.status != WW_OK)
        fail(what, error.text);
    check(status, what);
}

static inline size_t min_size(size_t a, size_t b) { return a < b ? a : b; }

static inline const char *version_text(const ww_connection *connection)
{
    return ww_version(connection) == 0x0304 ? "TLS 1.3" : "TLS 1.2";
}

#endif
