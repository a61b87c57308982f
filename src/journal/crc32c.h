/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c.h - the Castagnoli checksum (RFC 3720, appendix B.4) of everything that lies on disk. */
#ifndef JOURNAL_CRC32C_H
#define JOURNAL_CRC32C_H

#include "base/bytes.h"

/* The checksum of `from`, going on from `crc` (0 at the start). */
uint32_t crc32c(uint32_t crc, struct bytes from);
/* The same without the instruction of the processor: what other machines run. */
uint32_t crc32c_portable(uint32_t crc, struct bytes from);

#endif
