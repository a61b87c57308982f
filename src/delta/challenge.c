/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.c - see challenge.h. */
#include "delta/challenge.h"

#include "delta/profile.h"
#include "delta/quantum.h"

#define TICK_US 16667 /* the frames are 1/60 s apart */

enum { KIND_PLAYER = 1, KIND_BODY = 2 };

/* Where a cube's eight numbers go, as lanes of PROFILE_CUBES. */
static const struct {
    uint8_t lane;
    int32_t least, most;
} numbers[8] = {
    {5, 0, 3},
    {6, 0, 511},
    {7, 0, 511},
    {8, 0, 511},
    {2, -4194304, 4194304},
    {3, -4194304, 4194304},
    {4, -4194304, 4194304},
    {1, 0, 1},
};

static bool get_cube(const struct delta_schema *schema, struct reader *in, uint8_t *row) {
    bool valid = true;
    for (int i = 0; i < 8; i++) {
        int32_t value = (int32_t)reader_u32(in);
        valid = valid && value >= numbers[i].least && value <= numbers[i].most;
        delta_row_set(&schema->lanes[numbers[i].lane], row, value);
    }
    return valid;
}

bool challenge_is(struct bytes from) {
    struct delta_schema schema;
    uint8_t row[DELTA_ROW_MAX];
    struct reader in = reader_of(from);
    profile_schema(PROFILE_CUBES, &schema);
    return from.size > 0 && from.size % CHALLENGE_FRAME == 0 && get_cube(&schema, &in, row);
}

static bool put_frame(struct trace *trace, const struct delta_schema *schema, struct reader *in,
                      uint32_t frame) {
    bool valid = true;
    trace_add_tick(trace, (uint32_t)((uint64_t)frame * TICK_US / 1000), CHALLENGE_CUBES);
    for (uint16_t id = 0; id < CHALLENGE_CUBES && valid; id++) {
        uint8_t row[DELTA_ROW_MAX] = {0}, state[TRACE_STATE] = {0};
        valid = get_cube(schema, in, row);
        delta_row_set(&schema->lanes[0], row, id == 0 ? KIND_PLAYER : KIND_BODY);
        delta_dequantize(schema, row, state);
        trace_add_record(trace, id, state);
    }
    return valid;
}

int challenge_parse(struct trace *trace, const struct memory *memory, struct bytes from,
                    size_t size_max) {
    struct trace like = {.id_count = CHALLENGE_CUBES, .tick_us = TICK_US, .quantum = 1.0f / 512};
    struct delta_schema schema;
    struct reader in = reader_of(from);
    size_t frames = from.size / CHALLENGE_FRAME;
    bool valid = from.size % CHALLENGE_FRAME == 0;
    if (frames > size_max / (8 + CHALLENGE_CUBES * TRACE_RECORD)) return SS_ERR_TOO_LARGE;
    profile_schema(PROFILE_CUBES, &schema);
    trace_begin(trace, memory, &like);
    for (uint32_t i = 0; i < frames && valid; i++)
        valid = put_frame(trace, &schema, &in, i);
    int status = valid ? trace_end(trace) : SS_ERR_MALFORMED;
    if (status != SS_OK) trace_free(trace);
    return status;
}
