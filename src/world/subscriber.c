/* SPDX-License-Identifier: Apache-2.0 */
/* subscriber.c - first what the client lacks, then rounds over what changes.
 *
 * The start tells named keys that no longer live, then every live cell that the client has not,
 * slot by slot: each slot is met exactly once, so a cell that changes all the time cannot run away
 * from a slow reader. A subscriber that resumes skips that, its start is the changes since. From
 * there on round.h says which cell comes next, and what is asked of it here is whether it concerns
 * this reader.
 *
 * Where a follower (follow.h) is, is known from its leader as it was met last. So whenever a leader is
 * met on the other side of the area's border than before, whether or not the reader asked for it,
 * its followers are told as well: that they have left, or whole. The *trail* that walks over them
 * comes before everything else that is to be told. It passes over those that will be met anyway,
 * later than their leader, and tells no member again. When the budget ends in the middle, it stays
 * where it is; nothing else is met until it has come to its end, so what it goes by, where the leader
 * was met, cannot change under it. A leader that moves meanwhile is met at its new place in the
 * order, and lays another trail if it has crossed the border again; a follower that is written
 * meanwhile has a new place as well, and is passed over. Only when the leader is deleted and even
 * its tombstone forgotten, its followers cannot be found any more, and the reader begins anew. */
#include "world/subscriber.h"

#include <math.h>

#include "base/arena.h"
#include "base/status.h"
#include "world/area.h"
#include "world/budget.h"
#include "world/follow.h"
#include "world/holding.h"
#include "world/interest.h"
#include "world/round.h"

/* A named key that did not live when the subscriber began. */
struct gone {
    struct bytes category, key;
    uint64_t owner;
};

struct subscriber {
    const struct world *world;
    struct arena names; /* what the filter's lists were copied to */
    struct interest interest;
    struct area area;
    uint64_t origin;

    bool caught_up;
    bool resumed;         /* by `since` */
    uint64_t since;
    uint64_t begin;       /* the world's effect when it was created */
    uint32_t slot, slots; /* the next slot to look at; how many there were */
    struct table
        named; /* what the client says it has: cells, under hash_mix(seq of that version) */
    struct arena start; /* holds what follows until caught up */
    struct gone *gone;
    size_t gone_count, gone_next;

    bool bases;
    struct holding held;
    struct round round;
    struct trail trail;
    uint64_t trail_told; /* what had been told before it was laid */
    uint32_t replacements; /* world.replacements, when the area was made */
    ss_time interval, round_began, round_due;
    struct budget budget;
};

enum step { STEP_TOLD, STEP_DONE, STEP_WAIT };

/* ---- creation ------------------------------------------------------------------------------ */

static bool resumes(const struct subscriber_filter *filter) {
    return filter->resumes || filter->since != 0;
}

static int check_filter(const struct subscriber_filter *filter, const struct world *world) {
    if (filter->category_count > UINT32_MAX || filter->owner_count > UINT32_MAX ||
        filter->known_count > UINT32_MAX || filter->interval < 0)
        return SS_ERR_INVALID;
    if (filter->has_area) {
        for (int i = 0; i < 3; i++)
            if (!isfinite(filter->center[i])) return SS_ERR_INVALID;
        if (!isfinite(filter->radius) || filter->radius < 0) return SS_ERR_INVALID;
    }
    /* An effect still to come was lost in a crash. */
    if (filter->since > world->seq) return SS_ERR_STALE;
    if (!resumes(filter)) return SS_OK;
    /* What an area has meant until then, nobody knows any more. */
    if (filter->has_area && world->replacements && filter->since <= world->replaced)
        return SS_ERR_STALE;
    return filter->since < world->forgotten ? SS_ERR_STALE : SS_OK;
}

static bool copy_text(struct arena *arena, struct bytes from, struct bytes *to) {
    *to = arena_copy(arena, from);
    return to->size == from.size;
}

static int copy_categories(struct subscriber *subscriber, const struct subscriber_filter *filter) {
    size_t count = filter->category_count;
    if (count == 0) return SS_OK;
    struct bytes *categories = arena_alloc(&subscriber->names, count * sizeof *categories);
    if (!categories) return SS_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (!copy_text(&subscriber->names, filter->categories[i], &categories[i]))
            return SS_ERR_NOMEM;
    subscriber->interest.categories = categories;
    subscriber->interest.category_count = count;
    return SS_OK;
}

