#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Generates and builds the stock clients that the interop tests run, into DIR. Idempotent.
# usage: tests/interop/prepare.sh DIR
set -eu
cd "$(dirname "$0")/../.."
dir=$1
mkdir -p "$dir/go/src/statesync" "$dir/python" "$dir/node"
dir=$(cd "$dir" && pwd)
original=tests/interop/original
log=$dir/prepare.log
{
    # Go: Debian's grpc-go and its own generator, in GOPATH mode as Debian ships them.
    protoc -I $original --go_out=plugins=grpc:"$dir/go/src/statesync" "$original/state_sync.proto"
    GO111MODULE=off GOFLAGS= GOPATH="$dir/go:/usr/share/gocode" GOCACHE="$dir/go/cache" \
        go build -o "$dir/go/client" tests/interop/go/client.go

    # Python: Debian's grpcio with protoc's own generators. The fixed contract, and the extended one.
    mkdir -p "$dir/python/original" "$dir/python/extended"
    plugin=$(command -v grpc_python_plugin)
    protoc -I $original --python_out="$dir/python/original" \
        --grpc_out="$dir/python/original" --plugin=protoc-gen-grpc="$plugin" "$original/state_sync.proto"
    protoc -I proto --python_out="$dir/python/extended" \
        --grpc_out="$dir/python/extended" --plugin=protoc-gen-grpc="$plugin" \
        proto/state_sync.proto proto/statesync.proto

    # What a game with a schema generates, and the set that its server loads.
    protoc -I proto -I examples --python_out="$dir/python/extended" --include_imports \
        --descriptor_set_out="$dir/python/game.desc" game.proto statesync/options.proto

    # Node: @grpc/grpc-js loads the proto at run time.
    cp tests/interop/node/package.json "$dir/node/"
    [ -d "$dir/node/node_modules/@grpc/grpc-js" ] ||
        (cd "$dir/node" && npm install --no-audit --no-fund --no-package-lock --loglevel=error)
} >"$log" 2>&1 && exit 0
tail -n 20 "$log" >&2
echo "the interop clients could not be prepared; all of it: $log" >&2
exit 1
