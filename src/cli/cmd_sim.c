/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_sim.c - `statesync sim`: hands over to statesync-sim, which is this server linked against an
 * operating system that does not exist, and therefore a program of its own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* The simulator lies beside this program, or below it in a build folder. */
static int run(struct cli *cli, int argc, char **argv) {
    static const char *const places[] = {"/statesync-sim", "/src/sim/statesync-sim"};
    char self[4096], path[sizeof self + 32];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size <= 0) return complain(cli, EXIT_FAILED, "cannot tell where this program lies");
    self[size] = 0;
    *strrchr(self, '/') = 0;
    (void)argc;
    argv[0] = path;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s%s", self, places[i]);
        execv(path, argv);
    }
    return complain(cli, EXIT_FAILED,
                    "%s/statesync-sim: %s (it is built and installed with this program)", self,
                    strerror(errno));
}

const struct command command_sim = {
    .name = "sim",
    .synopsis = "--seed S | --seeds A..B [FLAGS]",
    .summary = "Runs the shipping server in a simulated world, with faults, from a seed",
    .own_help = true,
    .local = true,
    .run = run,
};
