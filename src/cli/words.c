/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/words.h"

#include <stddef.h>
#include <string.h>

static const char *const results[RESULT_KINDS] = {"unknown", "success", "conflict",
                                                  "stale",   "error",   "rate limited"};
static const char *const types[CONFLICT_KINDS] = {"unknown", "version mismatch", "vector clock",
                                                  "concurrent update", "data inconsistency"};
static const char *const briefs[CONFLICT_KINDS] = {"unknown", "mismatch", "vector clock",
                                                   "concurrent", "inconsistent"};
static const char *const stories[CONFLICT_KINDS] = {
    "collided with another one",
    "was based on an older version than the one that stands",
    "and the state that stands each know something that the other does not",
    "was made without having seen the state that stands",
    "does not fit what the server knows of the state before",
};
static const char *const strategies[STRATEGY_KINDS] = {"unknown", "last-write-wins", "merge",
                                                       "keep-old", "manual"};
static const char *const compressions[] = {"none", "gzip", "lz4", "zstd"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *word(const char *const *words, size_t count, uint32_t index) {
    return words[index < count ? index : 0];
}

static bool find(const char *const *words, size_t count, const char *text, uint32_t *index) {
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(words[i], text) == 0) {
            *index = i;
            return true;
        }
    return false;
}

const char *result_word(uint32_t result) {
    return word(results, COUNT(results), result);
}
const char *conflict_word(uint32_t type) {
    return word(types, COUNT(types), type);
}
const char *conflict_brief_word(uint32_t type) {
    return word(briefs, COUNT(briefs), type);
}
const char *conflict_story(uint32_t type) {
    return word(stories, COUNT(stories), type);
}
const char *strategy_word(uint32_t strategy) {
    return word(strategies, COUNT(strategies), strategy);
}
bool strategy_find(const char *text, uint32_t *strategy) {
    return find(strategies, COUNT(strategies), text, strategy) && *strategy != 0;
}
const char *compression_word(uint32_t type) {
    return word(compressions, COUNT(compressions), type);
}
bool compression_find(const char *text, uint32_t *type) {
    return find(compressions, COUNT(compressions), text, type);
}
