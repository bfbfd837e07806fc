#!/bin/sh
# tools/check_layers.sh accepts downward includes and catches each kind of wrong one.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# expect STATUS TEXT FILE INCLUDE: a tree whose FILE has that include line gives STATUS and a message with TEXT
expect() {
  rm -rf "$work/tree"
  mkdir -p "$work/tree/include/hmem/core" "$work/tree/src/core" "$work/tree/$(dirname "$3")"
  echo '#include <vector>' > "$work/tree/include/hmem/core/real.h"
  printf '%s\n' '#include <cstdint>' "$4" > "$work/tree/$3"
  tools/check_layers.sh "$work/tree" > "$work/log" 2>&1
  status=$?
  if [ "$status" -ne "$1" ] || ! grep -qF -e "$2" "$work/log"; then
    echo "expected status $1 and \"$2\" for $4 in $3; found status $status:"
    cat "$work/log"
    failed=1
  fi
}

expect 0 'no upward include' src/nn/dense.cpp '#include "hmem/autodiff/tape.h"'
expect 0 'no upward include' src/nn/dense.cpp '#include "hmem/nn/dense.h"'
expect 0 'no upward include' src/kernels/gemm.cpp '#include "kernels/simd/vector.inl"'
expect 0 'no upward include' src/data/babi/t.cpp '#include "generator/task.h"'
expect 0 'no upward include' src/experiments/run.cpp '#include "hmem/train/fit.h"'
expect 0 'no upward include' src/tasks/babi/run.cpp '#include "hmem/models/hmem_qa.h"'
expect 0 'no upward include' src/core/a.cpp '// #include "hmem/nn/dense.h"'
expect 1 'core must not include kernels' src/core/rng.cpp '#include "hmem/kernels/blas.h"'
expect 1 'src/nn/dense.cpp:2: nn must not include optim' src/nn/dense.cpp '#include "hmem/optim/adam.h"'
expect 1 'must not include train' include/hmem/nn/layers.h '#  include <hmem/train/fit.h>'
expect 1 'train must not include models' src/train/fit.cpp '#include "hmem/models/hmem_qa.h"'
expect 1 'sweep must not include tasks' src/sweep/plan.cpp '#include "hmem/tasks/babi/flags.h"'
expect 1 'must not include experiments' src/train/fit.cpp '#include "experiments/setup.h"'
expect 1 'must not include models' src/data/generator/t1.cpp ' #include "hmem/models/hmem_qa.h"'
expect 1 'climbs out of its folder' src/core/rng.cpp '#include "../nn/dense.h"'
expect 1 '"hmem.h" is not a layer' include/hmem/hmem.h '#include "hmem/train/fit.h"'
expect 1 '"neural" is not a layer' src/neural/net.cpp '#include <vector>'

mkdir "$work/empty"
if tools/check_layers.sh "$work/empty" > /dev/null 2>&1; then
  echo "an empty folder must not pass"
  failed=1
fi
exit "$failed"
