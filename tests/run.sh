#!/bin/sh
# Runs all tests, several at a time and even after a failure, and prints the numbers passed and failed last; exit 1 if
# anything failed or nothing ran.
# Usage: TESTS=DIR [BIN=DIR] [JOBS=N] [OBJECTS='isa_*.o ...'] tests/run.sh all|unit [flags of the test programs]
# (the scripts also read BUILD, LIBRARY and LIBS: how to build a program with the library)
set -u
cd "$(dirname "$0")/.." || exit 1
kind=$1
shift
jobs=${JOBS:-$(nproc 2> /dev/null || echo 1)}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export XDG_CACHE_HOME="$work/cache"  # tests leave nothing in the user's cache
export TESTS
tasks=0 cases=0 counted=0 passed=0 failed=0

# Task N is $work/N.{name,kind,sh}. A check counts as one test; a unit, or part of one, has test cases that Catch2 counts.
task() {  # task KIND NAME COMMAND
  tasks=$((tasks + 1))
  echo "$1" > "$work/$tasks.kind"
  echo "$2" > "$work/$tasks.name"
  echo "$3" > "$work/$tasks.sh"
}

# The cases of a test program, every JOBS-th in one task. With options, or where Catch2 does not list names: one task.
unit() {  # unit PROGRAM FLAGS...
  program=$1 name="\$TESTS/$1"
  shift
  names=$work/$program.names
  # The status is the number of names (version 2).
  "$TESTS/$program" "$@" --list-test-names-only > "$names" 2> /dev/null
  if [ "$jobs" -eq 1 ] || [ "$options" = 1 ] || ! grep -q . "$names" || grep -q '^Error' "$names"; then
    quoted=
    for flag; do quoted="$quoted '$(printf '%s' "$flag" | sed "s/'/'\\\\''/g")'"; done
    task unit "$program$quoted" "exec \"$name\"$quoted"
    return
  fi
  cases=$((cases + $(grep -c . "$names")))
  part=0
  while [ "$part" -lt "$jobs" ]; do
    awk -v part="$part" -v jobs="$jobs" 'NR % jobs == part' "$names" | sed 's/[\\,[]/\\&/g' > "$names.$part"
    part=$((part + 1))
    if [ -s "$names.$((part - 1))" ]; then
      task part "$program, part $part of $jobs" "exec \"$name\" --input-file '$names.$((part - 1))'"
    fi
  done
}

stories=${HMEM_DATA:-datasets}/babi/tasks_1-20_v1-2 options=0
if [ ! -d "$stories" ]; then
  echo "Tests tagged [data] are skipped: there is no folder $stories (see datasets/README.md)."
  set -- '~[data]' "$@"
fi
case " $*" in *' -'*) options=1 ;; esac
unit tests "$@"  # these take longest
if [ "$kind" = all ]; then
  for script in tests/scripts/*.sh; do task check "$script" "exec $script"; done
  task check tools/check_layers.sh "exec tools/check_layers.sh"
  if [ -n "${OBJECTS:-}" ]; then task check tools/check_symbols.sh "exec tools/check_symbols.sh $OBJECTS"; fi
fi
unit tests_f64 "$@"

# shellcheck disable=SC2016  # for the shell of each task
seq "$tasks" | xargs -P "$jobs" -n 1 sh -c '
  cd "$1" && task=$0/$2 && start=$(date +%s)
  sh "$task.sh" > "$task.log" 2>&1
  status=$?
  echo "$status" > "$task.status"
  word=ok
  if [ "$status" -ne 0 ]; then word=FAILED; fi
  printf "%-7s %s (%d s)\n" "$word" "$(cat "$task.name")" "$(($(date +%s) - start))"' "$work" "$PWD"

n=0
while [ "$n" -lt "$tasks" ]; do
  n=$((n + 1))
  log=$work/$n.log status=$(cat "$work/$n.status" 2> /dev/null || echo 1) ok=0 bad=0
  if [ "$status" -ne 0 ] || [ "$(cat "$work/$n.kind")" != check ]; then
    echo "== $(cat "$work/$n.name")"
    grep -v '^Filters: ' "$log"
  else
    grep '^SKIPPED' "$log"
  fi
  if [ "$(cat "$work/$n.kind")" = check ]; then
    if [ "$status" -eq 0 ]; then ok=1; fi
  else
    # "All tests passed (A assertions in N test cases)", or "test cases: N | P passed | F failed"
    ok=$(sed -n -e 's/^All tests passed.* in \([0-9]*\) test case.*/\1/p' \
                -e 's/^test cases:.*[^0-9]\([0-9][0-9]*\) passed.*/\1/p' "$log")
    bad=$(sed -n 's/^test cases:.*[^0-9]\([0-9][0-9]*\) failed.*/\1/p' "$log")
    if [ "$(cat "$work/$n.kind")" = part ]; then counted=$((counted + ${ok:-0} + ${bad:-0})); fi
  fi
  if [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then bad=1; fi  # it crashed or did not start
  passed=$((passed + ${ok:-0})) failed=$((failed + ${bad:-0}))
done
if [ "$counted" -ne "$cases" ]; then
  echo "test cases: ran $counted, expected $cases"
  failed=$((failed + 1))
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
