/* SPDX-License-Identifier: Apache-2.0 */
/* Records of hidden fields are left out; only the sizes of the messages around them change. */
#include "payload/schema_redact.h"

#include "base/status.h"
#include "payload/schema_state.h"

struct redacting {
    const struct schema *schema;
    enum schema_audience most; /* that the reader may see */
    struct buffer *out;
};

static void message_redact(const struct redacting *in, uint32_t parent, struct bytes from,
                           unsigned depth) {
    struct reader reader = reader_of(from);
    struct protobuf_field field;
    const char *error;
    uint32_t hint = 0;
    while (protobuf_next(&reader, &field, &error)) {
        uint32_t at = schema_step(in->schema, parent, field.number, &hint);
        const struct schema_node *node = at == SCHEMA_NONE ? NULL : &in->schema->nodes[at];
        if (node && node->audience > in->most) continue;
        bool enter = node && node->hidden && node->type == SCHEMA_MESSAGE &&
                     field.type == PROTOBUF_LEN && depth < SCHEMA_DEPTH_MAX;
        if (node && node->hidden && node->type == SCHEMA_MESSAGE && !enter) continue;
        if (!enter) {
            buffer_bytes(in->out, field.raw);
            continue;
        }
        size_t start = in->out->size;
        message_redact(in, at, protobuf_content(&field), depth + 1);
        schema_record_wrap(in->out, start, node->number);
    }
}

int schema_redact(const struct format_rules *rules, struct bytes state, enum format_reader reader,
                  struct buffer *out) {
    struct redacting in = {rules->schema, SCHEMA_FOR_ANY, out};
    if (reader == READER_OWNER) in.most = SCHEMA_FOR_TEAM;
    if (reader == READER_SERVER) in.most = SCHEMA_FOR_SERVER;
    message_redact(&in, 0, state, 1);
    return out->failed ? SS_ERR_NOMEM : SS_OK;
}