static int copy_owners(struct subscriber *subscriber, const struct subscriber_filter *filter) {
    size_t count = filter->owner_count;
    if (count == 0) return SS_OK;
    uint64_t *owners = arena_alloc(&subscriber->names, count * sizeof *owners);
    if (!owners) return SS_ERR_NOMEM;
    memcpy(owners, filter->owners, count * sizeof *owners);
    subscriber->interest.owners = owners;
    subscriber->interest.owner_count = count;
    return SS_OK;
}

static int copy_interest(struct subscriber *subscriber, const struct subscriber_filter *filter) {
    int status = copy_categories(subscriber, filter);
    if (status == SS_OK) status = copy_owners(subscriber, filter);
    if (status == SS_OK) status = interest_open(&subscriber->interest);
    return status;
}

/* A version that is no longer kept is as good as none. */
static int note_named(struct subscriber *subscriber, const struct cell *cell, uint32_t version) {
    const struct record *record = history_find(&cell->history, version);
    return record ? table_add(&subscriber->named, hash_mix(record->seq), cell->handle) : SS_OK;
}

/* What the client named is current, gone, or will be told anyway. */
static int copy_known_version(struct subscriber *subscriber, const struct known_version *known) {
    uint64_t owner;
    struct cell *cell;
    if (!interest_known(&subscriber->interest, known, &owner, &cell)) return SS_OK;
    const struct record *record = cell ? history_newest(&cell->history) : NULL;
    bool current = record && record->version == known->version;
    if (cell && cell->live) {
        int status = area_admit(&subscriber->area, subscriber->world, cell);
        return status == SS_OK ? note_named(subscriber, cell, known->version) : status;
    }
    if (current) return SS_OK;
    struct gone *gone = &subscriber->gone[subscriber->gone_count];
    gone->owner = owner;
    if (!copy_text(&subscriber->start, known->category, &gone->category) ||
        !copy_text(&subscriber->start, known->key, &gone->key))
        return SS_ERR_NOMEM;
    subscriber->gone_count++;
    return SS_OK;
}

static int copy_known(struct subscriber *subscriber, const struct subscriber_filter *filter) {
    if (filter->known_count == 0) return SS_OK;
    subscriber->gone =
        arena_alloc(&subscriber->start, filter->known_count * sizeof *subscriber->gone);
    int status = subscriber->gone ? SS_OK : SS_ERR_NOMEM;
    for (size_t i = 0; status == SS_OK && i < filter->known_count; i++)
        status = copy_known_version(subscriber, &filter->known[i]);
    return status;
}

/* Whether a leader may have crossed the border since a client that resumes heard of it last: it has
 * changed, or is so near the border that it matters on which side it was before. */
static bool is_unsure(const struct subscriber *subscriber, const struct cell *leader) {
    const struct area *area = &subscriber->area;
    if (area_leads(area, leader)) return false;
    return history_newest(&leader->history)->seq > subscriber->since ||
           area_near(area, subscriber->world, leader);
}

/* Whether nobody knows where the cell stood when the client left. */
static bool may_have_been_near(const struct subscriber *subscriber, const struct cell *cell) {
    const struct world *world = subscriber->world;
    if (history_newest(&cell->history)->seq > subscriber->since) return true;
    const struct cell *leader = follows(world, cell) ? leader_of(world, cell) : NULL;
    return leader && is_unsure(subscriber, leader);
}

