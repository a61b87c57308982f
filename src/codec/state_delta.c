/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/state_delta.h"

#include "base/status.h"
#include "codec/compress.h"
#include "payload/patch.h"

#define OVERHEAD 8   /* bytes of base_version and delta_format beside a delta */
#define ZSTD_MIN 256 /* a frame's own bytes are too many for smaller states */

static int make(uint32_t format, struct bytes base, struct bytes next, struct buffer *out) {
    switch (format) {
    case DELTA_FORMAT_PATCH: return patch_make(base, next, out);
    case DELTA_FORMAT_ZSTD:
        return next.size < ZSTD_MIN ? SS_ERR_UNSUPPORTED : compress_against(base, next, out);
    default: return SS_ERR_UNSUPPORTED;
    }
}

uint32_t state_delta_choose(const struct u32_list *accepted, struct bytes base, struct bytes next,
                            struct buffer *out) {
    size_t before = out->size;
    for (size_t i = 0; next.size > OVERHEAD && i < accepted->count; i++) {
        int status = make(accepted->items[i], base, next, out);
        if (status == SS_OK && !out->failed && out->size - before + OVERHEAD < next.size)
            return accepted->items[i];
        out->size = before;
    }
    return DELTA_FORMAT_NONE;
}

int state_delta_apply(uint32_t format, struct bytes base, struct bytes delta, size_t limit,
                      struct buffer *out) {
    switch (format) {
    case DELTA_FORMAT_PATCH: return patch_apply(base, delta, limit, out);
    case DELTA_FORMAT_ZSTD: return decompress_against(base, delta, limit, out);
    default: return SS_ERR_UNSUPPORTED;
    }
}
