#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Plants known bugs, one after the other, in a copy of the tree, and requires that the simulator or
# a unit test with a model of its own (the laws of merging, followers) find each. A test that cannot
# fail proves nothing; these must.
# usage: tests/planted/run.sh [NAME...]     SEEDS=40 and JOBS=2 may come from the environment
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
seeds=${SEEDS:-40}
jobs=${JOBS:-2}
sim=$work/build/src/sim/statesync-sim
laws=$work/build/src/payload/test_json_merge
followers=$work/build/src/world/test_follow

(cd "$root" && tar cf - --exclude='./build*' --exclude=./.git --exclude=node_modules .) |
    (mkdir "$work/tree" && cd "$work/tree" && tar xf -)

build() {
    ninja -C "$work/build" -j "$jobs" src/sim/statesync-sim src/payload/test_json_merge \
        src/world/test_follow >"$work/log" 2>&1
}
# simulate OPTION...: what went wrong, or nothing. Running out of time is nothing, too.
simulate() {
    timeout --foreground 120 "$sim" "$@" >"$work/sim" 2>&1 && return 1
    grep -a -m 1 -e FAILED -e crashed "$work/sim"
}
# What found the bug, or nothing: first what the patch says in its line `found by: OPTIONS`, or
# `found by: laws`, or `found by: followers`. Then everything is tried: small worlds meet their
# beginnings more often; failing memory with few other faults meets more places than one fault among
# many.
finder() {
    case $1 in
    '') ;;
    laws) laws && return ;;
    followers) followers && return ;;
    *) simulate $1 && return ;;
    esac
    simulate --seeds "1..$seeds" --ops 120 ||
        simulate --seeds "1..$((seeds * 15))" --clients 1 --ops 40 ||
        simulate --seeds "1..$((seeds * 60))" --clients 2 --ops 30 \
            --faults memory,stall,pause,burst,accept,delay ||
        laws || followers
}
laws() {
    "$laws" >"$work/laws" 2>&1 && return 1
    echo "laws of merging"
}
followers() {
    "$followers" >"$work/followers" 2>&1 && return 1
    echo "the model of followers"
}

meson setup "$work/build" "$work/tree" -Dbuildtype=release -Dwerror=false >"$work/log" 2>&1 && build || {
    tail -n 20 "$work/log"
    echo "the tree does not build" >&2
    exit 1
}
found=$(finder "")
if [ -n "$found" ]; then
    echo "the tree fails without a planted bug: $found" >&2
    exit 1
fi

if [ $# -eq 0 ]; then set -- "$here"/*.patch; fi
caught=0 missed=0
for bug in "$@"; do
    name=$(basename "$bug" .patch)
    if ! patch -d "$work/tree" -p1 -s --no-backup-if-mismatch <"$here/$name.patch" >"$work/log" 2>&1; then
        echo "MISSED  $name: the patch does not apply any more" >&2
        exit 1
    fi
    found=
    hint=$(sed -n 's/^found by: //p' "$here/$name.patch")
    build && found=$(finder "$hint") || tail -n 5 "$work/log"
    if [ -n "$found" ]; then
        caught=$((caught + 1))
        printf 'caught  %-22s %s\n' "$name" "$found"
    else
        missed=$((missed + 1))
        printf 'MISSED  %-22s %s\n' "$name" "$(sed -n 2p "$here/$name.patch")"
    fi
    patch -d "$work/tree" -p1 -s -R --no-backup-if-mismatch <"$here/$name.patch"
done
echo "planted bugs: $caught caught, $missed missed"
[ "$missed" -eq 0 ]
