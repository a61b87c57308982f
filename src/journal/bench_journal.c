/* SPDX-License-Identifier: Apache-2.0 */
/* bench_journal FOLDER [CELLS] [EFFECTS] [GROUPS] - what a disk makes of the journal.
 *
 * Writes GROUPS groups of EFFECTS effects (about 110 bytes each) to cells chosen at random, with
 * checkpoints running, then opens the folder again and recovers. Prints rates, latencies, device
 * bytes for each byte of effects, and times. A folder that is not empty is only recovered. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/histogram.h"
#include "base/random.h"
#include "base/status.h"
#include "journal/entry.h"
#include "journal/journal.h"
#include "world/world.h"

struct bench {
    struct journal_config config;
    struct journal *journal;
    uint64_t cells, effects, groups;
    uint64_t *versions;
    struct random random;
    uint64_t seq, bytes;
    struct histogram commit, turn;
    struct world *world;
    char why[512];
};

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static double cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What this process gave to block devices. */
static uint64_t device_bytes(void) {
    char line[128];
    uint64_t bytes = 0;
    FILE *file = fopen("/proc/self/io", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "write_bytes: %" SCNu64, &bytes) == 1) break;
    if (file) fclose(file);
    return bytes;
}

static void check(struct bench *bench, int status) {
    if (status == SS_OK) return;
    fprintf(stderr, "%s (%s)\n", status_text(status), bench->why);
    exit(1);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add_effect(struct bench *bench, struct buffer *effects, uint64_t cell) {
    static const uint8_t alone[1] = {0};
    char key[24], state[64];
    snprintf(key, sizeof key, "item-%" PRIu64, cell % 10);
    for (size_t i = 0; i < sizeof state; i++)
        state[i] = (char)('a' + random_below(&bench->random, 26));
    struct entry entry = {.kind = EFFECT_WRITE,
                          .seq = ++bench->seq,
                          .owner = 1 + cell / 10,
                          .category = bytes_of("inventory"),
                          .key = bytes_of(key),
                          .version = ++bench->versions[cell],
                          .time = 1700000000000000u + bench->seq,
                          .tick = bench->seq / 1000,
                          .writer = 1 + cell / 10,
                          .node = journal_node(bench->journal),
                          .clock = bytes_view(alone, 1),
                          .state = bytes_view(state, sizeof state)};
    entry_write(effects, &entry);
}

static void write_group(struct bench *bench, struct buffer *group, struct buffer *effects,
                        bool ordered, uint64_t first) {
    buffer_clear(group);
    buffer_clear(effects);
    if (journal_last(bench->journal) == 0) group_add_name(group, 0, bytes_of("default"));
    for (uint64_t i = 0; i < bench->effects; i++) {
        uint64_t cell = ordered ? first + i : random_below(&bench->random, bench->cells);
        if (cell < bench->cells) add_effect(bench, effects, cell);
    }
    group_add(group, 0, buffer_view(effects));
    bench->bytes += effects->size;
    uint64_t start = now_us();
    check(bench, journal_commit(bench->journal, buffer_view(group), (ss_time)bench->seq));
    uint64_t done = now_us();
    check(bench, journal_tidy(bench->journal));
    histogram_add(&bench->commit, done - start);
    histogram_add(&bench->turn, now_us() - start);
}

static void report(struct bench *bench, const char *what, uint64_t groups, uint64_t start,
                   uint64_t device) {
    double seconds = (double)(now_us() - start) / 1e6;
    struct journal_stats stats;
    check(bench, journal_stats(bench->journal, &stats));
    printf(
        "%-8s %6.0f groups/s of %.1f KB  commit p50 %.1f p99 %.1f max %.1f ms  with tidy p99 %.1f "
        "max %.1f ms\n",
        what, (double)groups / seconds, (double)bench->bytes / (double)groups / 1024,
        (double)histogram_at(&bench->commit, 0.5) / 1e3,
        (double)histogram_at(&bench->commit, 0.99) / 1e3, (double)bench->commit.most / 1e3,
        (double)histogram_at(&bench->turn, 0.99) / 1e3, (double)bench->turn.most / 1e3);
    printf("         %.2f device bytes per byte, %" PRIu64 " checkpoints, %" PRIu64
           " cells moved, %" PRIu64 " MB of groups left, database %" PRIu64 " MB\n",
           (double)(device_bytes() - device) / (double)bench->bytes, stats.checkpoints,
           stats.cells_moved, stats.group_bytes >> 20, stats.database_bytes >> 20);
    bench->bytes = 0;
    bench->commit = bench->turn = (struct histogram){0};
}

static void write_all(struct bench *bench) {
    struct buffer group = buffer_of(&memory_heap), effects = buffer_of(&memory_heap);
    uint64_t start = now_us(), device = device_bytes(), filled = 0;
    for (uint64_t first = 0; first < bench->cells; first += bench->effects, filled++)
        write_group(bench, &group, &effects, true, first);
    check(bench, journal_settle(bench->journal));
    report(bench, "fill", filled, start, device);
    start = now_us();
    device = device_bytes();
    for (uint64_t i = 0; i < bench->groups; i++)
        write_group(bench, &group, &effects, false, 0);
    report(bench, "update", bench->groups, start, device);
    buffer_free(&group);
    buffer_free(&effects);
}

/* ---- recovering ------------------------------------------------------------------------------ */

static int pass_over(void *context, struct bytes name, struct bytes effects) {
    (void)context;
    (void)name;
    (void)effects;
    return SS_OK;
}

static int replay(void *context, struct bytes name, struct bytes effects) {
    struct bench *bench = context;
    (void)name;
    while (effects.size) {
        ptrdiff_t size = world_replay(bench->world, effects);
        if (size < 0) return (int)size;
        effects = bytes_view(effects.data + size, effects.size - (size_t)size);
    }
    return SS_OK;
}

static void recover_all(struct bench *bench) {
    struct category policy = category_default("inventory");
    struct world_config config = world_config_default();
    policy.history_versions = 4;
    config.fallback = &policy;
    uint64_t start = now_us();
    check(bench, journal_open(&bench->journal, &bench->config, bench->why, sizeof bench->why));
    uint64_t opened = now_us();
    check(bench, journal_recover(bench->journal, pass_over, bench, bench->why, sizeof bench->why));
    uint64_t passed = now_us();
    check(bench, world_create(&bench->world, &memory_heap, &config, 0));
    uint64_t created = now_us();
    double cpu = cpu_s();
    check(bench, journal_recover(bench->journal, replay, bench, bench->why, sizeof bench->why));
    uint64_t recovered = now_us();
    cpu = cpu_s() - cpu;
    struct world_stats stats;
    world_stats(bench->world, &stats);
    printf("open %.2f s, reading and checking %.2f s, recovery into a world %.2f s, %.2f s of them "
           "computing (%" PRIu64 " cells)\n",
           (double)(opened - start) / 1e6, (double)(passed - opened) / 1e6,
           (double)(recovered - created) / 1e6, cpu, stats.cells);
    world_destroy(bench->world);
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: bench_journal FOLDER [CELLS] [EFFECTS] [GROUPS]\n");
        return 2;
    }
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench) return 1;
    bench->cells = count > 2 ? strtoull(arguments[2], NULL, 10) : 100000;
    bench->effects = count > 3 ? strtoull(arguments[3], NULL, 10) : 300;
    bench->groups = count > 4 ? strtoull(arguments[4], NULL, 10) : 10000;
    bench->versions = calloc(bench->cells, sizeof *bench->versions);
    bench->config = journal_config_default();
    bench->config.folder = arguments[1];
    if (!bench->versions || bench->effects == 0) return 1;
    check(bench, journal_open(&bench->journal, &bench->config, bench->why, sizeof bench->why));
    if (journal_last(bench->journal) == 0) write_all(bench);
    journal_close(bench->journal);
    recover_all(bench);
    journal_close(bench->journal);
    free(bench->versions);
    free(bench);
    return 0;
}
