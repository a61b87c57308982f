/* SPDX-License-Identifier: Apache-2.0 */
/* train.c - lane by lane in coding order, because later lanes look at how far off earlier guesses
 * were. For each lane the traces are walked twice: for the predictor (fit.h), and once it stands,
 * for the tree of chances (grow.h). */
#include "delta/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "delta/course.h"
#include "delta/fit.h"
#include "delta/grow.h"

#define SPLIT_BITS      80.0 /* what a split of a lane's tree must save */
#define FLAG_SPLIT_BITS 40.0
#define BYTE_LEAVES     40
#define QUICK_LEAVES    40
#define QUESTION_BITS   0.001 /* what a further question (ways.h) must save, per sample */
#define QUICK_BITS      0.005
#define FLAG_LEAVES     24
#define VALUE_BITS      0.01 /* what asking for a raw value must save more, per sample */

static struct sample *room(struct set *set) {
    set->seen++;
    if (set->count < set->capacity) return &set->samples[set->count++];
    set->random = set->random * 6364136223846793005u + 1442695040888963407u;
    uint64_t at = (set->random >> 20) % set->seen;
    return at < set->capacity ? &set->samples[at] : NULL;
}

static void on_lane(void *context, const struct predictor *p, unsigned lane, int64_t number,
                    int64_t wanted, bool mirrored) {
    struct set *set = context;
    struct sample *s = lane == set->target ? room(set) : NULL;
    if (s == NULL) return;
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
    unsigned digits = bits > 2    ? 4 | (unsigned)(size >> (bits - 3) & 3)
                      : bits == 2 ? 2 | (unsigned)(size & 1)
                                  : 0;
    s->digits = (uint8_t)digits;
}

static void on_flag(void *context, unsigned flag, const int16_t *clues, unsigned bit) {
    struct set *set = context;
    struct sample *s = flag + DELTA_LANES_MAX == set->target ? room(set) : NULL;
    if (s == NULL) return;
    memset(s, 0, sizeof *s);
    memcpy(s->clue, clues, MODEL_FLAG_CLUES * sizeof *clues);
    s->size = (uint8_t)bit;
}

static void on_lattice(void *context, unsigned lane, unsigned base, unsigned bit) {
    struct set *set = context;
    if (lane == set->target) set->lattice[base][bit]++;
}

/* What is learned from. */
struct lesson {
    const struct course_source *source;
    const struct trace *traces;
    size_t count;
    const struct memory *memory;
};

static int observe(struct set *set, const struct lesson *lesson, struct delta_model *model) {
    const struct delta_schema *schema = lesson->source->schema;
    struct delta_observer observer = {on_lane, on_flag, on_lattice, set, set->target};
    set->count = set->seen = 0;
    set->random = 1;
    memset(set->lattice, 0, sizeof set->lattice);
    for (size_t i = 0; i < lesson->count; i++) {
        const struct trace *trace = &lesson->traces[i];
        struct course course;
        if (course_init(&course, lesson->memory, schema, trace->id_count) != SS_OK)
            return SS_ERR_NOMEM;
        struct trace_tick tick;
        struct course_past past;
        struct delta_times times;
        struct delta_chunk chunk = {schema, model, &times, {0}, DELTA_CHUNK_CELLS};
        for (size_t offset = 0; trace_next(trace, &offset, &tick);) {
            if (course_feed_from(&course, lesson->source, &tick) != SS_OK) {
                course_free(&course);
                return SS_ERR_INVALID;
            }
            course_hold(&course, course.tick - 1);
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

static int train_lane(struct set *set, const struct lesson *lesson, struct delta_model *model,
                      struct grow *grow) {
    unsigned lane = set->target;
    int status = SS_OK;
    if (lesson->source->schema->lanes[lane].width > 1) { /* bytes are guessed to stay */
        status = observe(set, lesson, model);
        for (int class = 0; class < MODEL_CLASSES && status == SS_OK; class ++)
            fit_class(set, &model->lane[lane], class);
        model_lane_prepare(&model->lane[lane]);
    }
    if (status == SS_OK) status = observe(set, lesson, model);
    if (status != SS_OK) return status;
    grow_tree(grow, set, &model->lane[lane]);
    grow_leaves(grow, set, &model->lane[lane]);
    model_lane_prepare(&model->lane[lane]);
    return SS_OK;
}

static int train_flag(struct set *set, const struct lesson *lesson, struct delta_model *model,
                      struct grow *grow) {
    int status = observe(set, lesson, model);
    if (status != SS_OK) return status;
    struct model_lane *lane = &model->flag[set->target - DELTA_LANES_MAX];
    grow_tree(grow, set, lane);
    grow_flag(set, lane);
    model_lane_prepare(lane);
    return SS_OK;
}

static int train_all(struct set *set, const struct lesson *lesson, struct delta_model *model,
                     struct grow *grow) {
    const struct delta_schema *schema = lesson->source->schema;
    int status = SS_OK;
    for (unsigned i = 0; i < schema->lane_count && status == SS_OK; i++) {
        set->target = i;
        set->leaves_max = schema->lanes[i].kind == DELTA_BYTE ? BYTE_LEAVES
                          : set->quick                        ? QUICK_LEAVES
                                                              : MODEL_LEAVES;
        set->question_bits = set->quick ? QUICK_BITS : QUESTION_BITS;
        set->split_bits = SPLIT_BITS;
        set->value_bits = schema->lanes[i].kind == DELTA_QUATERNION ? 0 : VALUE_BITS;
        status = train_lane(set, lesson, model, grow);
    }
    for (unsigned i = 0; i < MODEL_FLAGS && status == SS_OK; i++) {
        set->target = DELTA_LANES_MAX + i;
        set->leaves_max = FLAG_LEAVES;
        set->split_bits = FLAG_SPLIT_BITS;
        set->value_bits = 0;
        status = train_flag(set, lesson, model, grow);
    }
    return status;
}

int delta_train(struct delta_model *model, const struct course_source *source,
                const struct trace *traces, size_t count, bool quick,
                const struct memory *memory) {
    struct lesson lesson = {source, traces, count, memory};
    struct set set = {.capacity = SAMPLES_MAX, .quick = quick};
    bool adapts = model->adapts;
    model->adapts = 0;
    model->schema_hash = delta_schema_hash(source->schema);
    model->lane_count = source->schema->lane_count;
    set.samples = memory_zeroed(memory, SAMPLES_MAX, sizeof *set.samples);
    struct grow *grow = memory_zeroed(memory, 1, sizeof *grow);
    int status = set.samples && grow ? train_all(&set, &lesson, model, grow) : SS_ERR_NOMEM;
    model->adapts = adapts;
    memory_free(memory, set.samples, SAMPLES_MAX * sizeof *set.samples);
    memory_free(memory, grow, sizeof *grow);
    return status;
}
