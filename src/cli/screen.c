/* SPDX-License-Identifier: Apache-2.0 */
/* screen.c - every frame is composed in one buffer and written at once, so nothing flickers.
 *
 *     title                                                      1
 *     map 40 x 13, what the watcher sees  |  players and rates   2 .. 15
 *     conflicts, decisions, the score                            16 .. 19
 *     what happened last, in words                               20 .. 23
 *     how to end it                                              24 */
#include "cli/screen.h"

#include <stdio.h>

#include "cli/paint.h"
#include "cli/text.h"

#define WIDTH 80

static void put_rule(struct screen *screen, const char *joint) {
    struct buffer *out = &screen->text;
    buffer_text(out, ink(screen->color, INK_DIM));
    for (size_t i = 0; i < WIDTH; i++)
        buffer_text(out, i == CANVAS_COLUMNS + 1 ? joint : "─");
    buffer_format(out, "%s\n", ink(screen->color, INK_PLAIN));
}

/* ---- the map ------------------------------------------------------------------------------- */

static void dot_of(const struct screen *screen, const struct recording *recording,
                   const float position[3], int *x, int *y) {
    size_t right = screen->axes[0], down = screen->axes[1];
    float wide = (recording->high[right] - recording->low[right]) * screen->scale;
    float tall = (recording->high[down] - recording->low[down]) * screen->scale;
    *x = (int)((position[right] - recording->low[right]) * screen->scale +
               ((float)CANVAS_WIDTH - wide) / 2);
    *y = (int)((position[down] - recording->low[down]) * screen->scale +
               ((float)CANVAS_HEIGHT - tall) / 2);
}

/* The two widest axes of the world lie in the plane of the map, the wider one to the right. */
static void choose_axes(struct screen *screen, const struct recording *recording) {
    float span[3];
    size_t least = 0, most = 0;
    for (size_t i = 0; i < 3; i++) {
        span[i] = recording->high[i] - recording->low[i];
        if (span[i] < span[least]) least = i;
        if (span[i] >= span[most]) most = i;
    }
    if (least == most) least = (most + 1) % 3;
    screen->axes[0] = most;
    screen->axes[1] = 3 - least - most;
    float by_width = (float)(CANVAS_WIDTH - 1) / (span[screen->axes[0]] + 0.001f);
    float by_height = (float)(CANVAS_HEIGHT - 1) / (span[screen->axes[1]] + 0.001f);
    screen->scale = by_width < by_height ? by_width : by_height;
}

static void draw_ground(struct screen *screen, const struct recording *recording) {
    struct trace_tick tick;
    for (size_t offset = 0; trace_next(&recording->trace, &offset, &tick);)
        for (size_t i = 0; i < tick.count; i++) {
            const uint8_t *record = record_at(&tick, i);
            float position[3];
            int x, y;
            if (!recording_plays(recording, record)) continue;
            state_position(record_state(record), position);
            dot_of(screen, recording, position, &x, &y);
            canvas_ground(&screen->canvas, x, y);
        }
}

static void draw_players(struct screen *screen, const struct match *match) {
    canvas_wipe(&screen->canvas);
    for (size_t i = 0; i < match->count; i++) {
        const struct match_player *player = &match->players[i];
        size_t count = player->seen < MATCH_TRAIL ? player->seen : MATCH_TRAIL;
        int x = 0, y = 0;
        for (size_t k = count; k-- > 0;) {
            const float *at = player->trail[(player->seen - 1 - k) % MATCH_TRAIL];
            dot_of(screen, match->recording, at, &x, &y);
            canvas_dot(&screen->canvas, x, y, (uint8_t)i);
        }
        if (count) canvas_letter(&screen->canvas, x, y, (char)('1' + i), (uint8_t)i);
    }
}

/* ---- beside the map ------------------------------------------------------------------------ */

static double milliseconds(const struct histogram *histogram, double at) {
    return (double)histogram_at(histogram, at) / 1000;
}

static void put_player(struct screen *screen, const struct match *match, size_t index) {
    const struct match_player *player = &match->players[index];
    const struct histogram *latency = &player->link.latency;
    struct buffer *out = &screen->text;
    char cable[16];
    snprintf(cable, sizeof cable, "%d-%d", (int)(player->delay / 1000),
             (int)((player->delay + player->jitter) / 1000));
    buffer_format(out, "%s%zu%s %7s %4.0f %4.0f %6u %5.1f %4.1f", ink_player(screen->color, index),
                  index + 1, ink(screen->color, INK_PLAIN), cable, milliseconds(latency, 0.5),
                  milliseconds(latency, 0.99), player->link.server_latency, player->in_rate / 1000,
                  player->out_rate / 1000);
}

