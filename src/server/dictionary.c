/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dictionary.h"

#include <errno.h>
#include <stdio.h>

#include "base/status.h"

struct dictionaries {
    const struct memory *memory;
    const struct config *config;
    size_t
        count; /* of places: a category's has the category's number, the last is the fallback's */
    struct dictionary **places; /* where a file is named again, the one loaded first */
};

/* ---- one file ------------------------------------------------------------------------------ */

static int refuse(char *why, size_t why_size, const char *file, const char *what, int status) {
    snprintf(why, why_size, "dictionary %s: %s", file, what);
    return status;
}

static int read_all(FILE *stream, struct buffer *content) {
    while (content->size <= DICTIONARY_BYTES_MAX) {
        uint8_t *room = buffer_room(content, 16384);
        if (!room) return SS_ERR_NOMEM;
        size_t size = fread(room, 1, 16384, stream);
        content->size += size;
        if (size == 0) return ferror(stream) ? SS_ERR_IO : SS_OK;
    }
    return SS_ERR_TOO_LARGE;
}

static int load(struct dictionaries *dictionaries, const char *file, struct dictionary **out,
                char *why, size_t why_size) {
    FILE *stream = fopen(file, "re");
    if (!stream)
        return refuse(why, why_size, file, strerror(errno),
                      errno == ENOENT ? SS_ERR_NOT_FOUND : SS_ERR_INVALID);
    struct buffer content = buffer_of(dictionaries->memory);
    int status = read_all(stream, &content);
    fclose(stream);
    if (status == SS_OK)
        status = dictionary_create(out, dictionaries->memory, buffer_view(&content));
    buffer_free(&content);
    switch (status) {
    case SS_ERR_TOO_LARGE:
        return refuse(why, why_size, file, "larger than 256 KiB", SS_ERR_INVALID);
    case SS_ERR_MALFORMED:
        return refuse(why, why_size, file, "no dictionary that `zstd --train` makes",
                      SS_ERR_INVALID);
    case SS_ERR_IO: return refuse(why, why_size, file, "cannot be read", SS_ERR_INVALID);
    default: return status;
    }
}

/* ---- all of them --------------------------------------------------------------------------- */

/* Whether place i owns what lies there. */
static bool is_first(const struct dictionaries *dictionaries, size_t i) {
    for (size_t before = 0; before < i; before++)
        if (dictionaries->places[before] == dictionaries->places[i]) return false;
    return dictionaries->places[i] != NULL;
}

static int place(struct dictionaries *dictionaries, size_t i, char *why, size_t why_size) {
    char *const *files = dictionaries->config->dictionaries;
    for (size_t before = 0; before < i; before++)
        if (files[before] && strcmp(files[before], files[i]) == 0) {
            dictionaries->places[i] = dictionaries->places[before];
            return SS_OK;
        }
    struct dictionary *loaded;
    int status = load(dictionaries, files[i], &loaded, why, why_size);
    if (status != SS_OK) return status;
    if (dictionaries_find(dictionaries, dictionary_id(loaded))) {
        dictionary_destroy(loaded);
        return refuse(why, why_size, files[i],
                      "another one has the same id: train it with --dictID", SS_ERR_INVALID);
    }
    dictionaries->places[i] = loaded;
    return SS_OK;
}

int dictionaries_open(struct dictionaries **out, const struct memory *memory,
                      const struct config *config, char *why, size_t why_size) {
    struct dictionaries *dictionaries = memory_zeroed(memory, 1, sizeof *dictionaries);
    if (!dictionaries) return SS_ERR_NOMEM;
    *dictionaries = (struct dictionaries){
        .memory = memory, .config = config, .count = config->category_count + 1};
    dictionaries->places = memory_zeroed(memory, dictionaries->count, sizeof *dictionaries->places);
    int status = dictionaries->places ? SS_OK : SS_ERR_NOMEM;
    for (size_t i = 0; status == SS_OK && i < dictionaries->count; i++)
        if (config->dictionaries[i]) status = place(dictionaries, i, why, why_size);
    if (status == SS_OK) {
        *out = dictionaries;
    } else {
        dictionaries_close(dictionaries);
    }
    return status;
}

void dictionaries_close(struct dictionaries *dictionaries) {
    if (!dictionaries) return;
    const struct memory *memory = dictionaries->memory;
    for (size_t i = dictionaries->places ? dictionaries->count : 0; i-- > 0;)
        if (is_first(dictionaries, i)) dictionary_destroy(dictionaries->places[i]);
    memory_free(memory, dictionaries->places, dictionaries->count * sizeof *dictionaries->places);
    memory_free(memory, dictionaries, sizeof *dictionaries);
}

const struct dictionary *dictionaries_of(const struct dictionaries *dictionaries,
                                         const struct category *category) {
    const struct config *config = dictionaries->config;
    if (category == config->fallback) return dictionaries->places[config->category_count];
    for (size_t i = 0; i < config->category_count; i++)
        if (category == &config->categories[i]) return dictionaries->places[i];
    return NULL;
}

const struct dictionary *dictionaries_find(const struct dictionaries *dictionaries, uint32_t id) {
    for (size_t i = 0; i < dictionaries->count; i++)
        if (dictionaries->places[i] && dictionary_id(dictionaries->places[i]) == id)
            return dictionaries->places[i];
    return NULL;
}
