/* SPDX-License-Identifier: Apache-2.0 */
/* model.c - a model as a table of bytes, as shipped in the source and written by training.
 *
 *   table   u32 schema hash | u16 base_ms | u16 older_ms[3] | u8 adapts | u8 lanes | lane... |
 * flag[3] lane    coefficients: per class u8 count of means, varints; u8 count of spreads, varints
 * (zigzag) u8 tree size | node...: u8 clue, u8 left, u8 right, i16 threshold leaf...: u8 center, u8
 * first step, u8 count of steps, u8 chances; u8 signs[3] u8 count of digit sizes, 6 chances each |
 * u8 lattice[2] flag    u8 tree size | node... | u8 chance per leaf
 *
 * A chance is 8 bits on a logistic scale: finer would not be felt. */
#include "delta/model.h"

#include <string.h>

/* 1 / (1 + exp((127.5 - i) / 16)) in 1/65536, within what the range coder takes. */
static const uint16_t chances[256] = {
    24,    24,    26,    27,    29,    31,    33,    35,    37,    40,    42,    45,    48,
    51,    54,    58,    62,    66,    70,    74,    79,    84,    90,    95,    101,   108,
    115,   122,   130,   139,   148,   157,   167,   178,   189,   202,   215,   228,   243,
    259,   275,   293,   312,   332,   353,   376,   400,   425,   452,   481,   512,   545,
    580,   617,   656,   698,   743,   790,   840,   894,   951,   1011,  1075,  1143,  1215,
    1292,  1374,  1461,  1553,  1650,  1754,  1864,  1980,  2104,  2235,  2374,  2521,  2677,
    2842,  3017,  3202,  3398,  3605,  3824,  4055,  4299,  4557,  4830,  5117,  5420,  5739,
    6074,  6428,  6799,  7190,  7600,  8030,  8481,  8953,  9447,  9964,  10503, 11066, 11653,
    12264, 12899, 13559, 14243, 14952, 15686, 16444, 17226, 18031, 18859, 19710, 20582, 21474,
    22386, 23316, 24263, 25226, 26202, 27191, 28190, 29198, 30213, 31233, 32256, 33280, 34303,
    35323, 36338, 37346, 38345, 39334, 40310, 41273, 42220, 43150, 44062, 44954, 45826, 46677,
    47505, 48310, 49092, 49850, 50584, 51293, 51977, 52637, 53272, 53883, 54470, 55033, 55572,
    56089, 56583, 57055, 57506, 57936, 58346, 58737, 59108, 59462, 59797, 60116, 60419, 60706,
    60979, 61237, 61481, 61712, 61931, 62138, 62334, 62519, 62694, 62859, 63015, 63162, 63301,
    63432, 63556, 63672, 63782, 63886, 63983, 64075, 64162, 64244, 64321, 64393, 64461, 64525,
    64585, 64642, 64696, 64746, 64793, 64838, 64880, 64919, 64956, 64991, 65024, 65055, 65084,
    65111, 65136, 65160, 65183, 65204, 65224, 65243, 65261, 65277, 65293, 65308, 65321, 65334,
    65347, 65358, 65369, 65379, 65388, 65397, 65406, 65414, 65421, 65428, 65435, 65441, 65446,
    65452, 65457, 65462, 65466, 65470, 65474, 65478, 65482, 65485, 65488, 65491, 65494, 65496,
    65499, 65501, 65503, 65505, 65507, 65509, 65510, 65512, 65512,
};

static uint8_t chance_index(uint16_t chance) {
    unsigned low = 0, high = 255;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (chances[middle] < chance)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && chance - chances[low - 1] < chances[low] - chance) low--;
    return (uint8_t)low;
}

static void put_signed(struct buffer *out, int32_t value) {
    buffer_varint(out, (uint32_t)value << 1 ^ (value < 0 ? UINT32_MAX : 0));
}

