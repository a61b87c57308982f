/* SPDX-License-Identifier: Apache-2.0 */
/* grow.c - split greedily, best leaf first, while a split saves more bits than it costs to keep. */
#include "delta/grow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wire/range.h"

#define SYMBOLS (MODEL_STEPS + 6) /* magnitude classes, then signs of classes 1, 2, more */

static double plogp(double n) {
    return n > 0 ? n * log2(n) : 0;
}

/* Bits to code what the histogram counts, with its own chances. */
static double cost_of(const uint32_t *h) {
    double total = 0, sum = 0;
    for (int i = 0; i < MODEL_STEPS; i++) {
        total += h[i];
        sum += plogp(h[i]);
    }
    double bits = plogp(total) - sum;
    for (int i = MODEL_STEPS; i < SYMBOLS; i += 2)
        bits += plogp((double)h[i] + h[i + 1]) - plogp(h[i]) - plogp(h[i + 1]);
    return bits;
}

static void count_symbol(uint32_t *h, const struct sample *s) {
    h[s->size]++;
    if (s->size) h[MODEL_STEPS + 2 * (s->size > 3 ? 2 : s->size - 1) + s->minus]++;
}

static int compare16(const void *a, const void *b) {
    return *(const int16_t *)a - *(const int16_t *)b;
}

/* Cuts each clue into bins of about equal weight; edges[c][i] is the last value of bin i. */
static void make_bins(struct set *set, int16_t edges[MODEL_CLUES][SAMPLE_BINS], int16_t *scratch) {
    for (int c = 0; c < MODEL_CLUES; c++) {
        for (size_t n = 0; n < set->count; n++)
            scratch[n] = set->samples[n].clue[c];
        qsort(scratch, set->count, sizeof *scratch, compare16);
        int used = 0;
        for (int i = 0; i < SAMPLE_BINS; i++) {
            int16_t value = scratch[(set->count - 1) * (size_t)(i + 1) / SAMPLE_BINS];
            if (used == 0 || value != edges[c][used - 1]) edges[c][used++] = value;
        }
        for (int i = used; i < SAMPLE_BINS; i++)
            edges[c][i] = INT16_MAX;
        for (size_t n = 0; n < set->count; n++) {
            int low = 0, high = used - 1;
            while (low < high) {
                int middle = (low + high) / 2;
                if (set->samples[n].clue[c] <= edges[c][middle])
                    high = middle;
                else
                    low = middle + 1;
            }
            set->samples[n].bin[c] = (uint8_t)low;
        }
    }
}

struct split {
    double gain;
    int clue, bin;
};

static struct split best_split(struct set *set, unsigned leaf) {
    static _Thread_local uint32_t h[MODEL_CLUES][SAMPLE_BINS][SYMBOLS];
    memset(h, 0, sizeof h);
    for (size_t n = 0; n < set->count; n++) {
        const struct sample *s = &set->samples[n];
        if (s->leaf == leaf)
            for (int c = 0; c < MODEL_CLUES; c++)
                count_symbol(h[c][s->bin[c]], s);
    }
    uint32_t all[SYMBOLS] = {0};
    for (int b = 0; b < SAMPLE_BINS; b++)
        for (int i = 0; i < SYMBOLS; i++)
            all[i] += h[0][b][i];
    struct split best = {0, 0, 0};
    double whole = cost_of(all), total = (double)set->count;
    for (int c = 0; c < MODEL_CLUES; c++) {
        uint32_t left[SYMBOLS] = {0}, right[SYMBOLS];
        for (int b = 0; b < SAMPLE_BINS - 1; b++) {
            uint32_t any = 0;
            for (int i = 0; i < SYMBOLS; i++) {
                left[i] += h[c][b][i];
                right[i] = all[i] - left[i];
                any |= h[c][b][i];
            }
            if (!any) continue;
            double gain = whole - cost_of(left) - cost_of(right);
            if (c >= 15 && c != 18) /* a raw value: other games have others */
                gain -= set->value_bits * total;
            if (gain > best.gain) best = (struct split){gain, c, b};
        }
    }
    return best;
}

static uint16_t chance(double zero, double one) {
    double p = zero / (zero + one) * 65536;
    return (uint16_t)fmin(fmax(p, RANGE_CHANCE_MIN), RANGE_CHANCE_MAX);
}

static double prior(uint16_t parent) {
    return parent / 65536.0;
}

