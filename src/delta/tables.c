/* SPDX-License-Identifier: Apache-2.0 */
/* tables.c - which table belongs to which profile and mode: in the order of the two enumerations.
 */
#include "delta/tables.h"

#include "delta/pack.h"

struct bytes delta_table(enum delta_profile profile, enum delta_mode mode) {
    static const struct {
        const uint8_t *data;
        const size_t *size;
    } tables[] = {
#define TABLES_ENTRY(name) {table_##name, &table_##name##_size},
        TABLES_LIST(TABLES_ENTRY)
#undef TABLES_ENTRY
    };
    size_t index = (size_t)profile * 2 + (mode == DELTA_STREAM);
    return bytes_view(tables[index].data, *tables[index].size);
}
