/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h - what every command of the program `statesync` shares: exit codes, the common flags, and
 * how a command describes itself. A command is one file with one `const struct command`; main.c
 * lists them. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,      /* something broke here */
    EXIT_USAGE = 2,       /* the command line is wrong */
    EXIT_UNREACHABLE = 3, /* no server answered */
    EXIT_REFUSED = 4, /* a server answered no: conflict, stale, not found, not permitted; or a data
                         folder is in use, damaged or newer */
};

/* A flag of the command line and where its value goes. The list of a command ends with name NULL.
 */
struct flag {
    const char *name;     /* without the dashes */
    const char *argument; /* what --help calls the value; NULL for a switch */
    enum flag_kind {
        FLAG_SWITCH, /* bool */
        FLAG_TEXT,   /* const char * */
        FLAG_NUMBER, /* uint64_t, decimal or 0x */
        FLAG_REAL,   /* double, not negative */
        FLAG_LIST,   /* struct text_list; may be given again and again */
    } kind;
    size_t offset; /* in the options of the command */
    const char *help;
};

#define TEXT_LIST_MAX 64
struct text_list {
    const char *items[TEXT_LIST_MAX];
    size_t count;
};

/* The flags that every command that talks to a server knows. */
struct common {
    const char *server; /* 127.0.0.1:7350 */
    const char *world;  /* NULL: default */
    const char *token;
    const char *ca, *cert, *key;
    uint64_t player; /* 1 */
    double timeout;  /* seconds, 5 */
    bool tls, json, base64, no_color;
};

struct cli {
    const struct command *command;
    struct common common;
    bool color;       /* stdout is a terminal that wants it */
    bool terminal;    /* stdout is a terminal */
    const char *self; /* argv[0], for pasting */
};

struct command {
    const char *name;
    const char *synopsis; /* after the name */
    const char *summary;  /* one line */
    const char *text;     /* examples and whatever else one must know */
    const struct flag *flags;
    void (*more_help)(FILE *out); /* after the flags; NULL: nothing */
    bool own_help;                /* --help is its run's work */
    bool local;                   /* talks to no server: the common flags are not its */
    bool huge_pages;              /* it holds worlds: see huge.h */
    int (*run)(struct cli *cli, int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct command command_bench, command_config, command_conflicts, command_data, command_delete, command_delta,
    command_demo, command_get, command_help, command_history, command_replay, command_resolve,
    command_schema, command_serve, command_set, command_sim, command_snapshot, command_top, command_version, command_watch;

/* "statesync get: ..." on stderr, with a newline; returns `code`. */
int complain(const struct cli *cli, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
