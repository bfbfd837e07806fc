#!/bin/sh
# compare.py with a python that has PyTorch, on real stories; says why when it cannot. Flags are passed on.
set -u
cd "$(dirname "$0")/../.." || exit 1

for candidate in ${PYTHON:-python3 /usr/bin/python3}; do
  if "$candidate" -c 'import numpy, torch' 2> /dev/null; then
    stories=${HMEM_DATA:-datasets}/babi/tasks_1-20_v1-2
    if [ ! -d "$stories" ]; then
      echo "not run: no folder $stories (see datasets/README.md)"
      exit 0
    fi
    exec "$candidate" bench/peer/compare.py "$@"
  fi
done
echo "not run: no PyTorch here (see bench/peer/README.md); PYTHON= chooses the interpreter"
