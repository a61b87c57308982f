/* SPDX-License-Identifier: Apache-2.0 */
/* Two lots of frames: the open one, which grows, and the busy one, which the thread writes. The
 * lock guards the open lot and the exchange of the two; it is never held during a commit. */
#include "journal/committer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/status.h"

#define LOT_KEEP     (4 << 20) /* bytes of memory that an empty lot keeps */
#define REFILL_DELAY (1 * SS_SECOND)
#define STEP_DELAY   (2 * SS_MILLISECOND) /* between steps of a checkpoint while nobody writes */

struct lot {
    struct buffer frames;
    enum durability strongest;
    ss_time since; /* of the first frame */
};

struct committer {
    struct committer_config config;
    struct journal *journal; /* the thread's */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* Under the lock. */
    struct lot open;
    uint64_t number; /* of the open lot */
    struct bytes *names;
    size_t name_count, name_capacity;
    bool stop;
    struct committer_stats stats;

    /* The thread's. */
    struct lot busy;
    ss_time retry_at, refill_at, step_at, checkpoint_at;
    int status;  /* of the last thing it did */
    bool ending; /* it has seen `stop`: each lot has one attempt left */

    atomic_uint_least64_t durable, pending;
    atomic_int state, failure;
};

static ss_time clock_us(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return (ss_time)now.tv_sec * SS_SECOND + now.tv_nsec / 1000;
}

struct committer_config committer_config_default(struct journal *journal) {
    return (struct committer_config){.journal = journal,
                                     .memory = &memory_heap,
                                     .async_delay = 50 * SS_MILLISECOND,
                                     .checkpoint_delay = 60 * SS_SECOND,
                                     .retry_delay = 200 * SS_MILLISECOND,
                                     .pending_max = (uint64_t)64 << 20};
}

/* ---- from any thread ----------------------------------------------------------------------- */

static int find_name(const struct committer *committer, struct bytes name, uint32_t *world) {
    for (size_t i = 0; i < committer->name_count; i++) {
        *world = (uint32_t)i;
        if (bytes_equal(committer->names[i], name)) return SS_OK;
    }
    return SS_ERR_NOT_FOUND;
}

static int add_name(struct committer *committer, struct bytes name) {
    const struct memory *memory = committer->config.memory;
    int status = memory_grow(memory, (void **)&committer->names, &committer->name_capacity,
                             committer->name_count + 1, sizeof *committer->names);
    uint8_t *copy = status == SS_OK ? memory_alloc(memory, name.size) : NULL;
    if (!copy) return SS_ERR_NOMEM;
    memcpy(copy, name.data, name.size);
    committer->names[committer->name_count++] = (struct bytes){copy, name.size};
    return SS_OK;
}

static void touch(struct committer *committer, enum durability durability) {
    struct lot *open = &committer->open;
    bool first = open->since == SS_NEVER;
    if (first) open->since = clock_us(CLOCK_MONOTONIC);
    bool urgent = durability == DURABILITY_SYNC && open->strongest != DURABILITY_SYNC;
    if (durability > open->strongest) open->strongest = durability;
    if (first || urgent) pthread_cond_signal(&committer->changed);
}

static int new_world(struct committer *committer, struct bytes name, uint32_t *world) {
    struct buffer *frames = &committer->open.frames;
    int status = add_name(committer, name);
    if (status != SS_OK) return status;
    *world = (uint32_t)committer->name_count - 1;
    group_add_name(frames, *world, name);
    if (frames->failed) {
        frames->failed = false;
        committer->name_count--;
        memory_free(committer->config.memory, (void *)(uintptr_t)committer->names[*world].data,
                    name.size);
        return SS_ERR_NOMEM;
    }
    touch(committer, DURABILITY_ASYNC);
    return SS_OK;
}

int committer_world(struct committer *committer, const char *name, uint32_t *world) {
    struct bytes wanted = bytes_of(name);
    assert(wanted.size > 0 && wanted.size < 128);
    pthread_mutex_lock(&committer->lock);
    int status = find_name(committer, wanted, world);
    if (status != SS_OK) status = new_world(committer, wanted, world);
    pthread_mutex_unlock(&committer->lock);
    return status;
}

