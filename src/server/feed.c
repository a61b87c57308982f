/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c - subscriptions: a subscriber of the world, the stream it belongs to, and that stream's
 * credit.
 *
 * A feed sends only while it has credit; the network side gives bytes back as the peer takes them.
 * A reader that stops reading therefore stops costing anything, and hears of the newest versions
 * when it goes on. */
#include "server/hosted.h"

#include "base/status.h"
#include "server/delta.h"
#include "server/hide.h"
#include "server/token.h"

#define CREDIT_START (256 * 1024)

/* ---- finding ------------------------------------------------------------------------------- */

struct feed_key {
    const struct worker *worker;
    uint64_t origin;
};

static bool feed_equal(const void *context, uint32_t handle) {
    const struct feed_key *key = context;
    const struct feed *feed = slab_at(&key->worker->feeds, handle);
    return ticket_origin(feed->ticket) == key->origin;
}

static uint64_t feed_hash(struct ticket ticket) {
    return hash_mix(ticket_origin(ticket));
}

static struct feed *feed_of(const struct worker *worker, uint64_t origin) {
    struct feed_key key = {worker, origin};
    uint32_t handle = table_find(&worker->feed_index, hash_mix(origin), feed_equal, &key);
    return handle == TABLE_NONE ? NULL : slab_at(&worker->feeds, handle);
}

static struct feed *feed_find(const struct worker *worker, struct ticket ticket) {
    return feed_of(worker, ticket_origin(ticket));
}

