/* SPDX-License-Identifier: Apache-2.0 */
/* Unique values: cases by hand, memory that fails, and random writes beside a model that compares
 * every cell with every other. usage: test_unique [ROUNDS] (40) */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/effort.h"
#include "base/failing.h"
#include "base/random.h"
#include "base/status.h"
#include "payload/schema.h"
#include "world/unique.h"

enum { NAMED, MERGED, PARKED, PROPOSED, CATEGORIES };
static const char *const names[] = {"named", "merged", "parked", "proposed"};

struct unique_test {
    struct failing failing;
    struct memory memory;
    struct format_rules *rules, *loose; /* loose: nothing is unique */
    struct category categories[CATEGORIES], others[CATEGORIES];
    const struct category *list[CATEGORIES], *other_list[CATEGORIES];
    struct world_config config;
    struct world *world;
    ss_time now;
    struct outcome out;
    uint8_t states[4][64];
};

static unsigned rounds = 40;

/* test.Hero: string name = 1 (unique); int64 id = 2 (unique, SUM); int64 gold = 3. */
static struct format_rules *rules_of(bool unique) {
    static const char *const fields[] = {"name", "id", "gold"};
    struct schema *schema = schema_create(&memory_heap);
    struct format_rules *rules;
    struct reason why;
    uint32_t root, node;
    assert_int_equal(schema_add(schema, SCHEMA_NONE, bytes_of("test.Hero"), 0, &root), SS_OK);
    schema->nodes[root].type = SCHEMA_MESSAGE;
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(schema_add(schema, root, bytes_of(fields[i]), i + 1, &node), SS_OK);
        schema->nodes[node].type = i ? SCHEMA_INT64 : SCHEMA_STRING;
        schema->nodes[node].unique = unique && i < 2;
        schema->nodes[node].policy = i == 1 ? MERGE_SUM : MERGE_LWW;
    }
    schema_settle(schema);
    assert_int_equal(format_rules_create_typed(&rules, &memory_heap, schema, NULL, 0, &why), SS_OK);
    schema_destroy(schema);
    return rules;
}

static void categories_fill(struct category *categories, const struct category **list,
                            const struct format_rules *rules) {
    for (int i = 0; i < CATEGORIES; i++) {
        categories[i] = category_default(names[i]);
        categories[i].format = &format_protobuf;
        categories[i].rules = rules;
        categories[i].unique = format_rules_unique(rules);
        categories[i].history_versions = 4;
        list[i] = &categories[i];
    }
    categories[NAMED].ttl = 60 * SS_SECOND;
    categories[MERGED].strategy = STRATEGY_MERGE;
    categories[PARKED].strategy = STRATEGY_MANUAL;
    categories[PROPOSED].write = ACCESS_PROPOSE;
}

static struct world *world_under(struct unique_test *test, const struct category *const *list) {
    struct world *world = NULL;
    struct world_config config = test->config;
    config.categories = list;
    if (world_create(&world, &test->memory, &config, test->now) != SS_OK) return NULL;
    if (world_recovered(world) == SS_OK) return world;
    world_destroy(world);
    return NULL;
}

static void prepare(struct unique_test *test) {
    *test = (struct unique_test){.now = 1000 * SS_SECOND};
    test->memory = failing_memory(&test->failing);
    test->rules = rules_of(true);
    test->loose = rules_of(false);
    categories_fill(test->categories, test->list, test->rules);
    categories_fill(test->others, test->other_list, test->loose);
    test->config = world_config_default();
    test->config.key = (struct hash_key){3, 4};
    test->config.category_count = CATEGORIES;
    test->config.keep_effects = true;
}

static void finish(struct unique_test *test) {
    world_destroy(test->world);
    assert_int_equal(test->failing.live, 0);
    format_rules_destroy(test->rules);
    format_rules_destroy(test->loose);
}

