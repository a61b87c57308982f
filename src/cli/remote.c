/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/status.h"
#include "cli/text.h"
#include "codec/printer.h"

int complain(const struct cli *cli, int code, const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    fprintf(stderr, "statesync%s%s: ", cli->command ? " " : "",
            cli->command ? cli->command->name : "");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return code;
}

struct rpc_config remote_config(const struct cli *cli) {
    const struct common *common = &cli->common;
    return (struct rpc_config){.address = common->server,
                               .world = common->world,
                               .token = common->token,
                               .tls = common->tls || common->ca || common->cert,
                               .ca = common->ca,
                               .cert = common->cert,
                               .key = common->key};
}

int remote_failed(const struct cli *cli, int status, const char *why) {
    complain(cli, 0, "%s", why);
    switch (status) {
    case SS_ERR_UNAVAILABLE:
        fprintf(stderr,
                "  Is a server running at %s? `statesync serve` starts one; --server or "
                "STATESYNC_SERVER names another.\n",
                cli->common.server);
        return EXIT_UNREACHABLE;
    case SS_ERR_DENIED:
        if (!cli->common.token)
            fprintf(stderr, "  The server wants to know who you are: --token TOKEN or "
                            "STATESYNC_TOKEN.\n");
        return EXIT_REFUSED;
    case SS_ERR_NOMEM:
    case SS_ERR_IO:
    case SS_ERR_MALFORMED: return EXIT_FAILED;
    default: return EXIT_REFUSED;
    }
}

int remote_attach(struct remote *remote, struct cli *cli, struct loop *loop) {
    char why[256] = "";
    struct rpc_config config = remote_config(cli);
    *remote = (struct remote){.cli = cli, .loop = loop, .arena = arena_of(&memory_heap, 16 << 10)};
    int status =
        rpc_open(&remote->rpc, loop, &memory_heap, &config, loop_now(loop), why, sizeof why);
    if (status == SS_OK) return EXIT_OK;
    if (status == SS_ERR_INVALID)
        return complain(cli, EXIT_USAGE, "%s", why[0] ? why : "--server wants HOST:PORT");
    return remote_failed(cli, status, why[0] ? why : status_text(status));
}

int remote_open(struct remote *remote, struct cli *cli) {
    struct loop *loop;
    int status = loop_create(&loop, &memory_heap);
    if (status == SS_OK) return remote_attach(remote, cli, loop);
    *remote = (struct remote){.cli = cli, .arena = arena_of(&memory_heap, 16 << 10)};
    return remote_failed(cli, status, status_text(status));
}

void remote_close(struct remote *remote) {
    rpc_close(remote->rpc);
    if (remote->loop) loop_destroy(remote->loop);
    arena_free(&remote->arena);
}

int remote_call(struct remote *remote, const char *path, const struct message_type *request_type,
                const void *request, const struct message_type *response_type, void *response) {
    char why[640];
    ss_time timeout = (ss_time)(remote->cli->common.timeout * (double)SS_SECOND);
    int status = rpc_unary(remote->rpc, path, request_type, request, response_type, response,
                           &remote->arena, timeout, why, sizeof why);
    return status == SS_OK ? EXIT_OK : remote_failed(remote->cli, status, why);
}

int output(const struct cli *cli, struct buffer *text) {
    bool failed = text->failed;
    text_write(text, stdout);
    fflush(stdout);
    buffer_free(text);
    return failed ? complain(cli, EXIT_FAILED, "out of memory") : EXIT_OK;
}

void json_line(const struct cli *cli, const struct message_type *type, const void *message) {
    struct buffer text = buffer_of(&memory_heap);
    message_print(type, message, &text, cli->common.base64 ? 0 : PRINT_TEXT);
    buffer_u8(&text, '\n');
    (void)output(cli, &text);
}