int committer_append(struct committer *committer, uint32_t world, struct bytes effects,
                     enum durability strongest, uint64_t *group) {
    *group = 0;
    int status = atomic_load_explicit(&committer->failure, memory_order_acquire);
    if (status != SS_OK || effects.size == 0) return status;
    struct buffer *frames = &committer->open.frames;
    pthread_mutex_lock(&committer->lock);
    assert(world < committer->name_count);
    group_add(frames, world, effects);
    if (frames->failed) {
        frames->failed = false;
        status = SS_ERR_NOMEM;
    } else {
        *group = committer->number;
        atomic_fetch_add_explicit(&committer->pending, effects.size, memory_order_relaxed);
        touch(committer, strongest);
    }
    pthread_mutex_unlock(&committer->lock);
    return status;
}

uint64_t committer_durable(const struct committer *committer) {
    return atomic_load_explicit(&committer->durable, memory_order_acquire);
}

enum committer_state committer_state(const struct committer *committer) {
    return (enum committer_state)atomic_load_explicit(&committer->state, memory_order_acquire);
}

bool committer_crowded(const struct committer *committer) {
    return atomic_load_explicit(&committer->pending, memory_order_relaxed) >
           committer->config.pending_max;
}

void committer_stats(struct committer *committer, struct committer_stats *stats) {
    pthread_mutex_lock(&committer->lock);
    *stats = committer->stats;
    pthread_mutex_unlock(&committer->lock);
    stats->pending_bytes = atomic_load_explicit(&committer->pending, memory_order_relaxed);
}

/* ---- the thread: outcomes ------------------------------------------------------------------ */

static void wake(const struct committer *committer) {
    if (committer->config.wake) committer->config.wake(committer->config.context);
}

static void set_state(struct committer *committer, enum committer_state state) {
    int old = atomic_exchange_explicit(&committer->state, (int)state, memory_order_acq_rel);
    if (old != (int)state) wake(committer);
}

static void go_full(struct committer *committer) {
    if (committer_state(committer) == COMMITTER_FULL) return;
    committer->refill_at = clock_us(CLOCK_MONOTONIC) + REFILL_DELAY;
    journal_checkpoint(committer->journal); /* its groups are room to use again */
    set_state(committer, COMMITTER_FULL);
}

static void fail(struct committer *committer, int status) {
    atomic_store_explicit(&committer->failure, status, memory_order_release);
    set_state(committer, COMMITTER_FAILED);
}

/* Every result of the journal comes by here. True: go on. What is final is so on a full disk, too.
 */
static bool heed(struct committer *committer, int status) {
    bool fine = status == SS_OK || status == SS_ERR_AGAIN;
    bool passing = status == SS_ERR_UNAVAILABLE || status == SS_ERR_NOMEM;
    if (!fine) committer->status = status;
    if (!fine && !passing) {
        fail(committer, status);
    } else if (passing || journal_low(committer->journal)) {
        go_full(committer);
    } else {
        committer->status = SS_OK;
        set_state(committer, COMMITTER_RUNNING);
    }
    return fine;
}

static void note(struct committer *committer, ss_time duration) {
    size_t size = committer->busy.frames.size;
    pthread_mutex_lock(&committer->lock);
    committer->stats.groups++;
    committer->stats.bytes += size;
    histogram_add(&committer->stats.commit_us, (uint64_t)duration);
    pthread_mutex_unlock(&committer->lock);
}

static void empty(struct lot *lot) {
    if (lot->frames.capacity > LOT_KEEP) buffer_free(&lot->frames);
    buffer_clear(&lot->frames);
    lot->since = SS_NEVER;
    lot->strongest = DURABILITY_MEMORY;
}

/* How many bytes of effects a lot holds: what committer_append counted. */
static uint64_t effect_bytes(const struct lot *lot) {
    struct reader reader = reader_of(buffer_view(&lot->frames));
    uint64_t bytes = 0;
    struct frame frame;
    while (group_next(&reader, &frame) == 1)
        if (frame.world != GROUP_NAMES) bytes += frame.effects.size;
    return bytes;
}

