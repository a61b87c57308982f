/* SPDX-License-Identifier: Apache-2.0 */
/* {"keys": [{"kty": "EC", "crv": "P-256", "kid": "2026-1", "x": "...", "y": "..."}, ...]}
 *
 * The algorithm follows from the key's own type (RFC 8725, 3.1), so that a token can never choose
 * how it is checked: an EC key on P-256 serves ES256, an RSA key RS256, and nothing else is taken.
 */
#include "server/auth_keys.h"

#include <jansson.h>
#include <openssl/err.h>
#include <stdio.h>

#include "base/status.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

bool auth_algorithm_find(const char *name, enum auth_algorithm *algorithm) {
    if (strcmp(name, "ES256") == 0) {
        *algorithm = AUTH_ES256;
        return true;
    }
    *algorithm = AUTH_RS256;
    return strcmp(name, "RS256") == 0;
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* Why this entry can be no key of ours, NULL when it can. */
static const char *unsuitable(const json_t *entry) {
    const char *kty = text_of(entry, "kty"), *alg = text_of(entry, "alg");
    if (!json_is_object(entry)) return "it is no JSON object";
    if (strcmp(kty, "oct") == 0 || json_object_get(entry, "k"))
        return "it is a shared secret; tokens are signed with ES256 or RS256, give the public key";
    if (json_object_get(entry, "d"))
        return "it contains the private key; give the public one only, and replace the leaked one";
    if (strcmp(kty, "EC") == 0 && strcmp(text_of(entry, "crv"), "P-256") == 0)
        return *alg && strcmp(alg, "ES256") != 0 ? "an EC key on P-256 serves alg ES256" : NULL;
    if (strcmp(kty, "RSA") == 0)
        return *alg && strcmp(alg, "RS256") != 0 ? "an RSA key serves alg RS256" : NULL;
    return "want kty EC with crv P-256 (ES256), or kty RSA (RS256)";
}

static bool for_other_use(const json_t *entry) {
    const char *use = text_of(entry, "use");
    return *use && strcmp(use, "sig") != 0;
}

/* What is wrong with the numbers of the key, NULL when it stands in *key. */
static const char *import(struct auth_key *key, const json_t *entry) {
    cjose_err error;
    char *text = json_dumps(entry, JSON_COMPACT);
    key->jwk = text ? cjose_jwk_import(text, strlen(text), &error) : NULL;
    free(text);
    ERR_clear_error();
    if (!key->jwk) return "its numbers are no key of that type";
    if (cjose_jwk_get_kty(key->jwk, &error) == CJOSE_JWK_KTY_EC) {
        key->algorithm = AUTH_ES256;
        return NULL;
    }
    key->algorithm = AUTH_RS256;
    size_t bits = cjose_jwk_get_keysize(key->jwk, &error);
    return bits < RSA_BITS_MIN || bits > RSA_BITS_MAX ? "want an RSA key of 2048 to 8192 bits"
                                                      : NULL;
}

static const char *take_name(const struct auth_keys *keys, struct auth_key *key,
                             const json_t *entry) {
    const json_t *kid = json_object_get(entry, "kid");
    if (!kid) return NULL;
    if (!json_is_string(kid) || json_string_length(kid) == 0 ||
        json_string_length(kid) >= sizeof key->kid)
        return "its kid is no text of 1 to 255 bytes";
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].kid, json_string_value(kid)) == 0)
            return "an earlier key has the same kid";
    snprintf(key->kid, sizeof key->kid, "%s", json_string_value(kid));
    return NULL;
}

static const char *add_key(struct auth_keys *keys, const json_t *entry) {
    if (keys->count == AUTH_KEYS_MAX)
        return "at most 16 keys are taken; remove those that are retired";
    struct auth_key *key = &keys->keys[keys->count];
    *key = (struct auth_key){.jwk = NULL};
    const char *problem = unsuitable(entry);
    if (!problem) problem = take_name(keys, key, entry);
    if (!problem) problem = import(key, entry);
    if (!problem) {
        keys->count++;
    } else if (key->jwk) {
        cjose_jwk_release(key->jwk);
    }
    return problem;
}

static int add_all(struct auth_keys *keys, const json_t *list, const char *file, char *why,
                   size_t why_size) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        if (for_other_use(entry)) continue;
        const char *problem = add_key(keys, entry);
        if (!problem) continue;
        snprintf(why, why_size, "%s: key %zu (kid \"%.64s\"): %s", file, i + 1,
                 text_of(entry, "kid"), problem);
        return SS_ERR_INVALID;
    }
    if (keys->count > 0) return SS_OK;
    snprintf(why, why_size, "%s: no keys; want {\"keys\": [...]} with a public EC or RSA key",
             file);
    return SS_ERR_INVALID;
}

int auth_keys_read(struct auth_keys *keys, const char *file, char *why, size_t why_size) {
    json_error_t error;
    keys->count = 0;
    json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        snprintf(why, why_size, "%s:%d: %s; want a JWKS file", file,
                 error.line > 0 ? error.line : 1, error.text);
        return SS_ERR_INVALID;
    }
    int status = add_all(keys, json_object_get(root, "keys"), file, why, why_size);
    json_decref(root);
    if (status != SS_OK) auth_keys_free(keys);
    return status;
}

void auth_keys_free(struct auth_keys *keys) {
    for (size_t i = 0; i < keys->count; i++)
        cjose_jwk_release(keys->keys[i].jwk);
    keys->count = 0;
}
