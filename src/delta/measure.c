/* SPDX-License-Identifier: Apache-2.0 */
/* measure.c - the trace is walked as in use, some times over, which gives bytes and time of whole
 * packets and compares what arrives; then chunk by chunk under observation, which tells the fields
 * apart. */
#include "delta/measure.h"

#include "delta/census.h"
#include "delta/quantum.h"

#define CHUNK_BYTES_MAX 8192
#define INTERRUPTED_NS  5000 /* so long takes no lane: the processor was away */

/* Time by lane; the last: what a cell costs before its lanes. */
struct stopwatch {
    uint64_t (*now)(void);
    uint64_t started, own; /* own: what asking costs */
    uint64_t spent[DELTA_LANES_MAX + 1];
};

struct bench {
    const struct memory *memory;
    const struct delta_clocks *clocks;
    struct delta_schema schema;
    struct course_source source;                 /* of `schema` */
    struct delta_field fields[DELTA_FIELDS_MAX]; /* those of `schema` */
    struct delta_model *sender, *receiver;
    struct course from, to;
    struct census *census;
    struct buffer packet;
    struct stopwatch encoding, decoding;
    uint64_t changed[DELTA_FIELDS_MAX], based; /* updates with a base, by field */
};

/* ---- opening ---- */

static int open_schema(struct bench *bench, const struct delta_setup *setup) {
    struct delta_schema plain;
    bench->source = (struct course_source){.schema = &bench->schema};
    if (setup->source) {
        bench->schema = *setup->source->schema;
        bench->source = *setup->source;
        return SS_OK;
    }
    profile_schema(setup->profile, &plain);
    memcpy(bench->fields, plain.fields, plain.field_count * sizeof *plain.fields);
    for (unsigned i = 0; i < plain.field_count && setup->rotation_levels; i++)
        if (bench->fields[i].kind == DELTA_QUATERNION) {
            if (setup->rotation_levels > 32768) return SS_ERR_INVALID;
            bench->fields[i].levels = (uint16_t)setup->rotation_levels;
        }
    int status = delta_schema_init(&bench->schema, plain.name, bench->fields, plain.field_count,
                                   plain.state_size);
    bench->schema.kind_lane = plain.kind_lane;
    bench->schema.flag_lane = plain.flag_lane;
    bench->schema.walker = plain.walker;
    return status;
}

/* What was learned on the way is forgotten again. */
static int load_models(struct bench *bench, const struct delta_setup *setup) {
    struct delta_schema plain; /* the table was made for this one, whatever the levels */
    profile_schema(setup->profile, &plain);
    int status =
        delta_model_load(bench->sender, setup->source ? &bench->schema : &plain, setup->table);
    if (status == SS_OK) *bench->receiver = *bench->sender;
    return status;
}

static int bench_open(struct bench *bench, const struct delta_setup *setup,
                      const struct memory *memory) {
    int status = open_schema(bench, setup);
    if (status != SS_OK) return status;
    bench->sender = memory_alloc(memory, sizeof *bench->sender);
    bench->receiver = memory_alloc(memory, sizeof *bench->receiver);
    bench->census = memory_zeroed(memory, 1, sizeof *bench->census);
    if (bench->sender == NULL || bench->receiver == NULL || bench->census == NULL)
        return SS_ERR_NOMEM;
    bench->census->model = bench->sender;
    return SS_OK;
}

static void bench_close(struct bench *bench) {
    memory_free(bench->memory, bench->sender, sizeof *bench->sender);
    memory_free(bench->memory, bench->receiver, sizeof *bench->receiver);
    memory_free(bench->memory, bench->census, sizeof *bench->census);
    buffer_free(&bench->packet);
}

static int open_courses(struct bench *bench, uint32_t id_count) {
    bench->from.memory = bench->to.memory = bench->memory;
    int status = course_init(&bench->from, bench->memory, &bench->schema, id_count);
    if (status != SS_OK) return status;
    status = course_init(&bench->to, bench->memory, &bench->schema, id_count);
    if (status != SS_OK) course_free(&bench->from);
    return status;
}

