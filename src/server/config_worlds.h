/* SPDX-License-Identifier: Apache-2.0 */
/* config_worlds.h - worlds.names, the one setting that is a list. */
#ifndef SERVER_CONFIG_WORLDS_H
#define SERVER_CONFIG_WORLDS_H

#include "server/config.h"
#include "server/config_tree.h"

/* A list, or a text with commas. SS_OK, SS_ERR_INVALID, SS_ERR_NOMEM; on an error the list is a
 * part. */
int worlds_read(struct reading *reading, struct config *config, const struct node *node);
void worlds_free(struct config *config);
/* With commas, cut at size - 1. */
void worlds_print(const struct config *config, char *text, size_t size);
bool worlds_same(const struct config *a, const struct config *b);

#endif
