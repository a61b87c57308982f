/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_bench.c - `statesync bench`: everything of it is in bench/. */
#include "bench/bench.h"
#include "cli/cli.h"

static int run(struct cli *cli, int argc, char **argv) {
    (void)cli;
    return bench_main(argc, argv);
}

const struct command command_bench = {
    .name = "bench",
    .synopsis = "rpc|stream|cas|world|merge|journal|recover|delta [FLAGS]",
    .summary = "Measures a server, a peer beside it, the engine or the journal alone",
    .own_help = true,
    .local = true,
    .huge_pages = true,
    .run = run,
};
