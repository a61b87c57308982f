/* SPDX-License-Identifier: Apache-2.0 */
/* ways.h - a tree of questions, all asked at once.
 *
 * A walk from the root mispredicts a branch every other step, and a step waits for the one before.
 * So questions about one clue stand side by side, by rising threshold: the number of thresholds
 * that the clue exceeds picks a set of leaves that this leaves possible, and of the leaves that all
 * sets share the leftmost is the one that the walk would find (Lucchese et al., QuickScorer, 2015).
 */
#ifndef DELTA_WAYS_H
#define DELTA_WAYS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define WAYS_BLOCK 8  /* thresholds of a question */
#define WAYS_MAX   64 /* questions: no more than a tree's nodes, made even */

struct question {
    int16_t threshold[WAYS_BLOCK];   /* rising; unused ones INT16_MAX */
    uint64_t leaves[WAYS_BLOCK + 1]; /* possible when so many of them are exceeded */
    uint32_t clue;                   /* what it is about */
};

struct ways {
    uint32_t count; /* even */
    struct question question[WAYS_MAX];
};

/* The leaves that are possible for a clue. */
static inline uint64_t ways_ask(const struct question *question, const int16_t *clues) {
    int16_t clue = clues[question->clue];
#ifdef __SSE2__
    __m128i threshold = _mm_loadu_si128((const __m128i *)(const void *)question->threshold);
    __m128i exceeded = _mm_cmpgt_epi16(_mm_set1_epi16(clue), threshold);
    unsigned twice = (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(exceeded));
    uint64_t leaves;
    memcpy(&leaves, (const char *)question->leaves + 4 * (size_t)twice, sizeof leaves);
    return leaves;
#else
    unsigned count = 0;
    for (int i = 0; i < WAYS_BLOCK; i++)
        count += clue > question->threshold[i];
    return question->leaves[count];
#endif
}

/* The position, from the left, of the leaf that is found. */
static inline unsigned ways_find(const struct ways *ways, const int16_t *clues) {
    uint64_t leaves = UINT64_MAX;
    const struct question *end = ways->question + ways->count;
    for (const struct question *at = ways->question; at < end; at += 2)
        leaves &= ways_ask(&at[0], clues) & ways_ask(&at[1], clues);
    return (unsigned)__builtin_ctzll(leaves);
}

#endif
