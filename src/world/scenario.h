/* SPDX-License-Identifier: Apache-2.0 */
/* scenario.h - for tests: random operations of every kind on a world, drawn from one seed. */
#ifndef WORLD_SCENARIO_H
#define WORLD_SCENARIO_H

#include "base/random.h"
#include "world/fixture.h"

#define IDS_MAX 64

struct scenario {
    struct fixture *fixture;
    struct random random;
    uint8_t ids[IDS_MAX][CONFLICT_ID_SIZE];
    size_t id_count;
    uint32_t kinds; /* bits: which categories are used */
    char key[16], state[64], once[16];
    struct context_entry entry;
};

static inline uint32_t scenario_draw(struct scenario *s, uint32_t below) {
    return (uint32_t)random_below(&s->random, below);
}

static inline int scenario_kind(struct scenario *s) {
    for (;;) {
        int kind = (int)scenario_draw(s, KIND_COUNT);
        if (s->kinds >> kind & 1) return kind;
    }
}

static inline void scenario_state(struct scenario *s) {
    snprintf(s->state, sizeof s->state, "{\"hp\":%u,\"gold\":%u,\"name\":%u,\"x\":%u}",
             scenario_draw(s, 104), scenario_draw(s, 50), scenario_draw(s, 8) / 7,
             scenario_draw(s, 1000));
}

static inline struct update scenario_update(struct scenario *s) {
    struct fixture *f = s->fixture;
    uint64_t player = 1 + scenario_draw(s, 3);
    int kind = scenario_kind(s);
    snprintf(s->key, sizeof s->key, "k%u", scenario_draw(s, 4));
    scenario_state(s);
    struct update update = update_of(player, f->categories[kind].name, s->key, s->state, 0);
    update.delete = scenario_draw(s, 8) == 0;
    update.server = scenario_draw(s, 4) == 0;
    update.must_not_exist = scenario_draw(s, 16) == 0;
    update.latency_ms = scenario_draw(s, 300);
    struct cell_view view;
    uint64_t owner = kind == KIND_TRADE ? 0 : player;
    if (world_get(f->world, owner, update.category, update.key, &view) && scenario_draw(s, 3)) {
        uint32_t back = scenario_draw(s, 3);
        if (!view.deleted)
            update.expected_version = view.version - (back < view.version ? back : 0);
        s->entry = (struct context_entry){scenario_draw(s, 8) ? 0xabc : 0xdef, view.version};
        update.context = (struct context){&s->entry, 1, false, scenario_draw(s, 2)};
    }
    return update;
}

static inline void scenario_note(struct scenario *s, const struct outcome *outcome) {
    if (!outcome->conflict.parked) return;
    size_t at = s->id_count < IDS_MAX ? s->id_count++ : scenario_draw(s, IDS_MAX);
    memcpy(s->ids[at], outcome->conflict.id, CONFLICT_ID_SIZE);
}

static inline void scenario_one(struct scenario *s) {
    struct fixture *f = s->fixture;
    struct update update = scenario_update(s);
    if (scenario_draw(s, 4) == 0) {
        snprintf(s->once, sizeof s->once, "o%u", scenario_draw(s, 100));
        update.idempotency_key = bytes_of(s->once);
    }
    world_update(f->world, &update, f->now, &f->out);
    scenario_note(s, &f->out);
}

static inline void scenario_batch(struct scenario *s) {
    static struct scenario parts[4];
    struct update updates[4];
    struct outcome outs[4];
    size_t count = 1 + scenario_draw(s, 4);
    for (size_t i = 0; i < count; i++) {
        parts[i] = *s;
        parts[i].random.state = random_next(&s->random);
        updates[i] = scenario_update(&parts[i]);
        updates[i].player = 1;
        if (i & 1) updates[i].expected_version = 0;
    }
    snprintf(s->once, sizeof s->once, "b%u", scenario_draw(s, 40));
    world_batch(s->fixture->world, updates, count, bytes_of(scenario_draw(s, 2) ? s->once : ""),
                s->fixture->now, outs);
}

static inline void scenario_resolve(struct scenario *s) {
    if (s->id_count == 0) return;
    scenario_state(s);
    resolve(s->fixture, s->ids[scenario_draw(s, (uint32_t)s->id_count)],
            (enum strategy)(1 + scenario_draw(s, 4)), s->state, 1 + scenario_draw(s, 3),
            scenario_draw(s, 2));
}

static inline void scenario_verdict(struct scenario *s) {
    struct proposal_view views[1];
    if (world_proposals(s->fixture->world, views, 1) == 0) return;
    world_decide(s->fixture->world, views[0].id, scenario_draw(s, 2), NULL, s->fixture->now,
                 &s->fixture->out);
}

static inline void scenario_step(struct scenario *s) {
    struct fixture *f = s->fixture;
    uint64_t player = 1 + scenario_draw(s, 3);
    f->now += scenario_draw(s, 200) * SS_MILLISECOND;
    switch (scenario_draw(s, 16)) {
    case 0: world_tick(f->world, f->now, scenario_draw(s, 20)); break;
    case 1: scenario_batch(s); break;
    case 2: scenario_resolve(s); break;
    case 3: scenario_verdict(s); break;
    case 4: world_session_open(f->world, player, f->now); break;
    case 5: world_session_close(f->world, player, f->now); break;
    case 6:
        if (scenario_draw(s, 60) == 0) f->now += 700 * SS_SECOND;
        if (scenario_draw(s, 300) == 0) f->now += 86400 * SS_SECOND;
        break;
    default: scenario_one(s); break;
    }
}

#endif
