/* SPDX-License-Identifier: Apache-2.0 */
/* flag.h - the command line against the tables of flags: parsing and help. */
#ifndef CLI_FLAG_H
#define CLI_FLAG_H

#include <stdio.h>

#include "cli/cli.h"

struct operands {
    const char *items[TEXT_LIST_MAX];
    size_t count;
};

/* Reads argv[1..] into `options` (by the command's flags), cli->common and `operands`. --name VALUE
 * and
 * --name=VALUE; `--` ends the flags; what begins with a single dash is an operand. Returns true to
 * go on; false when all is said and *code is what to exit with (--help, or a mistake, told on
 * stderr). */
bool flags_parse(struct cli *cli, void *options, int argc, char **argv, struct operands *operands,
                 int *code);

/* Text to number: decimal or 0x. */
bool number_parse(const char *text, uint64_t *value);

/* The help page of one command. */
void help_command(FILE *out, const struct command *command);

#endif
