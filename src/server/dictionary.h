/* SPDX-License-Identifier: Apache-2.0 */
/* dictionary.h - the zstd dictionaries that the configuration names, loaded: several categories may
 * share a file, and a client fetches each by its id. */
#ifndef SERVER_DICTIONARY_H
#define SERVER_DICTIONARY_H

#include "codec/compress.h"
#include "server/config.h"

#define DICTIONARY_BYTES_MAX ((size_t)256 << 10) /* so that it fits into an answer */

struct dictionaries;

/* Loads every file that `config` names, which is borrowed. SS_OK; SS_ERR_INVALID or
 * SS_ERR_NOT_FOUND with the file in `why` (no dictionary, too large, an id that another file has
 * too), SS_ERR_NOMEM. */
int dictionaries_open(struct dictionaries **dictionaries, const struct memory *memory,
                      const struct config *config, char *why, size_t why_size);
void dictionaries_close(struct dictionaries *dictionaries); /* NULL is allowed */

/* Of a category of that configuration; NULL: it has none. */
const struct dictionary *dictionaries_of(const struct dictionaries *dictionaries,
                                         const struct category *category);
/* Of that id; NULL: unknown. */
const struct dictionary *dictionaries_find(const struct dictionaries *dictionaries, uint32_t id);

#endif
