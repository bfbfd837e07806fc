#!/bin/sh
# The checks of `make check-all` that need more tools than the build: prints what passed, what failed, and what
# could not run because a package is missing. Exit 1 unless all passed (clang-tidy may be absent).
# Reads CXX, FUZZ_SECONDS, BIN (the folder of the programs built here).
set -u
cd "$(dirname "$0")/.." || exit 1
make="${MAKE:-make} --no-print-directory WERROR=1"
passed=0 failed=0 not_run=0

# check NAME TOOL PACKAGE COMMAND...
check() {
  name=$1 tool=$2 package=$3
  shift 3
  echo "######## $name"
  if ! command -v "$tool" > /dev/null; then
    echo "not run: $tool is missing; install $package (tools/setup.sh --dev)"
    not_run=$((not_run + 1))
  elif "$@"; then
    echo "ok      $name"
    passed=$((passed + 1))
  else
    echo "FAILED  $name"
    failed=$((failed + 1))
  fi
}

clang() { $make CXX=clang++ BIN=build/clang/bin TESTS=build/clang test; }
aarch64() { $make CXX=aarch64-linux-gnu-g++ BLAS=builtin OMP=0 BIN=build/aarch64/bin TESTS=build/aarch64 all; }
# A processor of 2006, without AVX: the portable program must run there.
old_processor() {
  qemu-x86_64 -cpu core2duo "$BIN/babi_task_single" --task_id=1 --data_dir=generated --random_state=1 --epochs=1
}
fuzz() {
  if command -v clang++ > /dev/null; then set -- CXX=clang++; else set --; fi
  $make "$@" FUZZ_SECONDS="$FUZZ_SECONDS" fuzz
}
tidy() {
  find src -name '*.cpp' ! -path 'src/kernels/simd/isa.cpp' -print0 |
    xargs -0 -I{} clang-tidy --quiet --warnings-as-errors='*' {} -- -std=c++17 -Iinclude -Isrc
}

check "clang++ build and tests" clang++ "clang libomp-dev" clang
check "aarch64 compiles" aarch64-linux-gnu-g++ g++-aarch64-linux-gnu aarch64
if [ "$(uname -m)" = x86_64 ]; then check "runs on a plain x86-64" qemu-x86_64 qemu-user old_processor; fi
check "fuzzers, $FUZZ_SECONDS s each" "${CXX:-g++}" g++ fuzz
if command -v clang-tidy > /dev/null; then check "clang-tidy" clang-tidy clang-tidy tidy; fi

echo "check-all: $passed passed, $failed failed, $not_run not run"
[ "$failed" -eq 0 ] && [ "$not_run" -eq 0 ]
