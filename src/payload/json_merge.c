/* SPDX-License-Identifier: Apache-2.0 */
/* Three trees over three texts are walked in step, and the result is written as slices of them:
 *
 *     base      {"hp":100,"bag":[1],"pos":{"x":1}}
 *     standing  {"hp": 70,"bag":[1],"pos":{"x":1}}          one side changed: its slice is taken
 *     incoming  {"hp":100,"bag":[1],"pos":{"x":2}}          both are objects: go into them
 *     result    {"hp":70,"bag":[1],"pos":{"x":2}}
 *
 * What the laws leave open is decided so:
 * - Two objects are always merged member by member, whatever the base was.
 * - Nothing is a value too. If one side removed what the other changed, the change wins and the
 * path is `overwritten`; only `manual` and `reject` see a collision there. An object that one side
 * removed and the other changed inside comes back whole.
 * - A side that is the base to the byte yields the other side to the byte. Otherwise the result has
 * the members of standing in its order, then the new ones of incoming in theirs.
 * - A policy holds for its path and all leaves beneath. `sum`, `max`, `min` and `union` on values
 * of another type do what `lww` does. For `sum` and `union` a base that is not there is 0 or [].
 * - `sum` adds the changes even if both sides wrote the same value: 100 -> 70 twice leaves 40. The
 *   arithmetic is exact, or the merge is impossible; it never rounds.
 * - `max`, `min`, `sum` and `union` use what both sides said, so nothing is `overwritten` by them.
 */
#include "payload/json_merge.h"

#include "base/status.h"

struct merge {
    const struct format_rules *rules;
    struct json_tree base, standing, incoming;
    struct buffer *out;
    struct paths *overwritten;
    struct reason *why;
    bool parked;
    struct json_text path[JSON_DEPTH_MAX]; /* names from the root to here */
    size_t depth;
};

/* The same path on three sides; each may be nothing. */
struct sides {
    struct json_value base, standing, incoming;
    struct rule_place place;
};

enum choice { CHOOSE_STANDING, CHOOSE_INCOMING, CHOOSE_BOTH, CHOOSE_POLICY };

/* ---- deciding ------------------------------------------------------------------------------ */

static bool same_bytes(struct json_value a, struct json_value b) {
    if (!json_present(a) || !json_present(b)) return json_present(a) == json_present(b);
    return bytes_equal(json_slice(a), json_slice(b));
}

static enum choice choose(const struct sides *sides) {
    bool summed = sides->place.policy == MERGE_SUM && json_is(sides->standing, JSON_NUMBER);
    if (same_bytes(sides->base, sides->incoming)) return CHOOSE_STANDING;
    if (same_bytes(sides->base, sides->standing)) return CHOOSE_INCOMING;
    if (!sides->place.sums && same_bytes(sides->standing, sides->incoming)) return CHOOSE_STANDING;
    if (json_is(sides->standing, JSON_OBJECT) && json_is(sides->incoming, JSON_OBJECT))
        return CHOOSE_BOTH;
    if (json_equal(sides->base, sides->incoming)) return CHOOSE_STANDING;
    if (json_equal(sides->base, sides->standing)) return CHOOSE_INCOMING;
    if (!summed && json_equal(sides->standing, sides->incoming)) return CHOOSE_STANDING;
    return CHOOSE_POLICY;
}

/* ---- collisions ---------------------------------------------------------------------------- */

static void path_write(const struct merge *merge, struct buffer *out) {
    for (size_t i = 0; i < merge->depth; i++)
        json_text_pointer(merge->path[i], out);
    buffer_u8(out, 0);
}

static enum merge_result path_lost(struct merge *merge) {
    struct paths *paths = merge->overwritten;
    if (!paths) return MERGE_DONE;
    if (paths->count == PATHS_MAX) {
        paths->more++;
        return MERGE_DONE;
    }
    path_write(merge, &paths->text);
    if (paths->text.failed) return MERGE_NO_MEMORY;
    paths->count++;
    return MERGE_DONE;
}

/* Says `what` of the path where the merge stands. The end of `out` serves as scratch: a result that
 * needs a reason has no use for it. */
static enum merge_result path_reason(struct merge *merge, enum merge_result result,
                                     const char *what) {
    size_t start = merge->out->size;
    path_write(merge, merge->out);
    if (merge->out->failed) return MERGE_NO_MEMORY;
    const char *path = (const char *)merge->out->data + start;
    reason_set(merge->why, "%s %s", *path ? path : "the state", what);
    merge->out->size = start;
    return result;
}

