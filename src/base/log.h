/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - where messages for people go: a sink handed in, never a global. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_sink {
    /* One line of text without its newline; borrowed for the call. NULL: nobody listens. */
    void (*write)(void *context, enum log_level level, const char *line);
    void *context;
    enum log_level least; /* below it nothing is formatted */
};

/* Formats one line (cut at 1023 bytes) and hands it to the sink. */
void log_line(const struct log_sink *sink, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
