/* SPDX-License-Identifier: Apache-2.0 */
/* What clients write, and what they should not have. */
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "payload/patch.h"
#include "sim/actor.h"

enum { COUNTER_MAX = 16000, COUNTER_USUAL = 500 };

/* ---- beliefs ----------------------------------------------------------------------------------
 */

static struct belief *belief_of(struct actor *actor, const struct cell *cell) {
    return &actor->beliefs[cell - actor->model->cells];
}

void believe(struct actor *actor, const struct cell *cell, uint32_t version, bool live,
             struct bytes state) {
    struct belief *belief = belief_of(actor, cell);
    if (version < belief->version && belief->losses == cell->losses) return;
    belief->version = version;
    belief->losses = cell->losses;
    belief->live = live && version;
    if (cell->kind != KIND_SUM) return;
    free(belief->state);
    belief->state = malloc(state.size + 1);
    if (!belief->state) abort();
    if (state.size) memcpy(belief->state, state.data, state.size);
    belief->size = (uint16_t)state.size;
}

/* ---- one update -------------------------------------------------------------------------------
 */

struct draft {
    struct state_sync_request request;
    struct attempt *attempt;
    char state[COUNTER_MAX];
    struct counter clock[1];
};

/* Each attempt the same bytes: a repeat must be one. */
static void fill_delta(struct draft *draft, uint32_t number, uint32_t base) {
    char before[STATE_MAX], after[STATE_MAX];
    struct buffer patch = buffer_of(&memory_heap);
    if (patch_make(op_state(base, before), op_state(number, after), &patch) != SS_OK) abort();
    memcpy(draft->state, patch.data, patch.size);
    draft->request.state_delta = bytes_view(draft->state, patch.size);
    draft->request.delta_format = DELTA_FORMAT_PATCH;
    buffer_free(&patch);
}

static void fill_state(struct actor *actor, struct draft *draft, uint32_t number) {
    struct op *op = op_at(actor->model, number);
    const struct belief *belief = belief_of(actor, op->cell);
    if (op->text) {
        draft->request.state_data = bytes_of(op->text);
    } else if (op->cell->kind == KIND_SUM) {
        struct bytes base = {NULL, 0};
        if (belief->live && op->expected) base = bytes_view(belief->state, belief->size);
        draft->request.state_data =
            sum_add(number, op->amount, base, draft->state, sizeof draft->state);
        op->text = strdup(draft->state);
    } else if (op->base_op) {
        fill_delta(draft, number, op->base_op);
    } else {
        draft->request.state_data = op_state(number, draft->state);
    }
}

static void fill(struct actor *actor, struct draft *draft, uint32_t number) {
    struct op *op = op_at(actor->model, number);
    draft->request.player_id = actor->id ? actor->id : 1;
    draft->request.category = bytes_of(kind_rules[op->cell->kind].name);
    draft->request.key = cell_key(op->cell);
    draft->request.expected_version = op->expected;
    draft->request.delete = op->delete;
    draft->request.must_not_exist = op->must_not_exist;
    if (op->key_size) draft->request.idempotency_key = bytes_view(op->key, op->key_size);
    if (!op->delete) fill_state(actor, draft, number);
}

static void remark(struct actor *actor, uint32_t number, const struct op *op) {
    char name[48];
    if (!actor->trace->out) return;
    cell_print(op->cell, name);
    trace_remark(actor->trace, actor->machine->now, "client %u: o%u %s %s, expects %u%s%s",
                 actor->id, number, op->delete ? "deletes" : "writes", name, op->expected,
                 op->must_not_exist ? ", must not exist" : "", op->key_size ? ", keyed" : "");
}

static void ask(struct attempt *attempt, uint32_t number, bool omit_state) {
    struct model *model = attempt->actor->model;
    struct op *op = op_at(model, number);
    remark(attempt->actor, number, op);
    model->stamp++;
    op->last_life = model->life;
    if (op->attempts++ == 0) {
        op->first_sent = model->stamp;
        op->floor = op->cell->newest;
        op->cell->deletes += op->delete;
    }
    attempt->questions[attempt->count++] = (struct question){
        .op = number,
        .client = attempt->actor->id,
        .floor = op->cell->newest,
        .highest = op->cell->highest,
        .losses = op->cell->losses,
        .life = model->life,
        .omit_state = omit_state,
    };
}

