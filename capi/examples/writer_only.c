// A writer with keys from another library's handshake: OpenSSL connects, and then wantwrite seals
// what the program sends. OpenSSL still reads.
//
//     writer_only PORT CA FILE
//
// The keys come from a TLS 1.3 traffic secret, so they can be updated. The program does that
// half-way.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

#include "example.h"
#include "socket.h"

enum { MAX_SECRET = 48 };

typedef struct {
    uint8_t bytes[MAX_SECRET];
    size_t len;
} traffic_secret;

static _Noreturn void fail_openssl(const char *what)
{
    ERR_print_errors_fp(stderr);
    fail(what, "OpenSSL failed");
}

// OpenSSL reports its secrets as lines of an SSLKEYLOGFILE: "LABEL CLIENT_RANDOM SECRET", in hex.
// We need the secret with which the client seals application data.
static void on_secret(const SSL *ssl, const char *line)
{
    static const char label[] = "CLIENT_TRAFFIC_SECRET_0 ";
    traffic_secret *secret = SSL_get_app_data(ssl);
    if (strncmp(line, label, sizeof label - 1) != 0)
        return;
    const char *hex = strrchr(line, ' ') + 1;
    secret->len = min_size(strlen(hex) / 2, MAX_SECRET);
    for (size_t i = 0; i < secret->len; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            fail("on_secret", "expected hex");
        secret->bytes[i] = (uint8_t)byte;
    }
}

// Performs the handshake with OpenSSL, and stores the secret for the writer.
static SSL *handshake(SSL_CTX *context, int fd, traffic_secret *secret)
{
    SSL_CTX_set_keylog_callback(context, on_secret);
    SSL *ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_app_data(ssl, secret) != 1 || SSL_set_fd(ssl, fd) != 1 ||
        SSL_set_min_proto_version(ssl, TLS1_3_VERSION) != 1 || SSL_set1_host(ssl, "localhost") != 1)
        fail_openssl("SSL_new");
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    if (SSL_connect(ssl) != 1)
        fail_openssl("SSL_connect");
    if (secret->len == 0)
        fail("handshake", "no secret was told");
    return ssl;
}

static ww_writer *new_writer(const SSL *ssl, const traffic_secret *secret)
{
    ww_keys keys = {.size = sizeof keys,
                    .suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl)),
                    .secret = secret->bytes,
                    .secret_len = secret->len};
    ww_writer *writer;
    ww_error error;
    ww_status status = ww_writer_new(&keys, NULL, &writer, &error);
    check_error(status, &error, "ww_writer_new");
    return writer;
}

// Writes all pending bytes to the blocking socket.
static void drain(int fd, ww_writer *writer)
{
    struct iovec iov[8];
    size_t count;
    while (ww_writer_wants_drain(writer)) {
        check(ww_writer_out_iov(writer, iov, 8, &count), "ww_writer_out_iov");
        ssize_t n = writev(fd, iov, (int)count);
        if (n < 0 && errno != EINTR)
            fail_errno("writev");
        check(ww_writer_out_advance(writer, n < 0 ? 0 : (size_t)n), "ww_writer_out_advance");
    }
}

static void send_all(int fd, ww_writer *writer, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t accepted;
        check(ww_writer_write(writer, data, len, &accepted), "ww_writer_write");
        data += accepted;
        len -= accepted;
        drain(fd, writer);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4)
        fail("usage", "writer_only PORT CA FILE");
    signal(SIGPIPE, SIG_IGN);
    file_bytes file = read_file(argv[3]);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_load_verify_locations(context, argv[2], NULL) != 1)
        fail_openssl("SSL_CTX_new");
    int fd = connect_to(argv[1]);
    set_blocking(fd);

    traffic_secret secret = {.len = 0};
    SSL *ssl = handshake(context, fd, &secret);
    ww_writer *writer = new_writer(ssl, &secret);
    OPENSSL_cleanse(&secret, sizeof secret); // the writer has a copy

    size_t half = file.len / 2;
    send_all(fd, writer, file.data, half);
    check(ww_writer_update_keys(writer, 0), "ww_writer_update_keys");
    send_all(fd, writer, file.data + half, file.len - half);
    check(ww_writer_close(writer), "ww_writer_close");
    drain(fd, writer);

    // The server closes too once it has read everything. Session tickets can arrive before that.
    char byte;
    int n = SSL_read(ssl, &byte, 1);
    if (SSL_get_error(ssl, n) != SSL_ERROR_ZERO_RETURN)
        fail_openssl("SSL_read");

    ww_counts counts;
    check(ww_writer_progress(writer, &counts), "ww_writer_progress");
    printf("%s, %s: OpenSSL's handshake, then %llu bytes in %llu records, %llu key update\n",
           SSL_get_version(ssl), SSL_get_cipher_name(ssl),
           (unsigned long long)counts.drained_plaintext, (unsigned long long)counts.records,
           (unsigned long long)counts.key_updates);
    ww_writer_free(writer);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    free(file.data);
    return 0;
}
