#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The stack reader inside real interpreters: the system's Python, and 3.12 and 3.13 where
# such an interpreter is found.

setup() {
    tests=$BATS_TEST_DIRNAME/tests
    export FMD_BUILD=${FMD_BUILD:-$PWD/build/release}
    [ -f "$FMD_BUILD/lib/stacks/python_probe.so" ] || skip "python_probe.so is not built"
    ! grep -qa __asan_init "$FMD_BUILD/lib/stacks/python_probe.so" ||
        skip "a sanitizer's library cannot be loaded by Python"
}

# Sets python to an interpreter of that version, or skips.
interpreter() {
    local candidate
    for candidate in "python$1" ~/.pyenv/versions/"$1".*/bin/python3 /usr/bin/python3 /opt/python*/bin/python3; do
        python=$(command -v "$candidate" || true)
        [ -n "$python" ] &&
            "$python" -c "import ctypes, sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null &&
            return
    done
    skip "no Python $1 on this machine"
}

same_as_headers() {
    interpreter "$1"
    "$BATS_TEST_DIRNAME/python-offsets" "$python" >"$BATS_TEST_TMPDIR/headers" || skip "no headers of Python $1"
    "$python" "$tests/layout.py" 0 | sort >"$BATS_TEST_TMPDIR/in-use"
    "$python" "$tests/layout.py" "$2" | sort >"$BATS_TEST_TMPDIR/table"
    sort "$BATS_TEST_TMPDIR/headers" | diff - "$BATS_TEST_TMPDIR/in-use"
    diff "$BATS_TEST_TMPDIR/table" "$BATS_TEST_TMPDIR/in-use"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/table")" -ge 20 ]
}

# Every frame of parked threads as the interpreter itself says.
parked() {
    interpreter "$1"
    run timeout 60 "$python" "$tests/parked.py"
    echo "$output"
    [ "$status" = 0 ]
    [[ "$output" != *"not ok"* ]]
    [[ "$output" == *1..3* ]]
}

# Threads that run: a few seconds of what scripts/soak does for minutes.
running() {
    interpreter "$1"
    run timeout 120 "$python" -W ignore::DeprecationWarning "$tests/running.py" --seconds 3 --hertz 1000
    echo "$output"
    [ "$status" = 0 ]
}

@test "3.11: the table is what Debian's headers say" { same_as_headers 3.11 0x030b0000; }
@test "3.12: the table is what its headers say" { same_as_headers 3.12 0x030c0000; }
@test "3.13: the table is what its headers say, and what it publishes" { same_as_headers 3.13 0x030d0000; }

@test "3.11: stacks of parked threads, 20 kinds of code" { parked 3.11; }
@test "3.12: stacks of parked threads, 20 kinds of code" { parked 3.12; }
@test "3.13: stacks of parked threads, 20 kinds of code" { parked 3.13; }

@test "3.11: threads that run, fork, come and go: fewer than 1 in 1,000 stacks wrong" { running 3.11; }
@test "3.12: threads that run, fork, come and go: fewer than 1 in 1,000 stacks wrong" { running 3.12; }
@test "3.13: threads that run, fork, come and go: fewer than 1 in 1,000 stacks wrong" { running 3.13; }

@test "another version is refused with a sentence" {
    local version
    for version in 3.14 3.10 3.9 3.8; do
        python=$(command -v ~/.pyenv/versions/$version.*/bin/python3 "python$version" | head -1 || true)
        [ -n "$python" ] && "$python" -c "import ctypes" 2>/dev/null && break
        python=""
    done
    [ -n "$python" ] || skip "no other Python on this machine"
    run "$python" "$tests/layout.py" 0
    echo "$output"
    [ "$status" = 1 ]
    [[ "$output" == "stacks of Python 3."*" cannot be read, only those of CPython 3.11, 3.12 and 3.13"*"recorded without stacks" ]]
}