static enum merge_result take(struct merge *merge, struct json_value value) {
    buffer_bytes(merge->out, json_slice(value));
    return MERGE_DONE;
}

/* One side's value, where the other's is lost. */
static enum merge_result take_over(struct merge *merge, struct json_value winner) {
    take(merge, winner);
    return path_lost(merge);
}

static enum merge_result collide_order(struct merge *merge, const struct sides *sides, int wanted) {
    struct decimal standing, incoming;
    if (!json_decimal(sides->standing, &standing) || !json_decimal(sides->incoming, &incoming))
        return take_over(merge, sides->incoming);
    bool newer = decimal_compare(&incoming, &standing) == wanted;
    return take(merge, newer ? sides->incoming : sides->standing);
}

static enum merge_result collide_sum(struct merge *merge, const struct sides *sides) {
    struct decimal base = {0}, standing, incoming;
    if (!json_decimal(sides->standing, &standing) || !json_decimal(sides->incoming, &incoming) ||
        (json_present(sides->base) && !json_decimal(sides->base, &base))) {
        bool agreed = json_equal(sides->standing, sides->incoming);
        return agreed ? take(merge, sides->standing) : take_over(merge, sides->incoming);
    }
    if (decimal_sum(&standing, &incoming, &base, merge->out)) return MERGE_DONE;
    return path_reason(merge, MERGE_IMPOSSIBLE, "has a sum of too many digits");
}

static enum merge_result collide_union(struct merge *merge, const struct sides *sides) {
    if (!json_is(sides->standing, JSON_ARRAY) || !json_is(sides->incoming, JSON_ARRAY) ||
        (json_present(sides->base) && !json_is(sides->base, JSON_ARRAY)))
        return take_over(merge, sides->incoming);
    int status = json_union(sides->base, sides->standing, sides->incoming, merge->out);
    return status == SS_OK ? MERGE_DONE : MERGE_NO_MEMORY;
}

/* The walk goes on behind a `manual` leaf, because a `reject` leaf may still follow. */
static enum merge_result collide_manual(struct merge *merge, const struct sides *sides) {
    bool first = !merge->parked;
    merge->parked = true;
    enum merge_result result =
        first ? path_reason(merge, MERGE_DONE, "changed on both sides") : MERGE_DONE;
    take(merge, json_present(sides->standing) ? sides->standing : sides->incoming);
    return result;
}

static enum merge_result collide(struct merge *merge, const struct sides *sides) {
    enum merge_policy policy = sides->place.policy;
    if (policy == MERGE_MANUAL) return collide_manual(merge, sides);
    if (policy == MERGE_REJECT) return path_reason(merge, MERGE_REFUSED, "changed on both sides");
    if (!json_present(sides->standing)) return take_over(merge, sides->incoming);
    if (!json_present(sides->incoming)) return take_over(merge, sides->standing);
    switch (policy) {
    case MERGE_KEEP: return take_over(merge, sides->standing);
    case MERGE_MAX: return collide_order(merge, sides, 1);
    case MERGE_MIN: return collide_order(merge, sides, -1);
    case MERGE_SUM: return collide_sum(merge, sides);
    case MERGE_UNION: return collide_union(merge, sides);
    default: return take_over(merge, sides->incoming);
    }
}

/* ---- the walk ------------------------------------------------------------------------------ */

static enum merge_result merge_objects(struct merge *merge, const struct sides *sides);

static enum merge_result write_choice(struct merge *merge, const struct sides *sides,
                                      enum choice choice) {
    switch (choice) {
    case CHOOSE_STANDING: return take(merge, sides->standing);
    case CHOOSE_INCOMING: return take(merge, sides->incoming);
    case CHOOSE_BOTH: return merge_objects(merge, sides);
    default: return collide(merge, sides);
    }
}

/* One member, of standing or else of incoming; `start` is where the members begin in `out`. */
static enum merge_result merge_member(struct merge *merge, const struct sides *sides,
                                      struct json_value member, size_t start) {
    enum choice choice = choose(sides);
    if (choice == CHOOSE_STANDING && !json_present(sides->standing)) return MERGE_DONE;
    if (choice == CHOOSE_INCOMING && !json_present(sides->incoming)) return MERGE_DONE;
    const struct json_node *node = json_node(member);
    if (merge->out->size > start) buffer_u8(merge->out, ',');
    buffer_bytes(merge->out, bytes_view(member.tree->text + node->name - 1, node->name_size + 2));
    buffer_u8(merge->out, ':');
    merge->path[merge->depth++] = json_name(member);
    enum merge_result result = write_choice(merge, sides, choice);
    merge->depth--;
    return result;
}

