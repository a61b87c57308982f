/* SPDX-License-Identifier: Apache-2.0 */
/* Safety first: the clients do what they like while everything fails around them, and nothing wrong
 * may be shown. Then the faults heal, and what was promised must come true: every call ends, every
 * copy is the world, the world is what was answered, and all memory comes back.
 *
 *   SAFETY   clients act, weather strikes
 *   HEAL     no more faults; everybody reconnects, and every fate becomes known
 *   SETTLE   subscriptions catch up
 *   JUDGE    the referee takes a snapshot and every history; the model is held against them
 *   LEAVE    streams end well, connections close, and waves of visitors leave no memory behind */
#include "sim/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "sim/actor.h"
#include "sim/host.h"
#include "sim/stranger.h"

#define SAFETY_MAX (150 * SS_SECOND)
#define HEAL_MAX   (90 * SS_SECOND)
#define MEMORY_MAX ((size_t)96 << 20)
#define WAVE_SLACK 8192
#define WAVE_TRIES 3
#define MEMORY_ILL (3 * SS_SECOND) /* what could not be kept for lack of memory is kept by then */
#define ASYNC_LOSS SS_SECOND       /* what of class async is older is not lost */

struct run {
    struct plan plan;
    struct trace trace;
    struct virtual machine;
    struct host host;
    struct model model;
    struct meter meter; /* of the clients */
    struct memory memory;
    struct actor *actors; /* 0: the referee */
    unsigned actor_count;
    ss_time dues[PLAYERS_MAX + 1], host_due; /* of this step */
    struct stranger stranger;
    struct random weather;
    ss_time weather_next;
    unsigned epoch; /* of the host, as everybody knows it */
};

static bool failed(struct run *run) {
    if (run->host.why[0]) model_fail(&run->model, "%s", run->host.why);
    if (run->host.meter.peak > MEMORY_MAX)
        model_fail(&run->model, "the server took %zu bytes", run->host.meter.peak);
    return run->model.why[0] != 0;
}

/* ---- weather ----------------------------------------------------------------------------------
 */

static void strike(struct run *run, enum fault fault) {
    struct random *random = &run->weather;
    ss_time now = run->machine.now;
    unsigned victim = (unsigned)random_below(random, run->plan.clients) + 2;
    switch (fault) {
    case FAULT_CUT: virtual_cut(&run->machine, victim); break;
    case FAULT_PARTITION: {
        ss_time span = (ss_time)random_below(random, random_below(random, 12) ? 1500 : 30000);
        virtual_hold(&run->machine, victim, now + span * SS_MILLISECOND);
        break;
    }
    case FAULT_MEMORY:
        run->model.lean = true;
        run->host.ill_until = time_max(now, run->host.stalled_until) + MEMORY_ILL;
        if (random_below(random, 2)) {
            run->host.meter.fail_next = 1 + (uint32_t)random_below(random, 4);
        } else {
            uint32_t rate = random_below(random, 2) ? 8 : 200;
            run->host.meter.fail_one_in = 2 + (uint32_t)random_below(random, rate);
        }
        break;
    case FAULT_CLOCK:
        run->machine.wall_offset = ((ss_time)random_below(random, 172800) - 86400) * SS_SECOND;
        break;
    case FAULT_STALL: {
        ss_time span = (ss_time)random_below(random, 3000) * SS_MILLISECOND;
        run->host.stalled_until = now + span;
        if (now < run->host.ill_until) run->host.ill_until += span; /* nor does it notice */
        break;
    }
    case FAULT_RELOAD: host_reload(&run->host, (int)random_below(random, 5) - 1); break;
    case FAULT_RESTART: {
        if (random_below(random, 12)) break;
        ss_time rest = (ss_time)random_below(random, 300000);
        host_drain(&run->host, (int)random_below(random, 2000), rest);
        break;
    }
    case FAULT_KILL:
    case FAULT_POWER: {
        if (random_below(random, 6)) break;
        uint64_t calls = random_below(random, 3) ? 1 + random_below(random, 100) : 0;
        host_kill(&run->host, fault == FAULT_POWER, calls, (ss_time)random_below(random, 300000));
        break;
    }
    case FAULT_EIO:
        if (random_below(random, 6) == 0) host_fail_disk(&run->host);
        break;
    case FAULT_FULL: host_fill_disk(&run->host); break;
    default: break;
    }
}

