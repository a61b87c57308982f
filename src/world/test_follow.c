/* SPDX-License-Identifier: Apache-2.0 */
/* Followers, against what every watcher of an area must hold by the words of the contract. */
#include "world/follow.h"

#include <math.h>

#include "world/readers.h"

enum { SPOT, LIFE, PURSE, LAIR, LOOT, NOTE, KINDS };
static const char *const names[] = {"spot", "life", "purse", "lair", "loot", "note"};

struct zone {
    struct readers base; /* its world, time and memory */
    struct category kinds[KINDS], others[KINDS];
    const struct category *list[KINDS], *other_list[KINDS];
};

/* life and purse are where spot is; loot, where lair is, which only servers may read. */
static void kinds_fill(struct category *kinds, const struct category **list, bool purse) {
    for (int i = 0; i < KINDS; i++) {
        kinds[i] = category_default(names[i]);
        kinds[i].read = i == LAIR ? ACCESS_SERVER : ACCESS_ANY;
        kinds[i].history_versions = 8;
        list[i] = &kinds[i];
    }
    for (int i = SPOT; i <= LAIR; i += LAIR - SPOT) {
        kinds[i].format = &format_where;
        kinds[i].rules = (const struct format_rules *)(const void *)&format_where;
        kinds[i].spatial = true;
    }
    kinds[LIFE].follows = "spot";
    kinds[LOOT].follows = "lair";
    if (purse) kinds[PURSE].follows = "spot";
}

static void zone_open(struct zone *zone) {
    memset(zone, 0, sizeof *zone);
    kinds_fill(zone->kinds, zone->list, true);
    kinds_fill(zone->others, zone->other_list, false);
    zone->base.memory = failing_memory(&zone->base.failing);
    zone->base.now = 1000 * SS_SECOND;
    struct world_config config = world_config_default();
    config.key = (struct hash_key){1, 2};
    config.categories = zone->list;
    config.category_count = KINDS;
    assert_int_equal(world_create(&zone->base.world, &zone->base.memory, &config, zone->base.now),
                     SS_OK);
}

static uint64_t write_cell(struct zone *zone, uint64_t owner, int kind, const char *key,
                           struct bytes state, bool delete) {
    struct update update = {.player = owner,
                            .owner = owner,
                            .server = true,
                            .category = bytes_of(names[kind]),
                            .key = bytes_of(key),
                            .state = state,
                            .delete = delete};
    return apply(&zone->base, &update).seq;
}
static uint64_t say(struct zone *zone, int kind, const char *key, const char *state) {
    return write_cell(zone, ALICE, kind, key, bytes_of(state), false);
}
static uint64_t move(struct zone *zone, int kind, const char *key, float x) {
    float at[3] = {x, 0, 0};
    return write_cell(zone, ALICE, kind, key, bytes_view(at, sizeof at), false);
}
static uint64_t bury(struct zone *zone, int kind, const char *key) {
    return write_cell(zone, ALICE, kind, key, (struct bytes){0}, true);
}

static struct subscriber *watch(struct zone *zone, const struct subscriber_filter *filter) {
    struct subscriber *subscriber;
    assert_int_equal(
        subscriber_create(&subscriber, zone->base.world, filter, zone->base.now), SS_OK);
    return subscriber;
}

/* Everything that is told now: "spot/a life/a=1 -life/b" and so on, "-" for left, "x" for deleted. */
static void hear(struct zone *zone, struct subscriber *subscriber, char *text, size_t size) {
    struct change change;
    size_t used = 0;
    text[0] = 0;
    while (subscriber_next(subscriber, UINT64_MAX, zone->base.now, &change)) {
        const struct cell_view *view = &change.view;
        const char *mark = change.kind == CHANGE_LEFT ? "-" : view->deleted ? "x" : "";
        if (change.kind == CHANGE_CAUGHT_UP) used += (size_t)snprintf(text + used, size - used, ". ");
        if (change.kind == CHANGE_LOST) used += (size_t)snprintf(text + used, size - used, "? ");
        if (change.kind != CHANGE_CELL && change.kind != CHANGE_LEFT) continue;
        used += (size_t)snprintf(text + used, size - used, "%s%.*s/%.*s ", mark,
                                 (int)view->category.size, (const char *)view->category.data,
                                 (int)view->key.size, (const char *)view->key.data);
        assert_true(used < size);
    }
}
#define EXPECT(zone, subscriber, expected)                                                         \
    do {                                                                                           \
        char all_heard[1024];                                                                      \
        hear(zone, subscriber, all_heard, sizeof all_heard);                                       \
        assert_string_equal(all_heard, expected);                                                  \
    } while (0)

