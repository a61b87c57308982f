/* SPDX-License-Identifier: Apache-2.0 */
/* config: looks at a configuration file as `serve` would, and does nothing else. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "cli/cli.h"
#include "cli/flag.h"
#include "server/config.h"

static const struct flag flags[] = {{NULL, NULL, FLAG_SWITCH, 0, NULL}};

static void on_line(void *context, enum log_level level, const char *line) {
    (void)context;
    fprintf(stderr, "  %s%s\n", level >= LOG_LEVEL_WARN ? "note: " : "", line);
}

static void tell_config(const char *file, const struct config *config) {
    printf("%s is good: %zu world%s, %zu categor%s", file, config->world_count,
           config->world_count == 1 ? "" : "s", config->category_count,
           config->category_count == 1 ? "y" : "ies");
    printf("%s, grpc on %s\n", config->fallback ? " and a default" : "",
           config->listen_grpc ? config->listen_grpc : "no door");
}

static int check(const struct cli *cli, const char *file) {
    struct config *config;
    struct log_sink log = {on_line, NULL, LOG_LEVEL_INFO};
    char why[512];
    int status = config_read(&config, &memory_heap, file, NULL, NULL, &log, why, sizeof why);
    if (status != SS_OK) return complain(cli, EXIT_FAILED, "%s", why);
    tell_config(file, config);
    config_free(config);
    return EXIT_OK;
}

static int config_run(struct cli *cli, int argc, char **argv) {
    struct operands words;
    int code;
    if (!flags_parse(cli, NULL, argc, argv, &words, &code)) return code;
    if (words.count != 2 || strcmp(words.items[0], "check") != 0)
        return complain(cli, EXIT_USAGE, "say `statesync config check FILE`");
    return check(cli, words.items[1]);
}

const struct command command_config = {
    .name = "config",
    .synopsis = "check FILE",
    .summary = "Checks a configuration file",
    .text = "  statesync config check game.yaml\n"
            "\nA mistake is told with its line and what would be right; exit code 1 then.\n",
    .flags = flags,
    .local = true,
    .run = config_run,
};
