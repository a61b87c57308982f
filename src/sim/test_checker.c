/* SPDX-License-Identifier: Apache-2.0 */
/* The checkers against histories that never happened: a register that does what the contract says
 * passes, however its answers overtake each other; each planted violation is rejected. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/random.h"
#include "sim/model.h"

enum { HISTORIES = 1000, OPERATIONS = 1000, OPEN_MAX = 8, CLIENTS = 4 };

enum violation {
    NONE,
    VERSION_REUSED,    /* two updates get one version */
    VERSION_SKIPPED,   /* a gap in the chain */
    UPDATE_LOST,       /* accepted upon a version that did not stand any more */
    FUTURE_ACCEPTED,   /* accepted upon a version that was never given */
    MATCH_REFUSED,     /* a mismatch, though the expected version stands */
    CONFLICT_ACCEPTED, /* accepted, and a conflict all the same */
    REFUSED_STANDS,    /* refused, and yet its state is shown */
    STRANGE_STATE,     /* a state that nobody wrote */
    STATE_TWICE,       /* one update, two versions */
    OTHER_STATE,       /* accepted, but the answer shows another state */
    READ_BACK,         /* an older version than was known */
    READ_NOTHING,      /* a cell that lives is gone */
    READ_DELETED,      /* deleted, though nobody deleted it */
    TWO_CONTENTS,      /* one version, two states */
    ANSWER_CHANGED,    /* the same key, another answer */
    NO_NUMBER,         /* an answer without request_id */
    STALE_FOR_NOTHING, /* stale, though nothing was expected */
    STRANGE_CLOCK,     /* a clock of another node */
    WRONG_CLOCK,       /* a clock with another counter */
    CREATED_OVER,      /* created over a living cell */
    GIVEN_BEFORE,      /* a version that was given before a restart */
    LOST_IN_RESTART,   /* what was acknowledged is missing after a restart */
    VIOLATIONS
};

struct pending {
    struct question question;
    struct state_sync_response answer;
    struct conflict_info conflict;
    struct counter clock;
    char state[STATE_MAX];
};

struct history {
    struct model model;
    struct random random;
    ss_time now;
    struct cell *cell;
    uint32_t version, op; /* of the register */
    struct pending open[OPEN_MAX];
    size_t open_count;
    enum violation violation;
    uint32_t at; /* the operation that is violated, or the next one that can be */
    bool last;   /* no restarts from there on: gaps are noticed in the last life only */
};

/* ---- sending ------------------------------------------------------------------------------- */

static struct bytes text_of(uint32_t op, char out[STATE_MAX]) {
    return op_state(op, out);
}

static struct op *send_update(struct history *h, struct pending *pending, uint32_t expected) {
    struct model *model = &h->model;
    uint32_t number = model_op(model, h->cell, 1 + (unsigned)random_below(&h->random, CLIENTS));
    struct op *op = op_at(model, number);
    op->expected = expected;
    op->attempts = 1;
    op->first_sent = ++model->stamp;
    op->floor = h->cell->newest;
    *pending = (struct pending){.question = {.op = number,
                                             .client = op->client,
                                             .floor = h->cell->newest,
                                             .highest = h->cell->highest,
                                             .life = model->life}};
    return op;
}

static void fill_answer(struct pending *pending, uint32_t version, uint32_t op) {
    struct state_sync_response *answer = &pending->answer;
    answer->request_id = 1;
    answer->current_version = version;
    answer->state_data = op ? text_of(op, pending->state) : (struct bytes){NULL, 0};
    pending->clock = (struct counter){bytes_of("0000000000000001"), version};
    if (version) answer->vector_clock = (struct counter_list){&pending->clock, 1};
}

/* ---- the register -------------------------------------------------------------------------- */

static bool due(struct history *h, enum violation violation) {
    if (h->violation != violation || h->model.op_count < h->at || h->version < 3) return false;
    h->violation = NONE;
    return true;
}

static void refuse(struct history *h, struct pending *pending) {
    pending->answer.result = SYNC_RESULT_CONFLICT;
    pending->conflict.type = CONFLICT_TYPE_VERSION_MISMATCH;
    pending->answer.conflict = &pending->conflict;
    fill_answer(pending, h->version, h->op);
}

static void accept(struct history *h, struct pending *pending) {
    h->version += due(h, VERSION_SKIPPED) ? 2 : !due(h, VERSION_REUSED);
    h->op = pending->question.op;
    pending->answer.result = SYNC_RESULT_SUCCESS;
    fill_answer(pending, h->version, h->op);
    if (due(h, OTHER_STATE)) pending->answer.state_data = text_of(h->op - 1, pending->state);
    if (due(h, NO_NUMBER)) pending->answer.request_id = 0;
    if (due(h, STRANGE_CLOCK)) pending->clock.name = bytes_of("0000000000000002");
    if (due(h, WRONG_CLOCK)) pending->clock.value++;
    if (due(h, CONFLICT_ACCEPTED)) {
        pending->conflict.type = CONFLICT_TYPE_CONCURRENT_UPDATE;
        pending->answer.conflict = &pending->conflict;
    }
}

