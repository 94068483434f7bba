#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The library as it is installed and used by a program of its own.

setup() {
    cd "$BATS_TEST_DIRNAME/.."
    build=${FMD_BUILD:-$PWD/build/release}
}

@test "the shared library exports the public calls and nothing else" {
    exported=$(nm -D --defined-only "$build/libfmd-record.so.0" | awk '{print $3}' | sort)
    declared=$(sed -n 's/^FMD_API .*[ *]\(fmd_[a-z_]*\)(.*/\1/p' lib/fmd-record.h | sort)
    [ -n "$declared" ]
    diff <(echo "$exported") <(echo "$declared")
}

@test "the header stands alone in C and in C++" {
    for compiler in "gcc -x c -std=c11" "g++ -x c++ -std=c++11"; do
        echo '#include "lib/fmd-record.h"' | $compiler -Wall -Wextra -Werror -I. -fsyntax-only -
    done
}

@test "the example is built against the installed library by pkg-config, shared and static" {
    prefix=$BATS_TEST_TMPDIR/prefix
    make -s install PREFIX="$prefix" >/dev/null
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    flags=$(pkg-config --cflags --libs fmd-record)
    gcc lib/examples/shop.c $flags -lpthread -o "$BATS_TEST_TMPDIR/shared"
    libs=$(pkg-config --static --libs fmd-record)
    gcc lib/examples/shop.c $(pkg-config --cflags fmd-record) -Wl,-Bstatic ${libs%%-lfmd-record*} -lfmd-record \
        -Wl,-Bdynamic ${libs#*-lfmd-record} -o "$BATS_TEST_TMPDIR/static"
    LD_LIBRARY_PATH=$prefix/lib run "$BATS_TEST_TMPDIR/shared" -d "$BATS_TEST_TMPDIR/a" -n 500
    [ "$output" = "issued 500 recorded 500" ]
    run "$BATS_TEST_TMPDIR/static" -d "$BATS_TEST_TMPDIR/b" -n 500
    [ "$output" = "issued 500 recorded 500" ]
}

@test "the example leaves one trace, private, and nothing in shared memory" {
    run "$build/lib/examples/shop" -d "$BATS_TEST_TMPDIR/t" -n 2000 -t 8
    [ "$output" = "issued 2000 recorded 2000" ]
    [ "$(ls "$BATS_TEST_TMPDIR/t" | wc -l)" = 1 ]
    [ "$(stat -c %a "$BATS_TEST_TMPDIR/t" "$BATS_TEST_TMPDIR"/t/*.fmd | tr '\n' ' ')" = "700 600 " ]
}

@test "an example killed while it serves leaves a ring that is moved beside the traces" {
    "$build/lib/examples/shop" -d "$BATS_TEST_TMPDIR/t" -n 1000000 -t 2 >/dev/null &
    shop=$!
    for _ in $(seq 100); do [ -n "$(ls "$BATS_TEST_TMPDIR"/t/*.fmd 2>/dev/null)" ] && break; sleep 0.05; done
    kill -9 "$shop"
    wait "$shop" || true
    ring=$(ls "$BATS_TEST_TMPDIR"/t/*.ring)
    [ -L "$ring" ]
    memory=$(readlink "$ring")
    "$build/lib/examples/shop" -d "$BATS_TEST_TMPDIR/t" -n 10 >/dev/null
    [ ! -L "$ring" ] && [ -f "$ring" ]
    [ ! -e "$memory" ]
}
