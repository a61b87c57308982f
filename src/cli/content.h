/* SPDX-License-Identifier: Apache-2.0 */
/* content.h - a state as it is given on the command line: a VALUE, @FILE, or - for stdin. */
#ifndef CLI_CONTENT_H
#define CLI_CONTENT_H

#include "base/bytes.h"

/* Appends it to `out`; `hex`: the text is 0x... digits. SS_OK, or SS_ERR_* with a sentence in
 * `why`. */
int content_read(struct buffer *out, const char *word, bool hex, char *why, size_t why_size);
/* A whole file ("-": stdin) appended to `out`. */
int content_load(struct buffer *out, const char *path, char *why, size_t why_size);

#endif
