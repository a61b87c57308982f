/* SPDX-License-Identifier: Apache-2.0 */
/* set and delete: one update, one answer, and the answer told whatever it is. */
#include <stdio.h>

#include "base/status.h"
#include "cli/cellname.h"
#include "cli/conflict.h"
#include "cli/content.h"
#include "cli/flag.h"
#include "cli/moment.h"
#include "cli/paint.h"
#include "cli/remote.h"
#include "cli/text.h"
#include "cli/words.h"
#include "codec/state_delta.h"

struct set_options {
    uint64_t owner, expect;
    bool must_not_exist, hex, delta;
};

static const struct flag set_flags[] = {
    {"expect", "VERSION", FLAG_NUMBER, offsetof(struct set_options, expect),
     "the version that this write is based on"},
    {"must-not-exist", NULL, FLAG_SWITCH, offsetof(struct set_options, must_not_exist),
     "only if there is no such cell yet"},
    {"owner", "ID", FLAG_NUMBER, offsetof(struct set_options, owner), "whose cell (your own)"},
    {"hex", NULL, FLAG_SWITCH, offsetof(struct set_options, hex), "VALUE is hex digits: 0x0a1b"},
    {"delta", NULL, FLAG_SWITCH, offsetof(struct set_options, delta),
     "send what differs from the version that stands (or --expect's), and only on top of it"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};
static const struct flag delete_flags[] = {
    {"expect", "VERSION", FLAG_NUMBER, offsetof(struct set_options, expect),
     "the version that you mean to delete"},
    {"owner", "ID", FLAG_NUMBER, offsetof(struct set_options, owner), "whose cell (your own)"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

/* ---- the answer ---------------------------------------------------------------------------- */

static void tell_success(const struct cli *cli, struct buffer *out, const struct cell_name *cell,
                         const struct state_sync_response *response) {
    cell_name_print(out, cell->owner, bytes_of(cell->category), bytes_of(cell->key));
    buffer_format(out, " %s%s%s version %u", ink(cli->color, INK_GOOD),
                  response->deleted ? "is deleted," : "is at", ink(cli->color, INK_PLAIN),
                  response->current_version);
    if (response->conflict) {
        buffer_text(out, " after a conflict (");
        conflict_brief(out, response->conflict);
        buffer_text(out, ")");
    }
    if (response->conflict && response->state_data.size) {
        buffer_text(out, "\n  now: ");
        state_print(out, response->state_data, 160);
    }
    buffer_u8(out, '\n');
}

static void tell_refusal(const struct cli *cli, struct buffer *out, const struct cell_name *cell,
                         const struct state_sync_response *response) {
    const char *bad = ink(cli->color, INK_BAD), *plain = ink(cli->color, INK_PLAIN);
    switch (response->result) {
    case SYNC_RESULT_STALE:
        buffer_format(out,
                      "%sstale%s: nothing was written; the version you expected is not known "
                      "for this cell%s",
                      bad, plain, response->current_version ? "" : " (there is no such cell)");
        if (response->current_version)
            buffer_format(out, " (version %u stands)", response->current_version);
        buffer_text(out, "\n  Look at it again: statesync get ");
        cell_name_print(out, cell->owner, bytes_of(cell->category), bytes_of(cell->key));
        buffer_u8(out, '\n');
        return;
    case SYNC_RESULT_RATE_LIMITED:
        buffer_format(out, "%srate limited%s: too many updates, again in %u ms\n", bad, plain,
                      response->retry_after_ms);
        return;
    default:
        buffer_format(out, "%s%s%s: ", bad, result_word(response->result), plain);
        buffer_bytes(out, response->error_message);
        buffer_u8(out, '\n');
    }
}

static int tell(const struct cli *cli, const struct cell_name *cell,
                const struct state_sync_request *request,
                const struct state_sync_response *response) {
    bool success = response->result == SYNC_RESULT_SUCCESS;
    struct buffer text = buffer_of(&memory_heap);
    struct conflict_place place = {.owner = cell->owner,
                                   .writer = request->player_id,
                                   .category = request->category,
                                   .key = request->key,
                                   .deletion = request->delete,
                                   .blind = request->expected_version == 0,
                                   .stands = response->current_version};
    if (cli->common.json)
        json_line(cli, &message_state_sync_response, response);
    else if (success)
        tell_success(cli, &text, cell, response);
    else if (response->result == SYNC_RESULT_CONFLICT && response->conflict)
        conflict_explain(cli, &text, response->conflict, &place);
    else
        tell_refusal(cli, &text, cell, response);
    int code = output(cli, &text);
    return code != EXIT_OK ? code : success ? EXIT_OK : EXIT_REFUSED;
}

/* ---- as a delta ----------------------------------------------------------------------------- */

static const struct history_entry *base_in(const struct get_history_response *history,
                                           uint32_t version) {
    for (size_t i = 0; i < history->versions.count; i++) {
        const struct history_entry *entry = &history->versions.items[i];
        if (version == 0 || entry->version == version) return entry->deleted ? NULL : entry;
    }
    return NULL;
}

/* Exchanges the state in `request` for a delta, where there is a base and the delta is smaller. */
static int make_delta(struct remote *remote, struct state_sync_request *request,
                      struct buffer *delta) {
    static const uint32_t formats[] = {DELTA_FORMAT_PATCH};
    struct get_history_request asked = {.player_id = request->player_id,
                                        .owner_id = request->owner_id,
                                        .category = request->category,
                                        .key = request->key,
                                        .limit = request->expected_version ? 0 : 1};
    struct get_history_response history;
    int code = REMOTE_CALL(remote, OWN_SERVICE "GetHistory", get_history_request, &asked,
                           get_history_response, &history);
    if (code != EXIT_OK) return code;
    const struct history_entry *base = base_in(&history, request->expected_version);
    if (!base) return EXIT_OK;
    size_t whole = request->state_data.size;
    request->delta_format = state_delta_choose(&(struct u32_list){formats, 1}, base->state_data,
                                               request->state_data, delta);
    request->expected_version = base->version;
    if (request->delta_format == DELTA_FORMAT_NONE) return EXIT_OK;
    request->state_data = (struct bytes){NULL, 0};
    request->state_delta = buffer_view(delta);
    fprintf(stderr, "a delta of %zu bytes instead of %zu, on version %u\n", delta->size, whole,
            base->version);
    return EXIT_OK;
}

/* ---- the question -------------------------------------------------------------------------- */

static int ask(struct cli *cli, const struct set_options *options, struct cell_name *cell,
               struct bytes state, bool remove) {
    struct remote remote;
    struct state_sync_response response;
    if (options->expect > UINT32_MAX)
        return complain(cli, EXIT_USAGE, "--expect: a version has 32 bits");
    if (!cell->owner_given) cell->owner = options->owner;
    struct state_sync_request request = {
        .player_id = cli->common.player,
        .client_timestamp_ms = moment_now_ms(),
        .category = bytes_of(cell->category),
        .key = bytes_of(cell->key),
        .state_data = state,
        .expected_version = (uint32_t)options->expect,
        .owner_id = cell->owner,
        .delete = remove,
        .must_not_exist = options->must_not_exist,
    };
    struct buffer delta = buffer_of(&memory_heap);
    int code = remote_open(&remote, cli);
    if (code == EXIT_OK && options->delta) code = make_delta(&remote, &request, &delta);
    if (code == EXIT_OK)
        code = REMOTE_CALL(&remote, SYNC_SERVICE "SyncState", state_sync_request, &request,
                           state_sync_response, &response);
    if (code == EXIT_OK) code = tell(cli, cell, &request, &response);
    remote_close(&remote);
    buffer_free(&delta);
    return code;
}

static int set_run(struct cli *cli, int argc, char **argv) {
    struct set_options options = {0};
    struct operands words;
    struct cell_name cell;
    char why[320];
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    size_t taken = cell_name_take(&cell, words.items, words.count, why, sizeof why);
    if (taken == 0) return complain(cli, EXIT_USAGE, "%s", why);
    if (words.count != taken + 1)
        return complain(cli, EXIT_USAGE,
                        "say `statesync set CATEGORY KEY VALUE`, with quotes "
                        "around a VALUE that has blanks");
    struct buffer state = buffer_of(&memory_heap);
    int status = content_read(&state, words.items[taken], options.hex, why, sizeof why);
    if (status == SS_OK)
        code = ask(cli, &options, &cell, buffer_view(&state), false);
    else
        code = complain(cli, status == SS_ERR_INVALID ? EXIT_USAGE : EXIT_FAILED, "%s", why);
    buffer_free(&state);
    return code;
}

static int delete_run(struct cli *cli, int argc, char **argv) {
    struct set_options options = {0};
    struct operands words;
    struct cell_name cell;
    char why[320];
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    size_t taken = cell_name_take(&cell, words.items, words.count, why, sizeof why);
    if (taken == 0) return complain(cli, EXIT_USAGE, "%s", why);
    if (words.count != taken)
        return complain(cli, EXIT_USAGE, "\"%s\" is one word too many", words.items[taken]);
    return ask(cli, &options, &cell, bytes_view(NULL, 0), true);
}

const struct command command_set = {
    .name = "set",
    .synopsis = "CATEGORY KEY VALUE | CELL VALUE",
    .summary = "Writes the state of one cell",
    .text =
        "  statesync set profile name '{\"name\":\"Ann\"}'      create or write\n"
        "  statesync set profile name @ann.json --expect 3  only on top of version 3\n"
        "  head -c 48 /dev/urandom | statesync set position p1 -\n"
        "  statesync set 7/flags/alive 0x01 --hex --player 7\n"
        "  statesync set map dust @dust.map --delta         only what differs goes over the wire\n"
        "\nVALUE is text, @FILE, or - for stdin. Exit code 4: not written (conflict, stale, "
        "refused).\n",
    .flags = set_flags,
    .run = set_run,
};

const struct command command_delete = {
    .name = "delete",
    .synopsis = "CATEGORY KEY | CELL",
    .summary = "Deletes one cell; its history and its versions go on",
    .text = "  statesync delete profile name\n"
            "  statesync delete 7/inventory/bag --expect 12 --player 7\n",
    .flags = delete_flags,
    .run = delete_run,
};
