/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/pack.h"

#include <zstd.h>

#include "base/status.h"

#define PACK_LEVEL 1
#define PACK_MIN   1024      /* shorter ones share a page anyway */
#define PACK_KEEP  (4 << 20) /* bytes of memory kept for the next one */

struct pack pack_of(const struct memory *memory) {
    return (struct pack){.bytes = buffer_of(memory)};
}

void pack_free(struct pack *pack) {
    ZSTD_freeCCtx(pack->packer);
    ZSTD_freeDCtx(pack->opener);
    buffer_free(&pack->bytes);
    pack->packer = NULL;
    pack->opener = NULL;
}

/* Room for `size` bytes and nothing before them; NULL: out of memory, which is forgiven. */
static uint8_t *room(struct pack *pack, size_t size) {
    buffer_clear(&pack->bytes);
    if (pack->bytes.capacity > PACK_KEEP && size <= PACK_KEEP) buffer_free(&pack->bytes);
    uint8_t *at = buffer_room(&pack->bytes, size);
    pack->bytes.failed = false;
    return at;
}

struct bytes pack_group(struct pack *pack, struct bytes group) {
    if (group.size < PACK_MIN) return group;
    size_t bound = ZSTD_compressBound(group.size);
    uint8_t *to = room(pack, bound);
    if (to && !pack->packer) pack->packer = ZSTD_createCCtx();
    if (!to || !pack->packer) return group;
    size_t size = ZSTD_compressCCtx(pack->packer, to, bound, group.data, group.size, PACK_LEVEL);
    return ZSTD_isError(size) || size >= group.size ? group : bytes_view(to, size);
}

int pack_open(struct pack *pack, struct bytes stored, uint64_t size, struct bytes *group) {
    *group = stored;
    if (stored.size == size) return SS_OK;
    /* Two places must name the same size before memory is asked for it. */
    if (stored.size > size || ZSTD_getFrameContentSize(stored.data, stored.size) != size)
        return SS_ERR_CORRUPT;
    uint8_t *to = room(pack, (size_t)size);
    if (to && !pack->opener) pack->opener = ZSTD_createDCtx();
    if (!to || !pack->opener) return SS_ERR_NOMEM;
    size_t opened = ZSTD_decompressDCtx(pack->opener, to, (size_t)size, stored.data, stored.size);
    if (opened != size) return SS_ERR_CORRUPT; /* an error is larger than any size */
    *group = bytes_view(to, opened);
    return SS_OK;
}
