/* SPDX-License-Identifier: Apache-2.0 */
/* upkeep.h - what `statesync data` does: check, back up, restore. No server works in the folder
 * meanwhile: each call takes its lock. */
#ifndef JOURNAL_UPKEEP_H
#define JOURNAL_UPKEEP_H

#include "journal/journal.h"

/* Reads everything: every page, every checksum, every effect. SS_OK or what
 * journal_open and journal_recover say, with the sentence in `why`. `progress` may be NULL, here
 * and below. */
int upkeep_verify(const struct journal_config *config, const struct progress *progress, char *why,
                  size_t size);

/* Writes a whole copy (VACUUM INTO) to the file `target`, durable when it returns; the cells in it
 * are up to date for whoever opens it with sqlite3. SS_ERR_EXISTS when there is such a file. */
int upkeep_backup(const struct journal_config *config, const char *target,
                  const struct progress *progress, char *why, size_t size);

/* Makes the folder of `config` out of the backup `source`, which is verified first. A new node id
 * is minted: what was written after the backup under the old one is not in it. SS_ERR_EXISTS when
 * the folder has a database already. */
int upkeep_restore(const struct journal_config *config, const char *source,
                   const struct progress *progress, char *why, size_t size);

#endif
