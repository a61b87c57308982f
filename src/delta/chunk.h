/* SPDX-License-Identifier: Apache-2.0 */
/* chunk.h - up to 16 cells of one interest set at one tick, coded against one baseline tick.
 *
 * A chunk depends on nothing but the rows named here, so its bytes can be cached and sent to every
 * client that holds the same ticks. (A model that adapts is the exception: its streams lose
 * nothing.)
 *
 *   chunk      one range-coded block (wire/range.h) of bits, which tells its own length
 *   per cell   live in the base:  same | changed, bytes, lanes | gone    else:  absent | born,
 * lanes bytes      whether any DELTA_BYTE changed; if none did, the lanes are those that are no
 * bytes per lane   the distance from the guess: magnitude class, sign, digits
 */
#ifndef DELTA_CHUNK_H
#define DELTA_CHUNK_H

#include "base/bytes.h"
#include "delta/model.h"
#include "delta/predict.h"
#include "wire/range.h"

#define DELTA_CHUNK_CELLS 16

/* Cells of a chunk at one tick. */
struct delta_frame {
    uint16_t live; /* bit i: cell i exists */
    uint8_t rows[DELTA_CHUNK_CELLS][DELTA_ROW_MAX];
};

/* What both sides must hold. An absent older frame is NULL (and those after it are ignored), an
 * absent base too: then every cell is coded whole. */
struct delta_chunk {
    const struct delta_schema *schema;
    struct delta_model *model; /* written only when it adapts */
    const struct delta_times *times;
    const struct delta_frame *past[TICKS]; /* [TICK_NOW] unused */
    uint8_t cells;                         /* 1-16 */
};

/* Codes `now`. The number of bits written, zeros behind them up to the next byte; 0 when `capacity`
 * bytes are too few. */
size_t delta_encode_chunk(const struct delta_chunk *chunk, const struct delta_frame *now, void *out,
                          size_t capacity);

/* Decodes one chunk that begins `skip` < 8 bits into `from` into `now`; `*used`: how many bits it
 * was. SS_OK, or SS_ERR_MALFORMED (then `now` is garbage): truncated, or not written by an encoder.
 */
int delta_decode_chunk(const struct delta_chunk *chunk, struct bytes from, unsigned skip,
                       struct delta_frame *now, size_t *used);

/* Several chunks in one block, each preceded by whether it changed at all: for streams, whose
 * packets no two receivers share. Between the two calls of a side nothing else may be coded. */
struct delta_block {
    struct range_encoder encoder;
    struct range_decoder decoder;
    unsigned before; /* did the chunk before change */
};
void delta_block_write(struct delta_block *block, void *out, size_t capacity);
void delta_block_put(struct delta_block *block, const struct delta_chunk *chunk,
                     const struct delta_frame *now);
size_t delta_block_end(struct delta_block *block); /* as delta_encode_chunk */
void delta_block_read(struct delta_block *block, struct bytes from);
int delta_block_get(struct delta_block *block, const struct delta_chunk *chunk,
                    struct delta_frame *now);
/* How many bits the block was; 0: truncated. */
size_t delta_block_used(struct delta_block *block);

/* Makes `now` what the chunk's base is (empty without one). */
void delta_chunk_keep(const struct delta_chunk *chunk, struct delta_frame *now);

/* True when nothing changed since the base: such a chunk need not be sent. */
bool delta_chunk_same(const struct delta_chunk *chunk, const struct delta_frame *now);

/* The cells that live now and were not so in the base, bit by bit. */
unsigned delta_chunk_changed(const struct delta_chunk *chunk, const struct delta_frame *now);

/* Told when a cell begins (lane DELTA_LANES_MAX) and after each lane that was coded, so that a
 * benchmark can say where the time goes. */
struct delta_watch {
    void (*lane)(void *context, unsigned lane);
    void *context;
};
/* delta_encode_chunk and delta_decode_chunk, watched. */
size_t delta_encode_watched(const struct delta_chunk *chunk, const struct delta_frame *now,
                            void *out, size_t capacity, const struct delta_watch *watch);
int delta_decode_watched(const struct delta_chunk *chunk, struct bytes from, unsigned skip,
                         struct delta_frame *now, size_t *used, const struct delta_watch *watch);

/* What training sees: each number before it is coded, with the predictor as it stood. */
struct delta_observer {
    void (*lane)(void *context, const struct predictor *predictor, unsigned lane, int64_t number,
                 int64_t wanted, bool mirrored);
    void (*flag)(void *context, unsigned flag, const int16_t *clues, unsigned bit);
    void (*lattice)(void *context, unsigned lane, unsigned base, unsigned bit);
    void *context;
    unsigned last; /* later lanes of a cell are not looked at */
};
/* `before`: as in a block; NULL outside of one. */
void delta_observe_chunk(const struct delta_chunk *chunk, const struct delta_frame *now,
                         const struct delta_observer *observer, unsigned *before);

#endif
