/* SPDX-License-Identifier: Apache-2.0 */
/* A merge patch is an object of the members to set; null removes one, an object goes into one:
 *
 *     from   {"a":1,"b":{"x":1,"y":2},"c":3}
 *     to     {"a":1,"b":{"x":1,"y":5}}
 *     patch  {"c":null,"b":{"y":5}}
 *
 * So a patch cannot set a member to null: json_diff says so instead of lying. Anything but an
 * object is a patch that replaces the whole. */
#include "payload/json_patch.h"

#include "base/status.h"
#include "payload/json_tree.h"

static void take(struct buffer *out, struct json_value value) {
    buffer_bytes(out, json_slice(value));
}

/* Writes `"name":`; `start` is where the members begin. */
static void name_write(struct buffer *out, struct json_value member, size_t start) {
    const struct json_node *node = json_node(member);
    if (out->size > start) buffer_u8(out, ',');
    buffer_bytes(out, bytes_view(member.tree->text + node->name - 1, node->name_size + 2));
    buffer_u8(out, ':');
}

/* Runs `write` on both texts' trees; puts `out` back on failure. */
static int pair_run(struct bytes left, struct bytes right, struct buffer *out,
                    int (*write)(struct buffer *out, struct json_value left,
                                 struct json_value right)) {
    struct json_tree trees[2] = {{.memory = out->memory}, {.memory = out->memory}};
    size_t start = out->size;
    int status = json_tree_parse(&trees[0], out->memory, left, NULL);
    if (status == SS_OK) status = json_tree_parse(&trees[1], out->memory, right, NULL);
    if (status == SS_OK) status = write(out, json_root(&trees[0]), json_root(&trees[1]));
    if (out->failed) status = SS_ERR_NOMEM;
    if (status != SS_OK) out->size = start;
    json_tree_free(&trees[0]);
    json_tree_free(&trees[1]);
    return status;
}

/* ---- diff ---------------------------------------------------------------------------------- */

/* True when a patch can set a member to `value`: no null at it or, within objects, beneath it. */
static bool sayable(struct json_value value) {
    if (json_is(value, JSON_NULL)) return false;
    if (!json_is(value, JSON_OBJECT)) return true;
    for (struct json_value at = json_first(value); json_present(at); at = json_next(value, at))
        if (!sayable(at)) return false;
    return true;
}

static int diff_objects(struct buffer *out, struct json_value from, struct json_value to);

/* The member `to`, which was `from` (or nothing). A patch of nothing is taken back. */
static int diff_member(struct buffer *out, struct json_value from, struct json_value to,
                       size_t start) {
    size_t before = out->size;
    bool both = json_is(from, JSON_OBJECT) && json_is(to, JSON_OBJECT);
    if (both ? bytes_equal(json_slice(from), json_slice(to)) : json_equal(from, to)) return SS_OK;
    if (!both && !sayable(to)) return SS_ERR_UNSUPPORTED;
    name_write(out, to, start);
    if (!both) {
        take(out, to);
        return SS_OK;
    }
    size_t behind_name = out->size;
    int status = diff_objects(out, from, to);
    if (status == SS_OK && out->size == behind_name + 2) out->size = before;
    return status;
}

static int diff_objects(struct buffer *out, struct json_value from, struct json_value to) {
    uint32_t hint = to.at + 1;
    buffer_u8(out, '{');
    size_t start = out->size;
    struct json_value at;
    for (at = json_first(from); json_present(at); at = json_next(from, at)) {
        if (json_present(json_find(to, at, &hint))) continue;
        name_write(out, at, start);
        buffer_text(out, "null");
    }
    hint = from.at + 1;
    for (at = json_first(to); json_present(at); at = json_next(to, at)) {
        int status = diff_member(out, json_find(from, at, &hint), at, start);
        if (status != SS_OK) return status;
    }
    buffer_u8(out, '}');
    return SS_OK;
}

static int diff_roots(struct buffer *out, struct json_value from, struct json_value to) {
    if (json_is(from, JSON_OBJECT) && json_is(to, JSON_OBJECT)) return diff_objects(out, from, to);
    if (json_is(to, JSON_OBJECT) && !sayable(to)) return SS_ERR_UNSUPPORTED;
    take(out, to);
    return SS_OK;
}

int json_diff(struct bytes from, struct bytes to, struct buffer *out) {
    int status = pair_run(from, to, out, diff_roots);
    return status == SS_ERR_INVALID ? SS_ERR_UNSUPPORTED : status;
}

/* ---- patch --------------------------------------------------------------------------------- */

static int patch_value(struct buffer *out, struct json_value state, struct json_value patch);

static void patch_member(struct buffer *out, struct json_value member, struct json_value state,
                         struct json_value patch, size_t start) {
    if (json_is(patch, JSON_NULL)) return;
    name_write(out, member, start);
    if (json_present(patch)) {
        patch_value(out, state, patch);
    } else {
        take(out, state);
    }
}

/* MergePatch of RFC 7396; a state that is no object has no members. */
static int patch_value(struct buffer *out, struct json_value state, struct json_value patch) {
    if (!json_is(patch, JSON_OBJECT)) {
        take(out, patch);
        return SS_OK;
    }
    if (!json_is(state, JSON_OBJECT)) state.at = JSON_ABSENT;
    buffer_u8(out, '{');
    size_t start = out->size;
    uint32_t hint = patch.at + 1;
    struct json_value at;
    for (at = json_first(state); json_present(at); at = json_next(state, at))
        patch_member(out, at, at, json_find(patch, at, &hint), start);
    hint = state.at + 1;
    for (at = json_first(patch); json_present(at); at = json_next(patch, at))
        if (!json_present(json_find(state, at, &hint)))
            patch_member(out, at, json_nothing(state.tree), at, start);
    buffer_u8(out, '}');
    return SS_OK;
}

int json_patch(struct bytes state, struct bytes patch, struct buffer *out) {
    return pair_run(state, patch, out, patch_value);
}
