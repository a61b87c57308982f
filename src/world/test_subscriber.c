/* SPDX-License-Identifier: Apache-2.0 */
#include "world/subscriber.h"

#include <math.h>

#include "world/readers.h"

/* Everything that a subscriber tells now, as text; each thing costs `cost` bytes. */
static void listen_to(struct readers *readers, struct subscriber *subscriber, uint64_t until,
                      size_t cost, char *text, size_t size) {
    struct change change;
    size_t used = 0;
    text[0] = 0;
    while (subscriber_next(subscriber, until, readers->now, &change)) {
        assert_true(size - used > 100);
        if (change.kind == CHANGE_CAUGHT_UP) {
            strcpy(text + used, "caught up");
        } else if (change.kind == CHANGE_LOST) {
            strcpy(text + used, "lost");
        } else {
            if (change.kind == CHANGE_LEFT) {
                change.view.state = bytes_of("left");
            } else if (change.view.state.size == 12) {
                change.view.state = bytes_of("here");
            }
            print_view(text + used, size - used, &change.view);
        }
        strcat(text, "\n");
        used = strlen(text);
        subscriber_spend(subscriber, cost);
    }
}

#define EXPECT(readers, subscriber, expected)                                                      \
    EXPECT_UNTIL(readers, subscriber, UINT64_MAX, expected)
#define EXPECT_UNTIL(readers, subscriber, until, expected)                                         \
    do {                                                                                           \
        char all_heard[4096];                                                                      \
        listen_to(readers, subscriber, until, 0, all_heard, sizeof all_heard);                     \
        assert_string_equal(all_heard, expected);                                                  \
    } while (0)

static struct subscriber *subscribe(struct readers *readers,
                                    const struct subscriber_filter *filter) {
    struct subscriber *subscriber;
    assert_int_equal(subscriber_create(&subscriber, readers->world, filter, readers->now), SS_OK);
    return subscriber;
}

/* ---- the start ----------------------------------------------------------------------------- */