static int setup(void **state) {
    static struct unique_test test;
    prepare(&test);
    test.world = world_under(&test, test.list);
    assert_non_null(test.world);
    *state = &test;
    return 0;
}

static int teardown(void **state) {
    finish(*state);
    return 0;
}

/* ---- speaking to it ------------------------------------------------------------------------ */

static struct bytes hero(uint8_t room[64], const char *name, uint8_t id, uint8_t gold) {
    struct writer writer = writer_of(room, 64);
    size_t size = strlen(name);
    if (size) {
        writer_u8(&writer, 1 << 3 | 2);
        writer_u8(&writer, (uint8_t)size);
        writer_bytes(&writer, bytes_of(name));
    }
    const uint8_t numbers[] = {2 << 3, id, 3 << 3, gold};
    writer_bytes(&writer, bytes_view(numbers, sizeof numbers));
    return bytes_view(room, writer.size);
}

static struct update update_of(struct unique_test *test, int slot, int category, uint64_t player,
                               const char *key, const char *name, uint8_t id) {
    struct update update = {
        .player = player, .category = bytes_of(names[category]), .key = bytes_of(key)};
    update.delete = name == NULL;
    if (name) update.state = hero(test->states[slot], name, id, 7);
    return update;
}

static enum result send(struct unique_test *test, const struct update *update) {
    world_update(test->world, update, test->now += SS_MILLISECOND, &test->out);
    return test->out.result;
}

/* `name` NULL deletes. */
static enum result put(struct unique_test *test, int category, uint64_t player, const char *key,
                       const char *name, uint8_t id) {
    struct update update = update_of(test, 0, category, player, key, name, id);
    return send(test, &update);
}

static void assert_taken(const struct outcome *outcome, const char *text) {
    assert_int_equal(outcome->result, RESULT_CONFLICT);
    assert_int_equal(outcome->conflict.type, CONFLICT_DATA_INCONSISTENCY);
    assert_string_equal(outcome->conflict.reason, text);
}

/* Every claim of a live cell is in the index once, and nothing else. */
static void assert_index(const struct world *world) {
    size_t count = 0;
    for (const struct cell *cell = cell_first_changed(world); cell;
         cell = cell_next_changed(world, cell))
        count += claims_of_cell(world, cell).count;
    assert_int_equal(world->claims.count, count);
    const struct category *policies[CATEGORIES];
    struct table table = table_of(&memory_heap);
    for (int i = 0; i < CATEGORIES; i++)
        policies[i] = world->spaces[i].policy;
    struct reason why;
    assert_int_equal(unique_index(world, policies, &table, &why), SS_OK);
    assert_int_equal(table.count, count);
    for (size_t i = 0; i < table.capacity; i++) {
        bool found = table.slots[i].handle == TABLE_NONE;
        for (size_t j = 0; j < world->claims.capacity; j++)
            found |= memcmp(&table.slots[i], &world->claims.slots[j], sizeof *table.slots) == 0;
        assert_true(found);
    }
    table_free(&table);
}

static void play(struct unique_test *test, struct world *copy) {
    enum durability strongest;
    struct bytes effects = world_effects(test->world, &strongest);
    while (effects.size > 0) {
        ptrdiff_t size = world_replay(copy, effects);
        assert_true(size > 0);
        effects = bytes_view(effects.data + size, effects.size - (size_t)size);
    }
    world_effects_clear(test->world);
}

/* ---- by hand ------------------------------------------------------------------------------- */

