/* SPDX-License-Identifier: Apache-2.0 */
/* The file becomes a tree; variables of the environment and settings are put over it, each with its
 * origin; then one walk turns the tree into the struct. So every source has the same keys, the same
 * checks and the same complaints. */
#include "server/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "server/config_category.h"
#include "server/config_check.h"
#include "server/config_key.h"
#include "server/config_schema.h"
#include "server/config_setting.h"

#define FILE_BYTES_MAX  ((size_t)1 << 20)
#define VARIABLE_PREFIX "STATESYNC_"

/* ---- sources ------------------------------------------------------------------------------- */

static int read_stream(struct reading *reading, const struct node *place, FILE *stream,
                       struct buffer *text) {
    for (;;) {
        uint8_t *room = buffer_room(text, 16384);
        if (!room) return reading_no_memory(reading);
        size_t size = fread(room, 1, 16384, stream);
        text->size += size;
        if (text->size > FILE_BYTES_MAX)
            return reading_refuse(reading, place, "longer than 1 MiB; that is no configuration");
        if (size == 0) return SS_OK;
    }
}

/* The whole file into `text`. */
static int read_file(struct reading *reading, const char *name, struct buffer *text) {
    struct node place = {.origin = name};
    FILE *stream = fopen(name, "re");
    if (!stream) {
        int error = errno;
        reading_refuse(reading, &place, "cannot be opened: %s", strerror(error));
        return error == ENOENT ? SS_ERR_NOT_FOUND : SS_ERR_INVALID;
    }
    int status = read_stream(reading, &place, stream, text);
    if (status == SS_OK && ferror(stream))
        status = reading_refuse(reading, &place, "cannot be read: %s", strerror(errno));
    fclose(stream);
    return status;
}

static int parse_text(struct reading *reading, const char *name, struct bytes text) {
    struct node place = {.origin = name};
    if (text.size > FILE_BYTES_MAX)
        return reading_refuse(reading, &place, "longer than 1 MiB; that is no configuration");
    struct node *tree = NULL;
    int status = tree_parse(reading, name, true, text, &tree);
    if (status != SS_OK || !tree || node_is_empty(tree)) return status;
    if (tree->kind != NODE_MAP)
        return reading_refuse(reading, tree,
                              "want keys at the top, like listen: { grpc: 127.0.0.1:7350 }");
    reading->root = tree;
    return SS_OK;
}

/* Names of a section that we have are ours; others (Kubernetes makes STATESYNC_SERVICE_HOST for a
 * service of that name, the client has STATESYNC_SERVER) are not. */
static bool variable_is_ours(const char *name) {
    static const char *const prefixes[] = {"listen_", "advertise_",  "tls_",
                                           "auth_",   "worlds_",     "limits_",
                                           "log_",    "categories_", NULL};
    for (const char *const *prefix = prefixes; *prefix; prefix++)
        if (strncmp(name, *prefix, strlen(*prefix)) == 0) return true;
    return false;
}

static int apply_variable(struct reading *reading, const char *variable) {
    const char *value = strchr(variable, '=');
    if (!value || value[1] == '\0') return SS_OK;
    struct bytes whole = bytes_view(variable, (size_t)(value - variable));
    const char *origin = reading_text(reading, whole);
    if (!origin) return reading_no_memory(reading);
    char name[64];
    size_t size = whole.size - strlen(VARIABLE_PREFIX);
    if (size >= sizeof name) return SS_OK;
    for (size_t i = 0; i <= size; i++) {
        char letter = origin[strlen(VARIABLE_PREFIX) + i];
        name[i] = letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
    }
    const struct setting *row = settings_by_variable(name);
    if (row) return tree_set(reading, row->shown.path, value + 1, origin, false);
    if (!variable_is_ours(name)) return SS_OK;
    struct node place = {.origin = origin};
    return reading_refuse(
        reading, &place,
        "names no setting; want STATESYNC_ and its path, like STATESYNC_LISTEN_GRPC");
}

