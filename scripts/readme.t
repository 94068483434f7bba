#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The README's commands, run as they stand there: its Flask example is served by gunicorn under
# the recorder, then every ```sh block runs in order against what was recorded.
cd "$(dirname "$0")/.." || exit 1
root=$PWD
export PATH="${FMD_BUILD:-$root/build/release}:$PATH" TZ=UTC
scratch=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$scratch"' EXIT
number=0
say() { # status name file
    number=$((number + 1))
    if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; sed 's/^/# /' "$3"; fi
}
block() { # kind which: the lines of the which-th block of that kind
    awk -v kind="\`\`\`$1" -v which="$2" '/^```/ { if (on) on = 0; else if ($0 == kind && ++seen == which) { on = 1; next } } on' "$root/README.md"
}

cd "$scratch" || exit 1
block python 1 >shop.py
python=$("$root/scripts/python-env")/bin/python
"$python" -m gunicorn --bind 127.0.0.1:0 --workers 2 shop:app >server.log 2>&1 &
server=$!
for _ in $(seq 100); do
    port=$(sed -nE 's|.*Listening at: http://127.0.0.1:([0-9]+).*|\1|p' server.log)
    [ -n "$port" ] && break
    sleep 0.1
done
"$python" - "$port" >requests.log 2>&1 <<'PYTHON'
import sys, urllib.request
for number in range(200):
    request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/cart/{number}", headers={"X-Customer": "c%d" % (number % 7)})
    assert urllib.request.urlopen(request, timeout=10).status == 200
PYTHON
say $? "the Flask example serves" requests.log
kill -TERM "$server"; wait "$server"; server=""
which=0
while which=$((which + 1)); block sh $which >block.sh; [ -s block.sh ]; do
    bash -euo pipefail block.sh >block.log 2>&1 </dev/null
    say $? "README: $(grep -c . block.sh) commands from \"$(head -1 block.sh | sed 's/ *#.*//')\" on" block.log
done
fmd-analyze traces/ --format json >report.json && "$root/src/report/check_schema.py" report.json >>requests.log 2>&1
counted=$(jq .total.requests report.json)
[ "$counted" = 200 ]
say $? "the report counts the 200 requests that were sent ($counted)" requests.log
links=$(grep -oE '\]\([^)]+\)' "$root/README.md" | tr -d '])(' | grep -v '^http' | while read -r path; do [ -e "$root/$path" ] || echo "$path"; done)
echo "$links" >links.log
[ -z "$links" ]
say $? "every link of the README leads somewhere" links.log
echo "1..$number"
