/* SPDX-License-Identifier: Apache-2.0 */
/* conflicts and resolve: what waits for a decision, and deciding. */
#include <stdio.h>

#include "base/status.h"
#include "cli/cellname.h"
#include "cli/columns.h"
#include "cli/conflict.h"
#include "cli/content.h"
#include "cli/flag.h"
#include "cli/moment.h"
#include "cli/nearest.h"
#include "cli/paint.h"
#include "cli/remote.h"
#include "cli/text.h"
#include "cli/words.h"

/* ---- conflicts ----------------------------------------------------------------------------- */

struct conflicts_options {
    const char *category;
    uint64_t limit;
};

static const struct flag conflicts_flags[] = {
    {"category", "NAME", FLAG_TEXT, offsetof(struct conflicts_options, category),
     "only of this category"},
    {"limit", "N", FLAG_NUMBER, offsetof(struct conflicts_options, limit), "at most N (50)"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

static void parked_row(struct columns *table, const struct parked_conflict *parked) {
    static const struct conflict_info none;
    const struct conflict_info *info = parked->conflict ? parked->conflict : &none;
    struct buffer text = buffer_of(&memory_heap);
    columns_bytes(table, info->conflict_id);
    columns_add(table, "%s", conflict_word(info->type));
    cell_name_print(&text, parked->owner_id, parked->category, parked->key);
    columns_bytes(table, buffer_view(&text));
    columns_add(table, "%llu", (unsigned long long)parked->writer);
    buffer_clear(&text);
    ago_print(&text, parked->detected_ms);
    columns_bytes(table, buffer_view(&text));
    buffer_free(&text);
}

static int show_list(const struct cli *cli, const struct list_conflicts_response *response) {
    static const char *const heads[] = {"ID", "TYPE", "CELL", "WRITER", "SINCE"};
    struct columns table = columns_of(&memory_heap, "lllrl");
    struct buffer text = buffer_of(&memory_heap);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        columns_add(&table, "%s", heads[i]);
    for (size_t i = 0; i < response->conflicts.count; i++)
        parked_row(&table, &response->conflicts.items[i]);
    if (response->conflicts.count == 0)
        buffer_text(&text, "Nothing waits for a decision.\n");
    else
        columns_print(&table, &text, 0, ink(cli->color, INK_BOLD), ink(cli->color, INK_PLAIN));
    columns_free(&table);
    if (response->total > response->conflicts.count)
        buffer_format(&text, "... and %zu more (--limit)\n",
                      response->total - response->conflicts.count);
    if (response->conflicts.count)
        buffer_text(&text, "`statesync conflicts ID` shows both sides of one.\n");
    return output(cli, &text);
}

static int show_one(const struct cli *cli, const struct parked_conflict *parked) {
    struct buffer text = buffer_of(&memory_heap);
    struct conflict_place place = {.owner = parked->owner_id,
                                   .writer = parked->writer,
                                   .category = parked->category,
                                   .key = parked->key,
                                   .base = parked->base_state.size ? &parked->base_state : NULL,
                                   .decided = parked->resolved};
    if (cli->common.json) {
        json_line(cli, &message_parked_conflict, parked);
        return EXIT_OK;
    }
    if (parked->conflict) conflict_explain(cli, &text, parked->conflict, &place);
    buffer_text(&text, "  Since ");
    ago_print(&text, parked->detected_ms);
    if (!parked->resolved) {
        buffer_text(&text, "; if nobody decides, what stands is kept ");
        ago_print(&text, parked->expires_ms);
    } else if (parked->version) {
        buffer_format(&text, "; decided, which made version %u", parked->version);
    } else {
        buffer_text(&text, "; decided");
    }
    buffer_text(&text, ".\n");
    return output(cli, &text);
}

static int ask_list(struct remote *remote, const struct conflicts_options *options) {
    struct cli *cli = remote->cli;
    struct list_conflicts_request request = {
        .player_id = cli->common.player,
        .limit = options->limit > UINT32_MAX ? UINT32_MAX : (uint32_t)options->limit,
        .category = bytes_of(options->category ? options->category : ""),
    };
    struct list_conflicts_response response;
    int code = REMOTE_CALL(remote, OWN_SERVICE "ListConflicts", list_conflicts_request, &request,
                           list_conflicts_response, &response);
    if (code != EXIT_OK) return code;
    if (!cli->common.json) return show_list(cli, &response);
    for (size_t i = 0; i < response.conflicts.count; i++)
        json_line(cli, &message_parked_conflict, &response.conflicts.items[i]);
    return EXIT_OK;
}

static int ask_one(struct remote *remote, const char *id) {
    struct get_conflict_request request = {bytes_of(id), remote->cli->common.player};
    struct parked_conflict response;
    int code = REMOTE_CALL(remote, OWN_SERVICE "GetConflict", get_conflict_request, &request,
                           parked_conflict, &response);
    return code == EXIT_OK ? show_one(remote->cli, &response) : code;
}

static int conflicts_run(struct cli *cli, int argc, char **argv) {
    struct conflicts_options options = {0};
    struct operands words;
    struct remote remote;
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    if (words.count > 1) return complain(cli, EXIT_USAGE, "one ID at a time");
    code = remote_open(&remote, cli);
    if (code == EXIT_OK)
        code = words.count ? ask_one(&remote, words.items[0]) : ask_list(&remote, &options);
    remote_close(&remote);
    return code;
}

/* ---- resolve ------------------------------------------------------------------------------- */

struct resolve_options {
    bool hex;
};

static const struct flag resolve_flags[] = {
    {"hex", NULL, FLAG_SWITCH, offsetof(struct resolve_options, hex),
     "VALUE is hex digits: 0x0a1b"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

static int tell_resolved(const struct cli *cli,
                         const struct conflict_resolution_response *response) {
    struct buffer text = buffer_of(&memory_heap);
    buffer_format(&text, "%sresolved%s", ink(cli->color, INK_GOOD), ink(cli->color, INK_PLAIN));
    if (response->version) buffer_format(&text, ", version %u stands", response->version);
    buffer_text(&text, ":\n  ");
    state_print(&text, response->resolved_state, 160);
    buffer_u8(&text, '\n');
    return output(cli, &text);
}

static int tell_unresolved(const struct cli *cli,
                           const struct conflict_resolution_response *response) {
    struct buffer text = buffer_of(&memory_heap);
    buffer_format(&text, "%snot resolved%s: ", ink(cli->color, INK_BAD),
                  ink(cli->color, INK_PLAIN));
    buffer_bytes(&text, response->error_message);
    buffer_u8(&text, '\n');
    if (response->conflict) {
        buffer_text(&text, "  standing now: ");
        state_print(&text, response->conflict->old_state, 160);
        buffer_text(&text, "\n  parked:       ");
        state_print(&text, response->conflict->new_state, 160);
        buffer_text(&text, "\n  If your answer is still the same, give it again.\n");
    }
    int code = output(cli, &text);
    return code == EXIT_OK ? EXIT_REFUSED : code;
}

static int ask_resolve(struct cli *cli, const char *id, uint32_t strategy, struct bytes state) {
    struct remote remote;
    struct conflict_resolution_response response;
    struct conflict_resolution_request request = {
        .conflict_id = bytes_of(id),
        .strategy = strategy,
        .custom_resolved_state = state,
        .client_timestamp_ms = moment_now_ms(),
        .player_id = cli->common.player,
    };
    int code = remote_open(&remote, cli);
    if (code == EXIT_OK)
        code = REMOTE_CALL(&remote, SYNC_SERVICE "ResolveConflict", conflict_resolution_request,
                           &request, conflict_resolution_response, &response);
    if (code == EXIT_OK && cli->common.json) {
        json_line(cli, &message_conflict_resolution_response, &response);
        code = response.success ? EXIT_OK : EXIT_REFUSED;
    } else if (code == EXIT_OK) {
        code = response.success ? tell_resolved(cli, &response) : tell_unresolved(cli, &response);
    }
    remote_close(&remote);
    return code;
}

static int no_strategy(const struct cli *cli, const char *word) {
    struct nearest nearest = nearest_to(word, strlen(word));
    for (uint32_t i = 1; i < STRATEGY_KINDS; i++)
        nearest_offer(&nearest, strategy_word(i));
    return complain(cli, EXIT_USAGE,
                    "a conflict is resolved by last-write-wins, merge, keep-old or manual, not "
                    "\"%s\"%s%s%s",
                    word, nearest.found ? "; did you mean " : "",
                    nearest.found ? nearest.found : "", nearest.found ? "?" : "");
}

static int resolve_run(struct cli *cli, int argc, char **argv) {
    struct resolve_options options = {0};
    struct operands words;
    struct buffer state = buffer_of(&memory_heap);
    uint32_t strategy;
    char why[320];
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    if (words.count < 2)
        return complain(cli, EXIT_USAGE,
                        "say `statesync resolve ID last-write-wins|merge|keep-old|manual`");
    if (!strategy_find(words.items[1], &strategy)) return no_strategy(cli, words.items[1]);
    bool manual = strategy == RESOLUTION_STRATEGY_MANUAL;
    if (words.count != (manual ? 3 : 2))
        return complain(cli, EXIT_USAGE,
                        manual ? "manual wants the state: `statesync resolve ID manual VALUE`"
                               : "only manual takes a VALUE");
    int status = SS_OK;
    if (manual) status = content_read(&state, words.items[2], options.hex, why, sizeof why);
    if (status == SS_OK)
        code = ask_resolve(cli, words.items[0], strategy, buffer_view(&state));
    else
        code = complain(cli, status == SS_ERR_INVALID ? EXIT_USAGE : EXIT_FAILED, "%s", why);
    buffer_free(&state);
    return code;
}

const struct command command_conflicts = {
    .name = "conflicts",
    .synopsis = "[ID]",
    .summary = "Lists the conflicts that wait for a decision, or explains one",
    .text = "  statesync conflicts\n"
            "  statesync conflicts 01234567-89ab-cdef-0123-456789abcdef\n"
            "  statesync conflicts --category trade --json\n",
    .flags = conflicts_flags,
    .run = conflicts_run,
};

const struct command command_resolve = {
    .name = "resolve",
    .synopsis = "ID last-write-wins|merge|keep-old|manual [VALUE|@FILE]",
    .summary = "Decides a conflict",
    .text = "  statesync resolve 01234567-89ab-cdef-0123-456789abcdef last-write-wins\n"
            "  statesync resolve 01234567-89ab-cdef-0123-456789abcdef manual '{\"gold\":5}'\n"
            "\n  last-write-wins  the parked write is done now\n"
            "  keep-old         what stands stays, the parked write is dropped\n"
            "  merge            the parked write is merged into what stands\n"
            "  manual VALUE     neither: this state is written\n"
            "\nIf the cell has moved on since, the first answer is refused and shows what stands "
            "now;\nthe same answer again is taken. Exit code 4: not resolved.\n",
    .flags = resolve_flags,
    .run = resolve_run,
};
