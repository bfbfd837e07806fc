#!/bin/sh
# Training over several processes (make MPI=1), with each installed MPI library: 1, 2 and 3 ranks save the same model
# and print the same lines, with and without a part for every rank; a run continues with another number of ranks; a rank
# that fails ends the run with one error line; after a rank is killed the checkpoint is complete.
# Usage: [KILLS=3] BIN=DIR BUILD='g++ ...' LIBRARY=FILE LIBS='-lopenblas' tests/scripts/mpi_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:?}" "${LIBRARY:?}" "${LIBS:=}" "${KILLS:=3}"
root=$PWD objects=$(dirname "$LIBRARY")/f32/src/experiments
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset HMEM_DATA HMEM_KERNELS
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export XDG_CACHE_HOME="$work/cache"
tested=0

die() {
  echo "$mpi: $*"
  tail -n 8 out err 2> /dev/null
  exit 1
}
# ranks N PROGRAM FLAGS...
ranks() {
  number=$1
  shift
  "mpirun.$mpi" -np "$number" "$@"
}
lines() {  # those that equal runs have in common
  grep -E '^(epoch=|final )' "$1" | sed -e 's/ examples_per_s=[^ ]*//' -e 's/ peak_rss_mib=[^ ]*//' \
                                        -e 's/ seconds=[^ ]*//'
}
# equal WHAT NUMBERS PROGRAM FLAGS...: with these numbers of ranks, and without mpirun
equal() {
  what=$1 numbers=$2
  shift 2
  "$@" --save=model > out 2> err || die "$what: it failed"
  mv model model.expected
  lines out > lines.expected
  [ -s lines.expected ] || die "$what: no lines"
  for n in $numbers; do
    ranks "$n" "$@" --save=model --out=json > out 2> err || die "$what: it failed with $n ranks"
    cmp model model.expected || die "$what: a different model with $n ranks"
    lines out | diff lines.expected - || die "$what: different lines with $n ranks"
    [ "$(grep -c '"event":"final"' json)" -eq 1 ] || die "$what: --out of $n ranks does not have exactly one final line"
    rm model json
  done
}

