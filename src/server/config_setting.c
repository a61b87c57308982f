/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults are texts that go through the same door as the file's, so a row cannot have a default
 * that its own reader would refuse. */
#include "server/config_setting.h"

#include <stdio.h>

#include "base/status.h"
#include "server/config_value.h"
#include "server/config_worlds.h"

char *config_text(const struct memory *memory, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = memory_alloc(memory, size);
    if (copy) memcpy(copy, text, size);
    return copy;
}

void config_text_free(const struct memory *memory, const char *text) {
    if (text) memory_free(memory, (void *)text, strlen(text) + 1);
}

static void *setting_place(const struct setting *setting, const struct config *config) {
    return (char *)config + setting->offset;
}

static int wrong_type(struct reading *reading, const struct setting *setting,
                      const struct node *node) {
    const char *found = node->kind == NODE_MAP    ? "a map"
                        : node->kind == NODE_LIST ? "a list"
                                                  : "text";
    return reading_refuse(reading, node, "%s is %s; want %s, like %s", setting->shown.path, found,
                          setting->shown.type,
                          *setting->shown.value ? setting->shown.value : "one plain value");
}

/* ---- one value ----------------------------------------------------------------------------- */

static int store_text(struct reading *reading, const struct setting *setting, struct config *config,
                      const char *text) {
    char **place = setting_place(setting, config);
    char *copy = text ? config_text(reading->memory, text) : NULL;
    if (text && !copy) return reading_no_memory(reading);
    config_text_free(reading->memory, *place);
    *place = copy;
    return SS_OK;
}

static int read_door(struct reading *reading, const struct setting *setting, struct config *config,
                     const struct node *node) {
    if (strcmp(node->text, "none") == 0) return store_text(reading, setting, config, NULL);
    if (!value_address(node->text))
        return reading_refuse(reading, node,
                              "%s \"%.80s\" is no address; want HOST:PORT like 127.0.0.1:7350, "
                              "[::1]:7350 or :7350, or none",
                              setting->shown.path, node->text);
    return store_text(reading, setting, config, node->text);
}

static int read_word(struct reading *reading, const struct setting *setting, struct config *config,
                     const struct node *node) {
    int value;
    if (!value_word(setting->words, node->text, &value))
        return reading_refuse(reading, node, "%s \"%.80s\" is not known; want one of %s",
                              setting->shown.path, node->text, setting->shown.type);
    if (setting->kind == SETTING_NAME) return store_text(reading, setting, config, node->text);
    memcpy(setting_place(setting, config), &value, sizeof value);
    return SS_OK;
}

static int read_number(struct reading *reading, const struct setting *setting,
                       struct config *config, const struct node *node) {
    uint64_t value;
    if (!value_number(node->text, &value) || value < setting->low || value > setting->high)
        return reading_refuse(reading, node,
                              "%s \"%.80s\" is out of range; want a number from %llu to %llu",
                              setting->shown.path, node->text, (unsigned long long)setting->low,
                              (unsigned long long)setting->high);
    if (setting->kind == SETTING_LARGE) {
        memcpy(setting_place(setting, config), &value, sizeof value);
    } else {
        uint32_t narrow = (uint32_t)value;
        memcpy(setting_place(setting, config), &narrow, sizeof narrow);
    }
    return SS_OK;
}

/* ---- the table walked ---------------------------------------------------------------------- */

static int setting_read(struct reading *reading, const struct setting *setting,
                        struct config *config, const struct node *node) {
    bool list = setting->kind == SETTING_WORLDS;
    if (node->kind == NODE_MAP || (node->kind == NODE_LIST && !list))
        return wrong_type(reading, setting, node);
    if (node_is_empty(node))
        return reading_refuse(reading, node, "%s has no value; want %s, or leave the key out",
                              setting->shown.path, setting->shown.type);
    switch (setting->kind) {
    case SETTING_TEXT: return store_text(reading, setting, config, node->text);
    case SETTING_OPTIONAL:
        return store_text(reading, setting, config,
                          strcmp(node->text, "none") == 0 ? NULL : node->text);
    case SETTING_DOOR: return read_door(reading, setting, config, node);
    case SETTING_WORD:
    case SETTING_NAME: return read_word(reading, setting, config, node);
    case SETTING_NUMBER:
    case SETTING_LARGE: return read_number(reading, setting, config, node);
    case SETTING_WORLDS: return worlds_read(reading, config, node);
    }
    return SS_OK;
}

