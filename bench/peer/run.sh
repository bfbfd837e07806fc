#!/bin/sh
# compare.py on real stories, or compare_images.py with "images" as the first argument, with a python that has PyTorch;
# says why when it cannot. Flags are passed on.
set -u
cd "$(dirname "$0")/../.." || exit 1

program=compare.py
if [ "${1:-}" = images ]; then
  program=compare_images.py
  shift
fi
for candidate in ${PYTHON:-python3 /usr/bin/python3}; do
  if "$candidate" -c 'import numpy, torch' 2> /dev/null; then
    stories=${HMEM_DATA:-datasets}/babi/tasks_1-20_v1-2
    if [ $program = compare.py ] && [ ! -d "$stories" ]; then
      echo "not run: no folder $stories (see datasets/README.md)"
      exit 0
    fi
    exec "$candidate" bench/peer/$program "$@"
  fi
done
echo "not run: no PyTorch here (see bench/peer/README.md); PYTHON= chooses the interpreter"
