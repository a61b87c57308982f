/* SPDX-License-Identifier: Apache-2.0 */
/* Up to the first NUL byte the input is a configuration file, behind it one setting of the command
 * line. Whatever it is: a sentence when it is refused, nothing leaked, and what was accepted
 * differs in nothing from itself. */
#include <stdlib.h>

#include "base/failing.h"
#include "base/status.h"
#include "server/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good) {
    if (!good) abort();
}

/* The setting as a C string; NULL when the input has none. */
static char *setting_of(const uint8_t *data, size_t size, size_t text_size) {
    if (text_size == size) return NULL;
    size_t rest = size - text_size - 1;
    char *setting = malloc(rest + 1);
    check(setting != NULL);
    memcpy(setting, data + text_size + 1, rest);
    setting[rest] = '\0';
    return setting;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t text_size = end ? (size_t)(end - data) : size;
    char *setting = setting_of(data, size, text_size);
    const char *const settings[] = {setting, NULL};
    struct failing failing = {0};
    struct memory memory = failing_memory(&failing);
    struct config *config;
    char why[512] = "";
    int status = config_read_text(&config, &memory, "fuzz.yaml", bytes_view(data, text_size), NULL,
                                  settings, NULL, why, sizeof why);
    check(status == SS_OK || (status == SS_ERR_INVALID && why[0] != '\0'));
    check((status == SS_OK) == (config != NULL));
    if (config) check(config_differences(config, config, NULL) == 0);
    config_free(config);
    check(failing.live == 0);
    free(setting);
    return 0;
}
