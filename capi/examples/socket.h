// Non-blocking sockets on loopback.
#ifndef SOCKET_H
#define SOCKET_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "example.h"

static inline struct sockaddr_in loopback(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static inline void set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        fail_errno("fcntl");
}

static inline void set_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
        fail_errno("fcntl");
}

static inline int connect_to(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail_errno("connect");
    // We send whole records, so the system need not wait for more data.
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        fail_errno("setsockopt");
    set_nonblocking(fd);
    return fd;
}

static inline int listen_on(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 512) < 0)
        fail_errno("listen");
    set_nonblocking(fd);
    return fd;
}

// Prints the port for the program's caller.
static inline void print_port(int fd)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        fail_errno("getsockname");
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
}

// Returns whether a call on a non-blocking socket would have blocked. Exits on any other failure.
static inline bool would_block(const char *what)
{
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        fail_errno(what);
    return true;
}

// A client configuration that trusts the root certificates in a file.
static inline ww_client_config *client_config(const char *roots, uint32_t versions)
{
    ww_client_settings settings = {.size = sizeof settings,
                                   .roots = WW_ROOTS_PEM,
                                   .roots_pem.path = roots,
                                   .versions = versions};
    ww_client_config *config;
    ww_error error;
    ww_status status = ww_client_config_new(&settings, &config, &error);
    check_error(status, &error, "ww_client_config_new");
    return config;
}

static inline ww_server_config *server_config(const char *certificates, const char *key,
                                              const char *const *alpn)
{
    ww_server_settings settings = {.size = sizeof settings,
                                   .certificates.path = certificates,
                                   .private_key.path = key,
                                   .alpn = alpn};
    ww_server_config *config;
    ww_error error;
    ww_status status = ww_server_config_new(&settings, &config, &error);
    check_error(status, &error, "ww_server_config_new");
    return config;
}

static inline uint32_t version_number(const char *text)
{
    return strcmp(text, "1.2") == 0 ? WW_TLS12 : WW_TLS13;
}

// The contents of a file.
typedef struct {
    uint8_t *data;
    size_t len;
} file_bytes;

static inline file_bytes read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        fail_errno(path);
    file_bytes bytes = {.len = (size_t)ftell(file)};
    rewind(file);
    bytes.data = malloc(bytes.len + 1);
    if (bytes.data == NULL || fread(bytes.data, 1, bytes.len, file) != bytes.len)
        fail_errno(path);
    fclose(file);
    return bytes;
}

#endif
