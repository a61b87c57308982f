/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/content.h"

#include <errno.h>
#include <stdio.h>

#include "base/status.h"
#include "cli/text.h"

int content_load(struct buffer *out, const char *path, char *why, size_t why_size) {
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    int status = SS_OK;
    if (!file) {
        snprintf(why, why_size, "cannot open %s: %s", path, strerror(errno));
        return SS_ERR_NOT_FOUND;
    }
    for (;;) {
        uint8_t *room = buffer_room(out, 64 << 10);
        size_t size = room ? fread(room, 1, 64 << 10, file) : 0;
        if (size == 0) break;
        out->size += size;
    }
    if (out->failed || ferror(file)) {
        status = out->failed ? SS_ERR_NOMEM : SS_ERR_IO;
        snprintf(why, why_size, "cannot read %s: %s", path,
                 out->failed ? "out of memory" : strerror(errno));
    }
    if (!standard) fclose(file);
    return status;
}

int content_read(struct buffer *out, const char *word, bool hex, char *why, size_t why_size) {
    struct buffer text = buffer_of(out->memory);
    int status = SS_OK;
    if (word[0] == '@')
        status = content_load(&text, word + 1, why, why_size);
    else if (strcmp(word, "-") == 0)
        status = content_load(&text, "-", why, why_size);
    else
        buffer_text(&text, word);
    if (hex && status == SS_OK) {
        while (text.size && strchr("\r\n ", text.data[text.size - 1]))
            text.size--;
        buffer_u8(&text, 0);
        if (!text.failed && !hex_parse((const char *)text.data, out)) {
            snprintf(why, why_size, "--hex wants pairs of hex digits, as in 0x0a1b");
            status = SS_ERR_INVALID;
        }
    } else if (status == SS_OK) {
        buffer_bytes(out, buffer_view(&text));
    }
    if (status == SS_OK && (text.failed || out->failed)) {
        snprintf(why, why_size, "out of memory");
        status = SS_ERR_NOMEM;
    }
    buffer_free(&text);
    return status;
}
