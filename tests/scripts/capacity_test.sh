#!/bin/sh
# bin/memory_capacity: the same numbers in the terminal and in both files; bad input is one line and leaves nothing behind.
# Usage: [BIN=DIR] tests/scripts/capacity_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$(cd "${BIN:-bin}" && pwd)/memory_capacity
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/run" "$work/log"
cd "$work/run" || exit 1
failed=0
fail() {
  echo "$*"
  failed=1
}

"$program" --memory_size=30 --active=4 --pairs=3,20 --repeats=2 --csv=a.csv --html=a.html > "$work/log/out" 2> "$work/log/err" ||
  fail "memory_capacity fails: $(cat "$work/log/err")"
[ "$(wc -l < a.csv)" -eq 25 ] || fail 'expected 24 points and a head in the CSV file'
# Recall in % of every point of the file is in the tables of terminal and page.
awk -F, 'NR > 1 { printf "%.1f +- %.1f (%.1f)\n", 100 * $4, 100 * $5, 100 * $6 }' a.csv | while read -r cell; do
  grep -qF -e "$cell" "$work/log/out" || echo "terminal: no $cell"
  grep -qF -e "$cell" a.html || echo "page: no $cell"
done > "$work/log/missing"
[ ! -s "$work/log/missing" ] || fail "$(head -3 "$work/log/missing")"
"$program" --memory_size=30 --active=4 --pairs=3,20 --repeats=2 --csv=b.csv --threads=1 --quiet > "$work/log/out" || fail 'the second run fails'
[ ! -s "$work/log/out" ] || fail '--quiet prints something'
cmp a.csv b.csv || fail 'two runs differ'
rm -f a.csv a.html b.csv

# refuse STATUS TEXT FLAGS...
refuse() {
  status=$1 text=$2
  shift 2
  "$program" "$@" > "$work/log/out" 2> "$work/log/err"
  found=$?
  [ "$found" -eq "$status" ] || fail "expected exit $status, found $found: $*"
  [ "$(wc -l < "$work/log/err")" -eq 1 ] || fail "expected one line: $*"
  grep -qF -e "$text" "$work/log/err" || fail "expected '$text', found: $(cat "$work/log/err")"
  [ -z "$(ls -A)" ] || fail "left behind by $*: $(ls -A)"
}
refuse 2 '--pairs' --pairs=1
refuse 2 '--pairs' --pairs=two
refuse 2 '40 active units of 30' --memory_size=30 --active=40
refuse 2 '--noise=0.9 moves all 2 active units' --active=2 --noise=0.9
refuse 2 '--noise' --noise=1
refuse 2 '--repeats' --repeats=0
refuse 2 "--csv: found 'a', the file of --html" --csv=a --html=./a
refuse 1 'no/such/folder' --html=no/such/folder/a.html --csv=a.csv
exit "$failed"
