/* SPDX-License-Identifier: Apache-2.0 */
/* chunk.c - one walk over cells and lanes, compiled three times: writing, reading, observing. So
 * the encoder and the decoder cannot disagree about order or context. */
#include "delta/chunk.h"

#include <string.h>

#include "delta/coding.h"
#include "delta/motion.h"
#include "delta/fixed.h"
#include "delta/lattice.h"
#include "delta/number.h"
#include "delta/quantum.h"

struct walk {
    const struct delta_chunk *chunk;
    struct coder coder;
    const struct delta_observer *observer;
    const struct delta_watch *watch;
    struct predictor *predictor;
    bool failed;
};

INLINE bool code_lattice(struct walk *walk, enum mode mode, unsigned lane, int32_t value) {
    const struct predictor *p = walk->predictor;
    const struct delta_lane *info = &p->schema->lanes[lane];
    const uint8_t *base = p->rows[TICK_BASE];
    unsigned before = base ? lattice_on(info, delta_row_get(info, base)) : 1;
    unsigned on = mode == READ ? 0 : lattice_on(info, value);
    if (mode == OBSERVE) walk->observer->lattice(walk->observer->context, lane, before, on);
    return code_bit(&walk->coder, mode, &walk->chunk->model->lane[lane].lattice[before], on);
}

/* The distance of a lane from its guess, in the context that its clues pick. */
INLINE int64_t code_distance(struct walk *walk, enum mode mode, unsigned lane, int64_t number,
                             bool mirrored) {
    struct model_lane *model = &walk->chunk->model->lane[lane];
    struct model_code *code = model_lane_code(model, walk->predictor->clue);
    return code_number(&walk->coder, mode, model, code, number, mirrored);
}

INLINE void observe(struct walk *walk, unsigned lane, int64_t number, int64_t wanted,
                    bool mirrored) {
    walk->observer->lane(walk->observer->context, walk->predictor, lane, number, wanted, mirrored);
}

INLINE int32_t code_byte(struct walk *walk, enum mode mode, unsigned lane, int32_t value) {
    struct predictor *p = walk->predictor;
    const struct delta_lane *info = &p->schema->lanes[lane];
    int32_t base = features_of_byte(p, lane);
    int64_t number = value - base;
    if (mode == OBSERVE)
        observe(walk, lane, number, number, false);
    else
        number = code_distance(walk, mode, lane, number, false);
    if (mode == READ) value = (int32_t)((base + number) & 255);
    predictor_note_quiet(p, info, value);
    if (info->clue < MODEL_CLUES) p->clue[info->clue] = (int16_t)value;
    return value;
}

/* Which component of a quaternion is left out: its rank in the predicted rotation. */
INLINE int32_t code_largest(struct walk *walk, enum mode mode, unsigned lane, int32_t value) {
    struct predictor *p = walk->predictor;
    int64_t rank = 0;
    features_of_largest(p);
    while (mode != READ && rank < 3 && p->order[rank] != value)
        rank++;
    if (mode == OBSERVE)
        observe(walk, lane, rank, rank, false);
    else
        rank = code_distance(walk, mode, lane, rank, false);
    if (mode == READ) value = p->order[rank & 3];
    p->largest = (uint8_t)(value & 3);
    predictor_note_quiet(p, &p->schema->lanes[lane], value);
    predictor_note_size(p, rank);
    return value;
}

/* A number; `kind` is a constant. */
INLINE int32_t code_number_lane(struct walk *walk, enum mode mode, int kind, unsigned index,
                                int32_t value) {
    struct predictor *p = walk->predictor;
    const struct delta_lane *info = &p->schema->lanes[index];
    const struct model_lane *model = &walk->chunk->model->lane[index];
    struct predictor_lane *lane = &p->lane[index];
    int fraction = kind == DELTA_FLOAT ? 20 : 8;
    p->clue[7] = p->quiet;
    if (mode == OBSERVE) { /* sees all features, also those that this lane has not */
        memset(p->mean, 0, sizeof p->mean);
        memset(p->spread, 0, sizeof p->spread);
    }
    if (kind == DELTA_QUATERNION)
        features_of_component(p, index, info, model);
    else
        features_of_number(p, lane, info, model,
                           mode == OBSERVE ? UINT32_MAX : model->uses[p->class], fraction);
    bool lattice = kind == DELTA_FLOAT && code_lattice(walk, mode, index, value);
    struct coding coding = coding_start(p, fraction);
    if (kind == DELTA_FLOAT) coding_float(&coding, p, info, lattice);
    int64_t number = mode == READ ? 0 : coding_number(&coding, info, kind, value);
    if (mode == OBSERVE)
        observe(walk, index, number, predictor_fine(info, value, p->base) - p->base,
                coding.mirrored);
    else
        number = code_distance(walk, mode, index, number, coding.mirrored);
    if (mode == READ && !coding_value(&coding, info, kind, number, &value)) walk->failed = true;
    bool simple = kind == DELTA_STEPS || kind == DELTA_QUATERNION;
    lane->now = simple ? (int64_t)value * 256 : predictor_fine(info, value, p->base);
    lane->miss = fixed_clamp(lane->now - p->guess, FIXED_MAX);
    predictor_note_quiet(p, info, value);
    predictor_note_size(p, number);
    if (!simple && info->role == DELTA_YAW) predictor_note_yaw(p, lane);
    return value;
}