static void zone_close(struct zone *zone) {
    world_destroy(zone->base.world);
    assert_int_equal(zone->base.failing.live, 0);
}

static const struct subscriber_filter near_zero = {
    .player = BOB, .has_area = true, .radius = 10, .bases = true};

/* ---- policies ------------------------------------------------------------------------------ */

static void refused(void (*spoil)(struct category *kinds), const char *expected) {
    struct zone zone;
    struct reason why;
    zone_open(&zone);
    spoil(zone.others);
    assert_int_equal(
        world_reconfigure(zone.base.world, zone.other_list, KINDS, NULL, &why), SS_ERR_INVALID);
    assert_string_equal(why.text, expected);
    zone_close(&zone);
}

static void after_nobody(struct category *kinds) {
    kinds[LIFE].follows = "sport";
}
static void after_itself(struct category *kinds) {
    kinds[LIFE].follows = "life";
}
static void after_a_follower(struct category *kinds) {
    kinds[PURSE].follows = "life";
}
static void after_no_position(struct category *kinds) {
    kinds[LIFE].follows = "note";
}
static void with_a_position(struct category *kinds) {
    kinds[LAIR].follows = "spot";
}
static void of_another_scope(struct category *kinds) {
    kinds[LOOT].scope = SCOPE_SHARED;
}

static void test_refusals(void **state) {
    (void)state;
    refused(after_nobody, "category life follows sport, but there is no such category; want the "
                          "name of one with a position");
    refused(after_itself, "category life follows life, but that one follows another itself; want "
                          "the name of one with a position");
    refused(after_a_follower, "category purse follows life, but that one follows another itself; "
                              "want the name of one with a position");
    refused(after_no_position, "category life follows note, but that one has no position; give it "
                               "spatial, or follow another");
    refused(with_a_position, "category lair follows spot, but it has a position of its own; leave "
                             "out either follows or the position");
    refused(of_another_scope, "category loot follows lair, but only one of them is shared; want "
                              "the same scope in both");
}

static void test_undeclared_cannot_follow(void **state) {
    struct zone zone;
    struct reason why;
    struct category fallback = category_default("default");
    (void)state;
    zone_open(&zone);
    fallback.follows = "spot";
    assert_int_equal(world_reconfigure(zone.base.world, zone.list, KINDS, &fallback, &why),
                     SS_ERR_INVALID);
    zone_close(&zone);
}

/* ---- in an area ---------------------------------------------------------------------------- */

static void test_in_and_out(void **state) {
    struct zone zone;
    (void)state;
    zone_open(&zone);
    say(&zone, LIFE, "a", "1"); /* its slot comes before its leader's */
    move(&zone, SPOT, "a", 1);
    say(&zone, PURSE, "a", "1");
    say(&zone, LIFE, "b", "1");
    say(&zone, LIFE, "c", "1"); /* follows nobody */
    say(&zone, NOTE, "a", "1");
    move(&zone, SPOT, "b", 50);
    struct subscriber *subscriber = watch(&zone, &near_zero);
    EXPECT(&zone, subscriber, "life/a spot/a purse/a note/a . ");
    move(&zone, SPOT, "b", 5);
    EXPECT(&zone, subscriber, "spot/b life/b ");
    move(&zone, SPOT, "b", 6);
    EXPECT(&zone, subscriber, "spot/b ");
    say(&zone, LIFE, "b", "2");
    say(&zone, LIFE, "c", "2");
    EXPECT(&zone, subscriber, "life/b ");
    move(&zone, SPOT, "b", 10.4f); /* still in, by hysteresis; so is what begins to follow now */
    say(&zone, PURSE, "b", "1");
    EXPECT(&zone, subscriber, "spot/b purse/b ");
    move(&zone, SPOT, "b", 11);
    EXPECT(&zone, subscriber, "-spot/b -life/b -purse/b ");
    say(&zone, LIFE, "b", "3");
    EXPECT(&zone, subscriber, "");
    move(&zone, SPOT, "b", 10.4f);
    EXPECT(&zone, subscriber, "");
    say(&zone, SPOT, "b", "everywhere");
    EXPECT(&zone, subscriber, "spot/b life/b purse/b ");
    bury(&zone, SPOT, "a");
    EXPECT(&zone, subscriber, "xspot/a -life/a -purse/a ");
    move(&zone, SPOT, "a", 2);
    say(&zone, PURSE, "a", "2"); /* is met by itself, later */
    EXPECT(&zone, subscriber, "spot/a life/a purse/a ");
    bury(&zone, LIFE, "a");
    move(&zone, SPOT, "a", 60);
    EXPECT(&zone, subscriber, "xlife/a -spot/a -purse/a ");
    subscriber_destroy(subscriber);
    zone_close(&zone);
}

