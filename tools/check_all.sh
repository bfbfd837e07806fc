#!/bin/sh
# Builds and runs on other compilers, processors and systems: `make check-all`, or some of it by name:
#   tools/check_all.sh                      all checks, hours
#   tools/check_all.sh s390x chroot13       these two
# Prints what passed, what failed, and what could not run because a tool is missing. Exit 1 unless all passed.
# Reads CXX, FUZZ_SECONDS, MIRROR (of Debian), and CHROOT_TESTS, what is made in the chroots: demo, unit (also the unit
# tests, and these with further compilers) or all (the script tests as well). Everything is built below build/.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${FUZZ_SECONDS:=60}" "${MIRROR:=http://deb.debian.org/debian}" "${CHROOT_TESTS:=unit}"
[ $# -gt 0 ] || set -- clang++ assertions lto core2duo i686 aarch64 riscv64 s390x chroot12 chroot13 fuzz tidy
make="${MAKE:-make} --no-print-directory WERROR=1"
small_run='--data_dir=generated --training_set_size=1k --memory_size=20 --embeddings_size=16 --random_state=1 --threads=2'

# ---- Compilers: build and unit tests ---------------------------------------------------------------------------------
# unit NAME SETTINGS...: in folders of its own
unit() {
  folder=build/check/$1
  shift
  $make OUT="$folder" BIN="$folder/bin" TESTS="$folder" "$@" all unit-test
}

# ---- Processors: same hashes, same model file, same answers ----------------------------------------------------------
programs() { printf '%s ' "$1/bin/hmem_signature" "$1/bin/babi_task_single" "$1/bin/babi_ask"; }
# answers MODEL COMMAND...: to 50 questions
answers() {
  model=$1
  shift
  yes :story | head -n 50 | "$@" --load="$model" --data_dir=generated
}
# What this machine computes with one thread, made once; the others use the thread pool.
# shellcheck disable=SC2046,SC2086  # lists of words
reference() {
  here=build/check/reference
  [ -n "${reference_made:-}" ] && return
  $make CXX="${CXX:-g++}" BLAS=builtin THREADS=0 OUT=$here BIN=$here/bin $(programs $here) &&
    $here/bin/babi_task_single $small_run --epochs=2 --save=$here/model > $here/log &&
    answers $here/model $here/bin/babi_ask > $here/answers && reference_made=1
}
# same_bits FOLDER BIN RUN...: RUN starts a program of another processor; BIN is the folder of the programs
# shellcheck disable=SC2086  # a list of words
same_bits() {
  folder=$1 bin=$2
  shift 2
  mkdir -p "$folder"
  "$@" "$bin/babi_task_single" $small_run --epochs=2 --save="$folder/model" > "$folder/log" || return
  cmp "$folder/model" $here/model || return
  answers $here/model "$@" "$bin/babi_ask" | diff - $here/answers || return
  "$@" "$bin/hmem_signature" | tee "$folder/signature"
  grep -o '"[0-9a-f]\{16\}"' tests/tasks/signature_test.cpp | tr -d '"' > "$folder/pinned"
  cut -d ' ' -f 2 "$folder/signature" | diff - "$folder/pinned" && echo "same model file, answers and hashes"
}
# processor NAME FLAGS RUN...: built with FLAGS
# shellcheck disable=SC2046  # a list of words
processor() {
  folder=build/check/$1 compiler=$1-linux-gnu-g++ flags=$2
  shift 2
  reference && $make CXX="$compiler" CXXFLAGS="$flags" LDFLAGS=-static BLAS=builtin OUT="$folder" \
    BIN="$folder/bin" $(programs "$folder") && same_bits "$folder" "$folder/bin" "$@"
}
# A processor of 2006, without AVX: the portable program must run there, also with OpenBLAS.
# shellcheck disable=SC2086  # a list of words
core2duo() {
  folder=build/check/core2duo
  reference && $make CXX="${CXX:-g++}" OUT=$folder BIN=$folder/bin $folder/bin/babi_task_single &&
    qemu-x86_64 -cpu core2duo $folder/bin/babi_task_single $small_run --epochs=1 &&
    same_bits $folder $here/bin qemu-x86_64 -cpu core2duo
}

# ---- Systems: what README says, from nothing, then further compilers -------------------------------------------------
# chroot_checks SUITE PACKAGES SETTINGS...: each of SETTINGS is a build with unit tests that needs the further PACKAGES
# shellcheck disable=SC2016  # expanded inside
chroot_checks() {
  suite=$1 packages=$2 root=$PWD/build/check/$1
  shift 2
  mkdir -p build/check
  [ -f "$root.tar" ] || mmdebstrap --variant=minbase "$suite" "$root.new.tar" "$MIRROR" || return
  [ -f "$root.tar" ] || mv "$root.new.tar" "$root.tar" || return
  rm -rf "$root" && mkdir "$root" && tar -xf "$root.tar" -C "$root" && mkdir "$root/hmem" || return
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  tar -cf - --exclude=./build --exclude=./bin . | tar -xf - -C "$root/hmem" || return
  # shellcheck disable=SC2086
  unshare --mount --pid --fork sh -c 'mount -t proc proc "$1/proc" && exec chroot "$@"' sh "$root" \
    env -i PATH="$PATH" TERM=dumb DEBIAN_FRONTEND=noninteractive WHAT="$CHROOT_TESTS" PACKAGES="$packages" sh -ec '
      cd /hmem
      tools/setup.sh
      make demo
      [ "$WHAT" != demo ] || exit 0
      if [ "$WHAT" = all ]; then make WERROR=1 test; else make WERROR=1 unit-test; fi
      apt-get install -y --no-install-recommends $PACKAGES > /var/log/packages
      for settings; do
        echo "######## $settings"
        make WERROR=1 BIN=build/check/bin TESTS=build/check $settings all unit-test
      done' sh "$@"
}

fuzz() {
  if command -v clang++ > /dev/null; then set -- CXX=clang++; else set --; fi
  $make "$@" FUZZ_SECONDS="$FUZZ_SECONDS" fuzz
}
tidy() {
  $make OUT=build/check/tidy build/check/tidy/study/assets/page.js.inc build/check/tidy/study/assets/page.css.inc || return 1
  find src -name '*.cpp' ! -path 'src/kernels/simd/isa.cpp' -print0 |
    xargs -0 -P "$(nproc)" -I{} clang-tidy --quiet --warnings-as-errors='*' {} -- -std=c++17 -Iinclude -Isrc -Ibuild/check/tidy
}

# ---- The checks by name ----------------------------------------------------------------------------------------------
passed='' failed='' not_run=''
# check TOOLS COMMAND...: runs it where all TOOLS are there, and notes the outcome of $name
check() {
  tools=$1
  shift
  for tool in $tools; do
    case $tool in
      root) [ "$(id -u)" -eq 0 ] ;;
      x86_64) [ "$(uname -m)" = x86_64 ] ;;
      *) command -v "$tool" > /dev/null ;;
    esac && continue
    echo "not run: $name needs $tool (tools/setup.sh --dev)"
    not_run="$not_run $name"
    return
  done
  start=$(date +%s)
  if "$@"; then outcome=ok passed="$passed $name"; else outcome=FAILED failed="$failed $name"; fi
  echo "$outcome: $name, $(($(date +%s) - start)) s"
}

