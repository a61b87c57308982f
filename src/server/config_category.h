/* SPDX-License-Identifier: Apache-2.0 */
/* config_category.h - the `categories` of the configuration: their keys, their rules, and what they
 * may not say together. */
#ifndef SERVER_CONFIG_CATEGORY_H
#define SERVER_CONFIG_CATEGORY_H

#include "server/config.h"
#include "server/config_tree.h"

#define CATEGORIES_MAX 1024

/* Reads `categories` (limits are read already) into config's categories, fallback and rules. SS_OK,
 * SS_ERR_INVALID, SS_ERR_NOMEM. */
int categories_read(struct reading *reading, struct config *config);
void categories_free(struct config *config);

#endif
