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
    .synopsis = "rpc|stream|cas|world|merge [FLAGS]",
    .summary = "Measures a server, a peer beside it, or the engine alone",
    .text = "  statesync bench rpc --seconds 5\n"
            "  statesync bench cas --json\n"
            "\n"
            "`statesync bench --help` lists the flags; docs/benchmarks.md tells the method.\n",
    .local = true,
    .run = run,
};