static void send_out(struct actor *actor, struct draft *draft) {
    struct stream *stream = &actor->stream;
    bool streams = stream->call && !stream->half_closed && stream->life == *actor->life;
    if (streams && chance(actor, 60)) {
        stream_send(actor, draft->attempt, &draft->request);
    } else {
        attempt_call(draft->attempt, SERVICE "SyncState", &message_state_sync_request,
                     &draft->request);
    }
}

static void send_op(struct actor *actor, uint32_t number) {
    struct draft draft;
    memset(&draft, 0, sizeof draft.request);
    draft.attempt = attempt_begin(actor, ASK_UPDATE);
    fill(actor, &draft, number);
    draft.request.omit_state = chance(actor, 10);
    draft.request.client_timestamp_ms = (int64_t)random_next(&actor->random);
    draft.request.estimated_latency_ms = (uint32_t)random_below(&actor->random, 100);
    ask(draft.attempt, number, draft.request.omit_state);
    send_out(actor, &draft);
}

static void give_key(struct actor *actor, uint32_t number) {
    struct op *op = op_at(actor->model, number);
    op->key_size = (uint8_t)snprintf((char *)op->key, sizeof op->key, "%u", number);
    actor->last_keyed = number;
}

static const struct {
    enum kind kind;
    unsigned weight;
} mix[] = {{KIND_POS, 20},  {KIND_SECRET, 8}, {KIND_CAS, 24},  {KIND_SUM, 20}, {KIND_TRADE, 10},
           {KIND_LEASE, 6}, {KIND_BRIEF, 5},  {KIND_ORDER, 2}, {KIND_WISH, 5}};

static enum kind draw_kind(struct actor *actor) {
    unsigned dice = (unsigned)random_below(&actor->random, 100), at = 0;
    while (dice >= mix[at].weight)
        dice -= mix[at++].weight;
    return mix[at].kind;
}

/* Counters name all their updates: long ones are merged now and then only. */
static bool too_long(struct actor *actor, const struct cell *cell) {
    return cell->kind == KIND_SUM && belief_of(actor, cell)->size > COUNTER_USUAL &&
           !chance(actor, 3);
}

static struct cell *draw_cell(struct actor *actor) {
    enum kind kind = draw_kind(actor);
    unsigned owner = kind_rules[kind].shared ? 0 : actor->id;
    unsigned key = (unsigned)random_below(&actor->random, KEYS);
    struct cell *cell = model_cell(actor->model, kind, owner, key);
    return too_long(actor, cell) ? model_cell(actor->model, KIND_CAS, 0, key) : cell;
}

static bool deletable(enum kind kind) {
    return kind == KIND_POS || kind == KIND_SECRET || kind == KIND_CAS || kind == KIND_LEASE;
}

static uint32_t draft_op(struct actor *actor, struct cell *cell) {
    const struct belief *belief = belief_of(actor, cell);
    uint32_t number = model_op(actor->model, cell, actor->id);
    struct op *op = op_at(actor->model, number);
    bool names = kind_rules[cell->kind].locking ? chance(actor, 95) : chance(actor, 30);
    if (names && belief->live) op->expected = belief->version;
    op->forbidden = cell->kind == KIND_ORDER && actor->id;
    op->amount = (int32_t)random_below(&actor->random, 100) - 30;
    op->delete = deletable(cell->kind) && chance(actor, 8);
    op->must_not_exist = op->expected == 0 && !op->delete &&chance(actor, 20);
    if (actor->model->deltas && number % 4 == 0 && op->expected && !op->delete)
        op->base_op = sight_op(cell, op->expected);
    if (chance(actor, actor_faulty(actor, FAULT_REPEAT) ? 50 : 10)) give_key(actor, number);
    return number;
}

static void write_one(struct actor *actor) {
    uint32_t number = draft_op(actor, draw_cell(actor));
    send_op(actor, number);
    if (!actor_faulty(actor, FAULT_REPEAT) || !op_at(actor->model, number)->key_size) return;
    while (actor->client && chance(actor, 30))
        send_op(actor, number);
}

/* ---- batches ----------------------------------------------------------------------------------
 */

