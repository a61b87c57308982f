/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once over every file given, and over every file in every directory given, so
 * that the corpora are tests for any compiler. The target reports by crashing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ((size_t)1 << 24)

/* An input lies in a block of exactly its size, so that a sanitizer sees one byte too many. */
static int run_file(const char *path, size_t size) {
    int status = -1;
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1);
    if (file && data && size <= INPUT_MAX && fread(data, 1, size, file) == size)
        status = LLVMFuzzerTestOneInput(data, size);
    free(data);
    if (file) fclose(file);
    if (status != 0) fprintf(stderr, "%s: cannot be read\n", path);
    return status == 0 ? 1 : -1;
}

static int run_path(const char *path);

/* How many inputs were run, or -1. */
static int run_directory(const char *path) {
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort), total = count < 0 ? -1 : 0;
    for (int i = 0; i < count; i++) {
        char inner[4096];
        int length = snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && total >= 0) {
            int ran = length < (int)sizeof inner ? run_path(inner) : -1;
            total = ran < 0 ? -1 : total + ran;
        }
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return total;
}

static int run_path(const char *path) {
    struct stat about;
    if (stat(path, &about) != 0) {
        perror(path);
        return -1;
    }
    return S_ISDIR(about.st_mode) ? run_directory(path) : run_file(path, (size_t)about.st_size);
}

int main(int count, char **arguments) {
    int total = 0;
    for (int i = 1; i < count; i++) {
        int ran = run_path(arguments[i]);
        if (ran < 0) return 1;
        total += ran;
    }
    printf("%d inputs\n", total);
    return total > 0 ? 0 : 1;
}
