/* SPDX-License-Identifier: Apache-2.0 */
/* How many updates a second of one core's time applies: random cells of 48 bytes in groups of 64.
 * usage: bench_world [cells [updates [history]]] */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "base/status.h"
#include "world/world.h"

#define GROUP           64
#define KEYS_PER_PLAYER 10

static char (*make_keys(size_t count))[16] {
    char(*keys)[16] = calloc(count, sizeof *keys);
    for (size_t i = 0; keys && i < count; i++)
        snprintf(keys[i], sizeof keys[i], "unit-%zu", i);
    return keys;
}

static double seconds(void) {
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static void aim(struct update *update, char (*keys)[16], size_t cell, const uint8_t *state) {
    *update = (struct update){.player = 1 + cell / KEYS_PER_PLAYER,
                              .category = bytes_of("position"),
                              .key = bytes_of(keys[cell % KEYS_PER_PLAYER]),
                              .state = bytes_view(state, 48)};
}

/* Applies `count` updates; the time goes on by 1 us each, so that histories fill up. */
static double run(struct world *world, char (*keys)[16], size_t cells, size_t count,
                  bool in_order) {
    static struct update updates[GROUP];
    struct random random = {42};
    struct outcome outcome;
    uint8_t state[48] = {1, 2, 3};
    double start = seconds();
    for (size_t done = 0; done < count; done += GROUP) {
        for (size_t i = 0; i < GROUP; i++)
            aim(&updates[i], keys, in_order ? (done + i) % cells : random_below(&random, cells),
                state);
        struct prefetch prefetch = world_prefetch(world, updates, GROUP);
        for (size_t i = 0; i < GROUP; i++) {
            world_prefetch_next(&prefetch);
            world_update(world, &updates[i], (ss_time)(done + i), &outcome);
            assert(outcome.result == RESULT_SUCCESS);
        }
    }
    return seconds() - start;
}

int main(int argc, char **argv) {
    size_t cells = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    size_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 20000000;
    unsigned history = argc > 3 ? (unsigned)atoi(argv[3]) : 8;
    struct category position = category_default("position");
    const struct category *list[] = {&position};
    struct world_config config = world_config_default();
    struct world *world;
    position.history_versions = history;
    position.history_span = 3600 * SS_SECOND;
    config.key = (struct hash_key){1, 2};
    config.categories = list;
    config.category_count = 1;
    char(*keys)[16] = make_keys(KEYS_PER_PLAYER);
    if (!keys || world_create(&world, &memory_heap, &config, 0) != SS_OK) return 1;
    double filling = run(world, keys, cells, cells * (history + 2), true);
    double spent = run(world, keys, cells, count, false);
    struct world_stats stats;
    world_stats(world, &stats);
    printf("%zu cells, %.0f MB: fill %.2f M/s, random %.2f M updates/s (%.0f ns)\n", cells,
           (double)stats.bytes / 1e6, (double)cells * (history + 2) / filling / 1e6,
           (double)count / spent / 1e6, spent / (double)count * 1e9);
    world_destroy(world);
    free(keys);
    return 0;
}
