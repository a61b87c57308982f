/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void reopened_it_is_the_same(void **state) {
    (void)state;
    struct rig rig;
    struct fixture again[RIG_WORLDS];
    rig_open(&rig, 1);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    uint64_t node = journal_node(rig.journal);
    assert_int_not_equal(node, 0);
    assert_int_equal(journal_last(rig.journal), 0);
    for (int i = 0; i < 300; i++) {
        rig_live(&rig, false);
        assert_int_equal(rig_commit(&rig), SS_OK);
    }
    assert_int_equal(journal_last(rig.journal), 300);
    journal_close(rig.journal);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    assert_int_equal(journal_node(rig.journal), node);
    assert_int_equal(journal_last(rig.journal), 300);
    assert_int_equal(journal_world_count(rig.journal), 2);
    assert_int_equal(journal_world(rig.journal, bytes_of("arena")), 1);
    assert_int_equal(journal_world(rig.journal, bytes_of("other")), UINT32_MAX);
    assert_int_equal(rig_recover(&rig, again), SS_OK);
    for (int i = 0; i < RIG_WORLDS; i++)
        assert_int_equal(world_digest(again[i].world), world_digest(rig.worlds[i].world));
    assert_int_equal(rig_promises(again), rig_promises(rig.worlds));
    rig_forget(again);
    rig_close(&rig);
}

static void a_group_from_memory_that_is_damaged_is_refused(void **state) {
    (void)state;
    struct rig rig;
    rig_open(&rig, 2);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    rig_live(&rig, false);
    rig.group.data[rig.group.size - 1] ^= 1;
    assert_int_equal(rig_commit(&rig), SS_ERR_CORRUPT);
    rig.group.data[rig.group.size - 1] ^= 1;
    assert_int_equal(rig_commit(&rig), SS_ERR_CORRUPT); /* final */
    rig_close(&rig);
}

static int refuse(void *context, struct bytes world, struct bytes effects) {
    int *left = context;
    (void)world;
    (void)effects;
    return (*left)-- > 0 ? SS_OK : SS_ERR_NOMEM;
}

static void a_replay_may_refuse(void **state) {
    (void)state;
    struct rig rig;
    struct fixture again[RIG_WORLDS];
    int left = 3;
    rig_open(&rig, 3);
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    for (int i = 0; i < 20; i++) {
        rig_live(&rig, false);
        assert_int_equal(rig_commit(&rig), SS_OK);
    }
    assert_int_equal(journal_recover(rig.journal, refuse, &left, rig.why, sizeof rig.why),
                     SS_ERR_NOMEM);
    assert_true(strlen(rig.why) > 0);
    assert_int_equal(rig_recover(&rig, again), SS_OK); /* and be asked again */
    rig_forget(again);
    rig_close(&rig);
}

/* ---- on a real disk: what is refused, and how that is said --------------------------------- */

struct site {
    char folder[64], why[512];
    struct journal_config config;
};

static void site_make(struct site *site) {
    snprintf(site->folder, sizeof site->folder, "/tmp/test_journal.XXXXXX");
    assert_non_null(mkdtemp(site->folder));
    site->config = journal_config_default();
    site->config.folder = site->folder;
    site->config.ballast_bytes = 4096;
}

static void site_remove(struct site *site) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", site->folder);
    assert_int_equal(system(command), 0);
}

static int try_open(struct site *site) {
    struct journal *journal = NULL;
    int status = journal_open(&journal, &site->config, site->why, sizeof site->why);
    journal_close(journal);
    return status;
}

static void run_sql(const struct site *site, const char *text) {
    char path[128];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/statesync.db", site->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_folder_in_use_is_refused(void **state) {
    (void)state;
    struct site site;
    struct journal *journal;
    site_make(&site);
    assert_int_equal(journal_open(&journal, &site.config, site.why, sizeof site.why), SS_OK);
    assert_int_equal(try_open(&site), SS_ERR_BUSY);
    assert_non_null(strstr(site.why, "another process"));
    journal_close(journal);
    assert_int_equal(try_open(&site), SS_OK);
    site_remove(&site);
}

static void another_format_is_refused_and_left_alone(void **state) {
    (void)state;
    struct site site;
    site_make(&site);
    assert_int_equal(try_open(&site), SS_OK);
    run_sql(&site, "PRAGMA user_version = 99");
    assert_int_equal(try_open(&site), SS_ERR_UNSUPPORTED);
    assert_non_null(strstr(site.why, "newer"));
    run_sql(&site, "PRAGMA user_version = 2");
    assert_int_equal(try_open(&site), SS_ERR_UNSUPPORTED);
    assert_non_null(strstr(site.why, "new folder"));
    run_sql(&site, "PRAGMA user_version = 3");
    assert_int_equal(try_open(&site), SS_OK);
    site_remove(&site);
}

static void a_foreign_database_is_refused(void **state) {
    (void)state;
    struct site site;
    site_make(&site);
    run_sql(&site, "CREATE TABLE a (b)");
    assert_int_equal(try_open(&site), SS_ERR_UNSUPPORTED);
    assert_non_null(strstr(site.why, "no journal"));
    site_remove(&site);
}

static void damage_is_refused(void **state) {
    (void)state;
    struct site site;
    char path[128];
    site_make(&site);
    snprintf(path, sizeof path, "%s/statesync.db", site.folder);
    assert_int_equal(try_open(&site), SS_OK);
    int file = open(path, O_WRONLY);
    assert_int_equal(pwrite(file, "not a database at all", 21, 0), 21);
    close(file);
    assert_int_equal(try_open(&site), SS_ERR_CORRUPT);
    assert_non_null(strstr(site.why, "restore a backup"));
    site_remove(&site);
}

