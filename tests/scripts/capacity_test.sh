#!/bin/sh
# bin/memory_capacity: the same numbers in the terminal and in both files; bad input is one line and leaves nothing behind.
# Usage: [BIN=DIR] tests/scripts/capacity_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. ./tests/support/program.sh
program=$bin/memory_capacity

"$program" --memory_size=30 --active=4 --pairs=3,20 --repeats=2 --csv=a.csv --html=a.html > "$out" 2> "$err" || die 'memory_capacity fails'
[ "$(wc -l < a.csv)" -eq 25 ] || die 'expected 24 points and a head in the CSV file'
# Recall in % of every point of the file is in the tables of terminal and page.
awk -F, 'NR > 1 { printf "%.1f +- %.1f (%.1f)\n", 100 * $4, 100 * $5, 100 * $6 }' a.csv | while read -r cell; do
  grep -qF -e "$cell" "$out" || echo "terminal: no $cell"
  grep -qF -e "$cell" a.html || echo "page: no $cell"
done > "$work/log/missing"
[ ! -s "$work/log/missing" ] || die "$(head -3 "$work/log/missing")"
"$program" --memory_size=30 --active=4 --pairs=3,20 --repeats=2 --csv=b.csv --threads=1 --quiet > "$out" || die 'the second run fails'
[ ! -s "$out" ] || die '--quiet prints something'
cmp a.csv b.csv || die 'two runs differ'
rm -f a.csv a.html b.csv

refuse 2 '--pairs' --pairs=1
refuse 2 '--pairs' --pairs=two
refuse 2 '40 active units of 30' --memory_size=30 --active=40
refuse 2 '--noise=0.9 moves all 2 active units' --active=2 --noise=0.9
refuse 2 '--noise' --noise=1
refuse 2 '--repeats' --repeats=0
refuse 2 "--csv: found 'a', the file of --html" --csv=a --html=./a
refuse 1 'no/such/folder' --html=no/such/folder/a.html --csv=a.csv
exit 0
