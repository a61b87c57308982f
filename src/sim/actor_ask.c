/* SPDX-License-Identifier: Apache-2.0 */
/* What clients ask: snapshots, histories, decisions. */
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "codec/compress.h"
#include "sim/actor.h"

#define ENTRIES_MAX ((size_t)4 << 20)

/* ---- snapshots --------------------------------------------------------------------------------
 */

/* What the attempt asks, also for its next page; the lists live beside it. */
struct pages {
    struct state_snapshot_request request; /* first: attempt.pages points at it */
    struct bytes categories[KIND_COUNT];
    uint64_t owners[PLAYERS_MAX + 1];
    uint32_t accepted[3];
    uint8_t token[128];
};

static void draw_categories(struct actor *actor, struct pages *pages, struct glimpse *glimpse,
                            bool whole) {
    uint32_t kinds = (uint32_t)random_below(&actor->random, 1u << KIND_COUNT);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        glimpse->kinds[kind] = whole || (kinds >> kind & 1);
        if (!whole && glimpse->kinds[kind])
            pages->categories[pages->request.categories.count++] = bytes_of(kind_rules[kind].name);
    }
    if (pages->request.categories.count == 0)
        for (unsigned kind = 0; kind < KIND_COUNT; kind++)
            glimpse->kinds[kind] = true;
    pages->request.categories.items = pages->categories;
}

void actor_snapshot(struct actor *actor, bool whole) {
    if (!actor->client) return;
    struct attempt *attempt = attempt_begin(actor, ASK_SNAPSHOT);
    struct pages *pages = calloc(1, sizeof *pages);
    if (!pages) abort();
    attempt->pages = &pages->request;
    actor->model->stamp++;
    attempt->glimpse = glimpse_begin(actor->model, actor->id);
    struct state_snapshot_request *request = &pages->request;
    request->player_id = actor->id ? actor->id : 1;
    draw_categories(actor, pages, attempt->glimpse, whole);
    if (actor->id == 0) {
        for (unsigned i = 0; i < actor->model->clients; i++)
            pages->owners[request->owners.count++] = i + 1;
        request->owners.items = pages->owners;
    }
    attempt->glimpse->paged = chance(actor, 40);
    if (attempt->glimpse->paged)
        request->page_size_bytes = 100 + (uint32_t)random_below(&actor->random, 3000);
    if (chance(actor, 40)) {
        pages->accepted[0] = 1 + (uint32_t)random_below(&actor->random, 3);
        request->accept_compression = (struct u32_list){pages->accepted, 1};
    }
    if (actor_faulty(actor, FAULT_FORGE) && actor->id && chance(actor, 20)) {
        for (unsigned i = 0; i < actor->model->clients; i++)
            pages->owners[request->owners.count++] = i + 1;
        request->owners.items = pages->owners;
        attempt->glimpse->partial = true; /* whatever comes: it must be readable */
    }
    attempt_call(attempt, SERVICE "GetStateSnapshot", &message_state_snapshot_request, request);
}

static void next_page(struct attempt *attempt, struct bytes token) {
    struct actor *actor = attempt->actor;
    struct attempt *next = attempt_begin(actor, ASK_SNAPSHOT);
    struct pages *pages = (struct pages *)(void *)attempt->pages;
    next->glimpse = attempt->glimpse;
    next->pages = attempt->pages;
    attempt->glimpse = NULL;
    attempt->pages = NULL;
    if (token.size > sizeof pages->token) {
        model_fail(actor->model, "a page token of %zu bytes", token.size);
        return;
    }
    memcpy(pages->token, token.data, token.size);
    next->pages->page_token = bytes_view(pages->token, token.size);
    attempt_call(next, SERVICE "GetStateSnapshot", &message_state_snapshot_request, next->pages);
}

static const struct state_entry_list *unpack(struct actor *actor,
                                             const struct state_snapshot_response *page) {
    if (page->compression == COMPRESSION_TYPE_NONE) return &page->entries;
    struct buffer plain = buffer_of(actor->memory);
    const struct state_entries *entries = NULL;
    int status = decompress_frame((enum compression)page->compression, page->compressed_entries,
                                  ENTRIES_MAX, &plain);
    if (status != SS_OK || plain.size != page->uncompressed_size) {
        model_fail(actor->model, "compressed entries cannot be read: %d", status);
    } else {
        struct bytes copy = arena_copy(&actor->arena, buffer_view(&plain));
        struct state_entries *decoded = arena_alloc(&actor->arena, sizeof *decoded);
        const char *why = NULL;
        if (message_decode(&message_state_entries, copy, decoded, &actor->arena, ENTRIES_MAX,
                           &why) == SS_OK)
            entries = decoded;
    }
    buffer_free(&plain);
    return entries ? &entries->entries : NULL;
}

