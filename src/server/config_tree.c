/* SPDX-License-Identifier: Apache-2.0 */
/* The events of libyaml become nodes in an arena. Events instead of libyaml's documents because
 * aliases (the billion laughs), depth and number can be refused as they come. A list of open maps
 * and lists is all the state there is:
 *
 *   open[0] root map    open[1] categories    open[2] inventory    <- the next entry goes here
 */
#include "server/config_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#include "base/status.h"

struct builder {
    struct reading *reading;
    const char *origin;
    bool lines; /* of the origin have numbers */
    struct node *open[TREE_DEPTH_MAX];
    size_t depth;
    struct node *tree;
    const char *key; /* of the map on top, waiting for its value */
    int key_line;
    size_t documents;
};

int reading_refuse(struct reading *reading, const struct node *node, const char *format, ...) {
    char text[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (node && node->line > 0) {
        snprintf(reading->why, reading->why_size, "%s:%d: %s", node->origin, node->line, text);
    } else {
        snprintf(reading->why, reading->why_size, "%s%s%s", node ? node->origin : "",
                 node ? ": " : "", text);
    }
    return SS_ERR_INVALID;
}

int reading_no_memory(struct reading *reading) {
    snprintf(reading->why, reading->why_size, "out of memory while reading the configuration");
    return SS_ERR_NOMEM;
}

const char *reading_text(struct reading *reading, struct bytes text) {
    char *copy = arena_alloc(&reading->arena, text.size + 1);
    if (!copy) return NULL;
    if (text.size) memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

/* ---- nodes --------------------------------------------------------------------------------- */

struct node *node_child(const struct node *map, const char *key) {
    if (!map || map->kind != NODE_MAP) return NULL;
    for (struct node *entry = map->first; entry; entry = entry->next)
        if (strcmp(entry->key, key) == 0) return entry;
    return NULL;
}

bool node_is_empty(const struct node *node) {
    return node->kind == NODE_TEXT &&
           (strcmp(node->text, "") == 0 || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}

static void node_append(struct node *parent, struct node *entry) {
    if (parent->last) {
        parent->last->next = entry;
    } else {
        parent->first = entry;
    }
    parent->last = entry;
    parent->count++;
}

static struct node *node_create(struct reading *reading, enum node_kind kind, const char *origin,
                                int line) {
    struct node *node = arena_alloc(&reading->arena, sizeof *node);
    if (node) *node = (struct node){.kind = kind, .origin = origin, .line = line};
    return node;
}

/* ---- YAML ---------------------------------------------------------------------------------- */

static int line_of(const struct builder *builder, size_t line) {
    return builder->lines ? (int)line + 1 : 0;
}

static int build_refuse(struct builder *builder, size_t line, const char *what) {
    struct node place = {.origin = builder->origin, .line = line_of(builder, line)};
    return reading_refuse(builder->reading, &place, "%s", what);
}

/* Puts a node where it belongs: under the key that waits, into the list, or at the root. */
static int build_place(struct builder *builder, struct node *node) {
    if (builder->depth == 0) {
        builder->tree = node;
        return SS_OK;
    }
    struct node *parent = builder->open[builder->depth - 1];
    if (parent->count == TREE_ENTRIES_MAX)
        return reading_refuse(builder->reading, node, "more than %d entries in one list or map",
                              TREE_ENTRIES_MAX);
    if (parent->kind == NODE_MAP && node_child(parent, builder->key))
        return reading_refuse(builder->reading, node,
                              "\"%.64s\" is given twice here; keep one of them", builder->key);
    if (parent->kind == NODE_MAP) {
        node->key = builder->key;
        node->line = builder->key_line;
    }
    builder->key = NULL;
    node_append(parent, node);
    return SS_OK;
}

static int build_text(struct builder *builder, const yaml_event_t *event) {
    struct reading *reading = builder->reading;
    struct bytes raw = bytes_view(event->data.scalar.value, event->data.scalar.length);
    size_t line = event->start_mark.line;
    if (raw.size && memchr(raw.data, 0, raw.size))
        return build_refuse(builder, line, "a NUL byte inside a text");
    const char *text = reading_text(reading, raw);
    if (!text) return reading_no_memory(reading);
    bool in_map = builder->depth > 0 && builder->open[builder->depth - 1]->kind == NODE_MAP;
    if (in_map && !builder->key) {
        builder->key = text;
        builder->key_line = line_of(builder, line);
        return SS_OK;
    }
    struct node *node = node_create(reading, NODE_TEXT, builder->origin, line_of(builder, line));
    if (!node) return reading_no_memory(reading);
    node->text = text;
    return build_place(builder, node);
}

static int build_open(struct builder *builder, const yaml_event_t *event, enum node_kind kind) {
    struct node *top = builder->depth ? builder->open[builder->depth - 1] : NULL;
    size_t line = event->start_mark.line;
    if (top && top->kind == NODE_MAP && !builder->key)
        return build_refuse(builder, line, "a key must be a plain text");
    if (builder->depth == TREE_DEPTH_MAX)
        return build_refuse(builder, line,
                            "nested too deeply; nothing here needs more than 5 levels");
    struct node *node =
        node_create(builder->reading, kind, builder->origin, line_of(builder, line));
    if (!node) return reading_no_memory(builder->reading);
    int status = build_place(builder, node);
    if (status == SS_OK) builder->open[builder->depth++] = node;
    return status;
}

static bool has_anchor_or_tag(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT: return event->data.scalar.anchor || event->data.scalar.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor || event->data.mapping_start.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor || event->data.sequence_start.tag;
    default: return event->type == YAML_ALIAS_EVENT;
    }
}

static int build_event(struct builder *builder, const yaml_event_t *event) {
    size_t line = event->start_mark.line;
    if (has_anchor_or_tag(event))
        return build_refuse(
            builder, line,
            "anchors (&), aliases (*) and tags (!) are not taken here; write the value "
            "out, or put it in quotes");
    if (++builder->reading->nodes > TREE_NODES_MAX)
        return build_refuse(builder, line, "too many entries in this file");
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->documents++ == 0) return SS_OK;
        return build_refuse(builder, line, "a second document (---); one file holds one");
    case YAML_SCALAR_EVENT: return build_text(builder, event);
    case YAML_MAPPING_START_EVENT: return build_open(builder, event, NODE_MAP);
    case YAML_SEQUENCE_START_EVENT: return build_open(builder, event, NODE_LIST);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: builder->depth--; return SS_OK;
    default: return SS_OK;
    }
}

