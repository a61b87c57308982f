/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t value, unsigned bits) {
    return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct sip *s) {
    s->v0 += s->v1, s->v1 = rotate(s->v1, 13) ^ s->v0, s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3, s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3, s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1, s->v1 = rotate(s->v1, 17) ^ s->v2, s->v2 = rotate(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word) {
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t load(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Inlined twice, so that the four words stay in registers. */
static inline __attribute__((always_inline)) uint64_t
sip_finish(struct sip *s, struct bytes from, size_t prefix) {
    size_t at = 0;
    for (; from.size - at >= 8; at += 8)
        sip_word(s, load(from.data + at));
    size_t rest = from.size - at;
    sip_word(s, hash_word(rest ? from.data + at : NULL, rest) | (uint64_t)(from.size + prefix)
                                                                    << 56);
    s->v2 ^= 0xff;
    sip_round(s), sip_round(s), sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline struct sip sip_start(struct hash_key key) {
    return (struct sip){key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du,
                        key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u};
}

uint64_t hash_bytes(struct hash_key key, struct bytes from) {
    struct sip s = sip_start(key);
    return sip_finish(&s, from, 0);
}

uint64_t hash_seeded(struct hash_key key, uint64_t seed, struct bytes from) {
    struct sip s = sip_start(key);
    sip_word(&s, seed);
    return sip_finish(&s, from, 8);
}
