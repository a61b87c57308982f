/* SPDX-License-Identifier: Apache-2.0 */
/* packet.c - see packet.h for the layout. */
#include "delta/packet.h"

#define HEAD_MS      63u
#define HEAD_NO_BASE 64u
#define NIBBLE       15u

/* Room for the largest chunk: 16 cells of 24 lanes with every number at its worst (about 12 bytes).
 */
#define CHUNK_BYTES_MAX 8192

static void put_header(const struct course *course, const struct delta_model *model,
                       const struct course_past *past, struct buffer *out) {
    int64_t at = past->tick[TICK_NOW];
    uint32_t before = at > 0 ? course->ms[(at - 1) % COURSE_TICKS] : 0;
    uint32_t ms = past->ms[TICK_NOW] - before;
    bool base = past->tick[TICK_BASE] >= 0;
    buffer_u8(out, (uint8_t)((ms < HEAD_MS ? ms : HEAD_MS) | (base ? 0 : HEAD_NO_BASE)));
    if (ms >= HEAD_MS) buffer_varint(out, ms);
    if (base && model->base_ms) buffer_varint(out, (uint64_t)(at - past->tick[TICK_BASE]));
}

static void put_run(struct buffer *out, uint32_t skip, uint32_t count) {
    uint32_t low = skip < NIBBLE ? skip : NIBBLE, high = count - 1 < NIBBLE ? count - 1 : NIBBLE;
    buffer_u8(out, (uint8_t)(low | high << 4));
    if (low == NIBBLE) buffer_varint(out, skip);
    if (high == NIBBLE) buffer_varint(out, count);
}

static void count_updates(const struct delta_chunk *chunk, const struct delta_frame *now,
                          struct delta_packet_stats *stats) {
    const struct delta_frame *base = chunk->past[TICK_BASE];
    stats->chunks++;
    for (unsigned i = 0; i < DELTA_CHUNK_CELLS; i++) {
        if (!(now->live >> i & 1)) continue;
        bool was = base && base->live >> i & 1;
        stats->births += !was;
        stats->updates += !was || memcmp(base->rows[i], now->rows[i], chunk->schema->row_size) != 0;
    }
}

static int put_chunk(const struct delta_chunk *chunk, const struct delta_frame *now,
                     struct buffer *out, struct delta_packet_stats *stats) {
    uint8_t *room = buffer_room(out, CHUNK_BYTES_MAX);
    if (room == NULL) return SS_ERR_NOMEM;
    size_t size = delta_encode_chunk(chunk, now, room, CHUNK_BYTES_MAX);
    if (size == 0) return SS_ERR_TOO_LARGE;
    out->size += size;
    if (stats) count_updates(chunk, now, stats);
    return SS_OK;
}

/* How many chunks from `index` on changed. */
static uint32_t run_length(const struct delta_link *link, const struct course_past *past,
                           uint32_t index, struct delta_chunk *chunk) {
    const struct course *course = link->course;
    uint32_t end = index;
    for (; end < course->chunk_count; end++) {
        course_chunk(course, past, end, chunk);
        if (delta_chunk_same(chunk, course_frame(course, past->tick[TICK_NOW], end))) break;
    }
    return end - index;
}

/* A stream: all chunks in one block. */
static int put_block(struct delta_link *link, const struct course_past *past, struct buffer *out,
                     struct delta_packet_stats *stats) {
    struct delta_times times;
    struct delta_chunk chunk = {link->schema, link->model, &times, {0}, DELTA_CHUNK_CELLS};
    struct delta_block block;
    size_t capacity = (size_t)link->course->chunk_count * CHUNK_BYTES_MAX + 8;
    uint8_t *room = buffer_room(out, capacity);
    if (room == NULL) return SS_ERR_NOMEM;
    delta_times_init(&times, link->schema, past->ms);
    delta_block_write(&block, room, capacity);
    for (uint32_t i = 0; i < link->course->chunk_count; i++) {
        const struct delta_frame *now = course_frame(link->course, past->tick[TICK_NOW], i);
        course_chunk(link->course, past, i, &chunk);
        delta_block_put(&block, &chunk, now);
        if (stats && !delta_chunk_same(&chunk, now)) count_updates(&chunk, now, stats);
    }
    size_t size = delta_block_end(&block);
    out->size += size;
    return size ? SS_OK : SS_ERR_TOO_LARGE;
}

static int put_chunks(struct delta_link *link, const struct course_past *past, struct buffer *out,
                      struct delta_packet_stats *stats) {
    struct delta_times times;
    struct delta_chunk chunk = {link->schema, link->model, &times, {0}, DELTA_CHUNK_CELLS};
    delta_times_init(&times, link->schema, past->ms);
    uint32_t next = 0;
    for (uint32_t i = 0; i < link->course->chunk_count;) {
        uint32_t count = run_length(link, past, i, &chunk);
        if (count == 0) {
            i++;
            continue;
        }
        put_run(out, i - next, count);
        for (uint32_t end = i + count; i < end; i++) {
            course_chunk(link->course, past, i, &chunk);
            int status =
                put_chunk(&chunk, course_frame(link->course, past->tick[TICK_NOW], i), out, stats);
            if (status != SS_OK) return status;
        }
        next = i;
    }
    return SS_OK;
}

