#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The launcher as a user has it: real servers, applications that do not know us.

setup_file() {
    python="$("$BATS_TEST_DIRNAME/../../scripts/python-env")/bin/python"
    export python PATH="${FMD_BUILD:-$PWD/build/release}:$PATH"
    export shop="${FMD_BUILD:-$PWD/build/release}/lib/examples/shop"
    unset APP_VERSION PYTHONPATH
    for variable in ${!FMD_*}; do [ "$variable" = FMD_BUILD ] || unset "$variable"; done
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    cat >shop.py <<'PYTHON'
import sys

import flask

app = flask.Flask(__name__)


@app.get("/cart/<int:number>")
def cart(number):
    return {"cart": number}


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
PYTHON
    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
}

teardown() {
    [ -z "${launcher:-}" ] || kill -TERM "$launcher" 2>/dev/null || true
}

launch() { # arguments of fmd-record; waits until the port answers
    env --default-signal=INT fmd-record "$@" >server.log 2>&1 3>&- &
    launcher=$!
    for _ in $(seq 300); do
        curl -s -o /dev/null "127.0.0.1:$port/" && return 0
        kill -0 "$launcher" 2>/dev/null || break
        sleep 0.05
    done
    cat server.log
    return 1
}

send() { # how many
    curl -sf -o /dev/null "http://127.0.0.1:$port/cart/[1-$1]"
}

end() { # signal; leaves status
    kill "-$1" "$launcher"
    status=0
    wait "$launcher" || status=$?
    launcher=""
    cat server.log
}

# A field of the JSON report of traces/.
field() {
    fmd-analyze --format json --quiet traces | tee "$(mktemp "$BATS_FILE_TMPDIR/report-XXXXXX")" | jq -r "$1"
}

carts() {
    field '[.endpoints[] | select(.name == "GET /cart/<int:number>") | .requests] | add'
}

@test "an application that does not know us, under gunicorn: recorded is sent" {
    launch --app-version 2.1 --run nightly -- "$python" -m gunicorn -w 3 -b "127.0.0.1:$port" shop:app
    send 200
    end TERM
    [ "$status" = 0 ]
    [ "$(carts)" = 200 ]
    [ "$(field '.versions[0].application + " " + .versions[0].name')" = "shop 2.1" ]
    fmd-record info traces | grep -q '^  run  *nightly: 20'
    [ "$(tail -1 server.log)" = "  fmd-analyze traces" ]
}

