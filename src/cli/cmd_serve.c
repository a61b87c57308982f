/* SPDX-License-Identifier: Apache-2.0 */
/* serve: the library behind statesync/server.h as a program. Everything that it does is there; here
 * are the command line, the signals, the log on stderr and the word to the service manager. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/flag.h"
#include "cli/nearest.h"
#include "cli/notify.h"
#include "cli/paint.h"
#include "cli/signals.h"
#include "server/config.h"
#include "statesync/server.h"

#define DRAIN_MS     10000
#define SETTINGS_MAX 128

struct serve_options {
    const char *config;
    const char *settings[SETTINGS_MAX + 1]; /* "path=value" */
    size_t setting_count;
    bool log_json, color;
};

/* ---- the command line ---------------------------------------------------------------------- */

static bool setting_exists(const char *path, size_t length) {
    if (length > 11 && memcmp(path, "categories.", 11) == 0) return true; /* names are free there */
    for (size_t i = 0; config_setting_at(i); i++) {
        const char *known = config_setting_at(i)->path;
        if (strlen(known) == length && memcmp(known, path, length) == 0) return true;
    }
    return false;
}

static int no_setting(const struct cli *cli, const char *path, size_t length) {
    struct nearest nearest = nearest_to(path, length);
    nearest_offer(&nearest, "config");
    nearest_offer(&nearest, "log-json");
    for (size_t i = 0; config_setting_at(i); i++)
        nearest_offer(&nearest, config_setting_at(i)->path);
    return complain(cli, EXIT_USAGE,
                    "there is no setting --%.*s%s%s%s; `statesync help serve` lists them",
                    (int)length, path, nearest.found ? ", did you mean --" : "",
                    nearest.found ? nearest.found : "", nearest.found ? "?" : "");
}

static int take_setting(const struct cli *cli, struct serve_options *options, const char *word) {
    size_t length = strcspn(word, "=");
    if (!setting_exists(word, length)) return no_setting(cli, word, length);
    if (word[length] != '=')
        return complain(cli, EXIT_USAGE, "a setting is one word: --%s=VALUE", word);
    if (options->setting_count == SETTINGS_MAX)
        return complain(cli, EXIT_USAGE, "more than %d settings: write a file", SETTINGS_MAX);
    options->settings[options->setting_count++] = word;
    return EXIT_OK;
}

static int parse(const struct cli *cli, struct serve_options *options, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--config") == 0 && i + 1 < argc)
            options->config = argv[++i];
        else if (strcmp(word, "--config") == 0)
            return complain(cli, EXIT_USAGE, "--config wants a file");
        else if (strncmp(word, "--config=", 9) == 0)
            options->config = word + 9;
        else if (strcmp(word, "--log-json") == 0)
            options->log_json = true;
        else if (strncmp(word, "--", 2) != 0)
            return complain(cli, EXIT_USAGE, "\"%s\" is no flag: did you mean --config %s?", word,
                            word);
        else if (take_setting(cli, options, word + 2) != EXIT_OK)
            return EXIT_USAGE;
    }
    return EXIT_OK;
}

/* ---- the log ------------------------------------------------------------------------------- */

static void json_text(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void on_log(void *context, int level, const char *line) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    static const enum ink inks[] = {INK_DIM, INK_PLAIN, INK_WARN, INK_BAD};
    const struct serve_options *options = context;
    struct timespec now;
    struct tm day;
    char stamp[32];
    if (level < 0 || level > 3) level = 3;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &day);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &day);
    int milliseconds = (int)(now.tv_nsec / 1000000);
    if (options->log_json) {
        fprintf(stderr, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"message\":", stamp, milliseconds,
                names[level]);
        json_text(stderr, line);
        fputs("}\n", stderr);
        return;
    }
    fprintf(stderr, "%s%s.%03dZ%s %s%-5s%s %s\n", ink(options->color, INK_DIM), stamp, milliseconds,
            ink(options->color, INK_PLAIN), ink(options->color, inks[level]), names[level],
            ink(options->color, INK_PLAIN), line);
}

