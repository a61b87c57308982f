/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the format, the second the cap on the output; the rest is a frame to open,
 * and content to compress and open again. */
#include <stdlib.h>

#include "base/status.h"
#include "codec/compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good) {
    if (!good) abort();
}

static void check_round_trip(enum compression type, struct bytes content) {
    struct buffer frame = buffer_of(&memory_heap), out = buffer_of(&memory_heap);
    check(compress_frame(type, content, &frame) == SS_OK);
    check(decompress_frame(type, buffer_view(&frame), content.size, &out) == SS_OK);
    check(bytes_equal(buffer_view(&out), content));
    buffer_free(&frame);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    enum compression type = (enum compression)(data[0] % 5);
    size_t size_max = (size_t)1 << (data[1] % 18);
    struct bytes rest = bytes_view(data + 2, size - 2);
    struct buffer out = buffer_of(&memory_heap);
    int status = decompress_frame(type, rest, size_max, &out);
    check(out.size <= size_max && (status == SS_OK || out.size == 0));
    check((status == SS_ERR_UNSUPPORTED) == ((unsigned)type == 4));
    check(out.capacity <= 2 * size_max + 8192);
    buffer_free(&out);
    if (status != SS_ERR_UNSUPPORTED) check_round_trip(type, rest);
    return 0;
}
