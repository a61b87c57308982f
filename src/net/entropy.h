/* SPDX-License-Identifier: Apache-2.0 */
/* entropy.h - secrets from the operating system. */
#ifndef NET_ENTROPY_H
#define NET_ENTROPY_H

#include <stddef.h>

/* Fills `size` bytes from getrandom(2). SS_OK or SS_ERR_IO. */
int entropy_fill(void *out, size_t size);

#endif
