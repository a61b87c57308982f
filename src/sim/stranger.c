/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/stranger.h"

#include <string.h>

#include "base/status.h"
#include "sim/host.h"

enum { STRANGER = 99 };

void stranger_start(struct stranger *stranger, struct virtual *machine, uint64_t seed) {
    *stranger = (struct stranger){.machine = machine,
                                  .random.state = hash_mix(seed ^ 0x737472),
                                  .fd = -1,
                                  .next = machine->now + 1000};
}

ss_time stranger_due(const struct stranger *stranger) {
    return stranger->machine->heal ? SS_NEVER : stranger->next;
}

void stranger_stop(struct stranger *stranger) {
    if (stranger->fd >= 0) socket_close(stranger->fd);
    stranger->fd = -1;
}

/* Pieces of real protocols, whole frames among them, and noise. */
static size_t draw_piece(struct stranger *stranger, uint8_t out[512]) {
    static const char *const texts[] = {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                        "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
                                        "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
                                        "GET / HTTP/1.1\r\n", "\x16\x03\x01\x02"};
    static const uint8_t settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    struct random *random = &stranger->random;
    size_t size = 0;
    switch (random_below(random, 4)) {
    case 0:
    case 1: { /* all of it, or the beginning */
        const char *text = texts[random_below(random, 5)];
        size = strlen(text);
        if (random_below(random, 2)) size = random_below(random, size);
        memcpy(out, text, size);
        return size;
    }
    case 2: { /* the preface, then a frame of any kind */
        size = strlen(texts[0]);
        memcpy(out, texts[0], size);
        memcpy(out + size, settings, sizeof settings);
        size += sizeof settings;
        uint8_t length = (uint8_t)random_below(random, 64);
        uint8_t head[9] = {0, 0, length};
        head[3] = (uint8_t)random_below(random, 11);
        head[4] = (uint8_t)random_next(random);
        head[8] = (uint8_t)random_below(random, 4);
        memcpy(out + size, head, sizeof head);
        size += sizeof head;
        for (unsigned i = 0; i < length; i++)
            out[size++] = (uint8_t)random_next(random);
        return size;
    }
    default:
        size = random_below(random, 400);
        for (size_t i = 0; i < size; i++)
            out[i] = (uint8_t)random_next(random);
        return size;
    }
}

static void stranger_connect(struct stranger *stranger) {
    stranger->machine->connecting = STRANGER;
    stranger->fd = socket_connect(HOST_ADDRESS, NULL, 0);
    stranger->machine->connecting = 0;
    stranger->left = 1 + (unsigned)random_below(&stranger->random, 6);
    stranger->reads = random_below(&stranger->random, 2) != 0;
}

void stranger_turn(struct stranger *stranger) {
    struct random *random = &stranger->random;
    uint8_t bytes[512];
    stranger->next = stranger->machine->now + 1000 + (ss_time)random_below(random, 300000);
    if (stranger->fd < 0) {
        stranger_connect(stranger);
        return;
    }
    if (stranger->reads)
        while (socket_read(stranger->fd, bytes, sizeof bytes) > 0)
            continue;
    if (stranger->left == 0) {
        stranger_stop(stranger);
        return;
    }
    stranger->left--;
    size_t size = draw_piece(stranger, bytes);
    if (size && socket_write(stranger->fd, bytes, size) == SS_ERR_CLOSED) stranger_stop(stranger);
}