/* A client that resumes may have whatever is inside, and whatever may have been when it left. */
static int resume_area(struct subscriber *subscriber) {
    const struct world *world = subscriber->world;
    if (!subscriber->area.active) return SS_OK;
    int led = area_lead_all(&subscriber->area, world, subscriber->since);
    if (led != SS_OK) return led;
    for (const struct cell *cell = cell_first_changed(world); cell;
         cell = cell_next_changed(world, cell)) {
        if (!interest_covers(&subscriber->interest, cell)) continue;
        int status = may_have_been_near(subscriber, cell)
                         ? area_admit(&subscriber->area, world, cell)
                         : area_admit_inside(&subscriber->area, world, cell);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

static void subscriber_init(struct subscriber *subscriber, const struct world *world,
                            const struct subscriber_filter *filter, ss_time now) {
    bool walks = !resumes(filter) || (filter->has_area && world->following > 0);
    *subscriber = (struct subscriber){
        .world = world,
        .names = arena_of(world->memory, 256),
        .interest = {.world = world, .player = filter->player, .server = filter->server},
        .area = {.active = filter->has_area,
                 .radius = filter->radius,
                 .members = table_of(world->memory),
                 .leaders = table_of(world->memory)},
        .origin = filter->origin,
        .resumed = resumes(filter),
        .since = filter->since,
        .begin = world->seq,
        .slots = walks ? world->cells.used : 0,
        .named = table_of(world->memory),
        .bases = filter->bases,
        .held = {.floor = filter->since,
                 .origin = filter->origin,
                 .player = filter->server ? 0 : filter->player},
        .start = arena_of(world->memory, 1024),
        .round = round_of(resumes(filter) ? filter->since : world->seq),
        .trail = trail_none(),
        .replacements = world->replacements,
        .interval = filter->interval,
        .round_due = now,
        .budget = budget_of(filter->bytes_per_second, now),
    };
    memcpy(subscriber->area.center, filter->center, sizeof filter->center);
}

int subscriber_create(struct subscriber **out, struct world *world,
                      const struct subscriber_filter *filter, ss_time now) {
    int status = check_filter(filter, world);
    if (status != SS_OK) return status;
    struct subscriber *subscriber = memory_alloc(world->memory, sizeof *subscriber);
    if (!subscriber) return SS_ERR_NOMEM;
    subscriber_init(subscriber, world, filter, now);
    status = copy_interest(subscriber, filter);
    if (status == SS_OK)
        status = subscriber->resumed ? resume_area(subscriber)
                                     : copy_known(subscriber, filter);
    if (status == SS_OK && filter->bases) status = holding_open(world);
    if (status != SS_OK) {
        subscriber_destroy(subscriber);
        return status;
    }
    *out = subscriber;
    return SS_OK;
}

static void start_free(struct subscriber *subscriber) {
    table_free(&subscriber->named);
    arena_free(&subscriber->start);
    subscriber->gone = NULL;
    subscriber->gone_count = subscriber->gone_next = 0;
    subscriber->slot = subscriber->slots;
}

void subscriber_destroy(struct subscriber *subscriber) {
    const struct memory *memory = subscriber->world->memory;
    start_free(subscriber);
    interest_close(&subscriber->interest);
    arena_free(&subscriber->names);
    table_free(&subscriber->area.members);
    table_free(&subscriber->area.leaders);
    memory_free(memory, subscriber, sizeof *subscriber);
}

/* ---- one cell ------------------------------------------------------------------------------ */

static bool handle_equal(const void *context, uint32_t handle) {
    return *(const uint32_t *)context == handle;
}

/* The client said, as it began, that it has this version. */
static bool is_named(const struct subscriber *subscriber, const struct cell *cell,
                     const struct record *record) {
    return table_find(&subscriber->named, hash_mix(record->seq), handle_equal, &cell->handle) !=
           TABLE_NONE;
}

/* What the reader has of a cell that it is about to hear of: at the start what it named, later what
 * it was told. */
static const struct record *base_of(const struct subscriber *subscriber, const struct cell *cell) {
    if (subscriber->caught_up) return holding_find(&subscriber->held, subscriber->world, cell);
    if (subscriber->named.count == 0) return NULL;
    for (const struct record *record = history_oldest(&cell->history); record;
         record = history_newer(&cell->history, record))
        if (is_named(subscriber, cell, record)) return record_deleted(record) ? NULL : record;
    return NULL;
}

/* STEP_TOLD: `change` is what the reader must hear of this cell; STEP_DONE: nothing; STEP_WAIT:
 * there is no memory to remember that it heard. */
static enum step look_at(struct subscriber *subscriber, const struct cell *cell,
                         struct change *change) {
    const struct world *world = subscriber->world;
    const struct record *record = history_newest(&cell->history);
    if (!interest_covers(&subscriber->interest, cell)) return STEP_DONE;
    bool had = subscriber->bases && area_has(&subscriber->area, world, cell);
    enum area_verdict verdict = area_judge(&subscriber->area, world, cell, record);
    if (verdict == AREA_NO_MEMORY) return STEP_WAIT;
    if (verdict == AREA_OUTSIDE) return STEP_DONE;
    /* The start tells all that stands, also what this stream wrote before: the reader begins anew,
     * and could not know whether that was deleted meanwhile. */
    bool own = subscriber->origin != 0 && cell->origin == subscriber->origin &&
               record->seq > subscriber->begin;
    if (verdict == AREA_TELL && (own || is_named(subscriber, cell, record))) return STEP_DONE;
    change->kind = verdict == AREA_LEFT ? CHANGE_LEFT : CHANGE_CELL;
    change->view = cell_view_of(world, cell, record);
    const struct record *base = had && !record_deleted(record) ? base_of(subscriber, cell) : NULL;
    if (base) change->base = cell_view_of(world, cell, base);
    return STEP_TOLD;
}

/* ---- followers ----------------------------------------------------------------------------- */

/* Whether the start or a round will come to it: then it need not be told now. */
static bool will_meet(const struct subscriber *subscriber, const struct cell *cell) {
    bool slot = !subscriber->resumed && cell->handle >= subscriber->slot &&
                cell->handle < subscriber->slots;
    return slot || round_will_meet(&subscriber->round, history_newest(&cell->history)->seq);
}

/* What the leader's step over the border means for one follower. Entering ones are told whole, also
 * what this stream wrote while they were outside. */
static enum step follow_leader(struct subscriber *subscriber, const struct cell *cell,
                               struct change *change) {
    const struct world *world = subscriber->world;
    const struct record *record = history_newest(&cell->history);
    if (!cell->live || will_meet(subscriber, cell) ||
        !interest_covers(&subscriber->interest, cell))
        return STEP_DONE;
    bool has = area_has(&subscriber->area, world, cell) && !subscriber->trail.unsure;
    enum area_verdict verdict = area_judge(&subscriber->area, world, cell, record);
    if (verdict == AREA_NO_MEMORY) return STEP_WAIT;
    if (verdict == AREA_OUTSIDE || (verdict == AREA_TELL && has)) return STEP_DONE;
    change->kind = verdict == AREA_TELL ? CHANGE_CELL : CHANGE_LEFT;
    change->view = cell_view_of(world, cell, record);
    return STEP_TOLD;
}

static inline enum step walk_trail(struct subscriber *subscriber, struct change *change) {
    struct trail *trail = &subscriber->trail;
    while (trail_open(trail)) {
        const struct cell *cell = trail_cell(trail, subscriber->world);
        enum step step = cell ? follow_leader(subscriber, cell, change) : STEP_DONE;
        if (step == STEP_WAIT) return step;
        trail_step(trail, subscriber->world);
        if (step == STEP_TOLD) return step;
    }
    return STEP_DONE;
}

static void lay_trail(struct subscriber *subscriber, const struct cell *leader, bool unsure) {
    subscriber->trail = trail_of(subscriber->world, leader);
    subscriber->trail.unsure = unsure;
    subscriber->trail_told = subscriber->round.told;
}

/* Where the followers of `leader` are from now on. */
static enum step lead(struct subscriber *subscriber, const struct cell *leader) {
    bool moved;
    if (area_lead(&subscriber->area, subscriber->world, leader, &moved) != SS_OK) return STEP_WAIT;
    if (moved) lay_trail(subscriber, leader, false);
    return STEP_DONE;
}

/* The leader that must be looked at before `cell` is judged. At the start that is also the one of a
 * follower: its own slot may come later. NULL: none. */
static const struct cell *leader_before(const struct subscriber *subscriber,
                                        const struct cell *cell, uint64_t until) {
    const struct world *world = subscriber->world;
    if (!subscriber->area.active) return NULL;
    if (is_followed(world, cell)) return cell;
    if (!follows(world, cell) || subscriber->slot == subscriber->slots) return NULL;
    const struct cell *leader = leader_of(world, cell);
    return leader && history_newest(&leader->history)->seq <= until ? leader : NULL;
}

/* look_at, and the trail of a leader. */
static enum step meet(struct subscriber *subscriber, const struct cell *cell, uint64_t until,
                      struct change *change) {
    if (subscriber->world->following == 0) return look_at(subscriber, cell, change);
    const struct cell *leader = leader_before(subscriber, cell, until);
    if (leader && lead(subscriber, leader) == STEP_WAIT) return STEP_WAIT;
    enum step step = look_at(subscriber, cell, change);
    return step == STEP_DONE ? walk_trail(subscriber, change) : step;
}

/* ---- the start ----------------------------------------------------------------------------- */

static enum step tell_gone(struct subscriber *subscriber, uint64_t until, struct change *change) {
    const struct world *world = subscriber->world;
    while (subscriber->gone_next < subscriber->gone_count) {
        const struct gone *gone = &subscriber->gone[subscriber->gone_next];
        const struct cell *cell = cell_find(world, gone->owner, gone->category, gone->key);
        const struct record *record = cell ? history_newest(&cell->history) : NULL;
        if (record && record->seq > until) return STEP_WAIT;
        /* What lives again will be told as such; or, outside an area by now, as left. */
        bool again = cell && cell->live;
        if (again && area_admit(&subscriber->area, world, cell) != SS_OK) return STEP_WAIT;
        subscriber->gone_next++;
        if (again) continue;
        change->kind = CHANGE_CELL;
        change->view = record ? cell_view_of(world, cell, record)
                              : (struct cell_view){.owner = gone->owner,
                                                   .category = gone->category,
                                                   .key = gone->key,
                                                   .deleted = true};
        return STEP_TOLD;
    }
    return STEP_DONE;
}

/* A cell that is not durable yet is waited for, unless it has changed since the beginning: then the
 * rounds will meet it. */
static enum step tell_slots(struct subscriber *subscriber, uint64_t until, struct change *change) {
    const struct world *world = subscriber->world;
    for (; subscriber->slot < subscriber->slots; subscriber->slot++) {
        const struct cell *cell = slab_at(&world->cells, subscriber->slot);
        if (!cell->live || !slot_holds(cell)) continue;
        uint64_t seq = history_newest(&cell->history)->seq;
        if (seq > until && seq > subscriber->begin) continue;
        if (seq > until) return STEP_WAIT;
        enum step step = meet(subscriber, cell, until, change);
        if (step == STEP_DONE) continue;
        if (step == STEP_TOLD) subscriber->slot++;
        return step;
    }
    return STEP_DONE;
}

/* Of followers that have not changed since the client left, but of which the leader may have crossed
 * the border, nobody knows whether it has them. So it is told of each, whole or as left, and of a
 * leader that has not changed itself: the rounds will not meet it. One that changes too fast to be
 * told is taken as outside until a round does. */
static enum step tell_unsure(struct subscriber *subscriber, uint64_t until, struct change *change) {
    const struct world *world = subscriber->world;
    for (; subscriber->slot < subscriber->slots; subscriber->slot++) {
        const struct cell *cell = slab_at(&world->cells, subscriber->slot);
        if (!slot_holds(cell) || !is_followed(world, cell) || !is_unsure(subscriber, cell))
            continue;
        uint64_t seq = history_newest(&cell->history)->seq;
        if (seq <= until && lead(subscriber, cell) == STEP_WAIT) return STEP_WAIT;
        lay_trail(subscriber, cell, true);
        bool met = round_will_meet(&subscriber->round, seq);
        enum step step = met ? STEP_DONE : look_at(subscriber, cell, change);
        if (step == STEP_DONE) step = walk_trail(subscriber, change);
        if (step == STEP_DONE) continue;
        subscriber->slot++;
        return step;
    }
    return STEP_DONE;
}

/* ---- rounds -------------------------------------------------------------------------------- */

static bool begin_round(struct subscriber *subscriber, uint64_t until, ss_time now) {
    uint64_t seq = subscriber->world->seq, end = seq < until ? seq : until;
    if (end <= subscriber->round.told || now < subscriber->round_due) return false;
    round_begin(&subscriber->round, end);
    subscriber->round_began = now;
    return true;
}

static void note_close(struct subscriber *subscriber) {
    if (!round_open(&subscriber->round))
        holding_close(&subscriber->held, subscriber->round.told, subscriber->world->seq);
}

/* A round in which nothing was told does not delay the next one. */
static bool follow(struct subscriber *subscriber, uint64_t until, ss_time now,
                   struct change *change) {
    struct round *round = &subscriber->round;
    const struct cell *cell;
    while (round_open(round) || begin_round(subscriber, until, now)) {
        while ((cell = round_next(round, subscriber->world))) {
            enum step step = meet(subscriber, cell, until, change);
            if (step == STEP_WAIT) return false;
            round_pass(round, cell);
            note_close(subscriber);
            if (step == STEP_DONE) continue;
            subscriber->round_due = time_add(subscriber->round_began, subscriber->interval);
            return true;
        }
        note_close(subscriber);
    }
    return false;
}

static bool start(struct subscriber *subscriber, uint64_t until, ss_time now,
                  struct change *change) {
    enum step step = tell_gone(subscriber, until, change);
    if (step == STEP_DONE)
        step = subscriber->resumed ? tell_unsure(subscriber, until, change)
                                   : tell_slots(subscriber, until, change);
    if (step != STEP_DONE) return step == STEP_TOLD;
    if (subscriber->round.told < subscriber->begin && follow(subscriber, until, now, change))
        return true;
    if (subscriber->round.told < subscriber->begin || until < subscriber->begin) return false;
    start_free(subscriber);
    subscriber->caught_up = true;
    holding_close(&subscriber->held, subscriber->round.told, subscriber->world->seq);
    subscriber->round_due = time_add(now, subscriber->interval);
    change->kind = CHANGE_CAUGHT_UP;
    return true;
}

/* A tombstone that was forgotten after `told` may have been one to tell; an area may mean other
 * cells since the policies changed; and the followers of a forgotten leader are not to be found. */
static bool is_lost(const struct subscriber *subscriber, uint64_t until) {
    const struct world *world = subscriber->world;
    if (subscriber->area.active && subscriber->replacements != world->replacements) return true;
    if (trail_broken(&subscriber->trail)) return true;
    return world->forgotten > subscriber->round.told && world->forgotten <= until;
}

/* Begins anew. False: not yet, for want of memory. */
static bool lose(struct subscriber *subscriber, uint64_t until, struct change *change) {
    const struct world *world = subscriber->world;
    uint64_t seq = world->seq < until ? world->seq : until, told = subscriber->round.told;
    if (seq < told) seq = told;
    area_sweep(&subscriber->area, world);
    if (area_lead_all(&subscriber->area, world, seq) != SS_OK) return false;
    start_free(subscriber);
    subscriber_doubt(subscriber);
    subscriber->round = round_of(seq);
    subscriber->trail = trail_none();
    subscriber->replacements = world->replacements;
    change->kind = CHANGE_LOST;
    return true;
}

bool subscriber_next(struct subscriber *subscriber, uint64_t until, ss_time now,
                     struct change *change) {
    *change = (struct change){0};
    if (!budget_left(&subscriber->budget, now)) {
        if (round_open(&subscriber->round)) subscriber->round.starved = true;
        return false;
    }
    if (is_lost(subscriber, until)) return lose(subscriber, until, change);
    enum step step = walk_trail(subscriber, change);
    if (step != STEP_DONE) return step == STEP_TOLD;
    return subscriber->caught_up ? follow(subscriber, until, now, change)
                                 : start(subscriber, until, now, change);
}

int subscriber_wrote(struct subscriber *subscriber, uint64_t owner, struct bytes category,
                     struct bytes key) {
    const struct cell *cell = cell_find(subscriber->world, owner, category, key);
    if (!cell || !interest_covers(&subscriber->interest, cell)) return SS_OK;
    return area_admit(&subscriber->area, subscriber->world, cell);
}

void subscriber_doubt(struct subscriber *subscriber) {
    holding_doubt(&subscriber->held, subscriber->world->seq);
}

void subscriber_spend(struct subscriber *subscriber, size_t bytes) {
    budget_spend(&subscriber->budget, bytes);
}

uint64_t subscriber_told(const struct subscriber *subscriber) {
    if (!subscriber->caught_up && !subscriber->resumed) return 0;
    return trail_open(&subscriber->trail) ? subscriber->trail_told : subscriber->round.told;
}
