/* SPDX-License-Identifier: Apache-2.0 */
/* query.c - reading: snapshots, histories, parked conflicts, proposals. */
#include "server/hosted.h"

#include "base/status.h"
#include "codec/compress.h"
#include "server/delta.h"
#include "server/hide.h"
#include "server/token.h"

#define PAGE_SIZE_MAX (16u << 20)
#define LIST_DEFAULT  50
#define LIST_MAX      1000
#define ENTRIES_TAG   ((2u << 3) | 2) /* StateSnapshotResponse.entries and StateEntries.entries */

/* ---- snapshot ------------------------------------------------------------------------------ */

struct taking {
    struct worker *worker;
    struct hosted *hosted;
    const struct state_snapshot_request *request;
    struct viewer viewer;
    struct snapshot *snapshot;
    struct buffer entries; /* encoded, with their tags */
    size_t limit;          /* of the encoded entries */
    bool paged, more;
    struct snapshot_position next;
    const struct dictionary *dictionary; /* of all entries, NULL: they have not one in common */
    const struct category *category;     /* of the last entry */
};

/* A page is compressed as one, so only what all of it has in common can be used. */
static void note_dictionary(struct taking *taking, const struct cell_view *view) {
    const struct dictionaries *known = taking->worker->dictionaries;
    if (!known || taking->request->zstd_dictionaries.count == 0) return;
    const struct category *category = world_category(taking->hosted->world, view->category);
    bool first = taking->entries.size == 0;
    if (!first && (category == taking->category || !taking->dictionary)) return;
    const struct dictionary *dictionary = dictionaries_of(known, category);
    taking->dictionary = first || dictionary == taking->dictionary ? dictionary : NULL;
    taking->category = category;
}

static bool client_has(const struct taking *taking, uint32_t id) {
    const struct u32_list *ids = &taking->request->zstd_dictionaries;
    for (size_t i = 0; i < ids->count; i++)
        if (ids->items[i] == id) return true;
    return false;
}

static const char *snapshot_query_of(struct worker *worker, struct hosted *hosted,
                                     const struct command *command, struct snapshot_query *query,
                                     enum grpc_status *status) {
    const struct state_snapshot_request *request = command->request;
    struct known_version *known;
    *status = GRPC_RESOURCE_EXHAUSTED;
    *query = (struct snapshot_query){
        .player = command->player,
        .server = command->server,
        .categories = request->categories.items,
        .category_count = request->categories.count,
        .owners = request->owners.items,
        .owner_count = request->owners.count,
        .tombstones = request->tombstones,
    };
    if (reply_known(&request->last_versions, &worker->arena, &known, &query->known_count) != SS_OK)
        return "out of memory";
    query->known = known;
    if (request->resume_token.size == 0) return NULL;
    switch (token_read_resume(hosted->key, world_prefix(hosted->world), request->resume_token,
                              &query->since)) {
    case SS_OK: return NULL;
    case SS_ERR_STALE:
        *status = GRPC_ABORTED;
        return "resume_token is out of history: ask again without it";
    default: *status = GRPC_INVALID_ARGUMENT; return "resume_token is none that this server gave";
    }
}

static const char *snapshot_begin(struct taking *taking, const struct snapshot_query *query,
                                  enum grpc_status *status) {
    struct snapshot_position position, *from = NULL;
    struct bytes token = taking->request->page_token;
    int result = SS_OK;
    if (token.size) {
        result = token_read_page(taking->hosted->key, world_prefix(taking->hosted->world), token,
                                 &position);
        from = &position;
    }
    if (result == SS_OK)
        result = snapshot_open(&taking->snapshot, taking->hosted->world, query, from);
    *status = reply_status(result);
    switch (result) {
    case SS_OK: return NULL;
    case SS_ERR_STALE: return "the token is out of history: take the snapshot from its beginning";
    case SS_ERR_NOMEM: return "out of memory";
    default: return "page_token is none that this server gave";
    }
}

static bool take_hidden(const struct taking *taking, struct cell_view *view) {
    return hide_fields(world_category(taking->hosted->world, view->category), taking->viewer,
                       &taking->worker->arena, view);
}

