/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays as sets. Each of the three becomes a sorted list of keys (upper half of the hash of an
 * element, then its node), so membership is a search; equal hashes are settled by comparing values.
 */
#include "base/status.h"
#include "payload/json_merge.h"
#include "payload/sort.h"

struct set {
    struct json_value array;
    uint64_t *keys;
    size_t count;
};

static bool set_less(const void *context, uint64_t a, uint64_t b) {
    (void)context;
    return a < b;
}

static void set_fill(struct set *set, uint64_t *keys) {
    size_t i = 0;
    set->keys = keys;
    for (struct json_value at = json_first(set->array); json_present(at);
         at = json_next(set->array, at)) {
        uint64_t hash = json_hash(at);
        set->array.tree->nodes[at.at].hash = (uint32_t)(hash >> 32);
        keys[i++] = (hash >> 32) << 32 | at.at;
    }
    set->count = i;
    sort_keys(keys, i, set_less, NULL);
}

/* The first element of the set that equals `value`, or JSON_ABSENT. */
static uint32_t set_find(const struct set *set, struct json_value value) {
    uint64_t hash = json_node(value)->hash;
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->keys[middle] < hash << 32) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < set->count && set->keys[low] >> 32 == hash; low++) {
        struct json_value at = {set->array.tree, (uint32_t)set->keys[low]};
        if (json_equal(at, value)) return at.at;
    }
    return JSON_ABSENT;
}

static bool set_has(const struct set *set, struct json_value value) {
    return set_find(set, value) != JSON_ABSENT;
}

static void element_write(struct json_value element, size_t start, struct buffer *out) {
    if (out->size > start) buffer_u8(out, ',');
    buffer_bytes(out, json_slice(element));
}

static void union_write(const struct set *base, const struct set *standing,
                        const struct set *incoming, struct buffer *out) {
    buffer_u8(out, '[');
    size_t start = out->size;
    struct json_value at = json_first(standing->array);
    for (; json_present(at); at = json_next(standing->array, at)) {
        bool removed = set_has(base, at) && !set_has(incoming, at);
        if (!removed && set_find(standing, at) == at.at) element_write(at, start, out);
    }
    at = json_first(incoming->array);
    for (; json_present(at); at = json_next(incoming->array, at)) {
        bool known = set_has(base, at) || set_has(standing, at);
        if (!known && set_find(incoming, at) == at.at) element_write(at, start, out);
    }
    buffer_u8(out, ']');
}

static size_t element_count(struct json_value array) {
    return json_present(array) ? json_node(array)->count : 0;
}

int json_union(struct json_value base, struct json_value standing, struct json_value incoming,
               struct buffer *out) {
    struct set sets[3] = {{base, NULL, 0}, {standing, NULL, 0}, {incoming, NULL, 0}};
    size_t count = 0, used = 0;
    for (size_t i = 0; i < 3; i++)
        count += element_count(sets[i].array);
    uint64_t *keys = memory_alloc(out->memory, count * sizeof *keys);
    if (count > 0 && !keys) return SS_ERR_NOMEM;
    for (size_t i = 0; i < 3; i++) {
        set_fill(&sets[i], keys + used);
        used += sets[i].count;
    }
    union_write(&sets[0], &sets[1], &sets[2], out);
    memory_free(out->memory, keys, count * sizeof *keys);
    return out->failed ? SS_ERR_NOMEM : SS_OK;
}
