/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - the messages of proto/ as plain structs, and their codec.
 *
 * Each message is described once, in message_list.h, as a list of fields; the struct, its encoder,
 * the table that decoder and printer walk, and the checks against the struct all come from that
 * list.
 *
 *   proto                     struct
 *   message FooBar            struct foo_bar, its table message_foo_bar
 *   message Foo               struct wire_foo, message_wire_foo (the engine has the short names)
 *   fixed64, uint64           uint64_t          int64   int64_t
 *   uint32, enum              uint32_t          int32   int32_t
 *   bool                      bool              float   float
 *   string, bytes             struct bytes      (a view; strings are checked to be UTF-8)
 *   string in a oneof         struct bytes      (data NULL: absent; else present, even if empty)
 *   message M                 const struct m *  (NULL: absent)
 *   repeated M                struct m_list     {const struct m *items; size_t count;}
 *   repeated string, bytes    struct bytes_list
 *   repeated fixed64, uint64  struct u64_list   (packed and unpacked are read, packed is written)
 *   repeated enum, int32      struct u32_list, struct i32_list
 *   map<string, uint32>       struct counter_list (duplicates are kept, in their order)
 *
 * Field names are the proto's; `delete` and the like stay as they are (this is C). Members of a
 * oneof are plain fields. Unknown fields are skipped; a group, a wrong wire type, a field number 0,
 * a length past the end and a varint without end make the message malformed, as does nesting beyond
 * MESSAGE_DEPTH. A duplicate of a scalar field: the last one stands (proto3); of a message field:
 * merged, as proto3 demands. Defaults are not written. */
#ifndef CODEC_MESSAGE_H
#define CODEC_MESSAGE_H

#include "base/arena.h"
#include "base/bytes.h"

struct counter {
    struct bytes name;
    uint32_t value;
};
struct counter_list {
    const struct counter *items;
    size_t count;
};
struct bytes_list {
    const struct bytes *items;
    size_t count;
};
struct u64_list {
    const uint64_t *items;
    size_t count;
};
struct u32_list {
    const uint32_t *items;
    size_t count;
};
struct i32_list {
    const int32_t *items;
    size_t count;
};

#define MESSAGE_DEPTH 32 /* messages in messages, the outermost counted */

struct message_type; /* the table of one message */

/* The type called `name` in proto/ without its package ("StateSyncRequest"), or NULL. The names are
 * unique, but for reflection, whose v1 and v1alpha are the same. */
const struct message_type *message_find(struct bytes name);
/* Type number `index` of all, NULL at the end. */
const struct message_type *message_at(size_t index);
/* Its name, and the size of its struct. */
const char *message_name(const struct message_type *type);
size_t message_struct_size(const struct message_type *type);

/* Fills the struct `message` (of `type`) from `from`; views point into `from`, lists and
 * submessages lie in `arena`, of which at most `arena_max` bytes are taken. SS_OK, SS_ERR_MALFORMED
 * with a reason naming the field in `why` (may be NULL; it lives as long as the arena's pieces),
 * SS_ERR_TOO_LARGE, SS_ERR_NOMEM. After an error the content of `message` means nothing. */
int message_decode(const struct message_type *type, struct bytes from, void *message,
                   struct arena *arena, size_t arena_max, const char **why);
size_t message_size(const struct message_type *type, const void *message);
/* Appends; check out->failed, which leaves the buffer as long as it was. Decoding what was written
 * gives the same struct. */
void message_encode(const struct message_type *type, const void *message, struct buffer *out);

#include "codec/message_list.h"

#endif
