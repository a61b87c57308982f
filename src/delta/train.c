/* SPDX-License-Identifier: Apache-2.0 */
/* train.c - lane by lane in coding order, because later lanes look at how far off earlier guesses were.
 * For each lane: the predictor by least squares, reweighted by the error expected of each sample (bits
 * are spent where the error is small); the expected error as a positive sum of features, by maximum
 * likelihood; then the tree, split greedily while a split saves more bits than it costs to keep. */
#include "delta/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "delta/course.h"
#include "wire/range.h"

#define SAMPLES_MAX  240000
#define BINS         48
#define SYMBOLS      (MODEL_STEPS + 6)
#define SPLIT_BITS   80.0
#define FLAG_LEAVES  24

struct sample {
    float mean[MODEL_MEANS], spread[MODEL_SPREADS]; /* in steps */
    float wanted, width;
    int16_t clue[MODEL_CLUES];
    uint8_t class, size, minus;
    uint8_t bin[MODEL_CLUES];
    uint16_t leaf;
    uint8_t digits; /* 1 + the two digits below the leading one; 0: none */
    bool negative;
};

struct set {
    struct sample *samples;
    size_t count, capacity, seen;
    uint64_t random;
    unsigned target; /* lane, or flag */
    uint32_t lattice[2][2];
    int leaves_max;
    double split_bits, value_bits;
};

static struct sample *room(struct set *set) {
    set->seen++;
    if (set->count < set->capacity)
        return &set->samples[set->count++];
    set->random = set->random * 6364136223846793005u + 1442695040888963407u;
    uint64_t at = (set->random >> 20) % set->seen;
    return at < set->capacity ? &set->samples[at] : NULL;
}

static void on_lane(void *context, const struct predictor *p, unsigned lane, int64_t number,
                    int64_t wanted, bool mirrored) {
    struct set *set = context;
    struct sample *s = lane == set->target ? room(set) : NULL;
    if (s == NULL)
        return;
    float scale = ldexpf(1, -p->fraction);
    for (int i = 0; i < MODEL_MEANS; i++)
        s->mean[i] = (float)p->mean[i] * scale;
    for (int i = 0; i < MODEL_SPREADS; i++)
        s->spread[i] = (float)p->spread[i] * scale;
    s->wanted = (float)wanted * scale;
    memcpy(s->clue, p->clue, sizeof s->clue);
    s->class = (uint8_t)p->class;
    uint64_t size = (uint64_t)llabs(number);
    unsigned bits = size ? 64 - (unsigned)__builtin_clzll(size) : 0;
    s->size = (uint8_t)(bits < MODEL_STEPS ? bits : MODEL_STEPS - 1);
    s->minus = (number < 0) != mirrored;
    s->digits = bits > 2 ? (uint8_t)(4 | (size >> (bits - 3) & 3)) : bits == 2 ? (uint8_t)(2 | (size & 1)) : 0;
}

static void on_flag(void *context, unsigned flag, const int16_t *clues, unsigned bit) {
    struct set *set = context;
    struct sample *s = flag + DELTA_LANES_MAX == set->target ? room(set) : NULL;
    if (s == NULL)
        return;
    memset(s, 0, sizeof *s);
    memcpy(s->clue, clues, MODEL_FLAG_CLUES * sizeof *clues);
    s->size = (uint8_t)bit;
}

static void on_lattice(void *context, unsigned lane, unsigned base, unsigned bit) {
    struct set *set = context;
    if (lane == set->target)
        set->lattice[base][bit]++;
}