for name; do
  echo "######## $name"
  case $name in
    g++-*) check "$name" unit "$name" CXX="$name" ;;
    clang++*) check "$name" unit "$name" CXX="$name" ;;
    # With the assertions, g++ 12 warns about std::string itself.
    assertions)
      check "${CXX:-g++}" unit assertions \
        CXXFLAGS='-D_GLIBCXX_ASSERTIONS -Wno-array-bounds -Wno-stringop-overflow' ;;
    lto) check "${CXX:-g++}" unit lto CXXFLAGS=-flto=auto AR=gcc-ar BLAS=builtin ;;
    core2duo) check 'x86_64 qemu-x86_64' core2duo ;;
    i686) check 'x86_64 i686-linux-gnu-g++' processor i686 '-msse2 -mfpmath=sse' env ;;
    aarch64 | riscv64 | s390x) check "$name-linux-gnu-g++ qemu-$name" processor "$name" '' "qemu-$name" ;;
    chroot12) check 'root mmdebstrap' chroot_checks bookworm 'g++-11 clang' CXX=g++-11 CXX=clang++ ;;
    # Catch2 of Debian 13 was compiled with g++ 14 and needs its standard library.
    chroot13)
      check 'root mmdebstrap' chroot_checks trixie 'g++-13 clang' 'CXX=g++-13 LDLIBS=-l:libstdc++.so.6' CXX=clang++ ;;
    fuzz) check "${CXX:-g++}" fuzz ;;
    tidy) check clang-tidy tidy ;;
    *) echo "check_all: no check is named '$name'" >&2; exit 2 ;;
  esac
done

echo "check-all: passed:${passed:- none}; failed:${failed:- none}; not run:${not_run:- none}"
[ -z "$failed" ] && [ -z "$not_run" ]
