#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Reading as a user does it: through the program, with real recorders, pipes and permissions.

setup() {
    build=${FMD_BUILD:-$PWD/build/release}
    cd "$BATS_TEST_TMPDIR" || return 1
}

# A field of the JSON report of the given input.
field() { # path-in-python arguments...
    local what=$1
    shift
    "$build/fmd-analyze" --format json --quiet "$@" >report.json
    cp report.json "$(mktemp "$BATS_FILE_TMPDIR/report-XXXXXX")" # for the last test
    /usr/bin/python3 -c "import json; r = json.load(open('report.json')); print(r$what)"
}

peak_kb() { # arguments of fmd-analyze
    /usr/bin/python3 - "$build/fmd-analyze" "$@" <<'PYTHON'
import os, resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PYTHON
}

@test "every request of a process that was killed is in the report once" {
    mkdir rings
    for _ in 1 2 3; do
        FMD_RING_DIR=$PWD/rings "$build/lib/examples/shop" -d traces -n 1000000 -t 3 &
        pid=$!
        for _ in $(seq 200); do # until it has written a block
            [ "$(cat traces/shop-$pid-*.fmd 2>/dev/null | wc -c)" -gt 3000 ] && break
            sleep 0.05
        done
        kill -9 $pid
        wait $pid 2>/dev/null || true
    done
    requests=$(field '["input"]["requests"]' traces)
    [ "$requests" -gt 0 ]
    [ "$(field '["input"]["recorder"]["issued"]' traces)" = "$requests" ]
    [ "$(field '["input"]["recorder"]["recorded"]' traces)" = "$requests" ]
    [ "$(field '["input"]["requests_recovered"]' traces)" -gt 0 ]
    [ "$(field '["input"]["processes"]' traces)" = 3 ]
    # packed with its rings, and given twice over
    tar -chf all.tar traces
    [ "$(field '["input"]["requests"]' all.tar)" = "$requests" ]
    [ "$(field '["input"]["requests"]' all.tar traces)" = "$requests" ]
    # packed without: the rest, and a word about it
    tar -cf links.tar traces
    [ "$(field '["input"]["requests"]' links.tar)" -lt "$requests" ]
    grep -q 'tar -h' report.json
}

@test "the trace of a living process is read, its ring left alone" {
    mkdir rings
    FMD_RING_DIR=$PWD/rings "$build/lib/examples/shop" -d traces -n 1000000 &
    pid=$!
    for _ in $(seq 200); do
        [ "$(cat traces/shop-$pid-*.fmd 2>/dev/null | wc -c)" -gt 3000 ] && break
        sleep 0.05
    done
    requests=$(field '["input"]["requests"]' traces)
    kill $pid
    wait $pid 2>/dev/null || true
    [ "$requests" -gt 0 ]
    grep -q 'still recording' report.json
}

@test "a pipe may be named" {
    "$build/gen-traces" --requests 2000 --endpoints 2 --versions 1 --processes 1 --out traces
    gzip -r traces
    [ "$(field '["input"]["requests"]' <(gzip -dc traces/*.gz))" = 2000 ]
}

@test "what may not be read is told, the rest is read" {
    [ "$(id -u)" = 0 ] || skip "needs root, to become somebody else"
    umask 022
    chmod 755 . ..
    "$build/gen-traces" --requests 2000 --endpoints 2 --versions 1 --processes 2 --out traces
    chmod 755 traces
    chmod 644 traces/*
    chmod 000 "$(ls traces/* | head -1)"
    cp "$build/fmd-analyze" .
    as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
    $as_nobody ./fmd-analyze --format json traces >report.json || skip "nobody cannot run here"
    grep -q 'Permission denied' report.json
    run $as_nobody ./fmd-analyze "$(ls traces/* | head -1)"
    [ "$status" = 3 ]
    [[ "$output" == *"Permission denied"* ]]
}

@test "memory stays the same from 200,000 to 2,000,000 requests" {
    for requests in 200000 2000000; do
        "$build/gen-traces" --requests $requests --out $requests --segment 1000000
        tar -czf $requests.tar.gz $requests
    done
    for end in "" .tar.gz; do
        few=$(peak_kb --quiet --threads 1 200000$end)
        many=$(peak_kb --quiet --threads 1 2000000$end)
        echo "$end $few kB, $many kB"
        [ "$(peak_kb --quiet --threads 2 2000000$end)" -lt 131072 ]
        [ "$many" -lt $((few + 16384)) ]
    done
}

@test "every report that was asked for a field holds to its schema" {
    "$BATS_TEST_DIRNAME/../report/check_schema.py" "$BATS_FILE_TMPDIR"/report-*
}
