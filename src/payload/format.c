/* SPDX-License-Identifier: Apache-2.0 */
#include "payload/format.h"

#include <stdarg.h>
#include <stdio.h>

const struct format *format_find(const char *name) {
    static const struct format *const formats[] = {&format_opaque, &format_json, &format_protobuf};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i]->name, name) == 0) return formats[i];
    return NULL;
}

static const char *const policy_names[] = {"lww", "keep",  "max",    "min",
                                           "sum", "union", "manual", "reject"};

const char *merge_policy_name(enum merge_policy policy) {
    return policy_names[policy];
}

bool merge_policy_find(const char *name, enum merge_policy *policy) {
    for (size_t i = 0; i < sizeof policy_names / sizeof *policy_names; i++) {
        if (strcmp(policy_names[i], name) != 0) continue;
        *policy = (enum merge_policy)i;
        return true;
    }
    return false;
}

/* A text that was cut must not end in half a character: it may travel as a string of protobuf. */
void reason_set(struct reason *reason, const char *format, ...) {
    if (!reason) return;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
    size_t end = strlen(reason->text);
    if (size < 0 || (size_t)size == end) return;
    while (end > 0 && !bytes_utf8(bytes_view(reason->text, end)) && sizeof reason->text - end < 4)
        reason->text[--end] = '\0';
}
