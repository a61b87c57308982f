/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_delta.c - any bytes into the receiving side of the delta codec.
 *
 *   input   u8 profile and mode | item...        item   u16 size, lost ticks << 12 | packet
 * (delta/packet.h)
 *
 * A first byte of 255: the rest is a whole pack (delta/pack.h); 254: a table of a model. */
#include <stddef.h>
#include <stdint.h>

#include "delta/pack.h"

#define IDS               40
#define SIZE_MAX_UNPACKED ((size_t)1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_packets(struct reader *in, struct delta_link *link) {
    while (in->left > 0 && !in->failed) {
        unsigned head = reader_u16(in), gap = head >> 12; /* ticks that were lost */
        struct bytes packet = reader_bytes(in, head & 4095);
        if (!in->failed) (void)delta_packet_decode(link, link->course->tick + gap, packet);
    }
}

static void fuzz_link(unsigned first, struct reader *in) {
    enum delta_profile profile = (enum delta_profile)(first / 2 % PROFILE_COUNT);
    enum delta_mode mode = first % 2 ? DELTA_STREAM : DELTA_ACKED;
    struct delta_schema schema;
    struct course course;
    profile_schema(profile, &schema);
    struct delta_model *model = memory_alloc(&memory_heap, sizeof *model);
    if (model == NULL) return;
    if (delta_model_load(model, &schema, delta_table(profile, mode)) == SS_OK &&
        course_init(&course, &memory_heap, &schema, IDS) == SS_OK) {
        fuzz_packets(in, &(struct delta_link){&schema, model, &course});
        course_free(&course);
    }
    memory_free(&memory_heap, model, sizeof *model);
}

static void fuzz_table(struct bytes table) {
    struct delta_schema schema;
    profile_schema(PROFILE_ARENA, &schema);
    struct delta_model *model = memory_alloc(&memory_heap, sizeof *model);
    if (model) (void)delta_model_load(model, &schema, table);
    memory_free(&memory_heap, model, sizeof *model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct reader in = reader_of(bytes_view(data, size));
    unsigned first = reader_u8(&in);
    struct trace trace;
    if (first == 255) {
        if (delta_unpack(&trace, bytes_view(in.at, in.left), (struct bytes){0}, &memory_heap,
                         SIZE_MAX_UNPACKED) == SS_OK)
            trace_free(&trace);
    } else if (first == 254) {
        fuzz_table(bytes_view(in.at, in.left));
    } else {
        fuzz_link(first, &in);
    }
    return 0;
}
