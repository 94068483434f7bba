#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Live outliers and the profile, with a real interpreter: traces and rings are read by the
# second decoder, which shares no code with the recorder.

load tests/python

watched() { # level what
    FMD_LEVEL=$1 "$python" -B "$BATS_TEST_DIRNAME/tests/watched.py" "$BATS_TEST_TMPDIR/t" "$2"
}

decode() {
    /usr/bin/python3 "$BATS_TEST_DIRNAME/../wire/second_decoder.py" "$@"
}

analyze() {
    local kept
    kept=$(mktemp "$BATS_FILE_TMPDIR/report-XXXXXX") # for the last test
    "${FMD_BUILD:-$BATS_TEST_DIRNAME/../../build/release}/fmd-analyze" "$@" >"$kept" && cat "$kept"
}

number() { # label; of a line "label: number" on stdin
    sed -n "s/^$1: //p"
}

@test "a slow request is sampled from its threshold until it ends" {
    watched 2 end
    decode facts "$BATS_TEST_TMPDIR"/t/*.fmd >"$BATS_TEST_TMPDIR/facts"
    grep -q '^code.*hang.*watched.py' "$BATS_TEST_TMPDIR/facts"
    # each counts 2 (an outlier's); some 37 in 400 ms, fewer on a busy machine
    [ "$(number 'sum of sample why' <"$BATS_TEST_TMPDIR/facts")" -ge 10 ]
    ! grep -q '^code.*fmd_record/' "$BATS_TEST_TMPDIR/facts"
}

@test "a crowd of slow requests is sampled by one thread, each less often" {
    watched 2 crowd
    analyze --format json "$BATS_TEST_TMPDIR/t" >"$BATS_TEST_TMPDIR/report.json"
    # 200 for 2 s each: 16,000 at the rate of one, which would take a third of a core
    jq -e '.profile.endpoints[0].versions[0] | .beyond_samples >= 150 and .beyond_samples <= 4000' "$BATS_TEST_TMPDIR/report.json"
    jq -e '.profile.processes.threads_max <= 1 + 200 + 2' "$BATS_TEST_TMPDIR/report.json"
}

@test "of a crowd at level 3 some are sampled for all" {
    watched 3 crowd
    analyze --format json "$BATS_TEST_TMPDIR/t" >"$BATS_TEST_TMPDIR/report.json"
    # 40,000 at the rate of one; what is taken still stands for all the time that they took
    jq -e '(.profile.endpoints[0].versions[0].sampled_ns / .profile.details[0].duration_ns) as $share |
        .profile.processes.samples <= 4000 and .profile.processes.samples >= 100 and
        $share > 0.8 and $share < 1.2' "$BATS_TEST_TMPDIR/report.json"
}

@test "at level 3 requests are sampled that are no outliers" {
    watched 3 end
    decode facts "$BATS_TEST_TMPDIR"/t/*.fmd >"$BATS_TEST_TMPDIR/facts"
    grep -q '^code.*sometimes_slow.*watched.py' "$BATS_TEST_TMPDIR/facts"
    why=$(number 'sum of sample why' <"$BATS_TEST_TMPDIR/facts")
    [ $((why % 2)) = 1 ] || [ "$why" -ge 50 ]
    # and the report says where they were, at the line that waits
    line=$(grep -n 'time.sleep(0.01)' "$BATS_TEST_DIRNAME/tests/watched.py" | cut -d: -f1)
    analyze --format json "$BATS_TEST_TMPDIR/t" >"$BATS_TEST_TMPDIR/report.json"
    jq -e --argjson line "$line" '.profile.endpoints[0].nodes | map(select(.function == "hang" and .line == $line)) |
        length == 1 and .[0].versions[0].total_share > 0.5 and .[0].versions[0].total_waiting_ns > 0' "$BATS_TEST_TMPDIR/report.json"
    jq -e '.profile.details[0] | .requests_measured == 121 and .cpu_ns < .duration_ns' "$BATS_TEST_TMPDIR/report.json"
}

@test "at level 1 nothing is sampled" {
    watched 1 end
    decode facts "$BATS_TEST_TMPDIR"/t/*.fmd >"$BATS_TEST_TMPDIR/facts"
    ! grep -q '^code' "$BATS_TEST_TMPDIR/facts"
}

@test "the stack that a killed worker hung in is in its ring" {
    run watched 2 kill
    [ "$status" = 137 ]
    decode ring "$BATS_TEST_TMPDIR"/t/*.ring "$BATS_TEST_TMPDIR"/t/*.fmd >"$BATS_TEST_TMPDIR/left"
    analyze --format json "$BATS_TEST_TMPDIR/t" >"$BATS_TEST_TMPDIR/said"
    rm -f "$(readlink "$BATS_TEST_TMPDIR"/t/*.ring)"
    grep -q 'request was in flight when process [0-9]* ended; .*last seen in watched.py:[0-9]* hang' "$BATS_TEST_TMPDIR/said"
    jq -e '.profile.unfinished | length == 1 and .[0].elapsed_ns > 1e8 and .[0].path == "/hang/400"' "$BATS_TEST_TMPDIR/said"
    [ "$(grep -c '^flight:' "$BATS_TEST_TMPDIR/left")" = 1 ]
    grep -q "^left entry: ('definition'.*hang.*watched.py" "$BATS_TEST_TMPDIR/left"
    [ "$(grep -c "^left entry: ('sample'" "$BATS_TEST_TMPDIR/left")" -ge 5 ]
}

@test "every report holds to its schema" {
    "$BATS_TEST_DIRNAME/../../src/report/check_schema.py" "$BATS_FILE_TMPDIR"/report-*
}
