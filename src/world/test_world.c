/* SPDX-License-Identifier: Apache-2.0 */
/* Every decision of the contract that a single update can meet. */
#include "world/fixture.h"

#include <sodium.h>

static int setup(void **state) {
    static struct fixture fixture;
    fixture_open(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    fixture_close(*state);
    return 0;
}

/* ---- refusable ----------------------------------------------------------------------------- */

static void refuses_what_cannot_be(void **state) {
    struct fixture *f = *state;
    static char long_category[66], long_key[258], big[64 * 1024 + 2];
    memset(long_category, 'c', 65), memset(long_key, 'k', 257), memset(big, 's', 64 * 1024 + 1);
    struct context_entry entries[65] = {{0}};
    struct update good = update_of(7, "pos", "a", "x", 0);
    struct {
        const char *what;
        struct update update;
        int status;
    } cases[] = {
        {"player 0", good, SS_ERR_INVALID},
        {"empty category", good, SS_ERR_INVALID},
        {"long category", good, SS_ERR_TOO_LARGE},
        {"empty key", good, SS_ERR_INVALID},
        {"long key", good, SS_ERR_TOO_LARGE},
        {"65 clock entries", good, SS_ERR_TOO_LARGE},
        {"digest of 7 bytes", good, SS_ERR_INVALID},
        {"key of 65 bytes", good, SS_ERR_TOO_LARGE},
        {"large state", good, SS_ERR_TOO_LARGE},
        {"owner of a shared cell", good, SS_ERR_INVALID},
        {"another's cell", good, SS_ERR_DENIED},
        {"a server's category", good, SS_ERR_DENIED},
        {"not JSON", good, SS_ERR_INVALID},
    };
    cases[0].update.player = 0;
    cases[1].update.category = bytes_of("");
    cases[2].update.category = bytes_of(long_category);
    cases[3].update.key = bytes_of("");
    cases[4].update.key = bytes_of(long_key);
    cases[5].update.context = (struct context){entries, 65, false, true};
    cases[6].update.base_digest = bytes_of("1234567");
    cases[7].update.idempotency_key = bytes_view(long_key, 65);
    cases[8].update.state = bytes_of(big);
    cases[9].update.category = bytes_of("trade"), cases[9].update.owner = 7;
    cases[10].update.category = bytes_of("keep"), cases[10].update.owner = 8;
    cases[11].update.category = bytes_of("server");
    cases[12].update.category = bytes_of("merge");
    uint64_t before = world_digest(f->world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum result result = send(f, &cases[i].update);
        if (result != RESULT_ERROR || f->out.status != cases[i].status)
            print_error("%s: result %d status %d\n", cases[i].what, result, f->out.status);
        assert_int_equal(result, RESULT_ERROR);
        assert_int_equal(f->out.status, cases[i].status);
        assert_int_equal(f->out.request_id, 0);
        assert_true(f->out.message && f->out.message[0]);
    }
    assert_int_equal(world_digest(f->world), before);
    assert_int_equal(send(f, &good), RESULT_SUCCESS);
    assert_int_equal(f->out.version, 1);
}

static void unknown_category(void **state) {
    struct fixture *f = *state;
    assert_int_equal(put(f, 7, "fresh", "a", "x", 0), RESULT_SUCCESS); /* the fallback's policy */
    struct world *world;
    f->config.fallback = NULL;
    assert_int_equal(world_create(&world, &memory_heap, &f->config, f->now), SS_OK);
    struct update update = update_of(7, "fresh", "a", "x", 0);
    world_update(world, &update, f->now, &f->out);
    assert_int_equal(f->out.result, RESULT_ERROR);
    assert_int_equal(f->out.status, SS_ERR_NOT_FOUND);
    world_destroy(world);
}

static void servers_may_write(void **state) {
    struct fixture *f = *state;
    struct update update = update_of(7, "server", "a", "x", 0);
    update.server = true;
    update.owner = 9;
    assert_int_equal(send(f, &update), RESULT_SUCCESS);
    expect_cell(f, 9, "server", "a", "x", 1);
}

static void shared_cells_have_no_owner(void **state) {
    struct fixture *f = *state;
    assert_int_equal(put(f, 7, "trade", "t", "{}", 0), RESULT_SUCCESS);
    expect_cell(f, 0, "trade", "t", "{}", 1);
}

static void names_the_rule(void **state) {
    struct fixture *f = *state;
    put(f, 7, "server", "a", "x", 0);
    assert_non_null(strstr(f->out.message, "write: server"));
}

/* ---- versions ------------------------------------------------------------------------------ */

static void counts_versions(void **state) {
    struct fixture *f = *state;
    uint64_t last = 0;
    for (uint32_t i = 0; i < 200; i++) {
        assert_int_equal(put(f, 7, "keep", "a", "x", i), RESULT_SUCCESS);
        assert_int_equal(f->out.version, i + 1);
        assert_true(f->out.seq > last && f->out.request_id != 0);
        assert_int_equal(clock_get(f->out.clock, 0xabc), i + 1);
        expect_bytes(f->out.state, "x");
        assert_false(f->out.corrected);
        last = f->out.seq;
    }
    struct cell_view views[100];
    assert_int_equal(world_history(f->world, 7, bytes_of("keep"), bytes_of("a"), views, 100), 64);
    assert_int_equal(views[0].version, 200);
    assert_int_equal(views[63].version, 137);
    assert_non_null(views[0].clock);
    assert_null(views[1].clock);
    assert_int_equal(world_history(f->world, 7, bytes_of("keep"), bytes_of("a"), views, 3), 3);
    assert_int_equal(views[0].version, 200);
}

static void stale_and_future(void **state) {
    struct fixture *f = *state;
    assert_int_equal(put(f, 7, "pos", "a", "x", 5), RESULT_STALE); /* absent */
    assert_true(f->out.absent);
    assert_true(f->out.request_id != 0 && f->out.message);
    put(f, 7, "pos", "a", "x", 0);
    assert_int_equal(put(f, 7, "pos", "a", "y", 2), RESULT_STALE);          /* the future */
    assert_int_equal(put(f, 7, "pos", "a", "y", UINT32_MAX), RESULT_STALE); /* below 1 */
    expect_bytes(f->out.state, "x");
    put(f, 7, "pos", "a", NULL, 0);
    assert_int_equal(put(f, 7, "pos", "a", "y", 2), RESULT_STALE); /* a tombstone is absent */
    expect_cell(f, 7, "pos", "a", NULL, 2);
}

static void must_not_exist(void **state) {
    struct fixture *f = *state;
    struct update update = update_of(7, "pos", "a", "x", 0);
    update.must_not_exist = true;
    assert_int_equal(send(f, &update), RESULT_SUCCESS);
    update.state = bytes_of("y");
    assert_int_equal(send(f, &update), RESULT_CONFLICT);
    assert_int_equal(f->out.conflict.type, CONFLICT_VERSION_MISMATCH);
    assert_int_equal(f->out.conflict.strategy, STRATEGY_KEEP_OLD);
    expect_bytes(f->out.conflict.resolved_state, "x");
    put(f, 7, "pos", "a", NULL, 0);
    assert_int_equal(send(f, &update), RESULT_SUCCESS);
    assert_int_equal(f->out.version, 3);
}

static void deletes(void **state) {
    struct fixture *f = *state;
    assert_int_equal(put(f, 7, "keep", "a", NULL, 0), RESULT_SUCCESS); /* it is so already */
    assert_int_equal(f->out.version, 0);
    assert_int_equal(f->out.seq, 0);
    put(f, 7, "keep", "a", "x", 0);
    assert_int_equal(put(f, 7, "keep", "a", NULL, 0), RESULT_CONFLICT); /* locking required */
    assert_int_equal(put(f, 7, "keep", "a", NULL, 1), RESULT_SUCCESS);
    assert_true(f->out.absent);
    assert_int_equal(f->out.version, 2);
    assert_int_equal(put(f, 7, "keep", "a", NULL, 0), RESULT_SUCCESS);
    assert_int_equal(f->out.version, 2);
    assert_int_equal(put(f, 7, "keep", "a", "z", 0), RESULT_SUCCESS);
    assert_int_equal(f->out.version, 3);
    struct world_stats stats;
    world_stats(f->world, &stats);
    assert_int_equal(stats.cells, 1);
    assert_int_equal(stats.tombstones, 0);
}

static void locking(void **state) {
    struct fixture *f = *state;
    put(f, 7, "strict", "a", "x", 0);
    assert_int_equal(put(f, 7, "strict", "a", "y", 0), RESULT_SUCCESS); /* arrival: it wins */
    assert_int_equal(f->out.conflict.type, CONFLICT_VERSION_MISMATCH);
    assert_int_equal(f->out.conflict.strategy, STRATEGY_LAST_WRITE_WINS);
    expect_bytes(f->out.conflict.old_state, "x");
    expect_bytes(f->out.conflict.resolved_state, "y");
    assert_int_equal(f->out.conflict.old_version, 1);
    put(f, 7, "pos", "a", "x", 0);
    assert_int_equal(put(f, 7, "pos", "a", "y", 0), RESULT_SUCCESS);
    assert_int_equal(f->out.conflict.type, CONFLICT_NONE);
}

/* ---- conflict types ------------------------------------------------------------------------ */

static enum result put_with_clock(struct fixture *f, const char *category, uint32_t expected,
                                  struct context_entry entry, bool foreign) {
    struct update update = update_of(7, category, "a", "new", expected);
    update.context = (struct context){&entry, 1, foreign, true};
    return send(f, &update);
}

static void types_in_order(void **state) {
    struct fixture *f = *state;
    static const struct {
        uint32_t expected;
        struct context_entry entry;
        bool foreign;
        enum conflict_type type;
    } cases[] = {
        {3, {0xabc, 3}, false, CONFLICT_NONE},
        {3, {0xabc, 2}, false, CONFLICT_CONCURRENT_UPDATE}, /* although the version matches */
        {2, {0xabc, 2}, false, CONFLICT_CONCURRENT_UPDATE},
        {2, {0xabc, 3}, false, CONFLICT_VERSION_MISMATCH},
        {3, {0xdef, 1}, false, CONFLICT_VECTOR_CLOCK},
        {3, {0xabc, 2}, true, CONFLICT_VECTOR_CLOCK},
        {3, {0xabc, 9}, false, CONFLICT_NONE}, /* ahead alone proves nothing that we know */
        {2, {0xabc, 9}, false, CONFLICT_VERSION_MISMATCH},
        {0, {0xabc, 3}, false, CONFLICT_VERSION_MISMATCH}, /* locking required */
        {3, {0xabc, 0}, false, CONFLICT_CONCURRENT_UPDATE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_close(f);
        fixture_open(f);
        for (uint32_t v = 0; v < 3; v++)
            put(f, 7, "keep", "a", "old", v);
        enum result result =
            put_with_clock(f, "keep", cases[i].expected, cases[i].entry, cases[i].foreign);
        if (f->out.conflict.type != cases[i].type) print_error("case %zu\n", i);
        assert_int_equal(f->out.conflict.type, cases[i].type);
        assert_int_equal(result, cases[i].type ? RESULT_CONFLICT : RESULT_SUCCESS);
        expect_bytes(f->out.state, cases[i].type ? "old" : "new");
        assert_int_equal(f->out.corrected, cases[i].type != CONFLICT_NONE);
        assert_int_equal(f->out.clock->count, 1); /* nothing of the client's is adopted */
    }
}

static void base_digest(void **state) {
    struct fixture *f = *state;
    uint8_t digest[32];
    put(f, 7, "pos", "a", "one", 0);
    put(f, 7, "pos", "a", "two", 1);
    struct update update = update_of(7, "pos", "a", "three", 1);
    crypto_hash_sha256(digest, (const uint8_t *)"two", 3);
    update.base_digest = bytes_view(digest, 8);
    assert_int_equal(send(f, &update), RESULT_CONFLICT);
    assert_int_equal(f->out.conflict.type, CONFLICT_DATA_INCONSISTENCY);
    assert_int_equal(f->out.conflict.strategy, STRATEGY_KEEP_OLD);
    crypto_hash_sha256(digest, (const uint8_t *)"one", 3);
    assert_int_equal(send(f, &update), RESULT_SUCCESS); /* last write wins over the mismatch */
    assert_int_equal(f->out.conflict.type, CONFLICT_VERSION_MISMATCH);
}

static void invariants(void **state) {
    struct fixture *f = *state;
    assert_int_equal(put(f, 7, "hp", "a", "{\"hp\":101}", 0), RESULT_CONFLICT);
    assert_int_equal(f->out.conflict.type, CONFLICT_DATA_INCONSISTENCY);
    assert_true(f->out.absent && f->out.conflict.reason);
    assert_int_equal(put(f, 7, "hp", "a", "{\"hp\":100}", 0), RESULT_SUCCESS);
    assert_int_equal(put(f, 7, "hp", "a", "{\"hp\":-1}", 1), RESULT_CONFLICT);
    expect_bytes(f->out.state, "{\"hp\":100}");
    expect_bytes(f->out.correction, "{\"hp\":100}");
}

/* ---- strategies ---------------------------------------------------------------------------- */

static enum result put_late(struct fixture *f, uint64_t player, const char *text, uint32_t expected,
                            uint32_t latency_ms) {
    struct update update = update_of(player, "action", "a", text, expected);
    update.owner = 7;
    update.latency_ms = latency_ms;
    return send(f, &update);
}

static void action_time(void **state) {
    struct fixture *f = *state;
    put_late(f, 7, "0", 0, 0);
    f->now += SS_SECOND;
    assert_int_equal(put_late(f, 7, "1", 1, 50), RESULT_SUCCESS);
    f->now += 40 * SS_MILLISECOND;
    assert_int_equal(put_late(f, 8, "2", 1, 100), RESULT_CONFLICT); /* acted 10 ms before */
    assert_int_equal(f->out.conflict.strategy, STRATEGY_LAST_WRITE_WINS);
    expect_bytes(f->out.state, "1");
    assert_int_equal(put_late(f, 6, "2", 1, 90), RESULT_CONFLICT);  /* a tie: the lower id loses */
    assert_int_equal(put_late(f, 8, "2", 1, 90), RESULT_SUCCESS);   /* a tie: the higher wins */
    assert_int_equal(put_late(f, 9, "3", 3, 1000), RESULT_SUCCESS); /* a matching version wins */
    assert_int_equal(f->out.conflict.type, CONFLICT_NONE);
    f->now += 300 * SS_MILLISECOND;
    assert_int_equal(put_late(f, 1, "4", 3, 60000), RESULT_SUCCESS); /* clamped to the rewind cap */
}

static void merges(void **state) {
    struct fixture *f = *state;
    put(f, 7, "merge", "a", "{\"gold\":100,\"x\":1}", 0);
    put(f, 7, "merge", "a", "{\"gold\":70,\"x\":1}", 1);
    assert_int_equal(put(f, 7, "merge", "a", "{\"gold\":80,\"x\":2}", 1), RESULT_SUCCESS);
    expect_bytes(f->out.state, "{\"gold\":50,\"x\":2}");
    assert_int_equal(f->out.conflict.type, CONFLICT_VERSION_MISMATCH);
    assert_int_equal(f->out.conflict.strategy, STRATEGY_MERGE);
    assert_int_equal(f->out.conflict.base_version, 1);
    assert_int_equal(f->out.conflict.old_version, 2);
    assert_int_equal(f->out.version, 3);
    assert_true(f->out.corrected);
    expect_bytes(f->out.correction, "{\"gold\":50}");
    /* a result that is what stands makes a version all the same */
    assert_int_equal(put(f, 7, "merge", "a", "{\"gold\":70,\"x\":1}", 2), RESULT_SUCCESS);
    assert_int_equal(f->out.version, 4);
    expect_bytes(f->out.state, "{\"gold\":50,\"x\":2}");
}

static void merge_tells_what_lost(void **state) {
    struct fixture *f = *state;
    put(f, 7, "merge", "a", "{\"x\":1}", 0);
    put(f, 7, "merge", "a", "{\"x\":2}", 1);
    assert_int_equal(put(f, 7, "merge", "a", "{\"x\":3}", 1), RESULT_SUCCESS);
    assert_non_null(f->out.conflict.overwritten);
    assert_int_equal(f->out.conflict.overwritten->count, 1);
    assert_string_equal((const char *)f->out.conflict.overwritten->text.data, "/x");
}

static void merge_bases(void **state) {
    struct fixture *f = *state;
    put(f, 7, "merge", "a", "{\"gold\":10}", 0);
    put(f, 7, "merge", "a", "{\"gold\":11}", 1);
    assert_int_equal(put(f, 7, "merge", "a", "{\"gold\":12}", 0),
                     RESULT_STALE); /* no base at all */
    struct context_entry entry = {0xabc, 1};
    struct update update = update_of(7, "merge", "a", "{\"gold\":15}", 0);
    update.context = (struct context){&entry, 1, false, true};
    assert_int_equal(send(f, &update), RESULT_SUCCESS); /* version 1 is covered by the clock */
    expect_bytes(f->out.state, "{\"gold\":16}");
    assert_int_equal(f->out.conflict.type, CONFLICT_CONCURRENT_UPDATE);
    for (uint32_t v = 3; v < 80; v++)
        put(f, 7, "merge", "a", "{\"gold\":1}", v);
    assert_int_equal(put(f, 7, "merge", "a", "{\"gold\":2}", 3), RESULT_STALE); /* forgotten */
    f->now += 11 * SS_SECOND;
    put(f, 7, "merge", "a", "{\"gold\":1}", 80);
    assert_int_equal(put(f, 7, "merge", "a", "{\"gold\":2}", 79), RESULT_STALE); /* too old */
}

static void merge_that_may_not_be(void **state) {
    struct fixture *f = *state;
    put(f, 7, "merge", "a", "{\"hp\":60,\"id\":1,\"name\":\"a\"}", 0);
    put(f, 7, "merge", "a", "{\"hp\":30,\"id\":2,\"name\":\"b\"}", 1);
    assert_int_equal(put(f, 7, "merge", "a", "{\"hp\":20,\"id\":1,\"name\":\"a\"}", 1),
                     RESULT_CONFLICT); /* 30 + 20 - 60 is below 0 */
    assert_int_equal(f->out.conflict.type, CONFLICT_DATA_INCONSISTENCY);
    assert_int_equal(put(f, 7, "merge", "a", "{\"hp\":60,\"id\":3,\"name\":\"a\"}", 1),
                     RESULT_CONFLICT);
    assert_int_equal(f->out.conflict.strategy, STRATEGY_MERGE);
    assert_non_null(f->out.conflict.reason);
    assert_false(f->out.conflict.parked);
    assert_int_equal(put(f, 7, "merge", "a", "{\"hp\":60,\"id\":1,\"name\":\"c\"}", 1),
                     RESULT_CONFLICT);
    assert_true(f->out.conflict.parked);
    expect_cell(f, 7, "merge", "a", "{\"hp\":30,\"id\":2,\"name\":\"b\"}", 2);
}

static void edits_beat_deletions(void **state) {
    struct fixture *f = *state;
    put(f, 7, "merge", "a", "{\"x\":1}", 0);
    put(f, 7, "merge", "a", "{\"x\":2}", 1);
    assert_int_equal(put(f, 7, "merge", "a", NULL, 1), RESULT_CONFLICT);
    expect_bytes(f->out.state, "{\"x\":2}");
    assert_int_equal(put(f, 7, "merge", "a", NULL, 2), RESULT_SUCCESS);
    struct context_entry entry = {0xabc, 2};
    struct update update = update_of(7, "merge", "a", "{\"x\":3}", 0);
    update.context = (struct context){&entry, 1, false, true};
    assert_int_equal(send(f, &update), RESULT_SUCCESS);
    assert_int_equal(f->out.conflict.type, CONFLICT_CONCURRENT_UPDATE);
    expect_cell(f, 7, "merge", "a", "{\"x\":3}", 4);
    put(f, 7, "merge", "a", NULL, 4);
    put(f, 7, "merge", "a", "{\"x\":5}", 0);
    assert_int_equal(put(f, 7, "merge", "a", "{\"x\":6}", 5),
                     RESULT_STALE); /* a grave is no base */
}

static void parks(void **state) {
    struct fixture *f = *state;
    put(f, 7, "manual", "a", "one", 0);
    put(f, 7, "manual", "a", "two", 1);
    assert_int_equal(put(f, 7, "manual", "a", "three", 1), RESULT_CONFLICT);
    struct conflict_view *conflict = &f->out.conflict;
    assert_true(conflict->parked && conflict->requires_manual);
    assert_int_equal(conflict->id[6] >> 4, 8);
    assert_int_equal(conflict->id[8] >> 6, 2);
    uint64_t prefix = 0;
    for (int i = 0; i < 6; i++)
        prefix = prefix << 8 | conflict->id[i];
    assert_int_equal(prefix, world_prefix(f->world));
    expect_bytes(conflict->old_state, "two");
    expect_bytes(conflict->new_state, "three");
    assert_int_equal(conflict->base_version, 1);
    assert_int_equal(put(f, 7, "manual", "a", "four", 2), RESULT_SUCCESS); /* still writable */
    struct parked_view views[4];
    size_t total;
    assert_int_equal(world_conflicts(f->world, 7, false, bytes_of(""), 0, views, 4, &total), 1);
    expect_bytes(views[0].base, "one");
    expect_bytes(views[0].cell.state, "four");
}

static void full_queues(void **state) {
    struct fixture *f = *state;
    fixture_close(f);
    fixture_prepare(f);
    f->config.parked_per_player = 2;
    f->config.parked_max = 3;
    f->config.parked_bytes = 60;
    assert_int_equal(world_create(&f->world, &memory_heap, &f->config, f->now), SS_OK);
    put(f, 7, "manual", "a", "one", 0);
    put(f, 7, "manual", "a", "x", 0);
    put(f, 7, "manual", "a", "y", 0);
    assert_true(f->out.conflict.parked);
    put(f, 7, "manual", "a", "z", 0);
    assert_int_equal(f->out.result, RESULT_CONFLICT);
    assert_false(f->out.conflict.parked || f->out.conflict.requires_manual);
    assert_non_null(strstr(f->out.conflict.reason, "player"));
    struct update update = update_of(8, "manual", "a",
                                     "0123456789012345678901234567890123456789"
                                     "01234567890",
                                     0);
    update.owner = 7;
    send(f, &update);
    assert_false(f->out.conflict.parked);
    assert_non_null(strstr(f->out.conflict.reason, "full"));
}

/* ---- limits -------------------------------------------------------------------------------- */

static void limits(void **state) {
    struct fixture *f = *state;
    fixture_close(f);
    fixture_prepare(f);
    f->config.cells_per_player = 2;
    f->config.cells_max = 4;
    f->config.bytes_per_player = 1024;
    assert_int_equal(world_create(&f->world, &memory_heap, &f->config, f->now), SS_OK);
    put(f, 7, "pos", "a", "x", 0);
    put(f, 7, "pos", "b", "x", 0);
    uint64_t before = world_digest(f->world);
    assert_int_equal(put(f, 7, "pos", "c", "x", 0), RESULT_ERROR);
    assert_int_equal(f->out.status, SS_ERR_TOO_LARGE);
    assert_non_null(strstr(f->out.message, "resource exhausted"));
    char big[900];
    memset(big, 'b', sizeof big);
    struct update update = update_of(8, "pos", "a", "", 0);
    update.state = bytes_view(big, sizeof big);
    assert_int_equal(send(f, &update), RESULT_ERROR); /* a ring of 1024 and the key */
    assert_int_equal(world_digest(f->world), before);
    put(f, 8, "pos", "a", "x", 0);
    put(f, 8, "pos", "b", "x", 0);
    assert_int_equal(put(f, 9, "pos", "a", "x", 0), RESULT_ERROR);
    assert_non_null(strstr(f->out.message, "world is full"));
    for (int i = 0; f->out.result != RESULT_ERROR || i < 2; i++)
        put(f, 7, "pos", "a", "0123456789", 0);
    assert_int_equal(put(f, 7, "pos", "a", NULL, 0), RESULT_SUCCESS); /* room can be made */
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void remembers_time(void **state) {
    struct fixture *f = *state;
    put(f, 7, "pos", "a", "x", 0);
    ss_time first = f->now;
    f->now -= SS_SECOND; /* time does not go back */
    put(f, 7, "pos", "a", "y", 0);
    struct cell_view view;
    world_get(f->world, 7, bytes_of("pos"), bytes_of("a"), &view);
    assert_int_equal(view.time, first);
    world_tick(f->world, f->now, 100);
    assert_int_equal(world_tick_number(f->world), 1);
}

static void hides_what_may_not_be_read(void **state) {
    struct fixture *f = *state;
    put(f, 7, "manual", "box", "secret", 0);
    struct update update = update_of(8, "manual", "box", "note", 0);
    update.owner = 7;
    assert_int_equal(send(f, &update), RESULT_CONFLICT);
    assert_int_equal(f->out.state.size, 0);
    assert_int_equal(f->out.conflict.old_state.size, 0);
    update.server = true;
    send(f, &update);
    expect_bytes(f->out.state, "secret");
}

static void counts(void **state) {
    struct fixture *f = *state;
    struct world_stats stats;
    put(f, 7, "keep", "a", "x", 0);
    put(f, 7, "keep", "a", "y", 0);
    put(f, 7, "keep", "", "y", 0);
    world_stats(f->world, &stats);
    assert_int_equal(stats.results[RESULT_SUCCESS], 1);
    assert_int_equal(stats.results[RESULT_CONFLICT], 1);
    assert_int_equal(stats.results[RESULT_ERROR], 1);
    assert_int_equal(stats.conflicts[CONFLICT_VERSION_MISMATCH], 1);
    assert_int_equal(stats.resolutions[STRATEGY_KEEP_OLD], 1);
    assert_int_equal(stats.updates, 1);
    assert_int_equal(stats.seq, 1);
    assert_true(stats.bytes > 0);
}

static void reconfigures(void **state) {
    struct fixture *f = *state;
    struct reason why;
    put(f, 7, "pos", "a", "x", 0);
    struct category changed = f->categories[KIND_POS];
    const struct category *list[KIND_COUNT];
    memcpy(list, f->list, sizeof list);
    list[KIND_POS] = &changed;
    changed.format = &format_json;
    assert_int_equal(world_reconfigure(f->world, list, KIND_COUNT, NULL, &why), SS_ERR_INVALID);
    assert_non_null(strstr(why.text, "pos"));
    changed.format = &format_opaque;
    changed.ttl = SS_SECOND;
    assert_int_equal(world_reconfigure(f->world, list, KIND_COUNT, NULL, &why), SS_OK);
    world_tick(f->world, f->now + 2 * SS_SECOND, 10); /* the ttl holds for cells of before */
    expect_cell(f, 7, "pos", "a", NULL, 2);
    assert_int_equal(world_reconfigure(f->world, list + 1, KIND_COUNT - 1, NULL, &why),
                     SS_ERR_INVALID); /* the tombstone is still kept */
    world_tick(f->world, f->now + 20 * SS_SECOND, 10);
    assert_int_equal(world_reconfigure(f->world, list + 1, KIND_COUNT - 1, NULL, &why), SS_OK);
    assert_null(world_category(f->world, bytes_of("pos")));
    assert_int_equal(put(f, 7, "pos", "a", "x", 0), RESULT_ERROR);
    assert_int_equal(world_reconfigure(f->world, list, KIND_COUNT, NULL, &why), SS_OK);
    assert_int_equal(put(f, 7, "pos", "a", "x", 0), RESULT_SUCCESS);
    assert_int_equal(f->out.version, 3); /* never reused */
}

static void refuses_contradictions(void **state) {
    struct fixture *f = *state;
    struct world *world;
    f->categories[KIND_POS].strategy = STRATEGY_MERGE; /* of opaque bytes */
    assert_int_equal(world_create(&world, &memory_heap, &f->config, f->now), SS_ERR_INVALID);
    f->categories[KIND_POS].strategy = STRATEGY_KEEP_OLD;
    f->categories[KIND_TRADE].session = true;
    assert_int_equal(world_create(&world, &memory_heap, &f->config, f->now), SS_ERR_INVALID);
    f->categories[KIND_TRADE].session = false;
    f->categories[KIND_POS].history_versions = 0;
    assert_int_equal(world_create(&world, &memory_heap, &f->config, f->now), SS_ERR_INVALID);
    f->categories[KIND_POS].history_versions = 64;
}

static void prefetch_changes_nothing(void **state) {
    struct fixture *f = *state;
    put(f, 7, "pos", "a", "x", 0);
    struct update updates[100];
    for (size_t i = 0; i < 100; i++)
        updates[i] = update_of(7, i % 3 ? "pos" : "none", i % 2 ? "a" : "b", "y", 0);
    uint64_t before = world_digest(f->world);
    world_prefetch(f->world, updates, 100);
    assert_int_equal(world_digest(f->world), before);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(refuses_what_cannot_be),
        T(unknown_category),
        T(servers_may_write),
        T(shared_cells_have_no_owner),
        T(names_the_rule),
        T(counts_versions),
        T(stale_and_future),
        T(must_not_exist),
        T(deletes),
        T(locking),
        T(types_in_order),
        T(base_digest),
        T(invariants),
        T(action_time),
        T(merges),
        T(merge_tells_what_lost),
        T(merge_bases),
        T(merge_that_may_not_be),
        T(edits_beat_deletions),
        T(parks),
        T(full_queues),
        T(limits),
        T(remembers_time),
        T(hides_what_may_not_be_read),
        T(counts),
        T(reconfigures),
        T(refuses_contradictions),
        T(prefetch_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