static int32_t get_signed(struct reader *in) {
    uint32_t value = (uint32_t)reader_varint(in);
    return (int32_t)(value >> 1 ^ (0u - (value & 1)));
}

/* ---- coefficients ---- */

static void put_row(struct buffer *out, const int32_t *row, unsigned max) {
    unsigned count = max;
    while (count > 0 && row[count - 1] == 0)
        count--;
    buffer_u8(out, (uint8_t)count);
    for (unsigned i = 0; i < count; i++)
        put_signed(out, row[i]);
}

static void get_row(struct reader *in, int32_t *row, unsigned max) {
    unsigned count = reader_u8(in);
    if (count > max) in->failed = true;
    for (unsigned i = 0; i < count && !in->failed; i++) {
        row[i] = get_signed(in);
        if (row[i] > 16 * MODEL_ONE || row[i] < -16 * MODEL_ONE) in->failed = true;
    }
}

/* ---- trees ---- */

static void put_tree(struct buffer *out, const struct model_tree *tree) {
    buffer_u8(out, tree->size);
    for (unsigned i = 0; i < tree->size; i++) {
        const struct model_node *node = &tree->node[i];
        buffer_u8(out, node->clue);
        buffer_u8(out, node->next[0]);
        buffer_u8(out, node->next[1]);
        buffer_u8(out, (uint8_t)node->threshold);
        buffer_u8(out, (uint8_t)((uint16_t)node->threshold >> 8));
    }
}

/* Children are later nodes, or leaves; each is the child of one node only, and none is left out: so
 * every walk ends, and the leaves stand in one row. */
static bool tree_valid(const struct model_tree *tree) {
    uint64_t nodes = 1, leaves = 0;
    for (unsigned i = 0; i < tree->size; i++)
        for (int side = 0; side < 2; side++) {
            unsigned child = tree->node[i].next[side], leaf = child - 128u;
            bool node = child < 128;
            if (node ? child <= i || child >= tree->size : leaf > tree->size) return false;
            uint64_t *seen = node ? &nodes : &leaves, bit = (uint64_t)1 << (node ? child : leaf);
            if (*seen & bit) return false;
            *seen |= bit;
        }
    return true; /* size + 1 children of each sort can only be all of them */
}

static void get_tree(struct reader *in, struct model_tree *tree, unsigned clues) {
    tree->size = reader_u8(in);
    if (tree->size > MODEL_LEAVES - 1) {
        in->failed = true;
        tree->size = 0;
    }
    for (unsigned i = 0; i < tree->size; i++) {
        struct model_node *node = &tree->node[i];
        node->clue = reader_u8(in);
        node->next[0] = reader_u8(in);
        node->next[1] = reader_u8(in);
        node->threshold = (int16_t)reader_u16(in);
        if (node->clue >= clues) in->failed = true;
    }
    if (!tree_valid(tree)) in->failed = true;
}

/* ---- leaves ---- */

static void put_leaf(struct buffer *out, const struct model_leaf *leaf) {
    unsigned first = 0, end = MODEL_STEPS;
    while (end > leaf->center + 1u && leaf->step[end - 1] == leaf->step[MODEL_STEPS - 1])
        end--; /* never reached in training: all alike */
    while (first < leaf->center && leaf->step[first] == leaf->step[0])
        first++;
    if (first > 0) first--;
    if (end < MODEL_STEPS) end++;
    buffer_u8(out, leaf->center);
    buffer_u8(out, (uint8_t)first);
    buffer_u8(out, (uint8_t)(end - first));
    for (unsigned i = first; i < end; i++)
        buffer_u8(out, chance_index(leaf->step[i]));
    for (int i = 0; i < 3; i++)
        buffer_u8(out, chance_index(leaf->sign[i]));
}

