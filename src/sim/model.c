/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"

const struct kind_rules kind_rules[KIND_COUNT] = {
#define KIND_ROW(name, ...) {__VA_ARGS__},
    KIND_LIST(KIND_ROW)
#undef KIND_ROW
};

static const char *const key_names[KEYS] = {"k0", "k1", "a/b", "50%"};

/* ---- life ---------------------------------------------------------------------------------- */

size_t model_cell_count(const struct model *model) {
    return (size_t)KIND_COUNT * (model->clients + 1) * KEYS;
}

struct cell *model_cell(const struct model *model, enum kind kind, unsigned owner, unsigned key) {
    return &model->cells[((size_t)kind * (model->clients + 1) + owner) * KEYS + key];
}

static void name_cells(struct model *model) {
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        for (unsigned owner = 0; owner <= model->clients; owner++)
            for (unsigned key = 0; key < KEYS; key++) {
                struct cell *cell = model_cell(model, (enum kind)kind, owner, key);
                *cell = (struct cell){.kind = (enum kind)kind, .owner = owner, .key = key};
            }
}

/* Items and what waits for a decision are always kept: their checkers follow them over all lives. */
static void draw_classes(struct model *model, uint64_t seed) {
    struct random random = {hash_mix(seed ^ 0x636c6173)};
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        bool kept = kind == KIND_LOOT || kind == KIND_BAG || kind == KIND_TRADE;
        uint64_t drawn = random_below(&random, 3);
        model->classes[kind] = kept ? CLASS_SYNC : (enum class)drawn;
    }
    model->classes[KIND_POS] = random_below(&random, 4) ? CLASS_MEMORY : CLASS_ASYNC;
    model->classes[KIND_CAS] = random_below(&random, 4) ? CLASS_SYNC : CLASS_ASYNC;
    model->classes[KIND_SUM] = random_below(&random, 4) ? CLASS_SYNC : CLASS_ASYNC;
}

void model_start(struct model *model, unsigned clients, uint64_t seed, const ss_time *now) {
    *model = (struct model){.clients = clients, .life = 1, .now = now};
    model->deltas = hash_mix(seed ^ 0x64656c7461) & 1;
    draw_classes(model, seed);
    model->cells = calloc(model_cell_count(model), sizeof *model->cells);
    if (!model->cells) abort();
    name_cells(model);
}

static void cells_clear(struct model *model) {
    for (size_t i = 0; i < model_cell_count(model); i++) {
        free(model->cells[i].sights);
        free(model->cells[i].knowns);
    }
}

void model_free(struct model *model) {
    cells_clear(model);
    free(model->cells);
    for (uint32_t i = 1; i <= model->op_count; i++)
        free(op_at(model, i)->text);
    free(model->ops);
}

/* What somebody knew before `time`; or since the last loss, when that is later. */
static uint32_t known_at_time(const struct cell *cell, ss_time time) {
    size_t at = cell->known_count;
    while (at > cell->known_lost && cell->knowns[at - 1].time >= time)
        at--;
    if (at == cell->known_lost) return cell->losses ? cell->knowns[at].version : 0;
    return cell->knowns[at - 1].version;
}

static void cell_lose(struct model *model, struct cell *cell, ss_time kept_until) {
    bool empty = model->classes[cell->kind] == CLASS_MEMORY;
    cell->newest = empty ? 0 : known_at_time(cell, kept_until);
    cell->losses++;
    cell->known_lost = cell->known_count;
    cell_note(model, cell, cell->newest);
}

/* Whether a keyed update happened is open again: its key may be lost with its effect. */
static void op_lose(struct op *op) {
    if (op->key_size == 0) return;
    if (op->fate == FATE_REFUSED && op->delete) op->cell->deletes++;
    op->fate = FATE_UNKNOWN;
    op->floor = 0;
}

static bool loses(const struct model *model, const struct cell *cell, ss_time kept_until) {
    if (model->classes[cell->kind] == CLASS_SYNC) return false;
    return model->classes[cell->kind] == CLASS_MEMORY || kept_until != SS_NEVER;
}

void model_restart(struct model *model, ss_time kept_until) {
    if (model->life < LIVES_MAX) model->life++;
    for (size_t i = 0; i < model_cell_count(model); i++)
        if (loses(model, &model->cells[i], kept_until))
            cell_lose(model, &model->cells[i], kept_until);
    for (uint32_t i = 1; i <= model->op_count; i++)
        if (loses(model, op_at(model, i)->cell, kept_until)) op_lose(op_at(model, i));
}

