#!/bin/sh
# Each system call of a checkpointed run fails once (strace injects the failure): the run either gives the results of
# an undisturbed one or ends with an error, and the checkpoint can then be continued to the same results.
# Usage: [BIN=DIR] tests/scripts/fault_injection_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$(cd "${BIN:-bin}" && pwd)/babi_task_single
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset HMEM_DATA HMEM_KERNELS
if ! command -v strace > /dev/null; then
  echo 'left out: there is no strace'
  exit 0
fi
if ! strace -o /dev/null true 2> /dev/null; then
  echo 'left out: strace may not trace here'
  exit 0
fi

die() {
  echo "$*"
  tail -n 5 out err 2> /dev/null
  exit 1
}
final() { grep '^final ' "$1" | sed -e 's/ examples_per_s=.*//'; }
flags="--data_dir=generated --training_set_size=1k --memory_size=20 --embeddings_size=16 --random_state=1 --verbose=2
  --threads=1 --checkpoint=c --checkpoint_every=1 --save=m --logging=1 --out=o"

# shellcheck disable=SC2086  # a list of flags
{
"$program" $flags --epochs=3 > whole 2> err || die 'the undisturbed run failed'
mv m whole.m
csv=$(echo results/*.log)
mv "$csv" whole.csv
"$program" $flags --epochs=3 --stop_after=1 > out 2> err || die 'the first epoch failed'
mkdir start
cp -r c results o start
harmless=0 reported=0

# inject CALL ERROR NUMBER...: the N-th call fails
inject() {
  call=$1 error=$2
  shift 2
  for number in "$@"; do
    rm -rf c m o results ./*.tmp-*
    cp -r start/* .
    timeout 120 strace -f -o trace -e "trace=$call" -e "inject=$call:error=$error:when=$number" \
      "$program" $flags --epochs=3 --resume > out 2> err
    status=$?
    what="$call $number fails with $error"
    grep -q INJECTED trace || break  # the run makes fewer calls
    if grep -q 'error while loading shared libraries' err; then continue; fi
    case $status in
      0) harmless=$((harmless + 1)) ;;
      1)
        [ "$(wc -l < err)" -ge 1 ] || die "$what: no message"
        reported=$((reported + 1))
        "$program" $flags --epochs=3 --resume > out 2> err || die "$what: cannot be continued"
        ;;
      *) die "$what: exit $status" ;;
    esac
    [ "$(final out)" = "$(final whole)" ] || die "$what: another result"
    cmp -s m whole.m || die "$what: another model"
    cmp -s "$csv" whole.csv || die "$what: another CSV"
    [ -z "$(find . -name '*.tmp-*')" ] || die "$what: a temporary file was left"
  done
}

inject openat EMFILE $(seq 12 34)
inject newfstatat ESTALE $(seq 1 3 40)
inject write ENOSPC 1 2 3 5 8 13 21
inject write EINTR 2 5
inject fsync EIO 1 2 3 4
inject rename EIO 1 2 3
inject flock EINTR 1 2 3
inject fchmod EPERM 1 2
}
[ "$reported" -gt 5 ] || die "only $reported failures were noticed"
echo "$harmless failures were harmless, $reported were reported and the run continued"