int settings_default(struct reading *reading, struct config *config) {
    for (const struct setting *row = settings_table; row->shown.path; row++) {
        struct node value = {.kind = NODE_TEXT, .text = row->shown.value, .origin = "default"};
        int status = *row->shown.value ? setting_read(reading, row, config, &value) : SS_OK;
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

static int unknown_key(struct reading *reading, const struct node *node, const char *path) {
    const char *near = settings_nearest(path);
    return reading_refuse(reading, node, "%.128s is not a setting; %s%s%s", path,
                          *near ? "did you mean " : "see `statesync help serve` for all of them",
                          near, *near ? "?" : "");
}

static int read_section(struct reading *reading, struct config *config,
                        const struct node *section) {
    if (node_is_empty(section)) return SS_OK;
    if (section->kind != NODE_MAP)
        return reading_refuse(reading, section, "%s holds keys; want %s: { KEY: VALUE, ... }",
                              section->key, section->key);
    for (const struct node *entry = section->first; entry; entry = entry->next) {
        char path[128];
        snprintf(path, sizeof path, "%s.%s", section->key, entry->key);
        const struct setting *row = settings_find(path);
        int status =
            row ? setting_read(reading, row, config, entry) : unknown_key(reading, entry, path);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

/* A file that names doors means these and no others. */
static int close_unnamed_doors(struct reading *reading, struct config *config) {
    const struct node *listen = node_child(reading->root, "listen");
    if (!listen || listen->line == 0 || listen->kind != NODE_MAP) return SS_OK;
    for (const struct setting *row = settings_table; row->shown.path; row++) {
        if (strncmp(row->shown.path, "listen.", 7) != 0 || node_child(listen, row->shown.path + 7))
            continue;
        int status = store_text(reading, row, config, NULL);
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

int settings_read(struct reading *reading, struct config *config) {
    for (const struct node *entry = reading->root->first; entry; entry = entry->next) {
        if (strcmp(entry->key, "categories") == 0) continue;
        const struct setting *row = settings_find(entry->key);
        int status = row                                ? setting_read(reading, row, config, entry)
                     : settings_has_section(entry->key) ? read_section(reading, config, entry)
                                                        : unknown_key(reading, entry, entry->key);
        if (status != SS_OK) return status;
    }
    return close_unnamed_doors(reading, config);
}

void settings_free(struct config *config) {
    for (const struct setting *row = settings_table; row->shown.path; row++) {
        switch (row->kind) {
        case SETTING_TEXT:
        case SETTING_OPTIONAL:
        case SETTING_DOOR:
        case SETTING_NAME:
            config_text_free(config->memory, *(char **)setting_place(row, config));
            break;
        case SETTING_WORLDS: worlds_free(config); break;
        default: break;
        }
    }
}

/* ---- reading them back --------------------------------------------------------------------- */

void setting_print(const struct setting *setting, const struct config *config, char *text,
                   size_t size) {
    const void *place = setting_place(setting, config);
    const char *words;
    switch (setting->kind) {
    case SETTING_TEXT:
    case SETTING_OPTIONAL:
    case SETTING_DOOR:
    case SETTING_NAME:
        words = *(char *const *)place;
        snprintf(text, size, "%s", words ? words : "none");
        break;
    case SETTING_WORD:
        for (const struct word *word = setting->words; word->text; word++)
            if (word->value == *(const int *)place) snprintf(text, size, "%s", word->text);
        break;
    case SETTING_NUMBER: snprintf(text, size, "%u", *(const uint32_t *)place); break;
    case SETTING_LARGE:
        snprintf(text, size, "%llu", (unsigned long long)*(const uint64_t *)place);
        break;
    case SETTING_WORLDS: worlds_print(config, text, size); break;
    }
}

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool setting_same(const struct setting *setting, const struct config *a, const struct config *b) {
    const void *left = setting_place(setting, a), *right = setting_place(setting, b);
    switch (setting->kind) {
    case SETTING_WORD: return memcmp(left, right, sizeof(int)) == 0;
    case SETTING_NUMBER: return memcmp(left, right, sizeof(uint32_t)) == 0;
    case SETTING_LARGE: return memcmp(left, right, sizeof(uint64_t)) == 0;
    case SETTING_WORLDS: return worlds_same(a, b);
    default: return same_text(*(char *const *)left, *(char *const *)right);
    }
}

const struct node *settings_node(const struct reading *reading, const char *path) {
    const char *dot = strchr(path, '.');
    for (const struct node *entry = reading->root->first; entry; entry = entry->next) {
        if (!dot && strcmp(entry->key, path) == 0) return entry;
        if (dot && strlen(entry->key) == (size_t)(dot - path) &&
            strncmp(entry->key, path, (size_t)(dot - path)) == 0)
            return node_child(entry, dot + 1);
    }
    return NULL;
}
