/* SPDX-License-Identifier: Apache-2.0 */
/* JSON states (RFC 8259; strict, see json_scan.h). Validating and checking are one walk of the pull
 * scanner, without memory; merging and patching build trees of slices (json_tree.h). */
#include "base/status.h"
#include "payload/invariant.h"
#include "payload/json_merge.h"
#include "payload/json_names.h"
#include "payload/json_patch.h"

static int json_validate(const struct format_rules *rules, struct bytes state, struct reason *why) {
    (void)rules;
    struct json_scan scan = json_scan_of(state);
    struct json_names names;
    json_names_start(&names, state);
    for (;;) {
        enum json_event event = json_scan_next(&scan);
        if (event == JSON_EVENT_END) return SS_OK;
        if (event == JSON_EVENT_BAD) {
            reason_set(why, "JSON %s at byte %zu", scan.error, (size_t)(scan.at - scan.start));
            return SS_ERR_INVALID;
        }
        if (json_names_event(&names, &scan, event)) continue;
        reason_set(why, "JSON has a name twice in the object that ends at byte %zu",
                   (size_t)(scan.at - scan.start));
        return SS_ERR_INVALID;
    }
}

/* ---- numbers at watched paths -------------------------------------------------------------- */

/* Where the walk stands: the place in the rules of each open container, and how many of its
 * elements have been passed. */
struct collector {
    const struct format_rules *rules;
    struct json_scan scan;
    struct rule_place places[JSON_DEPTH_MAX + 1]; /* places[d]: of the container at depth d */
    uint64_t elements[JSON_DEPTH_MAX + 1];
    struct numbers *numbers;
};

static struct rule_place value_place(struct collector *collector, unsigned depth) {
    struct rule_place nowhere = {RULES_NONE, MERGE_LWW, false};
    if (depth == 0) return rules_root(collector->rules);
    struct rule_place parent = collector->places[depth];
    if (!rules_leads_on(collector->rules, parent)) return nowhere;
    const struct json_text *name = &collector->scan.name;
    if (name->raw.data) return rules_child(collector->rules, parent, *name, json_name_hash(*name));
    return rules_child_number(collector->rules, parent, collector->elements[depth]++);
}

static void number_note(struct collector *collector, uint32_t watch) {
    struct numbers *numbers = collector->numbers;
    struct decimal decimal;
    numbers->present |= (uint64_t)1 << watch;
    if (collector->scan.kind != JSON_NUMBER) return;
    if (!decimal_parse(json_scan_slice(&collector->scan), &decimal)) return;
    numbers->numeric |= (uint64_t)1 << watch;
    numbers->at[watch] = decimal_number(&decimal);
}

static void collect(const struct format_rules *rules, struct bytes state, struct numbers *numbers) {
    struct collector collector = {.rules = rules, .scan = json_scan_of(state), .numbers = numbers};
    size_t left = rules->watch_count;
    numbers->present = numbers->numeric = 0;
    while (left > 0) {
        enum json_event event = json_scan_next(&collector.scan);
        if (event == JSON_EVENT_END || event == JSON_EVENT_BAD) return;
        if (event == JSON_EVENT_CLOSE) continue;
        unsigned depth = collector.scan.depth - (event == JSON_EVENT_OPEN);
        struct rule_place place = value_place(&collector, depth);
        uint32_t watch = rules_watch(rules, place);
        if (watch != RULES_NONE) number_note(&collector, watch), left--;
        if (event == JSON_EVENT_OPEN) {
            collector.places[depth + 1] = place;
            collector.elements[depth + 1] = 0;
        }
    }
}

static int json_check(const struct format_rules *rules, const struct bytes *previous,
                      struct bytes next, ss_time span, struct reason *why) {
    struct numbers before, after;
    if (!rules || rules->watch_count == 0) return SS_OK;
    collect(rules, next, &after);
    if (previous) collect(rules, *previous, &before);
    return invariant_check(rules, previous ? &before : NULL, &after, span, why);
}

static int json_locate(const struct format_rules *rules, struct bytes state, float position[3]) {
    struct numbers numbers;
    if (!rules || rules->watch_count == 0) return SS_ERR_NOT_FOUND;
    collect(rules, state, &numbers);
    return invariant_locate(rules, &numbers, position);
}

const struct format format_json = {
    .name = "json",
    .can_merge = true,
    .validate = json_validate,
    .merge = json_merge,
    .check = json_check,
    .diff = json_diff,
    .locate = json_locate,
};
