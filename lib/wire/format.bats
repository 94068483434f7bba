#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The C encoder against a second decoder, which knows nothing but FORMAT.md.

bats_require_minimum_version 1.5.0

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || exit 1
    build=${FMD_BUILD:-$PWD/build/release}
    here=$BATS_TEST_TMPDIR
}

# Generates with the given options and compares every request with the plain arrays.
compare() {
    "$build/gen-traces" --out "$here/traces" --raw "$here/raw" "$@"
    lib/wire/second_decoder.py compare "$here/raw" "$here/traces"
}

@test "a second decoder reads every request of an ordinary load" {
    run -0 compare --requests 20000 --addresses 500 --first-byte --view
    [[ $output == "20000 requests in 12 files are"* ]]
}

@test "a second decoder reads blocks without a table of kinds" {
    run -0 compare --requests 9000 --endpoints 5000 --versions 1 --processes 1
    [[ $output == "9000 requests in 1 files are"* ]]
}

@test "a second decoder reads blocks of one request" {
    run -0 compare --requests 100 --block 1 --versions 1 --processes 1
    [[ $output == "100 requests in 1 files are"* ]]
}

@test "each segment reads alone" {
    run -0 compare --requests 30000 --segment 50000 --versions 1 --processes 2 --view
    [ "$(ls "$here/traces" | wc -l)" -ge 6 ]
}

@test "a second decoder sees a cut and a flipped bit as what they are" {
    "$build/gen-traces" --out "$here/traces" --requests 3000 --versions 1 --processes 1 --block 1000
    trace=$(ls "$here"/traces/*.fmd)
    size=$(stat -c %s "$trace")
    head -c $((size - 300)) "$trace" >"$here/cut.fmd"
    run -0 lib/wire/second_decoder.py facts "$here/cut.fmd"
    [[ $output == *"torn: 1"* && $output == *"requests: 2000"* && $output != *"damaged"* ]]
    cp "$trace" "$here/flipped.fmd"
    printf '\377' | dd of="$here/flipped.fmd" bs=1 seek=$((size / 2)) conv=notrunc status=none
    run -0 lib/wire/second_decoder.py facts "$here/flipped.fmd"
    [[ $output == *"damaged: 1"* && $output == *"requests: 2000"* ]]
}

@test "a second decoder finds in the kept traces what it found when they were new" {
    traces=testdata/traces
    for trace in "$traces"/*.fmd; do
        run -0 lib/wire/second_decoder.py facts "$trace"
        diff "${trace%.fmd}.txt" - <<<"$output"
    done
    for ring in "$traces"/*.ring; do
        run -0 lib/wire/second_decoder.py ring "$ring" "${ring%.ring}.fmd"
        diff "${ring%.ring}-ring.txt" - <<<"$output"
    done
}

@test "the kept trace with levels is what levels-trace still writes" {
    "$build/levels-trace" whole "$here/again.fmd" "$here/again.ring"
    cmp "$here/again.fmd" testdata/traces/v1-levels.fmd
    cmp "$here/again.ring" testdata/traces/v1-levels.ring
}

@test "blocks of levels change nothing in what is reported of the requests" {
    mkdir "$here/whole" "$here/without"
    "$build/levels-trace" whole "$here/whole/t.fmd"
    "$build/levels-trace" without "$here/without/t.fmd"
    for kind in whole without; do
        (cd "$here/$kind" && "$build/fmd-analyze" --repeatable --format json t.fmd >"../$kind.json")
    done
    src/report/check_schema.py "$here/whole.json" "$here/without.json"
    # but what they tell beside the requests; blocks and bytes read are as many as there are
    requests='del(.input.bytes, .input.blocks, .profile, .sentences, .outliers.slowest[].detail)'
    run -0 diff <(jq -S "$requests" "$here/whole.json") <(jq -S "$requests" "$here/without.json")
}
