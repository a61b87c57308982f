/* SPDX-License-Identifier: Apache-2.0 */
/* schema: what a .proto says to statesync, before a server has to live with it. */
#include <errno.h>
#include <string.h>

#include "base/status.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/flag.h"
#include "cli/schema_file.h"
#include "cli/schema_train.h"
#include "cli/text.h"
#include "payload/schema_compare.h"
#include "schema/generate.h"

struct schema_options {
    const char *language, *out, *mode;
    struct text_list folders;
    bool strict;
};

static const struct flag flags[] = {
    {"lang", "c|cpp", FLAG_TEXT, offsetof(struct schema_options, language),
     "generate: the language (c)"},
    {"out", "FILE", FLAG_TEXT, offsetof(struct schema_options, out),
     "generate: not to stdout; train: the table"},
    {"mode", "acked|stream", FLAG_TEXT, offsetof(struct schema_options, mode),
     "train: against the newest tick 100 ms old, or the tick before (acked)"},
    {"proto-path", "FOLDER", FLAG_LIST, offsetof(struct schema_options, folders),
     "where a .proto finds what it imports, besides its own folder"},
    {"strict", NULL, FLAG_SWITCH, offsetof(struct schema_options, strict),
     "diff: what needs care fails too"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

static bool is_ours(const struct message_descriptor *message) {
    return bytes_equal(message->file->package, bytes_of("statesync")) ||
           bytes_equal(message->file->package, bytes_of("google.protobuf")) || message->map_entry;
}

/* The table of a message; complaints go to stderr. */
static struct schema *schema_of(const struct message_descriptor *message) {
    struct buffer complaints = buffer_of(&memory_heap);
    struct schema *schema;
    schema_compile(&schema, &memory_heap, message, &complaints);
    text_write(&complaints, stderr);
    buffer_free(&complaints);
    return schema;
}

/* ---- check --------------------------------------------------------------------------------- */

static int check(const struct cli *cli, const char *name, const struct schema_input *input) {
    struct buffer complaints = buffer_of(&memory_heap);
    size_t checked;
    int status = schema_check(&memory_heap, &input->set, &checked, &complaints);
    text_write(&complaints, stderr);
    buffer_free(&complaints);
    if (status == SS_ERR_NOMEM) return complain(cli, EXIT_FAILED, "%s", status_text(status));
    if (status != SS_OK) return EXIT_FAILED;
    printf("%s is good: %zu message%s\n", name, checked, checked == 1 ? "" : "s");
    return EXIT_OK;
}

/* ---- describe ------------------------------------------------------------------------------ */

static void numbers_text(const struct schema *schema, uint32_t node, char *text, size_t size) {
    uint32_t numbers[SCHEMA_DEPTH_MAX];
    size_t depth = schema_numbers(schema, node, numbers), used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < depth && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%u", i ? "." : "", numbers[i]);
}

static void range_text(const struct schema_node *node, char *text, size_t size) {
    char low[32] = "", high[32] = "";
    if (node->low_given) snprintf(low, sizeof low, "%g", node->low);
    if (node->high_given) snprintf(high, sizeof high, "%g", node->high);
    bool any = node->low_given || node->high_given;
    snprintf(text, size, "%s%s%s", low, any ? ".." : "", high);
}

static void notes_text(const struct schema *schema, const struct schema_node *node,
                       struct buffer *out) {
    static const char *const axes[] = {"", "x of the position", "y of the position",
                                       "z of the position"};
    const char *separator = "";
#define NOTE(condition, ...)                                                                       \
    if (condition) {                                                                               \
        buffer_text(out, separator);                                                               \
        buffer_format(out, __VA_ARGS__);                                                           \
        separator = ", ";                                                                          \
    }
    NOTE(node->kind != SCHEMA_NUMBER, "%s", option_kind_word(node->kind))
    NOTE(node->axis != 0, "%s", axes[node->axis])
    NOTE(node->max_speed > 0, "at most %g/s", node->max_speed)
    NOTE(node->velocity != SCHEMA_NONE, "velocity %s",
         schema_name(schema, schema->nodes[node->velocity].parent))
    NOTE(node->monotone, "never falls")
    NOTE(node->unique, "unique")
    NOTE(node->audience != SCHEMA_FOR_ANY, "read by %s", option_audience_word(node->audience))
    NOTE(node->priority < 1 || node->priority > 1, "priority %g", node->priority)
    NOTE(node->required, "required")
    NOTE(node->presence && node->type != SCHEMA_MESSAGE, "optional")
    NOTE(node->recursive, "contains itself")
#undef NOTE
}

static void row_add(struct columns *table, const struct schema *schema, uint32_t at) {
    const struct schema_node *node = &schema->nodes[at];
    enum schema_type type = (enum schema_type)node->type;
    char numbers[256], range[80], quantum[32] = "";
    struct buffer text = buffer_of(&memory_heap);
    numbers_text(schema, at, numbers, sizeof numbers);
    columns_add(table, "%s", numbers);
    schema_path(schema, at, &text);
    columns_bytes(table, buffer_view(&text));
    columns_add(table, "%s%s",
                node->shape == SCHEMA_MAP        ? "map of "
                : node->shape == SCHEMA_REPEATED ? "repeated "
                                                 : "",
                schema_type_name(type));
    unsigned bits = node->bits ? node->bits : schema_type_bits(type);
    columns_add(table, "%.0u", schema_is_leaf(node) ? bits : 0); /* 0 is left empty */
    if (node->quantum > 0) snprintf(quantum, sizeof quantum, "%g", node->quantum);
    columns_add(table, "%s", quantum);
    range_text(node, range, sizeof range);
    columns_add(table, "%s", range);
    columns_add(table, "%s", merge_policy_name((enum merge_policy)node->policy));
    bool moves = node->interpolation != SCHEMA_STEP;
    columns_add(table, "%s", moves ? option_interpolation_word(node->interpolation) : "");
    buffer_clear(&text);
    notes_text(schema, node, &text);
    columns_bytes(table, buffer_view(&text));
    buffer_free(&text);
}

static void category_print(const struct message_rules *rules) {
    if (!rule_given(rules->given, MESSAGE_CATEGORY)) return;
    printf("category %.*s", (int)rules->category.size, (const char *)rules->category.data);
    if (rule_given(rules->given, MESSAGE_SCOPE))
        printf(", scope %s", option_scope_word(rules->scope));
    if (rule_given(rules->given, MESSAGE_WRITE))
        printf(", written by %s", option_access_word(rules->write));
    if (rule_given(rules->given, MESSAGE_READ))
        printf(", read by %s", option_access_word(rules->read));
    if (rule_given(rules->given, MESSAGE_STRATEGY))
        printf(", %s", option_strategy_word(rules->strategy));
    if (rule_given(rules->given, MESSAGE_DURABILITY))
        printf(", durability %s", option_durability_word(rules->durability));
    printf("\n");
}

static int describe_one(const struct cli *cli, const struct message_descriptor *message) {
    struct schema *schema = schema_of(message);
    if (!schema) return EXIT_FAILED;
    struct columns table = columns_of(&memory_heap, "lllrrllll");
    static const char *const head[] = {"number", "field", "type",  "bits", "quantum",
                                       "range",  "merge", "moves", ""};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        columns_add(&table, "%s", head[i]);
    for (uint32_t i = 1; i < schema->count; i++)
        row_add(&table, schema, i);
    struct buffer out = buffer_of(&memory_heap);
    columns_print(&table, &out, 0, cli->color ? "\033[1m" : "", cli->color ? "\033[0m" : "");
    printf("%s, hash %016llx\n", schema_name(schema, 0), (unsigned long long)schema->hash);
    category_print(&message->rules);
    text_write(&out, stdout);
    printf("%u bits (%.1f bytes) in fields of a fixed size\n", schema->bits, schema->bits / 8.0);
    buffer_free(&out);
    columns_free(&table);
    schema_destroy(schema);
    return EXIT_OK;
}

static const struct message_descriptor *find(const struct cli *cli,
                                             const struct schema_input *input, const char *name) {
    const struct message_descriptor *found = descriptor_find(&input->set, bytes_of(name));
    if (!found) complain(cli, EXIT_FAILED, "there is no message %s", name);
    return found;
}

static int describe(const struct cli *cli, const struct schema_input *input,
                    const struct operands *words) {
    int code = EXIT_OK;
    bool first = true;
    for (size_t i = 2; i < words->count; i++) {
        const struct message_descriptor *message = find(cli, input, words->items[i]);
        if (!message || describe_one(cli, message) != EXIT_OK) code = EXIT_FAILED;
    }
    if (words->count > 2) return code;
    for (const struct message_descriptor *at = input->set.messages; at; at = at->all) {
        if (is_ours(at)) continue;
        if (!first) printf("\n");
        first = false;
        if (describe_one(cli, at) != EXIT_OK) code = EXIT_FAILED;
    }
    return code;
}

/* ---- diff ---------------------------------------------------------------------------------- */

static const char *const verdicts[] = {"the same", "compatible", "needs care", "BREAKS"};

static void tell(void *context, enum schema_verdict verdict, const struct schema *schema,
                 uint32_t node, const char *text) {
    char numbers[256];
    struct buffer path = buffer_of(&memory_heap);
    (void)context;
    numbers_text(schema, node, numbers, sizeof numbers);
    schema_path(schema, node, &path);
    printf("%-11s %s%.*s (%s) %s\n", verdicts[verdict], schema_name(schema, 0), (int)path.size,
           (const char *)path.data, numbers, text);
    buffer_free(&path);
}

static enum schema_verdict diff_one(const struct message_descriptor *before,
                                    const struct message_descriptor *after) {
    struct schema *old = schema_of(before), *next = schema_of(after);
    enum schema_verdict verdict = SCHEMA_BREAKS;
    if (old && next) verdict = schema_compare(old, next, tell, NULL);
    schema_destroy(old);
    schema_destroy(next);
    return verdict;
}

static int diff(const struct schema_input *old, const struct schema_input *next, bool strict) {
    enum schema_verdict worst = SCHEMA_SAME;
    for (const struct message_descriptor *at = old->set.messages; at; at = at->all) {
        if (is_ours(at)) continue;
        const struct message_descriptor *after = descriptor_find(&next->set, at->full_name);
        enum schema_verdict verdict = after ? diff_one(at, after) : SCHEMA_CARE;
        if (!after)
            printf("%-11s %.*s is gone\n", verdicts[SCHEMA_CARE], (int)at->full_name.size,
                   (const char *)at->full_name.data);
        if (verdict > worst) worst = verdict;
    }
    for (const struct message_descriptor *at = next->set.messages; at; at = at->all) {
        if (is_ours(at) || descriptor_find(&old->set, at->full_name)) continue;
        printf("%-11s %.*s is new\n", verdicts[SCHEMA_COMPATIBLE], (int)at->full_name.size,
               (const char *)at->full_name.data);
        if (worst < SCHEMA_COMPATIBLE) worst = SCHEMA_COMPATIBLE;
    }
    printf("all in all: %s\n", verdicts[worst]);
    return worst == SCHEMA_BREAKS || (strict && worst == SCHEMA_CARE) ? EXIT_REFUSED : EXIT_OK;
}

/* ---- generate ------------------------------------------------------------------------------ */

static int save(const struct cli *cli, const struct buffer *text, const char *name) {
    FILE *file = fopen(name, "wb");
    if (!file) return complain(cli, EXIT_FAILED, "%s: %s", name, strerror(errno));
    bool written = text_write(text, file);
    if (fclose(file) == 0 && written) return EXIT_OK;
    return complain(cli, EXIT_FAILED, "%s: cannot be written", name);
}

static int generate(const struct cli *cli, const struct schema_input *input,
                    const struct operands *words, const struct schema_options *options) {
    bool cpp = strcmp(options->language, "cpp") == 0;
    if (!cpp && strcmp(options->language, "c") != 0)
        return complain(cli, EXIT_USAGE, "--lang is c or cpp, not \"%s\"", options->language);
    const struct message_descriptor *wanted[TEXT_LIST_MAX];
    size_t count = 0;
    for (size_t i = 2; i < words->count; i++) {
        wanted[count] = find(cli, input, words->items[i]);
        if (!wanted[count++]) return EXIT_FAILED;
    }
    struct buffer code = buffer_of(&memory_heap), complaints = buffer_of(&memory_heap);
    int status = (cpp ? generate_cpp : generate_c)(&input->set, wanted, count, &memory_heap, &code,
                                                   &complaints);
    text_write(&complaints, stderr);
    int exit_code = EXIT_FAILED;
    if (status == SS_OK && options->out) exit_code = save(cli, &code, options->out);
    if (status == SS_OK && !options->out) {
        text_write(&code, stdout);
        exit_code = EXIT_OK;
    }
    buffer_free(&code);
    buffer_free(&complaints);
    return exit_code;
}

/* ---- train --------------------------------------------------------------------------------- */

static int train(const struct cli *cli, const struct schema_input *input,
                 const struct operands *words, const struct schema_options *options) {
    bool acked = strcmp(options->mode, "acked") == 0;
    if (!acked && strcmp(options->mode, "stream") != 0)
        return complain(cli, EXIT_USAGE, "--mode is acked or stream, not \"%s\"", options->mode);
    const struct message_descriptor *message = find(cli, input, words->items[2]);
    struct schema *schema = message ? schema_of(message) : NULL;
    if (!schema) return EXIT_FAILED;
    int code = schema_train(cli, schema, acked ? DELTA_ACKED : DELTA_STREAM, words->items + 3,
                            words->count - 3, options->out);
    schema_destroy(schema);
    return code;
}

/* ---- the command --------------------------------------------------------------------------- */

static int usage(const struct cli *cli) {
    return complain(cli, EXIT_USAGE,
                    "say check FILE, describe FILE [MESSAGE...], diff OLD NEW, generate FILE "
                    "[MESSAGE...] or train FILE MESSAGE TRACE...; see `statesync help schema`");
}

static int compare_files(const struct cli *cli, const struct operands *words,
                         const struct schema_options *options) {
    struct schema_input old, next = {.bytes = buffer_of(&memory_heap)};
    int code = EXIT_FAILED;
    if (schema_input_open(&old, cli, words->items[1], &options->folders) &&
        schema_input_open(&next, cli, words->items[2], &options->folders))
        code = diff(&old, &next, options->strict);
    schema_input_close(&old);
    schema_input_close(&next);
    return code;
}

static int schema_run(struct cli *cli, int argc, char **argv) {
    struct schema_options options = {.language = "c", .mode = "acked"};
    struct operands words;
    int code = EXIT_OK;
    if (!flags_parse(cli, &options, argc, argv, &words, &code)) return code;
    const char *action = words.count ? words.items[0] : "";
    bool one = words.count == 2, some = words.count >= 2;
    bool checks = strcmp(action, "check") == 0 && one;
    bool describes = strcmp(action, "describe") == 0 && some;
    bool generates = strcmp(action, "generate") == 0 && some;
    if (strcmp(action, "diff") == 0 && words.count == 3)
        return compare_files(cli, &words, &options);
    bool trains = strcmp(action, "train") == 0 && words.count >= 4;
    if (!checks && !describes && !generates && !trains) return usage(cli);
    struct schema_input input;
    code = EXIT_FAILED;
    if (schema_input_open(&input, cli, words.items[1], &options.folders)) {
        if (checks) code = check(cli, words.items[1], &input);
        if (describes) code = describe(cli, &input, &words);
        if (generates) code = generate(cli, &input, &words, &options);
        if (trains) code = train(cli, &input, &words, &options);
    }
    schema_input_close(&input);
    return code;
}

const struct command command_schema = {
    .name = "schema",
    .synopsis =
        "check FILE | describe FILE [MESSAGE...] | diff OLD NEW | generate FILE [MESSAGE...] | "
        "train FILE MESSAGE TRACE...",
    .summary = "Looks at a .proto as the server would: mistakes, sizes, changes, code",
    .text =
        "  statesync schema check game.proto\n"
        "  statesync schema describe game.desc game.Position\n"
        "  statesync schema diff released.desc game.proto\n"
        "  statesync schema generate --lang c --out game.h game.proto game.Position\n"
        "  statesync schema train --out position.table game.proto game.Position match.stt.zst\n"
        "\nFILE is a descriptor set (protoc --include_imports -o game.desc game.proto), or a "
        ".proto\n"
        "if protoc is installed. diff exits with 4 when old states would not be read any more.\n"
        "train learns from recorded states how to code deltas of a message (docs/schemas.md says "
        "which\n"
        "field is which); the table is good for this schema only.\n",
    .flags = flags,
    .local = true,
    .run = schema_run,
};