static int observe(struct set *set, const struct delta_schema *schema, struct delta_model *model,
                   const struct trace *traces, size_t count, const struct memory *memory) {
    struct delta_observer observer = {on_lane, on_flag, on_lattice, set, set->target};
    set->count = set->seen = 0;
    set->random = 1;
    memset(set->lattice, 0, sizeof set->lattice);
    for (size_t i = 0; i < count; i++) {
        struct course course;
        if (course_init(&course, memory, schema, traces[i].id_count) != SS_OK)
            return SS_ERR_NOMEM;
        struct trace_tick tick;
        struct course_past past;
        struct delta_times times;
        struct delta_chunk chunk = {schema, model, &times, {0}, DELTA_CHUNK_CELLS};
        for (size_t offset = 0; trace_next(&traces[i], &offset, &tick);) {
            if (course_feed(&course, &tick) != SS_OK) {
                course_free(&course);
                return SS_ERR_INVALID;
            }
            course_choose(&course, model, &past);
            delta_times_init(&times, schema, past.ms);
            unsigned before = 0;
            for (uint32_t c = 0; c < course.chunk_count; c++) {
                course_chunk(&course, &past, c, &chunk);
                const struct delta_frame *now = course_frame(&course, past.tick[TICK_NOW], c);
                if (model->base_ms == 0)
                    delta_observe_chunk(&chunk, now, &observer, &before);
                else if (!delta_chunk_same(&chunk, now))
                    delta_observe_chunk(&chunk, now, &observer, NULL);
            }
        }
        course_free(&course);
    }
    return SS_OK;
}

/* ---- the predictor ---- */

/* Solves the symmetric system in place; features without variance get 0. */
static void solve(double a[MODEL_MEANS][MODEL_MEANS], double b[MODEL_MEANS],
                  double out[MODEL_MEANS]) {
    double m[MODEL_MEANS][MODEL_MEANS + 1];
    for (int i = 0; i < MODEL_MEANS; i++) {
        for (int j = 0; j < MODEL_MEANS; j++)
            m[i][j] = a[i][j];
        m[i][i] = m[i][i] * (1 + 1e-6) + 1e-9;
        m[i][MODEL_MEANS] = b[i];
    }
    for (int c = 0; c < MODEL_MEANS; c++) {
        int best = c;
        for (int r = c + 1; r < MODEL_MEANS; r++)
            if (fabs(m[r][c]) > fabs(m[best][c]))
                best = r;
        for (int j = 0; j <= MODEL_MEANS; j++) {
            double swap = m[c][j];
            m[c][j] = m[best][j];
            m[best][j] = swap;
        }
        if (fabs(m[c][c]) < 1e-12)
            continue;
        for (int r = 0; r < MODEL_MEANS; r++) {
            if (r == c)
                continue;
            double f = m[r][c] / m[c][c];
            for (int j = c; j <= MODEL_MEANS; j++)
                m[r][j] -= f * m[c][j];
        }
    }
    for (int i = 0; i < MODEL_MEANS; i++)
        out[i] = fabs(m[i][i]) < 1e-12 ? 0 : m[i][MODEL_MEANS] / m[i][i];
}

static void fit_mean(struct set *set, int class, double mean[MODEL_MEANS]) {
    double a[MODEL_MEANS][MODEL_MEANS] = {0}, b[MODEL_MEANS] = {0};
    for (size_t n = 0; n < set->count; n++) {
        struct sample *s = &set->samples[n];
        if (s->class != class)
            continue;
        double guess = 0;
        for (int i = 0; i < MODEL_MEANS; i++)
            guess += mean[i] * (double)s->mean[i];
        double error = fabs((double)s->wanted - guess), width = (double)s->width;
        double weight = 1 / (width * fmax(error, 0.3 * width));
        for (int i = 0; i < MODEL_MEANS; i++) {
            double x = (double)s->mean[i] * weight;
            if (x == 0)
                continue;
            b[i] += x * (double)s->wanted;
            for (int j = 0; j < MODEL_MEANS; j++)
                a[i][j] += x * (double)s->mean[j];
        }
    }
    solve(a, b, mean);
}

static double error_of(const struct sample *s, const double mean[MODEL_MEANS]) {
    double guess = 0;
    for (int i = 0; i < MODEL_MEANS; i++)
        guess += mean[i] * (double)s->mean[i];
    return fabs((double)s->wanted - guess);
}

