/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_category.h"

#include "base/status.h"
#include "server/config_key.h"
#include "server/config_rules.h"
#include "server/config_setting.h"

/* ---- what may not be said together --------------------------------------------------------- */

static const struct node *place_of(const struct node *category, const char *key) {
    const struct node *node = node_child(category, key);
    return node ? node : category;
}

static int check_scope(struct reading *reading, const struct node *node,
                       const struct category *category) {
    if (category->scope != SCOPE_SHARED) return SS_OK;
    if (category->write == ACCESS_OWNER)
        return reading_refuse(
            reading, place_of(node, "write"),
            "categories.%s: nobody owns a shared cell; want write: any, server or propose",
            category->name);
    if (category->resolve == ACCESS_OWNER)
        return reading_refuse(
            reading, place_of(node, "resolve"),
            "categories.%s: nobody owns a shared cell; want resolve: writer or server",
            category->name);
    if (category->session)
        return reading_refuse(reading, place_of(node, "session"),
                              "categories.%s: a shared cell has no owner whose session could end; "
                              "leave session out, or use ttl",
                              category->name);
    return SS_OK;
}

static int check_category(struct reading *reading, const struct config *config,
                          const struct node *node, const struct category *category,
                          uint32_t audit_days) {
    if (category->strategy == STRATEGY_MERGE && !category->format->can_merge)
        return reading_refuse(
            reading, place_of(node, "strategy"),
            "categories.%s: %s bytes cannot be merged; want format: json or protobuf, "
            "or another strategy",
            category->name, category->format->name);
    if (node_child(node, "message") && category->format != &format_protobuf)
        return reading_refuse(reading, place_of(node, "message"),
                              "categories.%s: a message needs format: protobuf", category->name);
    if (node_child(node, "message") && !config->schema)
        return reading_refuse(reading, place_of(node, "message"),
                              "categories.%s: a message needs `schema: FILE` at the top",
                              category->name);
    if (audit_days && category->durability == DURABILITY_MEMORY)
        return reading_refuse(reading, place_of(node, "audit"),
                              "categories.%s: durability memory keeps nothing on disk to audit; "
                              "want durability: async or sync",
                              category->name);
    if (category->state_max > config->limits.request_bytes)
        return reading_refuse(reading, place_of(node, "state_bytes"),
                              "categories.%s: a state of %u bytes fits in no request; "
                              "raise limits.request_bytes (%u) above it",
                              category->name, category->state_max, config->limits.request_bytes);
    return check_scope(reading, node, category);
}

/* ---- categories ---------------------------------------------------------------------------- */

static int check_name(struct reading *reading, const struct config *config,
                      const struct node *node) {
    size_t size = strlen(node->key);
    if (size == 0 || size > config->limits.category_bytes)
        return reading_refuse(reading, node,
                              "a category's name has 1 to %u bytes (limits.category_bytes)",
                              config->limits.category_bytes);
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)node->key[i] < 0x20 || node->key[i] == 0x7f)
            return reading_refuse(reading, node, "a category's name has no control characters");
    return SS_OK;
}

/* `category` has its name and defaults; `rules` and `audit_days` are its places in the
 * configuration. */
static int read_category(struct reading *reading, const struct config *config,
                         const struct node *node, struct category *category,
                         struct format_rules **rules, uint32_t *audit_days) {
    if (node->kind != NODE_MAP && !node_is_empty(node))
        return reading_refuse(
            reading, node, "categories.%s holds keys; want { scope: player, ... }", category->name);
    category->state_max = config->limits.state_bytes;
    int status = keys_read(reading, node, category, audit_days);
    if (status == SS_OK) status = check_category(reading, config, node, category, *audit_days);
    size_t skipped = 0;
    if (status == SS_OK) status = rules_read(reading, node, category, rules, &skipped);
    if (status == SS_OK && skipped)
        log_line(
            reading->log, LOG_LEVEL_WARN,
            "categories.%s: the schema was not read, so %zu rules by field name are not applied",
            category->name, skipped);
    return status;
}

static int read_dictionary(struct reading *reading, const struct node *category, char **file) {
    const struct node *node = node_child(category, "dictionary");
    if (!node || strcmp(node->text, "none") == 0) return SS_OK;
    *file = config_text(reading->memory, node->text);
    return *file ? SS_OK : reading_no_memory(reading);
}

static const struct node *follows_of(const struct node *category) {
    const struct node *node = node_child(category, "follows");
    return node && strcmp(node->text, "none") == 0 ? NULL : node;
}

static int read_follows(struct reading *reading, const struct node *category, const char **name) {
    const struct node *node = follows_of(category);
    if (!node) return SS_OK;
    *name = config_text(reading->memory, node->text);
    return *name ? SS_OK : reading_no_memory(reading);
}

static int categories_create(struct reading *reading, struct config *config, size_t count) {
    const struct memory *memory = reading->memory;
    config->categories = memory_zeroed(memory, count, sizeof *config->categories);
    config->rules = memory_zeroed(memory, count + 1, sizeof *config->rules);
    config->audit_days = memory_zeroed(memory, count + 1, sizeof *config->audit_days);
    config->dictionaries = memory_zeroed(memory, count + 1, sizeof *config->dictionaries);
    config->category_count = count;
    bool ready = (config->categories || count == 0) && config->rules && config->audit_days &&
                 config->dictionaries;
    return ready ? SS_OK : reading_no_memory(reading);
}