static void close_courses(struct bench *bench) {
    course_free(&bench->from);
    course_free(&bench->to);
}

/* ---- whole packets ---- */

static bool same_frame(const struct bench *bench, const struct delta_frame *a,
                       const struct delta_frame *b) {
    if (a->live != b->live) return false;
    for (unsigned cell = 0; cell < DELTA_CHUNK_CELLS; cell++)
        if (a->live >> cell & 1 &&
            memcmp(a->rows[cell], b->rows[cell], bench->schema.row_size) != 0)
            return false;
    return true;
}

static bool same_tick(const struct bench *bench) {
    int64_t now = (int64_t)bench->from.tick - 1;
    for (uint32_t i = 0; i < bench->from.chunk_count; i++)
        if (!same_frame(bench, course_frame(&bench->from, now, i),
                        course_frame(&bench->to, now, i)))
            return false;
    return bench->from.ms[now % COURSE_TICKS] == bench->to.ms[now % COURSE_TICKS];
}

/* What asking a clock twice in a row says at least. */
static uint64_t clock_own(uint64_t (*clock)(void)) {
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 200; i++) {
        uint64_t start = clock(), spent = clock() - start;
        if (spent < least) least = spent;
    }
    return least;
}

static uint64_t elapsed(uint64_t start, uint64_t end, uint64_t own) {
    return end - start > own ? end - start - own : 0;
}

/* What the packet of one tick took at least, ns. */
struct lap {
    uint64_t encode, decode;
};

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static int walk_packets(struct bench *bench, const struct trace *trace, struct lap *laps,
                        struct delta_packet_stats *stats, struct delta_measure *result) {
    struct delta_link sender = {&bench->schema, bench->sender, &bench->from};
    struct delta_link receiver = {&bench->schema, bench->receiver, &bench->to};
    uint64_t (*cpu)(void) = bench->clocks->cpu;
    uint64_t own = clock_own(cpu);
    struct trace_tick tick;
    int status = SS_OK;
    for (size_t offset = 0; status == SS_OK && trace_next(trace, &offset, &tick); laps++) {
        status = course_feed_from(&bench->from, &bench->source, &tick);
        if (status != SS_OK) break;
        course_hold(&bench->from, bench->from.tick - 1);
        buffer_clear(&bench->packet);
        uint64_t start = cpu();
        status = delta_packet_encode(&sender, &bench->packet, stats);
        uint64_t middle = cpu();
        if (status == SS_OK)
            status = delta_packet_decode(&receiver, bench->to.tick, buffer_view(&bench->packet));
        uint64_t end = cpu();
        laps->encode = least(laps->encode, elapsed(start, middle, own));
        laps->decode = least(laps->decode, elapsed(middle, end, own));
        result->verified = result->verified && status == SS_OK && same_tick(bench);
    }
    return status;
}

static void add_laps(struct delta_measure *result, const struct lap *laps, size_t count,
                     const struct delta_packet_stats *stats) {
    double updates = stats->updates ? (double)stats->updates : 1;
    for (size_t i = 0; i < count; i++) {
        result->encode_ns_per_update += (double)laps[i].encode / updates;
        result->decode_ns_per_update += (double)laps[i].decode / updates;
    }
}

/* Each walk begins as the first one did. */
static int time_packets(struct bench *bench, const struct trace *trace,
                        const struct delta_setup *setup, struct delta_packet_stats *stats,
                        struct delta_measure *result) {
    size_t count = trace->tick_count;
    struct lap *laps = memory_zeroed(bench->memory, count + 1, sizeof *laps);
    int status = laps ? SS_OK : SS_ERR_NOMEM;
    for (size_t i = 0; i < count && laps; i++)
        laps[i] = (struct lap){UINT64_MAX, UINT64_MAX};
    for (unsigned walk = 0; status == SS_OK && (walk == 0 || walk < setup->walks); walk++) {
        *stats = (struct delta_packet_stats){0};
        status = load_models(bench, setup);
        if (status == SS_OK) status = open_courses(bench, trace->id_count);
        if (status != SS_OK) break;
        status = walk_packets(bench, trace, laps, stats, result);
        close_courses(bench);
    }
    if (status == SS_OK) add_laps(result, laps, count, stats);
    memory_free(bench->memory, laps, (count + 1) * sizeof *laps);
    return status;
}

