/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h - recorded matches, STT1: what the codec is trained on and measured with.
 *
 *   header 32   "STT1" | u32 ticks | u32 ids | u32 tick_us | u32 rotation (0 quaternion, 1 angles)
 *               | f32 position quantum (m) | u32 has_velocity | u32 0
 *   tick   8    u32 time_ms | u32 count, then count records
 *   record 52   u16 id | u8 kind | u8 0 | STATE 48
 *   STATE  48   f32 position[3] | f32 velocity[3] | f32 rotation[4] | u8 discrete[8]
 *
 * Files may be compressed with zstd; those in the layout of challenge.h are taken too. An id absent
 * from a tick does not live in it. */
#ifndef DELTA_TRACE_H
#define DELTA_TRACE_H

#include "base/bytes.h"
#include "statesync/status.h"

#define TRACE_RECORD 52
#define TRACE_STATE  50 /* kind, 0, STATE: what a schema's offsets count from */
#define TRACE_IDS    65536

struct trace {
    struct buffer data;
    uint32_t tick_count, id_count, tick_us, rotation, has_velocity;
    float quantum;
};

struct trace_tick {
    uint32_t time_ms, count;
    const uint8_t *records;
};

/* Reads a whole file. SS_OK, SS_ERR_IO, SS_ERR_MALFORMED, SS_ERR_TOO_LARGE (over `size_max` bytes
 * unpacked), SS_ERR_NOMEM. On an error nothing is held. */
int trace_load(struct trace *trace, const struct memory *memory, const char *path, size_t size_max);
/* The same from bytes that stay the caller's. */
int trace_parse(struct trace *trace, const struct memory *memory, struct bytes from,
                size_t size_max);
void trace_free(struct trace *trace);

/* The tick at `*offset` (0: the first), which moves on. False at the end. */
bool trace_next(const struct trace *trace, size_t *offset, struct trace_tick *tick);

static inline uint16_t trace_id(const uint8_t *record) {
    return (uint16_t)(record[0] | record[1] << 8);
}

/* Writing: a header, then ticks; counts in the header are mended by trace_end. */
void trace_begin(struct trace *trace, const struct memory *memory, const struct trace *like);
void trace_add_tick(struct trace *trace, uint32_t time_ms, uint32_t count);
void trace_add_record(struct trace *trace, uint16_t id, const uint8_t state[TRACE_STATE]);
/* SS_ERR_NOMEM when any addition failed. */
int trace_end(struct trace *trace);
/* Compressed when the name ends in ".zst". SS_OK, SS_ERR_IO, SS_ERR_NOMEM. */
int trace_save(const struct trace *trace, const char *path);

#endif
