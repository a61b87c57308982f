/* SPDX-License-Identifier: Apache-2.0 */
/* flag.c - one table per command and one for all; the parser and --help walk the same lines. */
#include "cli/flag.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/nearest.h"

static const struct flag common_flags[] = {
    {"server", "ADDRESS", FLAG_TEXT, offsetof(struct common, server),
     "host:port (127.0.0.1:7350, or $STATESYNC_SERVER)"},
    {"world", "NAME", FLAG_TEXT, offsetof(struct common, world), "the world (default)"},
    {"player", "ID", FLAG_NUMBER, offsetof(struct common, player), "who is asking (1)"},
    {"token", "TOKEN", FLAG_TEXT, offsetof(struct common, token),
     "bearer token ($STATESYNC_TOKEN)"},
    {"tls", NULL, FLAG_SWITCH, offsetof(struct common, tls), "speak TLS"},
    {"ca", "FILE", FLAG_TEXT, offsetof(struct common, ca),
     "trust these certificates (PEM); means --tls"},
    {"cert", "FILE", FLAG_TEXT, offsetof(struct common, cert),
     "show this certificate (PEM); means --tls"},
    {"key", "FILE", FLAG_TEXT, offsetof(struct common, key), "its private key (PEM)"},
    {"timeout", "SECONDS", FLAG_REAL, offsetof(struct common, timeout),
     "give up on an answer after (5)"},
    {"json", NULL, FLAG_SWITCH, offsetof(struct common, json),
     "one JSON object per line, for programs"},
    {"base64", NULL, FLAG_SWITCH, offsetof(struct common, base64),
     "with --json: every state in base64, also text"},
    {"no-color", NULL, FLAG_SWITCH, offsetof(struct common, no_color),
     "plain text (also $NO_COLOR)"},
    {NULL, NULL, FLAG_SWITCH, 0, NULL},
};

bool number_parse(const char *text, uint64_t *value) {
    char *end;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (!isdigit((unsigned char)text[0])) return false;
    errno = 0;
    *value = strtoull(text, &end, hex ? 16 : 10);
    return errno == 0 && *end == '\0' && end != text;
}

static bool real_parse(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    return *text && *end == '\0' && *value >= 0 && *value < 1e12;
}

static const struct flag *flags_find(const struct flag *flags, const char *name, size_t length) {
    for (const struct flag *flag = flags; flag && flag->name; flag++)
        if (strlen(flag->name) == length && memcmp(flag->name, name, length) == 0) return flag;
    return NULL;
}

/* Stores `value` where the flag says; false with the reason told. */
static bool flag_store(const struct cli *cli, const struct flag *flag, void *base,
                       const char *value) {
    void *at = (char *)base + flag->offset;
    struct text_list *list = at;
    switch (flag->kind) {
    case FLAG_SWITCH: *(bool *)at = true; return true;
    case FLAG_TEXT: *(const char **)at = value; return true;
    case FLAG_NUMBER:
        if (number_parse(value, at)) return true;
        complain(cli, 0, "--%s wants a number (decimal or 0x...), not \"%s\"", flag->name, value);
        return false;
    case FLAG_REAL:
        if (real_parse(value, at)) return true;
        complain(cli, 0, "--%s wants a number, not \"%s\"", flag->name, value);
        return false;
    case FLAG_LIST:
        if (list->count < TEXT_LIST_MAX) {
            list->items[list->count++] = value;
            return true;
        }
        complain(cli, 0, "--%s is given more than %d times", flag->name, TEXT_LIST_MAX);
        return false;
    }
    return false;
}

static void suggest_flag(const struct cli *cli, const char *name, size_t length) {
    struct nearest nearest = nearest_to(name, length);
    for (const struct flag *flag = cli->command->flags; flag && flag->name; flag++)
        nearest_offer(&nearest, flag->name);
    for (const struct flag *flag = common_flags; !cli->command->local && flag->name; flag++)
        nearest_offer(&nearest, flag->name);
    complain(cli, 0, "there is no flag --%.*s%s%s%s; see `statesync help %s`", (int)length, name,
             nearest.found ? ", did you mean --" : "", nearest.found ? nearest.found : "",
             nearest.found ? "?" : "", cli->command->name);
}

/* One "--name[=value]"; *at moves over a value that stands by itself. */
static bool flag_take(struct cli *cli, void *options, int argc, char **argv, int *at) {
    const char *name = argv[*at] + 2;
    size_t length = strcspn(name, "=");
    void *base = options;
    const struct flag *flag = flags_find(cli->command->flags, name, length);
    if (!flag && !cli->command->local) {
        flag = flags_find(common_flags, name, length);
        base = &cli->common;
    }
    if (!flag) {
        suggest_flag(cli, name, length);
        return false;
    }
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (flag->kind == FLAG_SWITCH && value) {
        complain(cli, 0, "--%s takes no value", flag->name);
        return false;
    }
    if (flag->kind != FLAG_SWITCH && !value) {
        if (*at + 1 >= argc) {
            complain(cli, 0, "--%s wants a value: --%s %s", flag->name, flag->name, flag->argument);
            return false;
        }
        value = argv[++*at];
    }
    return flag_store(cli, flag, base, value);
}

bool flags_parse(struct cli *cli, void *options, int argc, char **argv, struct operands *operands,
                 int *code) {
    bool plain = false;
    operands->count = 0;
    *code = EXIT_USAGE;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!plain && strcmp(word, "--") == 0) {
            plain = true;
        } else if (!plain && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            help_command(stdout, cli->command);
            *code = EXIT_OK;
            return false;
        } else if (!plain && word[0] == '-' && word[1] == '-') {
            if (!flag_take(cli, options, argc, argv, &i)) return false;
        } else if (operands->count == TEXT_LIST_MAX) {
            complain(cli, 0, "too many words");
            return false;
        } else {
            operands->items[operands->count++] = word;
        }
    }
    if (cli->common.no_color) cli->color = false;
    return true;
}

/* ---- help ---------------------------------------------------------------------------------- */

static void help_flags(FILE *out, const struct flag *flags) {
    for (const struct flag *flag = flags; flag && flag->name; flag++) {
        char left[48];
        snprintf(left, sizeof left, "--%s%s%s", flag->name, flag->argument ? " " : "",
                 flag->argument ? flag->argument : "");
        fprintf(out, "  %-22s %s\n", left, flag->help);
    }
}

void help_command(FILE *out, const struct command *command) {
    fprintf(out, "usage: statesync %s%s%s\n\n%s.\n", command->name, command->synopsis[0] ? " " : "",
            command->synopsis, command->summary);
    if (command->text[0]) fprintf(out, "\n%s", command->text);
    if (command->flags && command->flags->name) {
        fprintf(out, "\nFlags\n");
        help_flags(out, command->flags);
    }
    if (command->more_help) command->more_help(out);
    if (command->local) return;
    fprintf(out, "\nConnection and output\n");
    help_flags(out, common_flags);
}
