#!/bin/sh
# A hostile environment: closed streams, limits of the process, several writers of one file, variants of the BLAS
# library. Results stay right, or one line says why not; nothing is left half-written.
# Usage: [BIN=DIR] tests/scripts/surroundings_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$(cd "${BIN:-bin}" && pwd)/babi_task_single
work=$(mktemp -d) || exit 1
trap 'umount "$work/small" 2> /dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset HMEM_DATA HMEM_KERNELS
small="--data_dir=generated --training_set_size=1k --memory_size=20 --embeddings_size=16 --random_state=1 --verbose=2"

die() {
  echo "$*"
  tail -n 5 out err 2> /dev/null
  exit 1
}
final() { grep '^final ' out | sed -e 's/ examples_per_s=.*//'; }
# one_line TEXT: the last run failed with one line that contains TEXT
one_line() {
  [ "$status" -eq 1 ] || die "exit $status, expected 1 and '$1'"
  [ "$(wc -l < err)" -eq 1 ] || die "expected one line: '$1'"
  grep -qF -e "$1" err || die "expected '$1'"
}

# shellcheck disable=SC2086  # a list of flags
{
timeout 120 "$program" $small --epochs=2 --threads=1 --save=model --out=whole > out 2> err || die 'the training failed'
expected=$(final)

# ---- 1. Standard streams that are closed: what is printed goes nowhere, never into a file ----
timeout 120 "$program" $small --epochs=2 --threads=1 --out=lines >&- 2> err
status=$?
one_line 'cannot write to the standard output'
[ ! -s lines ] || ! grep -qv '^{.*}$' lines || die 'text between the JSON lines'
timeout 120 "$program" $small --epochs=2 --threads=1 --out=lines > out 2>&- < /dev/null || die 'stderr closed: it failed'
[ "$(final)" = "$expected" ] || die 'stderr closed: another result'
timeout 120 "$program" $small --epochs=2 --threads=1 --logging=1 --out=lines > out 2> err <&- || die 'stdin closed: it failed'
[ "$(wc -l < lines)" -eq "$(wc -l < whole)" ] || die 'stdin closed: other lines'

# ---- 2. One file, two writers ----
cp whole lines
flock lines timeout 120 "$program" $small --epochs=1 --out=lines > out 2> err
status=$?
one_line "cannot write 'lines': another process is writing it"
cmp -s whole lines || die 'two writers: the lines of the first one changed'
rm -rf results lines

# ---- 3. Limits ----
( ulimit -f 20; timeout 120 "$program" $small --epochs=2 --checkpoint=c --checkpoint_every=1 > out 2> err )
status=$?
one_line "cannot write 'c': File too large"
[ -z "$(find . -name 'c*')" ] || die 'a file above the limit was left'
for space in 150000 250000; do
  ( ulimit -v "$space"; timeout -s KILL 120 "$program" $small --epochs=2 --threads=1 > out 2> err )
  status=$?
  if [ "$status" -eq 0 ]; then
    if grep -q ' blas="OpenBLAS' out; then [ "$(final)" = "$expected" ] || die "ulimit -v $space: another result"; fi
  else
    one_line 'out of memory'
  fi
done
( ulimit -v 250000; timeout -s KILL 60 "$program" --version > out 2> err ) || die 'ulimit -v: --version failed'

# ---- 4. A checkpoint that cannot be looked at is not an absent one ----
ln -s loop loop
timeout 60 "$program" $small --epochs=2 --checkpoint=loop --resume > out 2> err
status=$?
one_line 'loop: cannot be examined'

# ---- 5. Damage is noticed ----
timeout 120 "$program" $small --epochs=4 --stop_after=2 --threads=1 --checkpoint=c > out 2> err || die 'no checkpoint'
cp c kept
printf '\077' | dd of=c bs=1 seek=20003 conv=notrunc 2> /dev/null
timeout 60 "$program" $small --epochs=4 --checkpoint=c --resume > out 2> err
status=$?
one_line 'found the checksum'
cp kept c
timeout 120 "$program" $small --epochs=4 --threads=1 --checkpoint=c --resume > out 2> err || die 'the undamaged one is refused'

# ---- 6. An output that fails ends the training, but not without saving it ----
rm -f c model2
timeout 120 "$program" $small --epochs=30 --threads=1 --save=long > out 2> err || die 'the long training failed'
expected_long=$(final)
mkfifo reader
head -n 8 reader > /dev/null &
timeout 120 "$program" $small --epochs=30 --threads=1 --checkpoint=c > reader 2> err
status=$?
wait
one_line 'the training is saved at epoch '
timeout 120 "$program" $small --epochs=30 --threads=1 --checkpoint=c --resume --save=model2 > out 2> err || die 'not continued'
[ "$(final)" = "$expected_long" ] || die 'a failed output: another result after --resume'
cmp -s long model2 || die 'a failed output: another model after --resume'
mkdir small
if mount -t tmpfs -o size=4k none small 2> /dev/null; then
  for flag in --save --checkpoint; do
    timeout 120 "$program" $small --epochs=1 $flag=small/file > out 2> err
    status=$?
    one_line 'bytes are free there, expected about'
    grep -q '^epoch=' out && die "$flag: trained before it said that the disk is full"
  done
  rm -f c
  timeout 120 "$program" $small --epochs=100 --threads=1 --checkpoint=c --out=small/lines > out 2> err
  status=$?
  one_line 'No space left on device; the training is saved at epoch '
  umount small
else
  echo 'a full disk: not tested, only root can mount one'
fi

# ---- 7. Every variant of OpenBLAS that is installed gives the same model with one and two threads ----
found=0
for library in /usr/lib/*/openblas-*/libopenblas.so.0 /usr/lib64/libopenblas*.so.0; do
  [ -e "$library" ] || continue
  ldd "$program" | grep -q openblas || break
  mkdir -p blas && rm -f blas/*
  ln -s "$library" blas/libopenblas.so.0
  for threads in 1 2; do
    LD_LIBRARY_PATH=$work/blas timeout 120 "$program" $small --epochs=2 --threads=$threads --save=other > out 2> err ||
      die "$library: it failed with $threads threads"
    cmp -s model other || die "$library: another model with $threads threads"
  done
  case $library in
    *serial*) grep -q '^note: this OpenBLAS was built without threads' out || die "$library: no note" ;;
  esac
  found=$((found + 1))
done
}
echo "$found variants of OpenBLAS"
