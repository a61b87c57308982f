/* SPDX-License-Identifier: Apache-2.0 */
/* A proposal is one block:  [struct proposal][context entries][category key state base_digest] */
#include "world/proposal.h"

#include <assert.h>

#include "base/status.h"

int proposals_create(struct world *world) {
    struct proposals *proposals = memory_zeroed(world->memory, 1, sizeof *proposals);
    if (!proposals) return SS_ERR_NOMEM;
    list_init(&proposals->waiting);
    world->proposals = proposals;
    return SS_OK;
}

void proposals_destroy(struct world *world) {
    struct proposals *proposals = world->proposals;
    if (!proposals) return;
    while (!list_empty(&proposals->waiting))
        proposal_remove(world, LIST_ENTRY(proposals->waiting.next, struct proposal, link));
    memory_free(world->memory, proposals, sizeof *proposals);
    world->proposals = NULL;
}

static size_t block_size(const struct update *update) {
    return sizeof(struct proposal) + update->context.count * sizeof *update->context.entries +
           update->category.size + update->key.size + update->state.size + update->base_digest.size;
}

static struct bytes move(struct writer *writer, struct bytes from) {
    const uint8_t *at = writer->data + writer->size;
    writer_bytes(writer, from);
    return (struct bytes){at, from.size};
}

/* The verdict comes long after the writer's stream was answered: its subscriber shall hear of it.
 */
static void copy_update(struct proposal *proposal, const struct update *update) {
    struct writer writer = writer_of(proposal, proposal->size);
    struct update *copy = &proposal->update;
    writer.size = sizeof *proposal;
    *copy = *update;
    struct bytes entries = {(const uint8_t *)update->context.entries,
                            update->context.count * sizeof *update->context.entries};
    copy->context.entries = (const struct context_entry *)(const void *)move(&writer, entries).data;
    copy->category = move(&writer, update->category);
    copy->key = move(&writer, update->key);
    copy->state = move(&writer, update->state);
    copy->base_digest = move(&writer, update->base_digest);
    copy->idempotency_key = (struct bytes){NULL, 0};
    copy->origin = 0;
    assert(!writer.failed && writer.size == proposal->size);
}

int proposal_add(struct world *world, const struct update *update, struct transaction *transaction,
                 uint64_t *id) {
    struct proposals *proposals = world->proposals;
    if (proposals->count >= world->config.proposals_max) return SS_ERR_UNAVAILABLE;
    size_t size = block_size(update);
    struct proposal *proposal = memory_alloc(world->memory, size);
    if (!proposal) return SS_ERR_NOMEM;
    *proposal = (struct proposal){.id = ++proposals->last, .proposed = world->now, .size = size};
    copy_update(proposal, update);
    list_push(&proposals->waiting, &proposal->link);
    proposals->count++;
    if (transaction) {
        transaction_next(transaction)->proposal = proposal;
        transaction->count++;
    }
    *id = proposal->id;
    return SS_OK;
}

void proposal_remove(struct world *world, struct proposal *proposal) {
    assert(world->proposals->count > 0);
    list_remove(&proposal->link);
    world->proposals->count--;
    memory_free(world->memory, proposal, proposal->size);
}

size_t world_proposals(const struct world *world, struct proposal_view *views, size_t max) {
    const struct list *waiting = &world->proposals->waiting;
    size_t written = 0;
    for (const struct list *link = waiting->next; link != waiting && written < max;
         link = link->next) {
        const struct proposal *proposal = LIST_ENTRY(link, struct proposal, link);
        views[written++] = (struct proposal_view){
            .id = proposal->id, .proposed = proposal->proposed, .update = proposal->update};
    }
    return written;
}

static struct proposal *find(const struct world *world, uint64_t id) {
    struct list *waiting = &world->proposals->waiting;
    for (struct list *link = waiting->next; link != waiting; link = link->next) {
        struct proposal *proposal = LIST_ENTRY(link, struct proposal, link);
        if (proposal->id == id) return proposal;
    }
    return NULL;
}

/* An accepted one that memory has no room for goes on waiting. The outcome must not borrow from the
 * block, which is given back here. */
int world_decide(struct world *world, uint64_t id, bool accept, const struct bytes *changed,
                 ss_time now, struct outcome *outcome) {
    struct proposal *proposal = find(world, id);
    if (!proposal) return SS_ERR_NOT_FOUND;
    *outcome = (struct outcome){.result = RESULT_UNKNOWN};
    if (accept) {
        struct update update = proposal->update;
        update.verdict = true;
        if (changed) {
            update.state = *changed;
            update.delete = false;
        }
        world_update(world, &update, now, outcome);
        if (outcome->status == SS_ERR_NOMEM) return SS_OK;
        outcome->conflict.new_state = (struct bytes){NULL, 0};
    }
    proposal_remove(world, proposal);
    return SS_OK;
}
