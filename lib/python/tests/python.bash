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