static double width_of(const struct sample *s, const double spread[MODEL_SPREADS]) {
    double width = 0;
    for (int i = 0; i < MODEL_SPREADS; i++)
        width += spread[i] * (double)s->spread[i];
    return fmax(width, 0.02);
}

/* Minimizes sum(log w + |e| / w) over exp'd coefficients with Adam. */
static void fit_spread(struct set *set, int class, const double mean[MODEL_MEANS],
                       double spread[MODEL_SPREADS], int rounds) {
    double theta[MODEL_SPREADS], m[MODEL_SPREADS] = {0}, v[MODEL_SPREADS] = {0};
    size_t stride = set->count / 60000 + 1;
    for (int i = 0; i < MODEL_SPREADS; i++)
        theta[i] = log(fmax(spread[i], 1e-4));
    for (int round = 1; round <= rounds; round++) {
        double g[MODEL_SPREADS] = {0};
        double total = 0;
        for (size_t n = 0; n < set->count; n += stride) {
            struct sample *s = &set->samples[n];
            if (s->class != class)
                continue;
            double width = width_of(s, spread), error = error_of(s, mean) + 0.05;
            double slope = 1 / width - error / (width * width);
            for (int i = 0; i < MODEL_SPREADS; i++)
                g[i] += slope * (double)s->spread[i] * spread[i];
            total += 1;
        }
        if (total == 0)
            return;
        for (int i = 0; i < MODEL_SPREADS; i++) {
            double gradient = g[i] / total;
            m[i] = 0.9 * m[i] + 0.1 * gradient;
            v[i] = 0.99 * v[i] + 0.01 * gradient * gradient;
            double mh = m[i] / (1 - pow(0.9, round)), vh = v[i] / (1 - pow(0.99, round));
            theta[i] -= 0.1 * mh / (sqrt(vh) + 1e-7);
            theta[i] = fmin(fmax(theta[i], -12), 4);
            spread[i] = exp(theta[i]);
        }
    }
}

static int32_t q16(double value) {
    return (int32_t)lrint(fmin(fmax(value, -15.9), 15.9) * MODEL_ONE);
}

static void fit_class(struct set *set, struct model_lane *lane, int class) {
    double mean[MODEL_MEANS] = {0}, spread[MODEL_SPREADS];
    size_t count = 0;
    for (int i = 0; i < MODEL_SPREADS; i++)
        spread[i] = i == 0 ? 0.3 : 0.05;
    for (size_t n = 0; n < set->count; n++) {
        struct sample *s = &set->samples[n];
        count += s->class == class;
        s->width = 1 + fabsf(s->wanted) * 0.1f;
    }
    if (count < 30) {
        lane->mean[class][0] = class > 1 ? MODEL_ONE : 0;
        lane->spread[class][0] = MODEL_ONE;
        lane->spread[class][1] = MODEL_ONE / 2;
        return;
    }
    for (int round = 0; round < 8; round++) {
        fit_mean(set, class, mean);
        if (round % 2 == 1)
            continue;
        fit_spread(set, class, mean, spread, round == 6 ? 250 : 80);
        for (size_t n = 0; n < set->count; n++)
            if (set->samples[n].class == class)
                set->samples[n].width = (float)width_of(&set->samples[n], spread);
    }
    for (int i = 0; i < MODEL_MEANS; i++)
        lane->mean[class][i] = q16(mean[i]);
    for (int i = 0; i < MODEL_SPREADS; i++)
        lane->spread[class][i] = q16(spread[i]);
}

/* ---- the tree ---- */

static double plogp(double n) { return n > 0 ? n * log2(n) : 0; }

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
    if (s->size)
        h[MODEL_STEPS + 2 * (s->size > 3 ? 2 : s->size - 1) + s->minus]++;
}

static int compare16(const void *a, const void *b) {
    return *(const int16_t *)a - *(const int16_t *)b;
}