/* Whether the leader is asked for, or may be read at all, makes no difference to its followers. */
static void test_unseen_leaders(void **state) {
    struct zone zone;
    const struct bytes life = bytes_of("life");
    struct subscriber_filter filter = near_zero;
    (void)state;
    zone_open(&zone);
    move(&zone, LAIR, "a", 50);
    say(&zone, LOOT, "a", "1");
    struct subscriber *reader = watch(&zone, &near_zero);
    filter.categories = &life;
    filter.category_count = 1;
    struct subscriber *narrow = watch(&zone, &filter);
    filter = (struct subscriber_filter){.player = BOB};
    struct subscriber *everywhere = watch(&zone, &filter);
    move(&zone, SPOT, "a", 1);
    say(&zone, LIFE, "a", "1");
    EXPECT(&zone, reader, ". spot/a life/a ");
    EXPECT(&zone, narrow, ". life/a ");
    EXPECT(&zone, everywhere, "loot/a . spot/a life/a ");
    move(&zone, LAIR, "a", 5);
    move(&zone, SPOT, "a", 50);
    EXPECT(&zone, reader, "loot/a -spot/a -life/a ");
    EXPECT(&zone, narrow, "-life/a ");
    EXPECT(&zone, everywhere, "spot/a ");
    subscriber_destroy(reader);
    subscriber_destroy(narrow);
    subscriber_destroy(everywhere);
    zone_close(&zone);
}

static struct change next_change(struct zone *zone, struct subscriber *subscriber) {
    struct change change;
    assert_true(subscriber_next(subscriber, UINT64_MAX, zone->base.now, &change));
    return change;
}

/* A follower that enters is told whole; from then on what was told is what it is told against. */
static void test_bases(void **state) {
    struct zone zone;
    (void)state;
    zone_open(&zone);
    move(&zone, SPOT, "a", 50);
    say(&zone, LIFE, "a", "1");
    struct subscriber *subscriber = watch(&zone, &near_zero);
    EXPECT(&zone, subscriber, ". ");
    say(&zone, LIFE, "a", "2");
    EXPECT(&zone, subscriber, "");
    move(&zone, SPOT, "a", 1);
    next_change(&zone, subscriber);
    struct change entered = next_change(&zone, subscriber);
    assert_int_equal(entered.view.version, 2);
    assert_int_equal(entered.base.version, 0);
    EXPECT(&zone, subscriber, "");
    say(&zone, LIFE, "a", "3");
    assert_int_equal(next_change(&zone, subscriber).base.version, 2);
    EXPECT(&zone, subscriber, "");
    subscriber_destroy(subscriber);
    zone_close(&zone);
}

