/* SPDX-License-Identifier: Apache-2.0 */
/* chunk.c - one walk over cells and lanes, compiled three times: writing, reading, observing. So the
 * encoder and the decoder cannot disagree about order or context. */
#include "delta/chunk.h"

#include <string.h>

#include "delta/quantum.h"
#include "wire/range.h"

#define ALWAYS static inline __attribute__((always_inline))
#define NUMBER_BITS_MAX 36

enum mode { WRITE, READ, OBSERVE };

struct walk {
    const struct delta_chunk *chunk;
    struct range_encoder *encoder;
    struct range_decoder *decoder;
    const struct delta_observer *observer;
    struct predictor *predictor;
    bool failed, adapts;
};

ALWAYS void adapt(uint16_t *chance, unsigned bit) {
    int target = bit ? RANGE_CHANCE_MIN : RANGE_CHANCE_MAX;
    *chance = (uint16_t)(*chance + (target - *chance) / 64);
}

ALWAYS unsigned code_bit(struct walk *walk, enum mode mode, uint16_t *chance, unsigned bit) {
    if (mode == WRITE)
        range_encode_bit(walk->encoder, *chance, bit);
    if (mode == READ)
        bit = range_decode_bit(walk->decoder, *chance);
    if (walk->adapts)
        adapt(chance, bit);
    return bit;
}

ALWAYS uint64_t code_direct(struct walk *walk, enum mode mode, uint64_t value, int count) {
    uint64_t result = 0;
    while (count > 0) {
        int part = count > 12 ? 12 : count;
        count -= part;
        unsigned bits = (unsigned)(value >> count) & ((1u << part) - 1);
        if (mode == WRITE)
            range_encode_direct(walk->encoder, bits, (unsigned)part);
        if (mode == READ)
            bits = range_decode_direct(walk->decoder, (unsigned)part);
        result = result << part | bits;
    }
    return result;
}

/* The magnitude class: up or down from the leaf's center. */
ALWAYS int code_size(struct walk *walk, enum mode mode, struct model_leaf *leaf, int size) {
    int at = leaf->center;
    if (code_bit(walk, mode, &leaf->step[at], size > at)) {
        for (at++; at < NUMBER_BITS_MAX; at++) {
            int slot = at < MODEL_STEPS ? at : MODEL_STEPS - 1;
            if (!code_bit(walk, mode, &leaf->step[slot], size > at))
                break;
        }
        return at;
    }
    while (at > 0 && code_bit(walk, mode, &leaf->step[at - 1], size < at))
        at--;
    return at;
}

/* A number, mirrored where the leaf's chances were learned so. */
ALWAYS int64_t code_number(struct walk *walk, enum mode mode, struct model_lane *model,
                           struct model_leaf *leaf, int64_t number, bool mirrored) {
    uint64_t size = number < 0 ? 0u - (uint64_t)number : (uint64_t)number;
    int bits = size ? 64 - __builtin_clzll(size) : 0;
    bits = code_size(walk, mode, leaf, bits);
    if (bits == 0)
        return 0;
    unsigned slot = bits > 3 ? 2 : (unsigned)bits - 1;
    unsigned sign = code_bit(walk, mode, &leaf->sign[slot], (number < 0) != mirrored);
    uint64_t value = 1;
    int left = bits - 1;
    uint16_t *digit = model->digit[sign][bits < MODEL_STEPS ? bits : MODEL_STEPS - 1];
    for (int depth = 0; depth < 2 && left > 0; depth++) {
        left--;
        unsigned bit = (unsigned)(size >> left) & 1;
        bit = code_bit(walk, mode, &digit[depth ? 1 + (value & 1) : 0], bit);
        value = value << 1 | bit;
    }
    if (left > 0)
        value = value << left | code_direct(walk, mode, size & (((uint64_t)1 << left) - 1), left);
    return (sign != 0) != mirrored ? -(int64_t)value : (int64_t)value;
}

/* How a lane's value and the number coded for it hang together. */
struct coding {
    int64_t center; /* the number is the value's distance from here */
    bool ordered;   /* of float order */
    bool lattice;   /* of lattice steps */
    bool mirrored;
};

