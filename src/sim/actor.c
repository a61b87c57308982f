/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a client: connecting, turning, being paused, and what it does next. */
#include "sim/actor.h"

#include <stdlib.h>

#include "base/status.h"
#include "sim/host.h"

bool chance(struct actor *actor, unsigned percent) {
    return random_below(&actor->random, 100) < percent;
}

bool actor_faulty(const struct actor *actor, enum fault fault) {
    return !actor->calm && fault_in(actor->machine->faults, fault);
}

/* ---- life -------------------------------------------------------------------------------------
 */

void actor_start(struct actor *actor, unsigned id, uint32_t ops, uint64_t seed) {
    actor->id = id;
    actor->random.state = hash_mix(seed + 0x61637400 + id);
    actor->ops_left = ops;
    actor->arena = arena_of(actor->memory, 16384);
    actor->beliefs = calloc(model_cell_count(actor->model), sizeof *actor->beliefs);
    if (!actor->beliefs || loop_create(&actor->loop, actor->memory) != SS_OK) abort();
    list_init(&actor->attempts);
    list_init(&actor->stream.attempts);
    mirror_start(&actor->stream.mirror, actor->model, id);
    told_start(&actor->stream.told, actor->model);
    actor->next = actor->machine->now + (ss_time)random_below(&actor->random, 20000);
}

static void beliefs_clear(struct actor *actor) {
    for (size_t i = 0; i < model_cell_count(actor->model); i++) {
        free(actor->beliefs[i].state);
        actor->beliefs[i] = (struct belief){0};
    }
}

void actor_stop(struct actor *actor) {
    actor_disconnect(actor);
    beliefs_clear(actor);
    free(actor->beliefs);
    free(actor->retry);
    mirror_free(&actor->stream.mirror);
    told_free(&actor->stream.told);
    glimpse_free(actor->last);
    arena_free(&actor->arena);
    loop_destroy(actor->loop);
}

/* What was answered under a key in an earlier life is asked again: it must not happen twice. */
static void ask_again(struct actor *actor) {
    const struct model *model = actor->model;
    unsigned wanted = actor_faulty(actor, FAULT_REPEAT) ? 2 : 0;
    for (uint32_t looks = 0; looks < 200 && looks < model->op_count && wanted > 0; looks++) {
        uint32_t number = model->op_count - looks;
        const struct op *op = op_at(model, number);
        bool kept = op->client == actor->id && op->key_size && op->first_result &&
                    model->classes[op->cell->kind] == CLASS_SYNC;
        if (!kept || chance(actor, 50)) continue;
        actor_retry_later(actor, number);
        wanted--;
    }
}

void actor_forget(struct actor *actor) {
    ask_again(actor);
    mirror_restart(&actor->stream.mirror, actor->model, false);
    actor->stream.resume_size = 0;
    const struct op *keyed = actor->last_keyed ? op_at(actor->model, actor->last_keyed) : NULL;
    if (keyed && actor->model->classes[keyed->cell->kind] != CLASS_SYNC) actor->last_keyed = 0;
    glimpse_free(actor->last);
    actor->last = NULL;
}

/* ---- the connection ---------------------------------------------------------------------------
 */

bool actor_connect(struct actor *actor) {
    if (actor->client && rpc_alive(actor->client)) return true;
    if (actor->machine->now < actor->reconnect_at) return false;
    actor_disconnect(actor);
    struct rpc_config config = {.address = HOST_ADDRESS};
    if (actor->id) config.token = tokens_of(actor->tokens, actor->id);
    char why[128];
    actor->machine->connecting = actor->id + 1;
    int status = rpc_open(&actor->client, actor->loop, actor->memory, &config,
                          loop_now(actor->loop), why, sizeof why);
    actor->machine->connecting = 0;
    actor->client_life = *actor->life;
    actor->reconnect_at = actor->machine->now + 50 * SS_MILLISECOND;
    return status == SS_OK;
}

/* As when a process is killed: nothing is said to anybody. */
void actor_disconnect(struct actor *actor) {
    struct rpc_client *client = actor->client;
    actor->client = NULL;
    actor->stream.call = NULL;
    rpc_close(client);
    while (!list_empty(&actor->stream.attempts))
        attempt_lost(LIST_ENTRY(actor->stream.attempts.next, struct attempt, link));
    while (!list_empty(&actor->attempts))
        attempt_lost(LIST_ENTRY(actor->attempts.next, struct attempt, link));
}

