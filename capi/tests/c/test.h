// Shared by the tests in this directory.
#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wantwrite.h>

// Calls a function, and counts the call.
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

// PEM files: the root, and the server's certificate and key.
extern const char *ca_path, *certificate_path, *key_path;

// Configurations for "localhost".
ww_client_config *new_client_config(uint32_t versions);
ww_server_config *new_server_config(void);

// A client and a server: `new_strangers` returns them before the handshake, `new_ends` after it.
typedef struct {
    ww_connection *client, *server;
} ends;
ends new_strangers(uint32_t versions, const ww_connection_settings *settings);
ends new_ends(uint32_t versions, const ww_connection_settings *settings);
void free_ends(ends *ends);

// Copies all pending bytes from one connection to the other, which processes them until its
// plaintext must be read.
ww_status carry(ww_connection *from, ww_connection *to);

// TLS 1.3 keys for a writer and a reader: from a traffic secret, or from a key and an IV, which
// cannot be updated.
ww_keys secret_keys(void);
ww_keys fixed_keys(void);
ww_writer *new_writer(void);
ww_reader *new_reader(void);

void test_nulls(void);
void test_order(void);
void test_sizes(void);
void test_lives(void);
void test_page(void);

#endif
