/* SPDX-License-Identifier: Apache-2.0 */
#include "payload/schema_record.h"

#include "base/status.h"
#include "payload/sort.h"

static bool key_less(const void *context, uint64_t a, uint64_t b) {
    (void)context;
    return a < b;
}

static size_t record_count(struct bytes text) {
    struct reader reader = reader_of(text);
    struct protobuf_field field;
    const char *error;
    size_t count = 0;
    while (protobuf_next(&reader, &field, &error))
        count++;
    return count;
}

int records_read(struct records *records, struct arena *arena, struct bytes text) {
    *records = (struct records){.text = text, .count = record_count(text)};
    if (records->count == 0) return SS_OK;
    records->keys = arena_alloc(arena, records->count * sizeof *records->keys);
    if (!records->keys) return SS_ERR_NOMEM;
    struct reader reader = reader_of(text);
    struct protobuf_field field;
    const char *error;
    bool sorted = true;
    for (size_t i = 0; protobuf_next(&reader, &field, &error); i++) {
        size_t offset = (size_t)(field.raw.data - text.data);
        records->keys[i] = (uint64_t)field.number << 32 | (uint32_t)offset;
        if (i > 0 && records->keys[i] < records->keys[i - 1]) sorted = false;
    }
    if (!sorted) sort_keys(records->keys, records->count, key_less, NULL);
    return SS_OK;
}

struct record_run records_take(struct records *records, uint32_t number) {
    struct record_run run = {records, records->at, 0};
    while (records_number(records) == number)
        records->at++;
    run.count = records->at - run.first;
    return run;
}

struct record_run records_find(const struct records *records, uint32_t number) {
    struct records walk = *records;
    size_t low = 0, high = records->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (records->keys[middle] < (uint64_t)number << 32) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    walk.at = low;
    struct record_run run = records_take(&walk, number);
    run.records = records;
    return run;
}

struct protobuf_field run_field(const struct record_run *run, size_t i) {
    struct bytes text = run->records->text;
    size_t offset = (uint32_t)run->records->keys[run->first + i];
    struct reader reader = reader_of(bytes_view(text.data + offset, text.size - offset));
    struct protobuf_field field = {0};
    const char *error;
    protobuf_next(&reader, &field, &error);
    return field;
}

bool run_equal(const struct record_run *a, const struct record_run *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!bytes_equal(run_field(a, i).raw, run_field(b, i).raw)) return false;
    return true;
}

void run_put(const struct record_run *run, struct buffer *out) {
    for (size_t i = 0; i < run->count; i++)
        buffer_bytes(out, run_field(run, i).raw);
}

struct schema_value run_value(const struct schema_node *node, const struct record_run *run) {
    struct schema_value value = {0};
    if (run->count == 0) return value;
    struct protobuf_field field = run_field(run, run->count - 1);
    value = schema_value_of((enum schema_type)node->type, &field);
    if (!node->presence) value.present = value.bits != 0 || value.content.size > 0;
    if (value.content.size == 0) value.content = (struct bytes){NULL, 0};
    return value;
}

int run_content(const struct record_run *run, struct arena *arena, struct bytes *content) {
    *content = (struct bytes){NULL, 0};
    size_t size = 0;
    for (size_t i = 0; i < run->count; i++)
        size += (size_t)run_field(run, i).value;
    if (size == 0) return SS_OK;
    if (run->count == 1) {
        struct protobuf_field only = run_field(run, 0);
        *content = protobuf_content(&only);
        return SS_OK;
    }
    uint8_t *joined = arena_alloc(arena, size);
    if (!joined) return SS_ERR_NOMEM;
    struct writer writer = writer_of(joined, size);
    for (size_t i = 0; i < run->count; i++) {
        struct protobuf_field piece = run_field(run, i);
        writer_bytes(&writer, protobuf_content(&piece));
    }
    *content = bytes_view(joined, size);
    return SS_OK;
}
