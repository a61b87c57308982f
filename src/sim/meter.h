/* SPDX-License-Identifier: Apache-2.0 */
/* meter.h - a heap that counts what is held, and fails when it is told to: the config.resize hook
 * of the server under test. */
#ifndef SIM_METER_H
#define SIM_METER_H

#include <stdbool.h>

#include "base/memory.h"
#include "base/random.h"

struct meter {
    size_t live, peak; /* bytes */
    size_t blocks;
    uint64_t calls, failed;
    struct random random;
    uint32_t fail_one_in; /* 0: never */
    uint32_t fail_next;   /* so many in a row, whatever the dice say */
    bool wrong;           /* a block came back with another size than it was given */
};

void *meter_resize(void *context, void *block, size_t old_size, size_t new_size);
struct memory meter_memory(struct meter *meter);

#endif
