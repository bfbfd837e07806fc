#!/bin/sh
# Runs all tests, even after a failure, and prints the numbers passed and failed last; exit 1 if anything failed or
# nothing ran.
# Usage: TESTS=DIR [BIN=DIR] [OBJECTS='isa_*.o ...'] tests/run.sh all|unit [flags of the test programs]
# (the scripts also read BUILD, LIBRARY and LIBS: how to build a program with the library)
set -u
cd "$(dirname "$0")/.." || exit 1
kind=$1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
log=$work/log
export XDG_CACHE_HOME="$work/cache"  # tests leave nothing in the user's cache
passed=0 failed=0

# one NAME COMMAND...: a check that counts as one test
one() {
  name=$1
  shift
  if "$@" > "$log" 2>&1; then
    grep '^SKIPPED' "$log"
    echo "ok      $name"
    passed=$((passed + 1))
  else
    cat "$log"
    echo "FAILED  $name"
    failed=$((failed + 1))
  fi
}

# unit PROGRAM FLAGS...: Catch2 counts the test cases
unit() {
  echo "== $*"
  { "$@"; echo $? > "$work/status"; } 2>&1 | tee "$log"
  # "All tests passed (A assertions in N test cases)", or "test cases: N | P passed | F failed"
  ok=$(sed -n -e 's/^All tests passed.* in \([0-9]*\) test case.*/\1/p' \
              -e 's/^test cases:.*[^0-9]\([0-9][0-9]*\) passed.*/\1/p' "$log")
  bad=$(sed -n 's/^test cases:.*[^0-9]\([0-9][0-9]*\) failed.*/\1/p' "$log")
  passed=$((passed + ${ok:-0}))
  failed=$((failed + ${bad:-0}))
  if [ "$(cat "$work/status")" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
    failed=$((failed + 1))  # it crashed or did not start
  fi
}

if [ "$kind" = all ]; then
  one tools/check_layers.sh tools/check_layers.sh
  # shellcheck disable=SC2086  # a list of files
  if [ -n "${OBJECTS:-}" ]; then one tools/check_symbols.sh tools/check_symbols.sh $OBJECTS; fi
  for script in tests/scripts/*.sh; do
    if [ -e "$script" ]; then one "$script" "$script"; fi
  done
fi

stories=${HMEM_DATA:-datasets}/babi/tasks_1-20_v1-2
if [ ! -d "$stories" ]; then
  echo "Tests tagged [data] are skipped: there is no folder $stories (see datasets/README.md)."
  set -- '~[data]' "$@"
fi
unit "$TESTS/tests" "$@"
unit "$TESTS/tests_f64" "$@"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
