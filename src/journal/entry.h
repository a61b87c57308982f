/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - one effect of a world taken apart into fields, and put together again.
 *
 * The layouts are those of world/effect.c, one table for each kind in entry.c, which the reader and
 * the writer both walk. entry_write(entry_read(bytes)) gives the same bytes. */
#ifndef JOURNAL_ENTRY_H
#define JOURNAL_ENTRY_H

#include "base/bytes.h"
#include "world/effect_log.h"

#define ENTRY_ID_SIZE 16

/* Views are borrowed from what was read. A kind uses the fields that its layout names. */
struct entry {
    uint8_t kind; /* enum effect_kind */
    uint64_t seq;
    uint8_t flags, type, strategy;
    uint32_t count;
    uint64_t owner; /* KEY: the player */
    uint64_t writer, time, tick, latency, node;
    uint64_t version;       /* FLOOR: the floor; PARK, REFRESH: of what stood */
    uint64_t reserved;      /* FLOOR */
    uint64_t number;        /* PARK */
    uint64_t base_version;  /* PARK */
    uint64_t keys, decided; /* EXPIRE */
    struct bytes category, key;
    struct bytes clock; /* WRITE: count and entries of the other nodes, as encoded */
    struct bytes state; /* WRITE; PARK, REFRESH: what stood; DECIDE: resolved; KEY: answers */
    struct bytes base, incoming;
    uint8_t id[ENTRY_ID_SIZE], digest[EFFECT_DIGEST_SIZE];
};

/* Takes the next effect off `from`. SS_OK or SS_ERR_MALFORMED. */
int entry_read(struct reader *from, struct entry *entry);
/* Adds it to `out` (which may fail for want of memory). */
void entry_write(struct buffer *out, const struct entry *entry);

#endif
