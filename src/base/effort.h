/* SPDX-License-Identifier: Apache-2.0 */
/* effort.h - how many rounds a test of random cases does: all, or one in STATESYNC_TEST_SHARE where
 * each instruction costs thirty (valgrind). */
#ifndef BASE_EFFORT_H
#define BASE_EFFORT_H

#include <stdlib.h>

static inline unsigned effort(unsigned rounds) {
    const char *share = getenv("STATESYNC_TEST_SHARE");
    long parts = share ? strtol(share, NULL, 10) : 1;
    return parts > 1 ? rounds / (unsigned)parts + 1 : rounds;
}

#endif