static void test_once_in_a_category(void **state) {
    struct unique_test *test = *state;
    assert_int_equal(put(test, NAMED, 7, "a", "ann", 1), RESULT_SUCCESS);
    assert_int_equal(put(test, NAMED, 7, "a", "ann", 1), RESULT_SUCCESS); /* it is its own */
    assert_int_equal(put(test, NAMED, 7, "b", "ann", 2), RESULT_CONFLICT);
    assert_taken(&test->out, "/name is unique, and another cell has this value: player 7, key a");
    assert_true(test->out.absent);
    assert_int_equal(put(test, NAMED, 8, "a", "bob", 1), RESULT_CONFLICT);
    assert_taken(&test->out, "/id is unique, and another cell has this value"); /* 8 may not read */
    assert_int_equal(put(test, MERGED, 8, "a", "ann", 1), RESULT_SUCCESS); /* another category */
    assert_int_equal(put(test, NAMED, 7, "a", "amy", 1), RESULT_SUCCESS);
    assert_int_equal(put(test, NAMED, 8, "a", "ann", 2), RESULT_SUCCESS); /* it was free again */
    assert_int_equal(put(test, NAMED, 8, "a", NULL, 0), RESULT_SUCCESS);
    assert_int_equal(put(test, NAMED, 7, "b", "ann", 2), RESULT_SUCCESS);
    assert_index(test->world);
}

static void test_absent_does_not_count(void **state) {
    struct unique_test *test = *state;
    assert_int_equal(put(test, NAMED, 7, "a", "", 0), RESULT_SUCCESS);
    assert_int_equal(put(test, NAMED, 7, "b", "", 0), RESULT_SUCCESS);
    assert_int_equal(test->world->claims.count, 0);
}

static void test_servers_are_told_whose(void **state) {
    struct unique_test *test = *state;
    put(test, NAMED, 7, "a", "ann", 1);
    struct update update = update_of(test, 0, NAMED, 8, "a", "ann", 2);
    update.server = true;
    send(test, &update);
    assert_taken(&test->out, "/name is unique, and another cell has this value: player 7, key a");
}

static void test_expiry_frees(void **state) {
    struct unique_test *test = *state;
    put(test, NAMED, 7, "a", "ann", 1);
    world_tick(test->world, test->now += 61 * SS_SECOND, 10);
    assert_int_equal(test->world->claims.count, 0);
    assert_int_equal(put(test, NAMED, 8, "a", "ann", 1), RESULT_SUCCESS);
}

/* Nobody sent 4, and yet it would stand twice. */
static void test_merge_result(void **state) {
    struct unique_test *test = *state;
    put(test, MERGED, 8, "x", "other", 4);
    put(test, MERGED, 7, "a", "ann", 1);
    struct update update = update_of(test, 0, MERGED, 7, "a", "ann", 3);
    update.expected_version = 1;
    assert_int_equal(send(test, &update), RESULT_SUCCESS);
    update = update_of(test, 0, MERGED, 7, "a", "ann", 2);
    update.expected_version = 1;
    assert_int_equal(send(test, &update), RESULT_CONFLICT);
    assert_taken(&test->out, "/id is unique, and another cell has this value");
    struct update away = update_of(test, 0, MERGED, 8, "x", NULL, 0);
    away.expected_version = 1;
    assert_int_equal(send(test, &away), RESULT_SUCCESS);
    assert_int_equal(send(test, &update), RESULT_SUCCESS);
    assert_int_equal(put(test, MERGED, 8, "x", "other", 4), RESULT_CONFLICT);
    assert_index(test->world);
}

static void test_resolve(void **state) {
    struct unique_test *test = *state;
    struct resolution resolution = {.strategy = STRATEGY_LAST_WRITE_WINS, .player = 7};
    struct resolved resolved;
    put(test, PARKED, 7, "a", "ann", 1);
    struct update update = update_of(test, 0, PARKED, 7, "a", "amy", 1);
    update.expected_version = 1;
    send(test, &update);
    update = update_of(test, 0, PARKED, 7, "a", "eve", 1);
    update.expected_version = 1;
    send(test, &update);
    assert_true(test->out.conflict.parked);
    memcpy(resolution.id, test->out.conflict.id, sizeof resolution.id);
    put(test, PARKED, 8, "a", "eve", 2); /* meanwhile */
    world_resolve(test->world, &resolution, test->now, &resolved);
    assert_int_equal(resolved.status, SS_ERR_INVALID);
    assert_string_equal(resolved.message, "/name is unique, and another cell has this value");
    uint8_t room[64];
    resolution.strategy = STRATEGY_MANUAL;
    resolution.custom = hero(room, "eve", 1, 0);
    world_resolve(test->world, &resolution, test->now, &resolved);
    assert_int_equal(resolved.status, SS_ERR_INVALID);
    resolution.custom = hero(room, "ivy", 1, 0);
    world_resolve(test->world, &resolution, test->now, &resolved);
    assert_int_equal(resolved.status, SS_OK);
    assert_index(test->world);
    assert_int_equal(put(test, PARKED, 8, "b", "ivy", 3), RESULT_CONFLICT);
}

