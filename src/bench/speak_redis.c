/* SPDX-License-Identifier: Apache-2.0 */
/* speak_redis.c - the Redis serialization protocol, pipelined by hand: each operation calls the
 * function `cas` (bench/peers/redis/cas.lua), which answers with the version that stands, negative
 * where the expected one did not.
 *
 *   *6 CRLF $5 CRLF FCALL CRLF $3 CRLF cas CRLF $1 CRLF 1 CRLF $n CRLF key ...      ->  :2 CRLF */
#include <stdio.h>
#include <stdlib.h>

#include "bench/lane.h"

static void bulk(struct buffer *out, struct bytes text) {
    buffer_format(out, "$%zu\r\n", text.size);
    buffer_bytes(out, text);
    buffer_text(out, "\r\n");
}

static void redis_hello(struct link *link) {
    buffer_text(&link->out, "*4\r\n$8\r\nFUNCTION\r\n$4\r\nLOAD\r\n$7\r\nREPLACE\r\n");
    bulk(&link->out, link->load->config->hello);
}

static bool redis_send(struct lane *lane, unsigned count) {
    struct load *load = lane->link->load;
    struct buffer *out = &lane->link->out;
    for (unsigned i = 0; i < count; i++) {
        char key[64], version[16];
        unsigned cell = lane_begin(lane);
        snprintf(key, sizeof key, "%s/%llu/%s", load->config->category,
                 (unsigned long long)lane->player, load->keys[cell]);
        snprintf(version, sizeof version, "%u", lane->versions[cell]);
        buffer_text(out, "*6\r\n$5\r\nFCALL\r\n$3\r\ncas\r\n$1\r\n1\r\n");
        bulk(out, bytes_of(key));
        bulk(out, bytes_of(version));
        bulk(out, load_state(load));
    }
    return true;
}

/* Which lane of the link answers: Redis links have one each. */
static struct lane *lane_of(struct link *link) {
    return &link->load->lanes[link - link->load->links];
}

static size_t redis_recv(struct link *link) {
    const struct buffer *in = &link->in;
    size_t taken = 0;
    while (taken < in->size) {
        const uint8_t *line = in->data + taken, *end = memchr(line, '\n', in->size - taken);
        if (!end) break;
        taken += (size_t)(end - line) + 1;
        if (line[0] == '-') {
            load_fail(link->load, "Redis says: %.*s", (int)(end - line), (const char *)line);
        } else if (line[0] == ':') {
            long version = strtol((const char *)line + 1, NULL, 10);
            lane_answered(lane_of(link), version > 0, (uint32_t)labs(version));
        } else if (line[0] != '$') { /* the library's name: the greeting is over */
            link_ready(link);
        }
    }
    return taken;
}

const struct speaker speaker_redis = {redis_hello, redis_send, redis_recv};
