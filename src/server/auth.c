/* SPDX-License-Identifier: Apache-2.0 */
/* A token that is shown must be good, also where none would be needed: falling back to what the
 * connection may do by itself would hide expired tokens and mistyped keys. */
#include "server/auth.h"

#include <stdio.h>
#include <strings.h>

#include "base/status.h"
#include "server/auth_cache.h"
#include "server/auth_token.h"

struct auth {
    const struct memory *memory;
    struct auth_keys keys;
    struct auth_cache cache;
    char *audience; /* NULL: not checked */
    ss_time life_max;
    bool anonymous_loopback;
};

static size_t text_size(const char *text) {
    return text ? strlen(text) + 1 : 0;
}

static int out_of_memory(char *why, size_t why_size) {
    snprintf(why, why_size, "out of memory for authentication");
    return SS_ERR_NOMEM;
}

static int auth_fill(struct auth *auth, const struct auth_config *config, char *why,
                     size_t why_size) {
    auth->life_max = config->token_life_max;
    auth->anonymous_loopback = config->anonymous_loopback;
    if (auth_cache_init(&auth->cache, auth->memory) != SS_OK) {
        snprintf(why, why_size, "the system gives no random numbers");
        return SS_ERR_IO;
    }
    if (config->audience) {
        auth->audience = memory_alloc(auth->memory, text_size(config->audience));
        if (!auth->audience) return out_of_memory(why, why_size);
        memcpy(auth->audience, config->audience, text_size(config->audience));
    }
    return config->jwt_keys ? auth_keys_read(&auth->keys, config->jwt_keys, why, why_size) : SS_OK;
}

int auth_create(struct auth **created, const struct memory *memory,
                const struct auth_config *config, char *why, size_t why_size) {
    *created = NULL;
    struct auth *auth = memory_zeroed(memory, 1, sizeof *auth);
    if (!auth) return out_of_memory(why, why_size);
    auth->memory = memory;
    int status = auth_fill(auth, config, why, why_size);
    if (status == SS_OK) {
        *created = auth;
    } else {
        auth_destroy(auth);
    }
    return status;
}

void auth_destroy(struct auth *auth) {
    if (!auth) return;
    auth_keys_free(&auth->keys);
    auth_cache_free(&auth->cache);
    memory_free(auth->memory, auth->audience, text_size(auth->audience));
    memory_free(auth->memory, auth, sizeof *auth);
}

/* The token of "Bearer TOKEN" (RFC 6750; the scheme in any case); empty when it is another scheme.
 */
static struct bytes bearer_token(struct bytes header) {
    static const char scheme[] = "bearer ";
    size_t size = sizeof scheme - 1;
    if (header.size <= size || strncasecmp((const char *)header.data, scheme, size) != 0)
        return (struct bytes){NULL, 0};
    while (size < header.size && header.data[size] == ' ')
        size++;
    return bytes_view(header.data + size, header.size - size);
}

static const char *identify_token(struct auth *auth, struct bytes token, ss_time now,
                                  struct identity *identity) {
    const struct auth_token_rules rules = {auth->audience, auth->life_max};
    if (token.size > AUTH_TOKEN_MAX) return "the token is longer than 8192 bytes";
    struct cache_digest digest = auth_cache_digest(&auth->cache, token);
    if (auth_cache_find(&auth->cache, &digest, now, AUTH_LEEWAY, identity)) return NULL;
    const char *problem = auth_token_verify(token, &auth->keys, &rules, now, identity);
    if (!problem) auth_cache_add(&auth->cache, &digest, identity);
    return problem;
}

static const char *identify_connection(const struct auth *auth, bool loopback, bool trusted,
                                       struct identity *identity) {
    *identity = (struct identity){.server = true, .expires = SS_NEVER};
    if (trusted) return NULL;
    if (!loopback || !auth->anonymous_loopback)
        return "no token; want authorization: Bearer TOKEN, or a trusted client certificate";
    identity->anonymous = true;
    return NULL;
}

static const char *identify(struct auth *auth, struct bytes authorization, bool loopback,
                            bool trusted, ss_time now, struct identity *identity) {
    if (authorization.size == 0) return identify_connection(auth, loopback, trusted, identity);
    struct bytes token = bearer_token(authorization);
    if (token.size == 0) return "want authorization: Bearer TOKEN";
    if (auth->keys.count == 0)
        return "tokens are not accepted here: no auth.jwt_keys are configured";
    const char *problem = identify_token(auth, token, now, identity);
    if (!problem && trusted) identity->server = true;
    return problem;
}

int auth_identify(struct auth *auth, struct bytes authorization, bool loopback, bool trusted,
                  ss_time now, struct identity *identity, const char **why) {
    *why = identify(auth, authorization, loopback, trusted, now, identity);
    if (!*why) return SS_OK;
    *identity = (struct identity){.expires = 0};
    return SS_ERR_DENIED;
}
