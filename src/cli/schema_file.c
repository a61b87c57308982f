/* SPDX-License-Identifier: Apache-2.0 */
/* protoc is run in the folder of nobody: what it needs of ours (statesync/options.proto) and what
 * it writes lies in a temporary one, which is gone afterwards. */
#include "cli/schema_file.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.h"

extern char **environ;
extern const unsigned char options_proto[];
extern const unsigned long options_proto_size;

#define INCLUDES_MAX (TEXT_LIST_MAX + 2)

struct workshop {
    char folder[64], options_folder[96], options[128], output[96];
};

static bool workshop_open(struct workshop *shop) {
    snprintf(shop->folder, sizeof shop->folder, "/tmp/statesync-schema-XXXXXX");
    if (!mkdtemp(shop->folder)) return false;
    snprintf(shop->options_folder, sizeof shop->options_folder, "%s/statesync", shop->folder);
    snprintf(shop->options, sizeof shop->options, "%s/options.proto", shop->options_folder);
    snprintf(shop->output, sizeof shop->output, "%s/set.desc", shop->folder);
    FILE *file = mkdir(shop->options_folder, 0700) == 0 ? fopen(shop->options, "wb") : NULL;
    if (!file) return false;
    bool written = fwrite(options_proto, 1, options_proto_size, file) == options_proto_size;
    return fclose(file) == 0 && written;
}

static void workshop_close(const struct workshop *shop) {
    unlink(shop->output);
    unlink(shop->options);
    rmdir(shop->options_folder);
    rmdir(shop->folder);
}

/* Its exit status, or -1 when it could not be run. */
static int run(char *const *arguments) {
    pid_t child;
    int status;
    if (posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ) != 0) return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* "--proto_path=FOLDER" for the .proto's own folder, those asked for, and ours. */
static bool protoc_run(const struct workshop *shop, const struct cli *cli, const char *name,
                       const struct text_list *folders) {
    char *arguments[INCLUDES_MAX + 8], output[128];
    size_t count = 0;
    const char *slash = strrchr(name, '/');
    snprintf(output, sizeof output, "--descriptor_set_out=%s", shop->output);
    arguments[count++] = strdup("protoc");
    arguments[count++] = strdup("--include_imports");
    arguments[count++] = strdup("--include_source_info");
    arguments[count++] = strdup(output);
    for (size_t i = 0; i < folders->count + 2; i++) {
        char path[4096];
        if (i < folders->count) snprintf(path, sizeof path, "--proto_path=%s", folders->items[i]);
        if (i == folders->count)
            snprintf(path, sizeof path, "--proto_path=%.*s", slash ? (int)(slash - name) : 1,
                     slash ? name : ".");
        if (i > folders->count) snprintf(path, sizeof path, "--proto_path=%s", shop->folder);
        arguments[count++] = strdup(path);
    }
    arguments[count++] = strdup(name);
    arguments[count] = NULL;
    bool memory = true;
    for (size_t i = 0; i < count; i++)
        memory &= arguments[i] != NULL;
    int status = memory ? run(arguments) : -1;
    for (size_t i = 0; i < count; i++)
        free(arguments[i]);
    if (status < 0)
        complain(cli, EXIT_FAILED, "%s: protoc, which turns it into a descriptor set, does not run",
                 name);
    return status == 0;
}

static bool bytes_load(struct buffer *bytes, const struct cli *cli, const char *name) {
    FILE *file = fopen(name, "rb");
    if (!file) {
        complain(cli, EXIT_FAILED, "%s: %s", name, strerror(errno));
        return false;
    }
    uint8_t block[1 << 14];
    for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
        buffer_bytes(bytes, bytes_view(block, size));
    bool broken = ferror(file) || bytes->failed;
    fclose(file);
    if (broken) complain(cli, EXIT_FAILED, "%s: cannot be read", name);
    return !broken;
}

static bool proto_load(struct buffer *bytes, const struct cli *cli, const char *name,
                       const struct text_list *folders) {
    struct workshop shop;
    bool loaded = false;
    if (access(name, R_OK) != 0) {
        complain(cli, EXIT_FAILED, "%s: %s", name, strerror(errno));
        return false;
    }
    if (!workshop_open(&shop)) {
        complain(cli, EXIT_FAILED, "a temporary folder: %s", strerror(errno));
    } else {
        loaded = protoc_run(&shop, cli, name, folders) && bytes_load(bytes, cli, shop.output);
    }
    workshop_close(&shop);
    return loaded;
}

bool schema_input_open(struct schema_input *input, const struct cli *cli, const char *name,
                       const struct text_list *folders) {
    size_t size = strlen(name);
    *input = (struct schema_input){.bytes = buffer_of(&memory_heap)};
    bool proto = size > 6 && strcmp(name + size - 6, ".proto") == 0;
    bool loaded = proto ? proto_load(&input->bytes, cli, name, folders)
                        : bytes_load(&input->bytes, cli, name);
    if (!loaded) return false;
    struct buffer complaints = buffer_of(&memory_heap);
    int status =
        descriptor_read(&input->set, &memory_heap, buffer_view(&input->bytes), &complaints);
    if (complaints.size)
        fprintf(stderr, "%s: %.*s", name, (int)complaints.size, (const char *)complaints.data);
    buffer_free(&complaints);
    return status == SS_OK;
}

void schema_input_close(struct schema_input *input) {
    if (input->set.arena.memory) descriptor_free(&input->set);
    buffer_free(&input->bytes);
}
