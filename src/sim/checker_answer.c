/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer to an update may say, and what its sender knows from then on. */
#include <stdio.h>

#include "sim/model.h"

#define RESOURCE_EXHAUSTED 8

static void name_op(uint32_t number, const struct op *op, char out[64]) {
    cell_print(op->cell, print_text(print_number(print_text(out, "o"), number), " to "));
}

/* ---- the same key, the same answer --------------------------------------------------------- */

static void check_repeat(struct model *model, uint32_t number, struct op *op,
                         const struct state_sync_response *answer) {
    char name[64];
    name_op(number, op, name);
    if (op->first_result == 0 || op->answer_losses != op->cell->losses) {
        op->first_result = answer->result;
        op->answer_losses = op->cell->losses;
        op->version = answer->current_version;
        return;
    }
    if (op->first_result == answer->result && op->version == answer->current_version) return;
    model_fail(model, "%s: answered with result %u, version %u, and again with %u, %u", name,
               op->first_result, op->version, answer->result, answer->current_version);
}

/* ---- what stands --------------------------------------------------------------------------- */

static struct sight *sight_of(const struct cell *cell, uint32_t version) {
    for (size_t i = cell->sight_count; i-- > 0;)
        if (cell->sights[i].version == version) return &cell->sights[i];
    return NULL;
}

static void look(struct model *model, const struct question *question,
                 const struct state_sync_response *answer, struct bytes state, bool has_state,
                 uint32_t floor) {
    const struct op *op = op_at(model, question->op);
    char name[64];
    name_op(question->op, op, name);
    struct view view = {.client = question->client,
                        .cell = op->cell,
                        .version = answer->current_version,
                        .deleted = answer->deleted,
                        .has_state = has_state && !answer->deleted,
                        .state = state,
                        .life = answer->replayed ? op->first_life : question->life,
                        .floor = floor,
                        .where = name};
    check_view(model, &view);
    if (!model->lean) check_clock(model, op->cell, answer->current_version, answer->vector_clock);
}

/* ---- results ------------------------------------------------------------------------------- */

static void note_predecessor(struct op *op, const struct state_sync_response *answer) {
    struct sight *sight = sight_of(op->cell, answer->current_version);
    if (!sight || (answer->conflict && answer->conflict->type) || answer->replayed) return;
    if (op->delete &&op->expected == 0) return; /* perhaps there was nothing to delete */
    sight->expected = op->expected;
    sight->created = !op->delete &&op->expected == 0;
}

static void answer_success(struct model *model, const struct question *question, struct op *op,
                           const struct state_sync_response *answer) {
    char text[STATE_MAX], name[64];
    name_op(question->op, op, name);
    struct bytes state = answer->state_data;
    bool shown = !question->omit_state;
    op->fate = FATE_APPLIED;
    if (op->forbidden) model_fail(model, "%s was accepted without a right to it", name);
    bool met = answer->conflict && answer->conflict->type;
    if (met && kind_rules[op->cell->kind].locking && op->cell->kind != KIND_SUM)
        model_fail(model, "%s met a conflict and was accepted all the same", name);
    if (op->delete != answer->deleted)
        model_fail(model, "%s: accepted, but the answer says %s", name,
                   answer->deleted ? "deleted" : "live");
    if (op->cell->kind != KIND_SUM && !op->delete) {
        state = op_state(question->op, text);
        if (shown && !bytes_equal(state, answer->state_data))
            model_fail(model, "%s: accepted, but another state stands", name);
        shown = true;
    } else if (!op->delete &&shown && !sum_names(state, question->op)) {
        model_fail(model, "%s: accepted, but its part is missing from the merge", name);
    }
    if (!op->delete &&op->expected >= answer->current_version)
        model_fail(model, "%s: expected version %u, from the future of %u, and was accepted", name,
                   op->expected, answer->current_version);
    if (!op->delete &&answer->current_version <= op->floor)
        model_fail(model, "%s: accepted as version %u, though %u was known before it was sent",
                   name, answer->current_version, op->floor);
    if (!op->delete &&!answer->replayed && answer->current_version <= question->highest)
        model_fail(model, "%s: accepted as version %u, though %u was given before a restart", name,
                   answer->current_version, question->highest);
    look(model, question, answer, state, shown, op->floor);
    note_predecessor(op, answer);
}

static void refuse(struct op *op) {
    if (op->fate == FATE_UNKNOWN && op->delete) op->cell->deletes--;
    if (op->fate != FATE_UNKNOWN) return;
    op->fate = FATE_REFUSED;
    op->refused_losses = op->cell->losses;
}

