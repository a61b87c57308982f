/* SPDX-License-Identifier: Apache-2.0 */
#include "net/entropy.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/status.h"

int entropy_fill(void *out, size_t size) {
    uint8_t *at = out;
    while (size) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return SS_ERR_IO;
        at += got;
        size -= (size_t)got;
    }
    return SS_OK;
}