int delta_packet_encode(struct delta_link *link, struct buffer *out,
                        struct delta_packet_stats *stats) {
    struct course_past past;
    size_t start = out->size;
    course_choose(link->course, link->model, &past);
    put_header(link->course, link->model, &past, out);
    size_t header = out->size - start;
    struct delta_packet_stats *cells = past.tick[TICK_BASE] < 0 ? NULL : stats;
    int status = link->model->base_ms ? put_chunks(link, &past, out, cells)
                                      : put_block(link, &past, out, cells);
    if (out->failed) status = SS_ERR_NOMEM;
    if (status == SS_OK && stats && cells == NULL) {
        stats->whole_packets++;
        stats->whole_bytes += out->size - start;
    } else if (status == SS_OK && stats) {
        stats->packets++;
        stats->header_bytes += header;
        stats->chunk_bytes += out->size - start - header;
    }
    return status;
}

/* ---- reading ---- */

/* Reads the header and opens the tick. */
static int get_header(struct delta_link *link, struct reader *in, struct course_past *past) {
    struct course *course = link->course;
    unsigned head = reader_u8(in);
    uint64_t ms = (head & HEAD_MS) == HEAD_MS ? reader_varint(in) : head & HEAD_MS;
    bool base = !(head & HEAD_NO_BASE);
    uint64_t age = base && link->model->base_ms ? reader_varint(in) : base;
    if (in->failed || head >> 7 || ms > UINT32_MAX) return SS_ERR_MALFORMED;
    if (base && (age == 0 || age > course->tick || age >= COURSE_TICKS)) return SS_ERR_STALE;
    uint32_t before = course->tick ? course->ms[(course->tick - 1) % COURSE_TICKS] : 0;
    course_open(course, before + (uint32_t)ms);
    course_choose_from(course, link->model, base ? (int64_t)course->tick - 1 - (int64_t)age : -1,
                       past);
    return SS_OK;
}

static void keep_chunks(const struct course *course, const struct course_past *past, uint32_t from,
                        uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        struct delta_frame *now = course_frame(course, past->tick[TICK_NOW], i);
        if (past->tick[TICK_BASE] < 0)
            now->live = 0;
        else
            *now = *course_frame(course, past->tick[TICK_BASE], i);
    }
}

static int get_run(const struct delta_link *link, struct reader *in, const struct course_past *past,
                   struct delta_chunk *chunk, uint32_t *next) {
    unsigned run = reader_u8(in);
    uint64_t skip = (run & NIBBLE) == NIBBLE ? reader_varint(in) : run & NIBBLE;
    uint64_t count = run >> 4 == NIBBLE ? reader_varint(in) : (run >> 4) + 1;
    uint32_t left = link->course->chunk_count - *next;
    if (in->failed || skip > left || count > left - skip) return SS_ERR_MALFORMED;
    keep_chunks(link->course, past, *next, *next + (uint32_t)skip);
    *next += (uint32_t)skip;
    for (uint64_t i = 0; i < count; i++, (*next)++) {
        size_t used;
        course_chunk(link->course, past, *next, chunk);
        int status =
            delta_decode_chunk(chunk, bytes_view(in->at, in->left),
                               course_frame(link->course, past->tick[TICK_NOW], *next), &used);
        if (status != SS_OK) return status;
        reader_bytes(in, used);
    }
    return SS_OK;
}

static int get_block(const struct delta_link *link, struct reader *in,
                     const struct course_past *past, struct delta_chunk *chunk) {
    struct delta_block block;
    int status = SS_OK;
    delta_block_read(&block, bytes_view(in->at, in->left));
    for (uint32_t i = 0; i < link->course->chunk_count && status == SS_OK; i++) {
        course_chunk(link->course, past, i, chunk);
        status =
            delta_block_get(&block, chunk, course_frame(link->course, past->tick[TICK_NOW], i));
    }
    if (status == SS_OK && delta_block_used(&block) != in->left) status = SS_ERR_MALFORMED;
    return status;
}

static int get_runs(const struct delta_link *link, struct reader *in,
                    const struct course_past *past, struct delta_chunk *chunk) {
    uint32_t next = 0;
    int status = SS_OK;
    while (in->left > 0 && status == SS_OK)
        status = get_run(link, in, past, chunk, &next);
    if (status == SS_OK) keep_chunks(link->course, past, next, link->course->chunk_count);
    return status;
}

int delta_packet_decode(struct delta_link *link, struct bytes from) {
    struct reader in = reader_of(from);
    struct course_past past;
    int status = get_header(link, &in, &past);
    if (status != SS_OK) return status;
    struct delta_times times;
    struct delta_chunk chunk = {link->schema, link->model, &times, {0}, DELTA_CHUNK_CELLS};
    delta_times_init(&times, link->schema, past.ms);
    status = link->model->base_ms ? get_runs(link, &in, &past, &chunk)
                                  : get_block(link, &in, &past, &chunk);
    if (status != SS_OK) link->course->tick--;
    return status;
}
