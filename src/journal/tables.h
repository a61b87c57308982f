/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h - what a checkpoint leaves of an effect: a row that a person can read.
 *
 * A row stands for an effect (cells: WRITE, floors: FLOOR, conflicts: PARK and DECIDE, keys: KEY),
 * is checked by the CRC-32C of that effect's encoding, and becomes that effect again in a recovery.
 * All calls happen inside a transaction; statuses are those of journal_commit. */
#ifndef JOURNAL_TABLES_H
#define JOURNAL_TABLES_H

#include "base/arena.h"
#include "journal/inside.h"

/* Effects made of rows, to be replayed in the order of their seq. */
struct item {
    uint64_t order;
    struct bytes effect;
};
struct synthesis {
    struct journal *journal;
    uint32_t world;
    struct arena bytes;
    struct item *items;
    size_t count, capacity;
    uint64_t rows, sum; /* of what was read */
    char *why;
    size_t why_size;
};
struct synthesis synthesis_of(struct journal *journal, uint32_t world, char *why, size_t why_size);
void synthesis_free(struct synthesis *synthesis);
/* Keeps a copy of an effect, or of the effect that an entry is. SS_OK or SS_ERR_NOMEM. */
int synthesis_keep(struct synthesis *synthesis, uint64_t order, struct bytes effect);
int synthesis_add(struct synthesis *synthesis, uint64_t order, const struct entry *entry);
/* Counts a row. SS_ERR_CORRUPT, with `table` in the sentence, when its checksums differ. */
int synthesis_check(struct synthesis *synthesis, const char *table, uint32_t stored,
                    uint32_t computed);

/* cells.c. The entry is a WRITE or a FORGET, `effect` its bytes. What stands stays when it is
 * newer. */
int cells_put(struct journal *journal, uint32_t world, const struct entry *entry,
              struct bytes effect);
int cells_forget(struct journal *journal, uint32_t world, const struct entry *entry);
int cells_recover(struct synthesis *synthesis);

/* floors.c: each number only rises. */
int floors_raise(struct journal *journal, uint32_t world, struct bytes category, uint64_t floor,
                 uint64_t reserved, uint64_t forgotten_seq);
int floors_recover(struct synthesis *synthesis);

/* conflicts.c */
int conflicts_park(struct journal *journal, uint32_t world, const struct entry *entry);
int conflicts_refresh(struct journal *journal, uint32_t world, const struct entry *entry);
int conflicts_decide(struct journal *journal, uint32_t world, const struct entry *entry);
/* Forgets the `count` oldest decided ones, and such as are older than the world keeps them. */
int conflicts_expire(struct journal *journal, uint32_t world, uint64_t count);
int conflicts_recover(struct synthesis *synthesis);

/* keys.c */
int keys_put(struct journal *journal, uint32_t world, const struct entry *entry,
             struct bytes effect);
int keys_expire(struct journal *journal, uint32_t world, uint64_t count);
int keys_recover(struct synthesis *synthesis);

#endif