/* Any lane. */
INLINE int32_t code_value(struct walk *walk, enum mode mode, unsigned lane, int32_t value) {
    const struct delta_lane *info = &walk->chunk->schema->lanes[lane];
    switch (info->kind) {
    case DELTA_BYTE: return code_byte(walk, mode, lane, value);
    case DELTA_STEPS: return code_number_lane(walk, mode, DELTA_STEPS, lane, value);
    case DELTA_ANGLE: return code_number_lane(walk, mode, DELTA_ANGLE, lane, value);
    case DELTA_FLOAT: return code_number_lane(walk, mode, DELTA_FLOAT, lane, value);
    default:
        if (info->axis == 0) return code_largest(walk, mode, lane, value);
        return code_number_lane(walk, mode, DELTA_QUATERNION, lane, value);
    }
}

/* ---- flags: what of a chunk and its cells changed at all ---- */

/* 16 bytes that stand anywhere. */
typedef uint64_t bytes16 __attribute__((vector_size(16), aligned(1), may_alias));

INLINE bytes16 bytes_at(const uint8_t *at) {
    return *(const bytes16 *)(const void *)at;
}

/* Whether two rows differ, without a branch; the last block may overlap the one before. */
INLINE bool rows_differ(const uint8_t *a, const uint8_t *b, size_t size) {
    if (size < sizeof(bytes16)) return memcmp(a, b, size) != 0;
    size_t last = size - sizeof(bytes16);
    bytes16 sum = bytes_at(a + last) ^ bytes_at(b + last);
    for (size_t at = 0; at < last; at += sizeof(bytes16))
        sum |= bytes_at(a + at) ^ bytes_at(b + at);
    return (sum[0] | sum[1]) != 0;
}

/* Copies a row and what stands beside it, to whole blocks. */
INLINE void row_copy(uint8_t *to, const uint8_t *from, size_t size) {
    for (size_t at = 0; at < size; at += sizeof(bytes16))
        *(bytes16 *)(void *)(to + at) = bytes_at(from + at);
}

/* Which of `cells` differ between two frames. */
static unsigned cells_differ(const struct delta_frame *a, const struct delta_frame *b,
                             unsigned cells, size_t size) {
    unsigned differ = 0;
    for (; cells; cells &= cells - 1) {
        unsigned i = (unsigned)__builtin_ctz(cells);
        differ |= (unsigned)rows_differ(a->rows[i], b->rows[i], size) << i;
    }
    return differ;
}

/* What the cells of a chunk did before; bit i is cell i. */
struct history {
    unsigned live[TICKS];  /* at this tick and at all from here to the base */
    unsigned moved[TICKS]; /* live at this tick and the one before it, and not the same */
};

static unsigned cells_mask(const struct delta_chunk *chunk) {
    return (1u << chunk->cells) - 1;
}

static void history_live(struct history *history, const struct delta_chunk *chunk) {
    unsigned live = cells_mask(chunk);
    for (int t = TICK_BASE; t < TICKS; t++) {
        live = chunk->past[t] ? live & chunk->past[t]->live : 0;
        history->live[t] = live;
    }
}

/* What moved since the tick before `tick`; needed of those ticks only that are asked for. */
INLINE void history_move(struct history *history, const struct delta_chunk *chunk, int tick) {
    const struct delta_frame *newer = chunk->past[tick], *older = chunk->past[tick + 1];
    unsigned both = newer && older ? newer->live & older->live & cells_mask(chunk) : 0;
    history->moved[tick] =
        both ? cells_differ(newer, older, both, chunk->schema->row_size) : 0;
}

