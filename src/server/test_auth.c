/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are drawn, written as a JWKS file, and tokens signed with them: by the library where it
 * would do it, by hand where it rightly would not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <cjose/cjose.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/failing.h"
#include "base/status.h"
#include "server/auth.h"
#include "server/auth_cache.h"

#define NOW ((ss_time)1790000000 * SS_SECOND)

static struct {
    cjose_jwk_t *ec, *other, *rsa;
    char *ec_public, *rsa_public; /* JSON */
    char file[64];
} keys;

static char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *format_text(const char *format, ...) {
    static _Thread_local char text[4][16384];
    static _Thread_local unsigned turn;
    char *out = text[turn++ % 4];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out, sizeof text[0], format, arguments);
    va_end(arguments);
    return out;
}

static void write_file(const char *text) {
    FILE *file = fopen(keys.file, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int set_up(void **state) {
    (void)state;
    cjose_err error;
    keys.ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error);
    keys.other = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error);
    keys.rsa = cjose_jwk_create_RSA_random(2048, NULL, 0, &error);
    assert_true(keys.ec && keys.other && keys.rsa);
    assert_true(cjose_jwk_set_kid(keys.ec, "ec1", 3, &error));
    assert_true(cjose_jwk_set_kid(keys.rsa, "rsa1", 4, &error));
    keys.ec_public = cjose_jwk_to_json(keys.ec, false, &error);
    keys.rsa_public = cjose_jwk_to_json(keys.rsa, false, &error);
    strcpy(keys.file, "/tmp/test_auth_XXXXXX");
    int fd = mkstemp(keys.file);
    assert_true(fd >= 0);
    close(fd);
    write_file(format_text("{\"keys\": [%s, %s]}", keys.ec_public, keys.rsa_public));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(keys.file);
    cjose_jwk_release(keys.ec);
    cjose_jwk_release(keys.other);
    cjose_jwk_release(keys.rsa);
    cjose_get_dealloc()(keys.ec_public);
    cjose_get_dealloc()(keys.rsa_public);
    return 0;
}

/* ---- tokens -------------------------------------------------------------------------------- */

static const char *sign_header(cjose_jwk_t *key, cjose_header_t *header, const char *claims) {
    cjose_err error;
    const char *compact;
    cjose_jws_t *jws = cjose_jws_sign(key, header, (const uint8_t *)claims, strlen(claims), &error);
    assert_non_null(jws);
    assert_true(cjose_jws_export(jws, &compact, &error));
    char *token = format_text("Bearer %s", compact);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return token;
}

static const char *sign(cjose_jwk_t *key, const char *algorithm, const char *kid,
                        const char *claims) {
    cjose_err error;
    cjose_header_t *header = cjose_header_new(&error);
    assert_true(cjose_header_set(header, CJOSE_HDR_ALG, algorithm, &error));
    if (kid) assert_true(cjose_header_set(header, CJOSE_HDR_KID, kid, &error));
    return sign_header(key, header, claims);
}

static const char *base64url(const void *data, size_t size) {
    cjose_err error;
    char *out;
    size_t out_size;
    assert_true(cjose_base64url_encode(data, size, &out, &out_size, &error));
    const char *text = format_text("%.*s", (int)out_size, out);
    cjose_get_dealloc()(out);
    return text;
}

static const char *raw(const char *header, const char *claims, const char *signature) {
    char first[2048], second[8192];
    snprintf(first, sizeof first, "%s", base64url(header, strlen(header)));
    snprintf(second, sizeof second, "%s", base64url(claims, strlen(claims)));
    return format_text("Bearer %s.%s.%s", first, second, signature);
}

/* Good claims, with `more` before the end. */
static const char *claims(const char *sub, long iat, long exp, const char *more) {
    long now = (long)(NOW / SS_SECOND);
    return format_text("{\"sub\":\"%s\",\"aud\":\"statesync\",\"iat\":%ld,\"exp\":%ld%s}", sub,
                       now + iat, now + exp, more);
}

static const char *good(void) {
    return sign(keys.ec, "ES256", "ec1", claims("42", 0, 300, ""));
}

/* ---- one question -------------------------------------------------------------------------- */

