/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "samples.h"

static uint8_t area[1 << 20], out[1 << 17];

#define TRY(name)                                                                                  \
    if (strcmp(line, #name) == 0) {                                                                \
        sample_##name message;                                                                     \
        ssf_room room = {area, sizeof area, 0};                                                    \
        uint8_t *exact = (uint8_t *)malloc(size ? size : 1);                                       \
        if (!exact) return 1;                                                                      \
        memcpy(exact, bytes, size);                                                                \
        bool good = sample_##name##_view(&message, exact, size, &room);                            \
        size_t written = good ? sample_##name##_put(&message, out, sizeof out) : 0;                \
        if (good)                                                                                  \
            print_hex(out, written);                                                               \
        else                                                                                       \
            puts("!");                                                                             \
        free(exact);                                                                               \
        continue;                                                                                  \
    }

#include "generated.inc"