/* How far the position moved from `old` to `row`. */
static int16_t speed_clue(const struct delta_schema *schema, const uint8_t *row,
                          const uint8_t *old) {
    if (schema->position == DELTA_NO_LANE) return 0;
    int64_t sum = 0;
    for (unsigned axis = 0; axis < 3; axis++) {
        const struct delta_lane *lane = &schema->lanes[schema->position + axis];
        int64_t moved = (int64_t)delta_row_number(lane, row) - delta_row_number(lane, old);
        sum += moved < 0 ? -moved : moved;
    }
    return fixed_log2(sum);
}

/* A byte lane of the base; 0 without either. */
static int16_t byte_clue(const struct delta_schema *schema, unsigned lane, const uint8_t *base) {
    return lane != DELTA_NO_LANE && base ? (int16_t)delta_row_get(&schema->lanes[lane], base) : 0;
}

/* What the flags' trees may ask and what is the same for all cells. */
static void chunk_clues(const struct delta_chunk *chunk, int16_t *clues) {
    clues[6] = (int16_t)chunk->times->dt_ms;
    clues[8] = chunk->past[TICK_BASE] != NULL;
}

/* What the flags' trees may ask, of which `asks` says what they do. */
INLINE void flag_clues(const struct delta_chunk *chunk, const struct history *history,
                       unsigned cell, unsigned changed, unsigned before, uint32_t asks,
                       int16_t *clues) {
    const struct delta_schema *schema = chunk->schema;
    bool was = history->live[TICK_BASE] >> cell & 1;
    const uint8_t *base = was ? chunk->past[TICK_BASE]->rows[cell] : NULL;
    for (int t = TICK_BASE; t < TICK_OLD3; t++)
        clues[t - TICK_BASE] =
            (int16_t)(history->live[t + 1] >> cell & 1 ? history->moved[t] >> cell & 1 : 2);
    clues[3] = (int16_t)changed;
    clues[4] = (int16_t)before;
    clues[5] = (int16_t)cell;
    clues[7] = byte_clue(schema, schema->kind_lane, base);
    clues[9] = 0;
    if (asks >> 9 & 1 && clues[0] == 1)
        clues[9] = speed_clue(schema, base, chunk->past[TICK_OLD1]->rows[cell]);
    clues[10] = byte_clue(schema, schema->flag_lane, base);
}

enum { FLAG_CHANGED, FLAG_GONE, FLAG_BORN, FLAG_CHUNK, FLAG_BYTES };

INLINE unsigned code_flag(struct walk *walk, enum mode mode, unsigned flag, const int16_t *clues,
                          unsigned bit) {
    struct model_lane *model = &walk->chunk->model->flag[flag];
    if (mode == OBSERVE) walk->observer->flag(walk->observer->context, flag, clues, bit);
    return code_bit(&walk->coder, mode, &model->leaf[model_tree_find(&model->tree, clues)].step[0],
                    bit);
}

/* Whether any byte changed; `clues`: those of the cell's flags. */
INLINE bool code_bytes_flag(struct walk *walk, enum mode mode, int16_t *clues, const uint8_t *row) {
    const struct delta_schema *schema = walk->chunk->schema;
    const struct predictor *p = walk->predictor;
    size_t at = schema->bytes_at, count = schema->byte_count;
    if (count == 0) return false;
    for (int t = TICK_BASE; t < TICK_OLD3; t++)
        clues[t - TICK_BASE] =
            p->rows[t + 1] ? memcmp(p->rows[t] + at, p->rows[t + 1] + at, count) != 0 : 2;
    unsigned bit = mode != READ && memcmp(p->rows[TICK_BASE] + at, row + at, count) != 0;
    return code_flag(walk, mode, FLAG_BYTES, clues, bit);
}

/* All bytes are as in the base: told to the lanes after them. */
INLINE void keep_bytes(struct walk *walk, enum mode mode, uint8_t *row) {
    const struct delta_schema *schema = walk->chunk->schema;
    struct predictor *p = walk->predictor;
    const uint8_t *base = p->rows[TICK_BASE] + schema->bytes_at;
    for (unsigned i = 0; i < schema->byte_count && i < MODEL_CLUES - DELTA_BYTES_CLUE; i++)
        p->clue[DELTA_BYTES_CLUE + i] = base[i];
    if (mode == READ) memcpy(row + schema->bytes_at, base, schema->byte_count);
}

/* ---- a cell ---- */

