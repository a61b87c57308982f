/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h - the trained tables that ship with the code: `delta-tool train` writes them. */
#ifndef DELTA_TABLES_H
#define DELTA_TABLES_H

#include <stddef.h>
#include <stdint.h>

#define TABLES_LIST(X)                                                                             \
    X(players_acked)                                                                               \
    X(players_stream)                                                                              \
    X(arena_acked)                                                                                 \
    X(arena_stream)                                                                                \
    X(cubes_acked)                                                                                 \
    X(cubes_stream)                                                                                \
    X(asteroids_acked)                                                                             \
    X(asteroids_stream)                                                                            \
    X(exact_acked)                                                                                 \
    X(exact_stream)                                                                                \
    X(exact_arena_acked)                                                                           \
    X(exact_arena_stream)

#define TABLES_DECLARE(name)                                                                       \
    extern const uint8_t table_##name[];                                                           \
    extern const size_t table_##name##_size;
TABLES_LIST(TABLES_DECLARE)
#undef TABLES_DECLARE

#endif
