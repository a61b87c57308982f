/* SPDX-License-Identifier: Apache-2.0 */
/* get: the state goes to stdout as it is, everything about it to stderr, so that a pipe gets only
 * the state. One version of history is the whole question. */
#include <stdio.h>
#include <unistd.h>

#include "cli/cellname.h"
#include "cli/flag.h"
#include "cli/moment.h"
#include "cli/paint.h"
#include "cli/remote.h"
#include "cli/text.h"

struct get_options {
    uint64_t owner;
    bool raw;
};

static const struct flag flags[] = {
    {"owner", "ID", FLAG_NUMBER, offsetof(struct get_options, owner), "whose cell (your own)"},
    {"raw", NULL, FLAG_SWITCH, offsetof(struct get_options, raw),
     "the bytes exactly, nothing added"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

static void about(const struct history_entry *entry) {
    struct buffer text = buffer_of(&memory_heap);
    bool color = paint_wanted(STDERR_FILENO);
    buffer_format(&text, "%sversion %u, by player %llu, ", ink(color, INK_DIM), entry->version,
                  (unsigned long long)entry->writer);
    ago_print(&text, entry->updated_ms);
    buffer_format(&text, "%s\n", ink(color, INK_PLAIN));
    fflush(stdout);
    text_write(&text, stderr);
    buffer_free(&text);
}

static int show(const struct cli *cli, const struct get_options *options,
                const struct history_entry *entry) {
    struct buffer text = buffer_of(&memory_heap);
    if (cli->common.json) {
        json_line(cli, &message_history_entry, entry);
        return EXIT_OK;
    }
    if (options->raw) {
        buffer_bytes(&text, entry->state_data);
        return output(cli, &text);
    }
    state_print(&text, entry->state_data, 0);
    buffer_u8(&text, '\n');
    int code = output(cli, &text);
    about(entry);
    return code;
}

static int get_run(struct cli *cli, int argc, char **argv) {
    struct get_options options = {0};
    struct operands words;
    struct remote remote;
    struct cell_name cell;
    char why[256];
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
        .limit = 1,
    };
    struct get_history_response response;
    code = remote_open(&remote, cli);
    if (code == EXIT_OK)
        code = REMOTE_CALL(&remote, OWN_SERVICE "GetHistory", get_history_request, &request,
                           get_history_response, &response);
    if (code == EXIT_OK && response.versions.count == 0)
        code = complain(cli, EXIT_REFUSED, "nothing is known of %s/%s", cell.category, cell.key);
    else if (code == EXIT_OK && response.versions.items[0].deleted)
        code = complain(cli, EXIT_REFUSED, "%s/%s was deleted (version %u)", cell.category,
                        cell.key, response.versions.items[0].version);
    else if (code == EXIT_OK)
        code = show(cli, &options, &response.versions.items[0]);
    remote_close(&remote);
    return code;
}

const struct command command_get = {
    .name = "get",
    .synopsis = "CATEGORY KEY | CELL",
    .summary = "Prints the state of one cell",
    .text = "  statesync get profile name                 your own cell (player 1)\n"
            "  statesync get inventory bag --owner 7      somebody else's\n"
            "  statesync get 7/inventory/bag              the same, CELL = [OWNER/]CATEGORY/KEY\n"
            "  statesync get profile name --raw > name    the bytes, for a file\n"
            "\nThe state goes to stdout, its version and writer to stderr. Exit code 4: no such "
            "cell.\n",
    .flags = flags,
    .run = get_run,
};