static void say(struct serve_options *options, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(struct serve_options *options, int level, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    on_log(options, level, line);
}

/* ---- running ------------------------------------------------------------------------------- */

static void wake(void *server) {
    ss_server_wake(server);
}

static void tell_addresses(struct serve_options *options, const ss_server *server) {
    static const char *const doors[] = {"grpc", "udp", "http"};
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++) {
        const char *address = ss_server_address(server, doors[i]);
        if (address && *address) say(options, 1, "%s listens on %s", doors[i], address);
    }
}

static void reload(ss_server *server) {
    notify_send("RELOADING=1");
    (void)ss_server_reload(server); /* it logs what became of it */
    notify_send("READY=1");
}

/* Until drained, or told twice to end. */
static int serve_loop(struct serve_options *options, ss_server *server) {
    bool draining = false;
    for (;;) {
        ss_status status = ss_server_poll(server, -1);
        if (status == SS_ERR_CLOSED) return EXIT_OK;
        if (status != SS_OK) {
            say(options, 3, "the server ends: %s", ss_server_error(server));
            return EXIT_FAILED;
        }
        if (signals_reload()) reload(server);
        if (signals_end() > 1) return EXIT_OK;
        if (signals_end() && !draining) {
            draining = true;
            say(options, 1, "ending: open calls have %d s; a second signal ends at once",
                DRAIN_MS / 1000);
            notify_send("STOPPING=1");
            ss_server_drain(server, DRAIN_MS);
        }
    }
}

static int serve_run(struct cli *cli, int argc, char **argv) {
    struct serve_options options = {.color = paint_wanted(2)};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_command(stdout, cli->command);
            return EXIT_OK;
        }
    int code = parse(cli, &options, argc, argv);
    if (code != EXIT_OK) return code;

    ss_server *server;
    ss_server_config config = ss_server_config_default();
    config.file = options.config;
    config.settings = options.settings;
    config.on_log = on_log;
    config.context = &options;
    ss_status status = ss_server_open(&server, &config);
    if (status != SS_OK)
        return complain(cli, status == SS_ERR_INVALID ? EXIT_USAGE : EXIT_FAILED, "%s",
                        config.error);
    signals_catch(false, wake, server);
    tell_addresses(&options, server);
    notify_send("READY=1");
    code = serve_loop(&options, server);
    signals_forget();
    ss_server_close(server);
    return code;
}

static void serve_help(FILE *out) {
    fprintf(out, "\nSettings (in the file: `listen: { grpc: ADDRESS }`; in the environment: "
                 "STATESYNC_LISTEN_GRPC)\n");
    for (size_t i = 0; config_setting_at(i); i++) {
        const struct config_setting *setting = config_setting_at(i);
        char left[80];
        snprintf(left, sizeof left, "--%s=%s", setting->path,
                 setting->value && setting->value[0] ? setting->value : "");
        fprintf(out, "  %-40s %s%s\n", left, setting->help, setting->reloadable ? " *" : "");
    }
    fprintf(out, "\n  * applied by SIGHUP without a restart\n");
}

const struct command command_serve = {
    .name = "serve",
    .synopsis = "[--config FILE] [--log-json] [--SETTING=VALUE ...]",
    .summary = "Runs a server",
    .text =
        "  statesync serve                              on 127.0.0.1:7350, in ./statesync-data\n"
        "  statesync serve --config game.yaml\n"
        "  statesync serve --listen.grpc=127.0.0.1:0 --data=none    for a test\n"
        "\nSIGTERM and SIGINT let open calls finish for 10 s, the second one ends at once;\n"
        "SIGHUP reads the configuration again.\n"
        "\n  --config FILE      a YAML file; `statesync config check FILE` checks one\n"
        "  --log-json         log lines as JSON objects\n",
    .local = true,
    .more_help = serve_help,
    .huge_pages = true,
    .run = serve_run,
};
