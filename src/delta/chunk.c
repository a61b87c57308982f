/* SPDX-License-Identifier: Apache-2.0 */
/* chunk.c - one walk over cells and lanes, compiled three times: writing, reading, observing. So
 * the encoder and the decoder cannot disagree about order or context. */
#include "delta/chunk.h"

#include <string.h>

#include "delta/coding.h"
#include "delta/fixed.h"
#include "delta/lattice.h"
#include "delta/number.h"
#include "delta/quantum.h"

struct walk {
    const struct delta_chunk *chunk;
    struct coder coder;
    const struct delta_observer *observer;
    struct predictor *predictor;
    bool failed;
};

ALWAYS bool code_lattice(struct walk *walk, enum mode mode, unsigned lane, int32_t value) {
    const struct predictor *p = walk->predictor;
    const struct delta_lane *info = &p->schema->lanes[lane];
    const uint8_t *base = p->rows[TICK_BASE];
    unsigned before = base ? lattice_on(info, delta_row_get(info, base)) : 1;
    unsigned on = mode == READ ? 0 : lattice_on(info, value);
    if (mode == OBSERVE) walk->observer->lattice(walk->observer->context, lane, before, on);
    return code_bit(&walk->coder, mode, &walk->chunk->model->lane[lane].lattice[before], on);
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
        number = code_number(&walk->coder, mode, model,
                             &model->leaf[model_tree_find(&model->tree, p->clue)], number, false);
    if (mode == READ) value = (int32_t)((base + number) & 255);
    predictor_note_byte(p, lane, value);
    return value;
}

ALWAYS int32_t code_lane(struct walk *walk, enum mode mode, unsigned lane, int32_t value) {
    struct predictor *p = walk->predictor;
    struct model_lane *model = &walk->chunk->model->lane[lane];
    predictor_features(p, lane);
    predictor_guess(p, model);
    bool lattice = false;
    if (p->schema->lanes[lane].kind == DELTA_FLOAT) lattice = code_lattice(walk, mode, lane, value);
    struct coding coding = coding_start(p, lane, lattice);
    int64_t number = mode == READ ? 0 : coding_number(&coding, p, lane, value);
    if (mode == OBSERVE) {
        int64_t wanted = predictor_fine(p, lane, value) - p->base;
        walk->observer->lane(walk->observer->context, p, lane, number, wanted, coding.mirrored);
    } else {
        struct model_leaf *leaf = &model->leaf[model_tree_find(&model->tree, p->clue)];
        number = code_number(&walk->coder, mode, model, leaf, number, coding.mirrored);
    }
    if (mode == READ && !coding_value(&coding, p, lane, number, &value)) walk->failed = true;
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
        if (mode == OBSERVE && i > walk->observer->last) break;
        int32_t value = mode == READ ? 0 : delta_row_get(&schema->lanes[i], row);
        value = schema->lanes[i].kind == DELTA_BYTE ? code_byte(walk, mode, i, value)
                                                    : code_lane(walk, mode, i, value);
        if (mode == READ) delta_row_set(&schema->lanes[i], row, value);
    }
}

/* How far the position moved from `old` to `row`. */
static int16_t speed_clue(const struct delta_schema *schema, const uint8_t *row,
                          const uint8_t *old) {
    if (schema->position == DELTA_NO_LANE) return 0;
    int64_t sum = 0;
    for (unsigned axis = 0; axis < 3; axis++) {
        const struct delta_lane *lane = &schema->lanes[schema->position + axis];
        int64_t moved = (int64_t)delta_row_get(lane, row) - delta_row_get(lane, old);
        sum += moved < 0 ? -moved : moved;
    }
    return fixed_log2(sum);
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
    if (clues[0] == 1) clues[9] = speed_clue(chunk->schema, rows[TICK_BASE], rows[TICK_OLD1]);
    if (chunk->schema->flag_lane != DELTA_NO_LANE && rows[TICK_BASE])
        clues[10] = (int16_t)delta_row_get(&chunk->schema->lanes[chunk->schema->flag_lane],
                                           rows[TICK_BASE]);
}

