/* SPDX-License-Identifier: Apache-2.0 */
/* socket.h - TCP sockets, non-blocking, IPv4 and IPv6, by "host:port" text. */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_TEXT 64

/* Listens on "127.0.0.1:7350", "[::1]:7350", ":7350" (all addresses) or "host:0" (any port). The
 * descriptor, or SS_ERR_INVALID (bad text), SS_ERR_BUSY (in use), SS_ERR_DENIED, SS_ERR_IO; `why`
 * (may be NULL) gets a sentence that names the address. */
int socket_listen(const char *address, char *why, size_t why_size);
/* The next connection (TCP_NODELAY set), SS_ERR_AGAIN when there is none, SS_ERR_BUSY when
 * descriptors ran out, SS_ERR_IO. `peer` gets "address:port", *loopback whether the peer is this
 * machine. */
int socket_accept(int listener, char peer[ADDRESS_TEXT], bool *loopback);
/* Begins a connection; writable when done. The descriptor or a status as above. */
int socket_connect(const char *address, char *why, size_t why_size);
/* SS_OK when a begun connection stands, SS_ERR_UNAVAILABLE when refused or unreachable. */
int socket_connected(int fd, char *why, size_t why_size);
/* Bytes moved; 0 at the end of the stream (read only); SS_ERR_AGAIN; SS_ERR_CLOSED. */
ptrdiff_t socket_read(int fd, void *buffer, size_t size);
ptrdiff_t socket_write(int fd, const void *buffer, size_t size);
void socket_close(int fd);
/* The bound address as text, for port 0. */
int socket_name(int fd, char name[ADDRESS_TEXT]);
/* True when the text names a loopback address (or "localhost"). */
bool address_is_loopback(const char *address);

#endif
