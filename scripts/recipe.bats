#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The steps of the CI recipe, as they stand in its file: two versions of a service are recorded in turns
# and compared. What the CI itself would bring (checkouts, packages) is set up here.

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    local root="$BATS_TEST_DIRNAME/.."
    "$root/scripts/python-env" >&2
    export PATH="${FMD_BUILD:-$root/build/release}:$root/build/python-venv/bin:$PATH"
    port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export GITHUB_STEP_SUMMARY="$PWD/summary.md" RUNS=5
    export SERVE="python -m gunicorn --workers 1 --bind 127.0.0.1:$port shop:app"
    export URL="http://127.0.0.1:$port/health" LOAD="curl -s -o /dev/null http://127.0.0.1:$port/cart/[1-15]"
    for variable in ${!FMD_*}; do [ "$variable" = FMD_BUILD ] || unset "$variable"; done
    /usr/bin/python3 - "$root/.github/recipes/performance.yml" <<'PYTHON'
import sys, yaml
recipe = yaml.safe_load(open(sys.argv[1]))
for step in recipe["jobs"]["compare"]["steps"]:
    if "name" in step:
        open(step["name"] + ".sh", "w").write(step["run"])
PYTHON
    mkdir old new
    service 0.004 >old/shop.py
    service 0.04 >new/shop.py
    step Record >recorded.txt 2>&1 || { cat recorded.txt >&2; return 1; }
}

setup() { cd "$BATS_FILE_TMPDIR" || return 1; }

service() { # seconds that a cart takes
    cat <<PYTHON
import time

import flask

app = flask.Flask(__name__)


@app.get("/cart/<int:number>")
def cart(number):
    time.sleep($1)
    return "ok"


@app.get("/health")
def health():
    return "ok"
PYTHON
}

# As the CI does: its shell ends at the first command that fails. Nothing of bats is handed on.
step() { bash -eo pipefail "$1.sh" 3>&-; }

@test "a slower version fails the build, with the verdict in the summary and a report to keep" {
    step "Keep the older side"
    run step Compare
    echo "$output"
    [ "$status" = 1 ]
    [[ "$output" == *"gate failed: --fail-on regressed: "*"GET /cart/<int:number>"* ]]
    grep -q 'cart.*regressed' summary.md
    [ -s report/report.html ]
    [ -s report/report.junit.xml ]
    "$BATS_TEST_DIRNAME/../src/report/check_schema.py" report/report.json
    [ -s baseline.fmds ]
}

@test "every run of both sides is there" {
    for side in old new; do
        fmd-analyze traces/$side --format json >$side.json
        "$BATS_TEST_DIRNAME/../src/report/check_schema.py" $side.json
        [ "$(jq '.input.runs' $side.json)" = 5 ]
        [ "$(jq '.endpoints[] | select(.name | contains("cart")) | .requests' $side.json)" = 75 ]
    done
}

@test "a faster version passes" {
    mv traces/old traces/older
    mv traces/new traces/old
    mv traces/older traces/new
    step "Keep the older side"
    run step Compare
    echo "$output"
    [ "$status" = 0 ]
    grep -q 'cart.*improved' summary.md
}
