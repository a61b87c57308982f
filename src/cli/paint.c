/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/paint.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *ink(bool color, enum ink which) {
    static const char *const escapes[] = {"\x1b[0m",  "\x1b[2m",  "\x1b[1m", "\x1b[32m",
                                          "\x1b[33m", "\x1b[31m", "\x1b[36m"};
    return color ? escapes[which] : "";
}

const char *ink_player(bool color, size_t index) {
    static const char *const escapes[] = {"\x1b[1;31m", "\x1b[1;34m", "\x1b[1;32m", "\x1b[1;33m",
                                          "\x1b[1;35m", "\x1b[1;36m", "\x1b[1;37m", "\x1b[1;91m"};
    return color ? escapes[index % 8] : "";
}

bool paint_wanted(int fd) {
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    return isatty(fd) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

void terminal_size(int fd, size_t *columns, size_t *rows) {
    struct winsize size = {0};
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *columns = known ? size.ws_col : 80;
    *rows = known ? size.ws_row : 24;
}