/* ---- field by field ---- */

static void on_watch(void *context, unsigned lane) {
    struct stopwatch *watch = context;
    uint64_t spent = elapsed(watch->started, watch->now(), watch->own);
    if (spent < INTERRUPTED_NS) watch->spent[lane] += spent;
    watch->started = watch->now();
}

/* Which fields changed. */
static void note_changes(struct bench *bench, const struct delta_chunk *chunk,
                         const struct delta_frame *now) {
    const struct delta_frame *base = chunk->past[TICK_BASE];
    for (unsigned cell = 0; cell < DELTA_CHUNK_CELLS; cell++) {
        const uint8_t *row = now->rows[cell], *old = base->rows[cell];
        if (!(now->live & base->live & 1u << cell) || !memcmp(row, old, bench->schema.row_size))
            continue;
        unsigned fields = 0;
        for (unsigned i = 0; i < bench->schema.lane_count; i++) {
            const struct delta_lane *lane = &bench->schema.lanes[i];
            if (delta_row_get(lane, row) != delta_row_get(lane, old)) fields |= 1u << lane->field;
        }
        bench->based++;
        for (unsigned i = 0; i < bench->schema.field_count; i++)
            bench->changed[i] += fields >> i & 1;
    }
}

/* Codes a chunk that changed, there and back, and counts. */
static int walk_chunk(struct bench *bench, struct delta_chunk *chunk, const struct delta_frame *now,
                      struct delta_frame *got) {
    uint8_t out[CHUNK_BYTES_MAX];
    size_t used;
    struct delta_watch watch = {on_watch, &bench->encoding};
    note_changes(bench, chunk, now);
    chunk->model = bench->sender;
    bench->encoding.started = bench->encoding.now();
    size_t bits = delta_encode_watched(chunk, now, out, sizeof out, &watch);
    if (bits == 0) return SS_ERR_TOO_LARGE;
    watch.context = &bench->decoding;
    chunk->model = bench->receiver;
    bench->decoding.started = bench->decoding.now();
    return delta_decode_watched(chunk, bytes_view(out, (bits + 7) / 8), 0, got, &used, &watch);
}

static int walk_tick(struct bench *bench) {
    struct delta_observer observer = census_observer(bench->census);
    struct course_past past;
    struct delta_times times;
    struct delta_chunk chunk = {&bench->schema, bench->sender, &times, {0}, DELTA_CHUNK_CELLS};
    struct delta_frame got;
    bool block = bench->sender->base_ms == 0;
    unsigned before = 0;
    int status = SS_OK;
    course_choose(&bench->from, bench->sender, &past);
    if (past.tick[TICK_BASE] < 0) return SS_OK;
    delta_times_init(&times, &bench->schema, past.ms);
    for (uint32_t i = 0; i < bench->from.chunk_count && status == SS_OK; i++) {
        const struct delta_frame *now = course_frame(&bench->from, past.tick[TICK_NOW], i);
        course_chunk(&bench->from, &past, i, &chunk);
        chunk.model = bench->sender;
        bool same = delta_chunk_same(&chunk, now);
        if (block || !same) delta_observe_chunk(&chunk, now, &observer, block ? &before : NULL);
        if (!same) status = walk_chunk(bench, &chunk, now, &got);
    }
    return status;
}

static int walk_fields(struct bench *bench, const struct trace *trace) {
    struct trace_tick tick;
    int status = SS_OK;
    for (size_t offset = 0; status == SS_OK && trace_next(trace, &offset, &tick);) {
        status = course_feed_from(&bench->from, &bench->source, &tick);
        course_hold(&bench->from, bench->from.tick - 1);
        if (status == SS_OK) status = walk_tick(bench);
    }
    return status;
}