static void float_coding(struct walk *walk, unsigned lane, struct coding *coding) {
    struct predictor *p = walk->predictor;
    const struct delta_lane *info = &p->schema->lanes[lane];
    if (coding->lattice) {
        coding->center = (p->guess + (1 << 19)) >> 20;
        p->clue[10] = -1;
        return;
    }
    int32_t bits = predict_fine_float(info, p->guess);
    if (p->guess == p->fine[TICK_BASE][lane] && p->rows[TICK_BASE])
        bits = delta_row_get(info, p->rows[TICK_BASE]);
    int exponent = (bits >> 23) & 255;
    coding->center = predict_order(bits);
    coding->ordered = true;
    p->clue[1] = 0;
    p->clue[10] = (int16_t)exponent;
    p->clue[0] = (int16_t)(p->clue[0] + 16 * (150 - exponent) - (predict_log2(info->scale) - 384));
}

static struct coding coding_of(struct walk *walk, unsigned lane, bool lattice) {
    struct predictor *p = walk->predictor;
    const struct delta_lane *info = &p->schema->lanes[lane];
    struct coding coding = {.lattice = lattice};
    int fraction = p->fraction;
    int64_t part = 0;
    if (fraction) {
        int64_t half = (int64_t)1 << (fraction - 1);
        coding.center = (p->guess + half) >> fraction;
        part = p->guess - coding.center * ((int64_t)1 << fraction);
    } else {
        coding.center = p->base;
    }
    bool wide = p->clue[0] > 160; /* off by several steps: the side is told by the motion instead */
    coding.mirrored = wide ? p->mean[0] < 0 : part < 0;
    int64_t size = part < 0 ? -part : part;
    p->clue[1] = (int16_t)(fraction ? size << 8 >> fraction : 0);
    p->clue[14] = (int16_t)((part < 0) == (p->mean[0] < 0) ? 0 : 1);
    if (info->kind == DELTA_FLOAT)
        float_coding(walk, lane, &coding);
    return coding;
}

static int64_t number_of(const struct predictor *p, unsigned lane, const struct coding *coding,
                         int32_t value) {
    const struct delta_lane *info = &p->schema->lanes[lane];
    switch (info->kind) {
    case DELTA_FLOAT:
        if (coding->ordered)
            return (int64_t)predict_order(value) - coding->center;
        return ((predict_float_fine(info, value) + (1 << 19)) >> 20) - coding->center;
    case DELTA_ANGLE:
        if (value >= 0 && value < 65536)
            return (int16_t)((uint32_t)value - (uint32_t)coding->center);
        return value + ((int64_t)1 << 20); /* escaped: beyond any turn */
    case DELTA_QUATERNION:
        if (info->axis == 0)
            for (int rank = 0; rank < 4; rank++)
                if (p->order[rank] == value)
                    return rank;
        return value - coding->center;
    default: return value - coding->center;
    }
}

static int32_t value_of(struct walk *walk, unsigned lane, const struct coding *coding,
                        int64_t number) {
    const struct predictor *p = walk->predictor;
    const struct delta_lane *info = &p->schema->lanes[lane];
    int64_t value = coding->center + number;
    switch (info->kind) {
    case DELTA_BYTE: return (int32_t)(value & 255);
    case DELTA_FLOAT:
        if (coding->ordered)
            return predict_order((int32_t)(uint32_t)(uint64_t)value);
        if (value <= -(1 << 20) || value >= 1 << 20) {
            walk->failed = true;
            return 0;
        }
        return predict_fine_float(info, value * (1 << 20));
    case DELTA_ANGLE:
        if (number >= 1 << 16)
            return (int32_t)((number - (1 << 20)) & INT32_MAX);
        return (int32_t)(value & 65535);
    case DELTA_QUATERNION:
        if (info->axis == 0)
            return p->order[number & 3];
        break;
    default: break;
    }
    return (int32_t)(uint32_t)(uint64_t)value;
}