static void commit(struct committer *committer) {
    struct lot *busy = &committer->busy;
    ss_time start = clock_us(CLOCK_MONOTONIC);
    int status =
        journal_commit(committer->journal, buffer_view(&busy->frames), clock_us(CLOCK_REALTIME));
    ss_time end = clock_us(CLOCK_MONOTONIC);
    committer->step_at = end + STEP_DELAY;
    committer->retry_at = end + committer->config.retry_delay;
    if (!heed(committer, status)) return;
    atomic_store_explicit(&committer->durable, journal_last(committer->journal),
                          memory_order_release);
    atomic_fetch_sub_explicit(&committer->pending, effect_bytes(busy), memory_order_relaxed);
    note(committer, end - start);
    empty(busy);
    wake(committer);
    (void)heed(committer, journal_tidy(committer->journal));
}

/* ---- the thread: what is next -------------------------------------------------------------- */

enum work { WORK_NONE, WORK_COMMIT, WORK_REFILL, WORK_STEP, WORK_CHECKPOINT };

static enum work due(enum work work, ss_time at, ss_time now, ss_time *wait) {
    if (at <= now) return work;
    *wait = time_min(*wait, at);
    return WORK_NONE;
}

static void exchange(struct committer *committer) {
    struct lot open = committer->open;
    assert(committer->busy.frames.size == 0);
    committer->open = committer->busy;
    committer->busy = open;
    committer->number++;
}

/* Something to write comes first. Under the lock. */
static enum work next_write(struct committer *committer, ss_time now, ss_time *wait) {
    const struct lot *open = &committer->open;
    if (committer->busy.frames.size)
        return due(WORK_COMMIT, committer->stop ? now : committer->retry_at, now, wait);
    if (open->frames.size == 0) return WORK_NONE;
    bool urgent = open->strongest == DURABILITY_SYNC || committer->stop;
    ss_time at = urgent ? now : time_add(open->since, committer->config.async_delay);
    if (due(WORK_COMMIT, at, now, wait) == WORK_NONE) return WORK_NONE;
    exchange(committer);
    return WORK_COMMIT;
}

static enum work next_work(struct committer *committer, ss_time now, ss_time *wait) {
    enum work work = next_write(committer, now, wait);
    if (work != WORK_NONE || committer->stop) return work;
    if (committer_state(committer) == COMMITTER_FULL)
        return due(WORK_REFILL, committer->refill_at, now, wait);
    if (journal_checkpointing(committer->journal))
        return due(WORK_STEP, committer->step_at, now, wait);
    return due(WORK_CHECKPOINT, committer->checkpoint_at, now, wait);
}

static void refill(struct committer *committer) {
    (void)heed(committer, journal_tidy(committer->journal));
    if (committer_state(committer) == COMMITTER_FAILED) return;
    (void)heed(committer, journal_refill(committer->journal));
    committer->refill_at = clock_us(CLOCK_MONOTONIC) + REFILL_DELAY;
}

static void step(struct committer *committer) {
    if (heed(committer, journal_step(committer->journal)))
        (void)heed(committer, journal_tidy(committer->journal));
    committer->step_at = clock_us(CLOCK_MONOTONIC) + STEP_DELAY;
}

static void perform(struct committer *committer, enum work work, ss_time now) {
    switch (work) {
    case WORK_COMMIT: commit(committer); return;
    case WORK_REFILL: refill(committer); return;
    case WORK_STEP: step(committer); return;
    case WORK_CHECKPOINT:
        journal_checkpoint(committer->journal);
        committer->checkpoint_at = time_add(now, committer->config.checkpoint_delay);
        return;
    case WORK_NONE: return;
    }
}