/* ---- the result ---- */

static void add_lane(struct bench *bench, struct delta_part *part, unsigned lane, double updates) {
    part->bytes += bench->census->spent[lane] / 8 / updates;
    part->bound += census_bound(bench->census, lane) / 8 / updates;
    part->encode_ns += (double)bench->encoding.spent[lane] / updates;
    part->decode_ns += (double)bench->decoding.spent[lane] / updates;
}

static void add_parts(struct bench *bench, struct delta_measure *result) {
    double updates = result->updates ? (double)result->updates : 1;
    struct delta_part *flags = &result->part[MEASURE_FLAGS], *ends = &result->part[MEASURE_ENDS];
    for (unsigned i = 0; i < bench->schema.lane_count; i++)
        add_lane(bench, &result->part[bench->schema.lanes[i].field], i, updates);
    *flags = (struct delta_part){.name = "which cells"};
    for (unsigned i = CENSUS_FLAGS; i < CENSUS_PARTS; i++) {
        flags->bytes += bench->census->spent[i] / 8 / updates;
        flags->bound += census_bound(bench->census, i) / 8 / updates;
    }
    flags->encode_ns = (double)bench->encoding.spent[DELTA_LANES_MAX] / updates;
    flags->decode_ns = (double)bench->decoding.spent[DELTA_LANES_MAX] / updates;
    *ends = (struct delta_part){.name = "chunk ends", .bytes = result->payload_bytes_per_update};
    for (unsigned i = 0; i < MEASURE_ENDS; i++) {
        ends->bytes -= result->part[i].bytes;
        result->bound_bytes_per_update += result->part[i].bound;
    }
}

static void name_parts(const struct bench *bench, struct delta_measure *result) {
    for (unsigned i = 0; i < bench->schema.field_count; i++) {
        result->part[i].name = bench->schema.fields[i].name;
        if (bench->based)
            result->part[i].changed = (double)bench->changed[i] / (double)bench->based;
    }
}

static void add_stats(struct delta_measure *result, const struct delta_packet_stats *stats) {
    double updates = stats->updates ? (double)stats->updates : 1;
    double packets = stats->packets ? (double)stats->packets : 1;
    result->ticks = stats->packets;
    result->updates = stats->updates;
    result->births = stats->births;
    result->chunk_bytes = stats->chunk_bytes;
    result->header_bytes = stats->header_bytes;
    result->whole_packets = stats->whole_packets;
    result->whole_bytes = stats->whole_bytes;
    result->payload_bytes_per_update = (double)stats->chunk_bytes / updates;
    result->header_bytes_per_packet = (double)stats->header_bytes / packets;
    result->bytes_per_frame = (double)(stats->chunk_bytes + stats->header_bytes) / packets;
}

int delta_measure(struct delta_measure *result, const struct trace *trace,
                  const struct delta_setup *setup, const struct memory *memory,
                  const struct delta_clocks *clocks) {
    struct bench bench = {.memory = memory, .clocks = clocks, .packet = buffer_of(memory)};
    struct delta_packet_stats stats = {0};
    struct stopwatch watch = {.now = clocks->now, .own = clock_own(clocks->now)};
    bench.encoding = bench.decoding = watch;
    *result = (struct delta_measure){.verified = true};
    int status = bench_open(&bench, setup, memory);
    if (status == SS_OK) status = time_packets(&bench, trace, setup, &stats, result);
    if (status == SS_OK) status = load_models(&bench, setup);
    if (status == SS_OK) status = open_courses(&bench, trace->id_count);
    if (status == SS_OK) {
        status = walk_fields(&bench, trace);
        close_courses(&bench);
    }
    if (status == SS_OK) {
        add_stats(result, &stats);
        name_parts(&bench, result);
        add_parts(&bench, result);
    }
    bench_close(&bench);
    return status;
}
