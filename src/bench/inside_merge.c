/* SPDX-License-Identifier: Apache-2.0 */
/* inside_merge.c - two writers saw the same version; the first one's write stands when the second
 * one's comes. Timed is the second: detecting the conflict, finding the base in the history,
 * resolving, writing the new version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/status.h"
#include "bench/inside.h"
#include "bench/latency.h"
#include "bench/process.h"
#include "bench/report.h"
#include "world/world.h"

enum { CONFLICTS = 20000, KEY_SIZE = 24 };

struct duel {
    struct category category;
    const struct category *list[1];
    struct world *world;
    struct buffer state;
    struct random random;
    ss_time now;
    unsigned refused;
    struct latency latency;
};

/* {"gold":17,"name":"...","bag":{"slot0":{"item":"sword-123","count":4},...}} of about `size`
 * bytes; `side` chooses which leaves differ from what the others write. */
static void state_json(struct duel *duel, size_t size, unsigned side) {
    struct buffer *out = &duel->state;
    uint64_t number = random_next(&duel->random) % 1000;
    buffer_clear(out);
    buffer_format(out, "{\"gold\":%llu,\"name\":\"player\",\"bag\":{",
                  (unsigned long long)(side == 1 ? number : 7));
    for (unsigned slot = 0; out->size + 64 < size; slot++)
        buffer_format(out, "%s\"slot%u\":{\"item\":\"sword-%u\",\"count\":%llu}", slot ? "," : "",
                      slot, slot, (unsigned long long)(side && slot % 4 == side ? number : 4));
    buffer_text(out, "},\"note\":\"");
    while (out->size + 2 < size)
        buffer_u8(out, 'x');
    buffer_text(out, "\"}");
}

static void state_opaque(struct duel *duel, size_t size, unsigned side) {
    (void)side;
    buffer_clear(&duel->state);
    while (duel->state.size < size)
        buffer_u64(&duel->state, random_next(&duel->random));
    duel->state.size = size;
}

static bool duel_open(struct duel *duel, const struct format *format) {
    struct world_config config = world_config_default();
    bool merged = format->can_merge;
    duel->category = category_default("shared");
    duel->category.scope = SCOPE_SHARED;
    duel->category.write = ACCESS_ANY;
    duel->category.format = format;
    if (merged) duel->category.strategy = STRATEGY_MERGE;
    duel->list[0] = &duel->category;
    duel->state = buffer_of(&memory_heap);
    duel->random.state = 1;
    config.key = (struct hash_key){1, 2};
    config.categories = duel->list;
    config.category_count = 1;
    return world_create(&duel->world, &memory_heap, &config, 0) == SS_OK;
}

static uint32_t duel_write(struct duel *duel, uint64_t player, const char *key, uint32_t expected,
                           struct outcome *outcome) {
    struct update update = {.player = player,
                            .category = bytes_of("shared"),
                            .key = bytes_of(key),
                            .state = buffer_view(&duel->state),
                            .expected_version = expected};
    duel->now += SS_MILLISECOND;
    world_update(duel->world, &update, duel->now, outcome);
    return outcome->version;
}

static void duel_fight(struct duel *duel, const char *key, size_t size, bool json) {
    void (*state)(struct duel *, size_t, unsigned) = json ? state_json : state_opaque;
    struct outcome outcome;
    struct cell_view standing;
    bool lives = world_get(duel->world, 0, bytes_of("shared"), bytes_of(key), &standing);
    state(duel, size, 0);
    uint32_t base = duel_write(duel, 1, key, lives ? standing.version : 0, &outcome);
    state(duel, size, 1);
    duel_write(duel, 1, key, base, &outcome);
    state(duel, size, 2);
    int64_t start = clock_ns();
    duel_write(duel, 2, key, base, &outcome);
    latency_add(&duel->latency, (uint64_t)(clock_ns() - start));
    bool resolved =
        outcome.result == RESULT_SUCCESS && outcome.conflict.type == CONFLICT_VERSION_MISMATCH;
    duel->refused += !resolved;
}

static bool duel_run(const struct options *options, const struct format *format,
                     struct series *series) {
    struct duel *duel = calloc(1, sizeof *duel);
    bool json = strcmp(format->name, "json") == 0;
    bool fine = duel && duel_open(duel, format);
    for (unsigned round = 0; fine && round < options->rounds; round++) {
        duel->latency = (struct latency){0};
        duel->refused = 0;
        for (unsigned i = 0; i < CONFLICTS; i++) {
            char key[KEY_SIZE];
            snprintf(key, sizeof key, "cell-%u", i % options->cells);
            duel_fight(duel, key, options->state_bytes, json);
        }
        series_note(series, "p50_us", latency_us(&duel->latency, 0.5));
        series_note(series, "p99_us", latency_us(&duel->latency, 0.99));
        series_note(series, "max_us", latency_us(&duel->latency, 1));
        series_note(series, "refused", duel->refused);
        series_round(series, options->json);
        fine = duel->refused == 0;
    }
    if (fine) series_report(series, options->json);
    if (duel) {
        world_destroy(duel->world);
        buffer_free(&duel->state);
    }
    free(duel);
    return fine;
}

int inside_merge(const struct options *options) {
    const struct format *const formats[] = {&format_json, &format_opaque};
    bool fine = true;
    process_pin(options->load_core);
    for (unsigned i = 0; fine && i < 2; i++) {
        struct series *series = calloc(1, sizeof *series);
        if (!series) return 1;
        series->bench = "merge";
        series->subject = formats[i]->name;
        fine = duel_run(options, formats[i], series);
        free(series);
    }
    if (!fine) fputs("statesync bench: a conflict was not resolved\n", stderr);
    return fine ? 0 : 1;
}