static void blow(struct run *run) {
    static const enum fault strikes[] = {FAULT_CUT,   FAULT_PARTITION, FAULT_MEMORY,  FAULT_CLOCK,
                                         FAULT_STALL, FAULT_RELOAD,    FAULT_RESTART, FAULT_KILL,
                                         FAULT_POWER, FAULT_EIO,       FAULT_FULL};
    struct random *random = &run->weather;
    run->weather_next = run->machine.now + (ss_time)random_below(random, 500000);
    run->host.meter.fail_one_in = 0;
    if (random_below(random, 3) == 0) host_heal_disk(&run->host);
    enum fault enabled[sizeof strikes / sizeof *strikes];
    size_t count = 0;
    for (size_t i = 0; i < sizeof strikes / sizeof *strikes; i++)
        if (fault_in(run->plan.faults, strikes[i])) enabled[count++] = strikes[i];
    if (count == 0) return;
    enum fault fault = enabled[random_below(random, count)];
    trace_line(&run->trace, run->machine.now, "fault: %s", fault_name(fault));
    strike(run, fault);
}

/* ---- time -------------------------------------------------------------------------------------
 */

/* The server went down or up: at once, before anybody sends to the new one. */
static void follow_epoch(struct run *run) {
    if (run->host.epoch == run->epoch) return;
    run->epoch = run->host.epoch;
    if (run->host.state == HOST_DOWN) {
        enum ending ending = run->host.ending;
        ss_time until = ending == ENDING_QUICK ? run->machine.now - ASYNC_LOSS : 0;
        model_restart(&run->model, ending == ENDING_CLEAN ? SS_NEVER : until);
    }
    run->model.life_began = run->machine.now;
    virtual_stir(&run->machine);
    for (unsigned i = 0; i < run->actor_count; i++)
        actor_forget(&run->actors[i]);
}

/* Each is asked once a step, and only when something happened to him: whoever becomes due by what
 * another does now has the next one. */
static ss_time run_due(struct run *run) {
    run->host_due = host_due(&run->host);
    ss_time due = time_min(run->host_due, run->weather_next);
    if (fault_in(run->plan.faults, FAULT_GARBAGE))
        due = time_min(due, stranger_due(&run->stranger));
    for (unsigned i = 0; i < run->actor_count; i++) {
        bool *stirred = &run->machine.stirred[i + 1];
        if (*stirred) run->dues[i] = actor_due(&run->actors[i]);
        *stirred = false;
        due = time_min(due, run->dues[i]);
    }
    return due;
}

/* Everything that is due at the next moment, in an order that the seed draws. */
static void step(struct run *run) {
    struct virtual *machine = &run->machine;
    machine->now = time_max(machine->now, run_due(run));
    if (run->weather_next <= machine->now) blow(run);
    follow_epoch(run);
    if (fault_in(run->plan.faults, FAULT_GARBAGE) && stranger_due(&run->stranger) <= machine->now)
        stranger_turn(&run->stranger);
    unsigned first = (unsigned)random_below(&machine->order, run->actor_count + 1);
    for (unsigned i = 0; i <= run->actor_count; i++) {
        unsigned turn = (first + i) % (run->actor_count + 1);
        if (turn == run->actor_count) {
            if (run->host_due <= machine->now) host_turn(&run->host);
            follow_epoch(run);
        } else if (run->dues[turn] <= machine->now) {
            actor_turn(&run->actors[turn]);
            machine->stirred[turn + 1] = true;
        }
    }
}

/* Until `done`, or until time is up; false then, or after a violation. */
static bool pass(struct run *run, ss_time span, bool (*done)(const struct run *)) {
    ss_time until = run->machine.now + span;
    virtual_stir(&run->machine);
    while (run->machine.now < until) {
        if (failed(run)) return false;
        if (done && done(run)) return true;
        step(run);
    }
    return !done;
}

/* ---- phases -----------------------------------------------------------------------------------
 */

static bool all_acted(const struct run *run) {
    for (unsigned i = 1; i < run->actor_count; i++)
        if (run->actors[i].ops_left) return false;
    return true;
}

static bool all_idle(const struct run *run) {
    if (run->host.state != HOST_UP) return false;
    for (unsigned i = 0; i < run->actor_count; i++)
        if (!actor_idle(&run->actors[i])) return false;
    for (unsigned key = 0; key < KEYS; key++)
        if (!run->actors[0].items_made[key]) return false;
    return true;
}

static void heal(struct run *run) {
    trace_line(&run->trace, run->machine.now, "heal");
    virtual_heal(&run->machine);
    stranger_stop(&run->stranger);
    run->weather_next = SS_NEVER;
    run->host.meter.fail_one_in = run->host.meter.fail_next = 0;
    run->host.stalled_until = 0;
    run->host.kills = run->host.cuts = false;
    host_heal_disk(&run->host);
    for (unsigned i = 0; i < run->actor_count; i++) {
        run->actors[i].calm = run->actors[i].silent = true;
        run->actors[i].paused_until = 0;
    }
}

