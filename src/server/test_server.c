/* SPDX-License-Identifier: Apache-2.0 */
/* The embeddable server through its public header only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/failing.h"
#include "statesync/server.h"

static const char *const quiet[] = {"data=none", "listen.grpc=127.0.0.1:0", "listen.http=none",
                                    "log.level=error", NULL};

struct told {
    int changes, conflicts, validated;
    uint32_t last_version, last_type;
};

static ss_status validate(void *context, const ss_update *update, const ss_state *standing,
                          char *why, size_t why_size) {
    struct told *told = context;
    told->validated++;
    if (standing->absent && standing->version != 0) return SS_OK;
    if (update->state_size < 4 || memcmp(update->state, "evil", 4) != 0) return SS_OK;
    snprintf(why, why_size, "no evil here");
    return SS_ERR_INVALID;
}

static void on_change(void *context, const ss_update *update, const ss_state *stands) {
    struct told *told = context;
    (void)update;
    told->changes++;
    told->last_version = stands->version;
}

static void on_conflict(void *context, const ss_update *update, const ss_conflict *conflict) {
    struct told *told = context;
    (void)update;
    told->conflicts++;
    told->last_type = conflict->type;
}

static void on_log(void *context, int level, const char *line) {
    (void)context, (void)level, (void)line;
}

static ss_server *open_quiet(struct told *told) {
    ss_server_config config = ss_server_config_default();
    config.settings = quiet;
    config.ignore_environment = true;
    config.validate = validate;
    config.on_change = on_change;
    config.on_conflict = on_conflict;
    config.on_log = on_log;
    config.context = told;
    ss_server *server;
    ss_status status = ss_server_open(&server, &config);
    if (status != SS_OK) fail_msg("%s", config.error);
    return server;
}

static ss_update update_of(const char *key, const char *state) {
    return (ss_update){.player = 7,
                       .category = "position",
                       .key = key,
                       .state = state,
                       .state_size = strlen(state)};
}

static void a_game_puts_and_gets(void **state) {
    (void)state;
    struct told told = {0};
    ss_server *server = open_quiet(&told);
    ss_update update = update_of("here", "1 2 3");
    ss_result result;
    ss_state stands;
    assert_int_equal(ss_server_put(server, &update, &result, &stands), SS_OK);
    assert_int_equal(result, SS_RESULT_SUCCESS);
    assert_int_equal(stands.version, 1);
    assert_int_equal(ss_server_get(server, NULL, 7, "position", "here", &stands), SS_OK);
    assert_int_equal(stands.size, 5);
    assert_memory_equal(stands.data, "1 2 3", 5);
    assert_int_equal(stands.writer, 7);
    update.remove = true;
    assert_int_equal(ss_server_put(server, &update, &result, &stands), SS_OK);
    assert_true(stands.absent);
    assert_int_equal(stands.version, 2);
    assert_int_equal(told.changes, 2);
    assert_int_equal(ss_server_get(server, NULL, 8, "position", "here", &stands),
                     SS_ERR_NOT_FOUND);
    assert_int_equal(ss_server_get(server, "nowhere", 7, "position", "here", &stands),
                     SS_ERR_NOT_FOUND);
    assert_string_equal(ss_server_error(server), "no world \"nowhere\"");
    assert_int_equal(ss_server_poll(server, 0), SS_OK);
    ss_server_close(server);
}

static void hooks_refuse_and_are_told(void **state) {
    (void)state;
    struct told told = {0};
    ss_server *server = open_quiet(&told);
    ss_update update = update_of("there", "evil plan");
    ss_result result;
    ss_state stands;
    assert_int_equal(ss_server_put(server, &update, &result, &stands), SS_OK);
    assert_int_equal(result, SS_RESULT_CONFLICT);
    assert_int_equal(told.conflicts, 1);
    assert_int_equal(told.last_type, 4); /* DATA_INCONSISTENCY */
    assert_int_equal(told.changes, 0);
    assert_int_equal(ss_server_get(server, NULL, 7, "position", "there", &stands),
                     SS_ERR_NOT_FOUND);
    update = update_of("there", "good");
    assert_int_equal(ss_server_put(server, &update, &result, &stands), SS_OK);
    assert_int_equal(result, SS_RESULT_SUCCESS);
    update.expected_version = 9;
    assert_int_equal(ss_server_put(server, &update, &result, NULL), SS_OK);
    assert_int_equal(result, SS_RESULT_STALE);
    update.category = "";
    assert_int_equal(ss_server_put(server, &update, &result, NULL), SS_ERR_INVALID);
    assert_true(strlen(ss_server_error(server)) > 0);
    assert_int_equal(told.validated, 4);
    ss_server_close(server);
}

static void worlds_are_apart(void **state) {
    (void)state;
    struct told told = {0};
    ss_server *server = open_quiet(&told);
    assert_int_equal(ss_server_world(server, "arena"), SS_OK);
    assert_int_equal(ss_server_world(server, "arena"), SS_ERR_EXISTS);
    assert_int_equal(ss_server_world(server, "no/slashes"), SS_ERR_INVALID);
    ss_update update = update_of("k", "v");
    update.world = "arena";
    ss_state stands;
    assert_int_equal(ss_server_put(server, &update, NULL, NULL), SS_OK);
    assert_int_equal(ss_server_get(server, NULL, 7, "position", "k", &stands), SS_ERR_NOT_FOUND);
    assert_int_equal(ss_server_get(server, "arena", 7, "position", "k", &stands), SS_OK);
    ss_server_close(server);
}

