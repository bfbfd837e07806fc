#!/bin/sh
# bin/babi_sweep: killed and continued, a failed run, invalid flags, a list for GNU parallel; bin/babi_report.
# Usage: [BIN=DIR] tests/scripts/sweep_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=$(cd "${BIN:-bin}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset HMEM_DATA HMEM_KERNELS
small='--data_dir=generated --training_set_size=200'
die() {
  echo "$*"
  tail -n 8 out err 2> /dev/null
  exit 1
}
# stop_sweep SIGNAL STATUS: it ends with this exit status
stop_sweep() {
  kill -s "$1" "$sweep"
  wait "$sweep"
  status=$?
  [ "$status" -eq "$2" ] || die "SIG$1: exit $status, expected $2"
}

# shellcheck disable=SC2086  # lists of flags
{
  # Killed in the middle, while the runs it started may still run; continued to its end.
  flags="--tasks=1,15 --runs=2 --jobs=2 $small --epochs=60 --checkpoint_every=1 --out=runs"
  "$bin/babi_sweep" $flags > out 2> err &
  sweep=$!
  while kill -0 "$sweep" 2> /dev/null && [ ! -e runs/task1_seed1/checkpoint.safetensors ]; do sleep 0.01; done
  { kill -s KILL "$sweep"; wait "$sweep"; } 2> /dev/null
  "$bin/babi_sweep" $flags > out 2> err || die 'the continued sweep failed'
  [ "$(grep -c -E ' state=(done|kept)$' out)" -eq 4 ] || die 'expected four runs'
  grep -q '^final runs=4 failed=0 ' out || die 'no final line'
  for file in run.log run.jsonl model.safetensors checkpoint.safetensors command.txt; do
    [ -s "runs/task15_seed2/$file" ] || die "no $file"
  done
  "$bin/babi_sweep" $flags > out 2> err || die 'the third sweep failed'
  [ "$(grep -c ' state=kept$' out)" -eq 4 ] || die 'finished runs were repeated'

  # SIGTERM is passed on, and the runs save.
  "$bin/babi_sweep" --tasks=1 --runs=2 --jobs=2 $small --epochs=100000 --out=stop > out 2> err &
  sweep=$!
  while kill -0 "$sweep" 2> /dev/null &&
    ! { grep -q '^epoch=' stop/task1_seed1/run.log && grep -q '^epoch=' stop/task1_seed2/run.log; } 2> /dev/null; do
    sleep 0.01
  done
  stop_sweep TERM 143
  grep -q 'SIGTERM: stopped at' stop/task1_seed2/run.log || die 'the run was not told to stop'

  # Few file descriptors: runs wait for others instead of failing.
  (ulimit -n 16; "$bin/babi_sweep" --tasks=1 --runs=10 --jobs=10 $small --epochs=2 --out=few > out 2> err) ||
    die 'few descriptors: runs failed'
  grep -q '^final runs=10 failed=0 ' out || die 'few descriptors: no final line'

  # When its output fails, no other run is left running.
  "$bin/babi_sweep" --tasks=1 --runs=1 --jobs=2 $small --epochs=1,100000 --out=full > /dev/full 2> err
  [ $? -eq 1 ] || die 'a full output: expected exit 1'
  [ "$(wc -l < err)" -eq 1 ] || die 'a full output: expected one line'
  flock -w 20 'full/task1_seed1_epochs=100000/lock' true || die 'a full output: the other run goes on'

  # Nor when the reader exits or the terminal is closed. The lock belongs to the run, also without standard input.
  {
    "$bin/babi_sweep" --tasks=1 --runs=1 --jobs=2 $small --epochs=1,100000 --out=pipe 2> err
    echo $? > status
  } | head -c 0
  [ "$(cat status)" -eq 1 ] || die "a reader that exits: exit $(cat status), expected 1"
  flock -w 20 'pipe/task1_seed1_epochs=100000/lock' true || die 'a reader that exits: the other run goes on'
  "$bin/babi_sweep" --tasks=1 --runs=1 $small --epochs=100000 --out=hup <&- > out 2> err &
  sweep=$!
  while kill -0 "$sweep" 2> /dev/null && ! grep -q '^epoch=' hup/task1_seed1/run.log 2> /dev/null; do sleep 0.01; done
  kill -s KILL "$sweep"
  { wait "$sweep"; } 2> /dev/null
  flock -n hup/task1_seed1/lock true && die 'the run does not hold its lock'
  run=$(grep -lsz -e '^--out=hup/task1_seed1/run.jsonl$' /proc/[0-9]*/cmdline | sed -n '1s#^/proc/\([0-9]*\)/.*#\1#p')
  [ -n "$run" ] || die 'there is no run'
  kill -s TERM "$run"
  flock -w 20 hup/task1_seed1/lock true || die 'the run does not stop'
  # Where SIGHUP is ignored, as under nohup, it stays ignored.
  if sh -c 'kill -s HUP $$' 2> /dev/null; then
    echo 'SIGHUP is ignored here: not tested'
  else
    "$bin/babi_sweep" --tasks=1 --runs=1 $small --epochs=100000 --out=hup > out 2> err &
    sweep=$!
    while kill -0 "$sweep" 2> /dev/null &&
      ! sed '1,/^note: continues/d' hup/task1_seed1/run.log | grep -q '^epoch='; do
      sleep 0.01
    done
    stop_sweep HUP 129
    grep -q 'SIGHUP: stopped at' hup/task1_seed1/run.log || die 'the run was not told to stop'
  fi

  # The report, in every format; runs that are not finished are named and left out.
  mkdir -p runs/task9_seed1 && echo '{"event":"hea' > runs/task9_seed1/run.jsonl
  "$bin/babi_report" runs > out 2> err || die 'no report'
  grep -q '^ *15\*  *2 ' out || die 'task 15 is not in the table'
  grep -q '^note: runs/task9_seed1/run.jsonl has no final line' err || die 'no note'
  for format in table markdown csv json; do
    "$bin/babi_report" --dir=runs --format=$format --out=report.$format 2> err || die "no $format"
    [ -s report.$format ] || die "empty $format"
  done
  [ "$(wc -l < report.csv)" -eq 6 ] || die 'CSV: expected a heading, two tasks and three rows of all tasks'
  grep -q '"failed_tasks":' report.json || die 'JSON: no failed_tasks'
  "$bin/babi_report" runs --out=report.csv --html=./report.csv > out 2> err && die 'one file for table and page'
  grep -q "^babi_report: error: --out: found 'report.csv', the file of --html" err || die 'one file for table and page: no message'
  "$bin/babi_report" none > out 2> err && die 'a report of no folder'
  [ "$(wc -l < err)" -eq 1 ] || die 'no folder: expected one line'

  # A run that fails is reported, the others continue.
  "$bin/babi_sweep" --tasks=1 --runs=1 --jobs=1 $small --epochs=2 --learning_rate=1e30,0.003 --out=fail > out 2> err
  status=$?
  [ "$status" -eq 1 ] || die "a failed run: exit $status, expected 1"
  grep -q 'state=failed error=.*the loss is' out || die 'the failed run was not reported'
  grep -q ' state=done$' out || die 'the other run was not done'
  grep -q '^final runs=2 failed=1 ' out || die 'no final line after a failed run'

  # The best of three trials continues from where it was; nothing is done twice.
  trials="--tasks=1,4 --runs=1 --trials=3 --trial_epochs=2 --jobs=2 $small --epochs=4 --out=trials"
  "$bin/babi_sweep" $trials > out 2> err || die 'trials failed'
  [ "$(grep -c ' state=done$' out)" -eq 8 ] || die 'expected six trials and two runs'
  [ "$(cat trials/*/run.log | grep -c '^epoch=')" -eq 16 ] || die 'trials: expected 6 x 2 epochs and 2 x 2 more'
  [ "$(grep -l '^final ' trials/*/run.log | wc -l)" -eq 2 ] || die 'trials: expected two finished runs'
  "$bin/babi_sweep" $trials > out 2> err || die 'trials, again: failed'
  [ "$(grep -c ' state=kept$' out)" -eq 8 ] || die 'trials were repeated'
  "$bin/babi_sweep" $trials --print > out 2> err && die 'trials cannot be printed'

  # Invalid flags stop it before anything starts.
  for wrong in --epohcs=2 --hops=1,x --tasks=0 --random_state=2 --runs=0 --trials=2 --stop_after=1 \
    '--trials=3 --validation_split=0' ''; do
    "$bin/babi_sweep" $wrong ${wrong:+--out=none} > out 2> err
    status=$?
    [ "$status" -eq 2 ] || die "'$wrong': exit $status, expected 2"
    [ "$(wc -l < err)" -eq 1 ] || die "'$wrong': expected one line"
    [ ! -e none ] || die "'$wrong': something was written"
  done

  # The list of command lines, for other machines.
  "$bin/babi_sweep" --tasks=1,2 --runs=2 $small --epochs=2 --out='with blank' --print > list 2> err || die '--print failed'
  [ "$(wc -l < list)" -eq 4 ] || die '--print: expected four lines'
  [ ! -e 'with blank' ] || die '--print wrote something'
  if command -v parallel > /dev/null; then
    parallel --will-cite --jobs 2 < list > out 2> err || die 'parallel failed'
  else
    echo 'GNU parallel is not installed: the list is run by sh'
    sh -e list > out 2> err || die 'the list failed'
  fi
  "$bin/babi_sweep" --tasks=1,2 --runs=2 $small --epochs=2 --out='with blank' > out 2> err || die 'after the list'
  [ "$(grep -c ' state=kept$' out)" -eq 4 ] || die 'runs of the list were repeated'
}
