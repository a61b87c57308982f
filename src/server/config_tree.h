/* SPDX-License-Identifier: Apache-2.0 */
/* config_tree.h - what was written, before it means anything: texts, lists and maps that remember
 * where they stood. The file, the environment and the command line all end up in one tree. */
#ifndef SERVER_CONFIG_TREE_H
#define SERVER_CONFIG_TREE_H

#include "base/arena.h"
#include "base/log.h"

#define TREE_DEPTH_MAX   8
#define TREE_NODES_MAX   65536
#define TREE_ENTRIES_MAX 2048 /* of one map or list */

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    const char *key;  /* inside a map */
    const char *text; /* of a NODE_TEXT, NUL-terminated, no NUL inside */
    struct node *first, *last, *next;
    size_t count;       /* of a list's or map's entries */
    const char *origin; /* file, variable or setting */
    int line;           /* from 1; 0: the origin has no lines */
};

/* One reading of the configuration: its tree (in `arena`), and where complaints go. */
struct reading {
    const struct memory *memory;
    struct arena arena;
    size_t nodes;
    const struct log_sink *log;
    char *why;
    size_t why_size;
    struct node *root; /* a map */
    bool files;        /* others that the configuration names may be read */
    struct schema_file *schema; /* NULL: none was read (config_schema.h) */
};

/* Writes "ORIGIN:LINE: ..." to `why`. Always SS_ERR_INVALID. `node` NULL: no place to name. */
int reading_refuse(struct reading *reading, const struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Says so in `why`. Always SS_ERR_NOMEM. */
int reading_no_memory(struct reading *reading);
/* A copy in the arena, NULL when out of memory. */
const char *reading_text(struct reading *reading, struct bytes text);

/* Parses YAML into *tree: maps, lists and texts only; no anchors, aliases, tags, duplicate keys or
 * second documents. NULL for an empty document. `lines`: its lines are worth naming. SS_OK,
 * SS_ERR_INVALID, SS_ERR_NOMEM. */
int tree_parse(struct reading *reading, const char *origin, bool lines, struct bytes yaml,
               struct node **tree);
/* The entry of `map` with that key, or NULL. */
struct node *node_child(const struct node *map, const char *key);
/* A `key: ` whose value was left out, or ~ or null. */
bool node_is_empty(const struct node *node);
/* Puts a text (or, when it begins with { or [ and `structured`, what it means as YAML) at the
 * dotted `path`, over what stands there. Maps on the way are made. */
int tree_set(struct reading *reading, const char *path, const char *value, const char *origin,
             bool structured);

/* Puts a text where `keys` lead (they end with NULL, and NULLs within are left out) unless
 * something stands there. */
int tree_offer(struct reading *reading, const char *const keys[4], const char *value,
               const char *origin, int line);

#endif
