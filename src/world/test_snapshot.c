/* SPDX-License-Identifier: Apache-2.0 */
#include "world/snapshot.h"

#include "world/readers.h"

#define LINES_MAX 512

struct lines {
    char text[LINES_MAX][96];
    size_t count;
};

static void add_line(struct lines *lines, const struct cell_view *view) {
    assert_true(lines->count < LINES_MAX);
    print_view(lines->text[lines->count++], sizeof lines->text[0], view);
}

/* All that a query gives from `position` on. */
static int read_all(struct readers *readers, const struct snapshot_query *query,
                    const struct snapshot_position *position, struct lines *lines) {
    struct snapshot *snapshot;
    struct cell_view view;
    lines->count = 0;
    int status = snapshot_open(&snapshot, readers->world, query, position);
    if (status != SS_OK) return status;
    while ((status = snapshot_next(snapshot, &view)) == 1)
        add_line(lines, &view);
    snapshot_close(snapshot);
    return status;
}

/* `text`: the expected lines, each with a newline. */
static void expect(struct readers *readers, const struct snapshot_query *query, const char *text) {
    static struct lines lines;
    char all[4096] = "";
    assert_int_equal(read_all(readers, query, NULL, &lines), SS_OK);
    for (size_t i = 0; i < lines.count; i++) {
        strcat(all, lines.text[i]);
        strcat(all, "\n");
    }
    assert_string_equal(all, text);
}

static void fill(struct readers *readers) {
    put(readers, ALICE, PROFILE, "name", "alice");
    put(readers, BOB, PROFILE, "name", "bob");
    put(readers, ALICE, BAG, "gold", "100");
    put(readers, BOB, BAG, "gold", "7");
    put(readers, ALICE, BOARD, "score", "1:0");
    put(readers, ALICE, SECRET, "seed", "42");
    put(readers, ALICE, BAG, "gold", "90");
}

/* ---- bases --------------------------------------------------------------------------------- */

static void test_bases(void **state) {
    struct readers readers = {0};
    struct snapshot *snapshot;
    struct cell_view view, base;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    fill(&readers);
    put(&readers, ALICE, BAG, "new", "1");
    put(&readers, ALICE, BAG, "dead", "1");
    del(&readers, ALICE, BAG, "dead");
    put(&readers, ALICE, BAG, "dead", "3");
    const struct known_version have[] = {known(BAG, "gold", 1), known(PROFILE, "name", 9),
                                         known(BAG, "dead", 2), known(BOARD, "score", 1)};
    struct snapshot_query query = {.player = ALICE, .known = have, .known_count = 4};
    assert_int_equal(snapshot_open(&snapshot, readers.world, &query, NULL), SS_OK);
    unsigned entries = 0, bases = 0;
    while (snapshot_next(snapshot, &view) == 1) {
        entries++;
        if (!snapshot_base(snapshot, &base)) continue;
        bases++; /* of what is named by a version that never was, or a tombstone, there is none */
        assert_true(bytes_equal(view.key, bytes_of("gold")));
        assert_true(bytes_equal(view.state, bytes_of("90")));
        assert_int_equal(base.version, 1);
        assert_true(bytes_equal(base.state, bytes_of("100")));
    }
    assert_int_equal(entries, 4);
    assert_int_equal(bases, 1);
    snapshot_close(snapshot);
    assert_true(world_version(readers.world, ALICE, bytes_of("bag"), bytes_of("gold"), 2, &view));
    assert_true(bytes_equal(view.state, bytes_of("90")));
    assert_false(world_version(readers.world, ALICE, bytes_of("bag"), bytes_of("gold"), 3, &view));
    assert_false(world_version(readers.world, ALICE, bytes_of("bag"), bytes_of("dead"), 2, &view));
    assert_false(world_version(readers.world, ALICE, bytes_of("bag"), bytes_of("none"), 1, &view));
    readers_close(&readers);
}

/* ---- what is in it ------------------------------------------------------------------------- */

