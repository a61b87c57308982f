/* SPDX-License-Identifier: Apache-2.0 */
/* embedded.c - a game server with statesync inside: its own loop, its own rule, one shared handle.
 * Build: cc embedded.c $(pkg-config --cflags --libs statesync-server) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <statesync/server.h>

/* The game's own rule: nobody writes more than 100 health. */
static ss_status validate(void *context, const ss_update *update, const ss_state *standing,
                          char *why, size_t why_size) {
    (void)context, (void)standing;
    if (strcmp(update->key, "health") != 0) return SS_OK;
    if (update->state_size <= 3 && memcmp(update->state, "100", 3) <= 0) return SS_OK;
    snprintf(why, why_size, "health is at most 100");
    return SS_ERR_INVALID;
}

static void on_change(void *context, const ss_update *update, const ss_state *stands) {
    (void)context;
    printf("%" PRIu64 " wrote %s/%s, version %" PRIu32 "\n", update->player, update->category,
           update->key, stands->version);
}

int main(int count, char **arguments) {
    ss_server_config config = ss_server_config_default();
    const char *settings[] = {"data=none", "listen.grpc=127.0.0.1:0", "listen.http=none", NULL};
    config.settings = settings;
    config.validate = validate;
    config.on_change = on_change;
    ss_server *server;
    if (ss_server_open(&server, &config) != SS_OK) return fprintf(stderr, "%s\n", config.error), 1;
    printf("stock gRPC clients reach this game at %s\n", ss_server_address(server, "grpc"));

    ss_update update = {.player = 7, .category = "player", .key = "health", .state = "100", .state_size = 3};
    ss_result result;
    ss_server_put(server, &update, &result, NULL);
    int frames = count > 1 && strcmp(arguments[1], "--once") == 0 ? 1 : 3600;
    for (int frame = 0; frame < frames; frame++)
        ss_server_poll(server, 16); /* the game's own frame goes here */
    ss_server_close(server);
    return result == SS_RESULT_SUCCESS ? 0 : 1;
}
