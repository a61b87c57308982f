/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/rig.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/upkeep.h"

/* A rig on a real folder, with a journal of 200 groups in it. */
struct shop {
    struct rig rig;
    char root[64], folder[96], backup[96], other[96], why[512];
    uint64_t node;
    unsigned told;
};

static void shop_open(struct shop *shop) {
    rig_open(&shop->rig, 1);
    snprintf(shop->root, sizeof shop->root, "/tmp/test_upkeep.XXXXXX");
    assert_non_null(mkdtemp(shop->root));
    snprintf(shop->folder, sizeof shop->folder, "%s/data", shop->root);
    snprintf(shop->backup, sizeof shop->backup, "%s/backup.db", shop->root);
    snprintf(shop->other, sizeof shop->other, "%s/other", shop->root);
    shop->told = 0;
    shop->rig.config = journal_config_default();
    shop->rig.config.folder = shop->folder;
    shop->rig.config.ballast_bytes = 4096;
    shop->rig.config.checkpoint_bytes = 40000;
    assert_int_equal(rig_open_journal(&shop->rig), SS_OK);
    shop->node = journal_node(shop->rig.journal);
    for (int i = 0; i < 200; i++) {
        rig_live(&shop->rig, false);
        assert_int_equal(rig_commit(&shop->rig), SS_OK);
    }
    journal_close(shop->rig.journal);
    shop->rig.journal = NULL;
}

static void shop_close(struct shop *shop) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", shop->root);
    assert_int_equal(system(command), 0);
    rig_close(&shop->rig);
}

static void tell(void *context, const char *phase, uint64_t done, uint64_t total) {
    struct shop *shop = context;
    assert_non_null(phase);
    assert_true(done <= total);
    shop->told++;
}

static void a_backup_is_restored(void **state) {
    (void)state;
    struct shop shop;
    struct fixture again[RIG_WORLDS];
    shop_open(&shop);
    struct rig *rig = &shop.rig;
    struct progress progress = {tell, &shop};
    struct journal_config config = rig->config;
    assert_int_equal(upkeep_verify(&config, &progress, shop.why, sizeof shop.why), SS_OK);
    int status = upkeep_backup(&config, shop.backup, &progress, shop.why, sizeof shop.why);
    if (status != SS_OK) print_error("%s\n", shop.why);
    assert_int_equal(status, SS_OK);
    assert_int_equal(upkeep_backup(&config, shop.backup, NULL, shop.why, sizeof shop.why),
                     SS_ERR_EXISTS);
    assert_non_null(strstr(shop.why, "another name"));
    assert_int_equal(upkeep_restore(&config, shop.backup, NULL, shop.why, sizeof shop.why),
                     SS_ERR_EXISTS);
    config.folder = shop.other;
    status = upkeep_restore(&config, shop.backup, &progress, shop.why, sizeof shop.why);
    if (status != SS_OK) print_error("%s\n", shop.why);
    assert_int_equal(status, SS_OK);
    assert_true(shop.told > 4);
    rig->config = config;
    assert_int_equal(rig_open_journal(rig), SS_OK);
    assert_int_not_equal(journal_node(rig->journal), shop.node);
    assert_int_equal(journal_last(rig->journal), 200);
    assert_int_equal(rig_recover(rig, again), SS_OK);
    assert_int_equal(rig_promises(again), rig_promises(rig->worlds));
    rig_forget(again);
    rig_live(rig, false);
    assert_int_equal(rig_commit(rig), SS_OK); /* and life goes on */
    journal_close(rig->journal);
    rig->journal = NULL;
    shop_close(&shop);
}

static void upkeep_needs_the_folder_for_itself(void **state) {
    (void)state;
    struct shop shop;
    shop_open(&shop);
    struct rig *rig = &shop.rig;
    assert_int_equal(rig_open_journal(rig), SS_OK);
    assert_int_equal(upkeep_verify(&rig->config, NULL, shop.why, sizeof shop.why), SS_ERR_BUSY);
    assert_int_equal(upkeep_backup(&rig->config, shop.backup, NULL, shop.why, sizeof shop.why),
                     SS_ERR_BUSY);
    journal_close(rig->journal);
    rig->journal = NULL;
    shop_close(&shop);
}

/* Bytes in the middle of the file, changed. */
static void damage(const char *path) {
    int file = open(path, O_RDWR);
    assert_true(file >= 0);
    off_t size = lseek(file, 0, SEEK_END);
    for (off_t at = 5000; at < size; at += 4096) {
        uint8_t byte;
        assert_int_equal(pread(file, &byte, 1, at), 1);
        byte ^= 0x55;
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
    }
    close(file);
}

static void damage_is_found_and_never_restored(void **state) {
    (void)state;
    struct shop shop;
    char path[128];
    shop_open(&shop);
    struct journal_config config = shop.rig.config;
    assert_int_equal(upkeep_backup(&config, shop.backup, NULL, shop.why, sizeof shop.why), SS_OK);
    snprintf(path, sizeof path, "%s/statesync.db", shop.folder);
    damage(path);
    assert_int_equal(upkeep_verify(&config, NULL, shop.why, sizeof shop.why), SS_ERR_CORRUPT);
    assert_true(strlen(shop.why) > 0);
    snprintf(path, sizeof path, "%s/second.db", shop.root);
    assert_int_equal(upkeep_backup(&config, path, NULL, shop.why, sizeof shop.why), SS_ERR_CORRUPT);
    assert_int_not_equal(access(path, F_OK), 0);
    damage(shop.backup);
    config.folder = shop.other;
    assert_int_equal(upkeep_restore(&config, shop.backup, NULL, shop.why, sizeof shop.why),
                     SS_ERR_CORRUPT);
    snprintf(path, sizeof path, "%s/statesync.db", shop.other);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(upkeep_restore(&config, "/no/such/file", NULL, shop.why, sizeof shop.why),
                     SS_ERR_NOT_FOUND);
    shop_close(&shop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_is_restored),
        cmocka_unit_test(upkeep_needs_the_folder_for_itself),
        cmocka_unit_test(damage_is_found_and_never_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