static void test_own_and_shared(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    struct snapshot_query query = {.player = ALICE};
    expect(&readers, &query, "");
    fill(&readers);
    expect(&readers, &query, "0 board/score=1:1:0\n11 profile/name=1:alice\n11 bag/gold=2:90\n");
    query.player = CAROL;
    expect(&readers, &query, "0 board/score=1:1:0\n");
    query.server = true;
    query.player = ALICE;
    expect(&readers, &query,
           "0 board/score=1:1:0\n11 profile/name=1:alice\n11 bag/gold=2:90\n11 secret/seed=1:42\n");
    readers_close(&readers);
}

static void test_owners(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    fill(&readers);
    const uint64_t owners[] = {BOB, 0, CAROL, BOB, ALICE, BOB};
    struct snapshot_query query = {.player = CAROL, .owners = owners, .owner_count = 6};
    /* Another's cells by the read rules, nobody's twice. */
    expect(&readers, &query,
           "0 board/score=1:1:0\n22 profile/name=1:bob\n11 profile/name=1:alice\n");
    query.server = true;
    query.owner_count = 4;
    expect(&readers, &query, "0 board/score=1:1:0\n22 profile/name=1:bob\n22 bag/gold=1:7\n");
    readers_close(&readers);
}

static void test_categories(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    fill(&readers);
    const struct bytes categories[] = {bytes_of("bag"), bytes_of("secret"), bytes_of("bag"),
                                       bytes_of("none")};
    struct snapshot_query query = {.player = ALICE, .categories = categories, .category_count = 4};
    expect(&readers, &query, "11 bag/gold=2:90\n");
    query.server = true;
    expect(&readers, &query, "11 bag/gold=2:90\n11 secret/seed=1:42\n");
    query.categories = &categories[3];
    query.category_count = 1;
    expect(&readers, &query, "");
    /* Nor is anything named told that was not asked for. */
    const struct known_version have = known(BAG, "never", 1);
    query.known = &have;
    query.known_count = 1;
    query.tombstones = true;
    expect(&readers, &query, "");
    readers_close(&readers);
}

static void test_known_versions(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    fill(&readers);
    const struct known_version have[] = {known(BAG, "gold", 1), known(BOARD, "score", 1),
                                         known(PROFILE, "name", 1), known(BAG, "silver", 1)};
    struct snapshot_query query = {.player = ALICE, .known = have, .known_count = 4};
    expect(&readers, &query, "11 bag/gold=2:90\n");
    /* A name without an owner means one's own cell, or that of the one owner asked for. */
    const uint64_t owners[] = {BOB, CAROL};
    query.owners = owners;
    query.owner_count = 1;
    query.server = true;
    expect(&readers, &query, "");
    query.owner_count = 2;
    expect(&readers, &query, "22 profile/name=1:bob\n22 bag/gold=1:7\n");
    readers_close(&readers);
}

static void test_tombstones(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    fill(&readers);
    put(&readers, ALICE, PROFILE, "title", "dame");
    del(&readers, ALICE, PROFILE, "name");
    del(&readers, ALICE, PROFILE, "title");
    const struct known_version have[] = {known(PROFILE, "name", 1), known(BAG, "never", 3),
                                         known(SECRET, "seed", 1),  known(SECRET, "none", 1),
                                         known(BOARD, "never", 1),  known(PROFILE, "title", 2)};
    struct snapshot_query query = {.player = ALICE};
    expect(&readers, &query, "0 board/score=1:1:0\n11 bag/gold=2:90\n");
    query.tombstones = true; /* nobody is told of the death of what he never knew */
    expect(&readers, &query, "0 board/score=1:1:0\n11 bag/gold=2:90\n");
    query.known = have;
    query.known_count = 6;
    static struct lines lines;
    assert_int_equal(read_all(&readers, &query, NULL, &lines), SS_OK);
    assert_int_equal(lines.count, 5);
    const char *const expected[] = {"11 profile/name=2:-", "11 bag/never=0:-", "0 board/never=0:-"};
    for (size_t i = 0; i < 3; i++) {
        size_t found = 0;
        for (size_t j = 2; j < 5; j++)
            found += strcmp(lines.text[j], expected[i]) == 0;
        assert_int_equal(found, 1);
    }
    query.tombstones = false;
    expect(&readers, &query, "0 board/score=1:1:0\n11 bag/gold=2:90\n");
    forget(&readers); /* now even the tombstones are gone */
    query.tombstones = true;
    query.known_count = 1;
    expect(&readers, &query, "0 board/score=1:1:0\n11 bag/gold=2:90\n11 profile/name=0:-\n");
    readers_close(&readers);
}

