/* SPDX-License-Identifier: Apache-2.0 */
/* Entries are kept in the order of their node ids, so equal vectors are equal bytes. Nearly every
 * cell is written through one node: that entry lies inside the struct and costs no allocation. */
#include "world/clock.h"

#include <assert.h>

#include "base/status.h"
#include "world/version.h"

static struct clock_entry *entries(struct clock *clock) {
    return clock->capacity > 1 ? clock->many : &clock->one;
}

const struct clock_entry *clock_entries(const struct clock *clock) {
    return clock->capacity > 1 ? clock->many : &clock->one;
}

/* Where `node` stands or would stand. */
static uint32_t position(const struct clock *clock, uint64_t node) {
    const struct clock_entry *list = clock_entries(clock);
    uint32_t i = 0;
    while (i < clock->count && list[i].node < node)
        i++;
    return i;
}

static bool holds(const struct clock *clock, uint32_t at, uint64_t node) {
    return at < clock->count && clock_entries(clock)[at].node == node;
}

uint64_t clock_get(const struct clock *clock, uint64_t node) {
    uint32_t at = position(clock, node);
    return holds(clock, at, node) ? clock_entries(clock)[at].counter : 0;
}

int clock_reserve(struct clock *clock, const struct memory *memory, uint64_t node) {
    if (clock->count == 0 || holds(clock, position(clock, node), node)) return SS_OK;
    if (clock->count >= CLOCK_ENTRIES_MAX) return SS_ERR_TOO_LARGE;
    if (clock->capacity > clock->count) return SS_OK;
    uint32_t capacity = clock->capacity > 1 ? clock->capacity * 2 : 4;
    struct clock_entry *many = memory_alloc(memory, capacity * sizeof *many);
    if (!many) return SS_ERR_NOMEM;
    memcpy(many, clock_entries(clock), clock->count * sizeof *many);
    clock_free(&(struct clock){.capacity = clock->capacity, .many = clock->many}, memory);
    clock->many = many;
    clock->capacity = capacity;
    assert(clock->count < capacity && capacity <= CLOCK_ENTRIES_MAX);
    return SS_OK;
}

int clock_set(struct clock *clock, const struct memory *memory, uint64_t node, uint64_t counter) {
    assert(counter != 0);
    int status = clock_reserve(clock, memory, node);
    if (status != SS_OK) return status;
    uint32_t at = position(clock, node);
    struct clock_entry *list = entries(clock);
    if (!holds(clock, at, node)) {
        memmove(list + at + 1, list + at, (clock->count - at) * sizeof *list);
        clock->count++;
    }
    list[at] = (struct clock_entry){node, counter};
    assert(clock_get(clock, node) == counter);
    return SS_OK;
}

void clock_remove(struct clock *clock, uint64_t node) {
    uint32_t at = position(clock, node);
    if (!holds(clock, at, node)) return;
    struct clock_entry *list = entries(clock);
    memmove(list + at, list + at + 1, (clock->count - at - 1) * sizeof *list);
    clock->count--;
}

void clock_free(struct clock *clock, const struct memory *memory) {
    if (clock->capacity > 1)
        memory_free(memory, clock->many, clock->capacity * sizeof *clock->many);
    *clock = (struct clock){0};
}

/* ---- what a client sent -------------------------------------------------------------------- */

/* The greatest counter that the context claims for `node`, read beside `counter`; 0: none. */
static uint64_t claimed(const struct context *context, uint64_t node, uint64_t counter) {
    uint64_t greatest = 0;
    for (size_t i = 0; i < context->count; i++) {
        const struct context_entry *entry = &context->entries[i];
        if (entry->node != node || entry->counter == 0) continue;
        uint64_t claim = version_nearest(entry->counter, counter);
        if (claim > greatest) greatest = claim;
    }
    return greatest;
}

bool context_covers(const struct context *context, uint64_t node, uint64_t counter) {
    assert(counter != 0);
    return claimed(context, node, counter) >= counter;
}

enum clock_order clock_compare(const struct context *context, const struct clock *clock) {
    bool behind = false, ahead = context->foreign;
    const struct clock_entry *list = clock_entries(clock);
    for (uint32_t i = 0; i < clock->count; i++) {
        uint64_t claim = claimed(context, list[i].node, list[i].counter);
        behind = behind || claim < list[i].counter;
        ahead = ahead || claim > list[i].counter;
    }
    for (size_t i = 0; i < context->count && !ahead; i++)
        ahead = context->entries[i].counter != 0 && clock_get(clock, context->entries[i].node) == 0;
    if (behind) return ahead ? CLOCK_DIVERGED : CLOCK_BEHIND;
    return ahead ? CLOCK_AHEAD : CLOCK_EQUAL;
}

/* ---- names --------------------------------------------------------------------------------- */

bool node_parse(struct bytes name, uint64_t *node) {
    if (name.size != NODE_NAME_SIZE) return false;
    uint64_t value = 0;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(c >= 'a' && c <= 'f')) return false;
        value = value << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    *node = value;
    return true;
}

/* Eight hexadecimal digits at once: the four bytes, the highest first, are spread until each of
 * their halves has a byte of its own, then all become digits together. */
static uint64_t hex8(uint32_t value) {
    uint64_t spread = __builtin_bswap32(value);
    spread = (spread | spread << 16) & 0x0000ffff0000ffff;
    spread = (spread | spread << 8) & 0x00ff00ff00ff00ff;
    spread = (spread >> 4 | spread << 8) & 0x0f0f0f0f0f0f0f0f;
    uint64_t letters = (spread + 0x0606060606060606) >> 4 & 0x0101010101010101;
    return spread + 0x3030303030303030 + letters * ('a' - '0' - 10);
}

void node_print(uint64_t node, char name[NODE_NAME_SIZE + 1]) {
    uint64_t halves[2] = {hex8((uint32_t)(node >> 32)), hex8((uint32_t)node)};
    memcpy(name, halves, sizeof halves);
    name[NODE_NAME_SIZE] = 0;
}