static struct rule_place member_place(const struct merge *merge, const struct sides *object,
                                      struct json_value member) {
    return rules_child(merge->rules, object->place, json_name(member), json_node(member)->hash);
}

/* The members of standing, each beside its namesakes, which are marked as taken in incoming. */
static enum merge_result merge_standing(struct merge *merge, const struct sides *object,
                                        size_t start) {
    uint32_t base_hint = object->base.at + 1, hint = object->incoming.at + 1;
    struct json_value at = json_first(object->standing);
    for (; json_present(at); at = json_next(object->standing, at)) {
        struct sides sides = {json_find(object->base, at, &base_hint), at,
                              json_find(object->incoming, at, &hint),
                              member_place(merge, object, at)};
        if (json_present(sides.incoming)) merge->incoming.nodes[sides.incoming.at].taken = true;
        enum merge_result result = merge_member(merge, &sides, at, start);
        if (result != MERGE_DONE) return result;
    }
    return MERGE_DONE;
}

static enum merge_result merge_incoming(struct merge *merge, const struct sides *object,
                                        size_t start) {
    uint32_t base_hint = object->base.at + 1;
    struct json_value at = json_first(object->incoming);
    for (; json_present(at); at = json_next(object->incoming, at)) {
        if (json_node(at)->taken) continue;
        struct sides sides = {json_find(object->base, at, &base_hint),
                              json_nothing(&merge->standing), at, member_place(merge, object, at)};
        enum merge_result result = merge_member(merge, &sides, at, start);
        if (result != MERGE_DONE) return result;
    }
    return MERGE_DONE;
}

static enum merge_result merge_objects(struct merge *merge, const struct sides *sides) {
    buffer_u8(merge->out, '{');
    size_t start = merge->out->size;
    enum merge_result result = merge_standing(merge, sides, start);
    if (result == MERGE_DONE) result = merge_incoming(merge, sides, start);
    buffer_u8(merge->out, '}');
    return result;
}

static enum merge_result parse(struct merge *merge, struct json_tree *tree, struct bytes text) {
    switch (json_tree_parse(tree, merge->out->memory, text, merge->why)) {
    case SS_OK: return MERGE_DONE;
    case SS_ERR_NOMEM: return MERGE_NO_MEMORY;
    default: return MERGE_IMPOSSIBLE;
    }
}

static enum merge_result merge_trees(struct merge *merge, struct bytes base, struct bytes standing,
                                     struct bytes incoming) {
    enum merge_result result = parse(merge, &merge->base, base);
    if (result == MERGE_DONE) result = parse(merge, &merge->standing, standing);
    if (result == MERGE_DONE) result = parse(merge, &merge->incoming, incoming);
    if (result != MERGE_DONE) return result;
    struct sides sides = {json_root(&merge->base), json_root(&merge->standing),
                          json_root(&merge->incoming), rules_root(merge->rules)};
    enum choice choice = choose(&sides);
    if (choice == CHOOSE_STANDING || choice == CHOOSE_INCOMING) {
        /* With the white space around the value, which no node holds. */
        buffer_bytes(merge->out, choice == CHOOSE_STANDING ? standing : incoming);
        return MERGE_DONE;
    }
    result = write_choice(merge, &sides, choice);
    return result == MERGE_DONE && merge->parked ? MERGE_MUST_PARK : result;
}

enum merge_result json_merge(const struct format_rules *rules, struct bytes base,
                             struct bytes standing, struct bytes incoming, struct buffer *out,
                             struct paths *overwritten, struct reason *why) {
    struct merge merge = {.rules = rules, .out = out, .overwritten = overwritten, .why = why};
    const struct memory *memory = out->memory;
    merge.base.memory = merge.standing.memory = merge.incoming.memory = memory;
    enum merge_result result = merge_trees(&merge, base, standing, incoming);
    json_tree_free(&merge.base);
    json_tree_free(&merge.standing);
    json_tree_free(&merge.incoming);
    return out->failed ? MERGE_NO_MEMORY : result;
}