void snapshot_answer(struct attempt *attempt, struct bytes message) {
    struct actor *actor = attempt->actor;
    struct model *model = actor->model;
    struct glimpse *glimpse = attempt->glimpse;
    const struct state_snapshot_response *page =
        actor_decode(actor, &message_state_snapshot_response, message);
    const struct state_entry_list *entries = page ? unpack(actor, page) : NULL;
    if (!entries) return;
    if (glimpse->answered == 0) glimpse->answered = model->stamp;
    for (size_t i = 0; i < entries->count; i++) {
        const struct state_entry *entry = &entries->items[i];
        glimpse_entry(model, glimpse, entry);
        struct cell *cell = model_find(model, entry->category, entry->owner_id, entry->key);
        char name[48] = "?";
        if (cell) cell_print(cell, name);
        trace_remark(actor->trace, actor->machine->now, "client %u: snapshot has %s at %u%s",
                     actor->id, name, entry->version, entry->deleted ? ", deleted" : "");
        if (cell) believe(actor, cell, entry->version, !entry->deleted, entry->state_data);
    }
    if (page->next_page_token.size) {
        next_page(attempt, page->next_page_token);
        return;
    }
    check_glimpse(model, glimpse);
    bool whole = !glimpse->partial;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        whole = whole && glimpse->kinds[kind];
    if (!whole) return;
    glimpse_free(actor->last);
    actor->last = glimpse;
    attempt->glimpse = NULL;
}

/* ---- histories --------------------------------------------------------------------------------
 */

void actor_history(struct actor *actor, struct cell *cell, bool denied) {
    if (!actor->client || (!denied && !cell_readable(cell, actor->id))) return;
    if (kind_rules[cell->kind].shared != (cell->owner == 0)) return;
    struct attempt *attempt = attempt_begin(actor, ASK_HISTORY);
    actor->model->stamp++;
    attempt->cell = cell;
    attempt->losses = cell->losses;
    attempt->floor = cell->newest;
    attempt->denied = denied;
    struct get_history_request request = {.player_id = actor->id ? actor->id : 1,
                                          .owner_id = cell->owner,
                                          .category = bytes_of(kind_rules[cell->kind].name),
                                          .key = cell_key(cell)};
    attempt_call(attempt, OURS "GetHistory", &message_get_history_request, &request);
}

void history_answer(struct attempt *attempt, struct bytes message) {
    struct actor *actor = attempt->actor;
    const struct get_history_response *history =
        actor_decode(actor, &message_get_history_response, message);
    for (size_t i = 0; history && i < history->versions.count; i++) {
        const struct history_entry *entry = &history->versions.items[i];
        char name[48];
        cell_print(attempt->cell, name);
        trace_remark(actor->trace, actor->machine->now, "client %u: history of %s has %u at %lld%s",
                     actor->id, name, entry->version, (long long)entry->updated_ms,
                     entry->deleted ? ", deleted" : "");
        bool older = entry->updated_ms <= time_ms(actor->model->life_began);
        struct view view = {.client = actor->id,
                            .cell = attempt->cell,
                            .version = entry->version,
                            .deleted = entry->deleted,
                            .has_state = !entry->deleted,
                            .state = entry->state_data,
                            .life = older ? 1 : 0,
                            .floor = i == 0 ? attempt->floor : 0,
                            .where = "history"};
        check_view(actor->model, &view);
        if (i && entry->version >= history->versions.items[i - 1].version)
            model_fail(actor->model, "a history goes from version %u to %u",
                       history->versions.items[i - 1].version, entry->version);
    }
}

/* ---- decisions --------------------------------------------------------------------------------
 */

void actor_resolve(struct actor *actor) {
    struct model *model = actor->model;
    if (!actor->client) return;
    for (uint32_t looks = 0; looks < 200 && looks < model->op_count; looks++) {
        uint32_t number = model->op_count - looks;
        struct op *op = op_at(model, number);
        bool open =
            op->cell && op->conflict_id[0] && (op->fate == FATE_PARKED || op->fate == FATE_OPEN);
        if (!open || chance(actor, 50)) continue;
        bool own = op->client == actor->id;
        if (!own && !actor_faulty(actor, FAULT_FORGE)) continue;
        bool contrary = own && op->kept && actor_faulty(actor, FAULT_FORGE);
        if (own && op->decision == 0)
            op->decision = chance(actor, 60) ? RESOLUTION_STRATEGY_LAST_WRITE_WINS
                                             : RESOLUTION_STRATEGY_KEEP_OLD;
        bool applies = own && op->decision == RESOLUTION_STRATEGY_LAST_WRITE_WINS;
        if (applies) op->fate = FATE_OPEN;
        struct attempt *attempt = attempt_begin(actor, ASK_RESOLVE);
        attempt->questions[0].op = number;
        attempt->denied = !own;
        attempt->contrary = contrary;
        attempt->cell = op->cell;
        attempt->losses = op->cell->losses;
        attempt->floor = op->cell->newest;
        model->stamp++;
        struct conflict_resolution_request request = {
            .conflict_id = bytes_of(op->conflict_id),
            .strategy = own && !contrary ? op->decision : RESOLUTION_STRATEGY_LAST_WRITE_WINS,
            .player_id = actor->id ? actor->id : 1};
        attempt_call(attempt, SERVICE "ResolveConflict", &message_conflict_resolution_request,
                     &request);
        return;
    }
}

