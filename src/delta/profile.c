/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c - field tables. Order is coding order: what explains comes before what is explained. */
#include "delta/profile.h"

#include <assert.h>
#include <string.h>

enum { KIND = 0, POSITION = 2, VELOCITY = 14, ROTATION = 26, DISCRETE = 42 };

#define BYTE(name, at)                                                                             \
    { name, DELTA_BYTE, DELTA_PLAIN, 1, at, 0, 0, 0 }
#define KIND_AND_DISCRETE                                                                          \
    BYTE("kind", KIND), BYTE("d0", DISCRETE), BYTE("d1", DISCRETE + 1), BYTE("d2", DISCRETE + 2),  \
        BYTE("d3", DISCRETE + 3), BYTE("d4", DISCRETE + 4), BYTE("d5", DISCRETE + 5),              \
        BYTE("d6", DISCRETE + 6), BYTE("d7", DISCRETE + 7)
#define ANGLES                                                                                     \
    {"yaw", DELTA_ANGLE, DELTA_YAW, 1, ROTATION, 0, 0, 0}, {                                       \
        "pitch", DELTA_ANGLE, DELTA_PITCH, 1, ROTATION + 4, 0, 0, 0                                \
    }
#define STEPS(name, role, at, steps)                                                               \
    { name, DELTA_STEPS, role, 3, at, 0, steps, 1 }
#define EXACT(name, role, count, at, over, under)                                                  \
    { name, DELTA_FLOAT, role, count, at, 0, over, under }
#define EXACT_ROTATION                                                                             \
    EXACT("yaw", DELTA_YAW, 1, ROTATION, 65536, 360),                                              \
        EXACT("pitch", DELTA_PITCH, 1, ROTATION + 4, 65536, 360),                                  \
        EXACT("roll", DELTA_PLAIN, 1, ROTATION + 8, 65536, 360),                                   \
        EXACT("rest", DELTA_PLAIN, 1, ROTATION + 12, 65536, 360)

static const struct delta_field players[] = {KIND_AND_DISCRETE, ANGLES,
                                             STEPS("position", DELTA_POSITION, POSITION, 256)};
static const struct delta_field arena[] = {KIND_AND_DISCRETE, ANGLES,
                                           STEPS("velocity", DELTA_VELOCITY, VELOCITY, 32),
                                           STEPS("position", DELTA_POSITION, POSITION, 256)};
static const struct delta_field cubes[] = {
    BYTE("kind", KIND),
    BYTE("interacting", DISCRETE),
    STEPS("position", DELTA_POSITION, POSITION, 512),
    {"rotation", DELTA_QUATERNION, DELTA_ROTATION, 1, ROTATION, 512, 0, 0}};
static const struct delta_field asteroids[] = {
    BYTE("kind", KIND),
    STEPS("position", DELTA_POSITION, POSITION, 100),
    {"rotation", DELTA_QUATERNION, DELTA_ROTATION, 1, ROTATION, 1414, 0, 0}};
static const struct delta_field exact[] = {KIND_AND_DISCRETE, EXACT_ROTATION,
                                           EXACT("position", DELTA_POSITION, 3, POSITION, 256, 1),
                                           EXACT("velocity", DELTA_VELOCITY, 3, VELOCITY, 32, 1)};
static const struct delta_field exact_arena[] = {
    KIND_AND_DISCRETE, EXACT_ROTATION, EXACT("velocity", DELTA_VELOCITY, 3, VELOCITY, 32, 1),
    EXACT("position", DELTA_POSITION, 3, POSITION, 256, 1)};

#define FIELDS(table) table, sizeof table / sizeof *table

static const struct {
    const char *name;
    const struct delta_field *fields;
    size_t count;
    bool walks; /* kind 1 walks */
    uint16_t acked_ms[3], stream_ms[3];
} profiles[PROFILE_COUNT] = {
    [PROFILE_PLAYERS] = {"players", FIELDS(players), true, {30, 90, 0}, {1, 30, 90}},
    [PROFILE_ARENA] = {"arena", FIELDS(arena), true, {16, 80, 0}, {1, 30, 90}},
    [PROFILE_CUBES] = {"cubes", FIELDS(cubes), false, {33, 100, 0}, {1, 60, 0}},
    [PROFILE_ASTEROIDS] = {"asteroids", FIELDS(asteroids), false, {100, 300, 0}, {60, 150, 400}},
    [PROFILE_EXACT] = {"exact", FIELDS(exact), true, {30, 90, 0}, {1, 30, 90}},
    [PROFILE_EXACT_ARENA] = {"exact-arena", FIELDS(exact_arena), true, {16, 80, 0}, {1, 30, 90}},
};

enum delta_profile profile_of(const struct trace *trace, bool exact_floats) {
    if (exact_floats) return trace->has_velocity ? PROFILE_EXACT_ARENA : PROFILE_EXACT;
    if (trace->rotation == 1) return trace->has_velocity ? PROFILE_ARENA : PROFILE_PLAYERS;
    return trace->quantum < 0.005f ? PROFILE_CUBES : PROFILE_ASTEROIDS;
}

void profile_schema(enum delta_profile profile, struct delta_schema *schema) {
    int status = delta_schema_init(schema, profiles[profile].name, profiles[profile].fields,
                                   profiles[profile].count, TRACE_STATE);
    assert(status == SS_OK);
    (void)status;
    schema->kind_lane = 0;
    if (profile == PROFILE_CUBES) schema->flag_lane = 1;
    schema->walker = profiles[profile].walks ? 1 : 0;
}

void profile_retention(enum delta_profile profile, enum delta_mode mode,
                       struct delta_model *model) {
    memset(model, 0, sizeof *model);
    bool acked = mode == DELTA_ACKED;
    model->base_ms = acked ? 100 : 0;
    memcpy(model->older_ms, acked ? profiles[profile].acked_ms : profiles[profile].stream_ms,
           sizeof model->older_ms);
    model->adapts = !acked;
}