/* Appends entries until the end or the limit. */
static const char *snapshot_fill(struct taking *taking, enum grpc_status *status) {
    const struct u32_list *deltas = &taking->request->accept_deltas;
    struct cell_view view, base;
    int got;
    while ((got = snapshot_next(taking->snapshot, &view)) == 1) {
        struct state_entry entry;
        if (!take_hidden(taking, &view)) return "out of memory";
        reply_entry(&taking->worker->arena, &view, &entry);
        if (deltas->count && !view.deleted && snapshot_base(taking->snapshot, &base) &&
            take_hidden(taking, &base))
            delta_shrink_entry(taking->worker, deltas, &base, &entry);
        size_t size = message_size(&message_state_entry, &entry);
        if (taking->entries.size && taking->entries.size + size + 6 > taking->limit) {
            taking->more = true;
            taking->next = snapshot_where(taking->snapshot, true);
            *status = GRPC_RESOURCE_EXHAUSTED;
            if (taking->paged) return taking->entries.failed ? "out of memory" : NULL;
            return "the snapshot is over 4 MiB: ask with page_size_bytes, by categories, or with "
                   "last_versions";
        }
        note_dictionary(taking, &view);
        buffer_varint(&taking->entries, ENTRIES_TAG);
        buffer_varint(&taking->entries, size);
        message_encode(&message_state_entry, &entry, &taking->entries);
    }
    *status = got == SS_ERR_STALE ? GRPC_ABORTED : GRPC_RESOURCE_EXHAUSTED;
    if (got == SS_ERR_STALE)
        return "a version of this snapshot has left the history: take it from its beginning";
    return taking->entries.failed || got < 0 ? "out of memory" : NULL;
}

static int snapshot_frame(const struct taking *taking, enum compression type,
                          struct buffer *frame, uint32_t *dictionary) {
    struct bytes entries = buffer_view(&taking->entries);
    uint32_t id = taking->dictionary ? dictionary_id(taking->dictionary) : 0;
    *dictionary = 0;
    if (type != COMPRESSION_ZSTD || id == 0 || !client_has(taking, id))
        return compress_frame(type, entries, frame);
    *dictionary = id;
    return dictionary_compress(taking->dictionary, entries, frame);
}

/* The first type that the client accepts, when compressing made the entries smaller. */
static enum compression snapshot_compress(struct taking *taking, struct buffer *frame,
                                          uint32_t *dictionary) {
    const struct u32_list *accepted = &taking->request->accept_compression;
    for (size_t i = 0; i < accepted->count; i++) {
        enum compression type = (enum compression)accepted->items[i];
        if (type == COMPRESSION_NONE) return COMPRESSION_NONE;
        buffer_clear(frame);
        if (snapshot_frame(taking, type, frame, dictionary) == SS_OK && !frame->failed)
            return frame->size < taking->entries.size ? type : COMPRESSION_NONE;
    }
    return COMPRESSION_NONE;
}

static void snapshot_answer(struct taking *taking, const struct command *command, uint64_t seq,
                            ss_time now) {
    struct worker *worker = taking->worker;
    struct ring *ring = &worker->ring;
    struct buffer frame = buffer_of(worker->config.memory);
    struct token token = {.size = 0};
    struct state_snapshot_response head = {
        .snapshot_timestamp_ms = time_ms(now),
        .server_tick = world_tick_number(taking->hosted->world),
    };
    uint64_t world = world_prefix(taking->hosted->world);
    if (taking->more) {
        token = token_page(taking->hosted->key, world, taking->next);
        head.next_page_token = bytes_view(token.data, token.size);
    } else {
        token = token_resume(taking->hosted->key, world, seq);
        head.resume_token = bytes_view(token.data, token.size);
    }
    uint32_t dictionary;
    head.compression = snapshot_compress(taking, &frame, &dictionary);
    if (head.compression != COMPRESSION_TYPE_NONE) {
        head.zstd_dictionary = dictionary;
        head.compressed_entries = buffer_view(&frame);
        head.uncompressed_size = taking->entries.size;
    }
    size_t offset = ring->bytes.size;
    if (head.compression == COMPRESSION_TYPE_NONE)
        buffer_bytes(&ring->bytes, buffer_view(&taking->entries));
    message_encode(&message_state_snapshot_response, &head, &ring->bytes);
    buffer_free(&frame);
    worker_encoded(worker, command, offset, RESULT_UNKNOWN);
}

