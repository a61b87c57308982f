/* SPDX-License-Identifier: Apache-2.0 */
/* BASE64URL(header) "." BASE64URL(claims) "." BASE64URL(signature)
 *
 * Cheap refusals come first: shape, header, key, and only then the signature (about 0.1 ms), whose
 * library sees nothing but well-formed tokens of a known algorithm. Claims are read only of what
 * was verified. */
#include "server/auth_token.h"

#include <jansson.h>
#include <openssl/err.h>

#include "base/status.h"

#define ES256_SIGNATURE 86 /* letters: 64 bytes */

/* ---- shape and header ---------------------------------------------------------------------- */

struct parts {
    struct bytes header, claims, signature;
};

static bool is_base64url(struct bytes text) {
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool known = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_';
        if (!known) return false;
    }
    return text.size > 0 && text.size % 4 != 1;
}

/* What stands before the next dot, which is dropped. */
static struct bytes next_part(struct bytes *rest) {
    const uint8_t *dot = rest->size ? memchr(rest->data, '.', rest->size) : NULL;
    size_t size = dot ? (size_t)(dot - rest->data) : rest->size;
    struct bytes part = {rest->data, size};
    size_t used = size + (dot != NULL);
    *rest = bytes_view(rest->data + used, rest->size - used);
    return part;
}

static bool token_split(struct bytes token, struct parts *parts) {
    parts->header = next_part(&token);
    parts->claims = next_part(&token);
    parts->signature = token; /* a third dot is no letter of base64url */
    return is_base64url(parts->header) && is_base64url(parts->claims) &&
           is_base64url(parts->signature);
}

static json_t *parse_object(const void *text, size_t size) {
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object)) return object;
    json_decref(object);
    return NULL;
}

static json_t *decode_header(struct bytes part) {
    cjose_err error;
    uint8_t *text = NULL;
    size_t size = 0;
    if (!cjose_base64url_decode((const char *)part.data, part.size, &text, &size, &error))
        return NULL;
    json_t *header = parse_object(text, size);
    cjose_get_dealloc()(text);
    return header;
}

/* ---- signature ----------------------------------------------------------------------------- */

static const char bad_signature[] = "the token's signature is not valid";

/* NULL and the verified claims, or what is wrong. */
static const char *open_with(const struct auth_key *key, struct bytes token, json_t **claims) {
    cjose_err error;
    cjose_jws_t *jws = cjose_jws_import((const char *)token.data, token.size, &error);
    uint8_t *text = NULL;
    size_t size = 0;
    bool verified = jws && cjose_jws_verify(jws, key->jwk, &error) &&
                    cjose_jws_get_plaintext(jws, &text, &size, &error);
    *claims = verified ? parse_object(text, size) : NULL;
    cjose_jws_release(jws);
    ERR_clear_error(); /* TLS shares this thread's queue and would take it for its own */
    if (!verified) return bad_signature;
    return *claims ? NULL : "the token's claims are no JSON object";
}

static bool key_fits(const struct auth_key *key, enum auth_algorithm algorithm, const char *kid) {
    return key->algorithm == algorithm && (!kid || strcmp(key->kid, kid) == 0);
}

static const char *verify_signature(struct bytes token, const struct parts *parts,
                                    const json_t *header, const struct auth_keys *keys,
                                    json_t **claims) {
    enum auth_algorithm algorithm;
    const json_t *alg = json_object_get(header, "alg"), *kid = json_object_get(header, "kid");
    if (!json_is_string(alg) || !auth_algorithm_find(json_string_value(alg), &algorithm))
        return "the token's algorithm is not taken; want ES256 or RS256";
    if (json_object_get(header, "crit"))
        return "the token has critical extensions that are not known";
    if (json_object_get(header, "b64")) return "the token's payload is not encoded";
    if (kid && (!json_is_string(kid) || json_string_length(kid) == 0))
        return "the token's kid is no text";
    if (algorithm == AUTH_ES256 && parts->signature.size != ES256_SIGNATURE) return bad_signature;
    const char *problem = "no key with the token's kid and algorithm is known";
    for (size_t i = 0; i < keys->count; i++) {
        if (!key_fits(&keys->keys[i], algorithm, json_string_value(kid))) continue;
        problem = open_with(&keys->keys[i], token, claims);
        if (problem != bad_signature) return problem;
    }
    return problem;
}

