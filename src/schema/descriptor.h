/* SPDX-License-Identifier: Apache-2.0 */
/* descriptor.h - what protoc wrote: a FileDescriptorSet, read with our own cursors.
 *
 * Only what a field table needs is kept; names are views into the bytes given, which must outlive
 * the set. Whatever the bytes, they are read or refused. */
#ifndef SCHEMA_DESCRIPTOR_H
#define SCHEMA_DESCRIPTOR_H

#include "base/arena.h"
#include "base/table.h"
#include "payload/schema.h"
#include "schema/option.h"

#define DESCRIPTOR_BYTES_MAX ((size_t)16 << 20)

struct field_descriptor {
    struct bytes name;
    uint32_t number;
    enum schema_type type;
    uint32_t label;         /* 1 optional, 2 required, 3 repeated */
    struct bytes type_name; /* ".game.Vec3" */
    bool in_oneof, proto3_optional, has_default;
    uint32_t oneof; /* index, when in_oneof */
    struct field_rules rules;
    uint32_t place;                     /* among its siblings in the text, from 0 */
    uint32_t line;                      /* in its file, 0: not known */
    struct message_descriptor *message; /* of type_name, when it is a message */
};

struct message_descriptor {
    struct bytes name, full_name; /* "Vec3", "game.Vec3" */
    const struct file_descriptor *file;
    struct field_descriptor *fields; /* ascending by number */
    size_t field_count;
    struct message_descriptor *nested, *next; /* `next`: in the same message or file */
    struct message_descriptor *all;           /* the next one of the set */
    bool map_entry;
    struct message_rules rules;
    uint32_t line;
};

struct file_descriptor {
    struct bytes name, package;
    bool proto3;
    struct message_descriptor *messages;
    struct file_descriptor *next;
};

struct descriptor_set {
    struct arena arena;
    struct file_descriptor *files;       /* the last one first */
    struct message_descriptor *messages; /* all of them, through `all`, in the order of the set */
    struct message_descriptor **by_index;
    struct table index; /* full name -> by_index */
};

/* Reads a set. Mistakes are appended to `complaints`, a line each. SS_OK; SS_ERR_INVALID: no
 * descriptor set, or one of a shape that cannot be served; SS_ERR_NOMEM. Needs descriptor_free in
 * any case. */
int descriptor_read(struct descriptor_set *set, const struct memory *memory, struct bytes from,
                    struct buffer *complaints);
void descriptor_free(struct descriptor_set *set);

/* The message of that full name, with or without a dot in front; NULL. */
struct message_descriptor *descriptor_find(const struct descriptor_set *set, struct bytes name);

/* Appends "game.proto:14: game.Position.x: " and the text as a line; `field` may be NULL. */
void descriptor_complain(struct buffer *complaints, const struct message_descriptor *message,
                         const struct field_descriptor *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
