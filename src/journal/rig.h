/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - for tests: worlds that live a random life, and a journal on a simulated disk that keeps
 * it. */
#ifndef JOURNAL_RIG_H
#define JOURNAL_RIG_H

#include <stdlib.h>

#include "base/random.h"
#include "journal/fault_vfs.h"
#include "journal/journal.h"
#include "world/conflict.h"
#include "world/fixture.h"
#include "world/idempotency.h"

#define RIG_WORLDS 2

struct rig {
    struct fixture *worlds; /* RIG_WORLDS of them: worlds hold pointers into their fixtures */
    struct random random;
    struct fault_vfs *disk;
    struct journal_config config;
    struct journal *journal;
    struct buffer group;
    char why[512];
};

/* ---- a random life ------------------------------------------------------------------------- */

static inline void rig_world(struct fixture *f, const char *name) {
    fixture_prepare(f);
    f->config.keep_effects = true;
    f->config.name = name;
    f->config.parked_max = 4096; /* what a world forgets by such rules, no effect tells */
    f->config.parked_per_player = 4096;
    assert_int_equal(world_create(&f->world, &memory_heap, &f->config, f->now), SS_OK);
}

static inline uint32_t rig_standing(struct fixture *f, const struct update *update) {
    struct cell_view view;
    bool shared = bytes_equal(update->category, bytes_of("trade"));
    bool there =
        world_get(f->world, shared ? 0 : update->player, update->category, update->key, &view);
    return there && !view.deleted ? view.version : 0;
}

static inline void rig_update(struct random *random, struct fixture *f, bool small) {
    static const char *const names[] = {"pos",    "strict", "keep",    "merge", "trade", "manual",
                                        "server", "ttl",    "session", "other", "trade", "manual"};
    static const char *const states[] = {"{\"gold\":1}", "{\"gold\":2,\"hp\":50}",
                                         "{\"name\":\"x\"}", "{}",
                                         "{\"hp\":7,\"long\":\"text that goes on and on\"}"};
    char key[16], idempotency[16];
    snprintf(key, sizeof key, "k%d", (int)random_below(random, small ? 4 : 40));
    const char *state = random_below(random, 5) ? states[random_below(random, 5)] : NULL;
    struct update update = update_of(1 + random_below(random, small ? 2 : 20),
                                     names[random_below(random, 12)], key, state, 0);
    update.server = random_below(random, 2) != 0;
    update.expected_version = rig_standing(f, &update);
    if (update.expected_version > 1) update.expected_version -= random_below(random, 3) == 0;
    if (random_below(random, 6) == 0) {
        snprintf(idempotency, sizeof idempotency, "i%x", (unsigned)random_next(random));
        update.idempotency_key = bytes_of(idempotency);
    }
    send(f, &update);
    if (random_below(random, 10)) return;
    struct update both[2] = {update_of(1, "keep", "a", "x", 0), update_of(1, "pos", "b", "y", 0)};
    struct outcome outcomes[2];
    both[0].expected_version = rig_standing(f, &both[0]);
    world_batch(f->world, both, 2, (struct bytes){NULL, 0}, f->now, outcomes);
}

static inline void rig_decide(struct random *random, struct fixture *f) {
    struct parked_view views[8];
    size_t total;
    size_t count = world_conflicts(f->world, 1, true, (struct bytes){NULL, 0}, 0, views, 8, &total);
    if (count == 0) return;
    const struct parked_view *view = &views[random_below(random, count)];
    uint8_t id[CONFLICT_ID_SIZE];
    memcpy(id, view->conflict.id, sizeof id);
    resolve(f, id, random_below(random, 2) ? STRATEGY_LAST_WRITE_WINS : STRATEGY_MANUAL,
            "{\"gold\":9}", 1, true);
}

static inline void rig_turn(struct random *random, struct fixture *f, bool small) {
    uint64_t luck = random_below(random, 40);
    f->now += luck == 0 ? 700 * SS_SECOND : luck < 6 ? 15 * SS_SECOND : 20 * SS_MILLISECOND;
    for (uint64_t n = random_below(random, small ? 4 : 12); n > 0; n--)
        rig_update(random, f, small);
    if (random_below(random, 3) == 0) rig_decide(random, f);
    world_tick(f->world, f->now, 1000);
}

/* ---- the journal --------------------------------------------------------------------------- */

static inline int rig_open_journal(struct rig *rig) {
    return journal_open(&rig->journal, &rig->config, rig->why, sizeof rig->why);
}

static inline void rig_open_named(struct rig *rig, const char *vfs, uint64_t seed) {
    *rig = (struct rig){.random = {seed}, .group = buffer_of(&memory_heap)};
    rig->worlds = calloc(RIG_WORLDS, sizeof *rig->worlds);
    assert_non_null(rig->worlds);
    rig_world(&rig->worlds[0], "default");
    rig_world(&rig->worlds[1], "arena");
    assert_int_equal(fault_vfs_create(&rig->disk, &memory_heap, vfs, seed), SS_OK);
    rig->config = journal_config_default();
    rig->config.folder = "/data";
    rig->config.vfs = vfs;
    rig->config.ballast_bytes = 64 << 10;
    rig->config.checkpoint_bytes = UINT64_MAX;
    rig->config.commits_per_step = 1;
    rig->config.cells_per_step = 40;
    rig->config.groups_per_step = 8;
    rig->config.log_pages_max = 50;
}

static inline void rig_open(struct rig *rig, uint64_t seed) {
    rig_open_named(rig, "rig", seed);
}