static void test_since(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    fill(&readers);
    uint64_t since = put(&readers, ALICE, PROFILE, "title", "dame");
    struct snapshot_query query = {.player = ALICE, .since = since};
    expect(&readers, &query, "");
    put(&readers, ALICE, BAG, "gold", "80");
    uint64_t grave = del(&readers, ALICE, PROFILE, "name");
    expect(&readers, &query, "11 bag/gold=3:80\n");
    query.tombstones = true;
    expect(&readers, &query, "11 profile/name=2:-\n11 bag/gold=3:80\n");
    const struct known_version have = known(PROFILE, "name", 1);
    query.known = &have;
    query.known_count = 1;
    expect(&readers, &query, "11 bag/gold=3:80\n11 profile/name=2:-\n");
    query.since = grave;
    expect(&readers, &query, "");
    forget(&readers);
    expect(&readers, &query, "");
    static struct lines lines;
    query.since = since;
    assert_int_equal(read_all(&readers, &query, NULL, &lines), SS_ERR_STALE);
    query.tombstones = false;
    expect(&readers, &query, "11 bag/gold=3:80\n");
    query.since = UINT64_MAX;
    assert_int_equal(read_all(&readers, &query, NULL, &lines), SS_ERR_STALE);
    readers_close(&readers);
}

/* ---- pages --------------------------------------------------------------------------------- */

static struct snapshot_query server_query(const uint64_t *owners, size_t count) {
    return (struct snapshot_query){
        .player = ALICE, .server = true, .owners = owners, .owner_count = count};
}

/* One page of at most `max` entries; true when there may be more. */
static int read_page(struct readers *readers, const struct snapshot_query *query,
                     struct snapshot_position *position, size_t max, bool again,
                     struct lines *lines) {
    struct snapshot *snapshot;
    struct cell_view view;
    int status = snapshot_open(&snapshot, readers->world, query, position);
    if (status != SS_OK) return status;
    status = 1;
    while (max-- > 0 && (status = snapshot_next(snapshot, &view)) == 1)
        add_line(lines, &view);
    if (status == 1 && again && snapshot_next(snapshot, &view) == 1) {
        *position = snapshot_where(snapshot, true); /* looked at, and put back */
    } else {
        *position = snapshot_where(snapshot, false);
    }
    snapshot_close(snapshot);
    return status;
}

static void test_page_goes_on(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    fill(&readers);
    struct snapshot_query query = {.player = ALICE};
    static struct lines whole, paged;
    struct snapshot *snapshot;
    assert_int_equal(read_all(&readers, &query, NULL, &whole), SS_OK);
    assert_int_equal(snapshot_open(&snapshot, readers.world, &query, NULL), SS_OK);
    struct snapshot_position position = snapshot_where(snapshot, true);
    snapshot_close(snapshot);
    /* Everything changes in between: new, other and deleted cells. */
    put(&readers, ALICE, BOARD, "new", "x");
    put(&readers, ALICE, BAG, "gold", "0");
    assert_int_equal(read_page(&readers, &query, &position, 1, true, &paged), 1);
    del(&readers, ALICE, PROFILE, "name");
    put(&readers, ALICE, PROFILE, "new", "x");
    assert_int_equal(read_page(&readers, &query, &position, 1, false, &paged), 1);
    del(&readers, ALICE, BAG, "gold");
    assert_int_equal(read_page(&readers, &query, &position, 5, false, &paged), 0);
    assert_int_equal(paged.count, whole.count);
    for (size_t i = 0; i < whole.count; i++)
        assert_string_equal(paged.text[i], whole.text[i]);
    assert_int_equal(read_page(&readers, &query, &position, 5, false, &paged), 0);
    readers_close(&readers);
}

