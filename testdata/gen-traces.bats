#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The generator: the same bytes every time, and what its options say.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_DIRNAME/.." || exit 1
    build=${FMD_BUILD:-$PWD/build/release}
    here=$BATS_TEST_TMPDIR
}

generate() { # folder options...
    local folder=$1
    shift
    "$build/gen-traces" --out "$here/$folder" --requests 50000 "$@"
}

@test "the same bytes with one thread and with two" {
    generate one --threads 1 --raw "$here/one.raw"
    generate two --threads 2 --raw "$here/two.raw"
    diff -r "$here/one" "$here/two"
    cmp "$here/one.raw" "$here/two.raw"
}

@test "another seed gives other requests" {
    generate one --seed 1
    generate two --seed 2
    run ! diff -rq "$here/one" "$here/two"
}

@test "versions and processes are file sets of their own" {
    generate some --versions 2 --processes 3
    [ "$(ls "$here/some" | wc -l)" -eq 6 ]
}

@test "options that make no sense are refused with the usage" {
    for wrong in "--requests x" "--endpoints 0" "--block 5000" "--days 0" "--threads 65" "extra" "--no-such"; do
        # shellcheck disable=SC2086
        run -2 "$build/gen-traces" --out "$here/none" $wrong
        [[ $output == *"usage: gen-traces"* ]]
    done
    run -2 "$build/gen-traces"
}

@test "a folder that cannot be written is named" {
    run -1 "$build/gen-traces" --out "$here/no/such/folder" --requests 10
    [[ $output == *"cannot make $here/no/such/folder"* ]]
}