ALWAYS bool code_lattice(struct walk *walk, enum mode mode, unsigned lane, int32_t value) {
    const struct predictor *p = walk->predictor;
    const struct delta_lane *info = &p->schema->lanes[lane];
    const uint8_t *base = p->rows[TICK_BASE];
    unsigned before = base ? predict_on_lattice(info, delta_row_get(info, base)) : 1;
    unsigned on = mode == READ ? 0 : predict_on_lattice(info, value);
    if (mode == OBSERVE)
        walk->observer->lattice(walk->observer->context, lane, before, on);
    return code_bit(walk, mode, &walk->chunk->model->lane[lane].lattice[before], on);
}

/* A byte: guessed to stay, so there is nothing to compute but its clues. */
ALWAYS int32_t code_byte(struct walk *walk, enum mode mode, unsigned lane, int32_t value) {
    struct predictor *p = walk->predictor;
    struct model_lane *model = &walk->chunk->model->lane[lane];
    int32_t base = predictor_byte(p, lane);
    int64_t number = value - base;
    if (mode == OBSERVE)
        walk->observer->lane(walk->observer->context, p, lane, number, number, false);
    else
        number = code_number(walk, mode, model,
                             &model->leaf[model_tree_find(&model->tree, p->clue)], number, false);
    if (mode == READ)
        value = (int32_t)((base + number) & 255);
    predictor_note_byte(p, lane, value);
    return value;
}

ALWAYS int32_t code_lane(struct walk *walk, enum mode mode, unsigned lane, int32_t value) {
    struct predictor *p = walk->predictor;
    struct model_lane *model = &walk->chunk->model->lane[lane];
    predictor_features(p, lane);
    predictor_guess(p, model);
    bool lattice = false;
    if (p->schema->lanes[lane].kind == DELTA_FLOAT)
        lattice = code_lattice(walk, mode, lane, value);
    struct coding coding = coding_of(walk, lane, lattice);
    int64_t number = mode == READ ? 0 : number_of(p, lane, &coding, value);
    if (mode == OBSERVE) {
        int64_t wanted = predictor_fine(p, lane, value) - p->base;
        walk->observer->lane(walk->observer->context, p, lane, number, wanted, coding.mirrored);
    } else {
        struct model_leaf *leaf = &model->leaf[model_tree_find(&model->tree, p->clue)];
        number = code_number(walk, mode, model, leaf, number, coding.mirrored);
    }
    if (mode == READ)
        value = value_of(walk, lane, &coding, number);
    predictor_note(p, lane, value, number);
    return value;
}

ALWAYS void code_cell(struct walk *walk, enum mode mode, unsigned cell, const uint8_t *like,
                      uint8_t *row) {
    const struct delta_chunk *chunk = walk->chunk;
    const struct delta_schema *schema = chunk->schema;
    bool past = true;
    walk->predictor->rows[TICK_NOW] = NULL;
    for (int t = TICK_BASE; t < TICKS; t++) {
        const struct delta_frame *frame = chunk->past[t];
        past = past && frame && frame->live >> cell & 1;
        walk->predictor->rows[t] = past ? frame->rows[cell] : NULL;
    }
    predictor_start(walk->predictor, schema, chunk->times, like);
    for (unsigned i = 0; i < schema->lane_count; i++) {
        if (mode == OBSERVE && i > walk->observer->last)
            break;
        int32_t value = mode == READ ? 0 : delta_row_get(&schema->lanes[i], row);
        value = schema->lanes[i].kind == DELTA_BYTE ? code_byte(walk, mode, i, value)
                                                    : code_lane(walk, mode, i, value);
        if (mode == READ)
            delta_row_set(&schema->lanes[i], row, value);
    }
}

/* How far the position moved from `old` to `row`. */
static int16_t speed_clue(const struct delta_schema *schema, const uint8_t *row,
                          const uint8_t *old) {
    if (schema->position == DELTA_NO_LANE)
        return 0;
    int64_t sum = 0;
    for (unsigned axis = 0; axis < 3; axis++) {
        const struct delta_lane *lane = &schema->lanes[schema->position + axis];
        int64_t moved = (int64_t)delta_row_get(lane, row) - delta_row_get(lane, old);
        sum += moved < 0 ? -moved : moved;
    }
    return predict_log2(sum);
}