for mpi in openmpi mpich; do
  for need in mpicxx mpirun; do
    command -v "$need.$mpi" > /dev/null || { echo "mpi_test: skipped for $mpi: no $need.$mpi (tools/setup.sh --ci)"; continue 2; }
  done
  if ! ranks 2 true > "$work/out" 2>&1; then
    echo "mpi_test: skipped for $mpi: mpirun.$mpi cannot start a program: $(grep -m1 . "$work/out")"
    continue
  fi
  tested=$((tested + 1))
  CXX=${BUILD%% *} CPPFLAGS='' CXXFLAGS='' LDFLAGS='' LDLIBS='' BLAS=builtin X86_FLAGS=-mavx2 MPICXX=mpicxx.$mpi \
    tools/probe.sh "$work/config.mk" > /dev/null || die "the probe failed"
  flags=$(sed -n 's/^MPI_FLAGS := //p' "$work/config.mk") libs=$(sed -n 's/^MPI_LIBS := //p' "$work/config.mk")
  mkdir "$work/$mpi"
  for program in babi_task_single convnet14_cifar10_mnist_joint; do
    # This ranks.cpp is linked before that of the library.
    # shellcheck disable=SC2086  # lists of flags
    $BUILD -std=c++17 -Iinclude -Isrc $flags src/core/ranks.cpp "$objects/$program.o" "$LIBRARY" $LIBS $libs \
      -o "$work/$mpi/$program" || die "$program does not link"
  done
  cd "$work/$mpi" || exit 1
  # MPICH waits in a busy loop: three ranks on two processors take long.
  few='1 2 3'
  [ "$mpi" = mpich ] && few='1 2'
  small='--data_dir=generated --training_set_size=1k --random_state=1 --threads=1'
  train="./babi_task_single --task_id=1 $small --batch_size_per_replica=40 --global_batch=100"

  # 900 questions: the last batch of every epoch is whole, and has three parts; then batches of one part.
  # shellcheck disable=SC2086
  equal 'task 1' '1 2 3' $train --epochs=2 --dropout=0.1 --age_jitter=0.1 --weight_average=0.9 --keep_best \
    --export_weights=exported
  # shellcheck disable=SC2086
  equal 'read-before-write, idle ranks' "$few" ./babi_task_single --task_id=16 --read_before_write=1 $small --epochs=1 \
    --batch_size_per_replica=128 --global_batch=128
  equal 'ConvNet14' "$few" ./convnet14_cifar10_mnist_joint --data_dir=embedded --channels=4 --epochs=1 --random_state=1 \
    --threads=1 --preset=best --images_b_per_epoch=0 --images_per_class=8 --validation_split=0.2 \
    --batch_size_per_replica=24 --global_batch=64 --export_weights=exported

  # A run of 3 ranks continues with 2.
  # shellcheck disable=SC2086
  $train --epochs=4 --save=model.expected > out 2> err || die "it failed"
  # shellcheck disable=SC2086
  ranks 3 $train --epochs=4 --checkpoint=state --stop_after=2 > out 2> err || die "--stop_after failed"
  # shellcheck disable=SC2086
  ranks 2 $train --epochs=4 --checkpoint=state --resume --save=model > out 2> err || die "--resume failed"
  cmp model model.expected || die "a different model after --resume with another number of ranks"

  # A rank is killed, $KILLS times: the run ends, the checkpoint is complete, and the training continues from it.
  long="$PWD/babi_task_single ${train#* } --epochs=20"
  rm -f state model
  killed=0
  while [ "$killed" -lt "$KILLS" ]; do
    # shellcheck disable=SC2086
    ranks 2 $long --checkpoint=state --checkpoint_every=1 --resume > out 2> err &
    run=$!
    while kill -0 "$run" 2> /dev/null && ! grep -q '^epoch=' out; do sleep 0.01; done
    victim=$(pgrep -f "^$PWD/babi_task_single" | tail -n 1)
    [ -n "$victim" ] && kill -9 "$victim" 2> /dev/null
    { wait "$run"; status=$?; } 2> /dev/null
    if grep -q '^final' out; then rm -f state; continue; fi  # it ended first
    [ "$status" -ne 0 ] || die "exit 0 after a rank was killed"
    killed=$((killed + 1))
  done
  # shellcheck disable=SC2086
  ranks 2 $long --checkpoint=state --resume --save=model > out 2> err || die "it does not continue"
  grep -q '^note: .*state' out || die "it started from the beginning"
  # shellcheck disable=SC2086
  $long --save=model.expected > out 2> err || die "it failed"
  cmp model model.expected || die "a different model after ranks were killed"

  # Failures: one line, and nothing written.
  # shellcheck disable=SC2086
  ranks 2 $train --epochs=2 --load=absent --save=never > out 2> err && die "--load=absent passed"
  [ "$(grep -c 'babi_task_single: error: ' err)" -eq 1 ] || die "not one line about --load=absent"
  # shellcheck disable=SC2086
  ranks 2 $train --global_batch=10 > out 2> err && die "--global_batch=10 passed"
  [ "$(grep -c 'babi_task_single: error: --global_batch: ' err)" -eq 1 ] || die "not one line about --global_batch"
  # shellcheck disable=SC2086
  ranks 2 $train --epochs=3 --learning_rate=1e30 --max_grad_norm=0 --save=never > out 2> err && die "a loss of nan passed"
  [ "$(grep -c 'babi_task_single: error: epoch ' err)" -eq 1 ] || die "not one line about the loss"
  [ ! -e never ] || die "a run that failed saved a model"
  cd "$root" || exit 1
done
[ "$tested" -gt 0 ] || { echo "mpi_test: SKIPPED: no MPI library works (tools/setup.sh --ci installs two)"; exit 0; }