/* Steps that are not stored are as the first or the last stored. */
static void get_leaf(struct reader *in, struct model_leaf *leaf) {
    leaf->center = reader_u8(in);
    unsigned first = reader_u8(in), count = reader_u8(in);
    if (leaf->center >= MODEL_STEPS - 1 || count == 0 || first + count > MODEL_STEPS) {
        in->failed = true;
        return;
    }
    for (unsigned i = first; i < first + count; i++)
        leaf->step[i] = chances[reader_u8(in)];
    for (unsigned i = 0; i < first; i++)
        leaf->step[i] = leaf->step[first];
    for (unsigned i = first + count; i < MODEL_STEPS; i++)
        leaf->step[i] = leaf->step[first + count - 1];
    for (int i = 0; i < 3; i++)
        leaf->sign[i] = chances[reader_u8(in)];
}

static void put_digits(struct buffer *out, const struct model_lane *lane) {
    unsigned count = MODEL_STEPS;
    while (count > 0 && memcmp(lane->digit[0][count - 1], lane->digit[0][0], 6) == 0 &&
           memcmp(lane->digit[1][count - 1], lane->digit[1][0], 6) == 0)
        count--;
    buffer_u8(out, (uint8_t)count);
    for (unsigned size = 0; size < count; size++)
        for (int i = 0; i < 6; i++)
            buffer_u8(out, chance_index(lane->digit[i / 3][size][i % 3]));
}

static void get_digits(struct reader *in, struct model_lane *lane) {
    unsigned count = reader_u8(in);
    if (count > MODEL_STEPS) in->failed = true;
    for (unsigned size = 0; size < MODEL_STEPS; size++)
        for (int i = 0; i < 6; i++)
            lane->digit[i / 3][size][i % 3] =
                size < count ? chances[reader_u8(in)] : (uint16_t)32768;
}

static void put_lane(struct buffer *out, const struct model_lane *lane) {
    for (int i = 0; i < MODEL_CLASSES; i++) {
        put_row(out, lane->mean[i], MODEL_MEANS);
        put_row(out, lane->spread[i], MODEL_SPREADS);
    }
    put_tree(out, &lane->tree);
    for (unsigned i = 0; i <= lane->tree.size; i++)
        put_leaf(out, &lane->leaf[i]);
    put_digits(out, lane);
    for (int i = 0; i < 2; i++)
        buffer_u8(out, chance_index(lane->lattice[i]));
}

static void get_lane(struct reader *in, struct model_lane *lane) {
    for (int i = 0; i < MODEL_CLASSES; i++) {
        get_row(in, lane->mean[i], MODEL_MEANS);
        get_row(in, lane->spread[i], MODEL_SPREADS);
    }
    get_tree(in, &lane->tree, MODEL_CLUES);
    for (unsigned i = 0; i <= lane->tree.size; i++)
        get_leaf(in, &lane->leaf[i]);
    get_digits(in, lane);
    for (int i = 0; i < 2; i++)
        lane->lattice[i] = chances[reader_u8(in)];
}

/* ---- as the coder takes it ---- */

/* How likely each class is, in 2^-32: the product of the steps that lead to it. */
static void class_chances(const struct model_leaf *leaf, uint64_t chance[MODEL_STEPS]) {
    unsigned center = leaf->center;
    uint64_t down = (uint64_t)leaf->step[center] << 16, up = ((uint64_t)1 << 32) - down;
    for (unsigned k = center; k > 0; k--) {
        uint64_t stays = (down * leaf->step[k - 1]) >> 16;
        chance[k] = stays;
        down -= stays;
    }
    chance[0] = down;
    for (unsigned k = center + 1; k < MODEL_STEPS - 1; k++) {
        uint64_t stays = (up * leaf->step[k]) >> 16;
        chance[k] = stays;
        up -= stays;
    }
    chance[MODEL_STEPS - 1] = up;
}

