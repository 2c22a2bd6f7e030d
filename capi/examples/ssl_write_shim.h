// `SSL_write`, `SSL_read`, `SSL_get_error` and `SSL_shutdown` as OpenSSL's manual pages describe
// them, on top of `ww_*`. The names begin with `shim_`, so a program can use OpenSSL as well.
#ifndef SSL_WRITE_SHIM_H
#define SSL_WRITE_SHIM_H

#include <wantwrite.h>

// The results of `shim_SSL_get_error`, with OpenSSL's numbers.
enum {
    SHIM_SSL_ERROR_NONE = 0,
    SHIM_SSL_ERROR_SSL = 1,
    SHIM_SSL_ERROR_WANT_READ = 2,
    SHIM_SSL_ERROR_WANT_WRITE = 3,
    SHIM_SSL_ERROR_SYSCALL = 5,
    SHIM_SSL_ERROR_ZERO_RETURN = 6,
};

// The modes for `shim_SSL_set_mode`, with OpenSSL's numbers.
enum {
    SHIM_SSL_MODE_ENABLE_PARTIAL_WRITE = 1,
    SHIM_SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 2,
};

typedef struct shim_SSL shim_SSL;

// Takes ownership of the connection, and borrows the socket. Returns NULL if memory runs out. A
// connection is created as a client or a server, so `SSL_set_connect_state` has no equivalent.
shim_SSL *shim_SSL_new(ww_connection *connection, int fd);
void shim_SSL_free(shim_SSL *ssl);
void shim_SSL_set_mode(shim_SSL *ssl, unsigned mode);

int shim_SSL_write(shim_SSL *ssl, const void *buf, int num);
int shim_SSL_read(shim_SSL *ssl, void *buf, int num);
int shim_SSL_shutdown(shim_SSL *ssl);
int shim_SSL_get_error(const shim_SSL *ssl, int ret);

#endif
