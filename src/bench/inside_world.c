/* SPDX-License-Identifier: Apache-2.0 */
/* inside_world.c - random cells in groups of 64: the group is prefetched, then applied one by one,
 * as the worker of a server does with what came in one turn. Each update names the version it saw.
 *
 * Beside each rate stands the ceiling of the same minute: adding one to three random cache lines of a
 * block as large as the world, which is all that a store without features could do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/status.h"
#include "bench/inside.h"
#include "bench/process.h"
#include "bench/report.h"
#include "world/world.h"

enum { GROUP = 64, KEYS = 10, KEY_SIZE = 16, LINE = 64, LINES = 3, MEASURED = 4000000, MEMORY_CELLS = 1000000 };

/* A memory that counts what is held. */
struct counted {
    uint64_t bytes;
};

static void *counted_resize(void *context, void *block, size_t old_size, size_t new_size) {
    struct counted *counted = context;
    void *resized = memory_heap.resize(memory_heap.context, block, old_size, new_size);
    if (resized || new_size == 0) counted->bytes += new_size - old_size;
    return resized;
}

struct bed {
    struct counted counted;
    struct memory memory;
    struct category category;
    const struct category *list[1];
    struct world *world;
    char keys[KEYS][KEY_SIZE];
    struct bytes names[KEYS];
    uint32_t *versions;
    size_t cells;
    uint8_t *state;
    size_t state_bytes;
    ss_time now;
};

static bool bed_open(struct bed *bed, size_t cells, unsigned history, unsigned state_bytes) {
    *bed = (struct bed){.memory = {counted_resize, &bed->counted},
                        .category = category_default("position"),
                        .cells = cells,
                        .state_bytes = state_bytes};
    struct world_config config = world_config_default();
    bed->category.history_versions = history;
    bed->category.history_span = 3600 * SS_SECOND;
    bed->list[0] = &bed->category;
    config.key = (struct hash_key){1, 2};
    config.categories = bed->list;
    config.category_count = 1;
    for (unsigned i = 0; i < KEYS; i++)
        bed->names[i] =
            bytes_view(bed->keys[i], (size_t)snprintf(bed->keys[i], KEY_SIZE, "unit-%u", i));
    bed->versions = calloc(cells, sizeof *bed->versions);
    bed->state = calloc(1, state_bytes + 1);
    return bed->versions && bed->state &&
           world_create(&bed->world, &bed->memory, &config, 0) == SS_OK;
}

static void bed_close(struct bed *bed) {
    world_destroy(bed->world);
    free(bed->versions);
    free(bed->state);
}

/* Applies `count` updates to random cells, or to each in turn; false when one was refused. */
static bool bed_run(struct bed *bed, uint64_t count, struct random *random) {
    struct update updates[GROUP];
    struct bytes category = bytes_of("position");
    size_t cells[GROUP];
    struct outcome outcome;
    bool fine = true;
    for (uint64_t done = 0; done < count; done += GROUP) {
        for (size_t i = 0; i < GROUP; i++) {
            cells[i] = random ? random_below(random, bed->cells) : (done + i) % bed->cells;
            updates[i] = (struct update){.player = 1 + cells[i] / KEYS,
                                         .category = category,
                                         .key = bed->names[cells[i] % KEYS],
                                         .state = bytes_view(bed->state, bed->state_bytes),
                                         .expected_version = bed->versions[cells[i]]};
        }
        struct prefetch prefetch = world_prefetch(bed->world, updates, GROUP);
        for (size_t i = 0; i < GROUP; i++) {
            world_prefetch_next(&prefetch);
            updates[i].expected_version = bed->versions[cells[i]];
            world_update(bed->world, &updates[i], bed->now++, &outcome);
            fine = fine && outcome.result == RESULT_SUCCESS;
            bed->versions[cells[i]] = outcome.version;
        }
    }
    return fine;
}

/* The nanoseconds of `count` times LINES random lines in `block`. */
static double ceiling_run(uint64_t *block, size_t bytes, uint64_t count, struct random *random) {
    uint64_t cpu = process_own_cpu_us(), *at[GROUP * LINES];
    for (uint64_t done = 0; done < count; done += GROUP) {
        for (size_t i = 0; i < GROUP * LINES; i++) {
            at[i] = block + random_below(random, bytes / LINE) * (LINE / sizeof *block);
            memory_prefetch(at[i]);
        }
        for (size_t i = 0; i < GROUP * LINES; i++)
            ++*at[i];
    }
    return (double)(process_own_cpu_us() - cpu) * 1e3 / (double)count;
}

static bool measure_rate(const struct options *options, struct series *series) {
    struct bed bed;
    struct random random = {42};
    bool fine = bed_open(&bed, options->cells, options->history, options->state_bytes) &&
                bed_run(&bed, (uint64_t)bed.cells * (options->history + 2), NULL);
    size_t bytes = (size_t)bed.counted.bytes / LINE * LINE;
    uint64_t *block = fine ? malloc(bytes) : NULL;
    fine = fine && block;
    if (fine) memset(block, 1, bytes);
    for (unsigned round = 0; fine && round < options->rounds; round++) {
        uint64_t cpu = process_own_cpu_us();
        fine = bed_run(&bed, MEASURED, &random);
        double ns = (double)(process_own_cpu_us() - cpu) * 1e3 / MEASURED;
        double ceiling = ceiling_run(block, bytes, MEASURED, &random);
        series_note(series, "per_second", 1e9 / ns);
        series_note(series, "ns", ns);
        series_note(series, "ceiling_ns", ceiling);
        series_note(series, "of_ceiling", ceiling / ns);
        series_round(series, options->json);
    }
    free(block);
    bed_close(&bed);
    return fine;
}

static bool measure_memory(const struct options *options) {
    struct bed bed;
    uint64_t resident = process_own_resident();
    bool fine = bed_open(&bed, MEMORY_CELLS, options->history, options->state_bytes);
    uint64_t own = MEMORY_CELLS * sizeof *bed.versions;
    fine = fine && bed_run(&bed, (uint64_t)MEMORY_CELLS * (options->history + 2), NULL);
    double counted = (double)bed.counted.bytes,
           grown = (double)(process_own_resident() - resident - own);
    printf(options->json
               ? "{\"bench\":\"world\",\"cells\":%d,\"state_bytes\":%u,\"history\":%u,"
                 "\"bytes_per_cell\":%.1f,\"resident_per_cell\":%.1f,\"resident_mib\":%.0f}\n"
               : "world memory: %d cells of %u bytes, history %u: %.1f bytes a cell allocated, "
                 "%.1f resident, %.0f MiB in all\n",
           MEMORY_CELLS, options->state_bytes, options->history, counted / MEMORY_CELLS,
           grown / MEMORY_CELLS, grown / 1048576);
    bed_close(&bed);
    return fine;
}

int inside_world(const struct options *options) {
    static const char failed[] = "statesync bench: an update was refused, or memory ran out\n";
    struct series *series = calloc(1, sizeof *series);
    if (!series) return 1;
    series->bench = "world";
    series->subject = "statesync";
    process_pin(options->load_core);
    bool fine = measure_memory(options) && measure_rate(options, series);
    if (fine) series_report(series, options->json);
    if (!fine) fputs(failed, stderr);
    free(series);
    return fine ? 0 : 1;
}
