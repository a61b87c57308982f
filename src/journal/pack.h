/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - groups as they are stored: a zstd frame where that is shorter.
 *
 * Effects of one turn resemble each other, so a group shrinks to about half, and it is written
 * twice: to the log, and from there into the database. What the frame holds has its own checksums
 * (group.h). */
#ifndef JOURNAL_PACK_H
#define JOURNAL_PACK_H

#include "base/bytes.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

/* zstd allocates its own contexts, at the first use. */
struct pack {
    struct ZSTD_CCtx_s *packer;
    struct ZSTD_DCtx_s *opener;
    struct buffer bytes; /* what was given last */
};

struct pack pack_of(const struct memory *memory);
void pack_free(struct pack *pack);

/* What is to be stored for `group`: shorter, or `group` itself, also when memory is short. Views
 * are borrowed until the next call. */
struct bytes pack_group(struct pack *pack, struct bytes group);
/* The group of `size` bytes that was stored so. SS_OK, SS_ERR_NOMEM, or SS_ERR_CORRUPT. */
int pack_open(struct pack *pack, struct bytes stored, uint64_t size, struct bytes *group);

#endif
