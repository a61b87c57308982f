/* SPDX-License-Identifier: Apache-2.0 */
/* What a client makes up: players, owners, versions, clocks, keys and categories that are not
 * its own. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/actor.h"

enum { LARGE = 20000, CLOCK_OVER = 65 };

static unsigned another(struct actor *actor) {
    unsigned other = 1 + (unsigned)random_below(&actor->random, actor->model->clients);
    return other == actor->id ? other % actor->model->clients + 1 : other;
}

static void send_request(struct attempt *attempt, struct state_sync_request *request) {
    struct actor *actor = attempt->actor;
    struct stream *stream = &actor->stream;
    if (stream->call && !stream->half_closed && chance(actor, 50)) {
        stream_send(actor, attempt, request);
    } else {
        attempt_call(attempt, SERVICE "SyncState", &message_state_sync_request, request);
    }
}

/* An op that must be refused whatever stands; `request` says how it goes out. */
static struct attempt *forbidden_op(struct actor *actor, struct cell *cell,
                                    struct state_sync_request *request, char *state) {
    struct model *model = actor->model;
    uint32_t number = model_op(model, cell, actor->id);
    struct op *op = op_at(model, number);
    op->forbidden = true;
    op->attempts = 1;
    op->first_sent = ++model->stamp;
    *request = (struct state_sync_request){.player_id = actor->id,
                                           .category = bytes_of(kind_rules[cell->kind].name),
                                           .key = cell_key(cell),
                                           .state_data = op_state(number, state)};
    return attempt_begin(actor, ASK_JUNK);
}

static void forge_owner(struct actor *actor) {
    static const enum kind kinds[] = {KIND_POS, KIND_SECRET, KIND_BAG};
    unsigned other = another(actor);
    char state[STATE_MAX];
    struct state_sync_request request;
    enum kind kind = kinds[random_below(&actor->random, 3)];
    struct cell *cell =
        model_cell(actor->model, kind, other, (unsigned)random_below(&actor->random, KEYS));
    struct attempt *attempt = forbidden_op(actor, cell, &request, state);
    request.owner_id = other;
    if (chance(actor, 40)) { /* as if he were that player, instead */
        request.owner_id = 0;
        request.player_id = other;
    }
    send_request(attempt, &request);
}

static void forge_junk(struct actor *actor) {
    static const char large[LARGE];
    static const struct counter clock[CLOCK_OVER];
    char state[STATE_MAX];
    struct state_sync_request request;
    struct cell *cell = model_cell(actor->model, KIND_POS, actor->id, 0);
    struct attempt *attempt = forbidden_op(actor, cell, &request, state);
    switch (random_below(&actor->random, 5)) {
    case 0: request.category = bytes_of("nonsense"); break;
    case 1: request.key.size = 0; break;
    case 2: request.player_id = 0; break;
    case 3: request.state_data = bytes_view(large, sizeof large); break;
    default: request.vector_clock = (struct counter_list){clock, CLOCK_OVER}; break;
    }
    send_request(attempt, &request);
}

/* Versions and clocks that nobody gave: judged like any other update. */
static void forge_context(struct actor *actor) {
    static const enum kind kinds[] = {KIND_POS, KIND_CAS, KIND_TRADE};
    char node[24], state[STATE_MAX];
    struct model *model = actor->model;
    enum kind kind = kinds[random_below(&actor->random, 3)];
    struct cell *cell = model_cell(model, kind, kind == KIND_POS ? actor->id : 0,
                                   (unsigned)random_below(&actor->random, KEYS));
    struct belief *belief = &actor->beliefs[cell - model->cells];
    uint32_t number = model_op(model, cell, actor->id);
    struct op *op = op_at(model, number);
    struct attempt *attempt = attempt_begin(actor, ASK_UPDATE);
    snprintf(node, sizeof node, "%s",
             model->node[0] && chance(actor, 50) ? model->node : "00000000deadbeef");
    struct counter clock = {bytes_of(node), (uint32_t)random_below(&actor->random, 1000)};
    op->expected = belief->version;
    op->with_clock = chance(actor, 50);
    if (!op->with_clock) op->expected += 1000 + (uint32_t)random_below(&actor->random, 1u << 30);
    op->attempts = 1;
    op->first_sent = ++model->stamp;
    op->floor = cell->newest;
    attempt->questions[attempt->count++] =
        (struct question){.op = number,
                          .client = actor->id,
                          .floor = cell->newest,
                          .highest = cell->highest,
                          .losses = cell->losses,
                          .life = model->life};
    struct state_sync_request request = {.player_id = actor->id,
                                         .category = bytes_of(kind_rules[kind].name),
                                         .key = cell_key(cell),
                                         .expected_version = op->expected,
                                         .state_data = op_state(number, state)};
    if (op->with_clock) request.vector_clock = (struct counter_list){&clock, 1};
    send_request(attempt, &request);
}

/* Another update under a key that has been answered. */
static void forge_key(struct actor *actor) {
    const struct op *used = actor->last_keyed ? op_at(actor->model, actor->last_keyed) : NULL;
    char state[STATE_MAX];
    struct state_sync_request request;
    if (!used || used->first_result == 0 || used->batch) return;
    struct cell *cell = model_cell(actor->model, KIND_POS, actor->id, 1);
    struct attempt *attempt = forbidden_op(actor, cell, &request, state);
    used = op_at(actor->model, actor->last_keyed); /* one more op may have moved them all */
    request.idempotency_key = bytes_view(used->key, used->key_size);
    send_request(attempt, &request);
}

static void forge_history(struct actor *actor) {
    enum kind kind = chance(actor, 50) ? KIND_SECRET : KIND_BAG;
    actor_history(actor, model_cell(actor->model, kind, another(actor), 0), true);
}

void actor_forge(struct actor *actor) {
    if (!actor->client || actor->model->clients < 2) return;
    switch (random_below(&actor->random, 6)) {
    case 0: forge_owner(actor); break;
    case 1: forge_junk(actor); break;
    case 2: forge_key(actor); break;
    case 3: forge_history(actor); break;
    default: forge_context(actor); break;
    }
}