static struct auth *start(const char *audience, bool anonymous) {
    struct auth *auth;
    char why[256];
    struct auth_config config = {keys.file, audience, anonymous, 600 * SS_SECOND};
    if (auth_create(&auth, &memory_heap, &config, why, sizeof why) != SS_OK) fail_msg("%s", why);
    return auth;
}

static struct identity accepted(struct auth *auth, const char *header, ss_time now) {
    struct identity identity;
    const char *why;
    int status = auth_identify(auth, bytes_of(header), false, false, now, &identity, &why);
    if (status != SS_OK) fail_msg("refused: %s", why);
    assert_null(why);
    return identity;
}

static void denied(struct auth *auth, const char *header, const char *reason) {
    struct identity identity;
    const char *why = NULL;
    /* Twice: a refusal must not be remembered as anything else. */
    for (int i = 0; i < 2; i++) {
        int status = auth_identify(auth, bytes_of(header), true, false, NOW, &identity, &why);
        if (status != SS_ERR_DENIED || !strstr(why, reason))
            fail_msg("gave %d \"%s\", want \"%s\"", status, why ? why : "", reason);
        assert_false(identity.server || identity.anonymous || identity.player);
    }
}

/* ---- tests --------------------------------------------------------------------------------- */

static void test_good_tokens(void **state) {
    (void)state;
    struct auth *auth = start("statesync", true);
    struct identity identity = accepted(auth, good(), NOW);
    assert_int_equal(identity.player, 42);
    assert_false(identity.server || identity.anonymous);
    assert_int_equal(identity.expires, NOW + 300 * SS_SECOND);
    identity = accepted(auth, sign(keys.rsa, "RS256", "rsa1", claims("0xfF", 0, 300, "")), NOW);
    assert_int_equal(identity.player, 255);
    identity = accepted(
        auth, sign(keys.rsa, "RS256", NULL, claims("18446744073709551615", 0, 300, "")), NOW);
    assert_true(identity.player == UINT64_MAX);
    identity = accepted(
        auth, sign(keys.ec, "ES256", NULL, claims("1", 0, 300, ",\"role\":\"server\"")), NOW);
    assert_true(identity.server && identity.player == 1);
    identity = accepted(
        auth, sign(keys.ec, "ES256", NULL, claims("1", 0, 300, ",\"role\":\"player\"")), NOW);
    assert_false(identity.server);
    char lower[9000];
    snprintf(lower, sizeof lower, "bEARER  %s", good() + 7);
    assert_int_equal(accepted(auth, lower, NOW).player, 42);
    auth_destroy(auth);
}

static void test_server_without_number(void **state) {
    (void)state;
    struct auth *auth = start(NULL, false);
    long exp = (long)(NOW / SS_SECOND) + 60;
    const char *server = format_text("{\"role\":\"server\",\"exp\":%ld}", exp);
    struct identity identity = accepted(auth, sign(keys.ec, "ES256", "ec1", server), NOW);
    assert_true(identity.server && identity.player == 0);
    denied(auth, sign(keys.ec, "ES256", "ec1", format_text("{\"exp\":%ld}", exp)), "no player id");
    auth_destroy(auth);
}