/* Who is connected and subscribed keeps what he has; the others begin again. */
static void settle(struct run *run) {
    for (unsigned i = 0; i < run->actor_count; i++) {
        struct actor *actor = &run->actors[i];
        if (!actor_connect(actor)) continue;
        stream_open(actor);
        if (actor->stream.half_closed || actor->stream.life != *actor->life) continue;
        if (!actor->stream.subscribed)
            stream_subscribe(actor, 0, actor_center(actor), chance(actor, 50));
    }
}

static bool all_subscribed(const struct run *run) {
    for (unsigned i = 0; i < run->actor_count; i++) {
        const struct stream *stream = &run->actors[i].stream;
        if (!stream->call || !stream->subscribed || stream->life != run->host.epoch) return false;
    }
    return true;
}

/* Streams of an earlier life, or half-closed ones, end by themselves; then the next try succeeds.
 */
static bool settle_all(struct run *run) {
    for (unsigned tries = 0; tries < 200; tries++) {
        settle(run);
        if (!pass(run, 300 * SS_MILLISECOND, NULL)) return false;
        if (all_subscribed(run)) return pass(run, 4 * SS_SECOND, NULL);
    }
    model_fail(&run->model, "a stream cannot be opened after the heal");
    return false;
}

static bool judge(struct run *run) {
    struct actor *referee = &run->actors[0];
    glimpse_free(referee->last);
    referee->last = NULL;
    actor_snapshot(referee, true);
    for (unsigned i = 1; i < run->actor_count; i++)
        actor_snapshot(&run->actors[i], true);
    for (unsigned i = 1; i < run->actor_count; i++)
        actor_conflicts(&run->actors[i], 30);
    for (size_t i = 0; i < model_cell_count(&run->model); i++) {
        actor_history(referee, &run->model.cells[i], false);
        if (i % 50 == 49 && !pass(run, 30 * SS_SECOND, all_idle)) return false;
    }
    if (!pass(run, 30 * SS_SECOND, all_idle)) {
        model_fail(&run->model, "the referee is not answered");
        return false;
    }
    if (!referee->last) {
        model_fail(&run->model, "the last snapshot did not come");
        return false;
    }
    check_chains(&run->model);
    for (unsigned key = 0; key < KEYS; key++) {
        const struct cell *cell = model_cell(&run->model, KIND_SUM, 0, key);
        const struct belief *belief = &referee->beliefs[cell - run->model.cells];
        if (belief->live) check_sum(&run->model, cell, bytes_view(belief->state, belief->size));
    }
    for (unsigned i = 0; i < run->actor_count; i++)
        check_mirror(&run->model, &run->actors[i].stream.mirror, referee->last);
    return !failed(run);
}

static bool all_ended(const struct run *run) {
    for (unsigned i = 0; i < run->actor_count; i++)
        if (run->actors[i].stream.call || !actor_idle(&run->actors[i])) return false;
    return true;
}

static bool leave(struct run *run) {
    for (unsigned i = 0; i < run->actor_count; i++)
        stream_half_close(&run->actors[i]);
    if (!pass(run, 10 * SS_SECOND, all_ended)) {
        model_fail(&run->model, "a stream does not end");
        return false;
    }
    for (unsigned i = 0; i < run->actor_count; i++) {
        actor_disconnect(&run->actors[i]);
        run->actors[i].reconnect_at = SS_NEVER;
    }
    return pass(run, 2 * SS_SECOND, NULL);
}

/* Everybody comes, looks, subscribes and goes. */
static bool wave(struct run *run) {
    for (unsigned i = 0; i < run->actor_count; i++) {
        run->actors[i].reconnect_at = 0;
        if (!actor_connect(&run->actors[i])) continue;
        stream_open(&run->actors[i]);
        stream_subscribe(&run->actors[i], 0, EVERYWHERE, false);
        actor_snapshot(&run->actors[i], true);
    }
    return pass(run, SS_SECOND, NULL) && leave(run);
}

/* A buffer may double once more for a crowd that happens to come together. What is left behind by each
 * wave grows every time. */
static bool waves(struct run *run) {
    if (!wave(run) || !wave(run)) return false;
    for (unsigned tries = 0;; tries++) {
        size_t before = run->host.meter.live, blocks = run->host.meter.blocks;
        if (!wave(run) || !wave(run)) return false;
        if (run->host.meter.live <= before + WAVE_SLACK) return true;
        if (tries < WAVE_TRIES) continue;
        model_fail(&run->model,
                   "visitors leave memory behind: %zu bytes in %zu blocks, then %zu "
                   "in %zu",
                   before, blocks, run->host.meter.live, run->host.meter.blocks);
        return false;
    }
}

