/* SPDX-License-Identifier: Apache-2.0 */
/* Every comparison is written so that a NaN breaks the invariant. */
#include "payload/invariant.h"

#include <float.h>
#include <math.h>

#include "base/status.h"

static bool numeric(const struct numbers *numbers, uint32_t watch) {
    return numbers->numeric >> watch & 1;
}

static int bounds_check(const struct format_rules *rules, uint32_t watch,
                        const struct numbers *next, struct reason *why) {
    const struct rule_watch *rule = &rules->watches[watch];
    if (!(next->present >> watch & 1)) return SS_OK;
    if (!numeric(next, watch)) {
        reason_set(why, "%s is no number", rules_path(rules, watch));
        return SS_ERR_INVALID;
    }
    double value = next->at[watch].value;
    if (value >= rule->low && value <= rule->high && isfinite(value)) return SS_OK;
    reason_set(why, "%s is %g, allowed is %g to %g", rules_path(rules, watch), value, rule->low,
               rule->high);
    return SS_ERR_INVALID;
}

static int monotone_check(const struct format_rules *rules, uint32_t watch,
                          const struct numbers *previous, const struct numbers *next,
                          struct reason *why) {
    if (!previous || !numeric(previous, watch)) return SS_OK;
    if (!numeric(next, watch)) {
        reason_set(why, "%s is a number no more", rules_path(rules, watch));
        return SS_ERR_INVALID;
    }
    const struct number *before = &previous->at[watch], *after = &next->at[watch];
    if (isnan(before->value)) return SS_OK;
    if (!isnan(after->value) && number_compare(after, before) >= 0) return SS_OK;
    reason_set(why, "%s fell from %g to %g", rules_path(rules, watch), before->value, after->value);
    return SS_ERR_INVALID;
}

/* The position in doubles, exactly as stated; false when an axis is no finite number. */
static bool position(const struct format_rules *rules, const struct numbers *numbers,
                     double place[3]) {
    for (size_t i = 0; i < 3; i++) {
        uint32_t watch = rules->axes[i];
        place[i] = 0;
        if (watch == RULES_NONE) continue;
        if (!numeric(numbers, watch) || !isfinite(numbers->at[watch].value)) return false;
        place[i] = numbers->at[watch].value;
    }
    return true;
}

static int speed_check(const struct format_rules *rules, const struct numbers *previous,
                       const struct numbers *next, ss_time span, struct reason *why) {
    double from[3], to[3];
    if (rules->max_speed <= 0 || !previous || !position(rules, previous, from)) return SS_OK;
    if (!position(rules, next, to)) {
        reason_set(why, "the position is gone");
        return SS_ERR_INVALID;
    }
    double x = to[0] - from[0], y = to[1] - from[1], z = to[2] - from[2];
    double distance = sqrt(x * x + y * y + z * z);
    double seconds = span > 0 ? (double)span / (double)SS_SECOND : 0;
    if (distance <= rules->max_speed * seconds) return SS_OK;
    reason_set(why, "moved %g m in %g s, max_speed is %g m/s", distance, seconds, rules->max_speed);
    return SS_ERR_INVALID;
}

int invariant_check(const struct format_rules *rules, const struct numbers *previous,
                    const struct numbers *next, ss_time span, struct reason *why) {
    for (uint32_t watch = 0; watch < rules->watch_count; watch++) {
        const struct rule_watch *rule = &rules->watches[watch];
        int status = rule->bounded ? bounds_check(rules, watch, next, why) : SS_OK;
        if (status == SS_OK && rule->monotone)
            status = monotone_check(rules, watch, previous, next, why);
        if (status != SS_OK) return status;
    }
    return speed_check(rules, previous, next, span, why);
}

int invariant_locate(const struct format_rules *rules, const struct numbers *numbers,
                     float coordinates[3]) {
    double place[3];
    bool declared = false;
    if (!position(rules, numbers, place)) return SS_ERR_NOT_FOUND;
    for (size_t i = 0; i < 3; i++) {
        declared |= rules->axes[i] != RULES_NONE;
        if (!(fabs(place[i]) <= FLT_MAX)) return SS_ERR_NOT_FOUND;
    }
    if (!declared) return SS_ERR_NOT_FOUND;
    for (size_t i = 0; i < 3; i++)
        coordinates[i] = (float)place[i];
    return SS_OK;
}