/* A page ends before a cell that was born after the first one. */
static void test_page_ends_unborn(void **state) {
    struct readers readers = {0};
    static struct lines lines;
    struct snapshot *snapshot;
    struct cell_view view;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put(&readers, ALICE, BAG, "a", "1");
    put(&readers, ALICE, BAG, "dead", "1");
    del(&readers, ALICE, BAG, "dead");
    struct snapshot_query query = {.player = ALICE};
    assert_int_equal(snapshot_open(&snapshot, readers.world, &query, NULL), SS_OK);
    assert_int_equal(snapshot_next(snapshot, &view), 1);
    struct snapshot_position first = snapshot_where(snapshot, true);
    assert_int_equal(snapshot_next(snapshot, &view), 0);
    assert_int_equal(snapshot_where(snapshot, true).cell, first.cell);
    snapshot_close(snapshot);
    put(&readers, ALICE, BAG, "b", "1");
    put(&readers, ALICE, BAG, "c", "1");
    assert_int_equal(read_page(&readers, &query, &first, 1, false, &lines), 1);
    assert_int_equal(read_page(&readers, &query, &first, 1, false, &lines), 0);
    assert_int_equal(lines.count, 1);
    readers_close(&readers);
}

static void test_page_out_of_history(void **state) {
    struct readers readers = {0};
    struct cell_view view;
    struct snapshot *snapshot;
    static struct lines lines;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    fill(&readers);
    struct snapshot_query query = {.player = ALICE};
    assert_int_equal(snapshot_open(&snapshot, readers.world, &query, NULL), SS_OK);
    assert_int_equal(snapshot_next(snapshot, &view), 1);
    struct snapshot_position position = snapshot_where(snapshot, false);
    snapshot_close(snapshot);
    for (int i = 0; i < 20; i++)
        put(&readers, ALICE, BAG, "gold", "busy");
    assert_int_equal(snapshot_open(&snapshot, readers.world, &query, &position), SS_OK);
    assert_int_equal(snapshot_next(snapshot, &view), 1);
    assert_int_equal(snapshot_next(snapshot, &view), SS_ERR_STALE);
    assert_int_equal(snapshot_next(snapshot, &view), SS_ERR_STALE);
    struct snapshot_position stuck = snapshot_where(snapshot, false);
    snapshot_close(snapshot);
    assert_int_equal(read_all(&readers, &query, &stuck, &lines), SS_ERR_STALE);
    del(&readers, ALICE, PROFILE, "name"); /* stood then, and is soon forgotten */
    assert_int_equal(snapshot_open(&snapshot, readers.world, &query, &position), SS_OK);
    snapshot_close(snapshot);
    forget(&readers);
    assert_int_equal(snapshot_open(&snapshot, readers.world, &query, &position), SS_ERR_STALE);
    readers_close(&readers);
}

/* Between two pages a slot is freed and taken by another cell of the same owner. */
static void test_page_slot_reused(void **state) {
    struct readers readers = {0};
    static struct lines lines;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put(&readers, ALICE, BAG, "a", "1");
    put(&readers, ALICE, BAG, "b", "1");
    put(&readers, ALICE, BAG, "c", "1");
    del(&readers, ALICE, BAG, "b");
    struct snapshot_query query = {.player = ALICE};
    struct snapshot *snapshot;
    struct cell_view view;
    assert_int_equal(snapshot_open(&snapshot, readers.world, &query, NULL), SS_OK);
    assert_int_equal(snapshot_next(snapshot, &view), 1);
    struct snapshot_position position = snapshot_where(snapshot, false);
    snapshot_close(snapshot);
    struct snapshot_position grave = {position.at, position.owner, position.cell - 1};
    assert_int_equal(read_all(&readers, &query, &grave, &lines), SS_OK);
    forget(&readers);
    assert_int_equal(read_all(&readers, &query, &grave, &lines), SS_ERR_STALE);
    put(&readers, ALICE, BAG, "d", "1");
    assert_int_equal(read_all(&readers, &query, &grave, &lines), SS_ERR_STALE);
    lines.count = 0;
    assert_int_equal(read_page(&readers, &query, &position, 9, false, &lines), 0);
    assert_int_equal(lines.count, 1);
    assert_string_equal(lines.text[0], "11 bag/c=1:1");
    readers_close(&readers);
}

