/* SPDX-License-Identifier: Apache-2.0 */
/* measure.c - encodes each tick on one side, decodes it on the other, and compares the rows. */
#include "delta/measure.h"

#include <math.h>
#include <stdlib.h>

/* Occurrences by context, for the bound. */
struct census {
    const struct delta_model *model;
    uint32_t size[DELTA_LANES_MAX][MODEL_LEAVES][MODEL_STEPS];
    uint32_t sign[DELTA_LANES_MAX][MODEL_LEAVES][3][2];
    uint32_t digit[DELTA_LANES_MAX][2][MODEL_STEPS][3][2];
    uint32_t flag[MODEL_FLAGS][MODEL_LEAVES][2];
    uint32_t lattice[DELTA_LANES_MAX][2][2];
    uint64_t direct_bits;
};

struct bench {
    const struct memory *memory;
    struct delta_schema schema;
    struct delta_model *sender, *receiver;
    struct course from, to;
    struct census *census;
    struct buffer packet;
};

static void on_lane(void *context, const struct predictor *p, unsigned lane, int64_t number,
                    int64_t wanted, bool mirrored) {
    struct census *census = context;
    (void)wanted;
    unsigned leaf = model_tree_find(&census->model->lane[lane].tree, p->clue);
    uint64_t value = (uint64_t)llabs(number);
    unsigned bits = value ? 64 - (unsigned)__builtin_clzll(value) : 0;
    unsigned size = bits < MODEL_STEPS ? bits : MODEL_STEPS - 1, minus = (number < 0) != mirrored;
    census->size[lane][leaf][size]++;
    if (bits == 0) return;
    census->sign[lane][leaf][bits > 3 ? 2 : bits - 1][minus]++;
    unsigned high = bits > 1 ? (unsigned)(value >> (bits - 2)) & 1 : 0;
    if (bits > 1) census->digit[lane][minus][size][0][high]++;
    if (bits > 2) census->digit[lane][minus][size][1 + high][value >> (bits - 3) & 1]++;
    if (bits > 3) census->direct_bits += bits - 3;
}

static void on_flag(void *context, unsigned flag, const int16_t *clues, unsigned bit) {
    struct census *census = context;
    census->flag[flag][model_tree_find(&census->model->flag[flag].tree, clues)][bit]++;
}

static void on_lattice(void *context, unsigned lane, unsigned base, unsigned bit) {
    struct census *census = context;
    census->lattice[lane][base][bit]++;
}

/* Bits to code `count` kinds of occurrences with their own frequencies. */
static double entropy(const uint32_t *counts, size_t count) {
    double total = 0, bits = 0;
    for (size_t i = 0; i < count; i++) {
        total += counts[i];
        bits -= counts[i] ? counts[i] * log2(counts[i]) : 0;
    }
    return total > 0 ? bits + total * log2(total) : 0;
}

static double pairs(const uint32_t *counts, size_t count) {
    double bits = 0;
    for (size_t i = 0; i < count; i++)
        bits += entropy(counts + 2 * i, 2);
    return bits;
}

static double census_bits(const struct census *census) {
    double bits = (double)census->direct_bits;
    for (unsigned lane = 0; lane < DELTA_LANES_MAX; lane++)
        for (unsigned leaf = 0; leaf < MODEL_LEAVES; leaf++)
            bits += entropy(census->size[lane][leaf], MODEL_STEPS);
    bits += pairs(&census->sign[0][0][0][0], sizeof census->sign / 8);
    bits += pairs(&census->digit[0][0][0][0][0], sizeof census->digit / 8);
    bits += pairs(&census->flag[0][0][0], sizeof census->flag / 8);
    return bits + pairs(&census->lattice[0][0][0], sizeof census->lattice / 8);
}

static void take_census(const struct bench *bench) {
    struct delta_observer observer = {on_lane, on_flag, on_lattice, bench->census, DELTA_LANES_MAX};
    struct course_past past;
    struct delta_times times;
    struct delta_model *model = bench->sender;
    struct delta_chunk chunk = {&bench->schema, model, &times, {0}, DELTA_CHUNK_CELLS};
    unsigned before = 0;
    course_choose(&bench->from, model, &past);
    if (past.tick[TICK_BASE] < 0) return;
    uint8_t adapts = model->adapts;
    model->adapts = 0;
    delta_times_init(&times, &bench->schema, past.ms);
    for (uint32_t i = 0; i < bench->from.chunk_count; i++) {
        course_chunk(&bench->from, &past, i, &chunk);
        const struct delta_frame *now = course_frame(&bench->from, past.tick[TICK_NOW], i);
        if (model->base_ms == 0)
            delta_observe_chunk(&chunk, now, &observer, &before);
        else if (!delta_chunk_same(&chunk, now))
            delta_observe_chunk(&chunk, now, &observer, NULL);
    }
    model->adapts = adapts;
}