static void read_cell(struct history *h) {
    char state[STATE_MAX];
    uint32_t version = h->version, op = h->op;
    bool deleted = due(h, READ_DELETED);
    if (due(h, READ_BACK)) version -= 2, op = h->cell->sights[0].op;
    if (due(h, READ_NOTHING)) version = 0;
    if (due(h, TWO_CONTENTS)) op--;
    if (due(h, STATE_TWICE)) version += 7;
    bool strange = due(h, STRANGE_STATE);
    struct bytes shown = strange ? bytes_of("o1.zz") : text_of(op, state);
    if (strange) version += 9;
    struct view view = {.client = 1,
                        .cell = h->cell,
                        .version = version,
                        .deleted = deleted,
                        .has_state = version && !deleted,
                        .state = shown,
                        .floor = h->cell->newest,
                        .where = "read"};
    if (h->version) check_view(&h->model, &view);
}

static void execute(struct history *h, struct pending *pending) {
    struct op *op = op_at(&h->model, pending->question.op);
    bool fits = op->expected == h->version;
    if (!fits && op->expected && op->expected < h->version && due(h, UPDATE_LOST)) fits = true;
    if (fits && h->version && due(h, MATCH_REFUSED)) fits = false;
    if (fits && due(h, FUTURE_ACCEPTED)) op->expected = h->version + 5;
    if (fits && due(h, CREATED_OVER)) {
        op->expected = 0;
        op->must_not_exist = true;
    }
    if (fits && due(h, STALE_FOR_NOTHING)) {
        op->expected = 0;
        pending->answer.result = SYNC_RESULT_STALE;
        fill_answer(pending, h->version, h->op);
    } else if (fits) {
        accept(h, pending);
    } else {
        refuse(h, pending);
        if (!due(h, REFUSED_STANDS)) return;
        h->op = pending->question.op;
        h->version++;
        read_cell(h);
    }
}

/* ---- answers and reads --------------------------------------------------------------------- */

static void deliver(struct history *h, size_t place) {
    struct pending pending = h->open[place];
    /* The copies point at what moved. */
    pending.answer.conflict = pending.answer.conflict ? &pending.conflict : NULL;
    if (pending.answer.vector_clock.count) pending.answer.vector_clock.items = &pending.clock;
    if (pending.answer.state_data.size)
        pending.answer.state_data = bytes_view(pending.state, pending.answer.state_data.size);
    h->open[place] = h->open[--h->open_count];
    h->model.stamp++;
    check_answer(&h->model, &pending.question, &pending.answer);
    if (pending.answer.result == SYNC_RESULT_SUCCESS && due(h, ANSWER_CHANGED)) {
        pending.answer.result = SYNC_RESULT_CONFLICT;
        pending.answer.conflict = &pending.conflict;
        check_answer(&h->model, &pending.question, &pending.answer);
    }
}

static void restart(struct history *h) {
    bool forgets = due(h, LOST_IN_RESTART), again = due(h, GIVEN_BEFORE);
    while (h->open_count)
        deliver(h, 0);
    if (again) h->model.classes[h->cell->kind] = CLASS_ASYNC;
    model_restart(&h->model, 0);
    h->model.classes[h->cell->kind] = CLASS_SYNC;
    if (!forgets && !again) return;
    h->version -= 2;
    h->op = h->cell->sights[h->cell->sight_count - 3].op;
}

/* ---- a history ----------------------------------------------------------------------------- */

static void turn(struct history *h) {
    h->now += 1000;
    uint64_t luck = random_below(&h->random, 1000);
    if (luck < 5 && !(h->last && h->model.op_count >= h->at)) restart(h);
    if (luck < 300) read_cell(h);
    if (h->open_count == OPEN_MAX || (h->open_count && luck >= 600)) {
        deliver(h, random_below(&h->random, h->open_count));
        return;
    }
    struct pending *pending = &h->open[h->open_count];
    uint32_t expected = random_below(&h->random, 4) ? h->version : h->cell->newest;
    send_update(h, pending, expected);
    execute(h, pending);
    h->open_count++;
}

static void run_history(uint64_t seed, enum violation violation, char why[480]) {
    struct history h = {.random = {seed},
                        .violation = violation,
                        .at = OPERATIONS / 2,
                        .last = violation == VERSION_SKIPPED};
    model_start(&h.model, CLIENTS, seed, &h.now);
    h.model.classes[KIND_CAS] = CLASS_SYNC;
    h.cell = model_cell(&h.model, KIND_CAS, 0, 0);
    while (h.model.op_count < OPERATIONS)
        turn(&h);
    while (h.open_count)
        deliver(&h, 0);
    check_chains(&h.model);
    if (violation != NONE) assert_int_equal(h.violation, NONE); /* it was planted */
    snprintf(why, 480, "%s", h.model.why);
    model_free(&h.model);
}

static void histories_of_a_register_pass(void **state) {
    (void)state;
    char why[480];
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        run_history(seed, NONE, why);
        if (why[0]) fail_msg("history %llu: %s", (unsigned long long)seed, why);
    }
}

static void planted_violations_are_rejected(void **state) {
    (void)state;
    char why[480];
    for (int violation = NONE + 1; violation < VIOLATIONS; violation++)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            run_history(seed, (enum violation)violation, why);
            if (!why[0])
                fail_msg("violation %d of history %llu is not noticed", violation,
                         (unsigned long long)seed);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_of_a_register_pass),
        cmocka_unit_test(planted_violations_are_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