static void phases(struct run *run) {
    if (!pass(run, SAFETY_MAX, all_acted) && failed(run)) return;
    heal(run);
    if (!pass(run, HEAL_MAX, all_idle)) {
        for (unsigned i = 0; i < run->actor_count; i++)
            if (!actor_idle(&run->actors[i]))
                model_fail(&run->model, "after the heal client %u waits for %u answers forever", i,
                           run->actors[i].attempt_count);
        model_fail(&run->model, "the server does not come back after the heal");
        return;
    }
    if (settle_all(run) && judge(run) && leave(run)) waves(run);
}

/* ---- the run ----------------------------------------------------------------------------------
 */

/* Some servers keep nothing; these do not die, for nobody could say what is left then. */
static bool is_forgetful(const struct plan *plan) {
    return plan->forgetful || hash_mix(plan->seed ^ 0x6e6f6e65) % 8 == 0;
}

static fault_set faults_of(const struct plan *plan) {
    fault_set deaths = 1u << FAULT_RESTART | 1u << FAULT_KILL | 1u << FAULT_POWER |
                       1u << FAULT_FULL | 1u << FAULT_EIO | 1u << FAULT_FLIP;
    return is_forgetful(plan) ? plan->faults & ~deaths : plan->faults;
}

static void run_start(struct run *run, const struct plan *plan, struct tokens *tokens) {
    *run = (struct run){.plan = *plan, .actor_count = plan->clients + 1};
    run->trace.out = plan->verbose ? stdout : NULL;
    run->plan.faults = faults_of(plan);
    virtual_start(&run->machine, plan->seed, run->plan.faults, &run->trace);
    run->memory = meter_memory(&run->meter);
    run->weather.state = hash_mix(plan->seed ^ 0x77656174);
    run->weather_next = run->machine.now + 50 * SS_MILLISECOND;
    model_start(&run->model, plan->clients, plan->seed, &run->machine.now);
    tokens_classes(tokens, run->model.classes);
    host_start(&run->host, &run->machine, &run->trace, tokens, plan->seed, is_forgetful(plan));
    run->host.damages = fault_in(run->plan.faults, FAULT_FLIP);
    run->host.kills = fault_in(run->plan.faults, FAULT_KILL);
    run->host.cuts = fault_in(run->plan.faults, FAULT_POWER);
    run->epoch = run->host.epoch;
    stranger_start(&run->stranger, &run->machine, plan->seed);
    run->actors = calloc(run->actor_count, sizeof *run->actors);
    if (!run->actors) abort();
    for (unsigned i = 0; i < run->actor_count; i++) {
        run->actors[i] = (struct actor){.machine = &run->machine,
                                        .trace = &run->trace,
                                        .model = &run->model,
                                        .tokens = tokens,
                                        .memory = &run->memory,
                                        .life = &run->host.epoch};
        actor_start(&run->actors[i], i, plan->ops, plan->seed);
    }
}

static void run_stop(struct run *run, struct verdict *verdict) {
    for (unsigned i = 0; i < run->actor_count; i++) {
        verdict->sent += run->actors[i].sent;
        verdict->answered += run->actors[i].answered;
        actor_stop(&run->actors[i]);
    }
    stranger_stop(&run->stranger);
    host_stop(&run->host);
    failed(run);
    if (run->meter.live)
        model_fail(&run->model, "the clients kept %zu bytes in %zu blocks", run->meter.live,
                   run->meter.blocks);
    verdict->ops = run->model.op_count;
    verdict->checks = run->model.checks;
    verdict->failed = run->model.why[0] != 0;
    snprintf(verdict->why, sizeof verdict->why, "%s", run->model.why);
    verdict->hash = run->trace.hash;
    verdict->events = run->trace.events;
    verdict->turns = run->host.turns;
    verdict->bytes = run->machine.bytes;
    verdict->lives = run->host.lives;
    verdict->peak = run->host.meter.peak;
    verdict->allocations_failed = run->host.meter.failed;
    verdict->seconds = (double)(run->machine.now - VIRTUAL_EPOCH) / (double)SS_SECOND;
    model_free(&run->model);
    free(run->actors);
    virtual_stop(&run->machine);
}

void run_plan(const struct plan *plan, struct tokens *tokens, struct verdict *verdict) {
    struct run *run = malloc(sizeof *run);
    if (!run) abort();
    *verdict = (struct verdict){0};
    run_start(run, plan, tokens);
    phases(run);
    run_stop(run, verdict);
    free(run);
}