/* Chances from counts, leaning on those of the whole set where counts are few. */
static void make_leaf(struct model_leaf *leaf, const uint32_t *h, const struct model_leaf *lean) {
    uint32_t total = 0, below = 0, down[MODEL_STEPS + 1] = {0}; /* down[i]: smaller than i */
    for (int i = 0; i < MODEL_STEPS; i++) {
        total += h[i];
        down[i + 1] = total;
    }
    leaf->center = 0;
    while (leaf->center < MODEL_STEPS - 2 && 2 * (below + h[leaf->center]) < total)
        below += h[leaf->center++];
    int center = leaf->center;
    bool same = lean && lean->center == center;
    leaf->step[center] = chance(down[center + 1] + 0.5, total - down[center + 1] + 0.5);
    for (int i = center + 1; i < MODEL_STEPS; i++) {
        double p = same ? prior(lean->step[i]) : 0.5, left = total - down[i];
        leaf->step[i] = chance(h[i] + 2 * p, left - h[i] + 2 * (1 - p));
        if (left == 0) /* never seen: as the one before, which the table need not repeat */
            leaf->step[i] = leaf->step[i - 1];
    }
    for (int i = center - 1; i >= 0; i--) { /* step[i]: not above i + 1, is it below? */
        double p = same ? prior(lean->step[i]) : 0.5;
        leaf->step[i] = chance(h[i + 1] + 2 * p, down[i + 1] + 2 * (1 - p));
        if (down[i + 2] == 0) leaf->step[i] = leaf->step[i + 1];
    }
    for (int i = 0; i < 3; i++)
        leaf->sign[i] = chance(h[MODEL_STEPS + 2 * i] + 1, h[MODEL_STEPS + 2 * i + 1] + 1);
}

static void apply_split(struct set *set, struct model_lane *lane, unsigned leaf, unsigned fresh,
                        struct split split, int16_t threshold) {
    struct model_tree *tree = &lane->tree;
    unsigned node = tree->size++;
    tree->node[node] = (struct model_node){
        threshold, (uint8_t)split.clue, {(uint8_t)(128 + leaf), (uint8_t)(128 + fresh)}};
    for (unsigned i = 0; i < node; i++)
        for (int side = 0; side < 2; side++)
            if (tree->node[i].next[side] == 128 + leaf) tree->node[i].next[side] = (uint8_t)node;
    for (size_t n = 0; n < set->count; n++) {
        struct sample *s = &set->samples[n];
        if (s->leaf == leaf && s->bin[split.clue] > split.bin) s->leaf = (uint16_t)fresh;
    }
}

void grow_tree(struct set *set, struct model_lane *lane, int16_t *scratch) {
    static _Thread_local int16_t edges[MODEL_CLUES][SAMPLE_BINS];
    struct split candidate[MODEL_LEAVES];
    unsigned leaves = 1;
    lane->tree.size = 0;
    for (size_t n = 0; n < set->count; n++)
        set->samples[n].leaf = 0;
    if (set->count == 0) return;
    size_t changes = 0;
    for (size_t n = 0; n < set->count; n++)
        changes += set->samples[n].size > 0;
    if (set->value_bits > 0 && changes * 20 < set->count)
        set->value_bits = 1e9; /* what changes rarely says little about values not seen here */
    make_bins(set, edges, scratch);
    candidate[0] = best_split(set, 0);
    while (leaves < (unsigned)set->leaves_max) {
        unsigned best = 0;
        for (unsigned i = 1; i < leaves; i++)
            if (candidate[i].gain > candidate[best].gain) best = i;
        if (candidate[best].gain < set->split_bits) break;
        struct split split = candidate[best];
        apply_split(set, lane, best, leaves, split, edges[split.clue][split.bin]);
        candidate[best] = best_split(set, best);
        candidate[leaves] = best_split(set, leaves);
        leaves++;
    }
}

void grow_leaves(struct set *set, struct model_lane *lane) {
    static _Thread_local uint32_t h[MODEL_LEAVES + 1][SYMBOLS];
    uint32_t digit[2][MODEL_STEPS][3][2] = {0};
    memset(h, 0, sizeof h);
    for (size_t n = 0; n < set->count; n++) {
        const struct sample *s = &set->samples[n];
        count_symbol(h[s->leaf], s);
        count_symbol(h[MODEL_LEAVES], s);
        if (s->digits >= 4) {
            digit[s->minus][s->size][0][s->digits >> 1 & 1]++;
            digit[s->minus][s->size][1 + (s->digits >> 1 & 1)][s->digits & 1]++;
        } else if (s->digits >= 2) {
            digit[s->minus][s->size][0][s->digits & 1]++;
        }
    }
    struct model_leaf all;
    make_leaf(&all, h[MODEL_LEAVES], NULL);
    for (unsigned i = 0; i < MODEL_LEAVES; i++)
        make_leaf(&lane->leaf[i], h[i], &all);
    for (int sign = 0; sign < 2; sign++)
        for (int size = 0; size < MODEL_STEPS; size++)
            for (int i = 0; i < 3; i++)
                lane->digit[sign][size][i] =
                    chance(digit[sign][size][i][0] + 3, digit[sign][size][i][1] + 3);
    for (int i = 0; i < 2; i++)
        lane->lattice[i] = chance(set->lattice[i][0] + 0.5, set->lattice[i][1] + 0.5);
}

void grow_flag(struct set *set, struct model_lane *lane) {
    uint32_t h[MODEL_LEAVES][2] = {0};
    for (size_t n = 0; n < set->count; n++)
        h[set->samples[n].leaf][set->samples[n].size]++;
    for (unsigned i = 0; i < MODEL_LEAVES; i++)
        lane->leaf[i].step[0] = chance(h[i][0] + 0.4, h[i][1] + 0.4);
}
