/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h - TLS 1.3 by OpenSSL as a sans-I/O filter between a socket and a machine (memory BIOs).
 * ALPN "h2" (and "http/1.1" on a server). */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/bytes.h"

struct tls_context;
struct tls;

/* Server: `cert` and `key` PEM files; `client_ca` NULL, or a PEM file: client certificates are then
 * asked for (not demanded) and verified. Client: `ca` in client_ca, cert and key optional. SS_OK or
 * SS_ERR_INVALID with a sentence naming the file in `why`. */
int tls_context_create(struct tls_context **context, const struct memory *memory, bool server,
                       const char *cert, const char *key, const char *client_ca, char *why,
                       size_t why_size);
void tls_context_destroy(struct tls_context *context);

/* A client also needs `server_name` (a host name or an IP address; NULL checks no name) and begins
 * by tls_recv without bytes. SS_OK or SS_ERR_NOMEM. */
int tls_create(struct tls **tls, struct tls_context *context, const char *server_name);
void tls_destroy(struct tls *tls);
/* Bytes from the socket in; plain bytes appended to `plain`; what must be sent appended to `wire`.
 * SS_OK, SS_ERR_CLOSED at the end, SS_ERR_MALFORMED when the handshake or a record fails (`wire`
 * may hold an alert), SS_ERR_NOMEM. */
int tls_recv(struct tls *tls, struct bytes wire_in, struct buffer *plain, struct buffer *wire);
/* Plain bytes out as records appended to `wire`. SS_ERR_AGAIN before the handshake is done (nothing
 * was taken). */
int tls_send(struct tls *tls, struct bytes plain, struct buffer *wire);
/* The end of what we send (close_notify), appended to `wire`. */
void tls_close(struct tls *tls, struct buffer *wire);
bool tls_ready(const struct tls *tls);
/* True when the peer showed a certificate signed by client_ca: the role server. */
bool tls_peer_trusted(const struct tls *tls);

#endif
