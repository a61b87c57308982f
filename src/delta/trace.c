/* SPDX-License-Identifier: Apache-2.0 */
/* trace.c - the whole trace is checked when it is read, so that walking it cannot fail. */
#include "delta/trace.h"

#include <stdio.h>
#include <zstd.h>

#include "delta/challenge.h"

#define HEADER 32

static int read_file(const char *path, size_t size_max, struct buffer *out) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return SS_ERR_IO;
    int status = SS_OK;
    for (;;) {
        uint8_t *room = buffer_room(out, 1 << 16);
        if (room == NULL) {
            status = SS_ERR_NOMEM;
            break;
        }
        size_t size = fread(room, 1, 1 << 16, file);
        out->size += size;
        if (out->size > size_max) status = SS_ERR_TOO_LARGE;
        if (size == 0 || status != SS_OK) break;
    }
    if (ferror(file) && status == SS_OK) status = SS_ERR_IO;
    fclose(file);
    return status;
}

static int unpack(struct bytes from, size_t size_max, struct buffer *out) {
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (stream == NULL) return SS_ERR_NOMEM;
    ZSTD_inBuffer in = {from.data, from.size, 0};
    int status = SS_OK;
    size_t left = 1;
    while (status == SS_OK && left != 0) {
        uint8_t *room = buffer_room(out, 1 << 17);
        ZSTD_outBuffer to = {room, 1 << 17, 0};
        if (room == NULL) {
            status = SS_ERR_NOMEM;
            break;
        }
        size_t before = in.pos;
        left = ZSTD_decompressStream(stream, &to, &in);
        out->size += to.pos;
        if (ZSTD_isError(left) || (in.pos == before && to.pos == 0 && left != 0))
            status = SS_ERR_MALFORMED;
        else if (out->size > size_max)
            status = SS_ERR_TOO_LARGE;
    }
    ZSTD_freeDStream(stream);
    return status;
}

static float reader_f32(struct reader *reader) {
    uint32_t bits = reader_u32(reader);
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static bool ticks_valid(const struct trace *trace, struct reader reader) {
    for (uint32_t i = 0; i < trace->tick_count; i++) {
        reader_u32(&reader);
        uint32_t count = reader_u32(&reader);
        if (reader.failed || count > trace->id_count || reader.left / TRACE_RECORD < count)
            return false;
        for (uint32_t j = 0; j < count; j++)
            if (trace_id(reader_bytes(&reader, TRACE_RECORD).data) >= trace->id_count) return false;
    }
    return reader.left == 0;
}

static int check(struct trace *trace) {
    struct reader reader = reader_of(buffer_view(&trace->data));
    struct bytes magic = reader_bytes(&reader, 4);
    trace->tick_count = reader_u32(&reader);
    trace->id_count = reader_u32(&reader);
    trace->tick_us = reader_u32(&reader);
    trace->rotation = reader_u32(&reader);
    trace->quantum = reader_f32(&reader);
    trace->has_velocity = reader_u32(&reader);
    reader_u32(&reader);
    if (reader.failed || !bytes_equal(magic, bytes_of("STT1")) || trace->id_count > TRACE_IDS ||
        trace->rotation > 1 || !ticks_valid(trace, reader))
        return SS_ERR_MALFORMED;
    return SS_OK;
}

int trace_parse(struct trace *trace, const struct memory *memory, struct bytes from,
                size_t size_max) {
    static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    *trace = (struct trace){.data = buffer_of(memory)};
    int status = SS_OK;
    if (from.size >= 4 && memcmp(from.data, zstd_magic, 4) == 0)
        status = unpack(from, size_max, &trace->data);
    else if (from.size > size_max)
        status = SS_ERR_TOO_LARGE;
    else
        buffer_bytes(&trace->data, from);
    if (status == SS_OK && trace->data.failed) status = SS_ERR_NOMEM;
    if (status == SS_OK && challenge_is(buffer_view(&trace->data))) {
        struct buffer frames = trace->data;
        status = challenge_parse(trace, memory, buffer_view(&frames), size_max);
        buffer_free(&frames);
        return status;
    }
    if (status == SS_OK) status = check(trace);
    if (status != SS_OK) trace_free(trace);
    return status;
}

int trace_load(struct trace *trace, const struct memory *memory, const char *path,
               size_t size_max) {
    struct buffer file = buffer_of(memory);
    int status = read_file(path, size_max, &file);
    if (status == SS_OK) status = trace_parse(trace, memory, buffer_view(&file), size_max);
    buffer_free(&file);
    return status;
}

void trace_free(struct trace *trace) {
    buffer_free(&trace->data);
}

bool trace_next(const struct trace *trace, size_t *offset, struct trace_tick *tick) {
    size_t at = *offset ? *offset : HEADER;
    if (at >= trace->data.size) return false;
    struct reader reader = reader_of(bytes_view(trace->data.data + at, trace->data.size - at));
    tick->time_ms = reader_u32(&reader);
    tick->count = reader_u32(&reader);
    tick->records = reader.at;
    *offset = at + 8 + (size_t)tick->count * TRACE_RECORD;
    return true;
}

void trace_begin(struct trace *trace, const struct memory *memory, const struct trace *like) {
    *trace = *like;
    trace->data = buffer_of(memory);
    trace->tick_count = 0;
    buffer_text(&trace->data, "STT1");
    uint32_t quantum;
    memcpy(&quantum, &like->quantum, 4);
    const uint32_t fields[7] = {
        0, like->id_count, like->tick_us, like->rotation, quantum, like->has_velocity, 0};
    for (int i = 0; i < 7; i++)
        buffer_u32(&trace->data, fields[i]);
}

void trace_add_tick(struct trace *trace, uint32_t time_ms, uint32_t count) {
    trace->tick_count++;
    buffer_u32(&trace->data, time_ms);
    buffer_u32(&trace->data, count);
}

void trace_add_record(struct trace *trace, uint16_t id, const uint8_t state[TRACE_STATE]) {
    buffer_u8(&trace->data, (uint8_t)id);
    buffer_u8(&trace->data, (uint8_t)(id >> 8));
    buffer_bytes(&trace->data, bytes_view(state, TRACE_STATE));
}

int trace_end(struct trace *trace) {
    if (trace->data.failed) return SS_ERR_NOMEM;
    for (int i = 0; i < 4; i++)
        trace->data.data[4 + i] = (uint8_t)(trace->tick_count >> 8 * i);
    return SS_OK;
}

static int write_file(const char *path, struct bytes from) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) return SS_ERR_IO;
    bool written = fwrite(from.data, 1, from.size, file) == from.size;
    return fclose(file) == 0 && written ? SS_OK : SS_ERR_IO;
}

int trace_save(const struct trace *trace, const char *path) {
    size_t length = strlen(path);
    if (length < 4 || strcmp(path + length - 4, ".zst") != 0)
        return write_file(path, buffer_view(&trace->data));
    struct buffer packed = buffer_of(trace->data.memory);
    size_t bound = ZSTD_compressBound(trace->data.size);
    uint8_t *room = buffer_room(&packed, bound);
    int status = room ? SS_OK : SS_ERR_NOMEM;
    if (room) {
        size_t size = ZSTD_compress(room, bound, trace->data.data, trace->data.size, 9);
        status = ZSTD_isError(size) ? SS_ERR_NOMEM : write_file(path, bytes_view(room, size));
    }
    buffer_free(&packed);
    return status;
}
