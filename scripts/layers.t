#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The walls of the house: reads every include and fails where one crosses a wall.
cd "$(dirname "$0")/.." || exit 1

# header pattern | folders that may include it
walls='
cairo|^plots/
pango|^plots/
gsl/|^src/findings/
archive|^src/input/
jansson|^src/report/
yajl/|^src/input/
sqlite3|^src/input/
libxml/|^(src/report|plots)/
mpi|^src/scale/
zstd|^(lib|src/summary|testdata)/
ini\.h|^lib/
'
number=0
say() { # ok? name; details on stdin
    number=$((number + 1))
    if [ -z "$1" ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; sed 's/^/#   /' <<<"$1"; fi
}

includes=$(git grep -nE '^ *# *include' -- '*.c' '*.h')
while IFS='|' read -r header where; do
    [ -n "$header" ] || continue
    crossed=$(grep -E "# *include [<\"]$header" <<<"$includes" | grep -vE "$where")
    say "$crossed" "$header is included only under $where"
done <<<"$walls"

# Folders downstream know upstream, never the other way round.
# folder | first folders of the project that it may include by path
flow='
lib|
plots|plots
src/base|src/base
src/cli|src/base src/cli
src/summary|src/base src/summary lib
src/input|src/base src/input src/summary lib
src/scale|src/base src/scale src/input src/summary
src/findings|src/base src/findings src/summary
src/launch|src/base src/cli src/launch src/input src/scale src/summary src/report lib
src/report|src/base src/report src/findings src/summary src/input plots
'
while IFS='|' read -r folder may; do
    [ -n "$folder" ] || continue
    bad=$(grep -E "^$folder/" <<<"$includes" | grep -E 'include "(src|lib|plots|testdata|\.\.)/?' | while read -r line; do
        target=$(sed -E 's/.*"([^"]*)".*/\1/' <<<"$line")
        case "$target" in
        testdata/cmocka_tests.h | testdata/browser.h) continue ;;
        ../fmd-record.h | ../wire/*) [ "$folder" = lib ] && continue ;;
        esac
        allowed=""
        for m in $may; do case "$target" in "$m"/*) allowed=1 ;; esac; done
        # tests may drive the whole chain
        case "${line%%:*}" in *_test.c | *_bench.c | *_fuzz.c | */made_*.h) case "$target" in src/* | lib/*) allowed=1 ;; esac ;; esac
        [ -n "$allowed" ] || echo "$line"
    done)
    say "$bad" "$folder includes only: ${may:-itself}"
done <<<"$flow"

missing=$(git ls-files '*.c' '*.h' '*.py' '*.sh' 'scripts/*' | grep -v '\.md$' | while read -r f; do head -3 "$f" | grep -q SPDX-License-Identifier || echo "$f"; done)
say "$missing" "every source file names its licence (SPDX)"
wrong=$(git grep -lE 'SPDX-License-Identifier: GPL' -- lib ; git grep -LE 'SPDX-License-Identifier: GPL' -- 'src/*.c' 'src/*.h' 'plots/*.c' 'plots/*.h')
say "$wrong" "lib/ is Apache-2.0, src/ and plots/ are GPL-3.0-or-later"
names=$(git ls-files '*.c' '*.h' | sed 's|.*/||' | sort | uniq -d)
say "$names" "bare file names are unique"
for folder in lib lib/wire lib/stacks lib/python plots plots/charts src $(ls -d src/*/ | sed 's|/$||') testdata scripts; do
    [ -f "$folder/README.md" ] || unread="$unread$folder has no README.md
"
done
say "$unread" "every folder has a README"
utils=$(git ls-files | grep -E '(^|/)(utils?|helpers?|common|misc)(\.|/)')
say "$utils" "there is no drawer called util"
echo "1..$number"