/* The budget ends behind the leader, and before its trail goes on the leader is gone for good. */
static void test_broken_trail(void **state) {
    struct zone zone;
    struct subscriber_filter filter = near_zero;
    (void)state;
    zone_open(&zone);
    move(&zone, SPOT, "a", 1);
    say(&zone, LIFE, "a", "1");
    filter.bytes_per_second = 1000;
    struct subscriber *subscriber = watch(&zone, &filter);
    EXPECT(&zone, subscriber, "spot/a life/a . ");
    uint64_t told = bury(&zone, SPOT, "a") - 1;
    assert_true(next_change(&zone, subscriber).view.deleted);
    assert_int_equal(subscriber_told(subscriber), told); /* not all of it */
    subscriber_spend(subscriber, 2000);
    EXPECT(&zone, subscriber, "");
    forget(&zone.base);
    EXPECT(&zone, subscriber, "? ");
    move(&zone, SPOT, "a", 50);
    say(&zone, LIFE, "a", "2");
    EXPECT(&zone, subscriber, "-life/a ");
    subscriber_destroy(subscriber);
    zone_close(&zone);
}

/* A leader that never rests does not keep its followers from being told. */
static void test_busy_leaders(void **state) {
    struct zone zone;
    struct subscriber_filter filter = near_zero;
    char heard[1024], key[] = "a";
    unsigned told[8] = {0};
    (void)state;
    zone_open(&zone);
    for (key[0] = 'a'; key[0] < 'i'; key[0]++)
        say(&zone, LIFE, key, "1");
    filter.bytes_per_second = 1000;
    struct subscriber *subscriber = watch(&zone, &filter);
    EXPECT(&zone, subscriber, ". ");
    for (int turn = 0; turn < 40; turn++) {
        for (key[0] = 'a'; key[0] < 'i'; key[0]++)
            move(&zone, SPOT, key, 1);
        zone.base.now += SS_SECOND;
        struct change change;
        while (subscriber_next(subscriber, UINT64_MAX, zone.base.now, &change)) {
            subscriber_spend(subscriber, 1000);
            if (bytes_equal(change.view.category, bytes_of("life")))
                told[change.view.key.data[0] - 'a']++;
        }
    }
    for (int i = 0; i < 8; i++)
        assert_int_equal(told[i], 1);
    hear(&zone, subscriber, heard, sizeof heard);
    subscriber_destroy(subscriber);
    zone_close(&zone);
}

/* What is known of the border when a client resumes, and what is not. */
static void test_resume(void **state) {
    struct zone zone;
    struct subscriber_filter filter = near_zero;
    static const struct {
        const char *key;
        float before, after; /* 0: no move */
    } moves[] = {{"stays", 1, 0}, {"far", 50, 0},   {"goes", 1, 50}, {"comes", 50, 1},
                 {"rim", 10.4f, 0}, {"shifts", 1, 2}, {"away", 50, 60}};
    (void)state;
    zone_open(&zone);
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        move(&zone, SPOT, moves[i].key, moves[i].before);
        say(&zone, LIFE, moves[i].key, "1");
    }
    move(&zone, SPOT, "dies", 1);
    uint64_t since = say(&zone, LIFE, "dies", "1");
    bury(&zone, SPOT, "dies");
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (moves[i].after > 0) move(&zone, SPOT, moves[i].key, moves[i].after);
    filter.since = since;
    struct subscriber *subscriber = watch(&zone, &filter);
    EXPECT(&zone, subscriber,
           "-life/goes life/comes spot/rim life/rim life/shifts -life/away -life/dies "
           "xspot/dies -spot/goes spot/comes spot/shifts -spot/away . ");
    move(&zone, SPOT, "rim", 9);
    move(&zone, SPOT, "stays", 50);
    EXPECT(&zone, subscriber, "spot/rim -spot/stays -life/stays ");
    subscriber_destroy(subscriber);
    zone_close(&zone);
}

