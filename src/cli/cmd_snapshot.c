/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot: page after page, each unpacked when it came compressed, and one table at the end. */
#include <stdio.h>
#include <unistd.h>

#include "base/status.h"
#include "cli/cellname.h"
#include "cli/columns.h"
#include "cli/content.h"
#include "cli/flag.h"
#include "cli/mirror.h"
#include "cli/moment.h"
#include "cli/paint.h"
#include "cli/remote.h"
#include "cli/text.h"
#include "cli/words.h"
#include "codec/compress.h"

#define UNPACKED_MAX ((size_t)256 << 20)

struct snapshot_options {
    struct text_list owners;
    const char *compress, *since, *save;
    uint64_t page_size;
};

static const struct flag flags[] = {
    {"owner", "ID", FLAG_LIST, offsetof(struct snapshot_options, owners),
     "whose cells beside the shared ones (your own)"},
    {"compress", "METHOD", FLAG_TEXT, offsetof(struct snapshot_options, compress),
     "gzip, lz4 or zstd"},
    {"save", "FILE", FLAG_TEXT, offsetof(struct snapshot_options, save),
     "keep all of it as a StateEntries message"},
    {"since", "FILE", FLAG_TEXT, offsetof(struct snapshot_options, since),
     "only what differs from a snapshot saved before"},
    {"page-size", "BYTES", FLAG_NUMBER, offsetof(struct snapshot_options, page_size),
     "fetch in pages of this size"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

struct snapshot {
    struct cli *cli;
    struct columns table;
    struct buffer unpacked; /* of the page at hand */
    struct mirror held;     /* what was saved before, and what came since */
    size_t cells, pages, state_bytes, packed_bytes, unpacked_bytes;
};

static void snapshot_row(struct snapshot *snapshot, const struct state_entry *entry) {
    struct buffer text = buffer_of(&memory_heap);
    struct columns *table = &snapshot->table;
    cell_name_print(&text, entry->owner_id, entry->category, entry->key);
    columns_bytes(table, buffer_view(&text));
    columns_add(table, "%u", entry->version);
    columns_add(table, "%llu", (unsigned long long)entry->writer);
    buffer_clear(&text);
    ago_print(&text, entry->last_updated_ms);
    columns_bytes(table, buffer_view(&text));
    columns_add(table, "%zu", entry->state_data.size);
    buffer_clear(&text);
    if (entry->deleted)
        buffer_text(&text, "(deleted)");
    else
        state_print(&text, entry->state_data, 200);
    columns_bytes(table, buffer_view(&text));
    buffer_free(&text);
}

/* A delta is shown as the state that it makes. */
static int snapshot_entries(struct snapshot *snapshot, struct state_entry_list entries) {
    for (size_t i = 0; i < entries.count; i++) {
        struct state_entry entry = entries.items[i];
        int status = mirror_take_entry(&snapshot->held, &entry);
        if (status != SS_OK)
            return complain(snapshot->cli, EXIT_FAILED, "cannot take %.*s/%.*s in: %s",
                            (int)entry.category.size, (const char *)entry.category.data,
                            (int)entry.key.size, (const char *)entry.key.data, status_text(status));
        snapshot->cells++;
        snapshot->state_bytes += entry.state_data.size;
        if (snapshot->cli->common.json)
            json_line(snapshot->cli, &message_state_entry, &entry);
        else
            snapshot_row(snapshot, &entry);
    }
    return EXIT_OK;
}

/* The entries of a page, out of their frame when there is one. */
static int snapshot_page(struct snapshot *snapshot, const struct state_snapshot_response *page,
                         struct arena *arena) {
    struct state_entries inside;
    const char *why = "";
    snapshot->pages++;
    if (page->compression == COMPRESSION_TYPE_NONE)
        return snapshot_entries(snapshot, page->entries);
    buffer_clear(&snapshot->unpacked);
    int status = decompress_frame((enum compression)page->compression, page->compressed_entries,
                                  UNPACKED_MAX, &snapshot->unpacked);
    if (status == SS_OK)
        status = message_decode(&message_state_entries, buffer_view(&snapshot->unpacked), &inside,
                                arena, UNPACKED_MAX, &why);
    if (status != SS_OK)
        return complain(snapshot->cli, EXIT_FAILED, "cannot unpack the snapshot: %s %s",
                        status_text(status), why);
    snapshot->packed_bytes += page->compressed_entries.size;
    snapshot->unpacked_bytes += snapshot->unpacked.size;
    return snapshot_entries(snapshot, inside.entries);
}

static void snapshot_summary(const struct snapshot *snapshot) {
    struct buffer text = buffer_of(&memory_heap);
    bool color = paint_wanted(STDERR_FILENO);
    buffer_format(&text, "%s%zu cell%s, ", ink(color, INK_DIM), snapshot->cells,
                  snapshot->cells == 1 ? "" : "s");
    size_print(&text, (double)snapshot->state_bytes);
    buffer_text(&text, " of states");
    if (snapshot->pages > 1) buffer_format(&text, " in %zu pages", snapshot->pages);
    if (snapshot->packed_bytes)
        buffer_format(&text, ", packed %zu -> %zu bytes (%.1f %%)", snapshot->unpacked_bytes,
                      snapshot->packed_bytes,
                      100.0 * (double)snapshot->packed_bytes / (double)snapshot->unpacked_bytes);
    if (snapshot->held.stats.deltas)
        buffer_format(&text, ", %llu as deltas: %llu -> %llu bytes",
                      (unsigned long long)snapshot->held.stats.deltas,
                      (unsigned long long)snapshot->held.stats.would_be,
                      (unsigned long long)snapshot->held.stats.sent);
    buffer_format(&text, "%s\n", ink(color, INK_PLAIN));
    fflush(stdout);
    text_write(&text, stderr);
    buffer_free(&text);
}

static int snapshot_show(struct snapshot *snapshot) {
    const struct cli *cli = snapshot->cli;
    struct buffer text = buffer_of(&memory_heap);
    size_t width, rows;
    if (cli->common.json) return EXIT_OK;
    terminal_size(1, &width, &rows);
    columns_print(&snapshot->table, &text, cli->terminal ? width : 0, ink(cli->color, INK_BOLD),
                  ink(cli->color, INK_PLAIN));
    int code = output(cli, &text);
    snapshot_summary(snapshot);
    return code;
}

static int snapshot_fetch(struct snapshot *snapshot, struct remote *remote,
                          struct state_snapshot_request *request) {
    int code;
    do {
        struct state_snapshot_response page;
        code = REMOTE_CALL(remote, SYNC_SERVICE "GetStateSnapshot", state_snapshot_request, request,
                           state_snapshot_response, &page);
        if (code != EXIT_OK) return code;
        code = snapshot_page(snapshot, &page, &remote->arena);
        request->page_token = page.next_page_token;
    } while (code == EXIT_OK && request->page_token.size);
    return code;
}

/* ---- what is kept --------------------------------------------------------------------------- */

/* Whose cells last_versions can name besides the shared ones: it says no owners. 0: nobody's. */
static uint64_t home_of(const struct state_snapshot_request *request) {
    const struct u64_list *owners = &request->owners;
    for (size_t i = 0; i < owners->count; i++)
        if (owners->items[i] == request->player_id) return request->player_id;
    return owners->count == 0 ? request->player_id : owners->count == 1 ? owners->items[0] : 0;
}

static void escape(struct buffer *out, struct bytes part) {
    for (size_t i = 0; i < part.size; i++)
        if (part.data[i] == '/' || part.data[i] == '%')
            buffer_format(out, "%%%02X", part.data[i]);
        else
            buffer_u8(out, part.data[i]);
}

/* What can be named is; the rest is forgotten and comes anew. */
static int snapshot_name(const struct mirror *saved, struct snapshot *snapshot, struct arena *arena,
                         struct state_snapshot_request *request) {
    uint64_t home = home_of(request);
    struct counter *named = saved->count ? arena_alloc(arena, saved->count * sizeof *named) : NULL;
    struct buffer path = buffer_of(&memory_heap);
    size_t count = 0;
    for (size_t i = 0; named && i < saved->count; i++) {
        const struct mirror_cell *cell = &saved->cells[i];
        if (cell->owner != 0 && cell->owner != home) continue;
        struct state_entry entry = {.owner_id = cell->owner,
                                    .category = buffer_view(&cell->category),
                                    .key = buffer_view(&cell->key),
                                    .version = cell->version,
                                    .state_data = buffer_view(&cell->state)};
        buffer_clear(&path);
        escape(&path, entry.category);
        buffer_u8(&path, '/');
        escape(&path, entry.key);
        named[count] = (struct counter){arena_copy(arena, buffer_view(&path)), cell->version};
        if (path.failed || mirror_take_entry(&snapshot->held, &entry) != SS_OK) break;
        count++;
    }
    buffer_free(&path);
    snapshot->held.stats = (struct mirror_stats){0};
    request->last_versions = (struct counter_list){named, count};
    return named || saved->count == 0 ? EXIT_OK : EXIT_FAILED;
}

static int snapshot_since(struct snapshot *snapshot, const char *file, struct arena *arena,
                          struct state_snapshot_request *request) {
    char why[256] = "not a StateEntries message, as --save writes it";
    struct buffer content = buffer_of(&memory_heap);
    struct mirror saved = mirror_of(&memory_heap);
    int status = content_load(&content, file, why, sizeof why);
    if (status == SS_OK) status = mirror_load(&saved, buffer_view(&content));
    int code = status == SS_OK ? snapshot_name(&saved, snapshot, arena, request)
                               : complain(snapshot->cli, EXIT_FAILED, "%s: %s", file, why);
    request->tombstones = true;
    mirror_free(&saved);
    buffer_free(&content);
    return code;
}

static int snapshot_save(const struct snapshot *snapshot, const char *file) {
    struct buffer content = buffer_of(&memory_heap);
    mirror_save(&snapshot->held, &content);
    FILE *out = content.failed ? NULL : fopen(file, "wb");
    bool written = out && text_write(&content, out);
    if (out && fclose(out) != 0) written = false;
    buffer_free(&content);
    return written ? EXIT_OK : complain(snapshot->cli, EXIT_FAILED, "cannot write %s", file);
}

static int snapshot_ask(struct cli *cli, const struct snapshot_options *options,
                        struct state_snapshot_request *request) {
    static const char *const heads[] = {"CELL", "VERSION", "WRITER", "UPDATED", "BYTES", "STATE"};
    struct snapshot snapshot = {.cli = cli,
                                .table = columns_of(&memory_heap, "lrrrrl"),
                                .unpacked = buffer_of(&memory_heap),
                                .held = mirror_of(&memory_heap)};
    struct arena names = arena_of(&memory_heap, 64 << 10);
    struct remote remote;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        columns_add(&snapshot.table, "%s", heads[i]);
    int code = remote_open(&remote, cli);
    if (code == EXIT_OK && options->since)
        code = snapshot_since(&snapshot, options->since, &names, request);
    if (code == EXIT_OK) code = snapshot_fetch(&snapshot, &remote, request);
    if (code == EXIT_OK) code = snapshot_show(&snapshot);
    if (code == EXIT_OK && options->save) code = snapshot_save(&snapshot, options->save);
    remote_close(&remote);
    arena_free(&names);
    mirror_free(&snapshot.held);
    columns_free(&snapshot.table);
    buffer_free(&snapshot.unpacked);
    return code;
}

static int snapshot_run(struct cli *cli, int argc, char **argv) {
    struct snapshot_options options = {0};
    struct operands words;
    struct bytes categories[TEXT_LIST_MAX];
    uint64_t owners[TEXT_LIST_MAX];
    const uint32_t deltas[] = {DELTA_FORMAT_PATCH};
    uint32_t method = 0;
    int code;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    for (size_t i = 0; i < words.count; i++)
        categories[i] = bytes_of(words.items[i]);
    for (size_t i = 0; i < options.owners.count; i++)
        if (!number_parse(options.owners.items[i], &owners[i]))
            return complain(cli, EXIT_USAGE, "--owner wants a number, not \"%s\"",
                            options.owners.items[i]);
    if (options.compress && !compression_find(options.compress, &method))
        return complain(cli, EXIT_USAGE, "--compress is gzip, lz4 or zstd, not \"%s\"",
                        options.compress);
    struct state_snapshot_request request = {
        .player_id = cli->common.player,
        .categories = {categories, words.count},
        .owners = {owners, options.owners.count},
        .client_timestamp_ms = moment_now_ms(),
        .accept_compression = {&method, method ? 1 : 0},
        .accept_deltas = {deltas, options.since ? 1 : 0},
        .page_size_bytes =
            options.page_size > UINT32_MAX ? UINT32_MAX : (uint32_t)options.page_size,
    };
    return snapshot_ask(cli, &options, &request);
}

const struct command command_snapshot = {
    .name = "snapshot",
    .synopsis = "[CATEGORY...]",
    .summary = "Shows every cell that you may see, at one point in time",
    .text =
        "  statesync snapshot                           your own cells and the shared ones\n"
        "  statesync snapshot position --owner 7 --owner 8\n"
        "  statesync snapshot --compress zstd --json > world.jsonl\n"
        "  statesync snapshot --save world              and later only what differs, as deltas:\n"
        "  statesync snapshot --since world --save world\n"
        "\nA world over 4 MiB wants pages: --page-size 1000000.\n",
    .flags = flags,
    .run = snapshot_run,
};
