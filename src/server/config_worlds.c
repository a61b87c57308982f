/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_worlds.h"

#include <stdio.h>

#include "base/status.h"
#include "server/config_setting.h"

#define WORLD_NAME_MAX 64

void worlds_free(struct config *config) {
    for (size_t i = 0; i < config->world_count; i++)
        config_text_free(config->memory, config->world_names[i]);
    memory_free(config->memory, config->world_names, config->world_count * sizeof(char *));
    config->world_names = NULL;
    config->world_count = 0;
}

static bool world_name_valid(struct bytes name) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
    if (name.size == 0 || name.size > WORLD_NAME_MAX) return false;
    for (size_t i = 0; i < name.size; i++)
        if (!memchr(letters, name.data[i], sizeof letters - 1)) return false;
    return true;
}

static int add_world(struct reading *reading, struct config *config, const struct node *node,
                     struct bytes name) {
    if (!world_name_valid(name))
        return reading_refuse(reading, node,
                              "\"%.*s\" cannot name a world; want 1 to 64 of A-Z a-z 0-9 . _ : -",
                              (int)(name.size < 80 ? name.size : 80), (const char *)name.data);
    for (size_t i = 0; i < config->world_count; i++)
        if (bytes_equal(bytes_of(config->world_names[i]), name))
            return reading_refuse(reading, node, "world %s is named twice; keep one of them",
                                  config->world_names[i]);
    size_t held = config->world_count * sizeof(char *);
    char *copy = memory_alloc(reading->memory, name.size + 1);
    char **grown = !copy ? NULL
                         : reading->memory->resize(reading->memory->context, config->world_names,
                                                   held, held + sizeof(char *));
    if (!grown) {
        memory_free(reading->memory, copy, name.size + 1);
        return reading_no_memory(reading);
    }
    memcpy(copy, name.data, name.size);
    copy[name.size] = '\0';
    grown[config->world_count++] = copy;
    config->world_names = grown;
    return SS_OK;
}

static int add_worlds_of_text(struct reading *reading, struct config *config,
                              const struct node *node) {
    for (const char *at = node->text;;) {
        size_t size = strcspn(at, ",");
        int status = add_world(reading, config, node, bytes_view(at, size));
        if (status != SS_OK) return status;
        if (!at[size]) return SS_OK;
        at += size + 1;
    }
}

int worlds_read(struct reading *reading, struct config *config, const struct node *node) {
    worlds_free(config);
    if (node->kind == NODE_TEXT) return add_worlds_of_text(reading, config, node);
    for (const struct node *entry = node->first; entry; entry = entry->next) {
        if (entry->kind != NODE_TEXT)
            return reading_refuse(reading, entry,
                                  "worlds.names: want a list of names, like [default]");
        int status = add_world(reading, config, entry, bytes_of(entry->text));
        if (status != SS_OK) return status;
    }
    return SS_OK;
}

void worlds_print(const struct config *config, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < config->world_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "",
                                 config->world_names[i]);
}

bool worlds_same(const struct config *a, const struct config *b) {
    if (a->world_count != b->world_count) return false;
    for (size_t i = 0; i < a->world_count; i++)
        if (strcmp(a->world_names[i], b->world_names[i]) != 0) return false;
    return true;
}
