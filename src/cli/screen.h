/* SPDX-License-Identifier: Apache-2.0 */
/* screen.h - the demo's match on the terminal: 80 x 24, redrawn whole; or one plain line a second.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "cli/canvas.h"
#include "cli/match.h"

struct screen {
    struct canvas canvas;
    struct buffer text;
    bool color, live; /* live: redraws a terminal; otherwise plain lines */
    size_t axes[2];   /* of the world: shown to the right and down */
    float scale;      /* dots per metre */
};

/* Draws the ground plan from everywhere that anybody ever was. */
void screen_open(struct screen *screen, const struct recording *recording, bool live, bool color);
/* Leaves the terminal as it was. */
void screen_close(struct screen *screen);
void screen_draw(struct screen *screen, const struct match *match, ss_time now);
void screen_line(struct screen *screen, const struct match *match, ss_time now);

#endif