/* Who watches an area begins anew when it means other cells, and old tokens are no good then. */
static void test_reform(void **state) {
    struct zone zone;
    struct reason why;
    struct subscriber_filter filter = near_zero;
    struct subscriber *none;
    (void)state;
    zone_open(&zone);
    move(&zone, SPOT, "a", 50);
    uint64_t since = say(&zone, PURSE, "a", "1");
    struct subscriber *subscriber = watch(&zone, &near_zero);
    struct subscriber *plain = watch(&zone, &(struct subscriber_filter){.player = BOB});
    EXPECT(&zone, subscriber, ". ");
    EXPECT(&zone, plain, "spot/a purse/a . ");
    struct world *world = zone.base.world;
    assert_int_equal(world_reconfigure(world, zone.list, KINDS, NULL, &why), SS_OK);
    EXPECT(&zone, subscriber, "");
    assert_int_equal(world_reconfigure(world, zone.other_list, KINDS, NULL, &why), SS_OK);
    EXPECT(&zone, subscriber, "? ");
    EXPECT(&zone, plain, "");
    say(&zone, PURSE, "a", "2");
    EXPECT(&zone, subscriber, "purse/a ");
    assert_int_equal(world_reconfigure(world, zone.list, KINDS, NULL, &why), SS_OK);
    say(&zone, PURSE, "a", "3");
    EXPECT(&zone, subscriber, "? ");
    filter.since = since;
    assert_int_equal(subscriber_create(&none, world, &filter, zone.base.now), SS_ERR_STALE);
    filter.has_area = false;
    struct subscriber *other = watch(&zone, &filter);
    subscriber_destroy(other);
    subscriber_destroy(plain);
    subscriber_destroy(subscriber);
    zone_close(&zone);
}

/* ---- a mirror ------------------------------------------------------------------------------ */

#define KEYS 5

struct mirror {
    struct subscriber_filter filter;
    struct subscriber *subscriber;
    uint32_t held[KINDS][KEYS]; /* versions, 0: nothing */
    uint64_t until, token, settled; /* what the start told may be told again up to there */
    size_t cost;
    bool caught_up, fresh;
    unsigned entered, left, resumed, lost;
};

static void mirror_open(struct mirror *mirror, struct zone *zone, uint64_t since) {
    mirror->caught_up = false;
    mirror->filter.since = since;
    mirror->fresh = since == 0;
    int status = subscriber_create(&mirror->subscriber, zone->base.world, &mirror->filter,
                                   zone->base.now);
    if (status != SS_OK || since == 0) memset(mirror->held, 0, sizeof mirror->held);
    mirror->resumed += since && status == SS_OK;
    if (status == SS_OK) return;
    assert_int_equal(status, SS_ERR_STALE);
    mirror_open(mirror, zone, 0);
}

static int kind_of(struct bytes name) {
    int kind = 0;
    while (!bytes_equal(bytes_of(names[kind]), name))
        kind++;
    return kind;
}

static bool follows_another(int kind) {
    return kind == LIFE || kind == PURSE || kind == LOOT;
}

static void mirror_take(struct mirror *mirror, const struct change *change) {
    const struct cell_view *view = &change->view;
    int kind = kind_of(view->category);
    uint32_t *held = &mirror->held[kind][view->key.data[0] - '0'];
    bool tells = change->kind == CHANGE_CELL && !view->deleted;
    assert_true(view->seq <= mirror->until);
    if (mirror->caught_up && tells && view->seq > mirror->settled)
        assert_true(view->version > *held);
    if (mirror->caught_up && mirror->fresh && change->kind == CHANGE_LEFT) assert_true(*held != 0);
    if (change->base.version) assert_int_equal(change->base.version, *held);
    mirror->entered += tells && *held == 0 && follows_another(kind);
    mirror->left += change->kind == CHANGE_LEFT && follows_another(kind);
    *held = tells ? view->version : 0;
}

/* Every `fail`th allocation on the way fails, 0: none. */
static void mirror_hear(struct mirror *mirror, struct zone *zone, uint64_t until, size_t fail) {
    struct change change;
    uint64_t told = subscriber_told(mirror->subscriber);
    if (until > mirror->until) mirror->until = until;
    zone->base.failing.calls = 0;
    zone->base.failing.fail_at = fail;
    bool heard;
    while ((heard = subscriber_next(mirror->subscriber, mirror->until, zone->base.now, &change))) {
        subscriber_spend(mirror->subscriber, mirror->cost);
        if (change.kind == CHANGE_LOST) break;
        assert_true(subscriber_told(mirror->subscriber) >= told);
        if (change.kind == CHANGE_CAUGHT_UP) {
            mirror->caught_up = true;
            mirror->token = subscriber_told(mirror->subscriber);
            mirror->settled = zone->base.world->seq;
        } else {
            mirror_take(mirror, &change);
        }
    }
    zone->base.failing.fail_at = 0;
    if (!heard) return;
    subscriber_destroy(mirror->subscriber);
    mirror->lost++;
    mirror_open(mirror, zone, 0);
}

