/* SPDX-License-Identifier: Apache-2.0 */
/* The common head and tail are copied. Between them the new state is walked once, and at each place
 * two kinds of candidates are weighed: the base at the cursor (an edit that kept its size), and
 * what an index of the base finds under a hash of the next four bytes.
 *
 * Bytes repeat, above all in JSON, and the right repetition is nearly always the one that follows
 * in the base. So an index entry leads to the places of a hash in ascending order, and those that
 * the cursor has passed are dropped from it, all but the last: looking there costs the walk as many
 * steps as there are places, however often it looks. */
#include "payload/patch_match.h"

#include "base/status.h"

#define NONE       UINT32_MAX
#define UNIT       4   /* bytes that are hashed */
#define GAIN_MIN   3   /* bytes saved that are worth an operation */
#define BEHIND     32  /* how far behind the cursor a place still counts */
#define TRIES      4   /* candidates weighed under one hash */
#define NEAR       512 /* places that are indexed on the stack */
#define NEAR_BITS  8
#define PLACES_MAX (1u << 16) /* of larger bases every second, third ... place is indexed */
#define MARGIN     256        /* indexed around what changed, and four times what is new */
#define PATIENCE   6          /* misses are stepped over faster after each 1 << PATIENCE */

struct match {
    struct bytes base, next;
    struct buffer *out;
    size_t cursor;  /* in the base, as the reader of the patch has it */
    size_t literal; /* next[literal .. at) is still to be inserted */
    size_t at, end;

    size_t first; /* place i of the index is base[first + i * stride] */
    uint32_t stride, count;
    unsigned bits;
    uint32_t *heads, *links;
};

struct found {
    size_t place, start, size; /* base[place..] == next[start..], `size` bytes */
    ptrdiff_t gain;
};