/* Each class keeps a share, so that what was never seen can still be told. */
static void make_code(struct model_code *code, const struct model_leaf *leaf) {
    uint64_t chance[MODEL_STEPS], sum = 0;
    unsigned shared = (1u << RANGE_SPAN_BITS) - MODEL_STEPS * MODEL_SHARE;
    class_chances(leaf, chance);
    for (unsigned k = 0; k < MODEL_STEPS; k++) {
        code->bound[k] = (uint16_t)(k * MODEL_SHARE + (unsigned)((sum * shared) >> 32));
        sum += chance[k];
    }
    code->bound[MODEL_STEPS] = 1u << RANGE_SPAN_BITS;
    memcpy(code->sign, leaf->sign, sizeof code->sign);
}

void model_lane_prepare(struct model_lane *lane) {
    lane->asks = 0;
    for (unsigned i = 0; i < lane->tree.size; i++)
        lane->asks |= 1u << lane->tree.node[i].clue;
    uint8_t place[MODEL_LEAVES];
    if (lane->tree.size > MODEL_WALK)
        ways_init(&lane->ways, &lane->tree, place);
    else
        for (unsigned i = 0; i < MODEL_LEAVES; i++)
            place[i] = (uint8_t)i;
    if (lane->tree.size <= MODEL_WALK) lane->ways.count = 0;
    for (unsigned i = 0; i <= lane->tree.size; i++)
        make_code(&lane->code[place[i]], &lane->leaf[i]);
    for (int class = 0; class < MODEL_CLASSES; class ++) {
        lane->uses[class] = 0;
        for (int i = 0; i < MODEL_MEANS; i++)
            if (lane->mean[class][i]) lane->uses[class] |= 1u << i;
    }
}

/* ---- the table ---- */

void delta_model_save(const struct delta_model *model, struct buffer *out) {
    buffer_u32(out, model->schema_hash);
    buffer_u8(out, (uint8_t)model->base_ms);
    buffer_u8(out, (uint8_t)(model->base_ms >> 8));
    for (int i = 0; i < 3; i++) {
        buffer_u8(out, (uint8_t)model->older_ms[i]);
        buffer_u8(out, (uint8_t)(model->older_ms[i] >> 8));
    }
    buffer_u8(out, model->adapts);
    buffer_u8(out, model->lane_count);
    for (unsigned i = 0; i < model->lane_count; i++)
        put_lane(out, &model->lane[i]);
    for (int i = 0; i < MODEL_FLAGS; i++) {
        put_tree(out, &model->flag[i].tree);
        for (unsigned j = 0; j <= model->flag[i].tree.size; j++)
            buffer_u8(out, chance_index(model->flag[i].leaf[j].step[0]));
    }
}

int delta_model_load(struct delta_model *model, const struct delta_schema *schema,
                     struct bytes table) {
    struct reader in = reader_of(table);
    memset(model, 0, sizeof *model);
    model->schema_hash = reader_u32(&in);
    model->base_ms = reader_u16(&in);
    for (int i = 0; i < 3; i++)
        model->older_ms[i] = reader_u16(&in);
    model->adapts = reader_u8(&in);
    model->lane_count = reader_u8(&in);
    if (in.failed) return SS_ERR_MALFORMED;
    if (model->schema_hash != delta_schema_hash(schema) || model->lane_count != schema->lane_count)
        return SS_ERR_UNSUPPORTED;
    for (unsigned i = 0; i < model->lane_count && !in.failed; i++)
        get_lane(&in, &model->lane[i]);
    for (int i = 0; i < MODEL_FLAGS && !in.failed; i++) {
        get_tree(&in, &model->flag[i].tree, MODEL_FLAG_CLUES);
        for (unsigned j = 0; j <= model->flag[i].tree.size; j++)
            model->flag[i].leaf[j].step[0] = chances[reader_u8(&in)];
    }
    if (in.failed || in.left) return SS_ERR_MALFORMED;
    for (unsigned i = 0; i < model->lane_count; i++)
        model_lane_prepare(&model->lane[i]);
    for (int i = 0; i < MODEL_FLAGS; i++)
        model_lane_prepare(&model->flag[i]);
    return SS_OK;
}
