/* SPDX-License-Identifier: Apache-2.0 */
#include "server/token.h"

#include "base/status.h"

#define TOKEN_HEAD  7 /* kind and world */
#define PAGE_SIZE   (TOKEN_HEAD + 16 + 8)
#define RESUME_SIZE (TOKEN_HEAD + 8 + 8)

static struct writer token_begin(struct token *token, uint8_t kind, uint64_t world) {
    struct writer writer = writer_of(token->data, sizeof token->data);
    writer_u8(&writer, kind);
    writer_u32(&writer, (uint32_t)world);
    writer_u16(&writer, (uint16_t)(world >> 32));
    return writer;
}

static void token_end(struct token *token, struct writer *writer, struct hash_key key) {
    writer_u64(writer, hash_bytes(key, bytes_view(writer->data, writer->size)));
    token->size = writer->size;
}

struct token token_page(struct hash_key key, uint64_t world, struct snapshot_position position) {
    struct token token = {.size = 0};
    struct writer writer = token_begin(&token, 'P', world);
    writer_u64(&writer, position.at);
    writer_u32(&writer, position.owner);
    writer_u32(&writer, position.cell);
    token_end(&token, &writer, key);
    return token;
}

struct token token_resume(struct hash_key key, uint64_t world, uint64_t seq) {
    struct token token = {.size = 0};
    struct writer writer = token_begin(&token, 'R', world);
    writer_u64(&writer, seq);
    token_end(&token, &writer, key);
    return token;
}

static int token_open(struct hash_key key, uint64_t world, struct bytes token, uint8_t kind,
                      size_t size, struct reader *reader) {
    if (token.size != size || token.data[0] != kind) return SS_ERR_MALFORMED;
    struct reader check = reader_of(bytes_view(token.data + size - 8, 8));
    *reader = reader_of(bytes_view(token.data + 1, size - 9));
    uint64_t named = reader_u32(reader);
    named |= (uint64_t)reader_u16(reader) << 32;
    if (reader_u64(&check) != hash_bytes(key, bytes_view(token.data, size - 8)))
        return SS_ERR_STALE;
    return named == world ? SS_OK : SS_ERR_STALE;
}

int token_read_page(struct hash_key key, uint64_t world, struct bytes token,
                    struct snapshot_position *position) {
    struct reader reader;
    int status = token_open(key, world, token, 'P', PAGE_SIZE, &reader);
    if (status != SS_OK) return status;
    position->at = reader_u64(&reader);
    position->owner = reader_u32(&reader);
    position->cell = reader_u32(&reader);
    return SS_OK;
}

int token_read_resume(struct hash_key key, uint64_t world, struct bytes token, uint64_t *seq) {
    struct reader reader;
    int status = token_open(key, world, token, 'R', RESUME_SIZE, &reader);
    if (status != SS_OK) return status;
    *seq = reader_u64(&reader);
    return SS_OK;
}
