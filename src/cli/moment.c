/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/moment.h"

#include <time.h>

#include "cli/text.h"

int64_t moment_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void ago_print(struct buffer *out, int64_t at_ms) {
    int64_t span = moment_now_ms() - at_ms;
    if (span > -10 && span < 10) {
        buffer_text(out, "just now");
        return;
    }
    if (span < 0) buffer_text(out, "in ");
    span_print(out, (span < 0 ? -span : span) * SS_MILLISECOND);
    if (span > 0) buffer_text(out, " ago");
}

void moment_print(struct buffer *out, int64_t at_ms) {
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm day;
    char text[16];
    localtime_r(&seconds, &day);
    strftime(text, sizeof text, "%H:%M:%S", &day);
    buffer_format(out, "%s.%03d", text, (int)(at_ms % 1000));
}