/* A proposal claims nothing until the game says yes. */
static void test_proposal(void **state) {
    struct unique_test *test = *state;
    assert_int_equal(put(test, PROPOSED, 7, "a", "ann", 1), RESULT_CONFLICT);
    uint64_t first = test->out.proposal;
    put(test, PROPOSED, 8, "a", "ann", 2);
    uint64_t second = test->out.proposal;
    assert_true(first != 0 && second != 0);
    assert_int_equal(world_decide(test->world, second, true, NULL, test->now, &test->out), SS_OK);
    assert_int_equal(test->out.result, RESULT_SUCCESS);
    assert_int_equal(world_decide(test->world, first, true, NULL, test->now, &test->out), SS_OK);
    assert_taken(&test->out, "/name is unique, and another cell has this value");
    assert_index(test->world);
}

/* ---- batches ------------------------------------------------------------------------------- */

static void run_batch(struct unique_test *test, const struct update *updates, size_t count,
                      struct outcome *outs) {
    world_batch(test->world, updates, count, (struct bytes){NULL, 0}, test->now += SS_MILLISECOND,
                outs);
}

static void test_swap(void **state) {
    struct unique_test *test = *state;
    struct outcome outs[2];
    put(test, NAMED, 7, "a", "ann", 1);
    put(test, NAMED, 7, "b", "bob", 2);
    struct update swap[] = {update_of(test, 0, NAMED, 7, "a", "bob", 2),
                            update_of(test, 1, NAMED, 7, "b", "ann", 1)};
    run_batch(test, swap, 2, outs);
    assert_int_equal(outs[0].result, RESULT_SUCCESS);
    assert_int_equal(outs[1].result, RESULT_SUCCESS);
    assert_index(test->world);
    assert_int_equal(put(test, NAMED, 7, "c", "ann", 3), RESULT_CONFLICT);
    assert_taken(&test->out, "/name is unique, and another cell has this value: player 7, key b");
}

/* Who took it is the culprit, not who goes on having it. */
static void test_culprit(void **state) {
    struct unique_test *test = *state;
    struct outcome outs[2];
    put(test, NAMED, 7, "a", "ann", 1);
    uint64_t before = world_digest(test->world);
    struct update updates[] = {update_of(test, 0, NAMED, 7, "b", "ann", 2),
                               update_of(test, 1, NAMED, 7, "a", "ann", 1)};
    for (int turned = 0; turned < 2; turned++) {
        run_batch(test, updates, 2, outs);
        assert_taken(&outs[turned],
                     "/name is unique, and another cell has this value: player 7, key a");
        assert_true(outs[turned].absent && outs[turned].version == 0);
        assert_int_equal(outs[!turned].result, RESULT_CONFLICT);
        assert_int_equal(outs[!turned].conflict.type, CONFLICT_NONE);
        assert_int_equal(world_digest(test->world), before);
        assert_index(test->world);
        struct update first = updates[0];
        updates[0] = updates[1];
        updates[1] = first;
    }
}