void query_snapshot(struct worker *worker, const struct command *command, ss_time now) {
    struct hosted *hosted = worker_hosted(worker, command);
    const struct state_snapshot_request *request = command->request;
    struct snapshot_query query;
    enum grpc_status status = GRPC_OK;
    struct taking taking = {
        .worker = worker,
        .hosted = hosted,
        .request = request,
        .viewer = {command->player, command->server},
        .entries = buffer_of(worker->config.memory),
        .limit = worker->config.snapshot_max,
        .paged = request->page_size_bytes > 0 || request->page_token.size > 0,
    };
    if (request->page_size_bytes)
        taking.limit =
            request->page_size_bytes < PAGE_SIZE_MAX ? request->page_size_bytes : PAGE_SIZE_MAX;
    const char *wrong = snapshot_query_of(worker, hosted, command, &query, &status);
    if (!wrong) wrong = snapshot_begin(&taking, &query, &status);
    uint64_t seq = 0;
    if (!wrong) {
        seq = snapshot_where(taking.snapshot, false).at;
        wrong = snapshot_fill(&taking, &status);
    }
    if (wrong) {
        worker_fail(worker, command, status, wrong);
    } else {
        snapshot_answer(&taking, command, seq, now);
    }
    if (taking.snapshot) snapshot_close(taking.snapshot);
    buffer_free(&taking.entries);
}

/* ---- history ------------------------------------------------------------------------------- */

static const char *history_check(const struct worker *worker, const struct command *command,
                                 struct hosted *hosted, uint64_t *owner, enum grpc_status *status) {
    (void)worker;
    const struct get_history_request *request = command->request;
    const struct category *policy = world_category(hosted->world, request->category);
    *status = GRPC_INVALID_ARGUMENT;
    if (!policy) return "unknown category: Capabilities lists the declared ones";
    *owner = request->owner_id ? request->owner_id : command->player;
    if (policy->scope == SCOPE_SHARED) *owner = 0;
    *status = GRPC_PERMISSION_DENIED;
    if (!category_may_read(policy, command->player, command->server, *owner))
        return "the category's read rule does not let you see this cell";
    return NULL;
}

static void history_entry_of(struct arena *arena, const struct cell_view *view,
                             struct history_entry *entry) {
    *entry = (struct history_entry){
        .version = view->version,
        .state_data = view->state,
        .updated_ms = time_ms(view->time),
        .tick = view->tick,
        .writer = view->writer,
        .deleted = view->deleted,
    };
    char *node = arena_alloc(arena, NODE_NAME_SIZE + 1);
    if (!node) return;
    node_print(view->node, node);
    entry->node = bytes_view(node, NODE_NAME_SIZE);
}

