/* A client that asks for short records by max_fragment_length:
 *
 *     mbedtls_client PORT CERTIFICATE 512|1024|2048|4096
 *
 * It forwards its standard input and output, and ends with the server's close_notify. */

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(int result, const char *what) {
    if (result < 0) {
        fprintf(stderr, "%s: -0x%04x\n", what, (unsigned)-result);
        exit(1);
    }
}

static unsigned char code(const char *length) {
    switch (atoi(length)) {
    case 512: return MBEDTLS_SSL_MAX_FRAG_LEN_512;
    case 1024: return MBEDTLS_SSL_MAX_FRAG_LEN_1024;
    case 2048: return MBEDTLS_SSL_MAX_FRAG_LEN_2048;
    case 4096: return MBEDTLS_SSL_MAX_FRAG_LEN_4096;
    default: fprintf(stderr, "no such length: %s\n", length); exit(2);
    }
}

int main(int argc, char **argv) {
    static unsigned char bytes[20000];
    mbedtls_net_context net;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_x509_crt authority;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    int n;

    if (argc != 4) {
        fprintf(stderr, "mbedtls_client PORT CERTIFICATE LENGTH\n");
        return 2;
    }
    mbedtls_net_init(&net);
    mbedtls_ssl_init(&ssl);
    mbedtls_ssl_config_init(&config);
    mbedtls_x509_crt_init(&authority);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    check(mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0), "seed");
    check(mbedtls_x509_crt_parse_file(&authority, argv[2]), argv[2]);
    check(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT),
          "config");
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&config, &authority, NULL);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    check(mbedtls_ssl_conf_max_frag_len(&config, code(argv[3])), "max_frag_len");
    check(mbedtls_ssl_setup(&ssl, &config), "setup");
    check(mbedtls_ssl_set_hostname(&ssl, "localhost"), "name");
    check(mbedtls_net_connect(&net, "127.0.0.1", argv[1], MBEDTLS_NET_PROTO_TCP), "connect");
    mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
    check(mbedtls_ssl_handshake(&ssl), "handshake");
    for (;;) {
        struct pollfd ready[] = {{net.fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        if (mbedtls_ssl_get_bytes_avail(&ssl) == 0)
            check(poll(ready, 2, -1), "poll");
        else
            ready[0].revents = POLLIN;
        if (ready[1].revents) {
            n = read(STDIN_FILENO, bytes, sizeof bytes);
            if (n <= 0)
                break;
            check(mbedtls_ssl_write(&ssl, bytes, n), "write");
        }
        if (ready[0].revents) {
            n = mbedtls_ssl_read(&ssl, bytes, sizeof bytes);
            if (n == 0 || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
                break;
            check(n, "read");
            fwrite(bytes, 1, n, stdout);
            fflush(stdout);
        }
    }
    check(mbedtls_ssl_close_notify(&ssl), "close_notify");
    return 0;
}