/* ---- claims -------------------------------------------------------------------------------- */

/* Seconds since the epoch, also with a fraction. False: absent or no time. */
static bool claim_time(const json_t *claims, const char *name, ss_time *out) {
    const json_t *value = json_object_get(claims, name);
    if (!json_is_number(value)) return false;
    double seconds = json_number_value(value);
    if (!(seconds >= 0 && seconds < 1e12)) return false;
    *out = json_is_integer(value) ? (ss_time)json_integer_value(value) * SS_SECOND
                                  : (ss_time)(seconds * (double)SS_SECOND);
    return true;
}

static const char *check_times(const json_t *claims, const struct auth_token_rules *rules,
                               ss_time now, ss_time *expires) {
    ss_time begins = 0, issued = now;
    if (!claim_time(claims, "exp", expires)) return "the token has no exp";
    if (json_object_get(claims, "nbf") && !claim_time(claims, "nbf", &begins))
        return "the token's nbf is no time";
    if (json_object_get(claims, "iat") && !claim_time(claims, "iat", &issued))
        return "the token's iat is no time";
    if (now >= *expires + AUTH_LEEWAY) return "the token has expired";
    if (begins > now + AUTH_LEEWAY) return "the token is not valid yet";
    if (issued > now + AUTH_LEEWAY) return "the token was issued in the future";
    bool stated = json_object_get(claims, "iat") != NULL;
    if (rules->life_max > 0 && *expires - issued > rules->life_max + (stated ? 0 : AUTH_LEEWAY))
        return "the token lives too long; want an exp nearer to its iat";
    return NULL;
}

static bool audience_has(const json_t *aud, const char *audience) {
    if (json_is_string(aud)) return strcmp(json_string_value(aud), audience) == 0;
    for (size_t i = 0; i < json_array_size(aud); i++) {
        const json_t *entry = json_array_get(aud, i);
        if (json_is_string(entry) && strcmp(json_string_value(entry), audience) == 0) return true;
    }
    return false;
}

static int digit_of(char letter, unsigned base) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (base == 16 && letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    if (base == 16 && letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
    return -1;
}

/* "123" or "0x7b", up to 64 bits, never 0. */
static bool player_of(const char *text, uint64_t *player) {
    unsigned base = strncmp(text, "0x", 2) == 0 ? 16 : 10;
    uint64_t value = 0;
    text += base == 16 ? 2 : 0;
    for (; *text; text++) {
        int digit = digit_of(*text, base);
        if (digit < 0 || value > (UINT64_MAX - (unsigned)digit) / base) return false;
        value = value * base + (unsigned)digit;
    }
    *player = value;
    return value != 0;
}

/* A server may come without a number of its own; a player may not. */
static const char *check_subject(const json_t *claims, struct identity *identity) {
    const char *role = json_string_value(json_object_get(claims, "role"));
    const json_t *sub = json_object_get(claims, "sub");
    identity->server = role && strcmp(role, "server") == 0;
    if (!sub && identity->server) return NULL;
    if (!json_is_string(sub) || !player_of(json_string_value(sub), &identity->player))
        return "the token's sub is no player id; want a decimal or 0x number, not 0, as text";
    return NULL;
}

static const char *check_claims(const json_t *claims, const struct auth_token_rules *rules,
                                ss_time now, struct identity *identity) {
    *identity = (struct identity){.expires = SS_NEVER};
    const char *problem = check_times(claims, rules, now, &identity->expires);
    if (problem) return problem;
    if (rules->audience && !audience_has(json_object_get(claims, "aud"), rules->audience))
        return "the token is for another audience";
    return check_subject(claims, identity);
}

const char *auth_token_verify(struct bytes token, const struct auth_keys *keys,
                              const struct auth_token_rules *rules, ss_time now,
                              struct identity *identity) {
    struct parts parts;
    if (token.size > AUTH_TOKEN_MAX) return "the token is longer than 8192 bytes";
    if (!token_split(token, &parts)) return "the token is no JWT in compact form";
    json_t *header = decode_header(parts.header), *claims = NULL;
    if (!header) return "the token's header is no JSON object";
    const char *problem = verify_signature(token, &parts, header, keys, &claims);
    if (!problem) problem = check_claims(claims, rules, now, identity);
    json_decref(header);
    json_decref(claims);
    return problem;
}
