#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes one include root per folder of src/ under BUILD/floors: links to the folders it may include and
# no others, so that an include of a higher floor does not compile. FLOORS below is the whole rule.
# usage: tools/floors.sh SOURCE BUILD [--list]
set -eu

FLOORS='
base:
payload: base
wire: base
delta: base wire
schema: base payload wire delta
world: base payload
codec: base payload wire world
transport: base wire
session: base payload wire world codec transport
net: base transport
journal: base payload wire world codec
client: base wire codec payload transport session net
server: base payload schema wire world codec transport session net journal
cli: base payload schema wire delta world codec transport session net journal server client bench
bench: base payload wire delta world codec transport session net journal server client
sim: base payload wire delta world codec transport session net journal server client
'
if [ "${3:-}" = --list ]; then
    printf '%s' "$FLOORS"
    exit 0
fi
source=$1 build=$2
rm -rf "$build/floors"
printf '%s' "$FLOORS" | while IFS=': ' read -r folder below; do
    [ -n "$folder" ] || continue
    mkdir -p "$build/floors/$folder"
    for name in $folder $below; do
        ln -s "$source/src/$name" "$build/floors/$folder/$name"
    done
done
