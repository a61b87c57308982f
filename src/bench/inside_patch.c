/* SPDX-License-Identifier: Apache-2.0 */
/* inside_patch.c - what a change of a state costs as a delta, for three kinds of states: bodies of
 * 48 bytes that move, blobs that are edited and of which a block moves, JSON of many players of
 * whom two change. Beside each stand zstd with the base as dictionary, and for JSON the merge
 * patch. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/status.h"
#include "bench/inside.h"
#include "bench/process.h"
#include "bench/report.h"
#include "codec/compress.h"
#include "payload/json_patch.h"
#include "payload/patch.h"

struct change {
    struct buffer base, next;
};

/* ---- what changes -------------------------------------------------------------------------- */

static void body(struct buffer *out, unsigned player, double seconds) {
    double turn = seconds * 0.7 + player;
    float floats[10] = {(float)(200 * cos(turn) + player),
                        1.5f,
                        (float)(200 * sin(turn)),
                        (float)(-140 * sin(turn)),
                        0,
                        (float)(140 * cos(turn)),
                        0,
                        (float)sin(turn / 2),
                        0,
                        (float)cos(turn / 2)};
    const uint8_t rest[8] = {100, 3, 0, 1, (uint8_t)player, 0, 0, 0};
    buffer_bytes(out, bytes_view(floats, sizeof floats));
    buffer_bytes(out, bytes_view(rest, sizeof rest));
}

static void change_body(struct change *change, struct random *random, size_t size) {
    double seconds = random_unit(random) * 100;
    unsigned player = (unsigned)random_below(random, 64);
    (void)size;
    body(&change->base, player, seconds);
    body(&change->next, player, seconds + 1.0 / 30);
}

static void noise(struct buffer *out, struct random *random, size_t size) {
    for (size_t i = 0; i < size; i++)
        buffer_u8(out, (uint8_t)random_next(random));
}

/* Six inserts, and the first eighth goes to the end. */
static void change_blob(struct change *change, struct random *random, size_t size) {
    noise(&change->base, random, size);
    size_t at = size / 8, part = (size - at) / 6;
    for (int i = 0; i < 6; i++, at += part) {
        buffer_bytes(&change->next, bytes_view(change->base.data + at, part));
        noise(&change->next, random, random_below(random, 40));
    }
    buffer_bytes(&change->next, bytes_view(change->base.data + at, size - at));
    buffer_bytes(&change->next, bytes_view(change->base.data, size / 8));
}

static void change_json(struct change *change, struct random *random, size_t size) {
    size_t players = size / 82 + 1, first = random_below(random, players),
           second = random_below(random, players);
    for (size_t i = 0; i < players; i++) {
        unsigned hp = (unsigned)random_below(random, 100),
                 gold = (unsigned)random_below(random, 5000);
        double x = random_unit(random) * 100;
        bool hit = i == first || i == second;
        const char *form = "%s\"p%zu\":{\"name\":\"player %zu\",\"hp\":%u,\"gold\":%u,"
                           "\"at\":[%.3f,0,%.3f],\"team\":\"red\"}%s";
        const char *open = i ? "," : "{", *close = i + 1 == players ? "}" : "";
        buffer_format(&change->base, form, open, i, i, hp, gold, x, x / 2, close);
        buffer_format(&change->next, form, open, i, i, hit ? hp / 2 : hp, hit ? gold + 17 : gold,
                      hit ? x + 0.125 : x, x / 2, close);
    }
}

static const struct kind {
    const char *name;
    size_t size;
    bool json;
    void (*make)(struct change *, struct random *, size_t);
} kinds[] = {
    {"body of 48 bytes", 48, false, change_body},  {"blob of 1 KiB", 1024, false, change_blob},
    {"blob of 16 KiB", 16384, false, change_blob}, {"blob of 64 KiB", 65536, false, change_blob},
    {"JSON of 80 bytes", 1, true, change_json},    {"JSON of 3 KiB", 3200, true, change_json},
    {"JSON of 50 KiB", 50000, true, change_json},
};