static void test_only_the_end_counts(void **state) {
    struct unique_test *test = *state;
    struct outcome outs[3];
    put(test, NAMED, 7, "a", "ann", 1);
    struct update updates[] = {update_of(test, 0, NAMED, 7, "b", "ann", 2),
                               update_of(test, 1, NAMED, 7, "b", "bea", 2),
                               update_of(test, 2, NAMED, 7, "c", "", 0)};
    run_batch(test, updates, 3, outs);
    for (int i = 0; i < 3; i++)
        assert_int_equal(outs[i].result, RESULT_SUCCESS);
    assert_index(test->world);
}

/* ---- other policies, and the way back ------------------------------------------------------ */

static void test_reform(void **state) {
    struct unique_test *test = *state;
    struct reason why = {""};
    assert_int_equal(world_reconfigure(test->world, test->other_list, CATEGORIES, NULL, &why),
                     SS_OK);
    assert_int_equal(put(test, NAMED, 7, "a", "ann", 1), RESULT_SUCCESS);
    assert_int_equal(put(test, NAMED, 8, "b", "ann", 2), RESULT_SUCCESS);
    assert_int_equal(test->world->claims.count, 0);
    assert_int_equal(world_reconfigure(test->world, test->list, CATEGORIES, NULL, &why),
                     SS_ERR_INVALID);
    assert_string_equal(why.text, "category named: /name is unique, but cells have one value: "
                                  "player 7, key a and player 8, key b");
    assert_int_equal(put(test, NAMED, 9, "c", "ann", 1), RESULT_SUCCESS); /* as before */
    put(test, NAMED, 8, "b", "bob", 2);
    put(test, NAMED, 9, "c", NULL, 0);
    assert_int_equal(world_reconfigure(test->world, test->list, CATEGORIES, NULL, &why), SS_OK);
    assert_index(test->world);
    assert_int_equal(put(test, NAMED, 9, "c", "bob", 3), RESULT_CONFLICT);
}

static void test_replay_is_never_refused(void **state) {
    struct unique_test *test = *state;
    struct reason why = {""};
    struct world *strict = world_under(test, test->list);
    assert_int_equal(world_reconfigure(test->world, test->other_list, CATEGORIES, NULL, &why),
                     SS_OK);
    put(test, NAMED, 7, "a", "ann", 1);
    put(test, NAMED, 8, "b", "ann", 2);
    play(test, strict);
    assert_int_equal(world_digest(strict), world_digest(test->world));
    assert_int_equal(world_check(strict, &why), SS_ERR_INVALID);
    assert_non_null(strstr(why.text, "category named: /name is unique"));
    assert_non_null(strstr(why.text, "player 7, key a"));
    assert_non_null(strstr(why.text, "player 8, key b"));
    put(test, NAMED, 7, "a", NULL, 0);
    play(test, strict);
    assert_int_equal(world_check(strict, &why), SS_OK);
    assert_index(strict);
    world_destroy(strict);
}

static void test_contradiction(void **state) {
    struct unique_test *test = *state;
    struct reason why = {""};
    test->others[NAMED].format = &format_opaque;
    test->others[NAMED].unique = true;
    assert_int_equal(world_reconfigure(test->world, test->other_list, CATEGORIES, NULL, &why),
                     SS_ERR_INVALID);
    assert_non_null(strstr(why.text, "its format has no unique fields"));
}

/* ---- memory fails -------------------------------------------------------------------------- */