/* Cuts each clue into bins of about equal weight; edges[c][i] is the last value of bin i. */
static void make_bins(struct set *set, int16_t edges[MODEL_CLUES][BINS], int16_t *scratch) {
    for (int c = 0; c < MODEL_CLUES; c++) {
        for (size_t n = 0; n < set->count; n++)
            scratch[n] = set->samples[n].clue[c];
        qsort(scratch, set->count, sizeof *scratch, compare16);
        int used = 0;
        for (int i = 0; i < BINS; i++) {
            int16_t value = scratch[(set->count - 1) * (size_t)(i + 1) / BINS];
            if (used == 0 || value != edges[c][used - 1])
                edges[c][used++] = value;
        }
        for (int i = used; i < BINS; i++)
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
    static _Thread_local uint32_t h[MODEL_CLUES][BINS][SYMBOLS];
    memset(h, 0, sizeof h);
    for (size_t n = 0; n < set->count; n++) {
        const struct sample *s = &set->samples[n];
        if (s->leaf == leaf)
            for (int c = 0; c < MODEL_CLUES; c++)
                count_symbol(h[c][s->bin[c]], s);
    }
    uint32_t all[SYMBOLS] = {0};
    for (int b = 0; b < BINS; b++)
        for (int i = 0; i < SYMBOLS; i++)
            all[i] += h[0][b][i];
    struct split best = {0, 0, 0};
    double whole = cost_of(all), total = (double)set->count;
    for (int c = 0; c < MODEL_CLUES; c++) {
        uint32_t left[SYMBOLS] = {0}, right[SYMBOLS];
        for (int b = 0; b < BINS - 1; b++) {
            uint32_t any = 0;
            for (int i = 0; i < SYMBOLS; i++) {
                left[i] += h[c][b][i];
                right[i] = all[i] - left[i];
                any |= h[c][b][i];
            }
            if (!any)
                continue;
            double gain = whole - cost_of(left) - cost_of(right);
            if (c >= 15 && c != 18) /* a raw value: other games have others */
                gain -= set->value_bits * total;
            if (gain > best.gain)
                best = (struct split){gain, c, b};
        }
    }
    return best;
}

static uint16_t chance(double zero, double one) {
    double p = zero / (zero + one) * 65536;
    return (uint16_t)fmin(fmax(p, RANGE_CHANCE_MIN), RANGE_CHANCE_MAX);
}

static double prior(uint16_t parent) { return parent / 65536.0; }

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
        if (down[i + 2] == 0)
            leaf->step[i] = leaf->step[i + 1];
    }
    for (int i = 0; i < 3; i++)
        leaf->sign[i] = chance(h[MODEL_STEPS + 2 * i] + 1, h[MODEL_STEPS + 2 * i + 1] + 1);
}

static void apply_split(struct set *set, struct model_lane *lane, unsigned leaf, unsigned fresh,
                        struct split split, int16_t threshold) {
    struct model_tree *tree = &lane->tree;
    unsigned node = tree->size++;
    tree->node[node] = (struct model_node){threshold, (uint8_t)split.clue,
                                           {(uint8_t)(128 + leaf), (uint8_t)(128 + fresh)}};
    for (unsigned i = 0; i < node; i++)
        for (int side = 0; side < 2; side++)
            if (tree->node[i].next[side] == 128 + leaf)
                tree->node[i].next[side] = (uint8_t)node;
    for (size_t n = 0; n < set->count; n++) {
        struct sample *s = &set->samples[n];
        if (s->leaf == leaf && s->bin[split.clue] > split.bin)
            s->leaf = (uint16_t)fresh;
    }
}

