#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The fault scripts at length (about an hour); ROUNDS multiplies. Prints one line of figures
# each; exits with 1 when a promise was broken.
# usage: tests/faults/all.sh STATESYNC CLIENTS
set -u
program=$(realpath "$1") clients=$(realpath "$2") times=${ROUNDS:-1} bad=0
cd "$(dirname "$0")" || exit 1
try() {
    echo "== $*"
    script=$1
    shift
    status=0
    /usr/bin/python3 "$script.py" "$program" "$clients" "$@" || status=$?
    [ $status -eq 0 ] || [ $status -eq 77 ] || bad=1
}
try kill --rounds $((200 * times))
try kill --rounds $((10 * times)) --life 20 --heavy
try kill --rounds $((10 * times)) --unsafe
try power --rounds $((50 * times)) --disk ext4
try power --rounds $((20 * times)) --disk xfs
try power --rounds $((5 * times)) --life 20 --heavy
try power --rounds $((5 * times)) --unsafe
try full
try pause --rounds $((3 * times)) --long
try clock
try durability
try calls --rounds $((500 * times))
try folder
try flip --rounds $((10000 * times))
exit $bad