static uint32_t load(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint32_t hash_of(const struct match *match, const uint8_t *at) {
    return load(at) * 2654435761u >> (32 - match->bits);
}

/* ---- index --------------------------------------------------------------------------------- */

static size_t place_of(const struct match *match, uint32_t index) {
    return match->first + (size_t)index * match->stride;
}

/* Built from the last place to the first, so that each list ascends. */
static void index_fill(struct match *match) {
    memset(match->heads, 0xff, sizeof *match->heads << match->bits);
    for (uint32_t i = match->count; i-- > 0;) {
        uint32_t hash = hash_of(match, match->base.data + place_of(match, i));
        match->links[i] = match->heads[hash];
        match->heads[hash] = i;
    }
}

static void index_size(struct match *match, size_t head, size_t tail) {
    size_t margin = (match->end - match->at) * 4 + MARGIN;
    size_t last = tail + margin < match->base.size ? tail + margin : match->base.size;
    match->first = head > margin ? head - margin : 0;
    size_t places = last - match->first >= UNIT ? last - match->first - UNIT + 1 : 0;
    match->stride = (uint32_t)(places / PLACES_MAX) + 1;
    match->count = (uint32_t)(places / match->stride);
    match->bits = NEAR_BITS;
    while (match->bits < 14 && (1u << match->bits) < match->count)
        match->bits++;
}

/* The list of a hash without what the cursor has passed. */
static uint32_t index_seek(struct match *match, const uint8_t *at, size_t cursor) {
    uint32_t *head = &match->heads[hash_of(match, at)];
    while (*head != NONE && match->links[*head] != NONE && place_of(match, *head) + BEHIND < cursor)
        *head = match->links[*head];
    return *head;
}

/* ---- candidates ---------------------------------------------------------------------------- */

static size_t common(const uint8_t *a, const uint8_t *b, size_t most) {
    size_t size = 0;
    while (size + 8 <= most && memcmp(a + size, b + size, 8) == 0)
        size += 8;
    while (size < most && a[size] == b[size])
        size++;
    return size;
}

static size_t jump_cost(size_t from, size_t to) {
    size_t distance = from < to ? to - from : from - to;
    return distance ? varint_size((uint64_t)distance << 1) : 0;
}

/* Weighs base[place..] against next[at..], taking literals before it along. */
static void weigh(const struct match *match, size_t place, struct found *best) {
    const uint8_t *base = match->base.data, *next = match->next.data;
    size_t left = match->base.size - place, most = match->end - match->at;
    struct found found = {place, match->at, 0, 0};
    found.size = common(base + place, next + match->at, left < most ? left : most);
    if (found.size < UNIT) return;
    while (found.start > match->literal && found.place > 0 &&
           base[found.place - 1] == next[found.start - 1])
        found.start--, found.place--, found.size++;
    size_t cursor = match->cursor + (found.start - match->literal);
    found.gain = (ptrdiff_t)found.size - 1 - (ptrdiff_t)jump_cost(cursor, found.place);
    if (found.gain > best->gain) *best = found;
}

static struct found search(struct match *match) {
    struct found best = {0};
    size_t cursor = match->cursor + (match->at - match->literal);
    const uint8_t *at = match->next.data + match->at;
    if (match->end - match->at < UNIT) return best;
    if (cursor < match->base.size) weigh(match, cursor, &best);
    uint32_t index = match->count ? index_seek(match, at, cursor) : NONE;
    for (int i = 0; i < TRIES && index != NONE; i++, index = match->links[index]) {
        size_t place = place_of(match, index);
        if (place != cursor && load(match->base.data + place) == load(at))
            weigh(match, place, &best);
    }
    return best;
}

/* ---- the walk ------------------------------------------------------------------------------ */

static void put_literal(struct match *match, size_t to) {
    size_t size = to - match->literal;
    patch_put_insert(match->out, bytes_view(match->next.data + match->literal, size));
    match->cursor += size;
    match->literal = to;
}

/* Copies that follow each other are told as one. */
static void put_copy(struct match *match, size_t place, size_t size) {
    if (size == 0) return;
    bool moves = place != match->cursor;
    patch_put_op(match->out, size, moves ? PATCH_MOVE : PATCH_COPY);
    if (moves) {
        uint64_t distance = (uint64_t)place - (uint64_t)match->cursor;
        buffer_varint(match->out, distance << 1 ^ -(distance >> 63));
    }
    match->cursor = place + size;
    match->literal += size;
}

static void walk(struct match *match) {
    size_t misses = 0;
    while (match->at < match->end) {
        struct found found = search(match);
        if (found.gain < GAIN_MIN) {
            match->at += 1 + (misses++ >> PATIENCE);
            continue;
        }
        misses = 0;
        put_literal(match, found.start);
        put_copy(match, found.place, found.size);
        match->at = match->literal;
    }
    match->at = match->end;
}

static int walk_indexed(struct match *match) {
    uint32_t near[NEAR + (1u << NEAR_BITS)];
    size_t heads = (size_t)1 << match->bits, size = (heads + match->count) * sizeof *near;
    uint32_t *block = size <= sizeof near ? near : memory_alloc(match->out->memory, size);
    if (!block) return SS_ERR_NOMEM;
    match->heads = block;
    match->links = block + heads;
    index_fill(match);
    walk(match);
    if (block != near) memory_free(match->out->memory, block, size);
    return SS_OK;
}

int patch_match(struct bytes base, struct bytes next, struct buffer *out) {
    size_t less = base.size < next.size ? base.size : next.size;
    size_t head = common(base.data, next.data, less), tail = 0;
    while (tail < less - head && base.data[base.size - tail - 1] == next.data[next.size - tail - 1])
        tail++;
    struct match match = {
        .base = base, .next = next, .out = out, .at = head, .end = next.size - tail};
    put_copy(&match, 0, head);
    index_size(&match, head, base.size - tail);
    int status = match.end > head ? walk_indexed(&match) : SS_OK;
    put_literal(&match, match.end);
    put_copy(&match, base.size - tail, tail);
    return status;
}
