/* SPDX-License-Identifier: Apache-2.0 */
/* tokens.h - what players show: tokens signed with a key that only simulations trust, and the files
 * that a server under test reads. Made once for a process; the same in every one. */
#ifndef SIM_TOKENS_H
#define SIM_TOKENS_H

#include <stdbool.h>

#include "sim/model.h"

enum { PLAYERS_MAX = 64 };

struct tokens {
    char folder[64], config[96], keys[96];
    char *of_player[PLAYERS_MAX + 1]; /* 1 .. PLAYERS_MAX, made when asked for */
    const char *classes[KIND_COUNT];  /* `durability` of each category */
};

/* False: no temporary folder can be made. */
bool tokens_start(struct tokens *tokens);
const char *tokens_of(struct tokens *tokens, unsigned player);
void tokens_stop(struct tokens *tokens);
/* What the categories promise from now on, and the usual configuration with it. */
void tokens_classes(struct tokens *tokens, const enum class classes[KIND_COUNT]);
/* Writes the configuration file anew: `variant` 0 is the usual one, others differ in what a reload
 * may change, and -1 is none that a server takes. */
bool tokens_configure(const struct tokens *tokens, int variant);

#endif