void model_fail(struct model *model, const char *format, ...) {
    if (model->why[0]) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(model->why, sizeof model->why, format, arguments);
    va_end(arguments);
}

/* ---- cells --------------------------------------------------------------------------------- */

void cell_note(struct model *model, struct cell *cell, uint32_t version) {
    if (cell->known_count == cell->known_capacity) {
        cell->known_capacity = cell->known_capacity ? 2 * cell->known_capacity : 16;
        cell->knowns = realloc(cell->knowns, cell->known_capacity * sizeof *cell->knowns);
        if (!cell->knowns) abort();
    }
    cell->knowns[cell->known_count++] = (struct known_at){++model->stamp, *model->now, version};
}

struct cell *model_find(const struct model *model, struct bytes category, uint64_t owner,
                        struct bytes key) {
    if (owner > model->clients) return NULL;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        if (!bytes_equal(category, bytes_of(kind_rules[kind].name))) continue;
        for (unsigned i = 0; i < KEYS; i++)
            if (bytes_equal(key, bytes_of(key_names[i])))
                return model_cell(model, (enum kind)kind, (unsigned)owner, i);
    }
    return NULL;
}

struct bytes cell_key(const struct cell *cell) {
    return bytes_of(key_names[cell->key]);
}

/* Names are made for every check, so printf would be a tenth of a run. */
char *print_text(char *out, const char *text) {
    size_t size = strlen(text);
    memcpy(out, text, size + 1);
    return out + size;
}

char *print_number(char *out, uint32_t number) {
    char digits[12];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
    } while ((number /= 10));
    return print_text(out, digits + at);
}

void cell_print(const struct cell *cell, char out[48]) {
    out = print_text(print_text(out, kind_rules[cell->kind].name), "/");
    out = print_text(print_text(out, key_names[cell->key]), " of ");
    print_number(out, cell->owner);
}

bool cell_readable(const struct cell *cell, unsigned client) {
    const struct kind_rules *rules = &kind_rules[cell->kind];
    return client == 0 || rules->shared || rules->read_any || cell->owner == client;
}

uint32_t cell_known_before(const struct cell *cell, uint64_t stamp) {
    size_t low = 0, high = cell->known_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cell->knowns[middle].stamp < stamp) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low ? cell->knowns[low - 1].version : 0;
}

bool cell_may_vanish(const struct cell *cell) {
    return cell->deletes > 0 || kind_rules[cell->kind].vanishes;
}

/* ---- ops ----------------------------------------------------------------------------------- */

struct op *op_at(const struct model *model, uint32_t number) {
    return &model->ops[number - 1];
}

uint32_t model_op(struct model *model, struct cell *cell, unsigned client) {
    if (model->op_count == model->op_capacity) {
        model->op_capacity = model->op_capacity ? 2 * model->op_capacity : 256;
        model->ops = realloc(model->ops, model->op_capacity * sizeof *model->ops);
        if (!model->ops) abort();
    }
    model->ops[model->op_count++] = (struct op){
        .cell = cell, .client = client, .first_life = model->life, .last_life = model->life};
    return model->op_count;
}

unsigned op_place(uint32_t number) {
    return (unsigned)hash_mix(number) % PLACES;
}

struct bytes op_state(uint32_t number, char out[STATE_MAX]) {
    char *at = print_number(print_text(out, "{\"o\":"), number);
    at = print_number(print_text(at, ",\"x\":"), op_place(number) * PLACES_APART);
    at = print_text(at, ",\"s\":\"");
    size_t letters = number * 7919u % (number % 10 == 0 ? STATE_MAX - 50 : 40);
    unsigned letter = number % 26;
    for (size_t i = 0; i < letters; i++) {
        *at++ = (char)('a' + letter);
        letter = letter == 25 ? 0 : letter + 1;
    }
    return bytes_view(out, (size_t)(print_text(at, "\"}") - out));
}

uint32_t op_of_state(const struct model *model, struct bytes state) {
    static const char head[] = "{\"o\":";
    uint64_t number = 0;
    size_t at = sizeof head - 1, end = at + 10;
    if (state.size < at || memcmp(state.data, head, at) != 0) return 0;
    for (; at < state.size && at < end && state.data[at] >= '0' && state.data[at] <= '9'; at++)
        number = number * 10 + (uint64_t)(state.data[at] - '0');
    if (number == 0 || number > model->op_count) return 0;
    char expected[STATE_MAX];
    return bytes_equal(op_state((uint32_t)number, expected), state) ? (uint32_t)number : 0;
}
