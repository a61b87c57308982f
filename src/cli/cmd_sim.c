/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_sim.c - `statesync sim`: hands over to statesync-sim, which is this server linked against an
 * operating system that does not exist, and therefore a program of its own. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* The simulator lies beside this program, or where it was installed. */
static int run(struct cli *cli, int argc, char **argv) {
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - sizeof "-sim");
    if (size <= 0) return complain(cli, EXIT_FAILED, "cannot tell where this program lies");
    memcpy(path + size, "-sim", sizeof "-sim");
    (void)argc;
    argv[0] = path;
    execv(path, argv);
    return complain(cli, EXIT_FAILED, "%s: %s (it is built beside this program)", path,
                    strerror(errno));
}

const struct command command_sim = {
    .name = "sim",
    .synopsis = "--seed S | --seeds A..B [FLAGS]",
    .summary = "Runs the shipping server in a simulated world, with faults, from a seed",
    .text = "  statesync sim --seed 7 --clients 8 --ops 200 --faults all\n"
            "  statesync sim --seeds 1..1000\n"
            "\n"
            "A failure prints the command that replays it to the byte; --shrink makes it small.\n"
            "`statesync sim --help` lists the flags; docs/simulation.md tells what is checked.\n",
    .local = true,
    .run = run,
};
