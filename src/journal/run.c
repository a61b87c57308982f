/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - sorted runs and their merging, as in every external sort: no step sorts more than it
 * read, so none takes long, and the merge yields cells in the order of the table. */
#include <assert.h>
#include <stdlib.h>

#include "base/status.h"
#include "journal/checkpoint.h"

/* The order of SQLite: integers with a sign, texts bytewise. */
int mention_compare(const struct mention *a, const struct mention *b) {
    if (a->world != b->world) return a->world < b->world ? -1 : 1;
    if (a->owner != b->owner) return (int64_t)a->owner < (int64_t)b->owner ? -1 : 1;
    int order = bytes_compare(a->category, b->category);
    return order ? order : bytes_compare(a->key, b->key);
}

static int newest_last(const void *left, const void *right) {
    const struct mention *a = left, *b = right;
    int order = mention_compare(a, b);
    if (order) return order;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static void keep_newest(struct run *run) {
    size_t kept = 0;
    for (size_t i = 0; i < run->count; i++) {
        bool last = i + 1 == run->count;
        if (last || mention_compare(&run->mentions[i], &run->mentions[i + 1]) != 0)
            run->mentions[kept++] = run->mentions[i];
    }
    run->count = kept;
}

static struct bytes moved(struct bytes view, const uint8_t *from, const uint8_t *to) {
    return bytes_view(to + (view.data - from), view.size);
}

static int copy_effects(struct run *run, const struct memory *memory) {
    for (size_t i = 0; i < run->count; i++)
        run->size += run->mentions[i].effect.size;
    run->bytes = memory_alloc(memory, run->size);
    if (run->size && !run->bytes) return SS_ERR_NOMEM;
    uint8_t *to = run->bytes;
    for (size_t i = 0; i < run->count; i++) {
        struct mention *mention = &run->mentions[i];
        const uint8_t *from = mention->effect.data;
        memcpy(to, from, mention->effect.size);
        mention->effect = bytes_view(to, mention->effect.size);
        mention->category = moved(mention->category, from, to);
        mention->key = moved(mention->key, from, to);
        to += mention->effect.size;
    }
    return SS_OK;
}

int run_finish(struct run *run, const struct memory *memory) {
    if (run->count) qsort(run->mentions, run->count, sizeof *run->mentions, newest_last);
    keep_newest(run);
    if (copy_effects(run, memory) == SS_OK) return SS_OK;
    run->size = 0;
    return SS_ERR_NOMEM;
}

void run_free(struct run *run, const struct memory *memory) {
    memory_free(memory, run->mentions, run->capacity * sizeof *run->mentions);
    memory_free(memory, run->bytes, run->size);
    *run = (struct run){0};
}

/* ---- merging ------------------------------------------------------------------------------- */

static struct mention *head(const struct checkpoint *checkpoint, size_t place) {
    struct run *run = &checkpoint->runs[checkpoint->heap[place]];
    assert(run->next < run->count);
    return &run->mentions[run->next];
}

static void sink(struct checkpoint *checkpoint, size_t place) {
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= checkpoint->heap_count) return;
        if (child + 1 < checkpoint->heap_count &&
            newest_last(head(checkpoint, child + 1), head(checkpoint, child)) < 0)
            child++;
        if (newest_last(head(checkpoint, place), head(checkpoint, child)) <= 0) return;
        uint32_t run = checkpoint->heap[place];
        checkpoint->heap[place] = checkpoint->heap[child];
        checkpoint->heap[child] = run;
        place = child;
    }
}

int runs_open(struct checkpoint *checkpoint) {
    int status =
        memory_grow(checkpoint->memory, (void **)&checkpoint->heap, &checkpoint->heap_capacity,
                    checkpoint->run_count, sizeof *checkpoint->heap);
    if (status != SS_OK) return status;
    checkpoint->heap_count = 0;
    for (size_t i = 0; i < checkpoint->run_count; i++)
        if (checkpoint->runs[i].count) checkpoint->heap[checkpoint->heap_count++] = (uint32_t)i;
    for (size_t place = checkpoint->heap_count; place-- > 0;)
        sink(checkpoint, place);
    return SS_OK;
}

static const struct mention *pop(struct checkpoint *checkpoint) {
    struct run *run = &checkpoint->runs[checkpoint->heap[0]];
    checkpoint->moved++;
    const struct mention *first = &run->mentions[run->next++];
    if (run->next == run->count) checkpoint->heap[0] = checkpoint->heap[--checkpoint->heap_count];
    sink(checkpoint, 0);
    return first;
}

/* Runs of one cell come the oldest first. */
const struct mention *runs_next(struct checkpoint *checkpoint) {
    if (checkpoint->heap_count == 0) return NULL;
    const struct mention *newest = pop(checkpoint);
    while (checkpoint->heap_count && mention_compare(newest, head(checkpoint, 0)) == 0)
        newest = pop(checkpoint);
    return newest;
}
