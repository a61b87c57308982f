/* SPDX-License-Identifier: Apache-2.0 */
/* synthetic.h - a small made-up match for the tests: walkers that turn and jump, bodies that spin,
 * cells that come and go, and states that no game would send. */
#ifndef DELTA_SYNTHETIC_H
#define DELTA_SYNTHETIC_H

#include <math.h>

#include "base/random.h"
#include "delta/trace.h"

#define SYNTHETIC_IDS 40

struct synthetic_cell {
    float position[3], velocity[3], yaw, spin;
    bool live;
};

static inline void synthetic_state(const struct synthetic_cell *cell, unsigned id,
                                   uint32_t rotation, struct random *random, bool odd,
                                   uint8_t state[TRACE_STATE]) {
    float values[10] = {0};
    memcpy(values, cell->position, 12);
    memcpy(values + 3, cell->velocity, 12);
    if (rotation == 1) {
        values[6] = cell->yaw;
        values[7] = 20 * sinf(cell->yaw / 50);
    } else {
        values[8] = sinf(cell->yaw / 100);
        values[9] = cosf(cell->yaw / 100);
    }
    for (int i = 0; odd && i < 6; i++) /* any bits at all */
        if (random_below(random, 8) == 0) {
            uint32_t bits = (uint32_t)random_next(random);
            memcpy(&values[i], &bits, 4);
        }
    memset(state, 0, TRACE_STATE);
    state[0] = (uint8_t)(id % 3 == 0);
    memcpy(state + 2, values, 40);
    for (int i = 0; i < 8; i++)
        state[42 + i] = (uint8_t)(random_below(random, 10) == 0 ? random_next(random) : id);
}

static inline void synthetic_move(struct synthetic_cell *cell, struct random *random, float dt) {
    cell->live = random_below(random, 50) ? cell->live : !cell->live;
    cell->yaw += cell->spin * dt;
    if (random_below(random, 10) == 0) cell->spin = (float)random_unit(random) * 200 - 100;
    cell->velocity[0] = 5 * cosf(cell->yaw / 57.3f);
    cell->velocity[1] = 5 * sinf(cell->yaw / 57.3f);
    for (int i = 0; i < 3; i++)
        cell->position[i] += cell->velocity[i] * dt;
}

/* `odd`: now and then a number is any 32 bits. trace_free when done. */
static inline int synthetic_trace(struct trace *trace, const struct memory *memory,
                                  uint32_t rotation, bool velocity, unsigned ticks, bool odd) {
    struct trace like = {.id_count = SYNTHETIC_IDS,
                         .tick_us = 20000,
                         .rotation = rotation,
                         .has_velocity = velocity,
                         .quantum = 0.00390625f};
    struct random random = {ticks};
    struct synthetic_cell cells[SYNTHETIC_IDS] = {0};
    trace_begin(trace, memory, &like);
    uint32_t ms = 1000;
    for (unsigned tick = 0; tick < ticks; tick++) {
        uint32_t count = 0, dt = 15 + (uint32_t)random_below(&random, 10);
        ms += tick % 40 == 39 ? 500 : dt; /* with gaps */
        for (unsigned id = 0; id < SYNTHETIC_IDS; id++) {
            if (tick == 0)
                cells[id] = (struct synthetic_cell){{(float)id, 3, 1}, {0}, 0, 30, id % 2};
            synthetic_move(&cells[id], &random, (float)dt / 1000);
            count += cells[id].live;
        }
        trace_add_tick(trace, ms, count);
        for (unsigned id = 0; id < SYNTHETIC_IDS; id++) {
            uint8_t state[TRACE_STATE];
            synthetic_state(&cells[id], id, rotation, &random, odd, state);
            if (cells[id].live) trace_add_record(trace, (uint16_t)id, state);
        }
    }
    int status = trace_end(trace);
    if (status != SS_OK) trace_free(trace);
    return status;
}

#endif
