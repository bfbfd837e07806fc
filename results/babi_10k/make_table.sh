#!/usr/bin/env bash
# Prints the table of README.md from the logs: results/babi_10k/make_table.sh
set -euo pipefail
cd "$(dirname "$0")/logs"
# Test errors of an independent PyTorch implementation of the same model, one seed, clip on; task 5 after 31 epochs.
reference=(0 0.0 - 0 1.7 1.8 1.0 0.3 7.9 1.4 0 0 0 0.4 0 55.4 31.8 8.1 77.1 0)
value() { grep -o " $1=[^ ]*" <<<"$2" | cut -d= -f2; }
echo '| task | validation error % | test error % | independent implementation, test error % |'
echo '|---|---|---|---|'
for task in {1..20}; do
  log=task${task}_seed1.log
  if [ -f "$log" ]; then
    final=$(grep '^final ' "$log")
    cells="$(value val_error "$final") | $(value test_error "$final") | ${reference[task - 1]}"
  else
    cells="not run | not run | ${reference[task - 1]}"
  fi
  echo "| $task | $cells |"
done