static int apply_environment(struct reading *reading, char *const *environment) {
    int status = SS_OK;
    for (; environment && *environment && status == SS_OK; environment++)
        if (strncmp(*environment, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) == 0)
            status = apply_variable(reading, *environment);
    return status;
}

static int apply_setting(struct reading *reading, const char *setting) {
    const char *equals = strchr(setting, '=');
    struct node place = {.origin = "settings"};
    if (!equals || equals == setting)
        return reading_refuse(reading, &place, "\"%.80s\" is no setting; want PATH=VALUE", setting);
    const char *path = reading_text(reading, bytes_view(setting, (size_t)(equals - setting)));
    if (!path) return reading_no_memory(reading);
    bool structured = strncmp(path, "categories.", strlen("categories.")) == 0;
    return tree_set(reading, path, equals + 1, path, structured);
}

static int apply_settings(struct reading *reading, const char *const *settings) {
    int status = SS_OK;
    for (; settings && *settings && status == SS_OK; settings++)
        status = apply_setting(reading, *settings);
    return status;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static int read_tree(struct reading *reading, struct config *config) {
    int status = settings_default(reading, config);
    if (status == SS_OK) status = settings_read(reading, config);
    if (status == SS_OK) status = config_check(reading, config);
    if (status == SS_OK) status = schema_declare(reading, config);
    if (status == SS_OK) status = categories_read(reading, config);
    schema_close(reading);
    if (status == SS_OK) config_notices(reading, config);
    return status;
}

static int build(struct reading *reading, const char *name, char *const *environment,
                 const char *const *settings, struct config **created) {
    int status = apply_environment(reading, environment);
    if (status == SS_OK) status = apply_settings(reading, settings);
    if (status != SS_OK) return status;
    struct config *config = memory_zeroed(reading->memory, 1, sizeof *config);
    if (!config) return reading_no_memory(reading);
    config->memory = reading->memory;
    config->file = name ? config_text(reading->memory, name) : NULL;
    status = name && !config->file ? reading_no_memory(reading) : read_tree(reading, config);
    if (status == SS_OK) {
        *created = config;
    } else {
        config_free(config);
    }
    return status;
}

static struct node empty_map(void) {
    return (struct node){.kind = NODE_MAP, .origin = "default"};
}

static int read_parts(struct reading *reading, struct config **config, const char *name,
                      struct bytes text, char *const *environment, const char *const *settings) {
    struct node root = empty_map();
    reading->arena = arena_of(reading->memory, 16384);
    reading->root = &root;
    *config = NULL;
    int status = text.size ? parse_text(reading, name, text) : SS_OK;
    if (status == SS_OK) status = build(reading, name, environment, settings, config);
    arena_free(&reading->arena);
    return status;
}

int config_read_text(struct config **config, const struct memory *memory, const char *name,
                     struct bytes text, char *const *environment, const char *const *settings,
                     const struct log_sink *log, char *why, size_t why_size) {
    struct reading reading = {.memory = memory, .log = log, .why = why, .why_size = why_size};
    return read_parts(&reading, config, name, text, environment, settings);
}

int config_read(struct config **config, const struct memory *memory, const char *file,
                char *const *environment, const char *const *settings, const struct log_sink *log,
                char *why, size_t why_size) {
    struct buffer text = buffer_of(memory);
    struct reading reading = {
        .memory = memory, .log = log, .why = why, .why_size = why_size, .files = true};
    *config = NULL;
    int status = file ? read_file(&reading, file, &text) : SS_OK;
    if (status == SS_OK)
        status = read_parts(&reading, config, file, buffer_view(&text), environment, settings);
    buffer_free(&text);
    return status;
}

void config_free(struct config *config) {
    if (!config) return;
    settings_free(config);
    categories_free(config);
    config_text_free(config->memory, config->file);
    memory_free(config->memory, config, sizeof *config);
}

const struct config_setting *config_setting_at(size_t index) {
    size_t rows = 0;
    while (settings_table[rows].shown.path)
        rows++;
    return index < rows ? &settings_table[index].shown : category_setting_at(index - rows);
}
