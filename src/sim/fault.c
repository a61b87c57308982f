/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/fault.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
#define FAULT_NAME(name, text, what) text,
    FAULT_LIST(FAULT_NAME)
#undef FAULT_NAME
};

static const char *const helps[] = {
#define FAULT_HELP(name, text, what) what,
    FAULT_LIST(FAULT_HELP)
#undef FAULT_HELP
};

const char *fault_name(enum fault fault) {
    return names[fault];
}

const char *fault_help(enum fault fault) {
    return helps[fault];
}

static bool parse_one(const char *word, size_t size, fault_set *set) {
    bool out = size > 0 && word[0] == '-';
    if (out) word++, size--;
    fault_set found = 0;
    if (size == 3 && memcmp(word, "all", 3) == 0) found = FAULTS_ALL;
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        if (strlen(names[i]) == size && memcmp(names[i], word, size) == 0) found = 1u << i;
    if (found == 0) return size == 4 && memcmp(word, "none", 4) == 0;
    *set = out ? *set & ~found : *set | found;
    return true;
}

bool fault_parse(const char *text, fault_set *set) {
    *set = text[0] == '-' ? FAULTS_ALL : 0;
    for (;;) {
        size_t size = strcspn(text, ",");
        if (!parse_one(text, size, set)) return false;
        if (text[size] == 0) return true;
        text += size + 1;
    }
}

void fault_print(fault_set set, char *out, size_t size) {
    size_t at = 0;
    snprintf(out, size, "%s", set == FAULTS_ALL ? "all" : "none");
    if (set == FAULTS_ALL || set == 0) return;
    for (unsigned i = 0; i < FAULT_COUNT && at < size; i++)
        if (fault_in(set, (enum fault)i))
            at += (size_t)snprintf(out + at, size - at, "%s%s", at ? "," : "", names[i]);
}