/* What the flags' trees may ask. */
static void flag_clues(const struct delta_chunk *chunk, unsigned cell, unsigned changed,
                       unsigned before, int16_t *clues) {
    size_t size = chunk->schema->row_size;
    const uint8_t *rows[TICKS];
    bool past = true;
    for (int t = TICK_BASE; t < TICKS; t++) {
        past = past && chunk->past[t] && chunk->past[t]->live >> cell & 1;
        rows[t] = past ? chunk->past[t]->rows[cell] : NULL;
    }
    for (int t = TICK_BASE; t < TICK_OLD3; t++)
        clues[t - TICK_BASE] = !rows[t + 1] ? 2 : memcmp(rows[t], rows[t + 1], size) != 0;
    clues[3] = (int16_t)changed;
    clues[4] = (int16_t)before;
    clues[5] = (int16_t)cell;
    clues[6] = (int16_t)chunk->times->dt_ms;
    clues[7] = 0;
    uint8_t lane = chunk->schema->kind_lane;
    if (lane != DELTA_NO_LANE && rows[TICK_BASE])
        clues[7] = (int16_t)delta_row_get(&chunk->schema->lanes[lane], rows[TICK_BASE]);
    clues[8] = chunk->past[TICK_BASE] != NULL;
    clues[9] = clues[10] = 0;
    if (clues[0] == 1)
        clues[9] = speed_clue(chunk->schema, rows[TICK_BASE], rows[TICK_OLD1]);
    if (chunk->schema->flag_lane != DELTA_NO_LANE && rows[TICK_BASE])
        clues[10] = (int16_t)delta_row_get(&chunk->schema->lanes[chunk->schema->flag_lane],
                                           rows[TICK_BASE]);
}

ALWAYS unsigned code_flag(struct walk *walk, enum mode mode, unsigned flag, const int16_t *clues,
                          unsigned bit) {
    struct model_lane *model = &walk->chunk->model->flag[flag];
    if (mode == OBSERVE)
        walk->observer->flag(walk->observer->context, flag, clues, bit);
    return code_bit(walk, mode, &model->leaf[model_tree_find(&model->tree, clues)].step[0], bit);
}

enum { FLAG_CHANGED, FLAG_GONE, FLAG_BORN, FLAG_CHUNK };

ALWAYS void code_chunk(struct walk *walk, enum mode mode, struct delta_frame *now) {
    const struct delta_chunk *chunk = walk->chunk;
    const struct delta_frame *base = chunk->past[TICK_BASE];
    size_t size = chunk->schema->row_size;
    const uint8_t *like = NULL;
    unsigned changed = 0, before = 0;
    int16_t clues[MODEL_FLAG_CLUES];
    if (mode == READ)
        now->live = 0;
    for (unsigned i = 0; i < chunk->cells && !walk->failed; i++) {
        bool was = base && base->live >> i & 1, is = now->live >> i & 1;
        uint8_t *row = now->rows[i];
        flag_clues(chunk, i, changed, before, clues);
        if (was) {
            unsigned bit = mode != READ && (!is || memcmp(row, base->rows[i], size) != 0);
            before = code_flag(walk, mode, FLAG_CHANGED, clues, bit);
            is = !before || !code_flag(walk, mode, FLAG_GONE, clues, !is);
            if (mode == READ && !before)
                memcpy(row, base->rows[i], size);
        } else {
            before = code_flag(walk, mode, FLAG_BORN, clues, is);
            is = before;
        }
        if (is && before)
            code_cell(walk, mode, i, like, row);
        changed += before;
        if (is)
            like = row;
        if (is && mode == READ)
            now->live = (uint16_t)(now->live | 1u << i);
    }
}

bool delta_chunk_same(const struct delta_chunk *chunk, const struct delta_frame *now) {
    const struct delta_frame *base = chunk->past[TICK_BASE];
    if ((base ? base->live : 0) != now->live)
        return false;
    for (unsigned i = 0; i < chunk->cells; i++)
        if (now->live >> i & 1 && memcmp(base->rows[i], now->rows[i], chunk->schema->row_size) != 0)
            return false;
    return true;
}

/* Cells that changed from `older` to `newer`. */
static int16_t changed_cells(const struct delta_chunk *chunk, const struct delta_frame *newer,
                             const struct delta_frame *older) {
    if (newer == NULL || older == NULL)
        return -1;
    unsigned both = newer->live & older->live, count = 0;
    for (unsigned i = 0; i < chunk->cells; i++)
        if (both >> i & 1)
            count += memcmp(newer->rows[i], older->rows[i], chunk->schema->row_size) != 0;
    return (int16_t)(count + (newer->live != older->live));
}

