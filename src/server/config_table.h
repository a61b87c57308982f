/* SPDX-License-Identifier: Apache-2.0 */
/* config_table.h - the settings outside the categories: one row each, which reads, prints and frees
 * it. */
#ifndef SERVER_CONFIG_TABLE_H
#define SERVER_CONFIG_TABLE_H

#include "server/config.h"
#include "server/config_value.h"

enum setting_kind {
    SETTING_TEXT,     /* char * */
    SETTING_OPTIONAL, /* char *, "none" for NULL */
    SETTING_DOOR,     /* char *, an address, "none" for NULL */
    SETTING_WORD,     /* one of `words`, kept as an int */
    SETTING_NAME,     /* one of `words`, kept as char * */
    SETTING_NUMBER,   /* uint32_t in low..high */
    SETTING_LARGE,    /* uint64_t in low..high */
    SETTING_WORLDS    /* world_names and world_count */
};

struct setting {
    struct config_setting shown;
    enum setting_kind kind;
    size_t offset; /* in struct config */
    uint64_t low, high;
    const struct word *words;
};

/* The rows, the last one with shown.path NULL. */
extern const struct setting settings_table[];

/* The row of a dotted path, NULL when there is none. */
const struct setting *settings_find(const char *path);
/* Is `name` what stands before the dot of some path? */
bool settings_has_section(const char *name);
/* The row whose path with _ for . is `name`, in lower case ("listen_grpc"); NULL: none. */
const struct setting *settings_by_variable(const char *name);
/* The known path that looks most like `path`, "" when none does. */
const char *settings_nearest(const char *path);

#endif
