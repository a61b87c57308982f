/* SPDX-License-Identifier: Apache-2.0 */
/* config_rules.h - fields, bounds, monotone, max_speed and spatial of one category become format
 * rules. */
#ifndef SERVER_CONFIG_RULES_H
#define SERVER_CONFIG_RULES_H

#include "server/config_tree.h"
#include "world/category.h"

/* Compiles the rules of the category at `node` (its format is known already) into *rules, NULL when
 * it has none, and sets category->rules, ->spatial and ->unique. Where the schema of its message
 * was not read, rules by field name are counted in *skipped instead. SS_OK, SS_ERR_INVALID,
 * SS_ERR_NOMEM. */
int rules_read(struct reading *reading, const struct node *node, struct category *category,
               struct format_rules **rules, size_t *skipped);

#endif
