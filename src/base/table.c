/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include "base/status.h"

static void table_place(struct table_slot *slots, size_t mask, struct table_slot entry) {
    size_t i = entry.hash & mask;
    while (slots[i].handle != TABLE_NONE)
        i = (i + 1) & mask;
    slots[i] = entry;
}

static int table_resize(struct table *table, size_t capacity) {
    struct table_slot *slots = memory_alloc(table->memory, capacity * sizeof *slots);
    if (!slots) return SS_ERR_NOMEM;
    for (size_t i = 0; i < capacity; i++)
        slots[i].handle = TABLE_NONE;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].handle != TABLE_NONE) table_place(slots, capacity - 1, table->slots[i]);
    memory_free(table->memory, table->slots, table->capacity * sizeof *slots);
    table->slots = slots;
    table->capacity = capacity;
    return SS_OK;
}

int table_reserve(struct table *table, size_t count) {
    size_t capacity = table->capacity ? table->capacity : 16;
    if (count > (size_t)1 << 31) return SS_ERR_NOMEM;
    while (count > capacity / 4 * 3)
        capacity *= 2;
    return capacity == table->capacity ? SS_OK : table_resize(table, capacity);
}

int table_add(struct table *table, uint64_t hash, uint32_t handle) {
    int status = table_reserve(table, table->count + 1);
    if (status != SS_OK) return status;
    table_place(table->slots, table->capacity - 1, (struct table_slot){(uint32_t)hash, handle});
    table->count++;
    return SS_OK;
}

bool table_remove(struct table *table, uint64_t hash, uint32_t handle) {
    if (table->count == 0) return false;
    size_t mask = table->capacity - 1;
    size_t hole = (uint32_t)hash & mask;
    while (table->slots[hole].handle != handle || table->slots[hole].hash != (uint32_t)hash) {
        if (table->slots[hole].handle == TABLE_NONE) return false;
        hole = (hole + 1) & mask;
    }
    /* Shift back every follower whose home does not lie between the hole and itself. */
    for (size_t i = (hole + 1) & mask; table->slots[i].handle != TABLE_NONE; i = (i + 1) & mask) {
        size_t home = table->slots[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask)) continue;
        table->slots[hole] = table->slots[i];
        hole = i;
    }
    table->slots[hole].handle = TABLE_NONE;
    table->count--;
    return true;
}

void table_free(struct table *table) {
    memory_free(table->memory, table->slots, table->capacity * sizeof *table->slots);
    *table = table_of(table->memory);
}
