// A client and a server in one process, without I/O: the program copies bytes between them.
//
//     memory CA CERTIFICATE KEY      PEM files; the certificate is for "localhost"
//
// For each version: a handshake, 1 MiB to the server and back, a KeyUpdate, and a clean close.
#include "example.h"

enum { BYTES = 1 << 20 };

// Copies pending bytes from one connection to the other, as far as there is room. A transport does
// nothing else.
static size_t carry(ww_connection *from, ww_connection *to)
{
    size_t carried = 0;
    for (;;) {
        ww_span out;
        ww_memory in;
        check(ww_out(from, &out), "ww_out");
        check(ww_in(to, &in), "ww_in");
        size_t n = min_size(out.len, in.len);
        if (n == 0)
            return carried;
        memcpy(in.data, out.data, n);
        check(ww_in_commit(to, n), "ww_in_commit");
        check(ww_out_advance(from, n), "ww_out_advance");
        check_on(to, ww_process(to), "ww_process");
        carried += n;
    }
}

static void handshake(ww_connection *client, ww_connection *server)
{
    while (ww_writing_state(client) == WW_WRITING_NEGOTIATING ||
           ww_writing_state(server) == WW_WRITING_NEGOTIATING) {
        if (carry(client, server) + carry(server, client) == 0)
            fail("handshake", "nothing moves");
    }
}

// Sends `data` from one connection to the other, and compares what arrives. Neither ever holds more
// than its buffers: `ww_write` accepts what fits, and the loop offers the rest later.
static void send_through(ww_connection *from, ww_connection *to, const uint8_t *data, size_t len)
{
    size_t sent = 0, received = 0;
    while (received < len) {
        size_t room = ww_room(from), accepted;
        check_on(from, ww_write(from, data + sent, len - sent, &accepted), "ww_write");
        if (accepted != min_size(room, len - sent))
            fail("ww_write", "accepted something else than ww_room said");
        sent += accepted;

        size_t moved = carry(from, to);
        for (;;) {
            ww_span plaintext;
            check(ww_plaintext(to, &plaintext), "ww_plaintext");
            if (plaintext.len == 0)
                break;
            if (plaintext.len > len - received ||
                memcmp(plaintext.data, data + received, plaintext.len) != 0)
                fail("ww_plaintext", "these bytes were not sent");
            received += plaintext.len;
            check(ww_consume(to, plaintext.len), "ww_consume");
            check_on(to, ww_process(to), "ww_process");
            moved += plaintext.len;
        }
        if (accepted + moved == 0)
            fail("send_through", "nothing moves");
    }
}

// Writes without an extra copy: the text goes directly to the memory where it is sealed.
static void say(ww_connection *from, const char *text)
{
    ww_memory slot;
    check_on(from, ww_slot(from, &slot), "ww_slot");
    size_t len = strlen(text);
    if (slot.len < len)
        fail("ww_slot", "no room");
    memcpy(slot.data, text, len);
    check_on(from, ww_slot_commit(from, len), "ww_slot_commit");
}

static void hear(ww_connection *to, const char *text)
{
    char buf[64];
    size_t count;
    check_on(to, ww_read(to, buf, sizeof buf, &count), "ww_read");
    if (count != strlen(text) || memcmp(buf, text, count) != 0)
        fail("ww_read", "this text was not said");
}

static void run(const ww_client_config *clients, const ww_server_config *servers,
                const uint8_t *data, bool update)
{
    ww_connection *client, *server;
    ww_error error;
    ww_status status = ww_connection_new_client(clients, "localhost", NULL, &client, &error);
    check_error(status, &error, "ww_connection_new_client");
    status = ww_connection_new_server(servers, NULL, &server, &error);
    check_error(status, &error, "ww_connection_new_server");

    handshake(client, server);
    ww_span protocol;
    check(ww_alpn(server, &protocol), "ww_alpn");

    send_through(client, server, data, BYTES);
    if (update)
        check_on(client, ww_update_keys(client, 1), "ww_update_keys");
    send_through(server, client, data, BYTES);
    say(client, "goodbye");
    carry(client, server);
    hear(server, "goodbye");
    carry(server, client); // the answer to the KeyUpdate

    // The two halves close separately: the server can still write after the client has closed.
    check(ww_close(client), "ww_close");
    carry(client, server);
    if (ww_reading_state(server) != WW_READING_PEER_CLOSED)
        fail("ww_close", "the server has not seen it");
    if (ww_writing_state(server) == WW_WRITING_OPEN) {
        say(server, "you too");
        carry(server, client);
        hear(client, "you too");
    }
    check(ww_close(server), "ww_close");
    carry(server, client);
    if (ww_reading_state(client) != WW_READING_PEER_CLOSED ||
        ww_writing_state(client) != WW_WRITING_CLOSED ||
        ww_writing_state(server) != WW_WRITING_CLOSED)
        fail("ww_close", "not closed");

    ww_counts counts;
    check(ww_progress(client, &counts), "ww_progress");
    printf("%s, suite 0x%04x, ALPN %.*s: %d bytes there and back; client: %llu records, "
           "%llu key updates\n",
           version_text(client), ww_cipher_suite(client), (int)protocol.len,
           (const char *)protocol.data, BYTES, (unsigned long long)counts.records,
           (unsigned long long)counts.key_updates);
    ww_connection_free(client);
    ww_connection_free(server);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        fail("usage", "memory CA CERTIFICATE KEY");

    const char *const alpn[] = {"memory/1", NULL};
    ww_server_settings server_settings = {.size = sizeof server_settings,
                                          .certificates.path = argv[2],
                                          .private_key.path = argv[3],
                                          .alpn = alpn};
    ww_server_config *servers;
    ww_error error;
    ww_status status = ww_server_config_new(&server_settings, &servers, &error);
    check_error(status, &error, "ww_server_config_new");

    uint8_t *data = malloc(BYTES);
    if (data == NULL)
        fail_errno("malloc");
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 16);

    const uint32_t versions[] = {WW_TLS13, WW_TLS12};
    for (int i = 0; i < 2; i++) {
        ww_client_settings settings = {.size = sizeof settings,
                                       .roots = WW_ROOTS_PEM,
                                       .roots_pem.path = argv[1],
                                       .versions = versions[i],
                                       .alpn = alpn};
        ww_client_config *clients;
        status = ww_client_config_new(&settings, &clients, &error);
        check_error(status, &error, "ww_client_config_new");
        run(clients, servers, data, versions[i] == WW_TLS13);
        ww_client_config_free(clients);
    }
    ww_server_config_free(servers);
    free(data);
    return 0;
}