INLINE void code_cell(struct walk *walk, enum mode mode, unsigned cell, const uint8_t *like,
                      int16_t *clues, uint8_t *row) {
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
    bool bytes = !walk->predictor->rows[TICK_BASE] || code_bytes_flag(walk, mode, clues, row);
    if (!bytes) keep_bytes(walk, mode, row);
    if (walk->watch) walk->watch->lane(walk->watch->context, DELTA_LANES_MAX);
    for (unsigned i = 0; i < schema->lane_count; i++) {
        if (mode == OBSERVE && i > walk->observer->last) break;
        if (!bytes && schema->lanes[i].kind == DELTA_BYTE) continue;
        int32_t value = mode == READ ? 0 : delta_row_get(&schema->lanes[i], row);
        value = code_value(walk, mode, i, value);
        if (mode == READ) delta_row_set(&schema->lanes[i], row, value);
        if (walk->watch) walk->watch->lane(walk->watch->context, i);
    }
}

/* One copy of each, whoever calls. */
#define CELL(name, mode)                                                                           \
    static __attribute__((noinline)) void name(                                                    \
        struct walk *walk, unsigned cell, const uint8_t *like, int16_t *clues, uint8_t *row) {     \
        code_cell(walk, mode, cell, like, clues, row);                                             \
    }
CELL(write_cell, WRITE)
CELL(read_cell, READ)
CELL(observe_cell, OBSERVE)
#undef CELL

INLINE void code_any_cell(struct walk *walk, enum mode mode, unsigned cell, const uint8_t *like,
                          int16_t *clues, uint8_t *row) {
    if (mode == WRITE) write_cell(walk, cell, like, clues, row);
    if (mode == READ) read_cell(walk, cell, like, clues, row);
    if (mode == OBSERVE) observe_cell(walk, cell, like, clues, row);
}

/* ---- a chunk ---- */

/* What the trees of cells' flags ask of a chunk's history and the cell; clue 9 is made from clue 0,
 * and whether bytes changed before is asked of the cell alone. */
INLINE uint32_t flags_ask(const struct delta_model *model, enum mode mode) {
    if (mode == OBSERVE) return UINT32_MAX;
    uint32_t asks = model->flag[FLAG_CHANGED].asks | model->flag[FLAG_GONE].asks |
                    (model->flag[FLAG_BYTES].asks & ~7u) | model->flag[FLAG_BORN].asks;
    return asks >> 9 & 1 ? asks | 1 : asks;
}

/* `history`: what is known of it; `known`: for how many ticks what moved. */
INLINE void code_chunk(struct walk *walk, enum mode mode, struct delta_frame *now,
                       struct history *history, int known) {
    const struct delta_chunk *chunk = walk->chunk;
    const struct delta_frame *base = chunk->past[TICK_BASE];
    const uint8_t *like = NULL;
    uint32_t asks = flags_ask(chunk->model, mode);
    unsigned changed = 0, before = 0, differ = 0, both = history->live[TICK_BASE];
    int16_t clues[MODEL_FLAG_CLUES] = {0};
    chunk_clues(chunk, clues);
    for (int i = known; i < 3; i++)
        if (asks >> i & 1) history_move(history, chunk, TICK_BASE + i);
    if (mode == READ) now->live = 0;
    if (mode != READ && both)
        differ = cells_differ(now, base, both & now->live, chunk->schema->row_size);
    unsigned cells = chunk->cells < DELTA_CHUNK_CELLS ? chunk->cells : DELTA_CHUNK_CELLS;
    for (unsigned i = 0; i < cells && !walk->failed; i++) {
        bool was = both >> i & 1, is = now->live >> i & 1;
        uint8_t *row = now->rows[i];
        flag_clues(chunk, history, i, changed, before, asks, clues);
        if (was) {
            before = code_flag(walk, mode, FLAG_CHANGED, clues, !is || differ >> i & 1);
            is = !before || !code_flag(walk, mode, FLAG_GONE, clues, !is);
            if (mode == READ && !before) row_copy(row, base->rows[i], chunk->schema->row_size);
        } else {
            before = code_flag(walk, mode, FLAG_BORN, clues, is);
            is = before;
        }
        if (is && before) code_any_cell(walk, mode, i, like, clues, row);
        changed += before;
        if (is) like = row;
        if (is && mode == READ) now->live = (uint16_t)(now->live | 1u << i);
    }
}

/* A chunk of which nothing is known yet. */
INLINE void code_new_chunk(struct walk *walk, enum mode mode, struct delta_frame *now) {
    struct history history = {{0}, {0}};
    history_live(&history, walk->chunk);
    code_chunk(walk, mode, now, &history, 0);
}

void delta_chunk_keep(const struct delta_chunk *chunk, struct delta_frame *now) {
    const struct delta_frame *base = chunk->past[TICK_BASE];
    now->live = base ? base->live : 0;
    for (unsigned i = 0; now->live >> i; i++)
        if (now->live >> i & 1) row_copy(now->rows[i], base->rows[i], chunk->schema->row_size);
}