static bool asked(const struct mirror *mirror, int kind) {
    bool any = mirror->filter.category_count == 0;
    for (size_t i = 0; i < mirror->filter.category_count; i++)
        any |= bytes_equal(mirror->filter.categories[i], bytes_of(names[kind]));
    return any && (kind != LAIR || mirror->filter.server);
}

static uint32_t stands(const struct zone *zone, int kind, int key, float *x) {
    char text[] = {(char)('0' + key), 0};
    struct cell_view view;
    *x = 0;
    if (!world_get(zone->base.world, ALICE, bytes_of(names[kind]), bytes_of(text), &view) ||
        view.deleted)
        return 0;
    if (view.state.size == 12) memcpy(x, view.state.data, sizeof *x);
    return view.version;
}

/* 1: must be held; 0: must not; -1: on the rim, where it depends on the way that led there. */
static int wanted(const struct mirror *mirror, const struct zone *zone, int leader, int key) {
    float x;
    if (!stands(zone, leader, key, &x)) return 0;
    double away = fabs((double)x - (double)mirror->filter.center[0]);
    double radius = (double)mirror->filter.radius;
    return !mirror->filter.has_area || away <= radius ? 1 : away > radius * 1.05 ? 0 : -1;
}

/* On the rim all followers, and the leader where it is asked for, are on the same side. */
static void compare_group(const struct mirror *mirror, const struct zone *zone, int leader, int key,
                          bool purse) {
    int inside = wanted(mirror, zone, leader, key);
    for (int kind = leader; kind < (leader == SPOT ? LAIR : NOTE); kind++) {
        float x;
        uint32_t version = stands(zone, kind, key, &x), held = mirror->held[kind][key];
        bool free = !mirror->filter.has_area || (kind == PURSE && !purse);
        if (!asked(mirror, kind) || !version) {
            assert_int_equal(held, 0);
        } else if (free || (held && inside < 0)) {
            if (!free) inside = 1;
            assert_int_equal(held, version);
        } else {
            if (inside < 0) inside = 0;
            assert_int_equal(held, inside ? version : 0);
        }
    }
}

static void mirror_compare(const struct mirror *mirror, const struct zone *zone, bool purse) {
    for (int key = 0; key < KEYS; key++) {
        float x;
        compare_group(mirror, zone, SPOT, key, purse);
        compare_group(mirror, zone, LAIR, key, purse);
        assert_int_equal(mirror->held[NOTE][key],
                         asked(mirror, NOTE) ? stands(zone, NOTE, key, &x) : 0);
    }
}

static void change_something(struct zone *zone, struct random *random) {
    int kind = (int)random_below(random, KINDS);
    char key[] = {(char)('0' + random_below(random, KEYS)), 0};
    float x;
    if (random_below(random, 8) == 0) {
        if (stands(zone, kind, key[0] - '0', &x)) bury(zone, kind, key);
    } else if (kind == SPOT || kind == LAIR) {
        move(zone, kind, key, (float)random_below(random, 48) * 2.5f);
    } else {
        say(zone, kind, key, "state");
    }
}

static void all_rest(struct mirror *mirrors, size_t count, struct zone *zone, bool purse) {
    for (int turn = 0; turn < 100; turn++) {
        zone->base.now += SS_SECOND / 10;
        for (size_t i = 0; i < count; i++)
            mirror_hear(&mirrors[i], zone, zone->base.world->seq, 0);
    }
    for (size_t i = 0; i < count; i++) {
        assert_true(mirrors[i].caught_up);
        mirror_compare(&mirrors[i], zone, purse);
    }
}

static void mirror_restart(struct mirror *mirror, struct zone *zone, struct random *random) {
    uint64_t told = subscriber_told(mirror->subscriber), way = random_below(random, 4);
    if (!mirror->caught_up) return;
    subscriber_destroy(mirror->subscriber);
    mirror_open(mirror, zone, way == 0 ? 0 : way == 1 ? mirror->token : told);
}

