/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/conflict.h"

#include "cli/cellname.h"
#include "cli/paint.h"
#include "cli/text.h"
#include "cli/words.h"

static void state_line(const struct cli *cli, struct buffer *out, const char *name,
                       struct bytes state) {
    buffer_format(out, "  %s%-9s%s ", ink(cli->color, INK_DIM), name, ink(cli->color, INK_PLAIN));
    if (state.size == 0)
        buffer_text(out, "(empty)");
    else
        state_print(out, state, 160);
    buffer_u8(out, '\n');
}

/* "statesync resolve ID last-write-wins" with the flags that this call was made with. */
static void paste_line(const struct cli *cli, struct buffer *out, struct bytes id) {
    buffer_text(out, "    statesync resolve ");
    buffer_bytes(out, id);
    buffer_text(out, " last-write-wins");
    if (cli->common.player != 1)
        buffer_format(out, " --player %llu", (unsigned long long)cli->common.player);
    if (strcmp(cli->common.server, "127.0.0.1:7350") != 0) {
        buffer_text(out, " --server ");
        shell_print(out, bytes_of(cli->common.server));
    }
    if (cli->common.world) {
        buffer_text(out, " --world ");
        shell_print(out, bytes_of(cli->common.world));
    }
    buffer_u8(out, '\n');
}

static void who_decides(const struct cli *cli, struct buffer *out,
                        const struct conflict_info *info) {
    struct bytes id = info->conflict_id;
    if (id.size == 0) {
        buffer_text(out, "  Someone should decide, but it could not be parked");
        if (info->reason.size) {
            buffer_text(out, ": ");
            buffer_bytes(out, info->reason);
        }
        buffer_text(out, ".\n");
        return;
    }
    buffer_text(out, "  Both are kept until someone decides:\n");
    paste_line(cli, out, id);
    buffer_text(out,
                "  takes the new state; instead of last-write-wins: keep-old leaves what stands,\n"
                "  merge joins the two, manual '...' writes a state of your own.\n");
}

/* The write is not in the state, and nobody needs to decide. */
static void what_became(struct buffer *out, const struct conflict_info *info,
                        const struct conflict_place *place) {
    buffer_text(out, "  Nothing was written");
    if (info->reason.size) {
        buffer_text(out, ": ");
        buffer_bytes(out, info->reason);
    } else if (info->strategy == RESOLUTION_STRATEGY_MERGE && place->deletion) {
        buffer_text(out, ": in a merge, an edit beats a deletion");
    } else if (info->strategy == RESOLUTION_STRATEGY_KEEP_OLD) {
        buffer_text(out, ": here the state that stands is kept");
    }
    buffer_text(out, ".\n");
    if (place->blind && place->stands && info->type == CONFLICT_TYPE_VERSION_MISMATCH)
        buffer_format(out,
                      "  The write did not say which version it saw: --expect %u puts it on top "
                      "of what stands.\n",
                      place->stands);
}

void conflict_explain(const struct cli *cli, struct buffer *out, const struct conflict_info *info,
                      const struct conflict_place *place) {
    buffer_format(out, "%sconflict: %s%s on ", ink(cli->color, INK_WARN), conflict_word(info->type),
                  ink(cli->color, INK_PLAIN));
    cell_name_print(out, place->owner, place->category, place->key);
    buffer_format(out, "\n  The %s of player %llu %s", place->deletion ? "deletion" : "write",
                  (unsigned long long)place->writer, conflict_story(info->type));
    if (info->type == CONFLICT_TYPE_VERSION_MISMATCH && info->base_version && info->old_version)
        buffer_format(out, " (%u; %u stands)", info->base_version, info->old_version);
    buffer_text(out, ".\n");
    if (place->base) state_line(cli, out, "both from", *place->base);
    state_line(cli, out, "standing", info->old_state);
    if (!place->deletion) state_line(cli, out, "new", info->new_state);
    if (place->decided) return;
    if (info->requires_manual_resolution)
        who_decides(cli, out, info);
    else
        what_became(out, info, place);
}

void conflict_brief(struct buffer *out, const struct conflict_info *info) {
    static const char *const endings[STRATEGY_KINDS] = {
        "not written", "the last write won", "merged", "the old state was kept", "decided by hand"};
    uint32_t strategy = info->strategy < STRATEGY_KINDS ? info->strategy : 0;
    buffer_format(out, "%s, %s", conflict_word(info->type),
                  info->requires_manual_resolution ? "waits for a decision" : endings[strategy]);
}