void query_history(struct worker *worker, const struct command *command, ss_time now) {
    (void)now;
    struct hosted *hosted = worker_hosted(worker, command);
    const struct get_history_request *request = command->request;
    uint64_t owner;
    enum grpc_status status;
    const char *wrong = history_check(worker, command, hosted, &owner, &status);
    if (wrong) {
        worker_fail(worker, command, status, wrong);
        return;
    }
    size_t max = request->limit && request->limit < 4096 ? request->limit : 4096;
    struct cell_view *views = arena_alloc(&worker->arena, max * sizeof *views);
    struct history_entry *entries = arena_alloc(&worker->arena, max * sizeof *entries);
    if (!views || !entries) {
        worker_fail(worker, command, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    size_t count = world_history(hosted->world, owner, request->category, request->key, views, max);
    const struct category *policy = world_category(hosted->world, request->category);
    struct viewer viewer = {command->player, command->server};
    for (size_t i = 0; i < count; i++)
        if (!hide_fields(policy, viewer, &worker->arena, &views[i])) {
            worker_fail(worker, command, GRPC_RESOURCE_EXHAUSTED, "out of memory");
            return;
        }
    for (size_t i = 0; i < count; i++)
        history_entry_of(&worker->arena, &views[i], &entries[i]);
    struct get_history_response response = {.versions = {entries, count}};
    worker_answer(worker, command, &message_get_history_response, &response, RESULT_UNKNOWN);
}

/* ---- conflicts and proposals --------------------------------------------------------------- */

void query_list_conflicts(struct worker *worker, const struct command *command, ss_time now) {
    (void)now;
    struct hosted *hosted = worker_hosted(worker, command);
    const struct list_conflicts_request *request = command->request;
    size_t max = request->limit ? request->limit : LIST_DEFAULT, total = 0;
    if (max > LIST_MAX) max = LIST_MAX;
    struct parked_view *views = arena_alloc(&worker->arena, max * sizeof *views);
    struct parked_conflict *conflicts = arena_alloc(&worker->arena, max * sizeof *conflicts);
    if (!views || !conflicts) {
        worker_fail(worker, command, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    size_t count = world_conflicts(hosted->world, command->player, command->server,
                                   request->category, request->offset, views, max, &total);
    for (size_t i = 0; i < count; i++)
        reply_parked(&worker->arena, &views[i], &conflicts[i]);
    struct list_conflicts_response response = {.conflicts = {conflicts, count},
                                               .total = (uint32_t)total};
    worker_answer(worker, command, &message_list_conflicts_response, &response, RESULT_UNKNOWN);
}

void query_get_conflict(struct worker *worker, const struct command *command, ss_time now) {
    (void)now;
    const struct get_conflict_request *request = command->request;
    uint8_t id[CONFLICT_ID_SIZE];
    struct parked_view view;
    struct hosted *hosted = uuid_parse(request->conflict_id, id) ? worker_by_id(worker, id) : NULL;
    int status = hosted ? world_conflict(hosted->world, id, command->player, command->server, &view)
                        : SS_ERR_NOT_FOUND;
    if (status != SS_OK) {
        worker_fail(worker, command,
                    status == SS_ERR_DENIED ? GRPC_PERMISSION_DENIED : GRPC_NOT_FOUND,
                    status == SS_ERR_DENIED ? "only its writer, its resolver or a server may see it"
                                            : "no such conflict: it was never parked, or decided "
                                              "more than 10 minutes ago");
        return;
    }
    struct parked_conflict parked;
    reply_parked(&worker->arena, &view, &parked);
    worker_answer(worker, command, &message_parked_conflict, &parked, RESULT_UNKNOWN);
}

void query_list_proposals(struct worker *worker, const struct command *command, ss_time now) {
    (void)now;
    struct hosted *hosted = worker_hosted(worker, command);
    const struct list_proposals_request *request = command->request;
    if (!command->server) {
        worker_fail(worker, command, GRPC_PERMISSION_DENIED, "proposals are for the role server");
        return;
    }
    size_t max = request->limit && request->limit < LIST_MAX ? request->limit : LIST_MAX;
    struct proposal_view *views = arena_alloc(&worker->arena, max * sizeof *views);
    struct wire_proposal *proposals = arena_alloc(&worker->arena, max * sizeof *proposals);
    if (!views || !proposals) {
        worker_fail(worker, command, GRPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    size_t count = world_proposals(hosted->world, views, max);
    for (size_t i = 0; i < count; i++) {
        const struct update *update = &views[i].update;
        proposals[i] = (struct wire_proposal){
            .id = views[i].id,
            .writer = update->player,
            .owner_id = update->owner,
            .category = update->category,
            .key = update->key,
            .state_data = update->state,
            .delete = update->delete,
            .expected_version = update->expected_version,
            .proposed_ms = time_ms(views[i].proposed),
        };
    }
    struct list_proposals_response response = {.proposals = {proposals, count}};
    worker_answer(worker, command, &message_list_proposals_response, &response, RESULT_UNKNOWN);
}