static void put_spark(struct screen *screen, const struct match *match) {
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double most = 1;
    for (size_t i = 0; i < MATCH_SPARK; i++)
        if (match->spark[i] > most) most = match->spark[i];
    buffer_text(&screen->text, ink(screen->color, INK_GOOD));
    for (size_t i = MATCH_SPARK - 16; i < MATCH_SPARK; i++)
        buffer_text(&screen->text, bars[(int)(match->spark[i] / most * 7.0 + 0.5)]);
    buffer_text(&screen->text, ink(screen->color, INK_PLAIN));
}

static void put_all(struct screen *screen, const struct match *match) {
    struct histogram all;
    match_latency(match, &all);
    buffer_format(&screen->text, "%sall    p50 %.0f   p90 %.0f   p99 %.0f ms%s",
                  ink(screen->color, INK_BOLD), milliseconds(&all, 0.5), milliseconds(&all, 0.9),
                  milliseconds(&all, 0.99), ink(screen->color, INK_PLAIN));
}

/* The row beside row `row` of the map. */
static void put_side(struct screen *screen, const struct match *match, size_t row) {
    struct buffer *out = &screen->text;
    const char *dim = ink(screen->color, INK_DIM), *plain = ink(screen->color, INK_PLAIN);
    if (row == 0) {
        buffer_format(out, "%s#   cable  p50  p99 server    in  out%s", dim, plain);
    } else if (row == 1) {
        buffer_format(out, "%s       ms   ms   ms     ms  kB/s kB/s%s", dim, plain);
    } else if (row < 2 + MATCH_PLAYERS) {
        if (row - 2 < match->count) put_player(screen, match, row - 2);
    } else if (row == 10) {
        put_all(screen, match);
    } else if (row == 11) {
        buffer_format(out, "%.0f versions/s ", match->version_rate);
        put_spark(screen, match);
    } else {
        buffer_text(out, "server in ");
        size_print(out, match->in_rate);
        buffer_text(out, "/s, out ");
        size_print(out, match->out_rate);
        buffer_text(out, "/s");
    }
}

/* ---- below the map ------------------------------------------------------------------------- */

static void put_count(struct screen *screen, uint64_t count, const char *what) {
    buffer_format(&screen->text, "  %s%llu%s %s", count ? ink(screen->color, INK_BOLD) : "",
                  (unsigned long long)count, count ? ink(screen->color, INK_PLAIN) : "", what);
}

static void put_name(struct screen *screen, const char *name) {
    buffer_format(&screen->text, "%s%-10s%s", ink(screen->color, INK_NAME), name,
                  ink(screen->color, INK_PLAIN));
}

static void put_conflicts(struct screen *screen, const struct match *match) {
    put_name(screen, "conflicts");
    for (uint32_t type = 1; type < CONFLICT_KINDS; type++)
        put_count(screen, match->conflicts[type], conflict_brief_word(type));
    buffer_u8(&screen->text, '\n');
    put_name(screen, "settled");
    put_count(screen, match->settled[RESOLUTION_STRATEGY_MERGE], "merged");
    put_count(screen, match->settled[RESOLUTION_STRATEGY_KEEP_OLD], "kept old");
    uint64_t decided = 0;
    for (size_t i = 0; i < STRATEGY_KINDS; i++)
        decided += match->decided[i];
    put_count(screen, decided, "decided by the watcher");
    put_count(screen, match->parked, "waiting");
    buffer_u8(&screen->text, '\n');
}

static void put_score(struct screen *screen, const struct match *match) {
    const struct mirror_cell *cell =
        mirror_find(&match->mirror, 0, bytes_of("score"), bytes_of("match"));
    put_name(screen, "score");
    buffer_text(&screen->text, "  ");
    if (cell) state_print(&screen->text, buffer_view(&cell->state), 40);
    buffer_format(&screen->text, "  %s(answered: red %llu, blue %llu)%s\n",
                  ink(screen->color, INK_DIM), (unsigned long long)match->red,
                  (unsigned long long)match->blue, ink(screen->color, INK_PLAIN));
}

