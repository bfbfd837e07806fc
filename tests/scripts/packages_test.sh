#!/bin/sh
# Programs find the installed library through pkg-config and through CMake, and CMake builds it inside of another
# project: all three are compiled and run. In folders with blanks.
# Usage: [BIN=DIR] [BUILD='g++ -pthread ...'] [LIBRARY=libhmem.a] [LIBS=-lopenblas] tests/scripts/packages_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-g++ -pthread}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
fail() {
  [ ! -e "$work/log" ] || tail -n 20 "$work/log"
  echo "$*"
  failed=1
}
# quietly COMMAND...
quietly() { "$@" > "$work/log" 2>&1; }
# agrees PROGRAM: it runs, and examples/own_op.cpp finds its gradient right
agrees() { quietly "$1" && grep -q agrees "$work/log"; }

# What is built here is installed; nothing is built again.
prefix="$work/a prefix"
flags=-pthread
quietly env DESTDIR='' PREFIX="$prefix" BINDIR="$prefix/bin" LIBDIR="$prefix/lib" INCLUDEDIR="$prefix/include" \
  DATADIR="$prefix/share" DOCDIR="$prefix/share/doc/hmem" MANDIR="$prefix/share/man" BIN="${BIN:-bin}" \
  LIB="${LIBRARY:-build/release/libhmem.a}" VERSION=0.1.2 CFLAGS="$flags" LIBS="${LIBS--lopenblas} $flags" \
  tools/install.sh install || { fail 'the installation fails'; exit 1; }
compiler=${build%% *}

# An installed program finds the shipped models beside it, whatever the working folder.
(cd "$work" && unset HMEM_DATA && quietly "$prefix/bin/babi_explain" --story=1) || fail 'no shipped model is found'

if command -v pkg-config > /dev/null; then
  export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
  [ "$(pkg-config --modversion hmem)" = 0.1.2 ] || fail 'pkg-config: another version'
  # The shell of `eval` reads the quoted blanks.
  eval "quietly '$compiler' -std=c++17 examples/own_op.cpp -o '$work/plain' $(pkg-config --cflags --libs hmem)" ||
    fail 'pkg-config: the program does not build'
  agrees "$work/plain" || fail 'pkg-config: the program fails'
else
  echo 'pkg-config is not installed: hmem.pc is NOT TESTED'
fi

if ! command -v cmake > /dev/null; then
  echo 'cmake is not installed: find_package and add_subdirectory are NOT TESTED'
  exit "$failed"
fi
export CXX="$compiler"
# project FOLDER LINE...: a program that links hmem::hmem, which the lines provide
project() {
  mkdir -p "$1"
  {
    printf '%s\n' 'cmake_minimum_required(VERSION 3.16)' 'project(consumer LANGUAGES CXX)'
    cat
    printf '%s\n' 'add_executable(consumer consumer.cpp)' 'target_link_libraries(consumer PRIVATE hmem::hmem)'
  } > "$1/CMakeLists.txt"
}
# builds FOLDER FLAGS...
builds() {
  folder=$1
  shift
  quietly cmake -S "$folder" -B "$folder/build" "$@" && quietly cmake --build "$folder/build"
}

found="$work/found by CMake"
echo 'find_package(hmem 0.1 REQUIRED)' | project "$found"
cp examples/own_op.cpp "$found/consumer.cpp"
builds "$found" -DCMAKE_PREFIX_PATH="$prefix" || fail 'find_package: the program does not build'
agrees "$found/build/consumer" || fail 'find_package: the program fails'
for version in 0.0 0.2 0.1.3 1; do
  echo "find_package(hmem $version REQUIRED)" | project "$work/version"
  echo 'int main() {}' > "$work/version/consumer.cpp"
  quietly cmake -S "$work/version" -B "$work/version/build" -DCMAKE_PREFIX_PATH="$prefix" &&
    fail "find_package: hmem 0.1.2 passes for $version"
done

# The whole library takes minutes: a part of it that stands alone will do.
inside="$work/inside of another"
mkdir -p "$inside/hmem/tools" "$inside/hmem/src/core" "$inside/hmem/src/experiments" "$inside/hmem/src/study"
cp -R src/study/assets "$inside/hmem/src/study"
cp CMakeLists.txt Makefile "$inside/hmem"
cp tools/git_sha "$inside/hmem/tools"
cp src/precompiled.h "$inside/hmem/src"
cp -R include "$inside/hmem"
for file in check hash rng shape; do cp "src/core/$file.cpp" "$inside/hmem/src/core"; done
echo '#error no program is built here' > "$inside/hmem/src/experiments/program.cpp"
cat > "$inside/consumer.cpp" <<'END'
#include "hmem/core/rng.h"
#if __cplusplus < 201703L
#error C++17 is expected to come with the library
#endif
int main() { return hmem::Rng(1, "a").uniform(2, 3) < 2; }
END
echo 'add_subdirectory(hmem)' | project "$inside"
builds "$inside" || fail 'add_subdirectory: the program does not build'
quietly "$inside/build/consumer" || fail 'add_subdirectory: the program fails'
exit "$failed"