static int parse_refuse(struct builder *builder, const yaml_parser_t *parser) {
    if (parser->error == YAML_MEMORY_ERROR) return reading_no_memory(builder->reading);
    char what[256];
    snprintf(what, sizeof what, "not YAML: %s%s%s",
             parser->problem ? parser->problem : "unreadable", parser->context ? ", " : "",
             parser->context ? parser->context : "");
    return build_refuse(builder, parser->problem_mark.line, what);
}

int tree_parse(struct reading *reading, const char *origin, bool lines, struct bytes yaml,
               struct node **tree) {
    struct builder builder = {.reading = reading, .origin = origin, .lines = lines};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return reading_no_memory(reading);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, yaml.data, yaml.size);
    int status = SS_OK;
    for (bool end = false; status == SS_OK && !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = parse_refuse(&builder, &parser);
            break;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        status = build_event(&builder, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    *tree = builder.tree;
    return status;
}

/* ---- settings over the file ---------------------------------------------------------------- */

static struct node *map_enter(struct reading *reading, struct node *map, struct bytes key,
                              const char *origin) {
    const char *name = reading_text(reading, key);
    if (!name) return NULL;
    struct node *entry = node_child(map, name);
    if (entry) return entry;
    entry = node_create(reading, NODE_MAP, origin, 0);
    if (!entry) return NULL;
    entry->key = name;
    node_append(map, entry);
    return entry;
}

static void become_empty_map(struct node *node) {
    node->kind = NODE_MAP;
    node->text = NULL;
}

int tree_set(struct reading *reading, const char *path, const char *value, const char *origin,
             bool structured) {
    struct node *at = reading->root;
    for (const char *part = path;;) {
        size_t size = strcspn(part, ".");
        if (at->kind == NODE_TEXT && node_is_empty(at)) become_empty_map(at);
        if (at->kind != NODE_MAP)
            return reading_refuse(reading, at, "%s is given, but this is no map of keys", path);
        at = map_enter(reading, at, bytes_view(part, size), origin);
        if (!at) return reading_no_memory(reading);
        if (!part[size]) break;
        part += size + 1;
    }
    struct node *written = NULL;
    if (structured && (*value == '{' || *value == '[')) {
        int status = tree_parse(reading, origin, false, bytes_of(value), &written);
        if (status != SS_OK) return status;
    }
    const char *key = at->key;
    struct node *next = at->next;
    *at = written ? *written : (struct node){.kind = NODE_TEXT, .text = value, .origin = origin};
    at->key = key;
    at->next = next;
    return SS_OK;
}

int tree_offer(struct reading *reading, const char *const keys[4], const char *value,
               const char *origin, int line) {
    struct node *at = reading->root;
    bool fresh = false;
    for (size_t i = 0; i < 4 && keys[i]; i++) {
        if (at->kind == NODE_TEXT && node_is_empty(at)) become_empty_map(at);
        if (at->kind != NODE_MAP) return SS_OK; /* complained about where it is read */
        fresh = !node_child(at, keys[i]);
        at = map_enter(reading, at, bytes_of(keys[i]), origin);
        if (!at) return reading_no_memory(reading);
        if (fresh) at->line = line;
    }
    if (!fresh) return SS_OK;
    at->kind = NODE_TEXT;
    at->text = value;
    return SS_OK;
}
