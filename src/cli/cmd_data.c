/* SPDX-License-Identifier: Apache-2.0 */
/* data: looks after a data folder while no server works in it. The work is done in
 * journal/upkeep.h; here it gets words, a line of progress, and an exit code: 4 when the folder
 * refuses (in use, damaged, newer, not ours, or in the way), 1 when something else broke. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "cli/cli.h"
#include "cli/flag.h"
#include "cli/remote.h"
#include "cli/text.h"
#include "journal/upkeep.h"
#include "world/clock.h"

struct data_options {
    bool json;
};

static const struct flag flags[] = {
    {"json", NULL, FLAG_SWITCH, offsetof(struct data_options, json),
     "verify and stats: one JSON object, for programs"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

struct data {
    const struct cli *cli;
    struct journal_config config;
    struct progress progress;
    const char *folder, *file;
    bool json, restoring;
    bool told; /* a line of progress stands on the terminal */
    char why[1024];
};

/* ---- telling ------------------------------------------------------------------------------- */

static void on_progress(void *context, const char *phase, uint64_t done, uint64_t total) {
    struct data *data = context;
    fprintf(stderr, "\r\x1b[K  %s", phase);
    if (total > 1)
        fprintf(stderr, " %3.0f %%", done >= total ? 100.0 : 100.0 * (double)done / (double)total);
    fflush(stderr);
    data->told = true;
}

static void progress_clear(struct data *data) {
    if (data->told) fputs("\r\x1b[K", stderr);
    data->told = false;
}

static void on_line(void *context, enum log_level level, const char *line) {
    struct data *data = context;
    progress_clear(data);
    fprintf(stderr, "  %s%s\n", level >= LOG_LEVEL_WARN ? "note: " : "", line);
}

/* What the status of a folder is called in --json, and whether the folder itself says no. */
static const char *data_word(int status, bool *refused) {
    *refused = true;
    switch (status) {
    case SS_OK: return "whole";
    case SS_ERR_BUSY: return "in use";
    case SS_ERR_CORRUPT: return "damaged";
    case SS_ERR_UNSUPPORTED: return "not supported";
    case SS_ERR_DENIED: return "not permitted";
    case SS_ERR_EXISTS: return "exists";
    default: *refused = false; return "failed";
    }
}

static int data_failed(struct data *data, int status) {
    bool refused;
    const char *word = data_word(status, &refused);
    int code = refused ? EXIT_REFUSED : EXIT_FAILED;
    progress_clear(data);
    if (data->json) {
        struct buffer text = buffer_of(&memory_heap);
        buffer_text(&text, "{\"folder\":");
        json_print(&text, data->folder);
        buffer_format(&text, ",\"status\":\"%s\",\"why\":", word);
        json_print(&text, data->why);
        buffer_text(&text, "}\n");
        int written = output(data->cli, &text);
        return written == EXIT_OK ? code : written;
    }
    complain(data->cli, code, "%s", data->why[0] ? data->why : status_text(status));
    if (status == SS_ERR_CORRUPT && data->restoring)
        fprintf(stderr, "  %s is no whole backup: take another one\n", data->file);
    else if (status == SS_ERR_CORRUPT)
        fprintf(stderr, "  copy the folder away before anything else is tried with it\n");
    return code;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static int data_stats(struct data *data, struct journal_stats *stats) {
    struct journal *journal;
    int status = journal_open(&journal, &data->config, data->why, sizeof data->why);
    if (status != SS_OK) return status;
    status = journal_stats(journal, stats);
    if (status != SS_OK)
        snprintf(data->why, sizeof data->why, "%s: %s", data->folder, status_text(status));
    journal_close(journal);
    return status;
}

/* Every number of a folder once: its name in --json, and what people read. */
static const struct number {
    const char *name, *text; /* text NULL: only in --json */
    size_t offset;
    bool size;
} numbers[] = {
#define NUMBER(name, text, size)                                                                   \
    { #name, text, offsetof(struct journal_stats, name), size }
    NUMBER(worlds, "worlds", false),
    NUMBER(cells, "cells at the last checkpoint", false),
    NUMBER(tombstones, "of them deleted", false),
    NUMBER(conflicts, "parked conflicts", false),
    NUMBER(keys, "idempotency keys", false),
    NUMBER(floors, "version floors", false),
    NUMBER(groups, "groups since then", false),
    NUMBER(group_bytes, "their size", true),
    NUMBER(first_group, NULL, false),
    NUMBER(last_group, "the newest group", false),
    NUMBER(database_bytes, "database", true),
    NUMBER(free_bytes, "free inside it", true),
    NUMBER(log_bytes, "write-ahead log", true),
    NUMBER(ballast_bytes, "ballast", true),
#undef NUMBER
};
#define NUMBERS (sizeof numbers / sizeof *numbers)

static uint64_t number_of(const struct journal_stats *stats, const struct number *number) {
    uint64_t value;
    memcpy(&value, (const char *)stats + number->offset, sizeof value);
    return value;
}

static void stats_json(struct buffer *text, const struct data *data, const char *node,
                       const struct journal_stats *stats) {
    buffer_text(text, "{\"folder\":");
    json_print(text, data->folder);
    buffer_format(text, ",\"status\":\"whole\",\"node\":\"%s\"", node);
    for (size_t i = 0; i < NUMBERS; i++)
        buffer_format(text, ",\"%s\":%llu", numbers[i].name,
                      (unsigned long long)number_of(stats, &numbers[i]));
    buffer_text(text, "}\n");
}

static void stats_lines(struct buffer *text, const struct journal_stats *stats) {
    for (size_t i = 0; i < NUMBERS; i++) {
        uint64_t value = number_of(stats, &numbers[i]);
        if (!numbers[i].text) continue;
        buffer_format(text, "  %-28s ", numbers[i].text);
        if (numbers[i].size)
            size_print(text, (double)value);
        else
            buffer_format(text, "%llu", (unsigned long long)value);
        buffer_u8(text, '\n');
    }
}

static int data_show(struct data *data, const char *verdict) {
    struct journal_stats stats;
    struct buffer text = buffer_of(&memory_heap);
    char node[NODE_NAME_SIZE + 1];
    int status = data_stats(data, &stats);
    if (status != SS_OK) return data_failed(data, status);
    progress_clear(data);
    node_print(stats.node, node);
    if (data->json) {
        stats_json(&text, data, node, &stats);
    } else {
        buffer_format(&text, "%s%s, node %s\n", data->folder, verdict, node);
        stats_lines(&text, &stats);
    }
    return output(data->cli, &text);
}

/* ---- what can be done ---------------------------------------------------------------------- */

static int stats_run(struct data *data) {
    return data_show(data, "");
}

static int verify_run(struct data *data) {
    int status = upkeep_verify(&data->config, &data->progress, data->why, sizeof data->why);
    if (status != SS_OK) return data_failed(data, status);
    return data_show(data, " is whole: every checksum holds");
}

static int backup_run(struct data *data) {
    int status =
        upkeep_backup(&data->config, data->file, &data->progress, data->why, sizeof data->why);
    if (status != SS_OK) return data_failed(data, status);
    struct stat file;
    struct buffer text = buffer_of(&memory_heap);
    progress_clear(data);
    buffer_format(&text, "%s is a whole copy of %s", data->file, data->folder);
    if (stat(data->file, &file) == 0) {
        buffer_text(&text, ", ");
        size_print(&text, (double)file.st_size);
    }
    buffer_u8(&text, '\n');
    return output(data->cli, &text);
}

static int restore_run(struct data *data) {
    int status =
        upkeep_restore(&data->config, data->file, &data->progress, data->why, sizeof data->why);
    if (status != SS_OK) return data_failed(data, status);
    progress_clear(data);
    printf("%s holds what %s held; start a server with --data=%s\n", data->folder, data->file,
           data->folder);
    return EXIT_OK;
}

static const struct action {
    const char *name;
    int (*run)(struct data *data);
    bool file;  /* FOLDER FILE */
    bool json;  /* knows --json */
    bool makes; /* FOLDER need not be there yet */
} actions[] = {
    {"verify", verify_run, false, true, false},
    {"stats", stats_run, false, true, false},
    {"backup", backup_run, true, false, false},
    {"restore", restore_run, true, false, true},
};

static const struct action *action_find(const char *name) {
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, name) == 0) return &actions[i];
    return NULL;
}

