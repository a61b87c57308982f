/* SPDX-License-Identifier: Apache-2.0 */
/* json_names.h - are the names within an object distinct? In n log n steps whatever is sent. A
 * plain walk does it in bounded memory; only an object of more than 4096 names is read again, once
 * for every 3072 of them.
 *
 * A key is the 32-bit hash of a name above a 32-bit handle, from which the name can be found again.
 */
#ifndef PAYLOAD_JSON_NAMES_H
#define PAYLOAD_JSON_NAMES_H

#include "payload/json_scan.h"

/* Up to so many names are compared pairwise by hash; more are sorted. */
#define JSON_NAMES_FEW 16

struct json_names_source {
    struct json_text (*name)(const void *context, uint32_t handle);
    const void *context;
};

static inline uint64_t json_names_key(struct json_text name, uint32_t handle) {
    return (uint64_t)json_name_hash(name) << 32 | handle;
}
/* False when two keys are of equal names. More than JSON_NAMES_FEW keys end up sorted by
 * (hash, name). */
bool json_names_unique(const struct json_names_source *source, uint64_t *keys, size_t count);

/* The names of the objects that are open during a walk. About 33 KB, meant for the stack; the parts
 * that a small state does not need are never touched. */
#define JSON_NAMES_MAX 4096
struct json_names {
    const uint8_t *text;
    size_t count;
    uint32_t spilled;                     /* bit d: the object at depth d + 1 did not fit */
    const uint8_t *start[JSON_DEPTH_MAX]; /* of the container at depth d + 1 */
    size_t first[JSON_DEPTH_MAX];         /* its first key */
    uint64_t keys[JSON_NAMES_MAX];
};
void json_names_start(struct json_names *names, struct bytes text);
/* To be told every event of the walk, with the scanner that gave it; false when the object that
 * just closed has two equal names. */
bool json_names_event(struct json_names *names, const struct json_scan *scan,
                      enum json_event event);

#endif
