/* SPDX-License-Identifier: Apache-2.0 */
/* packet.c - see packet.h for the layout. */
#include "delta/packet.h"

#include "wire/bits.h"

#define HEAD_MS      63u
#define HEAD_NO_BASE 64u
#define HEAD_OLDERS  128u
#define NIBBLE       15u
#define RUN_BITS     8

#define PREFETCH_CHUNKS 8

/* Room for the largest chunk: 16 cells of 24 lanes with every number at its worst (about 12 bytes).
 */
#define CHUNK_BYTES_MAX 8192

/* What stands for the time; `*plain`: it may stand in the head. */
static uint64_t header_ms(const struct delta_model *model, const struct course_past *past,
                          bool *plain) {
    uint32_t now = past->ms[TICK_NOW], since = now - past->ms[TICK_BASE];
    *plain = false;
    if (past->tick[TICK_BASE] < 0) return now;
    *plain = since >= model->base_ms && since - model->base_ms < HEAD_MS;
    return *plain ? since - model->base_ms : since;
}

static void put_gaps(struct buffer *out, uint64_t first, uint64_t second) {
    uint64_t low = first < NIBBLE ? first : NIBBLE, high = second < NIBBLE ? second : NIBBLE;
    buffer_u8(out, (uint8_t)(low | high << 4));
    if (low == NIBBLE) buffer_varint(out, first);
    if (high == NIBBLE) buffer_varint(out, second);
}

static void put_olders(const struct delta_model *model, const struct course_past *past,
                       struct buffer *out) {
    uint64_t gap[3] = {0};
    for (int t = TICK_OLD1; t < TICKS && past->tick[t] >= 0; t++)
        gap[t - TICK_OLD1] = (uint64_t)(past->tick[t - 1] - past->tick[t]);
    put_gaps(out, gap[0], gap[1]);
    if (model->older_ms[2]) put_gaps(out, gap[2], 0);
}

/* `ruled`: the older ticks need not be named. */
static void put_header(const struct delta_model *model, const struct course_past *past, bool ruled,
                       struct buffer *out) {
    bool base = past->tick[TICK_BASE] >= 0, named = base && !ruled && model->base_ms, plain;
    uint64_t ms = header_ms(model, past, &plain);
    buffer_u8(out, (uint8_t)((plain ? ms : HEAD_MS) | (base ? 0 : HEAD_NO_BASE) |
                             (named ? HEAD_OLDERS : 0)));
    if (!plain) buffer_varint(out, ms);
    if (base && model->base_ms)
        buffer_varint(out, (uint64_t)(past->tick[TICK_NOW] - past->tick[TICK_BASE]));
    if (named) put_olders(model, past, out);
}

static void put_run(struct bit_writer *bits, uint32_t skip, uint32_t count) {
    uint32_t low = skip < NIBBLE ? skip : NIBBLE, high = count - 1 < NIBBLE ? count - 1 : NIBBLE;
    bits_put(bits, low | high << 4, RUN_BITS);
    if (low == NIBBLE) bits_varint(bits, skip);
    if (high == NIBBLE) bits_varint(bits, count);
}

static void count_updates(const struct delta_chunk *chunk, const struct delta_frame *now,
                          struct delta_packet_stats *stats) {
    const struct delta_frame *base = chunk->past[TICK_BASE];
    unsigned born = now->live & ~(base ? base->live : 0u);
    stats->chunks++;
    stats->births += (unsigned)__builtin_popcount(born);
    stats->updates += (unsigned)__builtin_popcount(delta_chunk_changed(chunk, now));
}

static int put_chunk(const struct delta_chunk *chunk, const struct delta_frame *now,
                     struct bit_writer *bits, struct delta_packet_stats *stats) {
    uint8_t *room = buffer_room(bits->out, CHUNK_BYTES_MAX);
    if (room == NULL) return SS_ERR_NOMEM;
    size_t count = delta_encode_chunk(chunk, now, room, CHUNK_BYTES_MAX);
    if (count == 0) return SS_ERR_TOO_LARGE;
    bits_take(bits, count);
    if (stats) count_updates(chunk, now, stats);
    return SS_OK;
}

/* Frames are far apart, and those of ticks long ago out of the caches: asked for some chunks ahead.
 */
static void prefetch_ahead(const struct course *course, const struct course_past *past,
                           uint32_t index) {
    uint32_t ahead = index + PREFETCH_CHUNKS;
    if (ahead >= course->chunk_count) return;
    memory_prefetch(course_frame(course, past->tick[TICK_NOW], ahead));
    if (past->tick[TICK_BASE] >= 0)
        memory_prefetch(course_frame(course, past->tick[TICK_BASE], ahead));
}