/* Opening a journal would make a folder: a name that was mistyped must not. */
static bool data_is_there(const char *folder) {
    static const char *const names[] = {"statesync.db", "statesync.mark"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[4096];
        if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, names[i]) < sizeof path &&
            access(path, F_OK) == 0)
            return true;
    }
    return false;
}

static int data_begin(struct cli *cli, const struct action *action, const struct operands *words,
                      bool json) {
    struct data data = {
        .cli = cli, .folder = words->items[1], .json = json, .restoring = action->makes};
    struct log_sink log = {on_line, &data, LOG_LEVEL_WARN};
    if (action->file) data.file = words->items[2];
    if (isatty(STDERR_FILENO)) data.progress = (struct progress){on_progress, &data};
    data.config = journal_config_default();
    data.config.folder = data.folder;
    data.config.log = &log;
    if (!action->makes && !data_is_there(data.folder)) {
        snprintf(data.why, sizeof data.why,
                 "%s: there is no data of statesync: name the folder that `data:` in the "
                 "configuration names",
                 data.folder);
        return data_failed(&data, SS_ERR_NOT_FOUND);
    }
    return action->run(&data);
}

static int data_run(struct cli *cli, int argc, char **argv) {
    struct data_options options = {0};
    struct operands words;
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    const struct action *action = words.count ? action_find(words.items[0]) : NULL;
    if (!action)
        return complain(cli, EXIT_USAGE,
                        "say what to do: verify, stats, backup or restore; see `statesync help "
                        "data`");
    if (words.count != (action->file ? 3 : 2))
        return complain(cli, EXIT_USAGE, "say `statesync data %s FOLDER%s`", action->name,
                        action->file ? " FILE" : "");
    if (options.json && !action->json)
        return complain(cli, EXIT_USAGE, "--json is for verify and stats");
    return data_begin(cli, action, &words, options.json);
}

const struct command command_data = {
    .name = "data",
    .synopsis = "verify|stats|backup|restore FOLDER [FILE]",
    .summary = "Checks, backs up or restores a data folder",
    .text =
        "  statesync data verify statesync-data               check every row and checksum\n"
        "  statesync data stats statesync-data                what is in it, and how large it is\n"
        "  statesync data backup statesync-data monday.db     a whole copy in one file\n"
        "  statesync data restore new-folder monday.db        a new folder out of it\n"
        "\nNo server may work in the folder meanwhile. backup and restore check what they copy,\n"
        "and never write over a file that is there. A restored folder is a new node, so that no\n"
        "clock mistakes what is written from now on for what the backup lacks.\n"
        "\nA backup is one SQLite database; its table `cells` holds every cell:\n"
        "  sqlite3 monday.db 'SELECT owner, key, version FROM cells LIMIT 5'\n"
        "\nExit codes: 0 done, 1 failed, 2 wrong usage, 4 the folder refuses: it is in use,\n"
        "damaged, of a newer statesync, not permitted, or there is something already.\n",
    .flags = flags,
    .local = true,
    .run = data_run,
};