bool actor_idle(const struct actor *actor) {
    return actor->attempt_count == 0 && actor->retry_count == 0;
}

/* ---- doing ------------------------------------------------------------------------------------
 */

/* Who comes early sees an empty world. */
static void act_first(struct actor *actor) {
    actor->began = true;
    if (chance(actor, 50)) return;
    stream_open(actor);
    stream_subscribe(actor, 0, EVERYWHERE, false);
}

unsigned actor_center(struct actor *actor) {
    return chance(actor, 60) || actor->id == 0 ? EVERYWHERE
                                               : (unsigned)random_below(&actor->random, PLACES);
}

static void subscribe_some(struct actor *actor) {
    uint32_t kinds = chance(actor, 70) ? 0 : (uint32_t)random_next(&actor->random);
    stream_subscribe(actor, kinds, actor_center(actor), chance(actor, 50));
}

static void act_player(struct actor *actor) {
    if (!actor->began) act_first(actor);
    if (!actor->stream.call && chance(actor, 50)) stream_open(actor);
    if (actor_faulty(actor, FAULT_LEAVE) && chance(actor, 1)) {
        actor_disconnect(actor);
        actor->reconnect_at = actor->machine->now + (ss_time)random_below(&actor->random, 500000);
        return;
    }
    if (actor_faulty(actor, FAULT_PAUSE) && random_below(&actor->random, 250) == 0) {
        actor->paused_until =
            actor->machine->now + (ss_time)random_below(&actor->random, 8) * SS_SECOND;
        return;
    }
    if (actor_faulty(actor, FAULT_BURST) && random_below(&actor->random, 400) == 0)
        actor_burst(actor);
    if (actor_faulty(actor, FAULT_FORGE) && chance(actor, 6)) actor_forge(actor);
    if (actor_faulty(actor, FAULT_CANCEL) && chance(actor, 2) && !list_empty(&actor->attempts))
        rpc_cancel(LIST_ENTRY(actor->attempts.next, struct attempt, link)->call);
    unsigned dice = (unsigned)random_below(&actor->random, 100);
    if (dice < 5) actor_snapshot(actor, chance(actor, 60));
    if (dice >= 5 && dice < 9) subscribe_some(actor);
    if (dice == 9) stream_unsubscribe(actor);
    if (dice >= 10 && dice < 16) actor_resolve(actor);
    if (dice == 16)
        actor_history(
            actor,
            &actor->model->cells[random_below(&actor->random, model_cell_count(actor->model))],
            false);
    if (dice == 18) actor_conflicts(actor, 1);
    if (dice == 17 && actor->stream.call && !actor->calm) stream_half_close(actor);
    actor_write(actor);
    actor->ops_left--;
}

static void act_referee(struct actor *actor) {
    actor_make_items(actor);
    if (actor->silent) return;
    actor_snapshot(actor, true);
    if (chance(actor, 50)) actor_ask_proposals(actor);
    if (!actor->stream.call) stream_open(actor);
    if (actor->stream.call && !actor->stream.subscribed)
        stream_subscribe(actor, 0, EVERYWHERE, false);
}

static ss_time pause_of(struct actor *actor) {
    ss_time span = actor->id ? 12000 : 250000;
    return 100 + (ss_time)random_below(&actor->random, (uint64_t)(2 * span));
}

static void act(struct actor *actor) {
    actor->next = actor->machine->now + pause_of(actor);
    if (!actor_connect(actor)) return;
    /* A few at a time: who has forty questions open waits for answers first. */
    if (actor->attempt_count > 40) return;
    actor_retry(actor);
    if (actor->id == 0) {
        act_referee(actor);
    } else if (actor->ops_left && !actor->silent) {
        act_player(actor);
    }
}

/* ---- turning ----------------------------------------------------------------------------------
 */

ss_time actor_due(const struct actor *actor) {
    ss_time due = actor->next;
    if (actor->client) {
        due = time_min(due, virtual_loop_due(actor->loop));
        ss_time now = loop_now(actor->loop), at = rpc_deadline(actor->client);
        if (at != SS_NEVER) due = time_min(due, actor->machine->now + time_max(at - now, 0));
    }
    return time_max(due, actor->paused_until);
}

void actor_turn(struct actor *actor) {
    if (actor->client) {
        loop_wait(actor->loop, SS_NEVER);
        rpc_turn(actor->client, loop_now(actor->loop));
        if (!rpc_alive(actor->client)) actor_disconnect(actor);
    }
    if (actor->machine->now >= actor->next) act(actor);
}
