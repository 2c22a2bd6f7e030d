// Shared by the programs in this directory.
#include "test.h"

const char *ca_path, *certificate_path, *key_path;

void unexpected(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: expected %s\n", file, line, condition);
    exit(1);
}

void expect_status(const char *file, int line, const char *call, ww_status got, ww_status expected)
{
    if (got != expected) {
        fprintf(stderr, "%s:%d: %s: expected %d (%s), got %d (%s)\n", file, line, call, expected,
                ww_status_text((int32_t)expected), got, ww_status_text((int32_t)got));
        exit(1);
    }
}

ww_client_config *new_client_config(uint32_t versions)
{
    const char *const alpn[] = {"test/1", NULL};
    ww_client_settings settings = {.size = sizeof settings,
                                   .roots = WW_ROOTS_PEM,
                                   .roots_pem.path = ca_path,
                                   .versions = versions,
                                   .alpn = alpn};
    ww_client_config *config;
    OK(CALL(ww_client_config_new, &settings, &config, NULL));
    return config;
}

ww_server_config *new_server_config(void)
{
    const char *const alpn[] = {"test/1", NULL};
    ww_server_settings settings = {.size = sizeof settings,
                                   .certificates.path = certificate_path,
                                   .private_key.path = key_path,
                                   .alpn = alpn};
    ww_server_config *config;
    OK(CALL(ww_server_config_new, &settings, &config, NULL));
    return config;
}

ends new_strangers(uint32_t versions, const ww_connection_settings *settings)
{
    ends ends;
    ww_client_config *clients = new_client_config(versions);
    ww_server_config *servers = new_server_config();
    OK(CALL(ww_connection_new_client, clients, "localhost", settings, &ends.client, NULL));
    OK(CALL(ww_connection_new_server, servers, settings, &ends.server, NULL));
    CALL(ww_client_config_free, clients);
    CALL(ww_server_config_free, servers);
    return ends;
}

ww_status carry(ww_connection *from, ww_connection *to)
{
    ww_status status = WW_OK;
    for (;;) {
        ww_span out;
        size_t taken;
        OK(CALL(ww_out, from, &out));
        OK(CALL(ww_receive, to, out.data, out.len, &taken));
        OK(CALL(ww_out_advance, from, taken));
        if (taken > 0)
            status = CALL(ww_process, to);
        if (taken == 0 || status != WW_OK)
            return status;
    }
}

ends new_ends(uint32_t versions, const ww_connection_settings *settings)
{
    ends ends = new_strangers(versions, settings);
    for (int i = 0; i < 4; i++) {
        OK(carry(ends.client, ends.server));
        OK(carry(ends.server, ends.client));
    }
    EXPECT(CALL(ww_writing_state, ends.client) == WW_WRITING_OPEN);
    EXPECT(CALL(ww_writing_state, ends.server) == WW_WRITING_OPEN);
    return ends;
}

void free_ends(ends *ends)
{
    CALL(ww_connection_free, ends->client);
    CALL(ww_connection_free, ends->server);
}

static const uint8_t some_bytes[32] = {1, 2, 3};

ww_keys secret_keys(void)
{
    return (ww_keys){.size = sizeof(ww_keys), .suite = 0x1301, .secret = some_bytes,
                     .secret_len = 32};
}

ww_keys fixed_keys(void)
{
    return (ww_keys){.size = sizeof(ww_keys), .suite = 0x1301, .key = some_bytes, .key_len = 16,
                     .iv = some_bytes};
}

ww_writer *new_writer(void)
{
    ww_keys keys = secret_keys();
    ww_writer *writer;
    OK(CALL(ww_writer_new, &keys, NULL, &writer, NULL));
    return writer;
}

ww_reader *new_reader(void)
{
    ww_keys keys = secret_keys();
    ww_reader *reader;
    OK(CALL(ww_reader_new, &keys, 1, NULL, &reader, NULL));
    return reader;
}