static void grow(struct set *set, struct model_lane *lane, int16_t *scratch) {
    static _Thread_local int16_t edges[MODEL_CLUES][BINS];
    struct split candidate[MODEL_LEAVES];
    unsigned leaves = 1;
    lane->tree.size = 0;
    for (size_t n = 0; n < set->count; n++)
        set->samples[n].leaf = 0;
    if (set->count == 0)
        return;
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
            if (candidate[i].gain > candidate[best].gain)
                best = i;
        if (candidate[best].gain < set->split_bits)
            break;
        struct split split = candidate[best];
        apply_split(set, lane, best, leaves, split, edges[split.clue][split.bin]);
        candidate[best] = best_split(set, best);
        candidate[leaves] = best_split(set, leaves);
        leaves++;
    }
}

static void fill_leaves(struct set *set, struct model_lane *lane) {
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

static int train_lane(struct set *set, const struct delta_schema *schema, struct delta_model *model,
                      const struct trace *traces, size_t count, const struct memory *memory,
                      int16_t *scratch) {
    unsigned lane = set->target;
    int status = SS_OK;
    if (schema->lanes[lane].width > 1) { /* bytes are guessed to stay */
        status = observe(set, schema, model, traces, count, memory);
        for (int class = 0; class < MODEL_CLASSES && status == SS_OK; class++)
            fit_class(set, &model->lane[lane], class);
        delta_model_index(model);
    }
    if (status == SS_OK)
        status = observe(set, schema, model, traces, count, memory);
    if (status != SS_OK)
        return status;
    grow(set, &model->lane[lane], scratch);
    fill_leaves(set, &model->lane[lane]);
    return SS_OK;
}

static int train_flag(struct set *set, const struct delta_schema *schema, struct delta_model *model,
                      const struct trace *traces, size_t count, const struct memory *memory,
                      int16_t *scratch) {
    int status = observe(set, schema, model, traces, count, memory);
    if (status != SS_OK)
        return status;
    struct model_lane *lane = &model->flag[set->target - DELTA_LANES_MAX];
    grow(set, lane, scratch);
    uint32_t h[MODEL_LEAVES][2] = {0};
    for (size_t n = 0; n < set->count; n++)
        h[set->samples[n].leaf][set->samples[n].size]++;
    for (unsigned i = 0; i < MODEL_LEAVES; i++)
        lane->leaf[i].step[0] = chance(h[i][0] + 0.4, h[i][1] + 0.4);
    return SS_OK;
}

int delta_train(struct delta_model *model, enum delta_profile profile, enum delta_mode mode,
                const struct trace *traces, size_t count, const struct memory *memory) {
    struct delta_schema schema;
    profile_schema(profile, &schema);
    profile_retention(profile, mode, model);
    bool adapts = model->adapts;
    model->adapts = 0;
    model->schema_hash = delta_schema_hash(&schema);
    model->lane_count = schema.lane_count;
    struct set set = {.capacity = SAMPLES_MAX};
    set.samples = memory_zeroed(memory, SAMPLES_MAX, sizeof *set.samples);
    int16_t *scratch = memory_zeroed(memory, SAMPLES_MAX, sizeof *scratch);
    int status = set.samples && scratch ? SS_OK : SS_ERR_NOMEM;
    for (unsigned i = 0; i < schema.lane_count && status == SS_OK; i++) {
        set.target = i;
        set.leaves_max = schema.lanes[i].kind == DELTA_BYTE ? 40 : MODEL_LEAVES;
        set.split_bits = SPLIT_BITS;
        set.value_bits = schema.lanes[i].kind == DELTA_QUATERNION ? 0 : 0.01;
        status = train_lane(&set, &schema, model, traces, count, memory, scratch);
    }
    for (unsigned i = 0; i < MODEL_FLAGS && status == SS_OK; i++) {
        set.target = DELTA_LANES_MAX + i;
        set.leaves_max = FLAG_LEAVES;
        set.split_bits = 40;
        set.value_bits = 0;
        status = train_flag(&set, &schema, model, traces, count, memory, scratch);
    }
    model->adapts = adapts;
    memory_free(memory, set.samples, SAMPLES_MAX * sizeof *set.samples);
    memory_free(memory, scratch, SAMPLES_MAX * sizeof *scratch);
    return status;
}
