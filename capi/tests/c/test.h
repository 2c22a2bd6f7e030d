// What the tests of this directory have in common.
#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wantwrite.h>

// Calls a function, and notes that it was called.
#define CALL(name, ...) (called(#name), name(__VA_ARGS__))
void called(const char *name);

#define EXPECT(condition) \
    do \
        if (!(condition)) \
            unexpected(__FILE__, __LINE__, #condition); \
    while (0)
_Noreturn void unexpected(const char *file, int line, const char *condition);

#define EXPECT_STATUS(status, call) expect_status(__FILE__, __LINE__, #call, (call), (status))
void expect_status(const char *file, int line, const char *call, ww_status got, ww_status expected);
#define OK(call) EXPECT_STATUS(WW_OK, call)

// PEM files: a root, and the server's.
extern const char *ca_path, *certificate_path, *key_path;

// Configurations for "localhost".
ww_client_config *new_client_config(uint32_t versions);
ww_server_config *new_server_config(void);

// A client and a server before their handshake, and behind it.
typedef struct {
    ww_connection *client, *server;
} ends;
ends new_strangers(uint32_t versions, const ww_connection_settings *settings);
ends new_ends(uint32_t versions, const ww_connection_settings *settings);
void free_ends(ends *ends);

// Takes all that waits in one to the other, which processes it as far as nothing has to be read.
ww_status carry(ww_connection *from, ww_connection *to);

// Keys of TLS 1.3 for a writer and a reader beside each other, or of a key and an IV that cannot be
// updated.
ww_keys secret_keys(void);
ww_keys fixed_keys(void);
ww_writer *new_writer(void);
ww_reader *new_reader(void);

void test_nulls(void);
void test_order(void);
void test_sizes(void);
void test_lives(void);

#endif