bool delta_chunk_same(const struct delta_chunk *chunk, const struct delta_frame *now) {
    const struct delta_frame *base = chunk->past[TICK_BASE];
    if ((base ? base->live : 0) != now->live) return false;
    for (unsigned i = 0; i < chunk->cells; i++)
        if (now->live >> i & 1 && rows_differ(base->rows[i], now->rows[i], chunk->schema->row_size))
            return false;
    return true;
}

unsigned delta_chunk_changed(const struct delta_chunk *chunk, const struct delta_frame *now) {
    const struct delta_frame *base = chunk->past[TICK_BASE];
    unsigned live = now->live & cells_mask(chunk), both = base ? live & base->live : 0;
    if (!both) return live;
    return (live & ~both) | cells_differ(base, now, both, chunk->schema->row_size);
}

/* Cells that changed from the tick before `tick` to it. */
static int16_t changed_cells(const struct delta_chunk *chunk, const struct history *history,
                             int tick) {
    const struct delta_frame *newer = chunk->past[tick], *older = chunk->past[tick + 1];
    if (newer == NULL || older == NULL) return -1;
    return (int16_t)(__builtin_popcount(history->moved[tick]) + (newer->live != older->live));
}

/* Whether a chunk of a block changed; then the chunk. */
INLINE void code_block_chunk(struct walk *walk, enum mode mode, struct delta_frame *now,
                             unsigned *before) {
    const struct delta_chunk *chunk = walk->chunk;
    const struct delta_frame *base = chunk->past[TICK_BASE];
    int16_t clues[MODEL_FLAG_CLUES] = {0};
    struct history history = {{0}, {0}};
    history_live(&history, chunk);
    history_move(&history, chunk, TICK_BASE);
    clues[0] = changed_cells(chunk, &history, TICK_BASE);
    clues[2] = (int16_t)*before;
    clues[3] = (int16_t)(base ? __builtin_popcount(base->live) : 0);
    unsigned bit = mode != READ && !delta_chunk_same(chunk, now);
    *before = code_flag(walk, mode, FLAG_CHUNK, clues, bit);
    if (*before)
        code_chunk(walk, mode, now, &history, 1);
    else if (mode == READ)
        delta_chunk_keep(chunk, now);
}

size_t delta_encode_watched(const struct delta_chunk *chunk, const struct delta_frame *now,
                            void *out, size_t capacity, const struct delta_watch *watch) {
    struct range_encoder encoder;
    struct predictor predictor;
    struct walk walk = {.chunk = chunk, .predictor = &predictor, .watch = watch};
    walk.coder = (struct coder){.encoder = &encoder, .adapts = chunk->model->adapts};
    range_encoder_init(&encoder, out, capacity);
    code_new_chunk(&walk, WRITE, (struct delta_frame *)now); /* only READ writes it */
    return range_encoder_finish(&encoder);
}

size_t delta_encode_chunk(const struct delta_chunk *chunk, const struct delta_frame *now, void *out,
                          size_t capacity) {
    return delta_encode_watched(chunk, now, out, capacity, NULL);
}

int delta_decode_watched(const struct delta_chunk *chunk, struct bytes from, unsigned skip,
                         struct delta_frame *now, size_t *used, const struct delta_watch *watch) {
    struct range_decoder decoder;
    struct predictor predictor;
    struct walk walk = {.chunk = chunk, .predictor = &predictor, .watch = watch};
    walk.coder = (struct coder){.decoder = &decoder, .adapts = chunk->model->adapts};
    range_decoder_init(&decoder, from, skip);
    code_new_chunk(&walk, READ, now);
    *used = range_decoder_finish(&decoder);
    return *used == 0 || walk.failed ? SS_ERR_MALFORMED : SS_OK;
}

int delta_decode_chunk(const struct delta_chunk *chunk, struct bytes from, unsigned skip,
                       struct delta_frame *now, size_t *used) {
    return delta_decode_watched(chunk, from, skip, now, used, NULL);
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
    range_decoder_init(&block->decoder, from, 0);
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
    struct predictor predictor = {0}; /* a byte fills in less of it than observers read */
    struct walk walk = {.chunk = chunk, .observer = observer, .predictor = &predictor};
    if (before)
        code_block_chunk(&walk, OBSERVE, (struct delta_frame *)now, before);
    else
        code_new_chunk(&walk, OBSERVE, (struct delta_frame *)now);
}
