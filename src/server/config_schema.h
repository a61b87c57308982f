/* SPDX-License-Identifier: Apache-2.0 */
/* config_schema.h - the descriptor set that `schema` names: what its messages say of categories
 * goes into the tree under what the configuration says, and their fields become rules. */
#ifndef SERVER_CONFIG_SCHEMA_H
#define SERVER_CONFIG_SCHEMA_H

#include "server/config.h"
#include "server/config_tree.h"

/* Opens the file and puts what its messages declare into the tree. Nothing to do without `schema`,
 * or when no files are read (reading->files). SS_OK, SS_ERR_INVALID, SS_ERR_NOMEM. */
int schema_declare(struct reading *reading, const struct config *config);
void schema_close(struct reading *reading);

struct schema;
/* The field table of the category's `message`; *schema stays NULL when it has none, or when the set
 * was not read. Also refuses what is not built yet, and fields hidden from who writes them. */
int schema_of_category(struct reading *reading, const struct node *node,
                       const struct category *category, struct schema **schema);

#endif