static bool same_tick(const struct bench *bench) {
    int64_t now = (int64_t)bench->from.tick - 1;
    for (uint32_t i = 0; i < bench->from.chunk_count; i++) {
        const struct delta_frame *a = course_frame(&bench->from, now, i);
        const struct delta_frame *b = course_frame(&bench->to, now, i);
        if (a->live != b->live) return false;
        for (unsigned cell = 0; cell < DELTA_CHUNK_CELLS; cell++)
            if (a->live >> cell & 1 &&
                memcmp(a->rows[cell], b->rows[cell], bench->schema.row_size) != 0)
                return false;
    }
    return bench->from.ms[now % COURSE_TICKS] == bench->to.ms[now % COURSE_TICKS];
}

static int measure_ticks(struct bench *bench, const struct trace *trace,
                         struct delta_packet_stats *stats, uint64_t spent[2], bool *verified,
                         uint64_t (*clock_ns)(void)) {
    struct delta_link sender = {&bench->schema, bench->sender, &bench->from};
    struct delta_link receiver = {&bench->schema, bench->receiver, &bench->to};
    struct trace_tick tick;
    for (size_t offset = 0; trace_next(trace, &offset, &tick);) {
        int status = course_feed(&bench->from, &tick);
        if (status != SS_OK) return status;
        take_census(bench);
        buffer_clear(&bench->packet);
        uint64_t start = clock_ns();
        status = delta_packet_encode(&sender, &bench->packet, stats);
        uint64_t middle = clock_ns();
        if (status == SS_OK) status = delta_packet_decode(&receiver, buffer_view(&bench->packet));
        spent[0] += middle - start;
        spent[1] += clock_ns() - middle;
        if (status != SS_OK) return status;
        *verified = *verified && same_tick(bench);
    }
    return SS_OK;
}

static void bench_close(struct bench *bench) {
    course_free(&bench->from);
    course_free(&bench->to);
    memory_free(bench->memory, bench->sender, sizeof *bench->sender);
    memory_free(bench->memory, bench->receiver, sizeof *bench->receiver);
    memory_free(bench->memory, bench->census, sizeof *bench->census);
    buffer_free(&bench->packet);
}

static int bench_open(struct bench *bench, const struct memory *memory, enum delta_profile profile,
                      struct bytes table, uint32_t id_count) {
    *bench = (struct bench){.memory = memory, .packet = buffer_of(memory)};
    bench->from.memory = bench->to.memory = memory;
    profile_schema(profile, &bench->schema);
    bench->sender = memory_alloc(memory, sizeof *bench->sender);
    bench->receiver = memory_alloc(memory, sizeof *bench->receiver);
    bench->census = memory_zeroed(memory, 1, sizeof *bench->census);
    if (bench->sender == NULL || bench->receiver == NULL || bench->census == NULL)
        return SS_ERR_NOMEM;
    int status = delta_model_load(bench->sender, &bench->schema, table);
    if (status != SS_OK) return status;
    *bench->receiver = *bench->sender;
    bench->census->model = bench->sender;
    status = course_init(&bench->from, memory, &bench->schema, id_count);
    return status == SS_OK ? course_init(&bench->to, memory, &bench->schema, id_count) : status;
}

int delta_measure(struct delta_measure *result, const struct trace *trace,
                  enum delta_profile profile, enum delta_mode mode, struct bytes table,
                  const struct memory *memory, uint64_t (*clock_ns)(void)) {
    struct bench bench;
    struct delta_packet_stats stats = {0};
    uint64_t spent[2] = {0};
    *result = (struct delta_measure){.verified = true};
    int status = bench_open(&bench, memory, profile, table, trace->id_count);
    if (status == SS_OK)
        status = measure_ticks(&bench, trace, &stats, spent, &result->verified, clock_ns);
    if (status == SS_OK) {
        double updates = stats.updates ? (double)stats.updates : 1;
        double packets = stats.packets ? (double)stats.packets : 1;
        result->ticks = stats.packets;
        result->updates = stats.updates;
        result->births = stats.births;
        result->chunk_bytes = stats.chunk_bytes;
        result->header_bytes = stats.header_bytes;
        result->whole_packets = stats.whole_packets;
        result->whole_bytes = stats.whole_bytes;
        result->payload_bytes_per_update = (double)stats.chunk_bytes / updates;
        result->header_bytes_per_packet = (double)stats.header_bytes / packets;
        result->bytes_per_frame = (double)(stats.chunk_bytes + stats.header_bytes) / packets;
        result->bound_bytes_per_update = census_bits(bench.census) / 8 / updates;
        result->encode_ns_per_update = (double)spent[0] / updates;
        result->decode_ns_per_update = (double)spent[1] / updates;
    }
    bench_close(&bench);
    (void)mode;
    return status;
}
