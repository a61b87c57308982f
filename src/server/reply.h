/* SPDX-License-Identifier: Apache-2.0 */
/* reply.h - from what a world says to the messages of the protocol, and back from requests to
 * updates. Pure translation: everything lies in the caller's arena or is borrowed from the
 * arguments. */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include "base/arena.h"
#include "codec/message.h"
#include "server/command.h"
#include "world/subscriber.h"

#define UUID_SIZE 36

/* A conflict id as a UUID text (lower case) and back; false when the text is no UUID. */
void uuid_print(const uint8_t id[CONFLICT_ID_SIZE], char text[UUID_SIZE + 1]);
bool uuid_parse(struct bytes text, uint8_t id[CONFLICT_ID_SIZE]);

/* The gRPC status of a refused update on a unary call. */
enum grpc_status reply_status(int status);

/* What is the same for all answers of one turn. */
struct reply_frame {
    struct arena *arena;
    ss_time now;
    uint32_t tick;
    ss_time max_rewind;
};

/* A request as an update of `player`. SS_OK; SS_ERR_TOO_LARGE for a clock of too many entries;
 * SS_ERR_NOMEM. */
int reply_update(const struct state_sync_request *request, const struct command *command,
                 struct arena *arena, struct update *update);

/* The answer to one update. `policy` NULL: the category is unknown. */
void reply_outcome(const struct reply_frame *frame, const struct command *command,
                   const struct state_sync_request *request, const struct category *policy,
                   const struct outcome *outcome, struct state_sync_response *response);
/* The answer to an update that never reached a world. */
void reply_refusal(const struct reply_frame *frame, const struct refusal *refusal,
                   struct state_sync_response *response);

const struct conflict_info *reply_conflict(struct arena *arena, const struct conflict_view *view);
struct counter_list reply_clock(struct arena *arena, const struct clock *clock);
void reply_entry(struct arena *arena, const struct cell_view *view, struct state_entry *entry);
void reply_change(struct arena *arena, const struct change *change, struct wire_update *update);
void reply_parked(struct arena *arena, const struct parked_view *view,
                  struct parked_conflict *parked);

/* "category/key" with '/' and '%' percent-encoded in either, split and decoded into the arena.
 * SS_OK, SS_ERR_MALFORMED, SS_ERR_NOMEM. */
int reply_path(struct bytes path, struct arena *arena, struct bytes *category, struct bytes *key);
/* A last_versions map as known versions; those that are no path are counted as unknown and left
 * out. */
int reply_known(const struct counter_list *list, struct arena *arena, struct known_version **known,
                size_t *count);

#endif