static void test_times(void **state) {
    (void)state;
    struct auth *auth = start("statesync", true);
    const char *token = sign(keys.ec, "ES256", "ec1", claims("42", 0, 300, ""));
    char kept[2048];
    snprintf(kept, sizeof kept, "%s", token);
    accepted(auth, kept, NOW);
    accepted(auth, kept, NOW + 304 * SS_SECOND); /* remembered, within the leeway */
    struct identity identity;
    const char *why;
    assert_int_equal(
        auth_identify(auth, bytes_of(kept), true, false, NOW + 305 * SS_SECOND, &identity, &why),
        SS_ERR_DENIED);
    assert_string_equal(why, "the token has expired");
    denied(auth, sign(keys.ec, "ES256", "ec1", claims("42", -300, -5, "")), "has expired");
    accepted(auth, sign(keys.ec, "ES256", "ec1", claims("42", -300, -4, "")), NOW);
    denied(auth, sign(keys.ec, "ES256", "ec1", claims("42", 6, 300, "")), "in the future");
    accepted(auth, sign(keys.ec, "ES256", "ec1", claims("42", 5, 300, "")), NOW);
    denied(auth, sign(keys.ec, "ES256", "ec1", claims("42", 0, 601, "")), "lives too long");
    accepted(auth, sign(keys.ec, "ES256", "ec1", claims("42", 0, 600, "")), NOW);
    long now = (long)(NOW / SS_SECOND);
    denied(
        auth,
        sign(keys.ec, "ES256", "ec1", claims("42", 0, 300, format_text(",\"nbf\":%ld", now + 6))),
        "not valid yet");
    accepted(
        auth,
        sign(keys.ec, "ES256", "ec1", claims("42", 0, 300, format_text(",\"nbf\":%ld", now + 5))),
        NOW);
    denied(auth, sign(keys.ec, "ES256", "ec1", "{\"sub\":\"1\",\"aud\":\"statesync\"}"), "no exp");
    denied(auth,
           sign(keys.ec, "ES256", "ec1", "{\"sub\":\"1\",\"aud\":\"statesync\",\"exp\":\"1\"}"),
           "no exp");
    denied(auth, sign(keys.ec, "ES256", "ec1", "{\"sub\":\"1\",\"aud\":\"statesync\",\"exp\":-1}"),
           "no exp");
    denied(auth,
           sign(keys.ec, "ES256", "ec1", "{\"sub\":\"1\",\"aud\":\"statesync\",\"exp\":9e99}"),
           "no exp");
    denied(auth, sign(keys.ec, "ES256", "ec1", claims("42", 0, 300, ",\"nbf\":\"x\"")),
           "nbf is no time");
    const char *bare =
        format_text("{\"sub\":\"1\",\"aud\":\"statesync\",\"exp\":%ld.5}", now + 3600);
    denied(auth, sign(keys.ec, "ES256", "ec1", bare), "lives too long");
    auth_destroy(auth);
}

static void test_audience(void **state) {
    (void)state;
    struct auth *auth = start("match7", true);
    long exp = (long)(NOW / SS_SECOND) + 60;
    denied(auth, good(), "another audience");
    accepted(auth,
             sign(keys.ec, "ES256", "ec1",
                  format_text("{\"sub\":\"5\",\"exp\":%ld,\"aud\":[\"x\",7,\"match7\"]}", exp)),
             NOW);
    denied(
        auth,
        sign(keys.ec, "ES256", "ec1", format_text("{\"sub\":\"5\",\"exp\":%ld,\"aud\":[]}", exp)),
        "another audience");
    denied(auth, sign(keys.ec, "ES256", "ec1", format_text("{\"sub\":\"5\",\"exp\":%ld}", exp)),
           "another audience");
    auth_destroy(auth);
    auth = start(NULL, true);
    accepted(auth, good(), NOW);
    auth_destroy(auth);
}

static void test_subjects(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "0",
                                      "0x0",
                                      "-1",
                                      "+1",
                                      "1 ",
                                      " 1",
                                      "1.0",
                                      "abc",
                                      "0x",
                                      "0X1f",
                                      "0xg1",
                                      "0x1ffffffffffffffff",
                                      "18446744073709551616"};
    struct auth *auth = start("statesync", true);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        denied(auth, sign(keys.ec, "ES256", "ec1", claims(bad[i], 0, 60, "")), "no player id");
    long exp = (long)(NOW / SS_SECOND) + 60;
    denied(auth,
           sign(keys.ec, "ES256", "ec1",
                format_text("{\"sub\":5,\"exp\":%ld,\"aud\":\"statesync\"}", exp)),
           "no player id");
    denied(auth, sign(keys.ec, "ES256", "ec1", claims("1", 0, 60, ",\"sub\":\"2\"")),
           "claims are no JSON");
    denied(auth, sign(keys.ec, "ES256", "ec1", "[1]"), "claims are no JSON");
    denied(auth, sign(keys.ec, "ES256", NULL, "{\"sub"), "claims are no JSON");
    char deep[3000];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    denied(auth, sign(keys.ec, "ES256", "ec1", deep), "claims are no JSON");
    auth_destroy(auth);
}

