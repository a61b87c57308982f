/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.c - the game's hooks: from the records of the world to those of the public header. */
#include "server/inside.h"

#include "server/reply.h"

/* Hooks get NUL-terminated texts; categories and keys are at most 64 and 256 bytes and may hold
 * NUL, which cuts them for the hook only. */
struct hook_texts {
    char category[72], key[264];
};

static void hook_text(char *out, size_t size, struct bytes from) {
    size_t length = from.size < size - 1 ? from.size : size - 1;
    if (length) memcpy(out, from.data, length);
    out[length] = 0;
}

static ss_update hook_update(const char *world, const struct update *update,
                             struct hook_texts *texts) {
    hook_text(texts->category, sizeof texts->category, update->category);
    hook_text(texts->key, sizeof texts->key, update->key);
    return (ss_update){.world = world,
                       .player = update->player,
                       .owner = update->owner,
                       .category = texts->category,
                       .key = texts->key,
                       .state = update->state.data,
                       .state_size = update->state.size,
                       .expected_version = update->expected_version,
                       .remove = update->delete};
}

ss_state state_of_view(const struct cell_view *view) {
    return (ss_state){.version = view->version,
                      .data = view->state.data,
                      .size = view->state.size,
                      .absent = view->deleted,
                      .writer = view->writer,
                      .updated_us = view->time};
}

ss_state state_of_outcome(const struct outcome *outcome, uint64_t writer, ss_time now) {
    return (ss_state){.version = outcome->version,
                      .data = outcome->state.data,
                      .size = outcome->state.size,
                      .absent = outcome->absent,
                      .writer = writer,
                      .updated_us = now};
}

int hook_validate(void *context, const char *world, const struct update *update,
                  const struct cell_view *standing, struct reason *why) {
    ss_server *server = context;
    struct hook_texts texts;
    ss_update shown = hook_update(world, update, &texts);
    ss_state stands = state_of_view(standing);
    return server->options.validate(server->options.context, &shown, &stands, why->text,
                                    sizeof why->text);
}

void hook_conflict(void *context, const char *world, const struct update *update,
                   const struct conflict_view *conflict) {
    ss_server *server = context;
    struct hook_texts texts;
    ss_update shown = hook_update(world, update, &texts);
    char id[UUID_SIZE + 1] = "";
    if (conflict->parked) uuid_print(conflict->id, id);
    ss_conflict told = {.id = id,
                        .type = (uint32_t)conflict->type,
                        .strategy = (uint32_t)conflict->strategy,
                        .requires_manual = conflict->requires_manual,
                        .old_state = conflict->old_state.data,
                        .old_size = conflict->old_state.size,
                        .new_state = conflict->new_state.data,
                        .new_size = conflict->new_state.size};
    server->options.on_conflict(server->options.context, &shown, &told);
}

void hook_change(void *context, const char *world, const struct update *update,
                 const struct outcome *outcome) {
    ss_server *server = context;
    struct hook_texts texts;
    ss_update shown = hook_update(world, update, &texts);
    ss_state stands = state_of_outcome(outcome, update->player, server->now);
    server->options.on_change(server->options.context, &shown, &stands);
}
