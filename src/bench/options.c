/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - one table of flags: name, kind, where the value goes, help. */
#include "bench/options.h"

#include <stdlib.h>
#include <string.h>

enum kind { KIND_TEXT, KIND_COUNT, KIND_REAL, KIND_CORE, KIND_SWITCH };

struct flag {
    const char *name;
    enum kind kind;
    size_t at;
    const char *help;
};

#define AT(member) offsetof(struct options, member)

static const struct flag flags[] = {
    {"--server", KIND_TEXT, AT(server), "host:port of a running server (default: starts its own)"},
    {"--peer", KIND_TEXT, AT(peer), "also measure this peer, round by round: grpc-go, redis"},
    {"--peers", KIND_TEXT, AT(peers), "folder of the peers' servers"},
    {"--durability", KIND_TEXT, AT(durability),
     "memory (default), async or sync; Redis: AOF none, everysec or always"},
    {"--folder", KIND_TEXT, AT(folder), "on whose disk data is kept (default: /var/tmp)"},
    {"--rounds", KIND_COUNT, AT(rounds), "how often; figures are medians"},
    {"--seconds", KIND_REAL, AT(seconds), "length of a round"},
    {"--warmup", KIND_REAL, AT(warmup), "before each round, not counted"},
    {"--rate", KIND_REAL, AT(rate), "open loop: operations a second, sent by the clock"},
    {"--load", KIND_REAL, AT(load), "open loop at this part (0..1) of the closed loop's rate"},
    {"--connections", KIND_COUNT, AT(connections), "TCP connections; 0: one per stream"},
    {"--streams", KIND_COUNT, AT(streams),
     "gRPC streams in all (default: one write in flight on each)"},
    {"--inflight", KIND_COUNT, AT(inflight), "operations in flight, in all"},
    {"--per-write", KIND_COUNT, AT(per_write), "messages that a stream sends at once"},
    {"--per-frame", KIND_COUNT, AT(per_frame),
     "messages in one DATA frame (default: all of a write); grpc-go's client: 1"},
    {"--state-bytes", KIND_COUNT, AT(state_bytes), "size of a state"},
    {"--cells", KIND_COUNT, AT(cells), "cells of a player; world, journal, recover: cells in all"},
    {"--history", KIND_COUNT, AT(history), "world: versions kept of a cell"},
    {"--groups", KIND_COUNT, AT(groups),
     "journal: committed in a round; recover: not checkpointed"},
    {"--effects", KIND_COUNT, AT(effects), "journal, recover: writes in a group"},
    {"--server-core", KIND_CORE, AT(server_core), "core of the server; none: not pinned"},
    {"--load-core", KIND_CORE, AT(load_core), "core of the load; none: not pinned"},
    {"--spin", KIND_SWITCH, AT(spin), "the load never sleeps: no server waits for it to wake"},
    {"--json", KIND_SWITCH, AT(json), "one JSON object a line"},
};

enum { FLAGS = sizeof flags / sizeof *flags };

static bool value_set(struct options *options, const struct flag *flag, const char *value) {
    char *end = NULL, *at = (char *)options + flag->at;
    double number = flag->kind == KIND_TEXT ? 0 : strtod(value, &end);
    bool numeric = end != NULL && end != value && *end == '\0' && number >= 0 && number < 4e9;
    switch (flag->kind) {
    case KIND_TEXT: memcpy(at, &value, sizeof value); return true;
    case KIND_COUNT: *(unsigned *)(void *)at = (unsigned)number; return numeric;
    case KIND_REAL: *(double *)(void *)at = number; return numeric;
    case KIND_CORE:
        *(int *)(void *)at = numeric ? (int)number : -1;
        return numeric || strcmp(value, "none") == 0;
    case KIND_SWITCH: *(bool *)(void *)at = true; return true;
    }
    return false;
}

static const struct flag *flag_find(const char *word, size_t size) {
    for (size_t i = 0; i < FLAGS; i++)
        if (strlen(flags[i].name) == size && memcmp(flags[i].name, word, size) == 0)
            return &flags[i];
    return NULL;
}

static bool wrong(int *code, const char *format, const char *word) {
    fputs("statesync bench: ", stderr);
    fprintf(stderr, format, word);
    fputs("; see `statesync bench --help`\n", stderr);
    *code = 2;
    return false;
}

static bool setting_add(struct options *options, const char *word, int *code) {
    if (options->setting_count == OPTIONS_SETTINGS_MAX)
        return wrong(code, "too many settings at %s", word);
    options->settings[options->setting_count++] = word;
    return true;
}

bool options_parse(struct options *options, int count, char **arguments, int *code) {
    for (int i = 1; i < count; i++) {
        const char *word = arguments[i];
        size_t size = strcspn(word, "=");
        const char *value = word[size] ? word + size + 1 : NULL;
        const struct flag *flag = flag_find(word, size);
        if (!flag && strncmp(word, "--", 2) == 0 && memchr(word, '.', size)) {
            if (!setting_add(options, word, code)) return false;
            continue;
        }
        if (!flag) return wrong(code, "unknown flag %s", word);
        if (flag->kind != KIND_SWITCH && !value) value = ++i < count ? arguments[i] : NULL;
        if (flag->kind == KIND_SWITCH && !value) value = "";
        if (!value || !value_set(options, flag, value))
            return wrong(code, "%s needs another value", flag->name);
    }
    if (strcmp(options->durability, "memory") != 0 && strcmp(options->durability, "async") != 0 &&
        strcmp(options->durability, "sync") != 0)
        return wrong(code, "%s is no durability", options->durability);
    if (options->rounds == 0 || options->inflight == 0 || options->per_write == 0 ||
        options->cells == 0 || options->history == 0 || options->groups == 0 ||
        options->effects == 0 || options->seconds <= 0)
        return wrong(code, "%s must not be 0",
                     "rounds, seconds, inflight, per-write, cells, history, groups and effects");
    return true;
}

void options_help(FILE *out) {
    for (size_t i = 0; i < FLAGS; i++)
        fprintf(out, "  %-16s %s\n", flags[i].name, flags[i].help);
    fputs("  --SETTING=VALUE  a setting of the server that is started (--limits.burst=...)\n", out);
}
