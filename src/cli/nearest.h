/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.h - what somebody who mistyped a word most likely meant. */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word;
    size_t length;
    const char *found; /* the best offer so far, NULL: none is near enough */
    size_t distance;
};

struct nearest nearest_to(const char *word, size_t length);
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
