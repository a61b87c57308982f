/* SPDX-License-Identifier: Apache-2.0 */
/* "host:port" is split at the last colon; a host in brackets is IPv6; an empty one means all
 * addresses (one IPv6 socket that takes IPv4 as well, or IPv4 alone where the system has no IPv6).
 */
#include "net/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/status.h"

enum { HOST_MAX = 256, LISTEN_BACKLOG = 1024 };

struct endpoint {
    char host[HOST_MAX];
    char port[8];
};

__attribute__((format(printf, 3, 4))) static void say(char *why, size_t why_size,
                                                      const char *format, ...) {
    va_list arguments;
    if (!why || why_size == 0) return;
    va_start(arguments, format);
    vsnprintf(why, why_size, format, arguments);
    va_end(arguments);
}

/* ---- addresses ----------------------------------------------------------------------------- */

static bool port_valid(const char *port) {
    unsigned value = 0;
    size_t size = strlen(port);
    if (size == 0 || size > 5) return false;
    for (; *port; port++) {
        if (*port < '0' || *port > '9') return false;
        value = value * 10 + (unsigned)(*port - '0');
    }
    return value <= 65535;
}

static int endpoint_parse(const char *address, struct endpoint *endpoint) {
    const char *colon = strrchr(address, ':'), *host = address, *end = colon;
    if (!colon || !port_valid(colon + 1)) return SS_ERR_INVALID;
    if (*host == '[') {
        if (end <= host + 1 || end[-1] != ']') return SS_ERR_INVALID;
        host++, end--;
    } else if (memchr(host, ':', (size_t)(end - host))) {
        return SS_ERR_INVALID; /* IPv6 wants brackets: else where does the port begin? */
    }
    if ((size_t)(end - host) >= HOST_MAX) return SS_ERR_INVALID;
    snprintf(endpoint->host, sizeof endpoint->host, "%.*s", (int)(end - host), host);
    snprintf(endpoint->port, sizeof endpoint->port, "%s", colon + 1);
    return SS_OK;
}

static int resolve(const char *address, bool passive, struct addrinfo **found, char *why,
                   size_t why_size) {
    struct endpoint endpoint;
    if (endpoint_parse(address, &endpoint) != SS_OK) {
        say(why, why_size, "'%s' is not an address of the form host:port", address);
        return SS_ERR_INVALID;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = (passive ? AI_PASSIVE : 0) | AI_NUMERICSERV};
    const char *host = endpoint.host[0] ? endpoint.host : NULL;
    int result = getaddrinfo(host, endpoint.port, &hints, found);
    if (result == 0) return SS_OK;
    say(why, why_size, "'%s': %s", address, gai_strerror(result));
    return SS_ERR_INVALID;
}

static int status_of_errno(int error) {
    switch (error) {
    case EADDRINUSE:
    case EMFILE:
    case ENFILE: return SS_ERR_BUSY;
    case EACCES:
    case EPERM: return SS_ERR_DENIED;
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ETIMEDOUT: return SS_ERR_UNAVAILABLE;
    default: return SS_ERR_IO;
    }
}

static bool loopback_of(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family != AF_INET6) return false;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

static void address_text(const struct sockaddr *address, char text[ADDRESS_TEXT]) {
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(text, ADDRESS_TEXT, "%s:%u", host, ntohs(v4->sin_port));
        return;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
    inet_ntop(mapped ? AF_INET : AF_INET6,
              mapped ? &v6->sin6_addr.s6_addr[12] : &v6->sin6_addr.s6_addr[0], host, sizeof host);
    snprintf(text, ADDRESS_TEXT, mapped ? "%s:%u" : "[%s]:%u", host, ntohs(v6->sin6_port));
}

/* Every address that the host resolves to must be one of this machine. */
bool address_is_loopback(const char *address) {
    struct addrinfo *found;
    if (address[0] == ':' || resolve(address, false, &found, NULL, 0) != SS_OK) return false;
    bool loopback = true;
    for (const struct addrinfo *each = found; each; each = each->ai_next)
        loopback = loopback && loopback_of(each->ai_addr);
    freeaddrinfo(found);
    return loopback;
}

/* ---- listening and connecting -------------------------------------------------------------- */

static void option_set(int fd, int level, int option, int value) {
    setsockopt(fd, level, option, &value, sizeof value);
}

static int socket_of(const struct addrinfo *address) {
    return socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* A listening descriptor, or -1 with errno. */
static int listen_on(const struct addrinfo *address, bool all) {
    int fd = socket_of(address);
    if (fd < 0) return -1;
    option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (address->ai_family == AF_INET6) option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !all);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int connect_to(const struct addrinfo *address, bool all) {
    (void)all;
    int fd = socket_of(address);
    if (fd < 0) return -1;
    option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* The first address that `open` can do something with; all addresses: IPv6 first, it takes both. */
static int open_first(const char *address, bool passive, int (*open)(const struct addrinfo *, bool),
                      char *why, size_t why_size) {
    struct addrinfo *found;
    bool all = address[0] == ':';
    int status = resolve(address, passive, &found, why, why_size), fd = -1;
    if (status != SS_OK) return status;
    errno = EADDRNOTAVAIL;
    for (unsigned round = 0; fd < 0 && round < 2; round++) {
        for (const struct addrinfo *each = found; each && fd < 0; each = each->ai_next)
            if (all ? (each->ai_family == AF_INET6) == (round == 0) : round == 0)
                fd = open(each, all);
    }
    int error = errno;
    freeaddrinfo(found);
    if (fd >= 0) return fd;
    say(why, why_size, "cannot %s '%s': %s", passive ? "listen on" : "connect to", address,
        strerror(error));
    return status_of_errno(error);
}

int socket_listen(const char *address, char *why, size_t why_size) {
    return open_first(address, true, listen_on, why, why_size);
}

int socket_connect(const char *address, char *why, size_t why_size) {
    return open_first(address, false, connect_to, why, why_size);
}

int socket_connected(int fd, char *why, size_t why_size) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error == 0) return SS_OK;
    say(why, why_size, "cannot connect: %s", strerror(error));
    return SS_ERR_UNAVAILABLE;
}

int socket_accept(int listener, char peer[ADDRESS_TEXT], bool *loopback) {
    struct sockaddr_storage address = {0};
    for (;;) {
        socklen_t size = sizeof address;
        int fd =
            accept4(listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
            address_text((const struct sockaddr *)&address, peer);
            *loopback = loopback_of((const struct sockaddr *)&address);
            return fd;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return SS_ERR_AGAIN;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            return SS_ERR_BUSY;
        if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) return SS_ERR_IO;
    }
}

/* ---- bytes --------------------------------------------------------------------------------- */

static ptrdiff_t moved(ssize_t result) {
    if (result >= 0) return result;
    return errno == EAGAIN || errno == EWOULDBLOCK ? SS_ERR_AGAIN : SS_ERR_CLOSED;
}

ptrdiff_t socket_read(int fd, void *buffer, size_t size) {
    ssize_t result;
    do {
        result = recv(fd, buffer, size, 0);
    } while (result < 0 && errno == EINTR);
    return moved(result);
}

ptrdiff_t socket_write(int fd, const void *buffer, size_t size) {
    ssize_t result;
    do {
        result = send(fd, buffer, size, MSG_NOSIGNAL);
    } while (result < 0 && errno == EINTR);
    return moved(result);
}

void socket_close(int fd) {
    if (fd >= 0) close(fd);
}

int socket_name(int fd, char name[ADDRESS_TEXT]) {
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return SS_ERR_IO;
    address_text((const struct sockaddr *)&address, name);
    return SS_OK;
}
