/* SPDX-License-Identifier: Apache-2.0 */
/* words.h - the enumerations of the protocol in the words of people, and back. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define RESULT_KINDS   6
#define CONFLICT_KINDS 5
#define STRATEGY_KINDS 5

/* "success", "conflict", ...; a number of a later protocol is "unknown". */
const char *result_word(uint32_t result);
/* "version mismatch", ... */
const char *conflict_word(uint32_t type);
/* The same in one word or two, for a crowded line. */
const char *conflict_brief_word(uint32_t type);
/* What happened, as the end of a sentence that begins with "the write ". */
const char *conflict_story(uint32_t type);
/* "last-write-wins", "merge", "keep-old", "manual": also what the command line takes. */
const char *strategy_word(uint32_t strategy);
bool strategy_find(const char *word, uint32_t *strategy);
/* "none", "gzip", "lz4", "zstd". */
const char *compression_word(uint32_t type);
bool compression_find(const char *word, uint32_t *type);

#endif
