/* SPDX-License-Identifier: Apache-2.0 */
/* grow.c - split greedily, best leaf first, while a split saves more bits than it costs to keep. */
#include "delta/grow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wire/range.h"

#define SYMBOLS       GROW_SYMBOLS

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

/* Which bin of a clue has the value. */
static uint8_t bin_of(const int16_t *edge, int used, int16_t value) {
    int low = 0, high = used - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (value <= edge[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return (uint8_t)low;
}

/* Cuts each clue into bins of about equal weight. */
static void make_bins(struct grow *grow, struct set *set) {
    for (int c = 0; c < MODEL_CLUES; c++) {
        int16_t *edge = grow->edge[c];
        for (size_t n = 0; n < set->count; n++)
            grow->sorted[n] = set->samples[n].clue[c];
        qsort(grow->sorted, set->count, sizeof *grow->sorted, compare16);
        int used = 0;
        for (int i = 0; i < SAMPLE_BINS; i++) {
            int16_t value = grow->sorted[(set->count - 1) * (size_t)(i + 1) / SAMPLE_BINS];
            if (used == 0 || value != edge[used - 1]) edge[used++] = value;
        }
        for (int i = used; i < SAMPLE_BINS; i++)
            edge[i] = INT16_MAX;
        for (size_t n = 0; n < set->count; n++)
            set->samples[n].bin[c] = bin_of(edge, used, set->samples[n].clue[c]);
    }
}

struct split {
    double gain;
    int clue, bin;
};

static void count_bins(struct grow *grow, const struct set *set, unsigned leaf) {
    memset(grow->bin, 0, sizeof grow->bin);
    for (size_t n = 0; n < set->count; n++) {
        const struct sample *s = &set->samples[n];
        if (s->leaf == leaf)
            for (int c = 0; c < MODEL_CLUES; c++)
                count_symbol(grow->bin[c][s->bin[c]], s);
    }
}

/* Bits that a split at this threshold must save beyond others: for a question of its own, and for
 * asking for a raw value, because other games have others. */
static double split_price(const struct set *set, const struct model_tree *tree, int clue,
                          int16_t threshold) {
    double price = clue >= 15 && clue != 18 ? set->value_bits * (double)set->count : 0;
    unsigned same = 0, asked = 0;
    for (unsigned i = 0; i < tree->size; i++) {
        if (tree->node[i].clue != clue) continue;
        asked++;
        same += tree->node[i].threshold == threshold;
    }
    if (same == 0 && asked % WAYS_BLOCK == 0) price += set->question_bits * (double)set->count;
    return price;
}

/* The best bin of a clue to split after. */
static struct split best_bin(const struct grow *grow, const struct set *set,
                             const struct model_tree *tree, int clue, const uint32_t *all) {
    uint32_t left[SYMBOLS] = {0}, right[SYMBOLS];
    struct split best = {0, clue, 0};
    double whole = cost_of(all);
    for (int b = 0; b < SAMPLE_BINS - 1; b++) {
        const uint32_t *here = grow->bin[clue][b];
        uint32_t any = 0;
        for (int i = 0; i < SYMBOLS; i++) {
            left[i] += here[i];
            right[i] = all[i] - left[i];
            any |= here[i];
        }
        if (!any) continue;
        double gain = whole - cost_of(left) - cost_of(right);
        if (gain > best.gain) gain -= split_price(set, tree, clue, grow->edge[clue][b]);
        if (gain > best.gain) best = (struct split){gain, clue, b};
    }
    return best;
}

static struct split best_split(struct grow *grow, const struct set *set,
                               const struct model_tree *tree, unsigned leaf) {
    uint32_t all[SYMBOLS] = {0};
    struct split best = {0, 0, 0};
    count_bins(grow, set, leaf);
    for (int b = 0; b < SAMPLE_BINS; b++)
        for (int i = 0; i < SYMBOLS; i++)
            all[i] += grow->bin[0][b][i];
    for (int c = 0; c < MODEL_CLUES; c++) {
        struct split split = best_bin(grow, set, tree, c, all);
        if (split.gain > best.gain) best = split;
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

/* What changes rarely says little about values not seen here. */
static void limit_values(struct set *set) {
    size_t changes = 0;
    for (size_t n = 0; n < set->count; n++)
        changes += set->samples[n].size > 0;
    if (set->value_bits > 0 && changes * 20 < set->count) set->value_bits = 1e9;
}

void grow_tree(struct grow *grow, struct set *set, struct model_lane *lane) {
    struct split candidate[MODEL_LEAVES];
    unsigned leaves = 1;
    lane->tree.size = 0;
    for (size_t n = 0; n < set->count; n++)
        set->samples[n].leaf = 0;
    if (set->count == 0) return;
    limit_values(set);
    make_bins(grow, set);
    candidate[0] = best_split(grow, set, &lane->tree, 0);
    while (leaves < (unsigned)set->leaves_max) {
        unsigned best = 0;
        for (unsigned i = 1; i < leaves; i++)
            if (candidate[i].gain > candidate[best].gain) best = i;
        if (candidate[best].gain < set->split_bits) break;
        struct split split = candidate[best];
        apply_split(set, lane, best, leaves, split, grow->edge[split.clue][split.bin]);
        candidate[best] = best_split(grow, set, &lane->tree, best);
        candidate[leaves] = best_split(grow, set, &lane->tree, leaves);
        leaves++;
    }
}

static void count_digits(uint32_t digit[2][MODEL_STEPS][3][2], const struct sample *s) {
    if (s->digits >= 4) {
        digit[s->minus][s->size][0][s->digits >> 1 & 1]++;
        digit[s->minus][s->size][1 + (s->digits >> 1 & 1)][s->digits & 1]++;
    } else if (s->digits >= 2) {
        digit[s->minus][s->size][0][s->digits & 1]++;
    }
}

void grow_leaves(struct grow *grow, struct set *set, struct model_lane *lane) {
    uint32_t digit[2][MODEL_STEPS][3][2] = {0};
    memset(grow->leaf, 0, sizeof grow->leaf);
    for (size_t n = 0; n < set->count; n++) {
        const struct sample *s = &set->samples[n];
        count_symbol(grow->leaf[s->leaf], s);
        count_symbol(grow->leaf[MODEL_LEAVES], s);
        count_digits(digit, s);
    }
    struct model_leaf all;
    make_leaf(&all, grow->leaf[MODEL_LEAVES], NULL);
    for (unsigned i = 0; i < MODEL_LEAVES; i++)
        make_leaf(&lane->leaf[i], grow->leaf[i], &all);
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
