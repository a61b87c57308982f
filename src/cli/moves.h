/* SPDX-License-Identifier: Apache-2.0 */
/* moves.h - what the players of the demo write, and when they get into each other's way. */
#ifndef CLI_MOVES_H
#define CLI_MOVES_H

#include "cli/match.h"

/* What an update on its way was: its tag. */
enum tag { TAG_POSITION, TAG_RED, TAG_BLUE, TAG_TRADE, TAG_DAMAGED };

/* Everybody's position of the recording's tick at hand; the next tick is taken. */
void move_positions(struct match *match, ss_time now);
/* Everybody scores at once: the first to arrive is no conflict, the others are. */
void move_scores(struct match *match, ss_time now);
/* Two players take the same thing at once. */
void move_trades(struct match *match, ss_time now);

#endif
