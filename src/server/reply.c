/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reply.h"

#include "base/status.h"

/* ---- identifiers and paths ----------------------------------------------------------------- */

void uuid_print(const uint8_t id[CONFLICT_ID_SIZE], char text[UUID_SIZE + 1]) {
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < CONFLICT_ID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
        text[at++] = digits[id[i] >> 4];
        text[at++] = digits[id[i] & 15];
    }
    text[at] = 0;
}

static int hex_digit(uint8_t character) {
    if (character >= '0' && character <= '9') return character - '0';
    uint8_t lower = character | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool uuid_parse(struct bytes text, uint8_t id[CONFLICT_ID_SIZE]) {
    if (text.size != UUID_SIZE) return false;
    size_t digit = 0;
    for (size_t i = 0; i < UUID_SIZE; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text.data[i] != '-') return false;
            continue;
        }
        int value = hex_digit(text.data[i]);
        if (value < 0) return false;
        uint8_t *byte = &id[digit / 2];
        *byte = (uint8_t)(digit % 2 ? *byte << 4 | value : value);
        digit++;
    }
    return true;
}

/* Percent-decodes into `out`, which has room for part.size bytes; the size, or -1 for a bad escape.
 */
static ptrdiff_t percent_decode(struct bytes part, uint8_t *out) {
    size_t size = 0;
    for (size_t i = 0; i < part.size; i++) {
        if (part.data[i] != '%') {
            out[size++] = part.data[i];
            continue;
        }
        if (part.size - i < 3) return -1;
        int high = hex_digit(part.data[i + 1]), low = hex_digit(part.data[i + 2]);
        if (high < 0 || low < 0) return -1;
        out[size++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return (ptrdiff_t)size;
}

int reply_path(struct bytes path, struct arena *arena, struct bytes *category, struct bytes *key) {
    const uint8_t *slash = path.size ? memchr(path.data, '/', path.size) : NULL;
    if (!slash) return SS_ERR_MALFORMED;
    struct bytes head = {path.data, (size_t)(slash - path.data)};
    struct bytes tail = {slash + 1, path.size - head.size - 1};
    if (tail.size && memchr(tail.data, '/', tail.size)) return SS_ERR_MALFORMED;
    uint8_t *room = arena_alloc(arena, path.size);
    if (!room) return SS_ERR_NOMEM;
    ptrdiff_t first = percent_decode(head, room);
    if (first < 0) return SS_ERR_MALFORMED;
    ptrdiff_t second = percent_decode(tail, room + first);
    if (second < 0) return SS_ERR_MALFORMED;
    *category = bytes_view(room, (size_t)first);
    *key = bytes_view(room + first, (size_t)second);
    return SS_OK;
}

int reply_known(const struct counter_list *list, struct arena *arena, struct known_version **known,
                size_t *count) {
    *count = 0;
    *known = NULL;
    if (list->count == 0) return SS_OK;
    *known = arena_alloc(arena, list->count * sizeof **known);
    if (!*known) return SS_ERR_NOMEM;
    for (size_t i = 0; i < list->count; i++) {
        struct known_version *entry = &(*known)[*count];
        int status = reply_path(list->items[i].name, arena, &entry->category, &entry->key);
        if (status == SS_ERR_NOMEM) return status;
        if (status != SS_OK) continue;
        entry->version = list->items[i].value;
        ++*count;
    }
    return SS_OK;
}

/* ---- requests ------------------------------------------------------------------------------ */

static int reply_context(const struct counter_list *clock, struct arena *arena,
                         struct context *context) {
    *context = (struct context){.present = clock->count > 0};
    if (clock->count == 0) return SS_OK;
    if (clock->count > CLOCK_ENTRIES_MAX) return SS_ERR_TOO_LARGE;
    struct context_entry *entries = arena_alloc(arena, clock->count * sizeof *entries);
    if (!entries) return SS_ERR_NOMEM;
    for (size_t i = 0; i < clock->count; i++) {
        if (clock->items[i].value == 0) continue;
        uint64_t node;
        if (!node_parse(clock->items[i].name, &node)) {
            context->foreign = true;
            continue;
        }
        entries[context->count++] = (struct context_entry){node, clock->items[i].value};
    }
    context->entries = entries;
    return SS_OK;
}

int reply_update(const struct state_sync_request *request, const struct command *command,
                 struct arena *arena, struct update *update) {
    *update = (struct update){
        .player = command->player,
        .owner = request->owner_id,
        .server = command->server,
        .category = request->category,
        .key = request->key,
        .state = request->delete ? (struct bytes){NULL, 0} : request->state_data,
        .expected_version = request->expected_version,
        .delete = request->delete,
        .must_not_exist = request->must_not_exist,
        .base_digest = request->base_digest,
        .idempotency_key = request->idempotency_key,
        .origin = command->stream ? ticket_origin(command->ticket) : 0, /* who else subscribes? */
        .latency_ms = command->latency_ms,
    };
    return reply_context(&request->vector_clock, arena, &update->context);
}

/* ---- answers ------------------------------------------------------------------------------- */

enum grpc_status reply_status(int status) {
    switch (status) {
    case SS_OK: return GRPC_OK;
    case SS_ERR_DENIED: return GRPC_PERMISSION_DENIED;
    case SS_ERR_UNSUPPORTED: return GRPC_UNIMPLEMENTED;
    case SS_ERR_UNAVAILABLE: return GRPC_UNAVAILABLE;
    case SS_ERR_BUSY:
    case SS_ERR_NOMEM: return GRPC_RESOURCE_EXHAUSTED;
    case SS_ERR_STALE: return GRPC_ABORTED;
    case SS_ERR_IO:
    case SS_ERR_CORRUPT: return GRPC_INTERNAL;
    default: return GRPC_INVALID_ARGUMENT;
    }
}

struct counter_list reply_clock(struct arena *arena, const struct clock *clock) {
    struct counter_list list = {NULL, 0};
    if (!clock || clock->count == 0) return list;
    struct counter *counters =
        arena_alloc(arena, clock->count * (sizeof *counters + NODE_NAME_SIZE + 1));
    if (!counters) return list;
    char *names = (char *)(counters + clock->count);
    const struct clock_entry *entries = clock_entries(clock);
    for (size_t i = 0; i < clock->count; i++, names += NODE_NAME_SIZE + 1) {
        node_print(entries[i].node, names);
        counters[i].name = bytes_view(names, NODE_NAME_SIZE);
        counters[i].value = (uint32_t)entries[i].counter;
    }
    return (struct counter_list){counters, clock->count};
}

static struct bytes_list reply_paths(struct arena *arena, const struct paths *paths) {
    struct bytes_list list = {NULL, 0};
    if (!paths || paths->count == 0) return list;
    struct bytes *items = arena_alloc(arena, paths->count * sizeof *items);
    if (!items) return list;
    const char *at = (const char *)paths->text.data;
    for (size_t i = 0; i < paths->count; i++) {
        items[i] = bytes_of(at);
        at += items[i].size + 1;
    }
    return (struct bytes_list){items, paths->count};
}

const struct conflict_info *reply_conflict(struct arena *arena, const struct conflict_view *view) {
    struct conflict_info *info = arena_alloc(arena, sizeof *info);
    if (!info) return NULL;
    *info = (struct conflict_info){
        .type = (uint32_t)view->type,
        .old_state = view->old_state,
        .new_state = view->new_state,
        .strategy = (uint32_t)view->strategy,
        .resolved_state = view->resolved_state,
        .requires_manual_resolution = view->requires_manual,
        .overwritten = reply_paths(arena, view->overwritten),
        .reason = view->reason ? bytes_of(view->reason) : (struct bytes){NULL, 0},
        .old_version = view->old_version,
        .base_version = view->base_version,
    };
    char *id = view->parked ? arena_alloc(arena, UUID_SIZE + 1) : NULL;
    if (id) {
        uuid_print(view->id, id);
        info->conflict_id = bytes_view(id, UUID_SIZE);
    }
    return info;
}

/* Contract: rewind = min(measured + declared interpolation delay, cap, history); factor = granted /
 * wanted. */
static const struct latency_compensation *
reply_compensation(const struct reply_frame *frame, const struct command *command,
                   const struct state_sync_request *request, const struct category *policy,
                   const struct outcome *outcome) {
    struct latency_compensation *compensation = arena_alloc(frame->arena, sizeof *compensation);
    if (!compensation) return NULL;
    uint64_t measured = command->latency_ms;
    if (request->estimated_latency_ms && request->estimated_latency_ms < measured)
        measured = request->estimated_latency_ms;
    uint64_t wanted = measured + request->interpolation_delay_ms;
    uint64_t granted = wanted;
    uint64_t cap = (uint64_t)time_ms(frame->max_rewind);
    if (granted > cap) granted = cap;
    uint64_t history = policy ? (uint64_t)time_ms(policy->history_span) : 0;
    if (granted > history) granted = history;
    *compensation = (struct latency_compensation){
        .measured_latency_ms = command->latency_ms,
        .compensation_factor = wanted ? (float)granted / (float)wanted : 1.0f,
        .rewind_time_ms = (uint32_t)granted,
        .prediction_corrected = outcome->corrected,
        .correction_delta = outcome->correction,
    };
    return compensation;
}

void reply_outcome(const struct reply_frame *frame, const struct command *command,
                   const struct state_sync_request *request, const struct category *policy,
                   const struct outcome *outcome, struct state_sync_response *response) {
    *response = (struct state_sync_response){
        .request_id = outcome->request_id,
        .result = (uint32_t)outcome->result,
        .current_version = outcome->version,
        .server_timestamp_ms = time_ms(frame->now),
        .server_tick = frame->tick,
        .client_sequence = request->client_sequence,
        .replayed = outcome->replayed,
    };
    if (outcome->message) response->error_message = bytes_of(outcome->message);
    if (outcome->result == RESULT_ERROR) {
        response->error_code = (uint32_t)reply_status(outcome->status);
        return;
    }
    response->deleted = outcome->absent;
    response->vector_clock = reply_clock(frame->arena, outcome->clock);
    if (!request->omit_state) response->state_data = outcome->state;
    if (outcome->conflict.type != CONFLICT_NONE || outcome->conflict.reason)
        response->conflict = reply_conflict(frame->arena, &outcome->conflict);
    response->compensation = reply_compensation(frame, command, request, policy, outcome);
}

void reply_refusal(const struct reply_frame *frame, const struct refusal *refusal,
                   struct state_sync_response *response) {
    *response = (struct state_sync_response){
        .result = (uint32_t)refusal->result,
        .server_timestamp_ms = time_ms(frame->now),
        .server_tick = frame->tick,
        .client_sequence = refusal->client_sequence,
        .retry_after_ms = refusal->retry_after_ms,
    };
    if (refusal->message) response->error_message = bytes_of(refusal->message);
    if (refusal->result == RESULT_ERROR)
        response->error_code = (uint32_t)reply_status(refusal->status);
}

void reply_entry(struct arena *arena, const struct cell_view *view, struct state_entry *entry) {
    *entry = (struct state_entry){
        .category = view->category,
        .key = view->key,
        .state_data = view->state,
        .version = view->version,
        .last_updated_ms = time_ms(view->time),
        .owner_id = view->owner,
        .vector_clock = reply_clock(arena, view->clock),
        .deleted = view->deleted,
        .writer = view->writer,
        .tick = view->tick,
    };
}

void reply_change(struct arena *arena, const struct change *change, struct wire_update *update) {
    const struct cell_view *view = &change->view;
    *update = (struct wire_update){
        .owner_id = view->owner,
        .category = view->category,
        .key = view->key,
        .version = view->version,
        .tick = view->tick,
        .writer = view->writer,
        .updated_ms = time_ms(view->time),
        .left = change->kind == CHANGE_LEFT,
        .deleted = view->deleted,
    };
    if (change->kind != CHANGE_CELL) return;
    update->state = view->state;
    update->vector_clock = reply_clock(arena, view->clock);
}

void reply_parked(struct arena *arena, const struct parked_view *view,
                  struct parked_conflict *parked) {
    *parked = (struct parked_conflict){
        .conflict = reply_conflict(arena, &view->conflict),
        .category = view->cell.category,
        .key = view->cell.key,
        .owner_id = view->cell.owner,
        .writer = view->writer,
        .base_state = view->base,
        .detected_ms = time_ms(view->detected),
        .expires_ms = time_ms(view->expires),
        .resolved = view->decided,
        .version = view->decided_version,
    };
}
