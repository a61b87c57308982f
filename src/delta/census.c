/* SPDX-License-Identifier: Apache-2.0 */
/* census.c - see census.h. */
#include "delta/census.h"

#include <math.h>
#include <stdlib.h>

/* ---- what it cost ---- */

static double bit_cost(uint16_t chance, unsigned bit) {
    return -log2((bit ? 65536 - chance : chance) / 65536.0);
}

static double class_cost(const struct model_code *code, unsigned class) {
    return RANGE_SPAN_BITS - log2(code->bound[class + 1] - code->bound[class]);
}

/* A number, taken apart as number.h does. */
struct pieces {
    unsigned class, slot, minus, high, next;
    int digits, direct; /* bits with and without chances of their own */
};

static struct pieces pieces_of(int64_t number, bool mirrored) {
    uint64_t value = (uint64_t)llabs(number);
    int bits = value ? 64 - __builtin_clzll(value) : 0;
    struct pieces pieces = {.class = bits < MODEL_STEPS ? (unsigned)bits : MODEL_STEPS - 1,
                            .slot = bits > 3   ? 2
                                    : bits > 0 ? (unsigned)bits - 1
                                               : 0,
                            .minus = (number < 0) != mirrored,
                            .digits = bits > 2   ? 2
                                      : bits > 1 ? 1
                                                 : 0,
                            .direct = bits > 3 ? bits - 3 : 0};
    if (bits > 1) pieces.high = (unsigned)(value >> (bits - 2)) & 1;
    if (bits > 2) pieces.next = (unsigned)(value >> (bits - 3)) & 1;
    if (bits >= MODEL_STEPS - 1) pieces.direct += 4; /* how much larger */
    return pieces;
}

static double number_cost(const struct model_lane *lane, const int16_t *clues,
                          const struct pieces *p) {
    const struct model_code *code = model_lane_code((struct model_lane *)lane, clues);
    const uint16_t *digit = lane->digit[p->minus][p->class];
    double bits = class_cost(code, p->class) + p->direct;
    if (p->class > 0) bits += bit_cost(code->sign[p->slot], p->minus);
    if (p->digits > 0) bits += bit_cost(digit[0], p->high);
    if (p->digits > 1) bits += bit_cost(digit[1 + p->high], p->next);
    return bits;
}

/* ---- what was seen ---- */

static void on_lane(void *context, const struct predictor *p, unsigned lane, int64_t number,
                    int64_t wanted, bool mirrored) {
    struct census *census = context;
    const struct model_lane *model = &census->model->lane[lane];
    unsigned leaf = model_tree_find(&model->tree, p->clue);
    struct pieces pieces = pieces_of(number, mirrored);
    (void)wanted;
    census->spent[lane] += number_cost(model, p->clue, &pieces);
    census->size[lane][leaf][pieces.class]++;
    census->direct[lane] += (unsigned)pieces.direct;
    if (pieces.class > 0) census->sign[lane][leaf][pieces.slot][pieces.minus]++;
    if (pieces.digits > 0) census->digit[lane][pieces.minus][pieces.class][0][pieces.high]++;
    if (pieces.digits > 1)
        census->digit[lane][pieces.minus][pieces.class][1 + pieces.high][pieces.next]++;
}

static void on_flag(void *context, unsigned flag, const int16_t *clues, unsigned bit) {
    struct census *census = context;
    const struct model_lane *model = &census->model->flag[flag];
    unsigned leaf = model_tree_find(&model->tree, clues);
    census->flag[flag][leaf][bit]++;
    census->spent[CENSUS_FLAGS + flag] += bit_cost(model->leaf[leaf].step[0], bit);
}

static void on_lattice(void *context, unsigned lane, unsigned base, unsigned bit) {
    struct census *census = context;
    census->lattice[lane][base][bit]++;
    census->spent[lane] += bit_cost(census->model->lane[lane].lattice[base], bit);
}

struct delta_observer census_observer(struct census *census) {
    return (struct delta_observer){on_lane, on_flag, on_lattice, census, DELTA_LANES_MAX};
}

/* ---- the bound ---- */

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

double census_bound(const struct census *census, unsigned part) {
    if (part >= CENSUS_FLAGS) return pairs(&census->flag[part - CENSUS_FLAGS][0][0], MODEL_LEAVES);
    double bits = (double)census->direct[part];
    for (unsigned leaf = 0; leaf < MODEL_LEAVES; leaf++)
        bits += entropy(census->size[part][leaf], MODEL_STEPS);
    bits += pairs(&census->sign[part][0][0][0], MODEL_LEAVES * 3);
    bits += pairs(&census->digit[part][0][0][0][0], (size_t)2 * MODEL_STEPS * 3);
    return bits + pairs(&census->lattice[part][0][0], 2);
}