/* How many chunks from `index` on changed. */
static uint32_t run_length(const struct delta_link *link, const struct course_past *past,
                           uint32_t index, struct delta_chunk *chunk) {
    const struct course *course = link->course;
    uint32_t end = index;
    for (; end < course->chunk_count; end++) {
        prefetch_ahead(course, past, end);
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
        prefetch_ahead(link->course, past, i);
        const struct delta_frame *now = course_frame(link->course, past->tick[TICK_NOW], i);
        course_chunk(link->course, past, i, &chunk);
        delta_block_put(&block, &chunk, now);
        if (stats && block.before) count_updates(&chunk, now, stats);
    }
    size_t bits = delta_block_end(&block);
    out->size += (bits + 7) / 8;
    return bits ? SS_OK : SS_ERR_TOO_LARGE;
}

static int put_chunks(struct delta_link *link, const struct course_past *past, struct buffer *out,
                      struct delta_packet_stats *stats) {
    struct delta_times times;
    struct delta_chunk chunk = {link->schema, link->model, &times, {0}, DELTA_CHUNK_CELLS};
    delta_times_init(&times, link->schema, past->ms);
    struct bit_writer bits = {.out = out};
    uint32_t next = 0, all = link->course->chunk_count;
    bool begun = false;
    for (uint32_t i = 0; i < all;) {
        uint32_t count = run_length(link, past, i, &chunk);
        if (count == 0) {
            i++;
            continue;
        }
        if (!begun) bits_put(&bits, count == all, 1);
        if (count != all) put_run(&bits, i - next, count);
        begun = true;
        for (uint32_t end = i + count; i < end; i++) {
            course_chunk(link->course, past, i, &chunk);
            int status = put_chunk(&chunk, course_frame(link->course, past->tick[TICK_NOW], i),
                                   &bits, stats);
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
    bool ruled = course_choose(link->course, link->model, &past);
    put_header(link->model, &past, ruled, out);
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

/* Two more older ticks, behind `before`; -1: there is none, -2: one that cannot be. */
static void get_gaps(struct reader *in, int64_t tick[2], int64_t before) {
    unsigned pair = reader_u8(in);
    uint64_t gap[2] = {pair & NIBBLE, pair >> 4};
    for (int i = 0; i < 2; i++) {
        if (gap[i] == NIBBLE) gap[i] = reader_varint(in);
        if (gap[i] == 0 || before < 0)
            before = -1;
        else
            before = gap[i] < COURSE_TICKS ? before - (int64_t)gap[i] : -2;
        tick[i] = before;
    }
}

/* The ticks that are named must be held: another would be a guess. */
static int get_olders(const struct delta_link *link, struct reader *in, struct course_past *past) {
    int64_t *tick = past->tick, unused[2] = {-1, -1};
    get_gaps(in, tick + TICK_OLD1, tick[TICK_BASE]);
    if (link->model->older_ms[2]) get_gaps(in, unused, tick[TICK_OLD2]);
    tick[TICK_OLD3] = unused[0];
    if (in->failed) return SS_ERR_MALFORMED;
    for (int t = TICK_OLD1; t < TICKS; t++)
        if (tick[t] != -1 &&
            (tick[t] <= tick[TICK_NOW] - COURSE_TICKS || !course_holds(link->course, tick[t])))
            return SS_ERR_STALE;
    return SS_OK;
}

struct header {
    uint32_t ms; /* the time */
    bool named;  /* olders were */
};

static int get_header(const struct delta_link *link, uint32_t tick, struct reader *in,
                      struct header *header, struct course_past *past) {
    const struct course *course = link->course;
    unsigned head = reader_u8(in);
    bool base = !(head & HEAD_NO_BASE), plain = (head & HEAD_MS) < HEAD_MS;
    uint64_t ms = plain ? (head & HEAD_MS) + link->model->base_ms : reader_varint(in);
    uint64_t age = base && link->model->base_ms ? reader_varint(in) : base;
    header->named = head & HEAD_OLDERS;
    if (in->failed || ms > UINT32_MAX || (!base && plain) || (header->named && !age))
        return SS_ERR_MALFORMED;
    if (tick < course->tick || tick == UINT32_MAX) return SS_ERR_STALE;
    *past = (struct course_past){.tick = {tick, -1, -1, -1, -1}};
    header->ms = (uint32_t)ms;
    if (!base) return SS_OK;
    if (age == 0 || age > tick || age >= COURSE_TICKS || !course_holds(course, tick - (int64_t)age))
        return SS_ERR_STALE;
    past->tick[TICK_BASE] = tick - (int64_t)age;
    header->ms += course->ms[past->tick[TICK_BASE] % COURSE_TICKS];
    return header->named ? get_olders(link, in, past) : SS_OK;
}

static void keep_chunks(const struct course *course, const struct course_past *past,
                        struct delta_chunk *chunk, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        prefetch_ahead(course, past, i);
        course_chunk(course, past, i, chunk);
        delta_chunk_keep(chunk, course_frame(course, past->tick[TICK_NOW], i));
    }
}

static int get_chunks(const struct delta_link *link, struct bit_reader *in,
                      const struct course_past *past, struct delta_chunk *chunk, uint32_t from,
                      uint32_t count) {
    for (uint32_t i = from; i < from + count; i++) {
        unsigned skip;
        size_t used;
        struct bytes rest = bits_rest(in, &skip);
        course_chunk(link->course, past, i, chunk);
        int status = delta_decode_chunk(chunk, rest, skip,
                                        course_frame(link->course, past->tick[TICK_NOW], i), &used);
        if (status != SS_OK) return status;
        in->at += used;
    }
    return SS_OK;
}

static int get_run(const struct delta_link *link, struct bit_reader *in,
                   const struct course_past *past, struct delta_chunk *chunk, uint32_t *next) {
    unsigned run = bits_get(in, RUN_BITS);
    uint64_t skip = (run & NIBBLE) == NIBBLE ? bits_get_varint(in) : run & NIBBLE;
    uint64_t count = run >> 4 == NIBBLE ? bits_get_varint(in) : (run >> 4) + 1;
    uint32_t left = link->course->chunk_count - *next;
    if (in->failed || skip > left || count > left - skip) return SS_ERR_MALFORMED;
    uint32_t first = *next + (uint32_t)skip;
    keep_chunks(link->course, past, chunk, *next, first);
    *next = first + (uint32_t)count;
    return get_chunks(link, in, past, chunk, first, (uint32_t)count);
}

static int get_block(const struct delta_link *link, struct reader *in,
                     const struct course_past *past, struct delta_chunk *chunk) {
    struct delta_block block;
    int status = SS_OK;
    delta_block_read(&block, bytes_view(in->at, in->left));
    for (uint32_t i = 0; i < link->course->chunk_count && status == SS_OK; i++) {
        prefetch_ahead(link->course, past, i);
        course_chunk(link->course, past, i, chunk);
        status =
            delta_block_get(&block, chunk, course_frame(link->course, past->tick[TICK_NOW], i));
    }
    if (status == SS_OK && (delta_block_used(&block) + 7) / 8 != in->left)
        status = SS_ERR_MALFORMED;
    return status;
}

static int get_runs(const struct delta_link *link, struct bytes from,
                    const struct course_past *past, struct delta_chunk *chunk) {
    struct bit_reader in = bits_of(from);
    uint32_t next = 0, all = link->course->chunk_count;
    int status = SS_OK;
    if (from.size > 0 && bits_get(&in, 1)) {
        status = get_chunks(link, &in, past, chunk, 0, all);
        next = all;
    } else {
        while (bits_left(&in) >= RUN_BITS && status == SS_OK)
            status = get_run(link, &in, past, chunk, &next);
    }
    if (status != SS_OK) return status;
    keep_chunks(link->course, past, chunk, next, all);
    return bits_end(&in) ? SS_OK : SS_ERR_MALFORMED;
}

int delta_packet_decode(struct delta_link *link, uint32_t tick, struct bytes from) {
    struct reader in = reader_of(from);
    struct course *course = link->course;
    struct course_past past;
    struct header header;
    uint32_t before = course->tick;
    int status = get_header(link, tick, &in, &header, &past);
    if (status != SS_OK) return status;
    course_open(course, tick, header.ms);
    if (header.named)
        course_date(course, &past);
    else
        course_choose_from(course, link->model, past.tick[TICK_BASE], &past);
    struct delta_times times;
    struct delta_chunk chunk = {link->schema, link->model, &times, {0}, DELTA_CHUNK_CELLS};
    delta_times_init(&times, link->schema, past.ms);
    status = link->model->base_ms ? get_runs(link, bytes_view(in.at, in.left), &past, &chunk)
                                  : get_block(link, &in, &past, &chunk);
    if (status == SS_OK)
        course_hold(course, tick);
    else
        course->tick = before;
    return status;
}