@test "gunicorn preloaded and with threads, by scripts as pip writes them" {
    mkdir bin
    printf '#!%s\nfrom gunicorn.app.wsgiapp import run\nrun()\n' "$python" >bin/gunicorn
    printf '#!/bin/sh\n'"'''exec' \"%s\" \"\$0\" \"\$@\"\n' '''"'\nfrom gunicorn.app.wsgiapp import run\nrun()\n' "$python" >bin/far
    chmod +x bin/*
    PATH=$PWD/bin:$PATH launch -- gunicorn --preload --threads 4 -b "127.0.0.1:$port" shop:app
    send 100
    end TERM
    [ "$(carts)" = 100 ]
    launch -- bin/far --preload -w 2 -b "127.0.0.1:$port" shop:app
    send 50
    end INT
    [ "$(carts)" = 150 ]
    [ "$(fmd-record info traces | grep -c '^  run ')" = 2 ]
}

@test "python app.py and flask run" {
    launch -- "$python" shop.py "$port"
    send 60
    end INT
    [ "$(carts)" = 60 ]
    launch -- "$python" -m flask --app shop run --port "$port"
    send 40
    end INT
    [ "$(carts)" = 100 ]
}

@test "uWSGI" {
    launch --python "$python" -- uwsgi --plugin python3 --virtualenv "$(dirname "$(dirname "$python")")" \
        --http-socket "127.0.0.1:$port" --master --need-app --processes 2 --module shop:app --master-fifo orders
    send 80
    echo q >orders
    wait "$launcher"
    launcher=""
    [ "$(carts)" = 80 ]
}

@test "an application that binds itself is bound once, and what it says holds" {
    cat >bound.py <<'PYTHON'
import flask, fmd_record
from werkzeug.middleware.proxy_fix import ProxyFix
from shop import app

app.wsgi_app = ProxyFix(app.wsgi_app)
fmd_record.bind(app, version="9", group_by=lambda: "ann")
PYTHON
    launch --app-version 1 -- "$python" -m gunicorn -b "127.0.0.1:$port" bound:app
    send 70
    end TERM
    [ "$(carts)" = 70 ]
    [ "$(field '.versions | length')" = 1 ]
    [ "$(field '.versions[0].name')" = 9 ]
    [ "$(trace-requests traces/*.fmd | jq -r 'select(.endpoint == "GET /cart/<int:number>") | .group' | sort | uniq -c | tr -s ' ')" = " 70 ann" ]
    run grep "bound already" server.log
    [ "$status" = 1 ]
}

@test "answers are the same bytes, and the application sees its own sys.path and sitecustomize" {
    mkdir before
    echo 'import sys; sys.before = "ran"' >before/sitecustomize.py
    cat >shows.py <<'PYTHON'
import sys
import flask
import sitecustomize

app = flask.Flask(__name__)
print(sys.before, sitecustomize.__file__, [p for p in sys.path if p.endswith("launch")], type(app).__name__, app.wsgi_app.__name__)
with app.test_client() as client:
    print(client.get("/none").data)
PYTHON
    PYTHONPATH=$PWD/before "$python" shows.py >without
    PYTHONPATH=$PWD/before fmd-record -- "$python" shows.py >with
    cat without with
    cmp without with
    grep -q "^ran $PWD/before" with
}

@test "a Python that cannot load the recorder starts all the same" {
    site=$("$python" -c 'import fmd_record, os; print(os.path.dirname(fmd_record.__file__))')
    mkdir -p broken/fmd_record
    cp -r "$site/launch" broken/fmd_record/
    echo 'raise ImportError("no such luck")' >broken/fmd_record/__init__.py
    cd broken
    run env PYTHONPATH="$PWD/fmd_record/launch:$PWD" /usr/bin/python3 -c 'import flask; flask.Flask("a"); flask.Flask("b"); print("served")'
    [ "$status" = 0 ]
    [ "$(grep -c 'fmd: a is not recorded: no such luck' <<<"$output")" = 1 ]
    [ "$(grep -c 'fmd:' <<<"$output")" = 1 ]
    grep -q served <<<"$output"
}

@test "a C program with the library" {
    fmd-record --run one -- "$shop" -n 500
    [ "$(field .total.requests)" = 500 ]
    fmd-record info traces | grep -q '^  run  *one: 500 requests'
}

@test "what a killed worker had recorded is beside the traces at the end" {
    mkdir rings
    FMD_RING_DIR=$PWD/rings launch -- "$python" -m gunicorn -w 1 -b "127.0.0.1:$port" shop:app
    send 30
    child=$(cat "/proc/$launcher/task/$launcher/children")
    kill -KILL "$(cat "/proc/${child% }/task/${child% }/children" | tr -d ' ')"
    sleep 1
    send 20
    end TERM
    [ -z "$(ls rings)" ]
    [ -z "$(find traces -type l)" ]
    [ "$(carts)" = 50 ]
}

@test "--config is followed while the command runs, and the command has its own" {
    printf '[levels]\n/cart* = 0\n' >levels.ini
    printf 'bind = "127.0.0.1:%s"\nworkers = 2\n' "$port" >gunicorn.conf.py
    launch --config levels.ini -- "$python" -m gunicorn --config gunicorn.conf.py shop:app
    send 30
    printf '[levels]\n/cart* = 1\n' >levels.ini
    sleep 1.2
    send 20
    end TERM
    [ "$(carts)" = 20 ]
    run fmd-record --config none.ini -- touch ran
    [ "$status" = 2 ]
    [ ! -e ran ]
}

@test "a daemon is recorded, and the launcher says that it goes on" {
    fmd-record --run nightly -- "$python" -m gunicorn --daemon --pid master.pid -w 2 \
        -b "127.0.0.1:$port" --chdir "$PWD" shop:app 2>server.log 3>&-
    cat server.log
    grep -q 'goes on in the background (process' server.log
    grep -q 'recorded as run nightly until it ends' server.log
    [ "$(tail -1 server.log)" = "  fmd-analyze traces" ]
    for _ in $(seq 200); do curl -s -o /dev/null "127.0.0.1:$port/" && break; sleep 0.05; done
    send 40
    master=$(cat master.pid)
    kill -TERM "$master"
    for _ in $(seq 200); do [ -e "/proc/$master" ] || break; sleep 0.05; done
    [ ! -e "/proc/$master" ]
    [ "$(carts)" = 40 ]
    fmd-record info traces | grep -q '^  run  *nightly: 4'
}

@test "flask run in debug mode: what the reloader's children served" {
    launch -- "$python" -m flask --app shop --debug run --port "$port"
    send 30
    sed -i 's/"cart": number/"trolley": number/' shop.py
    for _ in $(seq 200); do
        curl -s "127.0.0.1:$port/cart/1" | grep -q trolley && break
        sleep 0.1
    done
    send 20
    end INT
    [ "$(carts)" = "$(grep -c 'GET /cart/[0-9]* HTTP/1.1" 200' server.log)" ]
    [ "$(carts)" -ge 51 ]
}

@test "a program that replaces itself (execv)" {
    cat >again.py <<'PYTHON'
import os, sys
from shop import app

client = app.test_client()
for number in range(10):
    client.get(f"/cart/{number}", buffered=True)
if len(sys.argv) < 4:
    os.execv(sys.executable, [sys.executable, *sys.argv, "again"])
PYTHON
    fmd-record -- "$python" again.py 2>server.log
    cat server.log
    [ "$(carts)" = 40 ]
    [ "$(tail -1 server.log)" = "  fmd-analyze traces" ]
    [ -z "$(find traces -type l)" ]
}

@test "it needs no capability" {
    command -v setpriv || skip "no setpriv"
    setpriv --bounding-set=-all --inh-caps=-all --no-new-privs -- \
        fmd-record -- "$python" -c 'import shop
client = shop.app.test_client()
print(client.get("/cart/1", buffered=True).data)
print([line for line in open("/proc/self/status") if line.startswith("CapEff")])' >said
    cat said
    grep -q 'CapEff:\\t0000000000000000' said || [ "$(id -u)" != 0 ]
    [ "$(carts)" = 1 ]
}

@test "info says what is in a truncated trace, and in none" {
    fmd-record -- "${FMD_BUILD:-$BATS_TEST_DIRNAME/../../build/release}/lib/examples/shop" -n 20000
    trace=$(ls traces/*.fmd)
    size=$(stat -c %s "$trace")
    head -c $((size * 2 / 3)) "$trace" >torn.fmd
    run fmd-record info torn.fmd
    echo "$output"
    [ "$status" = 0 ]
    requests=$(sed -n 's/^  requests  *\([0-9]*\) requests.*/\1/p' <<<"$output")
    [ "$requests" -gt 0 ]
    [ "$requests" -lt 20000 ]
    grep -q '^  host ' <<<"$output"
    grep -q '^  note .*torn' <<<"$output"
    head -c 10 "$trace" >short.fmd
    : >empty.fmd
    run fmd-record info short.fmd
    [ "$status" = 0 ]
    grep -q '^  requests  *0 requests' <<<"$output"
    run fmd-record info empty.fmd
    [ "$status" = 3 ]
    grep -q 'empty.fmd is empty' <<<"$output"
    run fmd-record info torn.fmd none.fmd
    echo "$output"
    [ "$status" = 3 ]
    grep -q "^  requests  *$requests requests" <<<"$output"
}

