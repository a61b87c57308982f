/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - the compiled rules of a category: a tree of paths, walked along with a state.
 *
 * A merge policy holds for its path and everything beneath, until a longer path says otherwise. The
 * paths with invariants are numbered: a format collects their numbers in one walk, and invariant.c
 * judges them without knowing the format. */
#ifndef PAYLOAD_RULES_H
#define PAYLOAD_RULES_H

#include "base/table.h"
#include "payload/decimal.h"
#include "payload/format.h"
#include "payload/json_text.h"
#include "payload/schema.h"

#define RULES_NONE        UINT32_MAX
#define RULES_NUMBERS_MAX 64 /* paths with invariants */

struct rule_node {
    uint32_t parent, name, name_size, hash; /* the name stands in `names` */
    uint32_t watch;                         /* index in `watches`, or RULES_NONE */
    enum merge_policy policy;
    bool declared; /* `policy` is its own, not the parent's */
    bool children;
    bool sums; /* it or something beneath it is summed */
};

/* A path with invariants. */
struct rule_watch {
    uint32_t path; /* its NUL-terminated text in `names` */
    bool bounded, monotone;
    double low, high;
};

struct format_rules {
    const struct memory *memory;
    struct rule_node *nodes; /* nodes[0] is the root; parents stand before their children */
    size_t count, capacity;
    struct buffer names;
    struct table index; /* (parent, name) -> node */
    struct rule_watch watches[RULES_NUMBERS_MAX];
    size_t watch_count;
    uint32_t axes[3];      /* watches of the position, RULES_NONE: not declared */
    double max_speed;      /* metres a second, 0: not limited */
    struct schema *schema; /* of a declared message, owned; else NULL and nodes say it all */
};

/* Rules without any; NULL: out of memory. */
struct format_rules *rules_empty(const struct memory *memory);
/* A watch for the path; SS_OK, SS_ERR_NOMEM, or SS_ERR_INVALID when there are 64 already. */
int rules_watch_add(struct format_rules *rules, struct bytes path, uint32_t *watch,
                    struct reason *why);

/* Where a walk through a state stands in the rules. */
struct rule_place {
    uint32_t node; /* RULES_NONE: no path leads here */
    enum merge_policy policy;
    bool sums; /* something at or beneath this place is summed */
};

/* `rules` may be NULL: no rules at all. */
struct rule_place rules_root(const struct format_rules *rules);
struct rule_place rules_child(const struct format_rules *rules, struct rule_place parent,
                              struct json_text name, uint32_t hash);
/* The child whose name is `number` in decimal: an array element, a protobuf field. */
struct rule_place rules_child_number(const struct format_rules *rules, struct rule_place parent,
                                     uint64_t number);
/* True when rules_child can lead anywhere: else the names need no hashing. */
bool rules_leads_on(const struct format_rules *rules, struct rule_place place);
/* The watch of a place, or RULES_NONE. */
uint32_t rules_watch(const struct format_rules *rules, struct rule_place place);
const char *rules_path(const struct format_rules *rules, uint32_t watch);

#endif
