# SPDX-License-Identifier: Apache-2.0
# For the .bats files next door: Python's unittest in the environment with the package.

setup_file() {
    python="$("$BATS_TEST_DIRNAME/../../scripts/python-env")/bin/python"
    export python
    unset APP_VERSION
    for variable in ${!FMD_*}; do [ "$variable" = FMD_BUILD ] || unset "$variable"; done
}

tests() {
    cd "$BATS_TEST_DIRNAME/tests" && "$python" -B -m unittest "$@"
}

# Each in a process of its own, all at the same time: most of their time is waiting.
tests_at_once() {
    local each processes=() failed=0
    for each in "$@"; do
        tests "$each" >"$BATS_TEST_TMPDIR/$each" 2>&1 &
        processes+=($!)
    done
    for each in "${!processes[@]}"; do
        wait "${processes[each]}" || failed=1
    done
    [ $failed = 0 ] || { cat "$BATS_TEST_TMPDIR"/test_*; return 1; }
}