/* One call; false when memory failed it. */
static bool step(struct unique_test *test, int at) {
    struct outcome outs[3];
    struct reason why;
    struct update updates[] = {update_of(test, 1, NAMED, 7, "a", "bob", 2),
                               update_of(test, 2, NAMED, 7, "b", "ann", 1),
                               update_of(test, 3, NAMED, 7, "z", "zoe", 99)};
    char key[16], name[16];
    switch (at) {
    case 0: put(test, NAMED, 7, "a", "ann", 1); break;
    case 1: put(test, NAMED, 7, "b", "bob", 2); break;
    case 2:
        run_batch(test, updates, 3, outs);
        test->out = outs[0];
        break;
    case 3:
        updates[2] = update_of(test, 3, NAMED, 7, "y", "zoe", 98); /* the others are undone */
        run_batch(test, updates, 3, outs);
        test->out = outs[0];
        break;
    case 4: put(test, NAMED, 7, "a", NULL, 0); break;
    case 5:
        return world_reconfigure(test->world, test->other_list, CATEGORIES, NULL, &why) == SS_OK;
    case 6: return world_reconfigure(test->world, test->list, CATEGORIES, NULL, &why) == SS_OK;
    default: /* the index grows */
        snprintf(key, sizeof key, "k%d", at);
        snprintf(name, sizeof name, "n%d", at);
        put(test, NAMED, 7, key, name, (uint8_t)(at + 10));
        break;
    }
    return test->out.status != SS_ERR_NOMEM;
}

#define STEPS 40

static void test_every_allocation_fails_once(void **state) {
    (void)state;
    static struct unique_test test;
    size_t failures = 1, n = 1;
    for (; failures > 0; n++) {
        prepare(&test);
        test.failing.fail_at = n;
        test.world = world_under(&test, test.list);
        failures = test.world == NULL;
        for (int at = 0; at < STEPS && test.world;) {
            uint64_t before = world_digest(test.world);
            bool done = step(&test, at);
            if (at != 6) assert_index(test.world);
            if (!done) assert_int_equal(world_digest(test.world), before);
            at += done;
            failures += !done;
        }
        finish(&test);
    }
    assert_true(n > 20);
}

/* ---- beside a model ------------------------------------------------------------------------ */

#define OWNERS 3
#define KEYS   3

struct model_cell {
    bool live;
    char name[2];
    uint8_t id;
    ss_time written;
};
struct model {
    struct model_cell cells[OWNERS][KEYS];
};

static bool is_double(const struct model *model) {
    const struct model_cell *all = &model->cells[0][0];
    for (int i = 0; i < OWNERS * KEYS; i++)
        for (int j = 0; j < i; j++) {
            if (!all[i].live || !all[j].live) continue;
            if (all[i].name[0] && all[i].name[0] == all[j].name[0]) return true;
            if (all[i].id && all[i].id == all[j].id) return true;
        }
    return false;
}

struct trial {
    struct unique_test test;
    struct random random;
    struct model model;
    char keys[4][4], once[4][16];
    unsigned used;
};

static unsigned draw(struct trial *trial, unsigned below) {
    return (unsigned)random_below(&trial->random, below);
}

/* Draws an update, and does it to the model. */
static struct update draw_update(struct trial *trial, int slot, struct model *model, ss_time now) {
    unsigned owner = draw(trial, OWNERS), key = draw(trial, KEYS);
    char name[2] = {(char)(draw(trial, 6) ? 'a' + (char)draw(trial, 9) : 0), 0};
    uint8_t id = (uint8_t)draw(trial, 10);
    bool delete = draw(trial, 5) == 0;
    snprintf(trial->keys[slot], sizeof trial->keys[slot], "k%u", key);
    struct model_cell *cell = &model->cells[owner][key];
    if (!delete || cell->live) *cell = (struct model_cell){!delete, {name[0]}, id, now};
    struct update update = update_of(&trial->test, slot, NAMED, owner + 1, trial->keys[slot],
                                     delete ? NULL : name, id);
    update.server = true;
    return update;
}

static void trial_write(struct trial *trial) {
    struct unique_test *test = &trial->test;
    struct model next = trial->model;
    struct update update = draw_update(trial, 0, &next, test->now + SS_MILLISECOND);
    if (draw(trial, 2)) {
        snprintf(trial->once[0], sizeof trial->once[0], "o%u", trial->used++);
        update.idempotency_key = bytes_of(trial->once[0]);
    }
    bool taken = is_double(&next);
    assert_int_equal(send(test, &update), taken ? RESULT_CONFLICT : RESULT_SUCCESS);
    if (taken) assert_int_equal(test->out.conflict.type, CONFLICT_DATA_INCONSISTENCY);
    if (!taken) trial->model = next;
}

