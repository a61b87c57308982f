/* SPDX-License-Identifier: Apache-2.0 */
/* x86 has an instruction for this polynomial since SSE 4.2; elsewhere a table of 16 entries takes
 * half a byte at a time, so the whole table is one cache line. */
#include "journal/crc32c.h"

static const uint32_t nibbles[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t crc32c_portable(uint32_t crc, struct bytes from) {
    crc = ~crc;
    for (size_t i = 0; i < from.size; i++) {
        crc ^= from.data[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse(uint32_t crc, struct bytes from) {
    uint64_t wide = ~crc;
    size_t i = 0;
    for (; from.size - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, from.data + i, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    uint32_t narrow = (uint32_t)wide;
    for (; i < from.size; i++)
        narrow = __builtin_ia32_crc32qi(narrow, from.data[i]);
    return ~narrow;
}

uint32_t crc32c(uint32_t crc, struct bytes from) {
    if (__builtin_cpu_supports("sse4.2")) return crc32c_sse(crc, from);
    return crc32c_portable(crc, from);
}
#else
uint32_t crc32c(uint32_t crc, struct bytes from) {
    return crc32c_portable(crc, from);
}
#endif