ALWAYS unsigned code_flag(struct walk *walk, enum mode mode, unsigned flag, const int16_t *clues,
                          unsigned bit) {
    struct model_lane *model = &walk->chunk->model->flag[flag];
    if (mode == OBSERVE) walk->observer->flag(walk->observer->context, flag, clues, bit);
    return code_bit(&walk->coder, mode, &model->leaf[model_tree_find(&model->tree, clues)].step[0],
                    bit);
}

enum { FLAG_CHANGED, FLAG_GONE, FLAG_BORN, FLAG_CHUNK };

ALWAYS void code_chunk(struct walk *walk, enum mode mode, struct delta_frame *now) {
    const struct delta_chunk *chunk = walk->chunk;
    const struct delta_frame *base = chunk->past[TICK_BASE];
    size_t size = chunk->schema->row_size;
    const uint8_t *like = NULL;
    unsigned changed = 0, before = 0;
    int16_t clues[MODEL_FLAG_CLUES];
    if (mode == READ) now->live = 0;
    for (unsigned i = 0; i < chunk->cells && !walk->failed; i++) {
        bool was = base && base->live >> i & 1, is = now->live >> i & 1;
        uint8_t *row = now->rows[i];
        flag_clues(chunk, i, changed, before, clues);
        if (was) {
            unsigned bit = mode != READ && (!is || memcmp(row, base->rows[i], size) != 0);
            before = code_flag(walk, mode, FLAG_CHANGED, clues, bit);
            is = !before || !code_flag(walk, mode, FLAG_GONE, clues, !is);
            if (mode == READ && !before) memcpy(row, base->rows[i], size);
        } else {
            before = code_flag(walk, mode, FLAG_BORN, clues, is);
            is = before;
        }
        if (is && before) code_cell(walk, mode, i, like, row);
        changed += before;
        if (is) like = row;
        if (is && mode == READ) now->live = (uint16_t)(now->live | 1u << i);
    }
}

bool delta_chunk_same(const struct delta_chunk *chunk, const struct delta_frame *now) {
    const struct delta_frame *base = chunk->past[TICK_BASE];
    if ((base ? base->live : 0) != now->live) return false;
    for (unsigned i = 0; i < chunk->cells; i++)
        if (now->live >> i & 1 && memcmp(base->rows[i], now->rows[i], chunk->schema->row_size) != 0)
            return false;
    return true;
}

/* Cells that changed from `older` to `newer`. */
static int16_t changed_cells(const struct delta_chunk *chunk, const struct delta_frame *newer,
                             const struct delta_frame *older) {
    if (newer == NULL || older == NULL) return -1;
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
    struct walk walk = {.chunk = chunk, .predictor = &predictor};
    walk.coder = (struct coder){.encoder = &encoder, .adapts = chunk->model->adapts};
    range_encoder_init(&encoder, out, capacity);
    code_chunk(&walk, WRITE, (struct delta_frame *)now); /* only READ writes it */
    return range_encoder_finish(&encoder);
}

int delta_decode_chunk(const struct delta_chunk *chunk, struct bytes from, struct delta_frame *now,
                       size_t *used) {
    struct range_decoder decoder;
    struct predictor predictor;
    struct walk walk = {.chunk = chunk, .predictor = &predictor};
    walk.coder = (struct coder){.decoder = &decoder, .adapts = chunk->model->adapts};
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
    struct walk walk = {.chunk = chunk, .predictor = &predictor};
    walk.coder = (struct coder){.encoder = &block->encoder, .adapts = chunk->model->adapts};
    code_block_chunk(&walk, WRITE, (struct delta_frame *)now, &block->before);
}

size_t delta_block_end(struct delta_block *block) {
    return range_encoder_finish(&block->encoder);
}

void delta_block_read(struct delta_block *block, struct bytes from) {
    range_decoder_init(&block->decoder, from);
    block->before = 0;
}

int delta_block_get(struct delta_block *block, const struct delta_chunk *chunk,
                    struct delta_frame *now) {
    struct predictor predictor;
    struct walk walk = {.chunk = chunk, .predictor = &predictor};
    walk.coder = (struct coder){.decoder = &block->decoder, .adapts = chunk->model->adapts};
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
