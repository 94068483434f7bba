#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The demo, shorter: five recordings of each release, two seconds each.

setup_file() {
    cd "$BATS_TEST_DIRNAME/.."
    export OUT="$BATS_FILE_TMPDIR/demo" FMD_BUILD="${FMD_BUILD:-$PWD/build/release}"
    scripts/python-env >&2
    DEMO_SETUP=no DEMO_OUT="$OUT" DEMO_RUNS=5 DEMO_SECONDS=2 DEMO_RATE=200 scripts/demo >"$BATS_FILE_TMPDIR/said" 2>&1 || {
        cat "$BATS_FILE_TMPDIR/said" >&2
        tail -n 5 "$OUT"/logs/* >&2
        return 1
    }
}

compare() { python3 "$BATS_TEST_DIRNAME/../testdata/shop/compare.py" "$@"; }

@test "every request that the visitors sent is in the report" {
    run compare counts "$OUT/report/report.json" "$OUT"/sent/*.json
    echo "$output"
    [ "$status" = 0 ]
    [[ "$output" == *"4,000 requests sent = 4,000 reported"* ]]
    grep -q "4,000 requests sent = 4,000 reported" "$BATS_FILE_TMPDIR/said"
}

@test "its report holds to the schema" {
    "$BATS_TEST_DIRNAME/../src/report/check_schema.py" "$OUT/report/report.json"
}

@test "release 1.1 is slower and faster where it is" {
    run compare changes "$OUT/report/report.json"
    echo "$output"
    [ "$status" = 0 ]
}

@test "the verdicts tell what release 1.1 changed, and not the rest" {
    run compare verdicts "$OUT/report/report.json"
    echo "$output"
    [ "$status" = 0 ]
}

@test "both releases and the three processes of each of ten recordings are there" {
    python3 - "$OUT/report/report.json" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
assert [v["name"] for v in report["versions"]] == ["1.0", "1.1"], report["versions"]
assert report["input"]["runs"] == 10, report["input"]["runs"]
assert 20 <= report["input"]["processes"] <= 30, report["input"]["processes"]
END
}

@test "the school is seen as a group" {
    grep -q 4711 "$OUT/report/report.json"
}

@test "pictures are SVG and PNG" {
    ls "$OUT"/report/charts/*.svg "$OUT"/report/charts/*.png
    for picture in "$OUT"/report/charts/*.svg; do head -c 200 "$picture" | grep -q '<?xml\|<svg'; done
    for picture in "$OUT"/report/charts/*.png; do [ "$(head -c 4 "$picture" | od -An -c | tr -d ' ')" = '211PNG' ]; done
}

@test "it says where the report is and leaves no server behind" {
    grep -q 'report/report.html' "$BATS_FILE_TMPDIR/said"
    run grep "^demo:" "$BATS_FILE_TMPDIR/said"
    [ "$status" = 1 ]
    [ ! -e "$OUT/served.db" ]
    for pid in $(sed -nE 's/.*(Booting worker with pid: |Ready: worker )([0-9]+).*/\2/p' "$OUT"/logs/*); do
        run grep -s gunicorn "/proc/$pid/cmdline"
        [ "$status" != 0 ]
    done
}

@test "a folder that holds something else is not touched" {
    mkdir "$BATS_TEST_TMPDIR/home"
    echo thesis >"$BATS_TEST_TMPDIR/home/traces"
    run env DEMO_SETUP=no DEMO_OUT="$BATS_TEST_TMPDIR/home" scripts/demo
    [ "$status" = 2 ]
    [ "$(cat "$BATS_TEST_TMPDIR/home/traces")" = thesis ]
}
