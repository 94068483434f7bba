#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Transcripts of whole runs. A case is a folder testdata/cases/NAME/ with
#   cmd     what a user would type (bash), run in a fresh directory with the programs on PATH
#   stdout, stderr, exit   what must come out; a missing file means nothing, and 0
# Prints TAP. Every report.json that a case leaves behind is held against the schema. With --record it writes what came out instead: look at the diff before you commit it.
#   scripts/cases.t [--record] [NAME...]
cd "$(dirname "$0")/.." || exit 1
root=$PWD
build=$(realpath -m "${FMD_BUILD:-build/release}")
record=""
[ "${1:-}" != --record ] || { record=yes; shift; }
names=("$@")
[ ${#names[@]} -gt 0 ] || names=($(ls testdata/cases | grep -v '\.md$'))

work=$(mktemp -d "${TMPDIR:-/tmp}/fmd-cases.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

run() { # NAME; leaves got.stdout got.stderr got.exit in $work/NAME
    local case="$root/testdata/cases/$1" here="$work/$1"
    mkdir -p "$here/run"
    (
        cd "$here/run" || exit 1
        env -i PATH="$build:/usr/bin:/bin" HOME="$here" TZ=UTC LC_ALL=C.UTF-8 TRACES="$root/testdata/traces" \
            LSAN_OPTIONS="${LSAN_OPTIONS:-suppressions=$root/scripts/asan.supp:print_suppressions=0}" \
            timeout 60 bash -o pipefail "$case/cmd" >"$here/got.stdout" 2>"$here/got.stderr" </dev/null
        echo $? >"$here/got.exit"
    )
}

expected() { # file: what a missing one stands for
    if [ -e "$1" ]; then cat "$1"; elif [ "${1##*/}" = exit ]; then echo 0; fi
}

record_case() { # NAME
    local what
    for what in stdout stderr exit; do
        cp "$work/$1/got.$what" "testdata/cases/$1/$what"
        [ -s "testdata/cases/$1/$what" ] || rm "testdata/cases/$1/$what"
    done
    [ "$(cat "testdata/cases/$1/exit")" != 0 ] || rm "testdata/cases/$1/exit"
}

differences() { # NAME
    local what
    for what in exit stderr stdout; do
        diff -u --label "expected $what" --label "got $what" <(expected "testdata/cases/$1/$what") "$work/$1/got.$what"
    done
}

# Every report that a case wrote, as a file or to standard output.
written_reports() {
    find "$work" -path '*/run/*' -name report.json
    find "$work" -name got.stdout -size +0 | while read -r file; do ! head -c1 "$file" | grep -q '{' || echo "$file"; done
}

echo "1..$((${#names[@]} + 1))"
number=0 failed=0
for name in "${names[@]}"; do
    number=$((number + 1))
    run "$name"
    [ -z "$record" ] || record_case "$name"
    if said=$(differences "$name"); [ -z "$said" ]; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        head -60 <<<"$said" | sed 's/^/#   /'
        failed=1
    fi
done
if said=$(written_reports | xargs -r src/report/check_schema.py 2>&1); [ -z "$said" ]; then
    echo "ok $((number + 1)) - $(written_reports | wc -l) reports that the cases wrote hold to report.schema.json"
else
    echo "not ok $((number + 1)) - every report that a case writes holds to report.schema.json"
    head -60 <<<"$said" | sed 's/^/#   /'
    failed=1
fi
exit $failed
