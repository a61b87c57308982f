/* SPDX-License-Identifier: Apache-2.0 */
/* As prefetch.c does for updates: the slots of cell and owner first, then both and the end of the ring,
 * while the effects in front are done again. Nothing is believed but a hash, and that of the same bytes. */
#include "world/glance.h"

#include "world/effect_log.h"

#define NEAR (GLANCES / 2) /* so far ahead the second look is taken */

static bool any(const void *context, uint32_t handle) {
    (void)context, (void)handle;
    return true;
}

static struct bytes text(struct reader *body) {
    uint64_t size = reader_varint(body);
    return reader_bytes(body, size > SIZE_MAX ? SIZE_MAX : (size_t)size);
}

/* The layout is that of effect.c: what does not look like it will be refused when its turn comes. */
static void look(const struct world *world, struct reader *ahead, struct glance *glance) {
    *glance = (struct glance){.at = ahead->at, .space = SPACE_NONE};
    uint32_t size = reader_u32(ahead);
    struct reader body = reader_of(reader_bytes(ahead, size));
    uint8_t kind = reader_u8(&body);
    reader_u64(&body);
    if (kind != EFFECT_WRITE) return;
    reader_u8(&body);
    glance->owner = reader_u64(&body);
    struct bytes category = text(&body), key = text(&body);
    if (body.failed) return;
    glance->space = space_find(world, category);
    if (glance->space == SPACE_NONE) return;
    glance->hash = cell_hash(world, glance->owner, glance->space, key);
    glance->owner_hash = owner_index_hash(world, glance->owner);
    table_prefetch(&world->cell_index, glance->hash);
    table_prefetch(&world->owner_index, glance->owner_hash);
}

static void fetch(const struct world *world, const struct glance *glance) {
    if (glance->space == SPACE_NONE) return;
    uint32_t owner = table_find(&world->owner_index, glance->owner_hash, any, NULL);
    if (owner != TABLE_NONE) memory_prefetch(slab_at(&world->owners, owner));
    uint32_t handle = table_find(&world->cell_index, glance->hash, any, NULL);
    if (handle == TABLE_NONE) return;
    const struct cell *cell = slab_at(&world->cells, handle);
    memory_prefetch(&cell->owner);
    memory_prefetch(&cell->live);
    memory_prefetch(&world->changed.links[handle + 1]);
}

struct glances glances_of(const struct world *world, struct bytes effects) {
    return (struct glances){.world = world, .ahead = reader_of(effects)};
}

const struct glance *glances_next(struct glances *glances, const uint8_t *at) {
    while (glances->first < glances->end && glances->list[glances->first % GLANCES].at < at)
        glances->first++;
    if (glances->fetched < glances->first) glances->fetched = glances->first;
    while (glances->end - glances->first < GLANCES && glances->ahead.left && !glances->ahead.failed)
        look(glances->world, &glances->ahead, &glances->list[glances->end++ % GLANCES]);
    for (; glances->fetched < glances->end && glances->fetched - glances->first < NEAR; glances->fetched++)
        fetch(glances->world, &glances->list[glances->fetched % GLANCES]);
    const struct glance *next = &glances->list[glances->first % GLANCES];
    bool known = glances->first < glances->end && next->at == at && next->space != SPACE_NONE;
    return known ? next : NULL;
}
