/* SPDX-License-Identifier: Apache-2.0 */
/* config_key.h - the keys of a category: one row each, and their values into the policy. */
#ifndef SERVER_CONFIG_KEY_H
#define SERVER_CONFIG_KEY_H

#include "server/config.h"
#include "server/config_tree.h"

/* The keys of a category as rows "categories.NAME.KEY" of the settings table, NULL behind the last.
 */
const struct config_setting *category_setting_at(size_t index);

/* Reads the category at `node`, but for its rules, over what *category holds. SS_OK,
 * SS_ERR_INVALID. */
int keys_read(struct reading *reading, const struct node *node, struct category *category,
              uint32_t *audit_days);

#endif
