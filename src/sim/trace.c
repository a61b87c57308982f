/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/trace.h"

#include <ctype.h>
#include <stdarg.h>

#include "base/hash.h"

enum { SHOWN_BYTES = 96 };

static void mix(struct trace *trace, uint64_t value) {
    trace->hash = hash_mix(trace->hash + value + 0x9e3779b97f4a7c15u);
}

static void show(struct trace *trace, struct bytes bytes) {
    for (size_t i = 0; i < bytes.size && i < SHOWN_BYTES; i++)
        fputc(isprint(bytes.data[i]) ? bytes.data[i] : '.', trace->out);
    fputs(bytes.size > SHOWN_BYTES ? "...\n" : "\n", trace->out);
}

static void show_head(struct trace *trace, ss_time now) {
    fprintf(trace->out, "%8lld.%06lld ", (long long)(now / SS_SECOND % 100000),
            (long long)(now % SS_SECOND));
}

void trace_event(struct trace *trace, ss_time now, unsigned who, const char *what, uint64_t a,
                 uint64_t b, struct bytes bytes) {
    static const struct hash_key key = {0x7261636521, 0x73696d};
    trace->events++;
    mix(trace, (uint64_t)now ^ (uint64_t)who << 56);
    mix(trace, hash_bytes(key, bytes_of(what)) + a);
    mix(trace, b);
    if (bytes.size) mix(trace, hash_bytes(key, bytes));
    if (!trace->out) return;
    show_head(trace, now);
    fprintf(trace->out, "#%-3u %-12s %llu %llu  ", who, what, (unsigned long long)a,
            (unsigned long long)b);
    show(trace, bytes);
}

void trace_line(struct trace *trace, ss_time now, const char *format, ...) {
    static const struct hash_key key = {0x6c696e65, 0x73696d};
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    trace->events++;
    mix(trace, (uint64_t)now);
    mix(trace, hash_bytes(key, bytes_of(line)));
    if (!trace->out) return;
    show_head(trace, now);
    fprintf(trace->out, "     %s\n", line);
}

void trace_remark(struct trace *trace, ss_time now, const char *format, ...) {
    va_list arguments;
    if (!trace->out) return;
    show_head(trace, now);
    fputs("     ", trace->out);
    va_start(arguments, format);
    vfprintf(trace->out, format, arguments);
    va_end(arguments);
    fputc('\n', trace->out);
}
