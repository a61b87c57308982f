/* SPDX-License-Identifier: Apache-2.0 */
/* http1.h - HTTP/1.1 by libhttp-parser on the same port: GET and HEAD, for probes and scrapers that
 * speak nothing else. One exchange at a time; bytes of a next request wait until it is answered. */
#ifndef TRANSPORT_HTTP1_H
#define TRANSPORT_HTTP1_H

#include "transport/state.h"

int http1_create(struct connection *connection); /* SS_OK or SS_ERR_NOMEM */
void http1_destroy(struct connection *connection);
void http1_recv(struct connection *connection, struct bytes bytes);
/* Writes the answer of a call that is ready into connection->out. */
void http1_flush(struct connection *connection);
/* connection->out has been sent: the exchange is over. */
void http1_sent(struct connection *connection);
/* True when a request may follow and its bytes wait. */
bool http1_resumable(const struct connection *connection);
void http1_resume(struct connection *connection);
/* False while an answer is owed. */
bool http1_wants_read(const struct connection *connection);
/* The request took too long: 408. */
void http1_timeout(struct connection *connection);

#endif
