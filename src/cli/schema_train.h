/* SPDX-License-Identifier: Apache-2.0 */
/* schema_train.h - `statesync schema train`: what recorded matches say about a message, as a table
 * for its deltas. */
#ifndef CLI_SCHEMA_TRAIN_H
#define CLI_SCHEMA_TRAIN_H

#include "cli/cli.h"
#include "delta/profile.h"
#include "payload/schema.h"

/* Trains on the named traces and writes the table to `out` (NULL: nowhere), having told on stdout
 * what an update costs with it and without. The exit code. */
int schema_train(const struct cli *cli, const struct schema *schema, enum delta_mode mode,
                 const char *const *traces, size_t count, const char *out);

#endif