/* The row is right in itself, but not the one that was written. */
static void a_row_that_vanished_is_noticed(void **state) {
    (void)state;
    struct site site;
    struct rig rig;
    struct fixture again[RIG_WORLDS];
    site_make(&site);
    rig_open(&rig, 4);
    rig.config = site.config;
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    for (int i = 0; i < 50; i++) {
        rig_live(&rig, false);
        assert_int_equal(rig_commit(&rig), SS_OK);
    }
    assert_int_equal(journal_settle(rig.journal, NULL), SS_OK);
    journal_close(rig.journal);
    run_sql(&site, "DELETE FROM cells WHERE (world, owner, category, key) IN "
                   "(SELECT world, owner, category, key FROM cells LIMIT 1)");
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    assert_int_equal(rig_recover(&rig, again), SS_ERR_CORRUPT);
    assert_non_null(strstr(rig.why, "rows"));
    rig_forget(again);
    rig_close(&rig);
    site_remove(&site);
}

/* Commits so much, then moves all of it into the tables. */
static void settle_some(struct rig *rig) {
    for (int i = 0; i < 20; i++) {
        rig_live(rig, false);
        assert_int_equal(rig_commit(rig), SS_OK);
    }
    assert_int_equal(journal_settle(rig->journal, NULL), SS_OK);
    journal_close(rig->journal);
}

/* Each row is right in itself, and right beside the others of its table, but of another moment. */
static void rows_of_two_moments_are_noticed(void **state) {
    (void)state;
    struct site site;
    struct rig rig;
    site_make(&site);
    rig_open(&rig, 5);
    rig.config = site.config;
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    settle_some(&rig);
    run_sql(&site, "CREATE TABLE before AS SELECT * FROM worlds");
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    settle_some(&rig);
    run_sql(&site, "CREATE TABLE after AS SELECT * FROM worlds;"
                   "DELETE FROM worlds; INSERT INTO worlds SELECT * FROM before");
    assert_int_equal(rig_open_journal(&rig), SS_ERR_CORRUPT);
    assert_non_null(strstr(rig.why, "meta"));
    run_sql(&site, "DELETE FROM worlds; INSERT INTO worlds SELECT * FROM after");
    assert_int_equal(rig_open_journal(&rig), SS_OK);
    rig_close(&rig);
    site_remove(&site);
}

static void a_lost_tail_is_noticed(void **state) {
    (void)state;
    struct site site;
    struct journal *journal;
    struct buffer group = buffer_of(&memory_heap);
    site_make(&site);
    assert_int_equal(journal_open(&journal, &site.config, site.why, sizeof site.why), SS_OK);
    group_add_name(&group, 0, bytes_of("w"));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(journal_commit(journal, buffer_view(&group), 0), SS_OK);
        buffer_clear(&group);
    }
    journal_close(journal);
    buffer_free(&group);
    run_sql(&site, "DELETE FROM groups WHERE seq = 3");
    assert_int_equal(try_open(&site), SS_ERR_CORRUPT);
    assert_non_null(strstr(site.why, "group 3 was acknowledged"));
    run_sql(&site, "DELETE FROM groups WHERE seq = 1");
    assert_int_equal(try_open(&site), SS_ERR_CORRUPT);
    char path[128];
    snprintf(path, sizeof path, "%s/statesync.db", site.folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(try_open(&site), SS_ERR_CORRUPT);
    assert_non_null(strstr(site.why, "statesync.mark"));
    site_remove(&site);
}

static void a_folder_that_cannot_be_is_refused(void **state) {
    (void)state;
    struct site site;
    site_make(&site);
    site.config.folder = "/tmp/there/is/no/such/folder";
    assert_int_equal(try_open(&site), SS_ERR_NOT_FOUND);
    site.config.folder = "/dev/null";
    assert_int_equal(try_open(&site), SS_ERR_INVALID);
    site.config.folder = site.folder;
    site.config.vfs = "none such";
    assert_int_equal(try_open(&site), SS_ERR_INVALID);
    site_remove(&site);
}

/* Root may write everywhere, so somebody else tries. */
static void a_folder_of_others_is_refused(void **state) {
    (void)state;
    struct site site;
    site_make(&site);
    assert_int_equal(try_open(&site), SS_OK);
    assert_int_equal(chmod(site.folder, 0755), 0);
    pid_t child = fork();
    if (child == 0) {
        bool other = geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0);
        if (!other || geteuid() == 0) _exit(SS_ERR_DENIED & 0xff);
        _exit(try_open(&site) & 0xff);
    }
    int code;
    assert_int_equal(waitpid(child, &code, 0), child);
    if (geteuid() == 0) assert_int_equal(WEXITSTATUS(code), SS_ERR_DENIED & 0xff);
    site_remove(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reopened_it_is_the_same),
        cmocka_unit_test(a_group_from_memory_that_is_damaged_is_refused),
        cmocka_unit_test(a_replay_may_refuse),
        cmocka_unit_test(a_folder_in_use_is_refused),
        cmocka_unit_test(another_format_is_refused_and_left_alone),
        cmocka_unit_test(a_foreign_database_is_refused),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(a_row_that_vanished_is_noticed),
        cmocka_unit_test(rows_of_two_moments_are_noticed),
        cmocka_unit_test(a_lost_tail_is_noticed),
        cmocka_unit_test(a_folder_that_cannot_be_is_refused),
        cmocka_unit_test(a_folder_of_others_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
