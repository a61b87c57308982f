/* SPDX-License-Identifier: Apache-2.0 */
/* moment.h - times of the server beside the clock of this machine. */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include <stdint.h>

#include "base/bytes.h"

/* Milliseconds since the epoch. */
int64_t moment_now_ms(void);
/* "4.1 s ago", "just now", "in 3 min". */
void ago_print(struct buffer *out, int64_t at_ms);
/* "12:03:04.512" of the local day. */
void moment_print(struct buffer *out, int64_t at_ms);

#endif