static void test_forgeries(void **state) {
    (void)state;
    struct auth *auth = start("statesync", true);
    denied(auth, sign(keys.other, "ES256", "ec1", claims("42", 0, 60, "")),
           "signature is not valid");
    denied(auth, sign(keys.other, "ES256", NULL, claims("42", 0, 60, "")),
           "signature is not valid");
    denied(auth, sign(keys.ec, "ES256", "ec2", claims("42", 0, 60, "")), "no key");
    denied(auth, sign(keys.ec, "ES256", "rsa1", claims("42", 0, 60, "")), "no key");
    denied(auth, sign(keys.rsa, "RS512", "rsa1", claims("42", 0, 60, "")),
           "algorithm is not taken");
    denied(auth, sign(keys.rsa, "PS256", "rsa1", claims("42", 0, 60, "")),
           "algorithm is not taken");
    /* The signature of one key's token under the other's algorithm. */
    denied(auth, raw("{\"alg\":\"RS256\",\"kid\":\"ec1\"}", claims("42", 0, 60, ""), "AAAA"),
           "no key");
    /* alg none, in several spellings, with and without a signature. */
    denied(auth, raw("{\"alg\":\"none\"}", claims("42", 0, 60, ""), ""), "no JWT in compact form");
    denied(auth, raw("{\"alg\":\"none\"}", claims("42", 0, 60, ""), "AAAA"),
           "algorithm is not taken");
    denied(auth, raw("{\"alg\":\"None\"}", claims("42", 0, 60, ""), "AAAA"),
           "algorithm is not taken");
    denied(auth, raw("{}", claims("42", 0, 60, ""), "AAAA"), "algorithm is not taken");
    denied(auth, raw("{\"alg\":5}", claims("42", 0, 60, ""), "AAAA"), "algorithm is not taken");
    denied(auth, raw("{\"alg\":\"ES256\",\"alg\":\"none\"}", claims("42", 0, 60, ""), "AAAA"),
           "header is no JSON");
    denied(auth, raw("[]", claims("42", 0, 60, ""), "AAAA"), "header is no JSON");
    denied(auth, raw("{\"alg\":\"ES256\"}", claims("42", 0, 60, ""), "AAAA"),
           "signature is not valid");
    char zeros[87];
    memset(zeros, 'A', 86);
    zeros[86] = '\0';
    denied(auth, raw("{\"alg\":\"ES256\"}", claims("42", 0, 60, ""), zeros),
           "signature is not valid");
    denied(auth, raw("{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", claims("42", 0, 60, ""), zeros),
           "critical");
    denied(auth, raw("{\"alg\":\"ES256\",\"b64\":false}", claims("42", 0, 60, ""), zeros),
           "not encoded");
    denied(auth, raw("{\"alg\":\"ES256\",\"kid\":5}", claims("42", 0, 60, ""), zeros),
           "kid is no text");
    auth_destroy(auth);
}

/* The public key as the secret of an HMAC: the oldest trick. */
static void test_hmac_with_public_key(void **state) {
    (void)state;
    struct auth *auth = start("statesync", true);
    char token[8192];
    snprintf(token, sizeof token, "%s",
             raw("{\"alg\":\"HS256\",\"kid\":\"rsa1\"}", claims("42", 0, 60, ""), ""));
    token[strlen(token) - 1] = '\0';
    const char *input = token + strlen("Bearer ");
    crypto_auth_hmacsha256_state hmac;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&hmac, (const uint8_t *)keys.rsa_public, strlen(keys.rsa_public));
    crypto_auth_hmacsha256_update(&hmac, (const uint8_t *)input, strlen(input));
    crypto_auth_hmacsha256_final(&hmac, mac);
    denied(auth, format_text("%s.%s", token, base64url(mac, sizeof mac)), "algorithm is not taken");
    auth_destroy(auth);
}

