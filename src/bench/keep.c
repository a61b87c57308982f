/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/keep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "journal/entry.h"

enum { PER_PLAYER = 10, LETTERS_MAX = 65536 };

static bool fine(struct keep *keep, int status) {
    if (status == SS_OK) return true;
    if (!keep->why[0]) snprintf(keep->why, sizeof keep->why, "%s", status_text(status));
    return false;
}

int keep_failed(const struct keep *keep) {
    fprintf(stderr, "statesync bench: %s\n", keep->why);
    return 1;
}

uint64_t keep_device_bytes(void) {
    char line[128];
    uint64_t bytes = 0;
    FILE *file = fopen("/proc/self/io", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "write_bytes: %" SCNu64, &bytes) == 1) break;
    if (file) fclose(file);
    return bytes;
}

/* ---- a folder ------------------------------------------------------------------------------ */

static bool make_folder(struct keep *keep) {
    snprintf(keep->folder, sizeof keep->folder, "%s/statesync-bench-XXXXXX", keep->options->folder);
    keep->made = mkdtemp(keep->folder) != NULL;
    if (!keep->made) snprintf(keep->why, sizeof keep->why, "%s: %s", keep->folder, strerror(errno));
    return keep->made;
}

static void remove_folder(struct keep *keep) {
    static const char *const names[] = {"db", "db-wal", "mark", "ballast", "lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[sizeof keep->folder + 32];
        snprintf(path, sizeof path, "%s/statesync.%s", keep->folder, names[i]);
        unlink(path);
    }
    rmdir(keep->folder);
}

bool keep_reopen(struct keep *keep) {
    return fine(keep, journal_open(&keep->journal, &keep->config, keep->why, sizeof keep->why));
}

bool keep_open(struct keep *keep, const struct options *options) {
    *keep = (struct keep){.config = journal_config_default(),
                          .options = options,
                          .random = {42},
                          .group = buffer_of(&memory_heap),
                          .effects = buffer_of(&memory_heap)};
    keep->config.folder = keep->folder;
    keep->versions = calloc(options->cells, sizeof *keep->versions);
    if (!keep->versions || options->state_bytes > LETTERS_MAX) return fine(keep, SS_ERR_INVALID);
    return make_folder(keep) && keep_reopen(keep);
}

void keep_close(struct keep *keep) {
    journal_close(keep->journal);
    keep->journal = NULL;
    if (keep->made) remove_folder(keep);
    buffer_free(&keep->group);
    buffer_free(&keep->effects);
    free(keep->versions);
}

/* ---- groups -------------------------------------------------------------------------------- */

static void add_effect(struct keep *keep, uint64_t cell) {
    static const uint8_t alone[1] = {0}; /* no other node wrote it */
    char key[24], state[LETTERS_MAX];
    snprintf(key, sizeof key, "item-%u", (unsigned)(cell % PER_PLAYER));
    for (size_t i = 0; i < keep->options->state_bytes; i++)
        state[i] = (char)('a' + random_below(&keep->random, 26));
    struct entry entry = {.kind = EFFECT_WRITE,
                          .seq = ++keep->seq,
                          .owner = 1 + cell / PER_PLAYER,
                          .category = bytes_of("inventory"),
                          .key = bytes_of(key),
                          .version = ++keep->versions[cell],
                          .time = 1700000000000000u + keep->seq,
                          .tick = keep->seq / 1000,
                          .writer = 1 + cell / PER_PLAYER,
                          .node = journal_node(keep->journal),
                          .clock = bytes_view(alone, 1),
                          .state = bytes_view(state, keep->options->state_bytes)};
    entry_write(&keep->effects, &entry);
}

static void begin_group(struct keep *keep) {
    buffer_clear(&keep->group);
    buffer_clear(&keep->effects);
    if (journal_last(keep->journal) == 0) group_add_name(&keep->group, 0, bytes_of("default"));
}

static bool end_group(struct keep *keep) {
    group_add(&keep->group, 0, buffer_view(&keep->effects));
    return fine(keep, keep->group.failed || keep->effects.failed ? SS_ERR_NOMEM : SS_OK);
}

bool keep_draw(struct keep *keep, unsigned effects) {
    begin_group(keep);
    for (unsigned i = 0; i < effects; i++)
        add_effect(keep, random_below(&keep->random, keep->options->cells));
    return end_group(keep);
}

bool keep_commit(struct keep *keep) {
    return fine(keep, journal_commit(keep->journal, buffer_view(&keep->group), (ss_time)keep->seq));
}

bool keep_fill(struct keep *keep) {
    unsigned cells = keep->options->cells;
    for (unsigned next = 0; next < cells;) {
        begin_group(keep);
        for (unsigned i = 0; i < 1000 && next < cells; i++)
            add_effect(keep, next++);
        if (!end_group(keep) || !keep_commit(keep) || !fine(keep, journal_tidy(keep->journal)))
            return false;
    }
    return fine(keep, journal_settle(keep->journal, NULL));
}
