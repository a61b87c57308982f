/* SPDX-License-Identifier: Apache-2.0 */
/* auth_token.h - one JWT (RFC 7519, compact JWS): its signature against the pinned keys, then its
 * claims. */
#ifndef SERVER_AUTH_TOKEN_H
#define SERVER_AUTH_TOKEN_H

#include "server/auth.h"
#include "server/auth_keys.h"

#define AUTH_TOKEN_MAX 8192
#define AUTH_LEEWAY    (5 * SS_SECOND) /* between our clock and the issuer's */

/* What claims are held against. */
struct auth_token_rules {
    const char *audience; /* NULL: any */
    ss_time life_max;     /* 0: any */
};

/* NULL and the identity, or why the token is refused (static text). */
const char *auth_token_verify(struct bytes token, const struct auth_keys *keys,
                         const struct auth_token_rules *rules, ss_time now, struct identity *identity);

#endif
