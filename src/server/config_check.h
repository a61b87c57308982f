/* SPDX-License-Identifier: Apache-2.0 */
/* config_check.h - what the settings say together: contradictions are refused, dangers and what is
 * not built yet are told. */
#ifndef SERVER_CONFIG_CHECK_H
#define SERVER_CONFIG_CHECK_H

#include "server/config.h"
#include "server/config_tree.h"

/* SS_OK, or SS_ERR_INVALID at the place of one of the settings that contradict each other. */
int config_check(struct reading *reading, const struct config *config);
/* One line each to the log: an open door without locks, and keys that nothing obeys yet. */
void config_notices(const struct reading *reading, const struct config *config);

#endif