static void a_port_in_use_is_named(void **state) {
    (void)state;
    struct told told = {0};
    ss_server *server = open_quiet(&told);
    char setting[96];
    snprintf(setting, sizeof setting, "listen.grpc=%s", ss_server_address(server, "grpc"));
    const char *const settings[] = {"data=none", setting, "listen.http=none", NULL};
    ss_server_config config = ss_server_config_default();
    config.settings = settings;
    config.ignore_environment = true;
    config.on_log = on_log;
    ss_server *second;
    assert_int_equal(ss_server_open(&second, &config), SS_ERR_BUSY);
    assert_null(second);
    assert_non_null(strstr(config.error, ss_server_address(server, "grpc")));
    ss_server_close(server);
}

static void bad_settings_are_named(void **state) {
    (void)state;
    const char *const bad[] = {"listen.grcp=127.0.0.1:1", "worlds.tick_hz=soon", "nonsense"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *const settings[] = {bad[i], NULL};
        ss_server_config config = ss_server_config_default();
        config.settings = settings;
        config.ignore_environment = true;
        config.on_log = on_log;
        ss_server *server;
        assert_int_equal(ss_server_open(&server, &config), SS_ERR_INVALID);
        assert_true(strlen(config.error) > 10);
    }
}

static void reload_takes_what_it_can(void **state) {
    (void)state;
    char path[] = "/tmp/statesync-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char *first = "data: none\nlisten: { grpc: \"127.0.0.1:0\" }\nlog: { level: error }\n"
                        "categories:\n  a: { format: opaque }\n";
    const char *second = "data: none\nlisten: { grpc: \"127.0.0.1:0\" }\nlog: { level: error }\n"
                         "worlds: { names: [default, more] }\n"
                         "categories:\n  a: { format: opaque }\n  b: { format: json }\n";
    const char *broken = "data: none\ncategories: [\n";
    assert_int_equal(write(fd, first, strlen(first)), strlen(first));
    ss_server_config config = ss_server_config_default();
    config.file = path;
    config.ignore_environment = true;
    config.on_log = on_log;
    ss_server *server;
    ss_status status = ss_server_open(&server, &config);
    if (status != SS_OK) fail_msg("%s", config.error);
    ss_update update = {.player = 1, .category = "b", .key = "k", .state = "{}", .state_size = 2};
    assert_int_equal(ss_server_put(server, &update, NULL, NULL), SS_ERR_NOT_FOUND);

    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, broken, strlen(broken), 0), strlen(broken));
    assert_int_equal(ss_server_reload(server), SS_ERR_INVALID);
    assert_non_null(strstr(ss_server_error(server), path));

    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, second, strlen(second), 0), strlen(second));
    assert_int_equal(ss_server_reload(server), SS_OK);
    assert_int_equal(ss_server_put(server, &update, NULL, NULL), SS_OK);
    update.world = "more";
    assert_int_equal(ss_server_put(server, &update, NULL, NULL), SS_OK);
    ss_server_close(server);
    close(fd);
    unlink(path);
}

static void draining_ends(void **state) {
    (void)state;
    struct told told = {0};
    ss_server *server = open_quiet(&told);
    ss_server_drain(server, 100);
    assert_string_equal(ss_server_address(server, "grpc"), "");
    ss_status status = SS_OK;
    for (int turn = 0; turn < 100 && status == SS_OK; turn++)
        status = ss_server_poll(server, 10);
    assert_int_equal(status, SS_ERR_CLOSED);
    ss_server_close(server);
}

/* Opening and one write with allocation n failing: an error and nothing lost, or success. */
static void every_allocation_fails_once(void **state) {
    (void)state;
    for (size_t n = 1; n < 2000; n++) {
        struct failing failing = {.fail_at = n};
        ss_server_config config = ss_server_config_default();
        config.settings = quiet;
        config.ignore_environment = true;
        config.on_log = on_log;
        config.resize = failing_resize;
        config.resize_context = &failing;
        ss_server *server;
        if (ss_server_open(&server, &config) == SS_OK) {
            ss_update update = update_of("k", "v");
            ss_server_put(server, &update, NULL, NULL);
            ss_server_close(server);
        } else {
            assert_true(strlen(config.error) > 0);
        }
        assert_int_equal(failing.live, 0);
        if (failing.calls < n) return;
    }
    fail_msg("opening never came to an end");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_game_puts_and_gets),     cmocka_unit_test(hooks_refuse_and_are_told),
        cmocka_unit_test(worlds_are_apart),         cmocka_unit_test(a_port_in_use_is_named),
        cmocka_unit_test(bad_settings_are_named),   cmocka_unit_test(reload_takes_what_it_can),
        cmocka_unit_test(draining_ends),            cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