/* Whether a chunk of a block changed; then the chunk. */
ALWAYS void code_block_chunk(struct walk *walk, enum mode mode, struct delta_frame *now,
                             unsigned *before) {
    const struct delta_chunk *chunk = walk->chunk;
    const struct delta_frame *base = chunk->past[TICK_BASE];
    int16_t clues[MODEL_FLAG_CLUES] = {0};
    clues[0] = changed_cells(chunk, base, chunk->past[TICK_OLD1]);
    clues[1] = changed_cells(chunk, chunk->past[TICK_OLD1], chunk->past[TICK_OLD2]);
    clues[2] = (int16_t)*before;
    clues[3] = (int16_t)(base ? __builtin_popcount(base->live) : 0);
    unsigned bit = mode != READ && !delta_chunk_same(chunk, now);
    *before = code_flag(walk, mode, FLAG_CHUNK, clues, bit);
    if (*before)
        code_chunk(walk, mode, now);
    else if (mode == READ && base)
        *now = *base;
    else if (mode == READ)
        now->live = 0;
}

size_t delta_encode_chunk(const struct delta_chunk *chunk, const struct delta_frame *now, void *out,
                          size_t capacity) {
    struct range_encoder encoder;
    struct predictor predictor;
    struct walk walk = {.chunk = chunk, .encoder = &encoder, .predictor = &predictor,
                        .adapts = chunk->model->adapts};
    range_encoder_init(&encoder, out, capacity);
    code_chunk(&walk, WRITE, (struct delta_frame *)now); /* only READ writes it */
    return range_encoder_finish(&encoder);
}

int delta_decode_chunk(const struct delta_chunk *chunk, struct bytes from, struct delta_frame *now,
                       size_t *used) {
    struct range_decoder decoder;
    struct predictor predictor;
    struct walk walk = {.chunk = chunk, .decoder = &decoder, .predictor = &predictor,
                        .adapts = chunk->model->adapts};
    range_decoder_init(&decoder, from);
    code_chunk(&walk, READ, now);
    *used = range_decoder_finish(&decoder);
    return *used == 0 || walk.failed ? SS_ERR_MALFORMED : SS_OK;
}

void delta_block_write(struct delta_block *block, void *out, size_t capacity) {
    range_encoder_init(&block->encoder, out, capacity);
    block->before = 0;
}

void delta_block_put(struct delta_block *block, const struct delta_chunk *chunk,
                     const struct delta_frame *now) {
    struct predictor predictor;
    struct walk walk = {.chunk = chunk, .encoder = &block->encoder, .predictor = &predictor,
                        .adapts = chunk->model->adapts};
    code_block_chunk(&walk, WRITE, (struct delta_frame *)now, &block->before);
}

size_t delta_block_end(struct delta_block *block) { return range_encoder_finish(&block->encoder); }

void delta_block_read(struct delta_block *block, struct bytes from) {
    range_decoder_init(&block->decoder, from);
    block->before = 0;
}

int delta_block_get(struct delta_block *block, const struct delta_chunk *chunk,
                    struct delta_frame *now) {
    struct predictor predictor;
    struct walk walk = {.chunk = chunk, .decoder = &block->decoder, .predictor = &predictor,
                        .adapts = chunk->model->adapts};
    code_block_chunk(&walk, READ, now, &block->before);
    return walk.failed ? SS_ERR_MALFORMED : SS_OK;
}

size_t delta_block_used(struct delta_block *block) {
    return range_decoder_finish(&block->decoder);
}

void delta_observe_chunk(const struct delta_chunk *chunk, const struct delta_frame *now,
                         const struct delta_observer *observer, unsigned *before) {
    struct predictor predictor;
    struct walk walk = {.chunk = chunk, .observer = observer, .predictor = &predictor};
    if (before)
        code_block_chunk(&walk, OBSERVE, (struct delta_frame *)now, before);
    else
        code_chunk(&walk, OBSERVE, (struct delta_frame *)now);
}
