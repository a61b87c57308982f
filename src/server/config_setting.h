/* SPDX-License-Identifier: Apache-2.0 */
/* config_setting.h - the rows of the table at work: read from the tree, printed, compared, freed.
 */
#ifndef SERVER_CONFIG_SETTING_H
#define SERVER_CONFIG_SETTING_H

#include "server/config_table.h"
#include "server/config_tree.h"

/* Sets every row to its default. SS_OK or SS_ERR_NOMEM. */
int settings_default(struct reading *reading, struct config *config);
/* Reads the whole tree except `categories`. SS_OK, SS_ERR_INVALID, SS_ERR_NOMEM. */
int settings_read(struct reading *reading, struct config *config);
void settings_free(struct config *config);
/* The value as text, cut at size - 1. */
void setting_print(const struct setting *setting, const struct config *config, char *text,
                   size_t size);
bool setting_same(const struct setting *setting, const struct config *a, const struct config *b);
/* The node of a dotted path, NULL when it was not given. */
const struct node *settings_node(const struct reading *reading, const char *path);

/* A copy in the configuration's memory; NULL when out of memory. */
char *config_text(const struct memory *memory, const char *text);
void config_text_free(const struct memory *memory, const char *text);

#endif
