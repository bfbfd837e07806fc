#!/bin/sh
# Training with the default number of threads beside busy loops, compared with one thread: five pairs, in turn.
# Prints the ratio of examples per second of each pair and their median; below 0.9 is a fault.
# Usage: bench/busy_threads.sh [BUSY LOOPS, default 4] [EPOCHS, default 40]
set -u
cd "$(dirname "$0")/.." || exit 1
loops=${1:-4} epochs=${2:-40}
work=$(mktemp -d) || exit 1
pids=
# shellcheck disable=SC2086  # a list of processes
trap '[ -z "$pids" ] || kill $pids; rm -rf "$work"' EXIT
i=0
while [ "$i" -lt "$loops" ]; do
  sh -c 'while :; do :; done' &
  pids="$pids $!"
  i=$((i + 1))
done

speed() {  # speed FLAGS...: examples per second of the whole training
  bin/babi_task_single --data_dir=generated --task_id=1 --random_state=1 --epochs="$epochs" --quiet "$@" |
    sed -n 's/.* examples_per_s=\([0-9]*\).*/\1/p'
}
for pair in 1 2 3 4 5; do
  all=$(speed) one=$(speed --threads=1)
  echo "$all $one" | awk -v pair="$pair" '{ printf "pair %d: all threads %d, one thread %d examples/s, ratio %.2f\n", pair, $1, $2, $1 / $2 }'
  echo "$all $one" | awk '{ print $1 / $2 }' >> "$work/ratios"
done
sort -n "$work/ratios" | awk 'NR == 3 { printf "median ratio with %d busy loops: %.2f\n", loops, $1 }' loops="$loops"