/* ---- anything ------------------------------------------------------------------------------ */

static const uint64_t everybody[] = {ALICE, BOB, CAROL};

static void random_change(struct readers *readers, struct random *random) {
    char key[16], text[16];
    uint64_t owner = everybody[random_below(random, 3)];
    int category = (int)random_below(random, CATEGORIES);
    snprintf(key, sizeof key, "k%u", (unsigned)random_below(random, 12));
    snprintf(text, sizeof text, "%u", (unsigned)random_below(random, 1000));
    if (random_below(random, 4) || !version_of(readers, owner, category, key)) {
        put(readers, owner, category, key, text);
    } else {
        del(readers, owner, category, key);
    }
}

/* However the pages are cut and whatever happens between them, together they are the whole. */
static void page_through(struct readers *readers, struct random *random,
                         const struct snapshot_query *query, unsigned *complete) {
    static struct lines whole, paged;
    struct snapshot_position position = {.cell = UINT32_MAX};
    struct world_stats stats;
    world_stats(readers->world, &stats);
    position.at = stats.seq;
    int status = read_all(readers, query, NULL, &whole);
    if (status == SS_ERR_STALE) return; /* `since` */
    assert_int_equal(status, SS_OK);
    paged.count = 0;
    do {
        for (uint64_t n = random_below(random, 6); n > 0; n--)
            random_change(readers, random);
        /* A named tombstone that is forgotten loses its version. */
        if (query->known_count == 0 && random_below(random, 50) == 0) forget(readers);
        status = read_page(readers, query, &position, 1 + random_below(random, 20),
                           random_below(random, 2), &paged);
    } while (status == 1);
    if (status == SS_ERR_STALE) return;
    assert_int_equal(status, 0);
    assert_int_equal(paged.count, whole.count);
    for (size_t i = 0; i < whole.count; i++)
        assert_string_equal(paged.text[i], whole.text[i]);
    ++*complete;
}

static void test_random_pages(void **state) {
    struct readers readers = {0};
    struct random random = {1};
    unsigned complete = 0;
    static struct known_version have[64];
    static char keys[64][8];
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    for (int round = 0; round < 1000; round++) {
        for (int i = 0; i < 10; i++)
            random_change(&readers, &random);
        struct snapshot_query query = server_query(everybody, random_below(&random, 4));
        query.tombstones = random_below(&random, 2);
        query.known = have;
        query.known_count = random_below(&random, 2) ? random_below(&random, 64) : 0;
        for (size_t i = 0; i < query.known_count; i++) {
            snprintf(keys[i], sizeof keys[i], "k%u", (unsigned)(i / 4));
            int category = (int)(i % 4);
            have[i] = known(category, keys[i],
                            (uint32_t)random_below(&random, 2)
                                ? version_of(&readers, ALICE, category, keys[i])
                                : 1);
        }
        struct world_stats stats;
        world_stats(readers.world, &stats);
        if (random_below(&random, 3) == 0) query.since = 1 + random_below(&random, stats.seq);
        page_through(&readers, &random, &query, &complete);
    }
    assert_true(complete > 300); /* the others ran out of history, and said so */
    readers_close(&readers);
}

/* What is read from anywhere to the end is the end of the whole. */
static void compare_end(struct readers *readers, const struct snapshot_query *query,
                        const struct lines *end) {
    static struct lines whole;
    assert_int_equal(read_all(readers, query, NULL, &whole), SS_OK);
    assert_true(end->count <= whole.count);
    for (size_t i = 0, skip = whole.count - end->count; i < end->count; i++)
        assert_string_equal(end->text[i], whole.text[skip + i]);
}