static void trial_batch(struct trial *trial) {
    struct unique_test *test = &trial->test;
    struct update updates[4];
    struct outcome outs[4];
    struct model next = trial->model;
    size_t count = 1 + draw(trial, 4), culprits = 0;
    for (size_t i = 0; i < count; i++)
        updates[i] = draw_update(trial, (int)i, &next, test->now + SS_MILLISECOND);
    snprintf(trial->once[0], sizeof trial->once[0], "b%u", trial->used++);
    world_batch(test->world, updates, count, bytes_of(draw(trial, 2) ? trial->once[0] : ""),
                test->now += SS_MILLISECOND, outs);
    bool taken = is_double(&next);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(outs[i].result, taken ? RESULT_CONFLICT : RESULT_SUCCESS);
        culprits += outs[i].conflict.type == CONFLICT_DATA_INCONSISTENCY;
    }
    assert_int_equal(culprits, taken);
    if (!taken) trial->model = next;
}

static void trial_tick(struct trial *trial) {
    struct unique_test *test = &trial->test;
    struct model_cell *all = &trial->model.cells[0][0];
    test->now += draw(trial, 30) * SS_SECOND;
    world_tick(test->world, test->now, 1000);
    for (int i = 0; i < OWNERS * KEYS; i++)
        if (all[i].written + 60 * SS_SECOND <= test->now) all[i].live = false;
}

static void assert_as_model(const struct trial *trial) {
    for (unsigned owner = 0; owner < OWNERS; owner++)
        for (unsigned key = 0; key < KEYS; key++) {
            const struct model_cell *cell = &trial->model.cells[owner][key];
            char text[8];
            uint8_t room[64];
            struct cell_view view;
            snprintf(text, sizeof text, "k%u", key);
            bool live =
                world_get(trial->test.world, owner + 1, bytes_of("named"), bytes_of(text), &view) &&
                !view.deleted;
            assert_int_equal(live, cell->live);
            if (live) assert_true(bytes_equal(view.state, hero(room, cell->name, cell->id, 7)));
        }
}

static void trial_run(uint64_t seed) {
    static struct trial trial;
    trial = (struct trial){.random = {seed}};
    prepare(&trial.test);
    trial.test.world = world_under(&trial.test, trial.test.list);
    struct world *copy = world_under(&trial.test, trial.test.list);
    for (int i = 0; i < 400; i++) {
        unsigned kind = draw(&trial, 10);
        if (kind == 0) {
            trial_tick(&trial);
        } else if (kind < 5) {
            trial_batch(&trial);
        } else {
            trial_write(&trial);
        }
        assert_as_model(&trial);
        assert_index(trial.test.world);
        if (draw(&trial, 20)) continue;
        play(&trial.test, copy);
        assert_int_equal(world_digest(copy), world_digest(trial.test.world));
        assert_index(copy);
    }
    world_destroy(copy);
    finish(&trial.test);
}

static void test_as_the_model_says(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= effort(rounds); seed++)
        trial_run(seed);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_once_in_a_category, setup, teardown),
        cmocka_unit_test_setup_teardown(test_absent_does_not_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_servers_are_told_whose, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry_frees, setup, teardown),
        cmocka_unit_test_setup_teardown(test_merge_result, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resolve, setup, teardown),
        cmocka_unit_test_setup_teardown(test_proposal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_swap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_culprit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_the_end_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reform, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replay_is_never_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_contradiction, setup, teardown),
        cmocka_unit_test(test_every_allocation_fails_once),
        cmocka_unit_test(test_as_the_model_says),
    };
    if (argc > 1) rounds = (unsigned)strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
