/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c - every tick is taken as acknowledged once it is a baseline's age old; nothing is lost. */
#include "delta/pack.h"

#include "delta/quantum.h"
#include "delta/tables.h"

#define MAGIC "SSD2" /* the last letter is the version of all that follows, packets too */

/* What one side holds. */
struct side {
    const struct memory *memory;
    struct delta_schema schema;
    struct delta_model *model;
    struct course course;
    struct delta_link link;
};

static int side_open(struct side *side, const struct memory *memory, enum delta_profile profile,
                     struct bytes table, uint32_t id_count, size_t size_max) {
    *side = (struct side){.memory = memory};
    if (course_size(id_count) > size_max) return SS_ERR_TOO_LARGE;
    profile_schema(profile, &side->schema);
    side->model = memory_alloc(memory, sizeof *side->model);
    if (side->model == NULL) return SS_ERR_NOMEM;
    int status = delta_model_load(side->model, &side->schema, table);
    if (status == SS_OK) status = course_init(&side->course, memory, &side->schema, id_count);
    if (status != SS_OK) memory_free(memory, side->model, sizeof *side->model);
    side->link = (struct delta_link){&side->schema, side->model, &side->course};
    return status;
}

static void side_close(struct side *side) {
    course_free(&side->course);
    memory_free(side->memory, side->model, sizeof *side->model);
}

static void put_size(struct buffer *out, size_t at) {
    if (out->failed) return;
    size_t size = out->size - at - 4;
    for (int i = 0; i < 4; i++)
        out->data[at + (size_t)i] = (uint8_t)(size >> 8 * i);
}

static void put_preamble(const struct trace *trace, enum delta_profile profile,
                         enum delta_mode mode, uint32_t hash, struct buffer *out) {
    size_t at = out->size;
    uint32_t quantum;
    memcpy(&quantum, &trace->quantum, 4);
    const uint32_t fields[] = {hash,    trace->id_count,    trace->tick_us, trace->rotation,
                               quantum, trace->has_velocity};
    buffer_u32(out, 0);
    buffer_text(out, MAGIC);
    buffer_u8(out, (uint8_t)profile);
    buffer_u8(out, (uint8_t)mode);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        buffer_u32(out, fields[i]);
    put_size(out, at);
}

int delta_pack(const struct trace *trace, enum delta_profile profile, enum delta_mode mode,
               struct bytes table, const struct memory *memory, struct buffer *out,
               struct delta_packet_stats *stats) {
    struct side side;
    int status = side_open(&side, memory, profile, table, trace->id_count, SIZE_MAX);
    if (status != SS_OK) return status;
    put_preamble(trace, profile, mode, delta_schema_hash(&side.schema), out);
    struct trace_tick tick;
    for (size_t offset = 0; status == SS_OK && trace_next(trace, &offset, &tick);) {
        size_t at = out->size;
        status = course_feed(&side.course, &tick);
        course_hold(&side.course, side.course.tick - 1); /* in a file nothing is lost */
        buffer_u32(out, 0);
        if (status == SS_OK) status = delta_packet_encode(&side.link, out, stats);
        put_size(out, at);
    }
    side_close(&side);
    return status == SS_OK && out->failed ? SS_ERR_NOMEM : status;
}

/* ---- back ---- */

static struct bytes next_item(struct reader *in) {
    return reader_bytes(in, reader_u32(in));
}

static int get_preamble(struct bytes item, struct trace *like, enum delta_profile *profile,
                        enum delta_mode *mode) {
    struct reader in = reader_of(item);
    struct bytes magic = reader_bytes(&in, 4);
    unsigned profile_number = reader_u8(&in), mode_number = reader_u8(&in);
    uint32_t hash = reader_u32(&in);
    like->id_count = reader_u32(&in);
    like->tick_us = reader_u32(&in);
    like->rotation = reader_u32(&in);
    uint32_t quantum = reader_u32(&in);
    memcpy(&like->quantum, &quantum, 4);
    like->has_velocity = reader_u32(&in);
    if (in.failed || memcmp(magic.data, MAGIC, 3) != 0) return SS_ERR_MALFORMED;
    if (magic.data[3] != MAGIC[3]) return SS_ERR_UNSUPPORTED;
    if (in.left || like->rotation > 1 || like->id_count > TRACE_IDS) return SS_ERR_MALFORMED;
    if (profile_number >= PROFILE_COUNT || mode_number > DELTA_STREAM) return SS_ERR_UNSUPPORTED;
    *profile = (enum delta_profile)profile_number;
    *mode = (enum delta_mode)mode_number;
    struct delta_schema schema;
    profile_schema(*profile, &schema);
    return delta_schema_hash(&schema) == hash ? SS_OK : SS_ERR_UNSUPPORTED;
}

static void put_tick(const struct side *side, struct trace *trace) {
    const struct course *course = &side->course;
    int64_t now = (int64_t)course->tick - 1;
    uint32_t count = 0;
    for (uint32_t i = 0; i < course->chunk_count; i++)
        count += (uint32_t)__builtin_popcount(course_frame(course, now, i)->live);
    trace_add_tick(trace, course->ms[now % COURSE_TICKS], count);
    for (uint32_t id = 0; id < course->chunk_count * DELTA_CHUNK_CELLS; id++) {
        const struct delta_frame *frame = course_frame(course, now, id / DELTA_CHUNK_CELLS);
        if (!(frame->live >> id % DELTA_CHUNK_CELLS & 1)) continue;
        uint8_t state[TRACE_STATE] = {0};
        delta_dequantize(&side->schema, frame->rows[id % DELTA_CHUNK_CELLS], state);
        trace_add_record(trace, (uint16_t)id, state);
    }
}

static int unpack_ticks(struct side *side, struct reader *in, struct trace *trace,
                        size_t size_max) {
    int status = SS_OK;
    while (in->left > 0 && status == SS_OK) {
        struct bytes packet = next_item(in);
        status = in->failed ? SS_ERR_MALFORMED
                            : delta_packet_decode(&side->link, side->course.tick, packet);
        if (status == SS_OK) put_tick(side, trace);
        if (status == SS_OK && trace->data.size > size_max) status = SS_ERR_TOO_LARGE;
    }
    return status;
}

int delta_unpack(struct trace *trace, struct bytes pack, struct bytes table,
                 const struct memory *memory, size_t size_max) {
    struct reader in = reader_of(pack);
    struct trace like = {.data = buffer_of(memory)};
    enum delta_profile profile;
    enum delta_mode mode;
    struct side side;
    int status = get_preamble(next_item(&in), &like, &profile, &mode);
    if (status == SS_OK)
        status = side_open(&side, memory, profile, table.size ? table : delta_table(profile, mode),
                           like.id_count, size_max);
    if (status != SS_OK) return status;
    trace_begin(trace, memory, &like);
    status = unpack_ticks(&side, &in, trace, size_max);
    side_close(&side);
    if (status == SS_OK) status = trace_end(trace);
    if (status != SS_OK) trace_free(trace);
    return status;
}
