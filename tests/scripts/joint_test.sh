#!/bin/sh
# bin/babi_task_joint: three generated tasks together; the lines of the tasks agree with the total; the same bits for
# one and two threads, and after kills; the saved model loads again; invalid lists of tasks.
# Usage: [BIN=DIR] tests/scripts/joint_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$(cd "${BIN:-bin}" && pwd)/babi_task_joint
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset HMEM_DATA HMEM_KERNELS
data='--data_dir=generated --training_set_size=600'
flags="--tasks=1,4,15 $data --random_state=1 --verbose=2"

die() {
  echo "$*"
  tail -n 8 out err 2> /dev/null
  exit 1
}
lines() {  # those that equal runs share
  grep -E '^(epoch=|task |final )' "$1" | sed -e 's/ examples_per_s=[^ ]*//' -e 's/ peak_rss_mib=[^ ]*//' \
                                             -e 's/ seconds=[^ ]*//'
}

# consistent FILE: errors of the tasks, weighted by their questions, give the total errors
consistent() {
  awk '
    function value(key, i, pair) {
      for (i = 1; i <= NF; ++i) { split($i, pair, "="); if (pair[1] == key) return pair[2] }
      print "no " key ": " $0; bad = 1
    }
    function near(what, found, expected) {
      if (found - expected > 0.01 || expected - found > 0.01) { print what " " found ", tasks say " expected; bad = 1 }
    }
    /^train=/ { train = value("train"); validation = value("validation"); test = value("test") }
    /^task / {
      ++tasks
      n = value("test_questions"); m = value("val_questions"); all_train += value("train_questions")
      e = value("test_error"); v = value("val_error")
      all += n; errors += n * e; all_val += m; val_errors += m * v; sum += e; val_sum += v; failed += e > 5
    }
    /^final / {
      ++finals
      near("test_error", value("test_error"), errors / all)
      near("val_error", value("val_error"), val_errors / all_val)
      near("mean_error", value("mean_error"), sum / tasks)
      near("mean_val_error", value("mean_val_error"), val_sum / tasks)
      near("failed_tasks", value("failed_tasks"), failed)
    }
    END {
      if (tasks != 3 || finals != 1) { print tasks " tasks, " finals " final lines"; bad = 1 }
      near("train", train, all_train); near("validation", validation, all_val); near("test", test, all)
      exit bad
    }' "$1"
}

# shellcheck disable=SC2086  # lists of flags
{
  # Read before write runs longer, so that the kills below hit it.
  for variant in '--epochs=6' '--epochs=6 --read_before_write=1 --keep_best' '--epochs=6 --online --batch_norm=padded'; do
    rm -f model state lines.json seen
    "$program" $flags $variant --threads=2 --save=model --out=lines.json > out 2> err || die "$variant: failed"
    consistent out || die "$variant: the lines of the tasks do not fit the total"
    [ "$(grep -c '"event":"task"' lines.json)" -eq 3 ] || die "$variant: expected three tasks in --out"
    # Wrong answers name their questions by task and number in its test file, from 1.
    grep '"event":"answers"' lines.json | grep -o '\\t[0-9/,]*\\n' | tr -cs '0-9/' '\n' | grep / | awk -F / '
      $1 !~ /^(1|4|15)$/ || $2 < 1 || $2 > 1000 { bad = 1 } { seen[$1] } END { exit bad || !(15 in seen) }' ||
      die "$variant: expected questions of the tasks 1, 4 and 15"
    mv model whole.model
    lines out > whole.lines
    "$program" $flags $variant --threads=1 --save=model > out 2> err || die "$variant, 1 thread: failed"
    cmp -s model whole.model || die "$variant: a different model with 1 thread"
    lines out > one.lines
    cmp -s one.lines whole.lines || die "$variant: different lines with 1 thread"

    # Killed after each further epoch line, until it ends.
    rm -f model
    killed=0 tries=0
    : > seen
    while :; do
      tries=$((tries + 1))
      [ "$tries" -le 20 ] || die "$variant: does not end"
      "$program" $flags $variant --threads=1 --checkpoint=state --checkpoint_every=1 --resume --save=model \
        --out=state.json > out 2> err &
      run=$!
      while [ "$killed" -lt 3 ] && kill -0 "$run" 2> /dev/null && ! grep -q '^epoch=' out; do sleep 0.003; done
      if [ "$killed" -lt 3 ]; then kill -s KILL "$run" 2> /dev/null; fi
      { wait "$run"; status=$?; } 2> /dev/null
      lines out >> seen
      case $status in
        137) killed=$((killed + 1)) ;;
        0) break ;;
        *) die "$variant: exit $status, expected to be killed" ;;
      esac
    done
    [ "$killed" -gt 0 ] || die "$variant: the run ended before it could be killed"
    cmp -s model whole.model || die "$variant: a different model after $killed kills"
    sort -u seen > seen.sorted
    sort whole.lines > whole.sorted
    cmp -s seen.sorted whole.sorted || { diff whole.sorted seen.sorted; die "$variant: different lines after kills"; }
  done

  # A model loads with the same tasks, however they are written, and with no others.
  "$program" $flags --epochs=2 --save=model > out 2> err || die 'training failed'
  lines out | grep '^task ' > trained
  "$program" --tasks=15,4,1 $data --random_state=1 --epochs=0 --load=model > out 2> err || die '--load failed'
  lines out | grep '^task ' > loaded
  cmp -s trained loaded || die '--load: other errors'
  "$program" --tasks=1,4 $data --random_state=1 --epochs=0 --load=model > out 2> err && die 'a model of other tasks'
  [ "$(wc -l < err)" -eq 1 ] || die 'a model of other tasks: expected one line'
  grep -q "task_id is '1,4,15', expected '1,4'" err || die 'a model of other tasks: the message does not name them'

  for wrong in 0 21 1-21 x 3-1 1,,2 '' 1- ; do
    "$program" --tasks="$wrong" $data --out=none > out 2> err
    status=$?
    [ "$status" -eq 2 ] || die "--tasks=$wrong: exit $status, expected 2"
    [ "$(wc -l < err)" -eq 1 ] || die "--tasks=$wrong: expected one line"
    grep -q -e '--tasks: found' err || die "--tasks=$wrong: the message does not name the flag"
    if [ -s out ] || [ -e none ]; then die "--tasks=$wrong: something was written"; fi
  done
  "$program" --task_id=1 > out 2> err
  [ "$?" -eq 2 ] || die '--task_id: expected exit 2'
}