void resolve_answer(struct attempt *attempt, struct bytes message) {
    struct actor *actor = attempt->actor;
    struct model *model = actor->model;
    uint32_t number = attempt->questions[0].op;
    struct op *op = op_at(model, number);
    const struct conflict_resolution_response *answer =
        actor_decode(actor, &message_conflict_resolution_response, message);
    if (!answer || !answer->success) return;
    if (attempt->denied) {
        model_fail(model, "client %u decided the conflict of client %u", actor->id, op->client);
        return;
    }
    if (attempt->contrary)
        model_fail(model, "o%u was decided to be dropped, and then to stand", number);
    op->kept = op->decision == RESOLUTION_STRATEGY_KEEP_OLD;
    if (op->decision != RESOLUTION_STRATEGY_LAST_WRITE_WINS) return;
    char state[STATE_MAX];
    if (!bytes_equal(answer->resolved_state, op_state(number, state)))
        model_fail(model, "o%u was decided to stand, but another state does", number);
    op->fate = FATE_APPLIED;
    struct view view = {.client = actor->id,
                        .cell = op->cell,
                        .version = answer->version,
                        .has_state = true,
                        .state = answer->resolved_state,
                        .life = op->first_life,
                        .where = "decision"};
    check_view(model, &view);
}

/* Nothing is forgotten of a conflict while a run lasts, decided or not, whatever happens between. */
void actor_conflicts(struct actor *actor, unsigned most) {
    struct model *model = actor->model;
    for (uint32_t number = model->op_count; number > 0 && most > 0 && actor->client; number--) {
        const struct op *op = op_at(model, number);
        if (!op->conflict_id[0] || op->cell->kind != KIND_TRADE || op->client != actor->id)
            continue;
        if (!actor->calm && chance(actor, 50)) continue;
        struct attempt *attempt = attempt_begin(actor, ASK_CONFLICT);
        attempt->questions[0].op = number;
        attempt->cell = op->cell;
        attempt->losses = op->cell->losses;
        struct get_conflict_request request = {.conflict_id = bytes_of(op->conflict_id),
                                               .player_id = actor->id};
        attempt_call(attempt, OURS "GetConflict", &message_get_conflict_request, &request);
        most--;
    }
}

void conflict_answer(struct attempt *attempt, struct bytes message) {
    struct actor *actor = attempt->actor;
    uint32_t number = attempt->questions[0].op;
    const struct op *op = op_at(actor->model, number);
    const struct parked_conflict *parked =
        actor_decode(actor, &message_parked_conflict, message);
    char state[STATE_MAX];
    if (!parked || !parked->conflict) return;
    if (!bytes_equal(parked->conflict->new_state, op_state(number, state)))
        model_fail(actor->model, "the conflict of o%u holds another state", number);
    if (parked->resolved && op->decision == 0)
        model_fail(actor->model, "the conflict of o%u is decided, but not by its writer", number);
    if (!parked->resolved && op->kept)
        model_fail(actor->model, "the decision about o%u is forgotten", number);
}

/* ---- proposals --------------------------------------------------------------------------------
 */

void actor_ask_proposals(struct actor *actor) {
    if (!actor->client) return;
    struct attempt *attempt = attempt_begin(actor, ASK_PROPOSALS);
    struct list_proposals_request request = {.player_id = 1, .limit = 20};
    attempt_call(attempt, OURS "ListProposals", &message_list_proposals_request, &request);
}

void proposals_answer(struct attempt *attempt, struct bytes message) {
    struct actor *actor = attempt->actor;
    const struct list_proposals_response *list =
        actor_decode(actor, &message_list_proposals_response, message);
    for (size_t i = 0; list && i < list->proposals.count; i++) {
        struct decide_proposal_request request = {
            .id = list->proposals.items[i].id, .accept = chance(actor, 60), .player_id = 1};
        attempt_call(attempt_begin(actor, ASK_DECIDE), OURS "DecideProposal",
                     &message_decide_proposal_request, &request);
    }
}
