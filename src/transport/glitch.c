/* SPDX-License-Identifier: Apache-2.0 */
/* The level is kept in millionths of a token, so that a microsecond adds exactly `per_second` of
 * them and nothing is lost to rounding. */
#include "transport/glitch.h"

enum { TOKEN = 1000000 };

struct glitch glitch_of(uint32_t burst, uint32_t per_second, ss_time now) {
    int64_t level = (int64_t)burst * TOKEN;
    return (struct glitch){level, level, per_second, now};
}

static void glitch_refill(struct glitch *glitch, ss_time now) {
    int64_t missing = glitch->burst - glitch->level;
    if (now <= glitch->at || glitch->per_second == 0) return;
    int64_t full_after = missing / glitch->per_second + 1;
    if (now - glitch->at >= full_after) {
        glitch->level = glitch->burst;
    } else {
        glitch->level += (now - glitch->at) * glitch->per_second;
    }
    glitch->at = now;
}

bool glitch_charge(struct glitch *glitch, ss_time now) {
    glitch_refill(glitch, now);
    if (glitch->level < TOKEN) return false;
    glitch->level -= TOKEN;
    return true;
}
