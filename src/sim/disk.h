/* SPDX-License-Identifier: Apache-2.0 */
/* disk.h - what outlives a server. `data: none` keeps nothing, so a restart empties the world and
 * the clients' model forgets it; a journal's files would stand here, with what was written, what
 * was synced, and what a power cut leaves of the difference. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"

struct disk {
    struct random random;
    uint32_t cuts; /* power cuts so far */
};

/* The power is cut: drops what was not synced. True when effects survive a restart at all. */
static inline bool disk_cut(struct disk *disk) {
    disk->cuts++;
    return false;
}

#endif
