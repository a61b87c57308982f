/* SPDX-License-Identifier: Apache-2.0 */
/* RS256, because its signatures are a function of key and text: tokens must be the same bytes in
 * every run. */
#include "sim/tokens.h"

#include <cjose/cjose.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/virtual.h"

#define KEY_PUBLIC                                                                                 \
    "\"kty\":\"RSA\",\"e\":\"AQAB\",\"kid\":\"sim\",\"n\":\""                                      \
    "wzJqHNuG0gib5aqc3MVSdrXDXF8YGErwXz6EnutokMQti0ljcQbbgOQECKho4DWJ"                             \
    "RkdrJvwYDRWWY86Atfy0VXANC_3J6W14hHENfvh4LuTI1uMU7GezoOMxhYsk8HFY"                             \
    "SNMN5a9kEUWh8qovw4m5MGCmvr81ZvzXysLhABpF9ViUCwu70AhqHbsK7a4cMkQL"                             \
    "4uDpfiL_kQgMWPKZt4M4Wvr8OtRVMlimat9wAXFMaSVYIVIrGtEfDMLiEgj-Gwqc"                             \
    "B_Fk-iLcHbDWOLcguvBB9U8Xfilr3B3JeUHdqhwAXSbNYX7M385vcgnFpezlGJvs"                             \
    "Imn6UZ52PgsNX4iu6rXmiQ\""
/* Of no use anywhere else: it guards virtual servers in virtual time. */
#define KEY_SECRET                                                                                 \
    "\"d\":\""                                                                                     \
    "CgvVNEkEJlk1FNv0GNS7CssOE_n89nsc5foEv10kU5cVNP8A9DdDIt4Zawyn4SpA"                             \
    "N3LDjA0be8jppZdiPnuUGHWc5koYk0AEHOToqelF3jv-LjkfwY8Qyq4GxXXE3-8l"                             \
    "eRILvA-L2eu4ixHBRZIYCupeiqCyses_e_sNs4Cmqxrd4rFn31v5LeULH1pMN9ZG"                             \
    "Pp0Cs7xcOMZmMTY6T9fG5e5PHadvHJvKe8YFJYMamjPv4Q-PAO6tPlMPHuZqmMgF"                             \
    "DDl2h8GUZBxpNd1wCUsHqFrnlddoyyI9AqGHqijGmsfvxvxiRsE8ojXT-YOlFzSf"                             \
    "20fxGnA-E-2xKwTI_nd5hQ\""

static const char usual[] =
    "listen: { grpc: \"127.0.0.1:7350\" }\n"
    "journal: { checkpoint_bytes: 32768, log_pages: 60, ballast_bytes: 16384 }\n"
    "auth: { jwt_keys: \"%s\", audience: sim, anonymous: loopback }\n"
    "worlds: { names: [default, other], tick_hz: %d }\n"
    "limits: { updates_per_second: %d, burst: 400, state_bytes: 16384, request_bytes: 65536 }\n"
    "log: { level: %s }\n"
    "categories:\n"
    "  pos: { scope: player, write: owner, read: any, format: json, spatial: { x: /x },"
    " durability: %s, history: { versions: 8, ms: %d } }\n"
    "  secret: { scope: player, write: owner, read: owner, durability: %s,"
    " history: { versions: 4, ms: 400 } }\n"
    "  cas: { scope: shared, write: any, read: any, strategy: keep_old, durability: %s,"
    " history: { versions: 4096, ms: 3600000 } }\n"
    "  loot: { scope: shared, write: any, read: any, strategy: keep_old, durability: %s,"
    " history: { versions: 4096, ms: 3600000 } }\n"
    "  bag: { scope: player, write: owner, read: owner, strategy: keep_old, durability: %s,"
    " history: { versions: 4096, ms: 3600000 } }\n"
    "  sum: { scope: shared, write: any, read: any, format: json, strategy: merge, durability: %s,"
    " fields: { /n: sum }, history: { versions: 4096, ms: 3600000 } }\n"
    "  trade: { scope: shared, write: any, read: any, strategy: manual, resolve: writer,"
    " durability: %s, history: { versions: 4096, ms: 3600000 } }\n"
    "  lease: { scope: player, write: owner, read: any, session: true, follows: pos, durability: "
    "%s }\n"
    "  brief: { scope: player, write: owner, read: any, ttl: 700ms, follows: pos, durability: %s,"
    " history: { versions: 4, ms: 300 } }\n"
    "  order: { scope: player, write: server, read: any, durability: %s }\n"
    "  wish: { scope: player, write: propose, read: any, durability: %s }\n";

