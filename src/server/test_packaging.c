/* SPDX-License-Identifier: Apache-2.0 */
/* What is shipped beside the program says what the program does: the man page and the completions
 * name every setting and every command, and the example configuration is one. usage: test_packaging
 * SOURCE-ROOT */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "server/config.h"

static const char *source_root;

static const char *const commands[] = {
    "serve",     "get",     "set",     "delete", "watch",  "snapshot",
    "conflicts", "resolve", "history", "top",    "replay", "demo",
    "config",    "data",    "delta", "schema",   "bench",  "sim",    "version",
    "help"};
#define COMMANDS (sizeof commands / sizeof *commands)

static char *read_whole(const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", source_root, name);
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("%s cannot be opened", path);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    size_t size = fread(text, 1, (1 << 20) - 1, file);
    assert_true(size > 0 && size < (1 << 20) - 1);
    fclose(file);
    return text;
}

static void must_contain(const char *text, const char *file, const char *wanted) {
    if (!strstr(text, wanted)) fail_msg("%s lacks:\n%s", file, wanted);
}

/* A backslash before each dash, as the man page writes it. */
static const char *escaped(const char *text) {
    static _Thread_local char out[4][512];
    static _Thread_local unsigned turn;
    char *at = out[turn = (turn + 1) % 4];
    for (; *text; text++) {
        if (*text == '-') *at++ = '\\';
        *at++ = *text;
    }
    *at = '\0';
    return out[turn];
}

/* The failure prints the lines to paste. */
static void test_man_page_settings(void **state) {
    (void)state;
    char *page = read_whole("packaging/statesync.1");
    const struct config_setting *setting;
    for (size_t i = 0; (setting = config_setting_at(i)) != NULL; i++) {
        char head[512], entry[1024];
        if (*setting->value) {
            snprintf(head, sizeof head, ".BR %s \" = %s\"", setting->path, escaped(setting->value));
        } else {
            snprintf(head, sizeof head, ".B %s", setting->path);
        }
        snprintf(entry, sizeof entry, ".TP\n%s\n(%s) %s.%s\n", head, escaped(setting->type),
                 escaped(setting->help), setting->reloadable ? " (reload)" : "");
        must_contain(page, "packaging/statesync.1", entry);
    }
    free(page);
}

/* Nothing is described that is not there. */
static void test_man_page_has_no_others(void **state) {
    (void)state;
    char *page = read_whole("packaging/statesync.1");
    char *section = strstr(page, ".SH SETTINGS"),
         *end = section ? strstr(section, ".SH ENVIRONMENT") : NULL;
    assert_non_null(end);
    *end = '\0';
    size_t described = 0, known = 0;
    for (char *at = section; (at = strstr(at, ".TP\n")) != NULL; at++)
        described++;
    while (config_setting_at(known))
        known++;
    assert_int_equal(described, known);
    free(page);
}

static void test_man_page_commands(void **state) {
    (void)state;
    char *page = read_whole("packaging/statesync.1");
    for (size_t i = 0; i < COMMANDS; i++) {
        char entry[64];
        snprintf(entry, sizeof entry, "\n.TP\n.B %s", commands[i]);
        must_contain(page, "packaging/statesync.1", entry);
    }
    free(page);
}

static void check_completion(const char *file, const char *before, const char *after) {
    char *text = read_whole(file);
    const struct config_setting *setting;
    for (size_t i = 0; (setting = config_setting_at(i)) != NULL; i++) {
        char flag[256];
        if (strncmp(setting->path, "categories.", 11) == 0) continue; /* their names are free */
        snprintf(flag, sizeof flag, "--%s=", setting->path);
        must_contain(text, file, flag);
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        char word[64];
        snprintf(word, sizeof word, "%s%s%s", before, commands[i], after);
        must_contain(text, file, word);
    }
    free(text);
}

static void test_completions(void **state) {
    (void)state;
    check_completion("packaging/completion.zsh", "        '", ":");
    check_completion("packaging/completion.bash", "", "");
    char *bash = read_whole("packaging/completion.bash");
    char list[512] = "local commands=\"";
    for (size_t i = 0; i < COMMANDS; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? " " : "",
                 commands[i]);
    must_contain(bash, "packaging/completion.bash", list);
    free(bash);
}

/* ---- the example --------------------------------------------------------------------------- */

static void read_example(const char *text) {
    struct config *config;
    char why[512] = "";
    int status = config_read_text(&config, &memory_heap, "examples/statesync.yaml", bytes_of(text),
                                  NULL, NULL, NULL, why, sizeof why);
    if (status != SS_OK) fail_msg("%s", why);
    assert_int_equal(config->category_count, 6);
    assert_non_null(config->fallback);
    config_free(config);
}

/* The example names every setting, commented out where it needs a file that is not there. */
static void test_example_is_complete(void **state) {
    (void)state;
    char *text = read_whole("examples/statesync.yaml");
    const struct config_setting *setting;
    read_example(text);
    for (size_t i = 0; (setting = config_setting_at(i)) != NULL; i++) {
        const char *dot = strrchr(setting->path, '.');
        char key[128];
        bool category = strncmp(setting->path, "categories.", 11) == 0;
        const char *name = dot ? dot + 1 : setting->path;
        if (category) {
            snprintf(key, sizeof key, "#   %s ", name);
        } else {
            snprintf(key, sizeof key, "%s:", name);
        }
        must_contain(text, "examples/statesync.yaml", key);
    }
    free(text);
}

/* "# key:" at the start of a line becomes "key:". */
static void uncomment(char *text, const char *commented, const char *plain) {
    char *at = strstr(text, commented);
    if (!at) fail_msg("examples/statesync.yaml lacks:%s", commented);
    assert(at);
    memmove(at + strlen(plain), at + strlen(commented), strlen(at + strlen(commented)) + 1);
    memcpy(at, plain, strlen(plain));
}

static void test_example_uncommented(void **state) {
    (void)state;
    static const char *const lines[][2] = {{"\n  # udp:", "\n  udp:"},
                                           {"\n# advertise:", "\nadvertise:"},
                                           {"\n#   udp:", "\n  udp:"},
                                           {"\n# tls:", "\ntls:"},
                                           {"\n#   cert:", "\n  cert:"},
                                           {"\n#   key:", "\n  key:"},
                                           {"\n#   client_ca:", "\n  client_ca:"},
                                           {"\n  # jwt_keys:", "\n  jwt_keys:"},
                                           {"\n# schema:", "\nschema:"}};
    char *text = read_whole("examples/statesync.yaml");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        uncomment(text, lines[i][0], lines[i][1]);
    read_example(text);
    free(text);
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_man_page_settings),   cmocka_unit_test(test_man_page_has_no_others),
        cmocka_unit_test(test_man_page_commands),   cmocka_unit_test(test_completions),
        cmocka_unit_test(test_example_is_complete), cmocka_unit_test(test_example_uncommented),
    };
    if (count != 2) {
        fprintf(stderr, "usage: test_packaging SOURCE-ROOT\n");
        return 2;
    }
    source_root = arguments[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
