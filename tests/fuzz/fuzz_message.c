/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the message, the rest are its bytes. What is accepted must be stable:
 * encoding it has the size foretold, decodes again, and encodes to the same bytes; and it can be
 * printed. */
#include <stdlib.h>

#include "base/status.h"
#include "codec/message.h"
#include "codec/printer.h"

#define ARENA_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any_message {
    max_align_t align;
    uint8_t room[1024];
};

static void check(bool good) {
    if (!good) abort();
}

static void check_stable(const struct message_type *type, const union any_message *message,
                         struct arena *arena) {
    union any_message again;
    struct buffer first = buffer_of(&memory_heap), second = buffer_of(&memory_heap);
    message_encode(type, message, &first);
    check(first.size == message_size(type, message));
    check(message_decode(type, buffer_view(&first), &again, arena, 2 * ARENA_MAX, NULL) == SS_OK);
    message_encode(type, &again, &second);
    check(bytes_equal(buffer_view(&first), buffer_view(&second)));
    buffer_clear(&second);
    message_print(type, message, &second, first.size % 2 ? PRINT_TEXT : 0);
    check(!first.failed && !second.failed);
    buffer_free(&first);
    buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const struct message_type *type = message_at(data[0]);
    if (!type) return 0;
    union any_message message;
    check(message_struct_size(type) <= sizeof message);
    struct arena arena = arena_of(&memory_heap, 4096);
    const char *why = NULL;
    int status =
        message_decode(type, bytes_view(data + 1, size - 1), &message, &arena, ARENA_MAX, &why);
    check((status == SS_ERR_MALFORMED) == (why != NULL));
    if (status == SS_OK) check_stable(type, &message, &arena);
    arena_free(&arena);
    return 0;
}
