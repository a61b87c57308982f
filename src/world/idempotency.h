/* SPDX-License-Identifier: Apache-2.0 */
/* idempotency.h - remembered answers: a repeated key gets the first answer again. Internal to
 * world/.
 *
 * An ERROR is not remembered: nothing has happened, so a corrected update may use the key again.
 * Answers of one player take at most an eighth of what its cells may; the oldest go first. */
#ifndef WORLD_IDEMPOTENCY_H
#define WORLD_IDEMPOTENCY_H

#include "world/effect_log.h"
#include "world/transaction.h"

#define IDEMPOTENCY_KEY_MAX 64

struct remembered {
    struct list owned; /* owner.keys */
    struct list all;   /* keys.order */
    uint64_t player, hash;
    ss_time time;
    uint32_t handle;
    bool journaled;
    uint8_t digest[EFFECT_DIGEST_SIZE]; /* of what was asked */
    struct bytes key, answers;
};

struct keys {
    struct slab slab;
    struct table index;
    struct list order; /* the oldest first */
};

int keys_create(struct world *world);
void keys_destroy(struct world *world);

void content_digest(const struct update *updates, size_t count, uint8_t digest[EFFECT_DIGEST_SIZE]);
struct remembered *key_find(const struct world *world, uint64_t player, struct bytes key);
/* Remembers copies. SS_OK and `*remembered`, or SS_ERR_NOMEM. */
int key_remember(struct world *world, const struct remembered *draft,
                 struct remembered **remembered);
/* Drops the oldest keys of that player beyond the limits. */
void key_make_room(struct world *world, uint64_t player);
void key_forget(struct world *world, struct remembered *remembered);

/* What a call with a key does first: true when `outcomes` hold the answer already. */
bool key_replay(struct world *world, const struct update *updates, size_t count, struct bytes key,
                struct outcome *outcomes);
/* And last: notes the answers under the key, with an effect. SS_OK or SS_ERR_NOMEM. */
int key_note(struct world *world, const struct update *updates, size_t count, struct bytes key,
             struct outcome *outcomes, enum durability durability);

#endif
