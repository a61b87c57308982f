/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program `statesync`: one table of commands, one way to help, one way to go wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/flag.h"
#include "cli/huge.h"
#include "cli/nearest.h"
#include "cli/paint.h"
#include "statesync/server.h"

static const struct command *const commands[] = {
    &command_demo,
    &command_serve,
    &command_config,
    &command_data,
    &command_get,
    &command_set,
    &command_delete,
    &command_watch,
    &command_history,
    &command_snapshot,
    &command_conflicts,
    &command_resolve,
    &command_top,
    &command_replay,
    &command_bench,
    &command_delta,
    &command_schema,
    &command_sim,
    &command_version,
    &command_help,
    NULL,
};

static const struct command *command_find(const char *name) {
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static void help_all(FILE *out) {
    fputs("statesync keeps the state of a real-time multiplayer game the same for everybody.\n\n"
          "usage: statesync COMMAND [WORDS] [FLAGS]\n\n",
          out);
    for (size_t i = 0; commands[i]; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\nTry `statesync demo`, or `statesync help COMMAND` for examples.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no server, 4 the server or the folder said "
        "no.\n",
        out);
}

static int no_command(const char *name) {
    struct nearest nearest = nearest_to(name, strlen(name));
    for (size_t i = 0; commands[i]; i++)
        nearest_offer(&nearest, commands[i]->name);
    fprintf(stderr, "statesync: there is no command \"%s\"%s%s%s; see `statesync help`\n", name,
            nearest.found ? ", did you mean " : "", nearest.found ? nearest.found : "",
            nearest.found ? "?" : "");
    return EXIT_USAGE;
}

static int help_run(struct cli *cli, int argc, char **argv) {
    const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;
    if (argc > 1 && !command) return no_command(argv[1]);
    if (command && command->own_help) {
        char name[32], flag[] = "--help";
        snprintf(name, sizeof name, "%s", command->name);
        return command->run(cli, 2, (char *[]){name, flag, NULL});
    }
    if (command)
        help_command(stdout, command);
    else
        help_all(stdout);
    return EXIT_OK;
}

static int version_run(struct cli *cli, int argc, char **argv) {
    (void)cli, (void)argc, (void)argv;
    printf("statesync %s\n", ss_version());
    return EXIT_OK;
}

const struct command command_help = {.name = "help",
                                     .synopsis = "[COMMAND]",
                                     .summary = "Explains a command by examples",
                                     .text = "",
                                     .local = true,
                                     .run = help_run};
const struct command command_version = {.name = "version",
                                        .synopsis = "",
                                        .summary = "Prints the version of this program",
                                        .text = "",
                                        .local = true,
                                        .run = version_run};

static const char *or_default(const char *text, const char *instead) {
    return text && *text ? text : instead;
}

int main(int argc, char **argv) {
    struct cli cli = {
        .common = {.server = or_default(getenv("STATESYNC_SERVER"), "127.0.0.1:7350"),
                   .token = or_default(getenv("STATESYNC_TOKEN"), NULL),
                   .player = 1,
                   .timeout = 5},
        .color = paint_wanted(STDOUT_FILENO),
        .terminal = isatty(STDOUT_FILENO) != 0,
        .self = argv[0],
    };
    if (argc < 2) {
        help_all(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    if (strcmp(name, "--version") == 0) name = "version";
    cli.command = command_find(name);
    if (!cli.command) return no_command(name);
    if (cli.command->huge_pages) huge_pages(argv);
    return cli.command->run(&cli, argc - 1, argv + 1);
}