/* Positions come from the network: whatever they say, nothing but an answer happens. */
static void test_random_positions(void **state) {
    struct readers readers = {0};
    struct random random = {2};
    static struct lines lines;
    unsigned good = 0;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    for (int i = 0; i < 300; i++)
        random_change(&readers, &random);
    const struct known_version have[] = {known(BAG, "x", 1), known(BAG, "y", 1)};
    struct snapshot_query query = server_query(everybody, 3);
    query.known = have;
    query.known_count = 2;
    for (int i = 0; i < 100000; i++) {
        struct world_stats stats;
        world_stats(readers.world, &stats);
        query.tombstones = random_below(&random, 2);
        struct snapshot_position position = {
            .at = random_below(&random, 8) ? stats.seq - random_below(&random, 30)
                                           : random_next(&random),
            .owner = (uint32_t)(random_below(&random, 8) ? random_below(&random, 6)
                                                         : random_next(&random)),
            .cell = (uint32_t)(random_below(&random, 8) ? random_below(&random, 200)
                                                        : random_next(&random)),
        };
        if (random_below(&random, 8) == 0) position.cell = UINT32_MAX;
        struct snapshot *snapshot;
        struct cell_view view;
        int status = snapshot_open(&snapshot, readers.world, &query, &position);
        assert_true(status == SS_OK || status == SS_ERR_STALE || status == SS_ERR_INVALID);
        if (status != SS_OK) continue;
        snapshot_where(snapshot, random_below(&random, 2));
        lines.count = 0;
        for (uint64_t n = random_below(&random, 200);
             n > 0 && (status = snapshot_next(snapshot, &view)) == 1; n--)
            add_line(&lines, &view);
        assert_true(status >= 0 || status == SS_ERR_STALE);
        if (status == 0 && position.at == stats.seq) compare_end(&readers, &query, &lines);
        snapshot_where(snapshot, random_below(&random, 2));
        snapshot_close(snapshot);
        good++;
        if (i % 500 == 0) random_change(&readers, &random);
        if (i % 20000 == 0) forget(&readers);
    }
    assert_true(good > 1000);
    struct snapshot_position future = {.at = UINT64_MAX, .cell = UINT32_MAX};
    assert_int_equal(read_all(&readers, &query, &future, &lines), SS_ERR_INVALID);
    readers_close(&readers);
}

static void test_allocation_failure(void **state) {
    struct readers readers = {0};
    static struct lines whole, lines;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    fill(&readers);
    del(&readers, ALICE, PROFILE, "name");
    const struct bytes categories[] = {bytes_of("bag"), bytes_of("profile")};
    const struct known_version have[] = {known(PROFILE, "name", 1), known(BAG, "gold", 1)};
    struct snapshot_query query = server_query(everybody, 3);
    query.categories = categories;
    query.category_count = 2;
    query.known = have;
    query.known_count = 2;
    query.tombstones = true;
    assert_int_equal(read_all(&readers, &query, NULL, &whole), SS_OK);
    size_t live = readers.failing.live, n = 0;
    int status;
    do {
        readers.failing.calls = 0;
        readers.failing.fail_at = ++n;
        status = read_all(&readers, &query, NULL, &lines);
        assert_true(status == SS_OK || status == SS_ERR_NOMEM);
        assert_int_equal(readers.failing.live, live);
    } while (status != SS_OK);
    assert_true(n > 4);
    assert_int_equal(lines.count, whole.count);
    readers_close(&readers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bases),
        cmocka_unit_test(test_own_and_shared),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_categories),
        cmocka_unit_test(test_known_versions),
        cmocka_unit_test(test_tombstones),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_page_goes_on),
        cmocka_unit_test(test_page_ends_unborn),
        cmocka_unit_test(test_page_out_of_history),
        cmocka_unit_test(test_page_slot_reused),
        cmocka_unit_test(test_random_pages),
        cmocka_unit_test(test_random_positions),
        cmocka_unit_test(test_allocation_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