static void test_start(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put(&readers, ALICE, PROFILE, "name", "alice");
    put(&readers, BOB, PROFILE, "name", "bob");
    put(&readers, ALICE, BAG, "gold", "1");
    put(&readers, BOB, BAG, "gold", "2");
    put(&readers, ALICE, BOARD, "score", "0:0");
    put(&readers, ALICE, SECRET, "seed", "1");
    put(&readers, ALICE, BAG, "silver", "1");
    del(&readers, ALICE, BAG, "silver");
    struct subscriber_filter filter = {.player = ALICE};
    struct subscriber *subscriber = subscribe(&readers, &filter);
    assert_int_equal(subscriber_told(subscriber), 0);
    EXPECT(&readers, subscriber,
           "11 profile/name=1:alice\n22 profile/name=1:bob\n11 bag/gold=1:1\n0 board/score=1:0:0\n"
           "caught up\n");
    EXPECT(&readers, subscriber, "");
    put(&readers, BOB, PROFILE, "name", "rob");
    put(&readers, BOB, BAG, "gold", "3");
    put(&readers, ALICE, BAG, "gold", "3");
    put(&readers, BOB, PROFILE, "name", "robert");
    uint64_t seq = del(&readers, ALICE, PROFILE, "name");
    EXPECT(&readers, subscriber,
           "11 bag/gold=2:3\n22 profile/name=3:robert\n11 profile/name=2:-\n");
    EXPECT(&readers, subscriber, "");
    assert_int_equal(subscriber_told(subscriber), seq);
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

static void test_known(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put(&readers, ALICE, BAG, "same", "1");
    put(&readers, ALICE, BAG, "old", "1");
    put(&readers, ALICE, BAG, "old", "2");
    put(&readers, ALICE, BAG, "dead", "1");
    put(&readers, ALICE, BAG, "again", "1");
    del(&readers, ALICE, BAG, "dead");
    del(&readers, ALICE, BAG, "again");
    const struct known_version have[] = {known(BAG, "same", 1),  known(BAG, "old", 1),
                                         known(BAG, "dead", 1),  known(BAG, "again", 1),
                                         known(BAG, "never", 4), known(SECRET, "no", 1),
                                         known(BOARD, "x", 1),   known(BAG, "dead", 2)};
    struct subscriber_filter filter = {.player = ALICE, .known = have, .known_count = 8};
    struct subscriber *subscriber = subscribe(&readers, &filter);
    put(&readers, ALICE, BAG, "again", "2");
    EXPECT(&readers, subscriber,
           "11 bag/dead=2:-\n11 bag/never=0:-\n0 board/x=0:-\n11 bag/old=2:2\n11 bag/again=3:2\n"
           "caught up\n11 bag/again=3:2\n");
    put(&readers, ALICE, BAG, "same", "2");
    EXPECT(&readers, subscriber, "11 bag/same=2:2\n");
    subscriber_destroy(subscriber);
    /* What the client has changes before it is looked at. */
    subscriber = subscribe(&readers, &(struct subscriber_filter){
                                         .player = ALICE,
                                         .known = (struct known_version[]){known(BAG, "same", 2)},
                                         .known_count = 1});
    del(&readers, ALICE, BAG, "same");
    EXPECT(&readers, subscriber, "11 bag/old=2:2\n11 bag/again=3:2\ncaught up\n11 bag/same=3:-\n");
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

static void test_resume(void **state) {
    struct readers readers = {0};
    struct subscriber *subscriber;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put(&readers, ALICE, BAG, "a", "1");
    uint64_t since = put(&readers, ALICE, BAG, "b", "1");
    put(&readers, ALICE, BAG, "c", "1");
    del(&readers, ALICE, BAG, "a");
    struct subscriber_filter filter = {.player = ALICE, .since = since};
    subscriber = subscribe(&readers, &filter);
    assert_int_equal(subscriber_told(subscriber), since);
    EXPECT(&readers, subscriber, "11 bag/c=1:1\n11 bag/a=2:-\ncaught up\n");
    uint64_t told = subscriber_told(subscriber);
    subscriber_destroy(subscriber);
    filter.since = told;
    subscriber = subscribe(&readers, &filter);
    put(&readers, ALICE, BAG, "b", "2");
    EXPECT(&readers, subscriber, "caught up\n11 bag/b=2:2\n");
    subscriber_destroy(subscriber);
    forget(&readers);
    filter.since = since;
    assert_int_equal(subscriber_create(&subscriber, readers.world, &filter, 0), SS_ERR_STALE);
    filter.since = UINT64_MAX;
    assert_int_equal(subscriber_create(&subscriber, readers.world, &filter, 0), SS_ERR_STALE);
    readers_close(&readers);
}

/* However slow the reader and busy the world: every cell of the beginning is told before the end of
 * it. */
static void test_busy_start(void **state) {
    struct readers readers = {0};
    char heard[1024], key[8];
    unsigned told[20] = {0}, turns = 0;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "k%02u", i);
        put(&readers, ALICE, BAG, key, "0");
    }
    struct subscriber_filter filter = {.player = ALICE, .bytes_per_second = 1000};
    struct subscriber *subscriber = subscribe(&readers, &filter);
    do {
        readers.now += SS_SECOND / 10;
        for (unsigned i = 0; i < 20; i++) {
            snprintf(key, sizeof key, "k%02u", i);
            put(&readers, ALICE, BAG, key, "1");
        }
        listen_to(&readers, subscriber, UINT64_MAX, 300, heard, sizeof heard);
        for (unsigned i = 0; i < 20; i++) {
            snprintf(key, sizeof key, "k%02u", i);
            told[i] += strstr(heard, key) != NULL;
        }
    } while (!strstr(heard, "caught up") && ++turns < 1000);
    assert_in_range(turns, 10, 100);
    for (unsigned i = 0; i < 20; i++)
        assert_true(told[i] > 0);
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* ---- filters ------------------------------------------------------------------------------- */

static void test_filters(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put(&readers, ALICE, PROFILE, "name", "alice");
    put(&readers, BOB, PROFILE, "name", "bob");
    put(&readers, CAROL, PROFILE, "name", "carol");
    put(&readers, BOB, BAG, "gold", "2");
    put(&readers, BOB, SECRET, "seed", "2");
    put(&readers, ALICE, BOARD, "score", "0:0");
    struct bytes categories[] = {bytes_of("profile"), bytes_of("bag")};
    uint64_t owners[] = {BOB, 0};
    struct subscriber_filter filter = {.player = ALICE, .categories = categories};
    filter.category_count = 1;
    struct subscriber *profiles = subscribe(&readers, &filter);
    filter.category_count = 0;
    filter.owners = owners;
    filter.owner_count = 2;
    struct subscriber *bobs = subscribe(&readers, &filter);
    filter.owner_count = 1;
    filter.server = true;
    struct subscriber *server = subscribe(&readers, &filter);
    memset(owners, 0xff, sizeof owners); /* the lists were copied */
    categories[0] = bytes_of("gone");
    EXPECT(&readers, profiles,
           "11 profile/name=1:alice\n22 profile/name=1:bob\n33 profile/name=1:carol\ncaught up\n");
    EXPECT(&readers, bobs, "22 profile/name=1:bob\n0 board/score=1:0:0\ncaught up\n");
    EXPECT(&readers, server,
           "22 profile/name=1:bob\n22 bag/gold=1:2\n22 secret/seed=1:2\ncaught up\n");
    put(&readers, BOB, SECRET, "seed", "3");
    put(&readers, BOB, BOARD, "score", "1:0");
    put(&readers, ALICE, PROFILE, "name", "a");
    EXPECT(&readers, profiles, "11 profile/name=2:a\n");
    EXPECT(&readers, bobs, "0 board/score=2:1:0\n");
    EXPECT(&readers, server, "22 secret/seed=2:3\n");
    subscriber_destroy(profiles);
    subscriber_destroy(bobs);
    subscriber_destroy(server);
    readers_close(&readers);
}

static void test_origin(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put_from(&readers, ALICE, BAG, "a", bytes_of("1"), 5);
    put_from(&readers, ALICE, BAG, "b", bytes_of("1"), 6);
    struct subscriber *mine =
        subscribe(&readers, &(struct subscriber_filter){.player = ALICE, .origin = 5});
    /* The start tells also what the stream wrote before it subscribed. */
    EXPECT(&readers, mine, "11 bag/a=1:1\n11 bag/b=1:1\ncaught up\n");
    put_from(&readers, ALICE, BAG, "b", bytes_of("2"), 5);
    uint64_t seq = put_from(&readers, ALICE, BAG, "a", bytes_of("2"), 6);
    EXPECT(&readers, mine, "11 bag/a=2:2\n");
    assert_int_equal(subscriber_told(mine), seq);
    seq = put_from(&readers, ALICE, BAG, "a", bytes_of("3"), 5);
    EXPECT(&readers, mine, "");
    assert_int_equal(subscriber_told(mine), seq);
    subscriber_destroy(mine);
    /* 0 is no stream. */
    struct subscriber *other = subscribe(&readers, &(struct subscriber_filter){.player = ALICE});
    put(&readers, ALICE, BAG, "a", "4");
    EXPECT(&readers, other, "11 bag/a=4:4\n11 bag/b=2:2\ncaught up\n11 bag/a=4:4\n");
    subscriber_destroy(other);
    readers_close(&readers);
}

static void test_until(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    uint64_t first = put(&readers, ALICE, BAG, "a", "1");
    uint64_t second = put(&readers, ALICE, BAG, "b", "1");
    struct subscriber *subscriber =
        subscribe(&readers, &(struct subscriber_filter){.player = ALICE});
    EXPECT_UNTIL(&readers, subscriber, 0, "");
    EXPECT_UNTIL(&readers, subscriber, first, "11 bag/a=1:1\n");
    EXPECT_UNTIL(&readers, subscriber, second, "11 bag/b=1:1\ncaught up\n");
    uint64_t third = put(&readers, ALICE, BAG, "a", "2");
    put(&readers, ALICE, BAG, "b", "2");
    EXPECT_UNTIL(&readers, subscriber, second, "");
    EXPECT_UNTIL(&readers, subscriber, third, "11 bag/a=2:2\n");
    assert_int_equal(subscriber_told(subscriber), third);
    EXPECT(&readers, subscriber, "11 bag/b=2:2\n");
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* The start waits for what stood when it began, but not for what changes meanwhile. */
static void test_until_at_start(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    uint64_t first = put(&readers, ALICE, BAG, "a", "1");
    put(&readers, ALICE, BAG, "dead", "1");
    uint64_t grave = del(&readers, ALICE, BAG, "dead");
    put(&readers, BOB, BAG, "hidden", "1");
    uint64_t begin = del(&readers, BOB, BAG, "hidden");
    const struct known_version have = known(BAG, "dead", 1);
    struct subscriber *subscriber = subscribe(
        &readers, &(struct subscriber_filter){.player = ALICE, .known = &have, .known_count = 1});
    EXPECT_UNTIL(&readers, subscriber, first, "");
    EXPECT_UNTIL(&readers, subscriber, grave, "11 bag/dead=2:-\n11 bag/a=1:1\n");
    put(&readers, ALICE, BAG, "a", "2");
    EXPECT_UNTIL(&readers, subscriber, begin, "caught up\n");
    EXPECT(&readers, subscriber, "11 bag/a=2:2\n");
    subscriber_destroy(subscriber);
    subscriber = subscribe(&readers, &(struct subscriber_filter){.player = ALICE});
    uint64_t busy = put(&readers, ALICE, BAG, "a", "3");
    EXPECT_UNTIL(&readers, subscriber, busy - 1, "caught up\n");
    EXPECT(&readers, subscriber, "11 bag/a=3:3\n");
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

static void test_interval(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    struct subscriber *subscriber = subscribe(
        &readers, &(struct subscriber_filter){.player = ALICE, .interval = 100 * SS_MILLISECOND});
    EXPECT(&readers, subscriber, "caught up\n");
    put(&readers, ALICE, BAG, "a", "1");
    EXPECT(&readers, subscriber, "");
    readers.now += 100 * SS_MILLISECOND;
    EXPECT(&readers, subscriber, "11 bag/a=1:1\n");
    put(&readers, ALICE, BAG, "a", "2");
    readers.now += 90 * SS_MILLISECOND;
    EXPECT(&readers, subscriber, "");
    put(&readers, ALICE, BAG, "a", "3");
    readers.now += 10 * SS_MILLISECOND;
    EXPECT(&readers, subscriber, "11 bag/a=3:3\n");
    /* Rounds that had nothing for this reader delay nothing. */
    readers.now += 100 * SS_MILLISECOND;
    put(&readers, BOB, BAG, "a", "1");
    EXPECT(&readers, subscriber, "");
    put(&readers, ALICE, BAG, "a", "4");
    EXPECT(&readers, subscriber, "11 bag/a=4:4\n");
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* ---- slow readers -------------------------------------------------------------------------- */

static void test_newest_only(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put(&readers, ALICE, BAG, "a", "0000");
    put(&readers, ALICE, BAG, "b", "0000");
    struct subscriber *subscriber =
        subscribe(&readers, &(struct subscriber_filter){.player = ALICE});
    EXPECT(&readers, subscriber, "11 bag/a=1:0000\n11 bag/b=1:0000\ncaught up\n");
    for (int i = 0; i < 20; i++)
        put(&readers, ALICE, BAG, "a", "0000");
    size_t live = readers.failing.live;
    for (int i = 0; i < 1000; i++)
        put(&readers, ALICE, BAG, "a", "0001");
    assert_int_equal(readers.failing.live, live);
    put(&readers, ALICE, BAG, "b", "0002");
    EXPECT(&readers, subscriber, "11 bag/a=1021:0001\n11 bag/b=2:0002\n");
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

static void test_budget(void **state) {
    struct readers readers = {0};
    char heard[1024];
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    struct subscriber *subscriber =
        subscribe(&readers, &(struct subscriber_filter){.player = ALICE, .bytes_per_second = 1000});
    EXPECT(&readers, subscriber, "caught up\n");
    for (char key[] = "a"; key[0] <= 'e'; key[0]++)
        put(&readers, ALICE, BAG, key, "1");
    /* One second's worth at once, and the last one may overdraw it. */
    listen_to(&readers, subscriber, UINT64_MAX, 600, heard, sizeof heard);
    assert_string_equal(heard, "11 bag/a=1:1\n11 bag/b=1:1\n");
    readers.now += 199 * SS_MILLISECOND;
    listen_to(&readers, subscriber, UINT64_MAX, 600, heard, sizeof heard);
    assert_string_equal(heard, "");
    readers.now += 2 * SS_MILLISECOND;
    listen_to(&readers, subscriber, UINT64_MAX, 600, heard, sizeof heard);
    assert_string_equal(heard, "11 bag/c=1:1\n");
    put(&readers, ALICE, BAG, "d", "2"); /* moves behind e */
    readers.now += 3600 * SS_SECOND;     /* no more than one second's worth is saved up */
    listen_to(&readers, subscriber, UINT64_MAX, 600, heard, sizeof heard);
    assert_string_equal(heard, "11 bag/e=1:1\n11 bag/d=2:2\n");
    subscriber_spend(subscriber, SIZE_MAX);
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* Everything changes every turn in the same order, and the budget is for a third of it. */
static void test_fairness(void **state) {
    struct readers readers = {0};
    char heard[4096], key[8];
    unsigned told[30] = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    struct subscriber *subscriber =
        subscribe(&readers, &(struct subscriber_filter){.player = ALICE, .bytes_per_second = 1000});
    for (int turn = 0; turn < 300; turn++) {
        for (unsigned i = 0; i < 30; i++) {
            snprintf(key, sizeof key, "k%02u", i);
            put(&readers, ALICE, BAG, key, "x");
        }
        readers.now += SS_SECOND - 30 * SS_MILLISECOND;
        listen_to(&readers, subscriber, UINT64_MAX, 100, heard, sizeof heard);
        for (unsigned i = 0; i < 30; i++) {
            snprintf(key, sizeof key, "k%02u", i);
            told[i] += strstr(heard, key) != NULL;
        }
    }
    for (unsigned i = 0; i < 30; i++)
        assert_in_range(told[i], 90, 110);
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

static void test_lost(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put(&readers, ALICE, BAG, "a", "1");
    put(&readers, ALICE, BAG, "b", "1");
    put_at(&readers, BOB, "p", 0);
    struct subscriber_filter filter = {.player = ALICE, .has_area = true, .radius = 1};
    struct subscriber *subscriber = subscribe(&readers, &filter);
    struct subscriber *fresh = subscribe(&readers, &filter);
    EXPECT(&readers, subscriber, "11 bag/a=1:1\n11 bag/b=1:1\n22 place/p=1:here\ncaught up\n");
    del(&readers, ALICE, BAG, "b");
    EXPECT(&readers, subscriber, "11 bag/b=2:-\n");
    forget(&readers); /* it has heard of that one */
    EXPECT(&readers, subscriber, "");
    uint64_t grave = del(&readers, BOB, PLACE, "p");
    forget(&readers);
    uint64_t seq = put(&readers, ALICE, BAG, "a", "2");
    EXPECT_UNTIL(&readers, subscriber, grave - 1, "");
    EXPECT(&readers, subscriber, "lost\n");
    assert_int_equal(subscriber_told(subscriber), seq);
    EXPECT(&readers, subscriber, "");
    put(&readers, ALICE, BAG, "a", "3");
    EXPECT(&readers, subscriber, "11 bag/a=4:3\n"); /* above what the tombstones held */
    EXPECT(&readers, fresh, "lost\ncaught up\n");   /* had not even begun */
    subscriber_destroy(subscriber);
    subscriber_destroy(fresh);
    readers_close(&readers);
}

/* ---- areas --------------------------------------------------------------------------------- */

static void test_area(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put_at(&readers, ALICE, "p", 10);
    put_at(&readers, BOB, "p", 200);
    put(&readers, CAROL, PLACE, "p", "nowhere");
    put(&readers, ALICE, BOARD, "score", "0:0");
    struct subscriber_filter filter = {
        .player = ALICE, .has_area = true, .center = {0, 0, 0}, .radius = 100};
    struct subscriber *subscriber = subscribe(&readers, &filter);
    EXPECT(&readers, subscriber,
           "11 place/p=1:here\n33 place/p=1:nowhere\n0 board/score=1:0:0\ncaught up\n");
    put_at(&readers, BOB, "p", 101);
    EXPECT(&readers, subscriber, "");
    put_at(&readers, BOB, "p", 100);
    EXPECT(&readers, subscriber, "22 place/p=3:here\n");
    put_at(&readers, BOB, "p", 104); /* a step over the border is not away */
    EXPECT(&readers, subscriber, "22 place/p=4:here\n");
    put_at(&readers, BOB, "p", 106);
    EXPECT(&readers, subscriber, "22 place/p=5:left\n");
    put_at(&readers, BOB, "p", 104);
    EXPECT(&readers, subscriber, "");
    put_at(&readers, CAROL, "p", -500);
    EXPECT(&readers, subscriber, "33 place/p=2:left\n");
    put_at(&readers, ALICE, "p", 500);
    put_at(&readers, ALICE, "p", 5);
    EXPECT(&readers, subscriber, "11 place/p=3:here\n");
    del(&readers, BOB, PLACE, "p"); /* outside */
    del(&readers, ALICE, PLACE, "p");
    EXPECT(&readers, subscriber, "11 place/p=4:-\n");
    put_at(&readers, ALICE, "p", NAN);
    EXPECT(&readers, subscriber, "");
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* Members that die leave the set, and a slot taken by another cell makes it no member. */
static void test_area_members_die(void **state) {
    struct readers readers = {0};
    char heard[4096], key[8];
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    struct subscriber *subscriber = subscribe(
        &readers, &(struct subscriber_filter){.player = ALICE, .has_area = true, .radius = 10});
    size_t live = 0;
    for (unsigned round = 0; round < 100; round++) {
        for (unsigned i = 0; i < 40; i++) {
            snprintf(key, sizeof key, "%u-%u", round, i);
            put_at(&readers, BOB, key, 1);
        }
        if (round % 3) listen_to(&readers, subscriber, UINT64_MAX, 0, heard, sizeof heard);
        for (unsigned i = 0; i < 40; i++) {
            snprintf(key, sizeof key, "%u-%u", round, i);
            del(&readers, BOB, PLACE, key);
        }
        if (round % 2) listen_to(&readers, subscriber, UINT64_MAX, 0, heard, sizeof heard);
        forget(&readers);
        if (round == 10) live = readers.failing.live;
    }
    listen_to(&readers, subscriber, UINT64_MAX, 0, heard, sizeof heard);
    assert_true(readers.failing.live <= live);
    put_at(&readers, BOB, "far", 100);
    EXPECT(&readers, subscriber, "");
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* What the client has already and does not lie inside any more, it is told to drop. */
static void test_area_known(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put_at(&readers, ALICE, "near", 1);
    put_at(&readers, ALICE, "far", 99);
    put_at(&readers, ALICE, "late", 1);
    const struct known_version have[] = {known(PLACE, "near", 1), known(PLACE, "far", 1),
                                         known(PLACE, "late", 1)};
    struct subscriber_filter filter = {
        .player = ALICE, .has_area = true, .radius = 10, .known = have, .known_count = 3};
    struct subscriber *subscriber = subscribe(&readers, &filter);
    del(&readers, ALICE, PLACE, "late");
    EXPECT(&readers, subscriber, "11 place/far=1:left\ncaught up\n11 place/late=2:-\n");
    put_at(&readers, ALICE, "near", 50);
    EXPECT(&readers, subscriber, "11 place/near=2:left\n");
    subscriber_destroy(subscriber);
    subscriber = subscribe(&readers, &filter); /* "late" is dead now, and rises elsewhere */
    put_at(&readers, ALICE, "late", 60);
    EXPECT(&readers, subscriber,
           "11 place/near=2:left\n11 place/far=1:left\n11 place/late=3:left\ncaught up\n");
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

static void test_area_resume(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put_at(&readers, ALICE, "stays", 1);
    put_at(&readers, ALICE, "goes", 1);
    put_at(&readers, ALICE, "dies", 1);
    uint64_t since = put_at(&readers, ALICE, "far", 99);
    put_at(&readers, ALICE, "goes", 50);
    put_at(&readers, ALICE, "comes", 2);
    del(&readers, ALICE, PLACE, "dies");
    struct subscriber *subscriber =
        subscribe(&readers, &(struct subscriber_filter){
                                .player = ALICE, .has_area = true, .radius = 10, .since = since});
    EXPECT(&readers, subscriber,
           "11 place/goes=2:left\n11 place/comes=1:here\n11 place/dies=2:-\ncaught up\n");
    put_at(&readers, ALICE, "stays", 50);
    put_at(&readers, ALICE, "far", 80);
    EXPECT(&readers, subscriber, "11 place/stays=2:left\n");
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

static void test_bad_filters(void **state) {
    struct readers readers = {0};
    struct subscriber *subscriber;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    struct subscriber_filter filter = {.player = ALICE, .has_area = true, .radius = -1};
    assert_int_equal(subscriber_create(&subscriber, readers.world, &filter, 0), SS_ERR_INVALID);
    filter.radius = NAN;
    assert_int_equal(subscriber_create(&subscriber, readers.world, &filter, 0), SS_ERR_INVALID);
    filter.radius = 1;
    filter.center[2] = INFINITY;
    assert_int_equal(subscriber_create(&subscriber, readers.world, &filter, 0), SS_ERR_INVALID);
    filter = (struct subscriber_filter){.player = ALICE, .interval = -1};
    assert_int_equal(subscriber_create(&subscriber, readers.world, &filter, 0), SS_ERR_INVALID);
    readers_close(&readers);
}

/* ---- a mirror ------------------------------------------------------------------------------ */

#define KEYS   8
#define OWNERS 3
static const uint64_t everybody[OWNERS] = {ALICE, BOB, CAROL};

/* What a client of one subscriber holds. */
struct mirror {
    struct subscriber_filter filter;
    struct subscriber *subscriber;
    uint32_t versions[OWNERS][CATEGORIES][KEYS]; /* 0: nothing */
    float x[OWNERS][KEYS];
    size_t cost;
    bool caught_up;
    unsigned lost, changes, bases; /* changes of what is held; those of which the base is known */
};

static size_t owner_place(uint64_t owner) {
    for (size_t i = 0; i < OWNERS; i++)
        if (everybody[i] == owner) return i;
    return 0; /* the shared cells stand at the first */
}

static uint32_t *mirror_cell(struct mirror *mirror, const struct cell_view *view) {
    int category = 0;
    while (!bytes_equal(bytes_of(category_names[category]), view->category))
        category++;
    return &mirror->versions[owner_place(view->owner)][category][view->key.data[0] - '0'];
}

static void mirror_open(struct mirror *mirror, struct readers *readers) {
    static struct known_version have[CATEGORIES * KEYS];
    static char keys[KEYS][2];
    size_t count = 0;
    uint64_t player = mirror->filter.player;
    for (int category = 0; category < CATEGORIES; category++)
        for (int key = 0; key < KEYS; key++) {
            size_t place = category == BOARD ? 0 : owner_place(player);
            keys[key][0] = (char)('0' + key);
            if (mirror->versions[place][category][key])
                have[count++] = known(category, keys[key], mirror->versions[place][category][key]);
        }
    mirror->filter.known = have;
    mirror->filter.known_count = count;
    mirror->caught_up = false;
    assert_int_equal(
        subscriber_create(&mirror->subscriber, readers->world, &mirror->filter, readers->now),
        SS_OK);
}

static void mirror_restart(struct mirror *mirror, struct readers *readers, bool resume) {
    uint64_t told = subscriber_told(mirror->subscriber);
    uint64_t player = mirror->filter.player;
    if (!mirror->caught_up) return;
    subscriber_destroy(mirror->subscriber);
    mirror->filter.since = resume ? told : 0;
    if (!resume) /* only one's own and the shared cells can be named: the others are dropped */
        for (size_t i = 0; i < OWNERS; i++)
            for (int category = 0; category < CATEGORIES; category++)
                if (i != owner_place(player) && category != BOARD)
                    memset(mirror->versions[i][category], 0, sizeof mirror->versions[i][category]);
    mirror->caught_up = false;
    int status = SS_ERR_STALE;
    if (resume)
        status =
            subscriber_create(&mirror->subscriber, readers->world, &mirror->filter, readers->now);
    if (status == SS_OK) return;
    assert_int_equal(status, SS_ERR_STALE);
    if (resume) memset(mirror->versions, 0, sizeof mirror->versions);
    mirror->filter.since = 0;
    mirror_open(mirror, readers);
}

static void mirror_hear(struct mirror *mirror, struct readers *readers, uint64_t until) {
    struct change change;
    uint64_t told = subscriber_told(mirror->subscriber);
    while (subscriber_next(mirror->subscriber, until, readers->now, &change)) {
        subscriber_spend(mirror->subscriber, mirror->cost);
        if (change.kind == CHANGE_CAUGHT_UP) mirror->caught_up = true;
        if (change.kind == CHANGE_LOST) { /* the client begins anew */
            subscriber_destroy(mirror->subscriber);
            memset(mirror->versions, 0, sizeof mirror->versions);
            mirror->filter.since = 0;
            mirror_open(mirror, readers);
            mirror->lost++;
            return;
        }
        assert_true(subscriber_told(mirror->subscriber) >= told);
        if (change.kind == CHANGE_CAUGHT_UP) continue;
        assert_true(change.view.seq <= until);
        uint32_t *version = mirror_cell(mirror, &change.view);
        assert_true(change.view.version >= *version || change.view.version == 0);
        mirror->changes += *version != 0 && change.kind == CHANGE_CELL && !change.view.deleted;
        if (change.base.version) { /* exactly what this reader holds, or silence */
            assert_int_equal(change.base.version, *version);
            assert_false(change.base.deleted || change.view.deleted);
            mirror->bases++;
        }
        *version = change.view.deleted || change.kind == CHANGE_LEFT ? 0 : change.view.version;
    }
}

/* What the mirror must hold in the end, by the rules as they stand in the contract. */
static bool mirror_wants(const struct mirror *mirror, uint64_t owner, int category, float x,
                         bool has_it) {
    const struct subscriber_filter *filter = &mirror->filter;
    if (category == SECRET && !filter->server) return false;
    if (category == BAG && !filter->server && owner != filter->player) return false;
    bool asked = filter->category_count == 0;
    for (size_t i = 0; i < filter->category_count; i++)
        asked |= bytes_equal(filter->categories[i], bytes_of(category_names[category]));
    bool whose = filter->owner_count == 0;
    for (size_t i = 0; i < filter->owner_count; i++)
        whose |= filter->owners[i] == owner_in(category, owner);
    if (!asked || !whose) return false;
    if (!filter->has_area || category != PLACE) return true;
    double away = fabs((double)x - (double)filter->center[0]), radius = (double)filter->radius;
    return away <= radius || (has_it && away <= radius * 1.05);
}

static void mirror_compare(struct mirror *mirror, const struct readers *readers) {
    for (size_t i = 0; i < OWNERS; i++)
        for (int category = 0; category < CATEGORIES; category++)
            for (int key = 0; key < KEYS; key++) {
                if (category == BOARD && i != 0) continue;
                struct cell_view view = {.deleted = true};
                char name[2] = {(char)('0' + key), 0};
                float x = 0;
                world_get(readers->world, owner_in(category, everybody[i]),
                          bytes_of(category_names[category]), bytes_of(name), &view);
                if (view.state.size == 12) memcpy(&x, view.state.data, sizeof x);
                uint32_t held = mirror->versions[i][category][key];
                bool wanted =
                    !view.deleted && mirror_wants(mirror, everybody[i], category, x, held != 0);
                assert_int_equal(held, wanted ? view.version : 0);
            }
}

static void random_change(struct readers *readers, struct random *random) {
    uint64_t owner = everybody[random_below(random, OWNERS)];
    int category = (int)random_below(random, CATEGORIES);
    char key[2] = {(char)('0' + random_below(random, KEYS)), 0};
    if (random_below(random, 5) == 0 && version_of(readers, owner, category, key)) {
        del(readers, owner, category, key);
    } else if (category == PLACE) {
        put_at(readers, owner, key, (float)random_below(random, 240));
    } else {
        put(readers, owner, category, key, "state");
    }
}

static void test_mirrors(void **state) {
    struct readers readers = {0};
    struct random random = {3};
    struct bytes categories[] = {bytes_of("profile"), bytes_of("place")};
    uint64_t owners[] = {BOB, CAROL};
    struct mirror mirrors[] = {
        {.filter = {.player = ALICE}},
        {.filter = {.player = ALICE, .server = true}, .cost = 3},
        {.filter = {.player = BOB, .categories = categories, .category_count = 2}},
        {.filter = {.player = BOB, .owners = owners, .owner_count = 2}},
        {.filter = {.player = CAROL, .has_area = true, .radius = 100}},
        {.filter = {.player = ALICE, .bytes_per_second = 2000}, .cost = 50},
        {.filter = {.player = BOB, .has_area = true, .radius = 60, .bytes_per_second = 3000},
         .cost = 50},
        {.filter = {.player = CAROL, .interval = 50 * SS_MILLISECOND}},
    };
    const size_t count = sizeof mirrors / sizeof *mirrors;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    for (size_t i = 0; i < count; i++) {
        mirrors[i].filter.bases = true;
        mirror_open(&mirrors[i], &readers);
    }
    for (int round = 0; round < 400; round++) {
        for (int turn = 0; turn < 20; turn++) {
            struct world_stats stats;
            for (uint64_t n = random_below(&random, 20); n > 0; n--)
                random_change(&readers, &random);
            world_stats(readers.world, &stats);
            size_t i = random_below(&random, count);
            mirror_hear(&mirrors[i], &readers, stats.seq - random_below(&random, 5));
        }
        if (random_below(&random, 10) == 0) forget(&readers);
        if (random_below(&random, 4) == 0)
            mirror_restart(&mirrors[random_below(&random, count)], &readers,
                           random_below(&random, 2));
        if (round % 10) continue;
        for (int turn = 0; turn < 100; turn++) { /* the world rests: everybody catches up */
            readers.now += SS_SECOND / 10;
            for (size_t i = 0; i < count; i++)
                mirror_hear(&mirrors[i], &readers, UINT64_MAX);
        }
        for (size_t i = 0; i < count; i++) {
            assert_true(mirrors[i].caught_up);
            mirror_compare(&mirrors[i], &readers);
        }
    }
    for (size_t i = 0; i < count; i++) {
        assert_true(mirrors[i].lost > 0);
        if (mirrors[i].filter.bytes_per_second == 0) /* who keeps up gets bases */
            assert_true(mirrors[i].bases * 2 > mirrors[i].changes);
        subscriber_destroy(mirrors[i].subscriber);
    }
    readers_close(&readers);
}

/* ---- what a reader holds ------------------------------------------------------------------- */

/* The version that the next change of `key` is told against, 0: of none. */
static uint32_t next_base(struct readers *readers, struct subscriber *subscriber) {
    struct change change;
    assert_true(subscriber_next(subscriber, UINT64_MAX, readers->now, &change));
    assert_int_equal(change.kind, CHANGE_CELL);
    return change.base.version;
}

static void test_bases(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put(&readers, ALICE, BAG, "a", "1");
    put(&readers, ALICE, BAG, "b", "1");
    put(&readers, ALICE, BAG, "b", "2");
    const struct known_version have[] = {known(BAG, "b", 1)};
    struct subscriber_filter filter = {
        .player = ALICE, .origin = 77, .known = have, .known_count = 1, .bases = true};
    struct subscriber *subscriber = subscribe(&readers, &filter);
    assert_int_equal(next_base(&readers, subscriber), 0);
    assert_int_equal(next_base(&readers, subscriber), 1);
    EXPECT(&readers, subscriber, "caught up\n");
    put(&readers, ALICE, BAG, "a", "2");
    assert_int_equal(next_base(&readers, subscriber), 1);
    uint64_t three = put(&readers, ALICE, BAG, "a", "3");
    put(&readers, ALICE, BAG, "a", "4");
    EXPECT_UNTIL(&readers, subscriber, three, "");
    assert_int_equal(next_base(&readers, subscriber), 0); /* 3 was passed over: who knows */
    EXPECT(&readers, subscriber, "");
    subscriber_doubt(subscriber);
    put(&readers, ALICE, BAG, "a", "5");
    assert_int_equal(next_base(&readers, subscriber), 0);
    EXPECT(&readers, subscriber, "");
    put(&readers, ALICE, BAG, "a", "6");
    assert_int_equal(next_base(&readers, subscriber), 5);
    EXPECT(&readers, subscriber, "");
    put_from(&readers, ALICE, BAG, "a", bytes_of("7"),
             77); /* its own: not told, and it may have replaced 6 */
    EXPECT(&readers, subscriber, "");
    put(&readers, ALICE, BAG, "a", "8");
    assert_int_equal(next_base(&readers, subscriber), 0);
    EXPECT(&readers, subscriber, "");
    del(&readers, ALICE, BAG, "a");
    assert_int_equal(next_base(&readers, subscriber), 0);
    EXPECT(&readers, subscriber, "");
    put(&readers, ALICE, BAG, "a", "again");
    assert_int_equal(next_base(&readers, subscriber), 0);
    for (int i = 0; i < 8; i++) /* the history ends after eight versions */
        put(&readers, ALICE, BAG, "a", "many");
    assert_int_equal(next_base(&readers, subscriber), 0);
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* What came back into the area is new to its reader. */
static void test_bases_in_an_area(void **state) {
    struct readers readers = {0};
    struct subscriber_filter filter = {
        .player = BOB, .has_area = true, .radius = 10, .bases = true};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    put_at(&readers, ALICE, "p", 1);
    struct subscriber *subscriber = subscribe(&readers, &filter);
    EXPECT(&readers, subscriber, "11 place/p=1:here\ncaught up\n");
    put_at(&readers, ALICE, "p", 2);
    assert_int_equal(next_base(&readers, subscriber), 1);
    put_at(&readers, ALICE, "p", 20);
    EXPECT(&readers, subscriber, "11 place/p=3:left\n");
    put_at(&readers, ALICE, "p", 3);
    assert_int_equal(next_base(&readers, subscriber), 0);
    EXPECT(&readers, subscriber, "");
    put_at(&readers, ALICE, "p", 4);
    assert_int_equal(next_base(&readers, subscriber), 4);
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void test_allocation_failure(void **state) {
    struct readers readers = {0};
    struct subscriber *subscriber;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    for (char key[] = "a"; key[0] <= 'z'; key[0]++)
        put_at(&readers, ALICE, key, 1);
    const struct bytes categories[] = {bytes_of("place"), bytes_of("bag")};
    const uint64_t owners[] = {ALICE, 0};
    const struct known_version have[] = {known(PLACE, "a", 1), known(BAG, "none", 1)};
    struct subscriber_filter filter = {.player = ALICE,
                                       .categories = categories,
                                       .category_count = 2,
                                       .owners = owners,
                                       .owner_count = 2,
                                       .has_area = true,
                                       .radius = 10,
                                       .known = have,
                                       .known_count = 2,
                                       .bases = true};
    for (int resume = 0; resume < 2; resume++) {
        size_t live = readers.failing.live, n = 0;
        int status;
        filter.since = resume ? 5 : 0;
        do {
            readers.failing.calls = 0;
            readers.failing.fail_at = ++n;
            status = subscriber_create(&subscriber, readers.world, &filter, readers.now);
            assert_true(status == SS_OK || status == SS_ERR_NOMEM);
            if (status != SS_OK) assert_int_equal(readers.failing.live, live);
        } while (status != SS_OK);
        assert_true(n > 5);
        if (resume == 0) subscriber_destroy(subscriber);
    }
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* A write of the stream `ME`, which the reader has from its answer. */
enum { ME = 5 };
static void write_at(struct readers *readers, struct subscriber *subscriber, const char *key,
                     float x) {
    float position[3] = {x, 0, 0};
    put_from(readers, ALICE, PLACE, key, bytes_view(position, sizeof position), ME);
    assert_int_equal(
        subscriber_wrote(subscriber, ALICE, bytes_of(category_names[PLACE]), bytes_of(key)), SS_OK);
}

/* What it wrote itself it has: so it hears that it left, whoever moved it away, or that it is gone.
 */
static void test_area_own(void **state) {
    struct readers readers = {0};
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    struct subscriber *subscriber = subscribe(
        &readers,
        &(struct subscriber_filter){.player = ALICE, .origin = ME, .has_area = true, .radius = 10});
    EXPECT(&readers, subscriber, "caught up\n");
    write_at(&readers, subscriber, "in", 1);
    EXPECT(&readers, subscriber, "");
    write_at(&readers, subscriber, "out", 50);
    EXPECT(&readers, subscriber, "11 place/out=1:left\n");
    EXPECT(&readers, subscriber, "");
    write_at(&readers, subscriber, "moved", 1);
    put_at(&readers, ALICE, "moved", 50); /* before any round has met it */
    write_at(&readers, subscriber, "gone", 1);
    del(&readers, ALICE, PLACE, "gone");
    EXPECT(&readers, subscriber, "11 place/moved=2:left\n11 place/gone=2:-\n");
    write_at(&readers, subscriber, "away", 50);
    del(&readers, ALICE, PLACE, "away");
    EXPECT(&readers, subscriber, "11 place/away=2:-\n");
    /* Not what it may not hear of, and nothing that is not. */
    assert_int_equal(subscriber_wrote(subscriber, BOB, bytes_of("bag"), bytes_of("a")), SS_OK);
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

/* Without memory for the set of an area the subscriber waits, and loses nothing. */
static void test_area_allocation_failure(void **state) {
    struct readers readers = {0};
    char heard[4096];
    unsigned told = 0;
    (void)state;
    assert_int_equal(readers_open(&readers), SS_OK);
    struct subscriber *subscriber = subscribe(
        &readers, &(struct subscriber_filter){.player = ALICE, .has_area = true, .radius = 10});
    EXPECT(&readers, subscriber, "caught up\n");
    for (char key[] = "A"; key[0] <= 'z'; key[0]++)
        put_at(&readers, ALICE, key, 1);
    for (size_t turn = 0; turn < 10; turn++) {
        readers.failing.calls = 0;
        readers.failing.fail_at = 1 + turn % 2;
        listen_to(&readers, subscriber, UINT64_MAX, 0, heard, sizeof heard);
        for (const char *at = heard; (at = strchr(at, '\n')); at++)
            told++;
    }
    assert_int_equal(told, 'z' - 'A' + 1);
    subscriber_destroy(subscriber);
    readers_close(&readers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_busy_start),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_until),
        cmocka_unit_test(test_until_at_start),
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_newest_only),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_area),
        cmocka_unit_test(test_area_members_die),
        cmocka_unit_test(test_area_known),
        cmocka_unit_test(test_area_resume),
        cmocka_unit_test(test_bad_filters),
        cmocka_unit_test(test_mirrors),
        cmocka_unit_test(test_bases),
        cmocka_unit_test(test_bases_in_an_area),
        cmocka_unit_test(test_allocation_failure),
        cmocka_unit_test(test_area_own),
        cmocka_unit_test(test_area_allocation_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