/* Every letter of a good token matters, also right after the good one was remembered. */
static void test_tampering(void **state) {
    (void)state;
    struct auth *auth = start("statesync", false);
    char token[2048];
    snprintf(token, sizeof token, "%s", good());
    accepted(auth, token, NOW);
    size_t size = strlen(token);
    for (size_t i = strlen("Bearer "); i < size - 1;
         i++) { /* the last letter has bits that mean nothing */
        char was = token[i];
        struct identity identity;
        const char *why;
        token[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(auth_identify(auth, bytes_of(token), true, false, NOW, &identity, &why),
                         SS_ERR_DENIED);
        token[i] = was;
    }
    for (size_t cut = 0; cut < size; cut++) {
        struct identity identity;
        const char *why;
        assert_int_equal(
            auth_identify(auth, bytes_view(token, cut), false, false, NOW, &identity, &why),
            SS_ERR_DENIED);
    }
    accepted(auth, token, NOW);
    auth_destroy(auth);
}

static void test_shapes(void **state) {
    (void)state;
    struct auth *auth = start("statesync", true);
    denied(auth, "Basic dXNlcjpwYXNz", "want authorization: Bearer");
    denied(auth, "Bearer", "want authorization: Bearer");
    denied(auth, "Bearer ", "want authorization: Bearer");
    denied(auth, "Bearer x", "no JWT");
    denied(auth, "Bearer ..", "no JWT");
    denied(auth, "Bearer a.b.c", "no JWT");
    denied(auth, "Bearer aaaa.aaaa.aaaa", "header is no JSON");
    denied(auth, format_text("%s.AAAA", good()), "no JWT");
    denied(auth, format_text("%s=", good()), "no JWT");
    denied(auth, format_text("%s ", good()), "no JWT");
    char large[8300];
    memset(large, 'A', sizeof large - 1);
    memcpy(large, "Bearer ", 7);
    large[sizeof large - 1] = '\0';
    denied(auth, large, "longer than 8192");
    char header[4096];
    memset(header, '[', sizeof header - 1);
    header[sizeof header - 1] = '\0';
    denied(auth, format_text("Bearer %s.e30.AAAA", base64url(header, sizeof header - 1)),
           "header is no JSON");
    auth_destroy(auth);
}

static void test_connections(void **state) {
    (void)state;
    struct identity identity;
    const char *why;
    struct bytes none = {NULL, 0};
    struct auth *auth = start("statesync", true);
    assert_int_equal(auth_identify(auth, none, true, false, NOW, &identity, &why), SS_OK);
    assert_true(identity.anonymous && identity.server && identity.player == 0);
    assert_int_equal(auth_identify(auth, none, false, false, NOW, &identity, &why), SS_ERR_DENIED);
    assert_int_equal(auth_identify(auth, none, false, true, NOW, &identity, &why), SS_OK);
    assert_true(!identity.anonymous && identity.server && identity.expires == SS_NEVER);
    const char *token = good();
    assert_int_equal(auth_identify(auth, bytes_of(token), false, true, NOW, &identity, &why),
                     SS_OK);
    assert_true(identity.server && identity.player == 42);
    auth_destroy(auth);
    auth = start("statesync", false);
    assert_int_equal(auth_identify(auth, none, true, false, NOW, &identity, &why), SS_ERR_DENIED);
    auth_destroy(auth);
    struct auth_config config = {.anonymous_loopback = true};
    char text[64];
    assert_int_equal(auth_create(&auth, &memory_heap, &config, text, sizeof text), SS_OK);
    denied(auth, good(), "tokens are not accepted here");
    auth_destroy(auth);
}

/* ---- the key file -------------------------------------------------------------------------- */

static void bad_keys(const char *text, const char *reason) {
    struct auth *auth;
    char why[512];
    struct auth_config config = {.jwt_keys = keys.file};
    write_file(text);
    int status = auth_create(&auth, &memory_heap, &config, why, sizeof why);
    if (status != SS_ERR_INVALID || !strstr(why, reason) ||
        strncmp(why, keys.file, strlen(keys.file)) != 0)
        fail_msg("gave %d \"%s\", want \"%s\"", status, why, reason);
    assert_null(auth);
}

static void test_key_files(void **state) {
    (void)state;
    cjose_err error;
    char *private_key = cjose_jwk_to_json(keys.ec, true, &error);
    cjose_jwk_t *weak = cjose_jwk_create_RSA_random(1024, NULL, 0, &error);
    cjose_jwk_t *p384 = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_384, &error);
    char *weak_public = cjose_jwk_to_json(weak, false, &error);
    char *p384_public = cjose_jwk_to_json(p384, false, &error);
    bad_keys("", ":1: ");
    bad_keys("{\n\n}}", ":3: ");
    bad_keys("[]", "no keys");
    bad_keys("{\"keys\": []}", "no keys");
    bad_keys("{\"keys\": [7]}", "key 1 (kid \"\"): it is no JSON object");
    bad_keys("{\"keys\": [{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "shared secret");
    bad_keys(format_text("{\"keys\": [%s]}", private_key),
             "key 1 (kid \"ec1\"): it contains the private key");
    bad_keys(format_text("{\"keys\": [%s, %s]}", keys.ec_public, keys.ec_public),
             "key 2 (kid \"ec1\"): an earlier");
    bad_keys(format_text("{\"keys\": [%s]}", weak_public), "2048 to 8192 bits");
    bad_keys(format_text("{\"keys\": [%s]}", p384_public), "want kty EC with crv P-256");
    bad_keys("{\"keys\": [{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}]}",
             "no key of that type");
    bad_keys("{\"keys\": [{\"kty\":\"RSA\",\"alg\":\"HS256\"}]}", "an RSA key serves alg RS256");
    bad_keys("{\"keys\": [{\"kty\":\"RSA\"}]}", "no key of that type");
    bad_keys("{\"keys\": [{\"kty\":\"RSA\",\"kid\":\"\"}]}", "kid is no text");
    bad_keys("{\"keys\": [{\"kty\":\"RSA\",\"use\":\"enc\"}]}", "no keys");
    char many[8192] = "{\"keys\": [";
    json_t *nameless = json_loads(keys.ec_public, 0, NULL);
    json_object_del(nameless, "kid");
    char *entry = json_dumps(nameless, JSON_COMPACT);
    for (int i = 0; i < 17; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "%s%s", i ? "," : "", entry);
    strcat(many, "]}");
    bad_keys(many, "key 17 (kid \"\"): at most 16 keys");
    free(entry);
    json_decref(nameless);
    write_file(format_text("{\"keys\": [{\"kty\":\"RSA\",\"use\":\"enc\"}, %s, %s]}",
                           keys.ec_public, keys.rsa_public));
    auth_destroy(start(NULL, true));
    cjose_get_dealloc()(private_key);
    cjose_get_dealloc()(weak_public);
    cjose_get_dealloc()(p384_public);
    cjose_jwk_release(weak);
    cjose_jwk_release(p384);
}

/* ---- the cache ----------------------------------------------------------------------------- */

static void test_cache_bounded(void **state) {
    (void)state;
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct auth_cache cache;
    assert_int_equal(auth_cache_init(&cache, &memory), SS_OK);
    struct identity identity = {.expires = 100}, found;
    struct cache_digest first = auth_cache_digest(&cache, bytes_of("0")), second = first;
    for (unsigned i = 0; i < 3 * AUTH_CACHE_MAX; i++) {
        struct cache_digest digest = auth_cache_digest(&cache, bytes_of(format_text("%u", i)));
        if (i == 1) second = digest;
        identity.player = i;
        auth_cache_add(&cache, &digest, &identity);
        assert_true(auth_cache_find(&cache, &first, 0, 0, &found)); /* used all the time: stays */
    }
    assert_int_equal(cache.entries.count, AUTH_CACHE_MAX);
    assert_false(auth_cache_find(&cache, &second, 0, 0, &found));
    assert_int_equal(found.player, 0);
    assert_true(auth_cache_find(&cache, &first, 104, 5, &found));
    assert_false(auth_cache_find(&cache, &first, 105, 5, &found));
    assert_int_equal(cache.entries.count, AUTH_CACHE_MAX - 1);
    assert_true(failing.live < 1 << 20);
    auth_cache_free(&cache);
    assert_int_equal(failing.live, 0);
}

static void test_allocation_failure(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing failing = {.fail_at = n};
        struct memory memory = failing_memory(&failing);
        struct auth *auth;
        char why[256];
        struct auth_config config = {keys.file, "statesync", true, 0};
        int status = auth_create(&auth, &memory, &config, why, sizeof why);
        if (status == SS_OK) {
            accepted(auth, good(), NOW); /* a token that cannot be remembered is still good */
        } else {
            assert_int_equal(status, SS_ERR_NOMEM);
            assert_null(auth);
        }
        auth_destroy(auth);
        assert_int_equal(failing.live, 0);
        if (failing.calls < n) break;
        assert_true(n < 50);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_tokens),
        cmocka_unit_test(test_server_without_number),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_audience),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_forgeries),
        cmocka_unit_test(test_hmac_with_public_key),
        cmocka_unit_test(test_tampering),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_key_files),
        cmocka_unit_test(test_cache_bounded),
        cmocka_unit_test(test_allocation_failure),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
