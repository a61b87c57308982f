/* SPDX-License-Identifier: Apache-2.0 */
/* The names of all open objects stand in one array used as a stack:
 *
 *     keys | names of the root ... | of an object in it ... | of one in that ... |   free   |
 *            first[0]                first[1]                 first[2]             count
 *
 * When an object closes, its part is checked and popped. When the array is full (4096 names; no
 * reasonable state), all open objects are marked as spilled and the array starts anew. A spilled
 * object is read once more when it closes, a range of hashes at a time, each range small enough for
 * the array. */
#include "payload/json_names.h"

#include "payload/sort.h"

#define HASHES ((uint64_t)1 << 32)

static bool key_less(const void *context, uint64_t a, uint64_t b) {
    const struct json_names_source *source = context;
    if (a >> 32 != b >> 32) return a < b;
    return json_text_compare(source->name(source->context, (uint32_t)a),
                             source->name(source->context, (uint32_t)b)) < 0;
}

static bool key_same(const struct json_names_source *source, uint64_t a, uint64_t b) {
    return a >> 32 == b >> 32 && json_text_equal(source->name(source->context, (uint32_t)a),
                                                 source->name(source->context, (uint32_t)b));
}

bool json_names_unique(const struct json_names_source *source, uint64_t *keys, size_t count) {
    if (count <= JSON_NAMES_FEW) {
        for (size_t i = 1; i < count; i++)
            for (size_t j = 0; j < i; j++)
                if (key_same(source, keys[i], keys[j])) return false;
        return true;
    }
    sort_keys(keys, count, key_less, source);
    for (size_t i = 1; i < count; i++)
        if (key_same(source, keys[i - 1], keys[i])) return false;
    return true;
}

/* ---- a walk -------------------------------------------------------------------------------- */

/* The name whose first byte, behind the quote, is text[handle]; the scanner has accepted it. */
static struct json_text name_at(const void *context, uint32_t handle) {
    const uint8_t *start = (const uint8_t *)context + handle, *at = start;
    bool escaped = false;
    for (; *at != '"'; at++) {
        if (*at != '\\') continue;
        escaped = true;
        at++;
    }
    return (struct json_text){bytes_view(start, (size_t)(at - start)), escaped};
}

static bool keys_unique(const struct json_names *names, uint64_t *keys, size_t count) {
    struct json_names_source source = {name_at, names->text};
    return json_names_unique(&source, keys, count);
}

/* Reads the members of `object` whose hash is in [from, to) into the empty array; false when they
 * are too many. `*members` becomes how many members there are in all. */
static bool range_read(struct json_names *names, struct bytes object, uint64_t from, uint64_t to,
                       size_t *members) {
    struct json_scan scan = json_scan_of(object);
    *members = 0;
    names->count = 0;
    for (;;) {
        enum json_event event = json_scan_next(&scan);
        if (event == JSON_EVENT_END || event == JSON_EVENT_BAD) return true;
        unsigned depth = scan.depth - (event == JSON_EVENT_OPEN);
        if (event == JSON_EVENT_CLOSE || depth != 1) continue;
        ++*members;
        uint64_t hash = json_name_hash(scan.name);
        if (hash < from || hash >= to) continue;
        if (names->count == JSON_NAMES_MAX) return false;
        uint32_t handle = (uint32_t)(scan.name.raw.data - names->text);
        names->keys[names->count++] = hash << 32 | handle;
    }
}

/* An object of more names than the array holds. 4096 names of one hash never meet by chance; who
 * makes them is refused as if two were equal. */
static bool spilled_unique(struct json_names *names, struct bytes object) {
    uint64_t from = 0, width = HASHES;
    while (from < HASHES) {
        size_t members;
        if (!range_read(names, object, from, from + width, &members)) {
            if (width == 1) return false;
            width /= 2;
            continue;
        }
        if (!keys_unique(names, names->keys, names->count)) return false;
        from += width;
        /* Three quarters full by estimate, so that a range seldom has to be read twice. */
        width = HASHES / (members / (JSON_NAMES_MAX / 4 * 3) + 1);
    }
    names->count = 0;
    return true;
}

void json_names_start(struct json_names *names, struct bytes text) {
    names->text = text.data;
    names->count = 0;
    names->spilled = 0;
}

static void name_add(struct json_names *names, struct json_text name, unsigned depth) {
    if (names->spilled >> (depth - 1) & 1) return;
    if (names->count == JSON_NAMES_MAX) {
        names->spilled = (uint32_t)(((uint64_t)1 << depth) - 1);
        names->count = 0;
        return;
    }
    names->keys[names->count++] = json_names_key(name, (uint32_t)(name.raw.data - names->text));
}

static bool names_close(struct json_names *names, const struct json_scan *scan) {
    unsigned level = scan->depth; /* the closed container was at depth level + 1 */
    if (scan->kind == JSON_ARRAY) return true;
    if (names->spilled >> level & 1) {
        names->spilled &= ~((uint32_t)1 << level);
        const uint8_t *start = names->start[level];
        return spilled_unique(names, bytes_view(start, (size_t)(scan->at - start)));
    }
    size_t first = names->first[level];
    bool unique = keys_unique(names, names->keys + first, names->count - first);
    names->count = first;
    return unique;
}

bool json_names_event(struct json_names *names, const struct json_scan *scan,
                      enum json_event event) {
    if (event == JSON_EVENT_CLOSE) return names_close(names, scan);
    if (event != JSON_EVENT_VALUE && event != JSON_EVENT_OPEN) return true;
    unsigned depth = scan->depth - (event == JSON_EVENT_OPEN);
    if (scan->name.raw.data) name_add(names, scan->name, depth);
    if (event == JSON_EVENT_OPEN) {
        names->spilled &= ~((uint32_t)1 << depth);
        names->start[depth] = scan->value;
        names->first[depth] = names->count;
    }
    return true;
}
