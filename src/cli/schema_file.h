/* SPDX-License-Identifier: Apache-2.0 */
/* schema_file.h - a schema from the command line: a descriptor set, or a .proto that protoc turns
 * into one. */
#ifndef CLI_SCHEMA_FILE_H
#define CLI_SCHEMA_FILE_H

#include "cli/cli.h"
#include "schema/compile.h"

struct schema_input {
    struct buffer bytes;
    struct descriptor_set set;
};

/* Opens `name`; `folders` are where protoc looks for what a .proto imports. False when it cannot,
 * which was told. The input needs schema_input_close in either case. */
bool schema_input_open(struct schema_input *input, const struct cli *cli, const char *name,
                       const struct text_list *folders);
void schema_input_close(struct schema_input *input);

#endif
