/* SPDX-License-Identifier: Apache-2.0 */
/* Counters that are merged: {"n": 7, "o12": 1, "o31": 1}. Each update adds its amount to n (whose
 * policy is sum) and names itself, so every state tells which updates are in it, and n must be the
 * sum of theirs, whoever merged what with whom. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/model.h"

struct cursor {
    const char *at, *end;
};

/* The next "name": number of a flat object; false at the end. */
static bool next_member(struct cursor *cursor, char name[16], long *number) {
    while (cursor->at < cursor->end && *cursor->at != '"')
        cursor->at++;
    if (cursor->at == cursor->end) return false;
    size_t size = 0;
    for (cursor->at++; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++)
        if (size < 15) name[size++] = *cursor->at;
    name[size] = 0;
    char digits[24] = "";
    size = 0;
    for (; cursor->at < cursor->end && *cursor->at != ',' && *cursor->at != '}'; cursor->at++)
        if (((*cursor->at >= '0' && *cursor->at <= '9') || *cursor->at == '-') && size < 20)
            digits[size++] = *cursor->at;
    *number = strtol(digits, NULL, 10);
    return true;
}

static struct cursor cursor_of(struct bytes state) {
    const char *start = state.size ? (const char *)state.data : "";
    return (struct cursor){start, start + state.size};
}

bool sum_names(struct bytes state, uint32_t op) {
    char wanted[16], name[16];
    long number;
    snprintf(wanted, sizeof wanted, "o%u", op);
    for (struct cursor cursor = cursor_of(state); next_member(&cursor, name, &number);)
        if (strcmp(name, wanted) == 0) return true;
    return false;
}

struct bytes sum_add(uint32_t op, int32_t amount, struct bytes base, char *out, size_t size) {
    char name[16];
    long number, sum = amount;
    for (struct cursor cursor = cursor_of(base); next_member(&cursor, name, &number);)
        if (strcmp(name, "n") == 0) sum += number;
    char *at = out + snprintf(out, size, "{\"n\":%ld", sum);
    for (struct cursor cursor = cursor_of(base); next_member(&cursor, name, &number);)
        if (name[0] == 'o') at = print_text(print_text(print_text(at, ",\""), name), "\":1");
    at = print_text(print_number(print_text(at, ",\"o"), op), "\":1}");
    assert((size_t)(at - out) < size);
    return bytes_view(out, (size_t)(at - out));
}

void check_sum_state(struct model *model, const struct cell *cell, struct bytes state) {
    char name[16], printed[48];
    long number, sum = 0, stated = 0;
    cell_print(cell, printed);
    for (struct cursor cursor = cursor_of(state); next_member(&cursor, name, &number);) {
        if (strcmp(name, "n") == 0) stated = number;
        if (name[0] != 'o') continue;
        uint32_t op = (uint32_t)strtoul(name + 1, NULL, 10);
        if (op == 0 || op > model->op_count || op_at(model, op)->cell != cell) {
            model_fail(model, "%s names %s, which was never sent to it", printed, name);
            return;
        }
        sum += op_at(model, op)->amount;
    }
    if (sum != stated)
        model_fail(model, "%s says %ld, but its updates add up to %ld", printed, stated, sum);
}

void check_sum(struct model *model, const struct cell *cell, struct bytes state) {
    char printed[48];
    cell_print(cell, printed);
    check_sum_state(model, cell, state);
    for (uint32_t i = 1; i <= model->op_count; i++) {
        const struct op *op = op_at(model, i);
        if (op->cell != cell) continue;
        bool named = sum_names(state, i);
        if (named && op->fate == FATE_REFUSED)
            model_fail(model, "update o%u was refused, and yet %s counts it", i, printed);
        if (!named && op->fate == FATE_APPLIED && op->answer_losses == cell->losses)
            model_fail(model, "update o%u was accepted, but %s has lost it", i, printed);
    }
}