static int fallback_create(struct reading *reading, struct config *config) {
    char *name = config_text(reading->memory, "default");
    struct category *fallback = memory_alloc(reading->memory, sizeof *fallback);
    if (!name || !fallback) {
        config_text_free(reading->memory, name);
        memory_free(reading->memory, fallback, sizeof *fallback);
        return reading_no_memory(reading);
    }
    *fallback = category_default(name);
    fallback->state_max = config->limits.state_bytes;
    config->fallback = fallback;
    return SS_OK;
}

static int read_fallback(struct reading *reading, struct config *config, const struct node *node) {
    int status = fallback_create(reading, config);
    if (status != SS_OK) return status;
    size_t last = config->category_count;
    status = read_category(reading, config, node, config->fallback, &config->rules[last],
                           &config->audit_days[last]);
    const struct node *follows = follows_of(node);
    if (status == SS_OK && follows)
        return reading_refuse(reading, follows,
                              "categories.default: undeclared categories cannot follow %s; "
                              "declare those that shall",
                              follows->text);
    return status == SS_OK ? read_dictionary(reading, node, &config->dictionaries[last]) : status;
}

static int read_declared(struct reading *reading, struct config *config, const struct node *node,
                         size_t index) {
    int status = check_name(reading, config, node);
    if (status != SS_OK) return status;
    char *name = config_text(reading->memory, node->key);
    if (!name) return reading_no_memory(reading);
    config->categories[index] = category_default(name);
    status = read_category(reading, config, node, &config->categories[index],
                           &config->rules[index], &config->audit_days[index]);
    if (status == SS_OK) status = read_follows(reading, node, &config->categories[index].follows);
    return status == SS_OK ? read_dictionary(reading, node, &config->dictionaries[index]) : status;
}

/* ---- who follows whom ---------------------------------------------------------------------- */

static const struct category *declared(const struct config *config, const char *name) {
    for (size_t i = 0; i < config->category_count; i++)
        if (strcmp(config->categories[i].name, name) == 0) return &config->categories[i];
    return NULL;
}

/* Whether the rules of a category lack those that only the schema could have told. */
static bool is_unread(const struct reading *reading, const struct config *config,
                      const struct category *category) {
    return config->schema && !reading->schema && category && category->format == &format_protobuf;
}

static int check_follows(struct reading *reading, const struct config *config) {
    const struct node *map = node_child(reading->root, "categories");
    for (size_t i = 0; i < config->category_count; i++) {
        const struct category *category = &config->categories[i];
        if (!category->follows) continue;
        const struct category *leader = declared(config, category->follows);
        const char *wrong = category_follow_wrong(category, leader);
        if (!wrong || is_unread(reading, config, leader)) continue;
        return reading_refuse(reading, place_of(node_child(map, category->name), "follows"),
                              "categories.%s follows %s, but %s", category->name,
                              category->follows, wrong);
    }
    return SS_OK;
}

int categories_read(struct reading *reading, struct config *config) {
    const struct node *map = node_child(reading->root, "categories");
    const struct node *fallback = node_child(map, "default");
    if (map && map->kind != NODE_MAP && !node_is_empty(map))
        return reading_refuse(reading, map,
                              "categories holds names; want categories: { NAME: { ... } }");
    size_t count = map && map->kind == NODE_MAP ? map->count : 0;
    if (count > CATEGORIES_MAX)
        return reading_refuse(reading, map, "more than %d categories", CATEGORIES_MAX);
    int status = categories_create(reading, config, count - (fallback != NULL));
    if (status == SS_OK && count == 0) return fallback_create(reading, config);
    if (status == SS_OK && fallback) status = read_fallback(reading, config, fallback);
    size_t index = 0;
    for (const struct node *node = count ? map->first : NULL; node && status == SS_OK;
         node = node->next)
        if (node != fallback) status = read_declared(reading, config, node, index++);
    return status == SS_OK ? check_follows(reading, config) : status;
}

void categories_free(struct config *config) {
    const struct memory *memory = config->memory;
    size_t count = config->category_count;
    for (size_t i = 0; i < count && config->categories; i++) {
        config_text_free(memory, config->categories[i].name);
        config_text_free(memory, config->categories[i].follows);
    }
    for (size_t i = 0; i <= count && config->rules; i++)
        format_rules_destroy(config->rules[i]);
    for (size_t i = 0; i <= count && config->dictionaries; i++)
        config_text_free(memory, config->dictionaries[i]);
    memory_free(memory, config->dictionaries, (count + 1) * sizeof *config->dictionaries);
    if (config->fallback) config_text_free(memory, config->fallback->name);
    memory_free(memory, config->fallback, sizeof *config->fallback);
    memory_free(memory, config->categories, count * sizeof *config->categories);
    memory_free(memory, config->rules, (count + 1) * sizeof(struct format_rules *));
    memory_free(memory, config->audit_days, (count + 1) * sizeof *config->audit_days);
}