bool feed_exists(const struct worker *worker, struct ticket ticket) {
    return feed_find(worker, ticket) != NULL;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* Queues one push; out of memory it is lost, and the reader will be told so. */
static size_t feed_push(struct worker *worker, struct feed *feed,
                        const struct state_sync_response *response, bool gated) {
    struct ring *ring = &worker->ring;
    size_t offset = ring->bytes.size;
    message_encode(&message_state_sync_response, response, &ring->bytes);
    size_t size = ring->bytes.size - offset;
    struct answer answer = {.ticket = feed->ticket,
                            .gated = gated && worker->committer,
                            .world = feed->world,
                            .offset = offset,
                            .size = size,
                            .push = true};
    if (ring->bytes.failed || ring_answer(ring, &answer) != SS_OK) {
        ring->bytes.failed = false;
        ring->bytes.size = offset;
        feed->lost = true;
        subscriber_doubt(feed->subscriber);
        return 0;
    }
    feed->credit -= (int64_t)size;
    worker->worlds[feed->world]->pushes++;
    return size;
}

/* False when out of memory: the push is lost, and the reader will be told so. */
static bool feed_hide(struct worker *worker, const struct hosted *hosted, struct feed *feed,
                      struct change *change) {
    if (change->kind != CHANGE_CELL) return true;
    const struct category *policy = world_category(hosted->world, change->view.category);
    struct viewer viewer = {feed->player, feed->server};
    if (hide_fields(policy, viewer, &worker->arena, &change->view) &&
        (!change->base.version || hide_fields(policy, viewer, &worker->arena, &change->base)))
        return true;
    feed->lost = true;
    subscriber_doubt(feed->subscriber);
    return false;
}

static void feed_change(struct worker *worker, struct hosted *hosted, struct feed *feed,
                        struct change *change, ss_time now) {
    struct state_sync_response response = {
        .result = SYNC_RESULT_SUCCESS,
        .server_timestamp_ms = time_ms(now),
        .server_tick = world_tick_number(hosted->world),
        /* A reader who subscribes anew knows by it what the old subscription still had under way.
         */
        .client_sequence = feed->client_sequence,
    };
    struct wire_update update;
    struct token token;
    bool gated = false;
    if (!feed_hide(worker, hosted, feed, change)) return;
    switch (change->kind) {
    case CHANGE_CELL:
    case CHANGE_LEFT:
        reply_change(&worker->arena, change, &update);
        if (change->base.version)
            delta_shrink_update(worker, &(struct u32_list){feed->deltas, feed->delta_count},
                                &change->base, &update);
        response.update = &update;
        gated = world_category(hosted->world, change->view.category)->durability == DURABILITY_SYNC;
        break;
    case CHANGE_CAUGHT_UP:
        token = token_resume(hosted->key, world_prefix(hosted->world),
                             subscriber_told(feed->subscriber));
        response.caught_up = true;
        response.resume_token = bytes_view(token.data, token.size);
        break;
    case CHANGE_LOST:
        response.result = SYNC_RESULT_STALE;
        response.error_message =
            bytes_of("changes were forgotten before this stream heard of them, or a reload changed "
                     "what areas mean: take a snapshot; pushes go on from the present");
        break;
    }
    subscriber_spend(feed->subscriber, feed_push(worker, feed, &response, gated));
}

static void feed_pump(struct worker *worker, struct hosted *hosted, struct feed *feed,
                      ss_time now) {
    uint64_t until = feed->from > hosted->visible ? feed->from : hosted->visible;
    struct change change = {.kind = CHANGE_LOST};
    if (feed->lost && feed->credit > 0) {
        feed->lost = false;
        feed_change(worker, hosted, feed, &change, now);
    }
    while (feed->credit > 0 && !feed->lost &&
           subscriber_next(feed->subscriber, until, now, &change)) {
        feed_change(worker, hosted, feed, &change, now);
        arena_reset(&worker->arena, 1u << 20);
    }
}

void feed_tick(struct worker *worker, struct hosted *hosted, ss_time now) {
    for (struct list *link = hosted->feeds.next; link != &hosted->feeds; link = link->next)
        feed_pump(worker, hosted, LIST_ENTRY(link, struct feed, link), now);
}

void feed_credit(struct worker *worker, struct ticket ticket, uint32_t credit, ss_time now) {
    struct feed *feed = feed_find(worker, ticket);
    if (!feed) return;
    feed->credit += credit;
    if (feed->credit > CREDIT_START) feed->credit = CREDIT_START;
    feed_pump(worker, worker->worlds[feed->world], feed, now);
}

void feed_wrote(struct worker *worker, const struct hosted *hosted, const struct update *update) {
    if (hosted->area_count == 0 || update->origin == 0) return;
    struct feed *feed = feed_of(worker, update->origin);
    if (!feed || !feed->area) return;
    uint64_t owner = update_owner(update, world_category(hosted->world, update->category));
    if (subscriber_wrote(feed->subscriber, owner, update->category, update->key) == SS_OK) return;
    feed->lost = true;
    subscriber_doubt(feed->subscriber);
}

void feed_outcome(struct worker *worker, struct hosted *hosted, const struct resolved *resolved,
                  enum strategy strategy, const char *id, bool expired, ss_time now) {
    struct wire_outcome outcome = {
        .conflict_id = bytes_of(id),
        .strategy = (uint32_t)strategy,
        .resolved_state = resolved->state,
        .version = resolved->version,
        .category = resolved->cell.category,
        .key = resolved->cell.key,
        .owner_id = resolved->cell.owner,
        .expired = expired,
    };
    struct state_sync_response response = {
        .result = SYNC_RESULT_SUCCESS,
        .server_timestamp_ms = time_ms(now),
        .server_tick = world_tick_number(hosted->world),
        .outcome = &outcome,
    };
    for (struct list *link = hosted->feeds.next; link != &hosted->feeds; link = link->next) {
        struct feed *feed = LIST_ENTRY(link, struct feed, link);
        if (feed->player == resolved->writer) feed_push(worker, feed, &response, true);
    }
}

/* ---- beginning and ending ------------------------------------------------------------------ */

static void feed_release(struct worker *worker, struct feed *feed) {
    struct hosted *hosted = worker->worlds[feed->world];
    list_remove(&feed->link);
    hosted->feed_count--;
    hosted->area_count -= feed->area;
    subscriber_destroy(feed->subscriber);
    table_remove(&worker->feed_index, feed_hash(feed->ticket), feed->handle);
    slab_release(&worker->feeds, feed->handle);
}

void feed_cancel(struct worker *worker, struct ticket ticket) {
    struct feed *feed = feed_find(worker, ticket);
    if (feed) feed_release(worker, feed);
}

static uint32_t feed_count_of(const struct hosted *hosted, uint64_t player) {
    uint32_t count = 0;
    for (struct list *link = hosted->feeds.next; link != &hosted->feeds; link = link->next)
        count += LIST_ENTRY(link, struct feed, link)->player == player;
    return count;
}

static int feed_filter(struct worker *worker, struct hosted *hosted, const struct command *command,
                       const struct wire_subscribe *wanted, struct subscriber_filter *filter,
                       const char **wrong) {
    struct known_version *known;
    int status = reply_known(&wanted->last_versions, &worker->arena, &known, &filter->known_count);
    if (status != SS_OK) return status;
    filter->player = command->player;
    filter->server = command->server;
    filter->origin = ticket_origin(command->ticket);
    filter->categories = wanted->categories.items;
    filter->category_count = wanted->categories.count;
    filter->owners = wanted->owners.items;
    filter->owner_count = wanted->owners.count;
    filter->known = known;
    filter->bases = wanted->accept_deltas.count > 0;
    filter->interval = wanted->max_rate_hz ? SS_SECOND / wanted->max_rate_hz : 0;
    filter->bytes_per_second = wanted->max_bytes_per_second;
    if (wanted->area) {
        filter->has_area = true;
        filter->center[0] = wanted->area->x;
        filter->center[1] = wanted->area->y;
        filter->center[2] = wanted->area->z;
        filter->radius = wanted->area->radius;
        float sum = filter->center[0] + filter->center[1] + filter->center[2] + filter->radius;
        if (!(sum - sum == 0) || !(filter->radius > 0)) {
            *wrong = "subscribe.area needs finite coordinates and a radius above 0";
            return SS_ERR_INVALID;
        }
    }
    if (wanted->resume_token.size == 0) return SS_OK;
    filter->resumes = true;
    status = token_read_resume(hosted->key, world_prefix(hosted->world), wanted->resume_token,
                               &filter->since);
    if (status == SS_ERR_MALFORMED) *wrong = "subscribe.resume_token is none that this server gave";
    if (status == SS_ERR_STALE)
        *wrong = "subscribe.resume_token is out of history: take a snapshot, subscribe without it";
    return status;
}

const char *feed_subscribe(struct worker *worker, const struct command *command,
                           const struct state_sync_request *request, ss_time now, int *status) {
    const struct wire_subscribe *wanted = request->subscribe;
    struct hosted *hosted = worker_hosted(worker, command);
    if (wanted->cancel) {
        feed_cancel(worker, command->ticket);
        return NULL;
    }
    const char *wrong = NULL;
    struct subscriber_filter filter = {0};
    *status = feed_filter(worker, hosted, command, wanted, &filter, &wrong);
    if (*status != SS_OK) return wrong ? wrong : "out of memory";
    feed_cancel(worker, command->ticket);
    if (feed_count_of(hosted, command->player) >= worker->config.subscriptions_per_player) {
        *status = SS_ERR_BUSY;
        return "too many subscriptions of this player: cancel one first";
    }
    struct subscriber *subscriber;
    *status = subscriber_create(&subscriber, hosted->world, &filter, now);
    if (*status == SS_ERR_STALE)
        return "subscribe.resume_token is out of history: take a snapshot, subscribe without it";
    if (*status != SS_OK) return "the subscription was not accepted";

    uint32_t handle = slab_alloc(&worker->feeds);
    if (handle == SLAB_NONE ||
        table_add(&worker->feed_index, feed_hash(command->ticket), handle) != SS_OK) {
        if (handle != SLAB_NONE) slab_release(&worker->feeds, handle);
        subscriber_destroy(subscriber);
        *status = SS_ERR_NOMEM;
        return "out of memory";
    }
    const struct u32_list *deltas = &wanted->accept_deltas;
    struct world_stats stats;
    world_stats(hosted->world, &stats);
    struct feed *feed = slab_at(&worker->feeds, handle);
    *feed = (struct feed){.ticket = command->ticket,
                          .world = command->world,
                          .handle = handle,
                          .player = command->player,
                          .server = command->server,
                          .area = filter.has_area,
                          .subscriber = subscriber,
                          .credit = CREDIT_START,
                          .from = worker->config.external_ticks ? 0 : stats.seq,
                          .client_sequence = request->client_sequence};
    for (size_t i = 0; i < deltas->count && i < FEED_DELTAS; i++)
        feed->deltas[feed->delta_count++] = deltas->items[i];
    list_push(&hosted->feeds, &feed->link);
    hosted->feed_count++;
    hosted->area_count += feed->area;
    return NULL;
}
