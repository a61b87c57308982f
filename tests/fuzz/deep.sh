#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every libFuzzer program of a build for FUZZ_SECONDS each (60), starting from the kept corpus. A
# crash leaves its input under BUILD/crashes and fails.
# usage: tests/fuzz/deep.sh BUILD     (configured with CC=clang -Dfuzzers=true, see ./test --all)
set -u
cd "$(dirname "$0")/../.."
build=$1 seconds=${FUZZ_SECONDS:-60} bad=0
mkdir -p "$build/crashes"
for program in "$build"/tests/fuzz/fuzz_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    name=${program##*/fuzz_}
    found=$build/corpus-$name
    mkdir -p "$found"
    echo "fuzzing $name for $seconds s"
    if ! "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/crashes/$name-" "$found" "tests/fuzz/corpus/$name" >"$found.log" 2>&1; then
        tail -n 30 "$found.log"
        echo "$name: a bad input was found, see $build/crashes"
        bad=1
    fi
    sed -n 's/^stat::number_of_executed_units: *\(.*\)/  \1 executions/p' "$found.log"
done
exit $bad