@test "exit status and signals are the command's" {
    run fmd-record -q -- sh -c 'exit 7'
    [ "$status" = 7 ]
    run fmd-record -q -- sh -c 'kill -9 $$'
    [ "$status" = 137 ]
    for signal in INT TERM HUP USR1 USR2 QUIT; do
        env --default-signal fmd-record -q -- "$python" -c "import signal, sys, time
for name in 'INT TERM HUP USR1 USR2 QUIT'.split():
    signal.signal(getattr(signal, 'SIG' + name), lambda number, frame: sys.exit(100 + number))
open('ready', 'w').close()
time.sleep(30)" 3>&- &
        launcher=$!
        for _ in $(seq 200); do [ -e ready ] && break; sleep 0.05; done
        rm ready
        kill "-$signal" "$launcher"
        status=0
        wait "$launcher" || status=$?
        launcher=""
        echo "$signal: $status"
        [ "$status" = $((100 + $(kill -l "$signal"))) ]
    done
    fmd-record -q -- sleep 30 3>&- &
    launcher=$!
    sleep 0.5
    kill -TERM "$launcher"
    status=0
    wait "$launcher" || status=$?
    launcher=""
    [ "$status" = 143 ]
}

@test "the last line is a command that a shell runs as it stands" {
    fmd-record -o "it's mine" -- "${FMD_BUILD:-$BATS_TEST_DIRNAME/../../build/release}/lib/examples/shop" -n 50 2>server.log
    tail -1 server.log
    run bash -c "$(tail -1 server.log) --format json --quiet | jq .total.requests"
    [ "$output" = 50 ]
}