static void rest(struct committer *committer, ss_time until) {
    if (until == SS_NEVER) {
        pthread_cond_wait(&committer->changed, &committer->lock);
        return;
    }
    struct timespec at = {.tv_sec = until / SS_SECOND, .tv_nsec = until % SS_SECOND * 1000};
    pthread_cond_timedwait(&committer->changed, &committer->lock, &at);
}

/* At the end each lot has one attempt. */
static bool over(struct committer *committer) {
    if (!committer->stop) return false;
    if (!committer->ending) committer->status = SS_OK;
    committer->ending = true;
    if (committer_state(committer) == COMMITTER_FAILED || committer->status != SS_OK) return true;
    return committer->busy.frames.size == 0 && committer->open.frames.size == 0;
}

static void *work_on(void *argument) {
    struct committer *committer = argument;
    pthread_mutex_lock(&committer->lock);
    while (!over(committer)) {
        ss_time now = clock_us(CLOCK_MONOTONIC), wait = SS_NEVER;
        bool failed = committer_state(committer) == COMMITTER_FAILED;
        enum work work = failed ? WORK_NONE : next_work(committer, now, &wait);
        if (work == WORK_NONE) {
            rest(committer, wait);
            continue;
        }
        pthread_mutex_unlock(&committer->lock);
        perform(committer, work, now);
        pthread_mutex_lock(&committer->lock);
    }
    pthread_mutex_unlock(&committer->lock);
    return NULL;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void release(struct committer *committer) {
    const struct memory *memory = committer->config.memory;
    for (size_t i = 0; i < committer->name_count; i++)
        memory_free(memory, (void *)(uintptr_t)committer->names[i].data, committer->names[i].size);
    memory_free(memory, committer->names, committer->name_capacity * sizeof *committer->names);
    buffer_free(&committer->open.frames);
    buffer_free(&committer->busy.frames);
    memory_free(memory, committer, sizeof *committer);
}

static int copy_names(struct committer *committer) {
    struct journal *journal = committer->journal;
    int status = SS_OK;
    for (uint32_t i = 0; i < journal_world_count(journal) && status == SS_OK; i++)
        status = add_name(committer, journal_world_name(journal, i));
    return status;
}

static int start_thread(struct committer *committer) {
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&committer->lock, NULL);
    pthread_cond_init(&committer->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&committer->thread, NULL, work_on, committer) == 0) return SS_OK;
    pthread_cond_destroy(&committer->changed);
    pthread_mutex_destroy(&committer->lock);
    return SS_ERR_UNAVAILABLE;
}

int committer_start(struct committer **out, const struct committer_config *config) {
    struct committer *committer = memory_zeroed(config->memory, 1, sizeof *committer);
    if (!committer) return SS_ERR_NOMEM;
    ss_time now = clock_us(CLOCK_MONOTONIC);
    committer->config = *config;
    committer->journal = config->journal;
    committer->open = committer->busy =
        (struct lot){.frames = buffer_of(config->memory), .since = SS_NEVER};
    committer->number = journal_last(config->journal) + 1;
    committer->checkpoint_at = time_add(now, config->checkpoint_delay);
    committer->refill_at = now + REFILL_DELAY;
    atomic_init(&committer->durable, committer->number - 1);
    atomic_init(&committer->pending, 0);
    atomic_init(&committer->failure, SS_OK);
    atomic_init(&committer->state,
                journal_low(config->journal) ? COMMITTER_FULL : COMMITTER_RUNNING);
    int status = copy_names(committer);
    if (status == SS_OK) status = start_thread(committer);
    if (status != SS_OK) {
        release(committer);
        return status;
    }
    *out = committer;
    return SS_OK;
}

int committer_stop(struct committer *committer) {
    if (!committer) return SS_OK;
    pthread_mutex_lock(&committer->lock);
    committer->stop = true;
    pthread_cond_signal(&committer->changed);
    pthread_mutex_unlock(&committer->lock);
    pthread_join(committer->thread, NULL);
    int status = atomic_load(&committer->failure);
    if (status == SS_OK) status = committer->status;
    pthread_cond_destroy(&committer->changed);
    pthread_mutex_destroy(&committer->lock);
    release(committer);
    return status;
}
