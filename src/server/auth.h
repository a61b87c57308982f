/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h - who is calling: a short JWT (ES256, RS256) from a pinned key set, a trusted client certificate,
 * or nobody on loopback. */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "base/bytes.h"
#include "base/time.h"

struct auth;

struct identity {
    uint64_t player; /* the token's subject; 0: says nothing (a server) */
    bool server;     /* may name any player */
    bool anonymous;  /* loopback, without a token */
    ss_time expires; /* of the token, SS_NEVER */
};

struct auth_config {
    const char *jwt_keys;  /* JWKS file, NULL: tokens are not accepted */
    const char *audience;  /* must be among `aud`, NULL: not checked */
    bool anonymous_loopback;
    ss_time token_life_max; /* exp - iat (or exp - now without iat) at most, 10 min; 0: any */
};

/* SS_OK or SS_ERR_INVALID with a sentence in `why` (file, which key, what would be right). */
int auth_create(struct auth **auth, const struct memory *memory, const struct auth_config *config,
                char *why, size_t why_size);
void auth_destroy(struct auth *auth);

/* `authorization`: the header's value, empty when absent. `loopback`, `trusted`: of the connection (peer
 * on this machine and no TLS; certificate signed by client_ca). SS_OK, or SS_ERR_DENIED with a sentence
 * (static text) in *why: the call is UNAUTHENTICATED. The algorithm is pinned by the key, never taken from
 * the token; `sub` is a decimal player id or 0x hex, never 0; claim "role": "server" gives that role.
 * Verified tokens are remembered (bounded) by a keyed digest until they expire. */
int auth_identify(struct auth *auth, struct bytes authorization, bool loopback, bool trusted,
                  ss_time now, struct identity *identity, const char **why);

#endif