/* ---- measuring ----------------------------------------------------------------------------- */

typedef int (*maker)(struct bytes base, struct bytes next, struct buffer *out);

/* Mean bytes of what `make` makes, and its time for each KiB of state. */
static bool measure(const struct change *changes, unsigned count, maker make, struct series *series,
                    const char *size_name, const char *time_name) {
    struct buffer out = buffer_of(&memory_heap);
    uint64_t bytes = 0, states = 0;
    bool fine = true;
    int64_t start = clock_ns();
    for (unsigned i = 0; fine && i < count; i++) {
        buffer_clear(&out);
        fine = make(buffer_view(&changes[i].base), buffer_view(&changes[i].next), &out) == SS_OK;
        bytes += out.size;
        states += changes[i].next.size;
    }
    double spent = (double)(clock_ns() - start);
    series_note(series, size_name, (double)bytes / count);
    series_note(series, time_name, spent * 1024 / (double)states);
    buffer_free(&out);
    return fine;
}

static bool measure_applying(const struct change *changes, unsigned count, struct series *series) {
    struct buffer out = buffer_of(&memory_heap), *patches = calloc(count, sizeof *patches);
    uint64_t states = 0;
    bool fine = patches != NULL;
    for (unsigned i = 0; fine && i < count; i++) {
        patches[i] = buffer_of(&memory_heap);
        fine = patch_make(buffer_view(&changes[i].base), buffer_view(&changes[i].next),
                          &patches[i]) == SS_OK;
    }
    int64_t start = clock_ns();
    for (unsigned i = 0; fine && i < count; i++) {
        struct bytes next = buffer_view(&changes[i].next);
        buffer_clear(&out);
        fine = patch_apply(buffer_view(&changes[i].base), buffer_view(&patches[i]), next.size,
                           &out) == SS_OK &&
               bytes_equal(buffer_view(&out), next);
        states += next.size;
    }
    series_note(series, "apply_ns_per_kib",
                (double)(clock_ns() - start) * 1024 / (double)(states ? states : 1));
    for (unsigned i = 0; patches && i < count; i++)
        buffer_free(&patches[i]);
    free(patches);
    buffer_free(&out);
    return fine;
}

static bool measure_round(const struct kind *kind, const struct change *changes, unsigned count,
                          struct series *series) {
    bool fine = measure(changes, count, patch_make, series, "patch_bytes", "make_ns_per_kib") &&
                measure_applying(changes, count, series) &&
                measure(changes, count, compress_against, series, "zstd_bytes", "zstd_ns_per_kib");
    if (fine && kind->json)
        fine = measure(changes, count, json_diff, series, "rfc7396_bytes", "rfc7396_ns_per_kib");
    return fine;
}

static bool run_kind(const struct options *options, const struct kind *kind) {
    struct series *series = calloc(1, sizeof *series);
    struct change *changes = calloc(options->cells, sizeof *changes);
    struct random random = {1};
    bool fine = series && changes;
    double bytes = 0;
    for (unsigned i = 0; fine && i < options->cells; i++) {
        changes[i] = (struct change){buffer_of(&memory_heap), buffer_of(&memory_heap)};
        kind->make(&changes[i], &random, kind->size);
        fine = !changes[i].base.failed && !changes[i].next.failed;
        bytes += (double)changes[i].next.size;
    }
    if (series) *series = (struct series){.bench = "patch", .subject = kind->name};
    for (unsigned round = 0; fine && round < options->rounds; round++) {
        series_note(series, "state_bytes", bytes / options->cells);
        fine = measure_round(kind, changes, options->cells, series);
        series_round(series, options->json);
    }
    if (fine) series_report(series, options->json);
    for (unsigned i = 0; changes && i < options->cells; i++) {
        buffer_free(&changes[i].base);
        buffer_free(&changes[i].next);
    }
    free(changes);
    free(series);
    return fine;
}

int inside_patch(const struct options *options) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!run_kind(options, &kinds[i])) return 1;
    return 0;
}