static void put_stories(struct screen *screen, const struct match *match, ss_time now) {
    for (size_t i = 0; i < MATCH_STORIES; i++) {
        const struct match_story *story = &match->stories[i];
        struct bytes text = text_cut(bytes_of(story->text), WIDTH - 8);
        const char *paint = i == 0 ? "" : ink(screen->color, INK_DIM);
        if (story->text[0])
            buffer_format(&screen->text, "%s%4.0f s  %.*s%s", paint,
                          (double)(now - story->at) / (double)SS_SECOND, (int)text.size,
                          (const char *)text.data, ink(screen->color, INK_PLAIN));
        buffer_u8(&screen->text, '\n');
    }
}

/* ---- whole --------------------------------------------------------------------------------- */

static void put_title(struct screen *screen, const struct match *match, ss_time now) {
    ss_time span = time_max(now - match->start, 0) / SS_SECOND;
    char left[96], right[16];
    snprintf(left, sizeof left, "statesync  %zu players of a real match, one server, slow cables",
             match->count);
    snprintf(right, sizeof right, "%d:%02d", (int)(span / 60), (int)(span % 60));
    buffer_format(&screen->text, "%s%-*s%*s%s\n", ink(screen->color, INK_BOLD), WIDTH - 8, left, 8,
                  right, ink(screen->color, INK_PLAIN));
}

/* Lines go to the terminal with what was there before wiped off their ends; the last has no end, so
 * that nothing scrolls. */
static void show(struct screen *screen) {
    struct bytes left = buffer_view(&screen->text);
    fputs("\x1b[H", stdout);
    while (left.size) {
        const uint8_t *end = memchr(left.data, '\n', left.size);
        size_t size = end ? (size_t)(end - left.data) : left.size;
        fwrite(left.data, 1, size, stdout);
        fputs(end ? "\x1b[K\n" : "\x1b[K", stdout);
        left.data += size + (end != NULL);
        left.size -= size + (end != NULL);
    }
    fflush(stdout);
}

void screen_draw(struct screen *screen, const struct match *match, ss_time now) {
    buffer_clear(&screen->text);
    draw_players(screen, match);
    put_title(screen, match, now);
    put_rule(screen, "┬");
    for (size_t row = 0; row < CANVAS_ROWS; row++) {
        canvas_print(&screen->canvas, row, screen->color, &screen->text);
        buffer_format(&screen->text, " %s│%s ", ink(screen->color, INK_DIM),
                      ink(screen->color, INK_PLAIN));
        put_side(screen, match, row);
        buffer_u8(&screen->text, '\n');
    }
    put_rule(screen, "┴");
    put_conflicts(screen, match);
    put_score(screen, match);
    put_stories(screen, match, now);
    buffer_format(&screen->text,
                  "%sThe map is what a subscriber sees. Ctrl-C ends with a summary.%s",
                  ink(screen->color, INK_DIM), ink(screen->color, INK_PLAIN));
    show(screen);
}

void screen_line(struct screen *screen, const struct match *match, ss_time now) {
    struct buffer *out = &screen->text;
    struct histogram all;
    match_latency(match, &all);
    buffer_clear(out);
    buffer_format(out, "%3d s  %3.0f versions/s  p50 %.0f p99 %.0f ms  in ",
                  (int)((now - match->start) / SS_SECOND), match->version_rate,
                  milliseconds(&all, 0.5), milliseconds(&all, 0.99));
    size_print(out, match->in_rate);
    buffer_text(out, "/s out ");
    size_print(out, match->out_rate);
    buffer_text(out, "/s  conflicts");
    for (uint32_t type = 1; type < CONFLICT_KINDS; type++)
        if (match->conflicts[type])
            buffer_format(out, " %llu %s,", (unsigned long long)match->conflicts[type],
                          conflict_brief_word(type));
    buffer_format(out, " %llu waiting\n", (unsigned long long)match->parked);
    text_write(out, stdout);
    fflush(stdout);
}

void screen_open(struct screen *screen, const struct recording *recording, bool live, bool color) {
    memset(screen, 0, sizeof *screen);
    screen->text = buffer_of(&memory_heap);
    screen->live = live;
    screen->color = color;
    if (!live) return;
    choose_axes(screen, recording);
    draw_ground(screen, recording);
    fputs("\x1b[?1049h\x1b[?25l\x1b[2J", stdout);
    fflush(stdout);
}

void screen_close(struct screen *screen) {
    if (screen->live) fputs("\x1b[?25h\x1b[?1049l", stdout);
    fflush(stdout);
    screen->live = false;
    buffer_free(&screen->text);
}
