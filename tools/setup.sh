# SPDX-License-Identifier: Apache-2.0
# Sourced by ./run and ./test: installs the Debian packages that are missing, or says which.

BUILD_PACKAGES='gcc libc6-dev pkg-config meson ninja-build python3 protobuf-compiler
    libnghttp2-dev libhttp-parser-dev libssl-dev libsodium-dev libsqlite3-dev libjansson-dev libyaml-dev
    libcjose-dev zlib1g-dev liblz4-dev libzstd-dev'
TEST_PACKAGES='libcmocka-dev git clang libclang-rt-14-dev valgrind curl zstd lz4 openssl
    golang-go golang-google-grpc-dev golang-goprotobuf-dev protobuf-compiler-grpc
    python3-grpcio python3-protobuf'

# Names of the packages among the arguments that are not installed.
missing_packages() {
    for package in "$@"; do
        state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
        case $state in ii*) ;; *) printf ' %s' "$package" ;; esac
    done
}

# ensure_packages PACKAGE...: afterwards all are there, or the script has ended with advice.
ensure_packages() {
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "This script knows Debian and Ubuntu. Elsewhere install the equivalents of:$missing" >&2
        exit 1
    fi
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
            as_root=sudo
        else
            echo "Packages are missing and you are not root. Install them with" >&2
            echo "    sudo apt-get install --no-install-recommends$missing" >&2
            exit 1
        fi
    fi
    echo "installing:$missing" >&2
    log=$(mktemp)
    # shellcheck disable=SC2086
    if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "apt-get could not install:$missing" >&2
        exit 1
    fi
    rm -f "$log"
}

# build_in DIR [meson options]: configures once, compiles; quiet unless it fails.
build_in() {
    dir=$1
    shift
    log=$dir/build.log
    mkdir -p "$dir"
    if [ -f "$dir/build.ninja" ]; then
        meson configure "$dir" "$@" >"$log" 2>&1
    else
        meson setup "$dir" "$@" >"$log" 2>&1
    fi && ninja -C "$dir" >>"$log" 2>&1 && return 0
    tail -n 40 "$log" >&2
    echo "the build in $dir failed; all of it: $log" >&2
    return 1
}
