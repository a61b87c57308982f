/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says how much of the rest is the base, the second caps the output; what follows
 * the base is a patch to apply, and a state to make one for. */
#include <stdlib.h>

#include "base/status.h"
#include "payload/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good) {
    if (!good) abort();
}

static void check_round_trip(struct bytes base, struct bytes next) {
    struct buffer patch = buffer_of(&memory_heap), out = buffer_of(&memory_heap);
    check(patch_make(base, next, &patch) == SS_OK);
    check(patch.size <= patch_bound(next.size));
    check(patch_apply(base, buffer_view(&patch), next.size, &out) == SS_OK);
    check(bytes_equal(buffer_view(&out), next));
    buffer_free(&patch);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    size_t limit = (size_t)1 << (data[1] % 18), split = (size - 2) * data[0] / 255;
    struct bytes base = {data + 2, split}, rest = {data + 2 + split, size - 2 - split};
    struct buffer out = buffer_of(&memory_heap);
    int status = patch_apply(base, rest, limit, &out);
    check(status == SS_OK || status == SS_ERR_MALFORMED || status == SS_ERR_TOO_LARGE);
    check(out.size <= limit && (status == SS_OK || out.size == 0));
    check(out.capacity <= 2 * limit + 8192);
    buffer_free(&out);
    check_round_trip(base, rest);
    return 0;
}