static void answer_conflict(struct model *model, const struct question *question, struct op *op,
                            const struct state_sync_response *answer) {
    const struct conflict_info *conflict = answer->conflict;
    char name[64];
    name_op(question->op, op, name);
    if (!conflict) {
        if (!model->lean) model_fail(model, "%s: a conflict that says nothing of it", name);
        if (op->attempts == 1) refuse(op);
        return;
    }
    if (conflict->type == CONFLICT_TYPE_VERSION_MISMATCH && !op->must_not_exist &&
        !op->with_clock && !answer->replayed && op->expected &&
        op->expected == answer->current_version)
        model_fail(model, "%s: version %u was expected and stands, and yet it is a mismatch", name,
                   op->expected);
    if (conflict->type)
        look(model, question, answer, answer->state_data, !question->omit_state && !answer->deleted,
             answer->replayed ? op->floor : question->floor);
    if (conflict->conflict_id.size) {
        if (!conflict->requires_manual_resolution)
            model_fail(model, "%s: parked, but nobody is asked to decide", name);
        if (op->fate == FATE_UNKNOWN) op->fate = FATE_PARKED;
        snprintf(op->conflict_id, sizeof op->conflict_id, "%.*s", (int)conflict->conflict_id.size,
                 (const char *)conflict->conflict_id.data);
    } else if (op->cell->kind == KIND_WISH && !conflict->type) {
        if (op->fate == FATE_UNKNOWN) op->fate = FATE_OPEN;
    } else {
        refuse(op);
    }
}

static void answer_stale(struct model *model, const struct question *question, struct op *op,
                         const struct state_sync_response *answer) {
    char name[64];
    name_op(question->op, op, name);
    if (op->expected == 0 && !op->with_clock && op->cell->kind != KIND_SUM)
        model_fail(model, "%s: stale, though it expected nothing", name);
    if (answer->current_version)
        look(model, question, answer, answer->state_data, !question->omit_state && !answer->deleted,
             answer->replayed ? op->floor : question->floor);
    refuse(op);
}

bool question_stands(const struct model *model, const struct question *question) {
    return question->losses == op_at(model, question->op)->cell->losses;
}

void check_answer(struct model *model, const struct question *question,
                  const struct state_sync_response *answer) {
    struct op *op = op_at(model, question->op);
    char name[64];
    name_op(question->op, op, name);
    model->checks++;
    bool judged = answer->result >= SYNC_RESULT_SUCCESS && answer->result <= SYNC_RESULT_STALE;
    if (judged == (answer->request_id == 0))
        model_fail(model, "%s: result %u with request_id %llu", name, answer->result,
                   (unsigned long long)answer->request_id);
    if (judged) check_repeat(model, question->op, op, answer);
    switch (answer->result) {
    case SYNC_RESULT_SUCCESS: answer_success(model, question, op, answer); break;
    case SYNC_RESULT_CONFLICT: answer_conflict(model, question, op, answer); break;
    case SYNC_RESULT_STALE: answer_stale(model, question, op, answer); break;
    case SYNC_RESULT_ERROR:
    case SYNC_RESULT_RATE_LIMITED:
        /* Sent more than once, another attempt may have been heard. */
        if (op->attempts == 1) refuse(op);
        break;
    default: model_fail(model, "%s: answered with result %u", name, answer->result);
    }
}

/* ---- atomic batches ------------------------------------------------------------------------ */

static void batch_refused(struct model *model, const struct question *questions, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (op_at(model, questions[i].op)->attempts == 1) refuse(op_at(model, questions[i].op));
}

void check_batch(struct model *model, const struct question *questions, size_t count,
                 const struct state_sync_response *answer) {
    bool whole = answer->result == SYNC_RESULT_SUCCESS;
    bool error = answer->result == SYNC_RESULT_ERROR;
    for (size_t i = 0; error && i < answer->results.count; i++)
        if (answer->results.items[i].result == SYNC_RESULT_SUCCESS)
            model_fail(model, "batch of o%u: an error, but update %zu succeeded", questions[0].op,
                       i);
    /* An error is not remembered: the same batch may succeed when it is sent again. */
    if (error || (answer->results.count == 0 && !whole)) {
        batch_refused(model, questions, count);
        return;
    }
    if (answer->results.count != count) {
        model_fail(model, "batch of o%u: %zu answers to %zu updates", questions[0].op,
                   answer->results.count, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct state_sync_response *member = &answer->results.items[i];
        if ((member->result == SYNC_RESULT_SUCCESS) != whole)
            if (whole || member->result == SYNC_RESULT_SUCCESS)
                model_fail(model, "batch of o%u: result %u, but update %zu has %u", questions[0].op,
                           answer->result, i, member->result);
        check_answer(model, &questions[i], member);
    }
}
