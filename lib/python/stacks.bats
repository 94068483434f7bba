#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Stacks at level 3 through Flask: what shape the view has, and what Python it is.

load tests/python

@test "stacks of blueprint, class, async, decorated, recursive, streaming views and hooks are whole" { tests test_shapes; }

@test "a Python of unknown layout is recorded without samples, and says so once" {
    for level in 1 3; do
        FMD_LEVEL=$level "$python" -B "$BATS_TEST_DIRNAME/tests/later_python.py" \
            "$BATS_TEST_DIRNAME/tests/watched.py" "$BATS_TEST_TMPDIR/$level" end 2>"$BATS_TEST_TMPDIR/said.$level"
    done
    cat "$BATS_TEST_TMPDIR"/said.*
    [ ! -s "$BATS_TEST_TMPDIR/said.1" ]
    [ "$(wc -l <"$BATS_TEST_TMPDIR/said.3")" = 1 ]
    grep -q '^fmd: stacks of Python .* cannot be read, .* requests are recorded without stacks$' "$BATS_TEST_TMPDIR/said.3"
    /usr/bin/python3 "$BATS_TEST_DIRNAME/../wire/second_decoder.py" facts "$BATS_TEST_TMPDIR"/3/*.fmd >"$BATS_TEST_TMPDIR/facts"
    grep -q '^requests: 121$' "$BATS_TEST_TMPDIR/facts"
    ! grep -q '^sample' "$BATS_TEST_TMPDIR/facts"
}