static void run_mirrors(uint64_t seed) {
    struct zone zone;
    struct random random = {seed};
    struct reason why;
    const struct bytes some[] = {bytes_of("life"), bytes_of("note")};
    const struct bytes pair[] = {bytes_of("purse"), bytes_of("spot")};
    struct mirror mirrors[] = {
        {.filter = {.has_area = true, .radius = 60}},
        {.filter = {.has_area = true, .radius = 30, .center = {60, 0, 0}, .bytes_per_second = 900},
         .cost = 70},
        {.filter = {.has_area = true, .radius = 40, .bytes_per_second = 2000}, .cost = 50},
        {.filter = {.has_area = true, .radius = 50, .categories = some, .category_count = 2}},
        {.filter = {.has_area = true, .radius = 50, .categories = pair, .category_count = 2},
         .cost = 3},
        {.filter = {.has_area = true, .radius = 55, .server = true, .interval = SS_SECOND / 20}},
        {.filter = {.bytes_per_second = 0}},
    };
    const size_t count = sizeof mirrors / sizeof *mirrors;
    bool purse = true;
    zone_open(&zone);
    for (size_t i = 0; i < count; i++) {
        mirrors[i].filter.player = BOB;
        mirrors[i].filter.bases = true;
        mirror_open(&mirrors[i], &zone, 0);
    }
    for (int round = 0; round < 400; round++) {
        for (int turn = 0; turn < 20; turn++) {
            for (uint64_t n = random_below(&random, 8); n > 0; n--)
                change_something(&zone, &random);
            mirror_hear(&mirrors[random_below(&random, count)], &zone,
                        zone.base.world->seq - random_below(&random, 5),
                        random_below(&random, 3) ? 0 : 1 + random_below(&random, 3));
        }
        if (random_below(&random, 10) == 0) forget(&zone.base);
        if (random_below(&random, 2) == 0)
            mirror_restart(&mirrors[random_below(&random, count)], &zone, &random);
        if (random_below(&random, 50) == 0) {
            purse = !purse;
            assert_int_equal(world_reconfigure(zone.base.world,
                                               purse ? zone.list : zone.other_list, KINDS, NULL,
                                               &why),
                             SS_OK);
        }
        if (round % 4 == 0) all_rest(mirrors, count, &zone, purse);
    }
    for (size_t i = 0; i < count; i++) {
        if (mirrors[i].filter.has_area) assert_true(mirrors[i].left > 10);
        assert_true(mirrors[i].entered > 10 && mirrors[i].resumed > 0);
        subscriber_destroy(mirrors[i].subscriber);
    }
    zone_close(&zone);
}

static void test_mirrors(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++)
        run_mirrors(seed);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void test_allocation_failure(void **state) {
    struct zone zone;
    struct subscriber *subscriber;
    struct subscriber_filter filter = near_zero;
    (void)state;
    zone_open(&zone);
    for (char key[] = "a"; key[0] <= 'z'; key[0]++) {
        move(&zone, SPOT, key, 1);
        filter.since = say(&zone, LIFE, key, "1");
    }
    size_t live = zone.base.failing.live, n = 0;
    int status = SS_ERR_NOMEM;
    while (status != SS_OK) {
        zone.base.failing.calls = 0;
        zone.base.failing.fail_at = ++n;
        status = subscriber_create(&subscriber, zone.base.world, &filter, zone.base.now);
        assert_true(status == SS_OK || status == SS_ERR_NOMEM);
        if (status != SS_OK) assert_int_equal(zone.base.failing.live, live);
    }
    assert_true(n > 5);
    subscriber_destroy(subscriber);
    zone_close(&zone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_undeclared_cannot_follow),
        cmocka_unit_test(test_in_and_out),
        cmocka_unit_test(test_unseen_leaders),
        cmocka_unit_test(test_bases),
        cmocka_unit_test(test_broken_trail),
        cmocka_unit_test(test_busy_leaders),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_reform),
        cmocka_unit_test(test_mirrors),
        cmocka_unit_test(test_allocation_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