static bool write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (!file) return false;
    fputs(text, file);
    return fclose(file) == 0;
}

bool tokens_configure(const struct tokens *tokens, int variant) {
    char text[4096];
    const char *const *classes = tokens->classes;
    snprintf(text, sizeof text, usual, tokens->keys, 60, variant == 1 ? 300 : 400,
             variant == 2 ? "warn" : "info", classes[KIND_POS], variant == 3 ? 900 : 500,
             classes[KIND_SECRET], classes[KIND_CAS], classes[KIND_LOOT], classes[KIND_BAG],
             classes[KIND_SUM], classes[KIND_TRADE], classes[KIND_LEASE], classes[KIND_BRIEF],
             classes[KIND_ORDER], classes[KIND_WISH]);
    if (variant < 0) snprintf(text, sizeof text, "listen: { grpc: 7 }\nnonsense: 1\n");
    return write_file(tokens->config, text);
}

void tokens_classes(struct tokens *tokens, const enum class classes[KIND_COUNT]) {
    static const char *const names[] = {"memory", "async", "sync"};
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        tokens->classes[kind] = names[classes[kind]];
    if (!tokens_configure(tokens, 0)) abort();
}

bool tokens_start(struct tokens *tokens) {
    *tokens = (struct tokens){.folder = "/tmp/statesync-sim.XXXXXX"};
    if (!mkdtemp(tokens->folder)) return false;
    snprintf(tokens->config, sizeof tokens->config, "%s/sim.yaml", tokens->folder);
    snprintf(tokens->keys, sizeof tokens->keys, "%s/keys.json", tokens->folder);
    return write_file(tokens->keys, "{\"keys\":[{" KEY_PUBLIC "}]}\n");
}

void tokens_stop(struct tokens *tokens) {
    unlink(tokens->config);
    unlink(tokens->keys);
    rmdir(tokens->folder);
    for (unsigned i = 0; i <= PLAYERS_MAX; i++)
        free(tokens->of_player[i]);
}

static char *sign(const char *claims) {
    static const char secret[] = "{" KEY_PUBLIC "," KEY_SECRET "}";
    cjose_err error;
    const char *compact = NULL;
    char *token = NULL;
    cjose_jwk_t *key = cjose_jwk_import(secret, strlen(secret), &error);
    cjose_header_t *header = cjose_header_new(&error);
    cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_RS256, &error);
    cjose_header_set(header, CJOSE_HDR_KID, "sim", &error);
    cjose_jws_t *jws = cjose_jws_sign(key, header, (const uint8_t *)claims, strlen(claims), &error);
    if (jws && cjose_jws_export(jws, &compact, &error)) token = strdup(compact);
    cjose_jws_release(jws);
    cjose_header_release(header);
    cjose_jwk_release(key);
    if (!token) abort();
    return token;
}

const char *tokens_of(struct tokens *tokens, unsigned player) {
    long now = (long)(VIRTUAL_EPOCH / SS_SECOND);
    char claims[160];
    if (!tokens->of_player[player]) {
        snprintf(claims, sizeof claims, "{\"sub\":\"%u\",\"aud\":\"sim\",\"iat\":%ld,\"exp\":%ld}",
                 player, now - 1, now + 598);
        tokens->of_player[player] = sign(claims);
    }
    return tokens->of_player[player];
}
