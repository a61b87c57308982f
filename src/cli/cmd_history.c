/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/cellname.h"
#include "cli/columns.h"
#include "cli/flag.h"
#include "cli/moment.h"
#include "cli/paint.h"
#include "cli/remote.h"
#include "cli/text.h"

struct history_options {
    uint64_t owner, limit;
};

static const struct flag flags[] = {
    {"owner", "ID", FLAG_NUMBER, offsetof(struct history_options, owner), "whose cell (your own)"},
    {"limit", "N", FLAG_NUMBER, offsetof(struct history_options, limit),
     "only the newest N versions"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

static int show(const struct cli *cli, const struct get_history_response *response) {
    struct columns table = columns_of(&memory_heap, "rlrrll");
    struct buffer text = buffer_of(&memory_heap);
    size_t width, rows;
    terminal_size(1, &width, &rows);
    static const char *const heads[] = {"VERSION", "WHEN", "TICK", "WRITER", "NODE", "STATE"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        columns_add(&table, "%s", heads[i]);
    for (size_t i = 0; i < response->versions.count; i++) {
        const struct history_entry *entry = &response->versions.items[i];
        columns_add(&table, "%u", entry->version);
        buffer_clear(&text);
        moment_print(&text, entry->updated_ms);
        columns_bytes(&table, buffer_view(&text));
        columns_add(&table, "%u", entry->tick);
        columns_add(&table, "%llu", (unsigned long long)entry->writer);
        columns_add(&table, "%.*s", (int)(entry->node.size < 8 ? entry->node.size : 8),
                    (const char *)entry->node.data);
        buffer_clear(&text);
        if (entry->deleted)
            buffer_text(&text, "(deleted)");
        else
            state_print(&text, entry->state_data, 200);
        columns_bytes(&table, buffer_view(&text));
    }
    buffer_clear(&text);
    columns_print(&table, &text, cli->terminal ? width : 0, ink(cli->color, INK_BOLD),
                  ink(cli->color, INK_PLAIN));
    columns_free(&table);
    return output(cli, &text);
}

static int history_run(struct cli *cli, int argc, char **argv) {
    struct history_options options = {0};
    struct operands words;
    struct remote remote;
    struct cell_name cell;
    char why[320];
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    size_t taken = cell_name_take(&cell, words.items, words.count, why, sizeof why);
    if (taken == 0) return complain(cli, EXIT_USAGE, "%s", why);
    if (taken < words.count)
        return complain(cli, EXIT_USAGE, "\"%s\" is one word too many", words.items[taken]);
    struct get_history_request request = {
        .player_id = cli->common.player,
        .owner_id = cell.owner_given ? cell.owner : options.owner,
        .category = bytes_of(cell.category),
        .key = bytes_of(cell.key),
        .limit = options.limit > UINT32_MAX ? 0 : (uint32_t)options.limit,
    };
    struct get_history_response response;
    code = remote_open(&remote, cli);
    if (code == EXIT_OK)
        code = REMOTE_CALL(&remote, OWN_SERVICE "GetHistory", get_history_request, &request,
                           get_history_response, &response);
    if (code == EXIT_OK && response.versions.count == 0)
        code = complain(cli, EXIT_REFUSED, "nothing is known of %s/%s", cell.category, cell.key);
    else if (code == EXIT_OK && !cli->common.json)
        code = show(cli, &response);
    else if (code == EXIT_OK)
        for (size_t i = 0; i < response.versions.count; i++)
            json_line(cli, &message_history_entry, &response.versions.items[i]);
    remote_close(&remote);
    return code;
}

const struct command command_history = {
    .name = "history",
    .synopsis = "CATEGORY KEY | CELL",
    .summary = "Lists the kept versions of one cell, the newest first",
    .text = "  statesync history position body --owner 7\n"
            "  statesync history 7/inventory/bag --limit 5\n"
            "  statesync history shared/door --json | jq .version\n",
    .flags = flags,
    .run = history_run,
};