static void send_batch(struct actor *actor, const uint32_t *numbers, size_t count, bool atomic) {
    struct draft outer, inner[2];
    struct state_sync_request updates[2];
    memset(&outer, 0, sizeof outer.request);
    outer.attempt = attempt_begin(actor, ASK_BATCH);
    outer.attempt->atomic = atomic;
    outer.request.player_id = actor->id;
    for (size_t i = 0; i < count; i++) {
        struct op *op = op_at(actor->model, numbers[i]);
        memset(&inner[i], 0, sizeof inner[i].request);
        fill(actor, &inner[i], numbers[i]);
        if (atomic && op->key_size)
            outer.request.idempotency_key = bytes_view(op->key, op->key_size);
        if (atomic) inner[i].request.idempotency_key = (struct bytes){NULL, 0};
        updates[i] = inner[i].request;
        ask(outer.attempt, numbers[i], false);
    }
    struct wire_batch batch = {.updates = {updates, count}, .atomic = atomic};
    outer.request.batch = &batch;
    send_out(actor, &outer);
}

/* From the ground into the own bag, or back: two cells that change together or not at all. */
static void move_item(struct actor *actor) {
    unsigned key = (unsigned)random_below(&actor->random, KEYS);
    struct cell *from = model_cell(actor->model, KIND_LOOT, 0, key);
    struct cell *to = model_cell(actor->model, KIND_BAG, actor->id, key);
    if (belief_of(actor, to)->live) {
        struct cell *other = from;
        from = to;
        to = other;
    } else if (!belief_of(actor, from)->live && chance(actor, 80)) {
        return;
    }
    uint32_t numbers[2] = {model_op(actor->model, from, actor->id),
                           model_op(actor->model, to, actor->id)};
    struct op *out = op_at(actor->model, numbers[0]), *in = op_at(actor->model, numbers[1]);
    out->delete = true;
    out->expected = belief_of(actor, from)->version;
    if (out->expected == 0) out->expected = 1;
    in->must_not_exist = true;
    out->batch = in->batch = ++actor->model->batches;
    if (chance(actor, 50)) give_key(actor, numbers[0]);
    send_batch(actor, numbers, 2, true);
    if (actor_faulty(actor, FAULT_REPEAT) && op_at(actor->model, numbers[0])->key_size)
        while (actor->client && chance(actor, 30))
            send_batch(actor, numbers, 2, true);
}

static void write_two(struct actor *actor) {
    uint32_t first = draft_op(actor, draw_cell(actor));
    uint32_t second = draft_op(actor, draw_cell(actor));
    uint32_t numbers[2] = {first, second};
    op_at(actor->model, first)->key_size = op_at(actor->model, second)->key_size = 0;
    actor->last_keyed = 0;
    send_batch(actor, numbers, 2, false);
}

void actor_write(struct actor *actor) {
    if (!actor->client) return;
    if (chance(actor, 15)) {
        move_item(actor);
    } else if (chance(actor, 5)) {
        write_two(actor);
    } else {
        write_one(actor);
    }
}

void actor_burst(struct actor *actor) {
    unsigned count = 200 + (unsigned)random_below(&actor->random, 300);
    struct cell *cell = model_cell(actor->model, KIND_POS, actor->id, 0);
    if (!actor->stream.call || actor->stream.half_closed) return;
    for (unsigned i = 0; i < count && actor->stream.call; i++) {
        uint32_t number = model_op(actor->model, cell, actor->id);
        send_op(actor, number);
    }
}

/* ---- again ------------------------------------------------------------------------------------
 */

static void retry_batch(struct actor *actor, uint32_t number) {
    uint32_t numbers[2] = {number, number + 1};
    send_batch(actor, numbers, 2, true);
}

void actor_retry(struct actor *actor) {
    size_t count = actor->retry_count;
    if (count == 0 || !actor->client || (!actor->calm && chance(actor, 70))) return;
    if (count > 10) count = 10;
    uint32_t numbers[10];
    memcpy(numbers, actor->retry, count * sizeof *numbers);
    actor->retry_count -= count;
    memmove(actor->retry, actor->retry + count, actor->retry_count * sizeof *actor->retry);
    for (size_t i = 0; i < count && actor->client; i++) {
        if (op_at(actor->model, numbers[i])->batch) {
            retry_batch(actor, numbers[i]);
        } else {
            send_op(actor, numbers[i]);
        }
    }
}

/* ---- the referee's --------------------------------------------------------------------------
 */

void actor_make_items(struct actor *actor) {
    for (unsigned key = 0; key < KEYS; key++) {
        if (actor->items_made[key]) continue;
        struct cell *cell = model_cell(actor->model, KIND_LOOT, 0, key);
        uint32_t number = model_op(actor->model, cell, 0);
        op_at(actor->model, number)->must_not_exist = true;
        give_key(actor, number);
        actor->items_made[key] = true;
        send_op(actor, number);
    }
}