static inline void rig_close(struct rig *rig) {
    journal_close(rig->journal);
    rig->journal = NULL;
    fault_vfs_destroy(rig->disk);
    buffer_free(&rig->group);
    for (int i = 0; i < RIG_WORLDS; i++)
        fixture_close(&rig->worlds[i]);
    free(rig->worlds);
}

/* Both worlds live for a turn: their effects become a group in rig->group. */
static inline void rig_live(struct rig *rig, bool small) {
    enum durability strongest;
    buffer_clear(&rig->group);
    for (uint32_t i = 0; i < RIG_WORLDS; i++) {
        struct fixture *f = &rig->worlds[i];
        if (journal_last(rig->journal) == 0)
            group_add_name(&rig->group, i, bytes_of(world_name(f->world)));
        rig_turn(&rig->random, f, small);
        struct bytes effects = world_effects(f->world, &strongest);
        if (effects.size) group_add(&rig->group, i, effects);
        world_effects_clear(f->world);
    }
}

static inline int rig_commit(struct rig *rig) {
    int status = journal_commit(rig->journal, buffer_view(&rig->group), EPOCH);
    return status == SS_OK ? journal_tidy(rig->journal) : status;
}

/* ---- the second life ----------------------------------------------------------------------- */

static inline int rig_replay(void *context, struct bytes name, struct bytes effects) {
    struct fixture *worlds = context;
    struct fixture *f = &worlds[bytes_equal(name, bytes_of("arena"))];
    return world_replay_all(f->world, effects);
}

static inline int rig_recover(struct rig *rig, struct fixture *worlds) {
    rig_world(&worlds[0], "default");
    rig_world(&worlds[1], "arena");
    return journal_recover(rig->journal, rig_replay, worlds, rig->why, sizeof rig->why);
}

static inline void rig_forget(struct fixture *worlds) {
    fixture_close(&worlds[0]);
    fixture_close(&worlds[1]);
}

/* ---- what a recovery promises: the newest version of each cell, in the order of the last change,
 * and everything else that is remembered ------------------------------------------------------- */

static inline uint64_t fold_number(uint64_t digest, uint64_t value) {
    return hash_mix(digest ^ value) + digest * 3;
}

static inline uint64_t fold_bytes(uint64_t digest, struct bytes from) {
    return hash_seeded((struct hash_key){1, 2}, digest, from);
}

static inline uint64_t rig_cell(const struct world *world, const struct cell *cell, uint64_t sum) {
    const struct record *record = history_newest(&cell->history);
    const struct clock_entry *entries = clock_entries(&cell->clock);
    sum = fold_bytes(fold_bytes(sum, world->spaces[cell->space].name), cell_key(cell));
    sum = fold_number(fold_number(sum, cell->owner), cell->version);
    sum = fold_number(fold_number(sum, record->seq), (uint64_t)record->time);
    sum = fold_number(fold_number(sum, record->writer), record->tick);
    sum = fold_number(fold_number(sum, record->latency_ms), record->flags);
    for (uint32_t i = 0; i < cell->clock.count; i++)
        sum = fold_number(fold_number(sum, entries[i].node), entries[i].counter);
    return fold_bytes(sum, record_state(record));
}

static inline uint64_t rig_parked(const struct list *head, uint64_t sum) {
    for (const struct list *link = head->next; link != head; link = link->next) {
        const struct parked *parked = LIST_ENTRY(link, struct parked, link);
        sum = fold_bytes(sum, bytes_view(parked->id, sizeof parked->id));
        sum = fold_number(fold_number(sum, parked->number), parked->seq);
        sum = fold_bytes(fold_bytes(sum, parked->base), parked->old);
        sum = fold_bytes(fold_bytes(sum, parked->incoming), parked->resolved);
        sum = fold_bytes(sum, bytes_view(parked->digest, sizeof parked->digest));
        sum = fold_number(fold_number(sum, parked->base_version), parked->old_version);
        sum = fold_number(fold_number(sum, (uint64_t)parked->detected), parked->version);
        sum = fold_number(sum, (uint64_t)parked->has_base | (uint64_t)parked->absent << 1 |
                                   (uint64_t)parked->deletion << 2 |
                                   (uint64_t)parked->decided << 3 | (uint64_t)parked->expired << 4 |
                                   (uint64_t)parked->resolved_absent << 5);
        sum = fold_number(fold_number(sum, (uint64_t)parked->decided_at), parked->strategy);
        sum = fold_number(fold_number(sum, parked->writer), parked->owner);
    }
    return sum;
}

static inline uint64_t rig_promise(const struct world *world) {
    uint64_t sum = fold_number(1, world->seq), floors = 0;
    const struct list *order = &world->keys->order;
    for (const struct cell *cell = cell_first_changed(world); cell;
         cell = cell_next_changed(world, cell))
        sum = rig_cell(world, cell, sum);
    sum = rig_parked(&world->conflicts->decided, rig_parked(&world->conflicts->open, sum));
    for (const struct list *link = order->next; link != order; link = link->next) {
        const struct remembered *key = LIST_ENTRY(link, struct remembered, all);
        sum = fold_bytes(fold_bytes(sum, key->key), key->answers);
        sum = fold_number(fold_number(sum, key->player), (uint64_t)key->time);
    }
    for (size_t i = 0; i < world->space_count; i++) {
        const struct space *space = &world->spaces[i];
        if (space->floor || space->reserved)
            floors +=
                fold_number(fold_number(fold_bytes(7, space->name), space->floor), space->reserved);
    }
    return fold_number(sum, floors);
}

static inline uint64_t rig_promises(const struct fixture *worlds) {
    return rig_promise(worlds[0].world) * 3 + rig_promise(worlds[1].world);
}

#endif
