/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.h - the parts of gRPC over HTTP/2 that an HTTP/2 library leaves to us: status codes, message
 * framing, timeouts, and the percent-encoding of messages.
 * Source: the gRPC project's "gRPC over HTTP2" protocol document. */
#ifndef TRANSPORT_GRPC_H
#define TRANSPORT_GRPC_H

#include "base/bytes.h"
#include "base/time.h"

enum grpc_status {
    GRPC_OK = 0,
    GRPC_CANCELLED = 1,
    GRPC_UNKNOWN = 2,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_ALREADY_EXISTS = 6,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_ABORTED = 10,
    GRPC_OUT_OF_RANGE = 11,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14,
    GRPC_DATA_LOSS = 15,
    GRPC_UNAUTHENTICATED = 16
};

const char *grpc_status_name(enum grpc_status status); /* "NOT_FOUND" */

/* "100m" and the like to microseconds, saturating; SS_ERR_MALFORMED. */
int grpc_timeout_parse(struct bytes text, ss_time *span);
/* The same the other way: at most 8 digits and a unit, rounded up, so that no deadline is sent
 * early. `out` gets the text and a NUL; span >= 0. */
#define GRPC_TIMEOUT_TEXT 10
void grpc_timeout_format(ss_time span, char out[GRPC_TIMEOUT_TEXT]);
/* What a call without grpc-status ended with, by the HTTP status of its answer. */
enum grpc_status grpc_status_of_http(unsigned http_status);
/* What a call ended with whose stream was reset, by the HTTP/2 error code (RFC 9113, section 7). */
enum grpc_status grpc_status_of_reset(uint32_t error_code);
/* True for "application/grpc", "application/grpc+proto" and either with parameters after ';'. */
bool grpc_content_type(struct bytes text);
/* Percent-encodes everything outside 0x20..0x7e and '%' (and decodes; bad escapes stay as they
 * are). */
void grpc_message_encode(struct bytes text, struct buffer *out);
void grpc_message_decode(struct bytes text, struct buffer *out);

#endif
