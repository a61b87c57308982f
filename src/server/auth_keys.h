/* SPDX-License-Identifier: Apache-2.0 */
/* auth_keys.h - the pinned public keys (a JWKS file, RFC 7517), each with the one algorithm it
 * serves. */
#ifndef SERVER_AUTH_KEYS_H
#define SERVER_AUTH_KEYS_H

#include <cjose/cjose.h>

#include "base/bytes.h"

#define AUTH_KEYS_MAX 16
#define AUTH_KID_MAX  256

enum auth_algorithm { AUTH_ES256, AUTH_RS256 };

struct auth_key {
    cjose_jwk_t *jwk;
    enum auth_algorithm algorithm;
    char kid[AUTH_KID_MAX]; /* "": the file gives it no name */
};

struct auth_keys {
    struct auth_key keys[AUTH_KEYS_MAX];
    size_t count;
};

/* "ES256" or "RS256"; false for any other. */
bool auth_algorithm_find(const char *name, enum auth_algorithm *algorithm);

/* Reads `file`. Keys for other uses are passed over; secrets, weak keys and two of one name are
 * refused. An error frees what was read. SS_OK or SS_ERR_INVALID with a sentence in `why`. */
int auth_keys_read(struct auth_keys *keys, const char *file, char *why, size_t why_size);
void auth_keys_free(struct auth_keys *keys);

#endif
