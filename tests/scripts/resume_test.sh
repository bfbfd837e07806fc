#!/bin/sh
# bin/babi_task_single, killed at random moments and resumed until it ends, gives the results of an uninterrupted
# run: the saved model and the CSV byte for byte, the same epoch lines and final line (except times). SIGTERM and
# SIGINT save the running epoch. Usage: [BIN=DIR] tests/scripts/resume_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$(cd "${BIN:-bin}" && pwd)/babi_task_single
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset HMEM_DATA HMEM_KERNELS
csv=results/1_2000_learned_encoding_3-1.log
killed=0 continued=0

die() {
  echo "$*"
  tail -n 5 out err 2> /dev/null
  exit 1
}

# random LIMIT: a whole number below it
random() { od -An -N2 -tu2 /dev/urandom | awk -v limit="$1" '{ print int($1 * limit / 65536) }'; }
lines() {  # those that equal runs share
  grep -E '^(epoch=|final )' "$1" | sed -e 's/ examples_per_s=[^ ]*//' -e 's/ peak_rss_mib=[^ ]*//' \
                                        -e 's/ seconds=[^ ]*//'
}
# run FLAGS...: in the background, as $run
run() {
  # shellcheck disable=SC2086  # a list of flags
  "$program" $flags --checkpoint=state --checkpoint_every=1 --save=model --out=lines "$@" > out 2> err &
  run=$!
}
# stop SIGNAL EPOCHS: sends it to $run at a random moment after it has done N epochs; its exit code in $status.
# Epochs and not seconds: the speed of a run depends on other load.
stop() {
  while kill -0 "$run" 2> /dev/null && [ "$(grep -c '^epoch=' out)" -lt "$2" ]; do sleep 0.005; done
  sleep "0.0$(random 5)$(random 10)"
  kill -s "$1" "$run" 2> /dev/null
  # The shell would report on stderr that it was killed.
  { wait "$run"; status=$?; } 2> /dev/null
  lines out >> seen
  if grep -q '^note: continues from state at ' out; then continued=$((continued + 1)); fi
}

start_anew() { rm -f state model lines seen "$csv"; }

# ends_equal WHAT: the run that has just ended gave the results of the uninterrupted one
ends_equal() {
  cmp -s model whole.model || die "$1: a different model"
  cmp -s "$csv" whole.csv || die "$1: a different CSV"
  [ "$(lines out | tail -n 1)" = "$(tail -n 1 whole.lines)" ] || die "$1: a different final line"
  sort -u seen > seen.sorted
  sort whole.lines > whole.sorted
  cmp -s seen.sorted whole.sorted || { diff whole.sorted seen.sorted; die "$1: different epoch lines"; }
}

# resume_to_end WHAT
resume_to_end() {
  run --resume
  wait "$run" || die "$1: the resumed run failed"
  lines out >> seen
  if grep -q '^note: continues from state at ' out; then continued=$((continued + 1)); fi
  ends_equal "$1"
  ls state.tmp-* > /dev/null 2>&1 && die "$1: a temporary file was left"
  true
}

# kills COUNT WHAT: a run that is killed COUNT times; one that ends earlier is repeated
kills() {
  goal=$((killed + $1)) tries=0
  start_anew
  while [ "$killed" -lt "$goal" ]; do
    tries=$((tries + 1))
    [ "$tries" -le $((6 * $1)) ] || die "$2: the run ended before it could be killed, $tries times"
    run --resume
    stop KILL "$(random 4)"
    case $status in
      137) killed=$((killed + 1)) ;;
      0) ends_equal "$2"; start_anew ;;
      *) die "$2: exit $status, expected to be killed" ;;
    esac
  done
  resume_to_end "$2"
}

# signals NAME STATUS: one run that this signal stops in the middle of an epoch
signals() {
  start_anew
  run
  stop "$1" 2
  [ "$status" -eq "$2" ] || die "SIG$1: exit $status, expected $2"
  [ ! -s err ] || die "SIG$1: expected nothing on stderr"
  [ "$(grep -c "^note: SIG$1: stopped at epoch [0-9]*, step [0-9]* and saved state; --resume continues" out)" -eq 1 ] ||
    die "SIG$1: expected one line that says so"
  resume_to_end "SIG$1"
  run --resume
  wait "$run" || die 'a run that is complete was not resumed'
  grep -q '^note: state has all [0-9]* epochs' out || die 'expected a note that the run is complete'
  [ "$(grep -c '^epoch=' out)" -eq 0 ] || die 'a complete run was trained on'
  ends_equal 'a complete run'
}

# variant WHAT FLAGS: the uninterrupted run first, then with 1 and 2 threads
variant() {
  what=$1
  common="--data_dir=generated --training_set_size=2000 --random_state=1 --verbose=2 --logging=1 $2"
  flags="$common --threads=2"
  start_anew
  "$program" $flags --save=model > out 2> err || die "$what: the uninterrupted run failed"
  mv model whole.model
  mv "$csv" whole.csv
  lines out > whole.lines
  kills "$3" "$what, 2 threads"
  flags="$common --threads=1"
  kills "$4" "$what, 1 thread"
}

# shellcheck disable=SC2086  # a list of flags
{
  variant 'plain' '--epochs=12' 2 2
  signals TERM 143
  # Where SIGINT is ignored, as in a background job, it stays ignored.
  if sh -c 'kill -s INT $$' 2> /dev/null; then
    echo 'SIGINT is ignored here: not tested'
  else
    # In the foreground: a shell starts background jobs with SIGINT ignored. More epochs than there is time for; longer
    # if not even one epoch was done.
    for seconds in 1 4 16 64; do
      start_anew
      timeout --preserve-status -s INT $seconds "$program" --data_dir=generated --epochs=100000 --checkpoint=state > out 2> err
      status=$?
      [ "$status" -eq 130 ] || die "SIGINT: exit $status, expected 130"
      if grep -q '^epoch=' out; then break; fi
    done
    [ -s state ] || die 'SIGINT: no state was saved'
    grep -q '^note: SIGINT: stopped at epoch .* saved state' out || die 'SIGINT: no note'
  fi
  variant 'read before write, renamed' '--epochs=8 --read_before_write=1 --rename=0.5 --rename_from=1' 2 2
  variant 'online, best weights' '--epochs=12 --online --online_from=3 --keep_best --weight_average=0.99 --schedule=stable --age_jitter=0.1 --dropout=0.1 --story_dropout=0.1' 2 2
}
[ "$killed" -eq 12 ] || die "$killed runs were killed, expected 12"
[ "$continued" -ge 4 ] || die "only $continued runs continued from a checkpoint: the kills missed the training"
echo "$killed kills, $continued runs continued"