@test "a WSGI application without Flask, by one line of its own" {
    cat >bare.py <<'PYTHON'
import fmd_record

def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "4")])
    return [b"bare"]

application = fmd_record.wsgi(application, endpoint="GET /bare")
PYTHON
    launch --app-version 3 -- "$python" -m gunicorn -w 2 -b "127.0.0.1:$port" bare
    send 25
    end TERM
    [ "$(field '[.endpoints[] | select(.name == "GET /bare") | .requests] | add')" -ge 25 ]
    [ "$(field '.versions[0].name')" = 3 ]
}

@test "a second run into the same directory leaves the files of the first as they are" {
    fmd-record --run one -- "$shop" -n 100
    FMD_DIR=traces FMD_RUN=two "$shop" -n 50
    [ "$(find traces -name '*.fmd' | wc -l)" = 2 ]
    sha256sum traces/* >before
    fmd-record --run three -- "$shop" -n 30
    FMD_DIR=traces FMD_RUN=three "$shop" -n 20 # the same id again: still a file of its own
    sha256sum --check --quiet before
    [ "$(find traces -name '*.fmd' | wc -l)" = 4 ]
    [ "$(field .total.requests)" = 200 ]
    fmd-record info traces | grep -q '^  run  *three: 50 requests'
}

@test "a directory that holds something else is refused, and so is what cannot be written" {
    mkdir mine
    echo hello >mine/letter.txt
    run fmd-record -o mine -- touch ran
    [ "$status" = 2 ]
    grep -q "mine holds something other than traces (letter.txt)" <<<"$output"
    run fmd-record -o shop.py -- touch ran
    [ "$status" = 2 ]
    run fmd-record -o none/traces -- touch ran
    [ "$status" = 4 ]
    [ ! -e ran ]
}

@test "a Python without fmd_record is told which command installs it" {
    run fmd-record -- /usr/bin/python3 -I -c 'open("ran", "w")'
    [ "$status" = 2 ] || skip "this machine's own Python has fmd_record"
    grep -q "/usr/bin/python3 -m pip install" <<<"$output"
    [ ! -e ran ]
}

@test "every report that was asked for a field holds to its schema" {
    "$BATS_TEST_DIRNAME/../report/check_schema.py" "$BATS_FILE_TMPDIR"/report-*
}
