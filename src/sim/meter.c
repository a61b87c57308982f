/* SPDX-License-Identifier: Apache-2.0 */
/* In front of every block stands its size, so that a block given back with a wrong size, which the
 * contract of struct memory forbids, is found here and not in a production heap of other sizes. */
#include "sim/meter.h"

#include <stdlib.h>

#define HEAD 16

static size_t *head_of(void *block) {
    return (size_t *)(void *)((char *)block - HEAD);
}

static bool meter_fails(struct meter *meter) {
    meter->calls++;
    bool fails = meter->fail_next > 0;
    if (fails) meter->fail_next--;
    if (!fails && meter->fail_one_in) fails = random_below(&meter->random, meter->fail_one_in) == 0;
    meter->failed += fails;
    return fails;
}

void *meter_resize(void *context, void *block, size_t old_size, size_t new_size) {
    struct meter *meter = context;
    if (block && *head_of(block) != old_size) meter->wrong = true;
    if (new_size == 0) {
        if (!block) return NULL;
        meter->live -= *head_of(block);
        meter->blocks--;
        free(head_of(block));
        return NULL;
    }
    if (meter_fails(meter)) return NULL;
    size_t *head = realloc(block ? head_of(block) : NULL, new_size + HEAD);
    if (!head) return NULL;
    meter->live += new_size - (block ? *head : 0);
    meter->blocks += !block;
    if (meter->live > meter->peak) meter->peak = meter->live;
    *head = new_size;
    return (char *)head + HEAD;
}

struct memory meter_memory(struct meter *meter) {
    return (struct memory){meter_resize, meter};
}
