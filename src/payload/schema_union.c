/* SPDX-License-Identifier: Apache-2.0 */
/* What is merged element by element. Repeated fields as sets, in the order of standing, then what
 * is new in incoming; maps by key, in the order of keys. Both look things up in sorted lists, so it
 * takes n log n steps whatever was sent. */
#include "base/status.h"
#include "payload/schema_merge.h"
#include "payload/sort.h"

struct elements {
    struct schema_value *values;
    struct bytes *entries; /* maps: the content of each entry */
    uint64_t *order;       /* indices, sorted by value */
    size_t count, capacity;
};

static int value_compare(const struct schema_value *a, const struct schema_value *b) {
    if (a->bits != b->bits) return (int64_t)a->bits < (int64_t)b->bits ? -1 : 1;
    return bytes_compare(a->content, b->content);
}

/* By value, then by place. */
static bool order_less(const void *context, uint64_t a, uint64_t b) {
    const struct elements *elements = context;
    int order = value_compare(&elements->values[a], &elements->values[b]);
    return order != 0 ? order < 0 : a < b;
}

/* The first place in `order` whose value is not below `value`. */
static size_t order_search(const struct elements *elements, const struct schema_value *value) {
    size_t low = 0, high = elements->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (value_compare(&elements->values[elements->order[middle]], value) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool elements_have(const struct elements *elements, const struct schema_value *value) {
    size_t at = order_search(elements, value);
    return at < elements->count &&
           value_compare(&elements->values[elements->order[at]], value) == 0;
}

static int elements_room(struct elements *elements, struct arena *arena, size_t count) {
    *elements = (struct elements){.capacity = count};
    if (count == 0) return SS_OK;
    elements->values = arena_alloc(arena, count * sizeof *elements->values);
    elements->entries = arena_alloc(arena, count * sizeof *elements->entries);
    elements->order = arena_alloc(arena, count * sizeof *elements->order);
    return elements->values && elements->entries && elements->order ? SS_OK : SS_ERR_NOMEM;
}

static void elements_add(struct elements *elements, struct schema_value value, struct bytes entry) {
    elements->order[elements->count] = elements->count;
    elements->entries[elements->count] = entry;
    elements->values[elements->count++] = value;
}

/* ---- repeated fields ----------------------------------------------------------------------- */

static size_t element_count(enum schema_type type, const struct record_run *run) {
    size_t count = 0;
    uint64_t bits;
    for (size_t i = 0; i < run->count; i++) {
        struct protobuf_field field = run_field(run, i);
        if (field.type == schema_wire(type)) {
            count++;
            continue;
        }
        struct reader packed = reader_of(protobuf_content(&field));
        while (schema_packed_next(type, &packed, &bits))
            count++;
    }
    return count;
}

static int elements_read(struct elements *elements, struct arena *arena, enum schema_type type,
                         const struct record_run *run) {
    int status = elements_room(elements, arena, element_count(type, run));
    for (size_t i = 0; i < run->count && status == SS_OK; i++) {
        struct protobuf_field field = run_field(run, i);
        struct schema_value value = {.present = true};
        if (field.type == schema_wire(type)) {
            elements_add(elements, schema_value_of(type, &field), field.raw);
            continue;
        }
        struct reader packed = reader_of(protobuf_content(&field));
        while (schema_packed_next(type, &packed, &value.bits))
            elements_add(elements, value, field.raw);
    }
    if (status == SS_OK) sort_keys(elements->order, elements->count, order_less, elements);
    return status;
}

/* True when no equal element stands before it. */
static bool is_first(const struct elements *elements, size_t i) {
    return elements->order[order_search(elements, &elements->values[i])] == i;
}

static void element_put(struct merging *in, const struct schema_node *node,
                        const struct schema_value *value) {
    enum schema_type type = (enum schema_type)node->type;
    if (schema_packable(type)) {
        schema_value_put(type, value, in->out);
    } else {
        schema_record_put(type, node->number, value, in->out);
    }
}

static void union_put(struct merging *in, const struct schema_node *node,
                      const struct elements *base, const struct elements *standing,
                      const struct elements *incoming) {
    for (size_t i = 0; i < standing->count; i++) {
        const struct schema_value *value = &standing->values[i];
        bool removed = elements_have(base, value) && !elements_have(incoming, value);
        if (!removed && is_first(standing, i)) element_put(in, node, value);
    }
    for (size_t i = 0; i < incoming->count; i++) {
        const struct schema_value *value = &incoming->values[i];
        bool known = elements_have(base, value) || elements_have(standing, value);
        if (!known && is_first(incoming, i)) element_put(in, node, value);
    }
}

enum merge_result merging_union(struct merging *in, uint32_t at, const struct field_sides *sides) {
    const struct schema_node *node = &in->schema->nodes[at];
    enum schema_type type = (enum schema_type)node->type;
    struct elements base, standing, incoming;
    if (run_equal(&sides->base, &sides->incoming) || run_equal(&sides->base, &sides->standing)) {
        bool stands = run_equal(&sides->base, &sides->incoming);
        run_put(stands ? &sides->standing : &sides->incoming, in->out);
        return MERGE_DONE;
    }
    if (elements_read(&base, &in->arena, type, &sides->base) != SS_OK ||
        elements_read(&standing, &in->arena, type, &sides->standing) != SS_OK ||
        elements_read(&incoming, &in->arena, type, &sides->incoming) != SS_OK)
        return MERGE_NO_MEMORY;
    size_t start = in->out->size;
    union_put(in, node, &base, &standing, &incoming);
    if (schema_packable(type) && in->out->size > start)
        schema_record_wrap(in->out, start, node->number);
    return MERGE_DONE;
}

/* ---- maps ---------------------------------------------------------------------------------- */

static struct schema_value key_of(const struct schema_node *key, struct bytes entry) {
    struct schema_value value = {.present = true};
    struct reader reader = reader_of(entry);
    struct protobuf_field field;
    const char *error;
    while (protobuf_next(&reader, &field, &error))
        if (field.number == 1) value = schema_value_of((enum schema_type)key->type, &field);
    return value;
}

/* Of entries with one key the last counts: the others are taken out of `order`. */
static void entries_settle(struct elements *entries) {
    size_t kept = 0;
    sort_keys(entries->order, entries->count, order_less, entries);
    for (size_t i = 0; i < entries->count; i++) {
        uint64_t at = entries->order[i];
        bool again =
            i + 1 < entries->count &&
            value_compare(&entries->values[at], &entries->values[entries->order[i + 1]]) == 0;
        if (!again) entries->order[kept++] = at;
    }
    entries->count = kept;
}

static int entries_read(struct elements *entries, struct arena *arena,
                        const struct schema_node *key, const struct record_run *run) {
    int status = elements_room(entries, arena, run->count);
    for (size_t i = 0; i < run->count && status == SS_OK; i++) {
        struct protobuf_field field = run_field(run, i);
        struct bytes entry = protobuf_content(&field);
        elements_add(entries, key_of(key, entry), entry);
    }
    if (status == SS_OK) entries_settle(entries);
    return status;
}

/* One key on three sides; NULL: it is not there. */
struct entry_sides {
    const struct bytes *base, *standing, *incoming;
};

static bool entry_equal(const struct bytes *a, const struct bytes *b) {
    return a && b ? bytes_equal(*a, *b) : a == b;
}

static enum merge_result entry_values(struct merging *in, uint32_t value,
                                      const struct entry_sides *entry, merge_field *merge) {
    static const struct bytes nothing = {NULL, 0};
    struct records base, standing, incoming;
    if (records_read(&base, &in->arena, entry->base ? *entry->base : nothing) != SS_OK ||
        records_read(&standing, &in->arena, *entry->standing) != SS_OK ||
        records_read(&incoming, &in->arena, *entry->incoming) != SS_OK)
        return MERGE_NO_MEMORY;
    struct field_sides sides = {records_find(&base, 2), records_find(&standing, 2),
                                records_find(&incoming, 2)};
    in->path[in->depth++] = value;
    enum merge_result result = merge(in, value, &sides);
    in->depth--;
    return result;
}

/* An entry is written with its key, the default too, as protobuf's own library does. */
static enum merge_result entry_merge(struct merging *in, uint32_t map,
                                     const struct schema_value *key,
                                     const struct entry_sides *entry, merge_field *merge) {
    const struct schema_node *node = &in->schema->nodes[map];
    size_t start = in->out->size;
    schema_record_put((enum schema_type)in->schema->nodes[node->first].type, 1, key, in->out);
    enum merge_result result = entry_values(in, node->first + 1, entry, merge);
    schema_record_wrap(in->out, start, node->number);
    return result;
}

static void entry_take(struct merging *in, uint32_t map, const struct bytes *entry) {
    if (!entry) return;
    struct schema_value value = {.present = true, .content = *entry};
    schema_record_put(SCHEMA_MESSAGE, in->schema->nodes[map].number, &value, in->out);
}

static enum merge_result key_merge(struct merging *in, uint32_t map, const struct schema_value *key,
                                   const struct entry_sides *entry, merge_field *merge) {
    in->keys[in->depth - 1] = *key;
    bool both = entry->standing && entry->incoming;
    bool sums = in->schema->nodes[map].sums;
    if (entry_equal(entry->base, entry->incoming) ||
        (both && !sums && entry_equal(entry->standing, entry->incoming))) {
        entry_take(in, map, entry->standing);
        return MERGE_DONE;
    }
    if (entry_equal(entry->base, entry->standing)) {
        entry_take(in, map, entry->incoming);
        return MERGE_DONE;
    }
    if (both) return entry_merge(in, map, key, entry, merge);
    if (!entry->standing && !entry->incoming) return MERGE_DONE;
    /* One side removed what the other changed. */
    entry_take(in, map, entry->standing ? entry->standing : entry->incoming);
    in->path[in->depth++] = in->schema->nodes[map].first + 1;
    enum merge_result result =
        merging_removed(in, (enum merge_policy)in->schema->nodes[map].policy);
    in->depth--;
    return result;
}

static const struct schema_value *key_at(const struct elements *entries, size_t at) {
    return at < entries->count ? &entries->values[entries->order[at]] : NULL;
}

static const struct schema_value *key_least(const struct schema_value *a,
                                            const struct schema_value *b) {
    if (!a || !b) return a ? a : b;
    return value_compare(a, b) <= 0 ? a : b;
}

/* The entry of that key if it stands next; then it is stepped over. */
static const struct bytes *entry_next(const struct elements *entries, size_t *at,
                                      const struct schema_value *key) {
    const struct schema_value *next = key_at(entries, *at);
    if (!next || value_compare(next, key) != 0) return NULL;
    return &entries->entries[entries->order[(*at)++]];
}

enum merge_result merging_map(struct merging *in, uint32_t map, const struct field_sides *sides,
                              merge_field *merge) {
    const struct schema_node *key = &in->schema->nodes[in->schema->nodes[map].first];
    struct elements base, standing, incoming;
    if (entries_read(&base, &in->arena, key, &sides->base) != SS_OK ||
        entries_read(&standing, &in->arena, key, &sides->standing) != SS_OK ||
        entries_read(&incoming, &in->arena, key, &sides->incoming) != SS_OK)
        return MERGE_NO_MEMORY;
    for (size_t b = 0, s = 0, i = 0;;) {
        const struct schema_value *least =
            key_least(key_least(key_at(&base, b), key_at(&standing, s)), key_at(&incoming, i));
        if (!least) return MERGE_DONE;
        struct entry_sides entry = {entry_next(&base, &b, least), entry_next(&standing, &s, least),
                                    entry_next(&incoming, &i, least)};
        enum merge_result result = key_merge(in, map, least, &entry, merge);
        if (result != MERGE_DONE) return result;
    }
}
