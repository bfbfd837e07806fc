#!/bin/sh
# A small tree with the Makefile and tools of this one: make, make install and make uninstall in folders with blanks;
# every failure of the installation is a failure; objects and programs outside of the tree; two builds in two folders
# give the same bytes; the probe follows compiler and flags, and finds packages under a prefix.
# Usage: [CXX=g++] tests/scripts/install_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
# What an outer make was told is not for this one.
unset MAKEFLAGS MFLAGS MAKELEVEL OUT BIN TESTS DESTDIR PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR DOCDIR MANDIR \
  CPPFLAGS CXXFLAGS LDFLAGS LDLIBS BLAS THREADS SANITIZE ARCH WERROR
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
fail() {
  echo "$*"
  failed=1
}

# tree FOLDER: a library of one real file and an own one, and two programs
tree() {
  mkdir -p "$1/src/core" "$1/src/kernels" "$1/src/experiments" "$1/include/hmem/core" "$1/docs/images" \
    "$1/docs/course" "$1/examples" "$1/datasets/weights"
  (
    cd "$1" || exit
    cp -R "$root/Makefile" "$root/tools" .
    cp "$root/include/hmem/core/check.h" "$root/include/hmem/core/shape.h" include/hmem/core
    cp "$root/src/core/check.cpp" src/core
    for file in README.md LICENSE CHANGELOG.md CITATION.cff docs/a.html docs/a.md docs/a.svg docs/images/a.svg docs/course/a.md \
                examples/a.cpp datasets/weights/babi_task1.safetensors datasets/weights/other.safetensors; do
      echo text > "$file"
    done
    echo '#include <string>' > src/precompiled.h
    echo 'const char* where() { return __FILE__; }' > src/kernels/where.cpp
    echo 'int one_thread() { return 1; }' > src/core/parallel.cpp
    cat > src/experiments/one.cpp <<'END'
#include "hmem/core/check.h"
#include <cstdio>
#include <cstdlib>
const char* where();
int main(int, char** argv) {
  if (hmem::Error(where()).what()[0] != 's') return 1;
  std::puts(argv[1]);
  return std::getenv("PROGRAM_FAILS") != nullptr;
}
END
    cp src/experiments/one.cpp src/experiments/two.cpp
  ) || exit 1
}
# run FOLDER ARGUMENTS...: make there, quietly
run() {
  folder=$1
  shift
  make -C "$folder" CXX="${CXX:-g++}" "$@" > "$work/log" 2>&1
}
# files FOLDER: the files below it
files() { (cd "$1" && find . ! -type d | sort); }

# ---- 1. Blanks in the checkout's path, DESTDIR and PREFIX ----
first="$work/a checkout"
tree "$first"
run "$first" install DESTDIR="$work/a stage" PREFIX="/o p't" || { cat "$work/log"; exit 1; }
files "$work/a stage/o p't" > "$work/found"
cat > "$work/expected" <<'END'
./bin/one
./bin/two
./include/hmem/core/check.h
./include/hmem/core/shape.h
./lib/cmake/hmem/hmemConfig.cmake
./lib/cmake/hmem/hmemConfigVersion.cmake
./lib/libhmem.a
./lib/pkgconfig/hmem.pc
./share/bash-completion/completions/one
./share/bash-completion/completions/two
./share/doc/hmem/CHANGELOG.md
./share/doc/hmem/CITATION.cff
./share/doc/hmem/LICENSE
./share/doc/hmem/README.md
./share/doc/hmem/docs/a.html
./share/doc/hmem/docs/a.md
./share/doc/hmem/docs/a.svg
./share/doc/hmem/docs/course/a.md
./share/doc/hmem/docs/images/a.svg
./share/doc/hmem/examples/a.cpp
./share/hmem/weights/babi_task1.safetensors
./share/man/man1/one.1
./share/man/man1/two.1
END
diff "$work/expected" "$work/found" || fail 'installed files: other than expected'
[ "$(ls "$work")" = "$(printf '%s\n' 'a checkout' 'a stage' expected found log)" ] || fail "stray files: $(ls "$work")"
run "$first" uninstall DESTDIR="$work/a stage" PREFIX="/o p't" || fail 'uninstall fails'
[ -z "$(files "$work/a stage")" ] || fail "left by uninstall: $(files "$work/a stage")"
[ -z "$(find "$work/a stage" -path '*hmem*')" ] || fail 'uninstall leaves folders of hmem'

# ---- 2. Folders one by one, relative ones, and the symbols stripped ----
run "$first" install-strip PREFIX=in BINDIR="$work/to/b" LIBDIR="$work/to/l" INCLUDEDIR="$work/to/i" DOCDIR="$work/to/d" \
  MANDIR="$work/to/m" DATADIR="$work/to/s" || { cat "$work/log"; fail 'install-strip fails'; }
for file in b/one l/libhmem.a l/pkgconfig/hmem.pc i/hmem/core/check.h d/LICENSE m/man1/two.1 \
            s/bash-completion/completions/two; do
  [ -f "$work/to/$file" ] || fail "not installed: $file"
done
[ ! -e "$first/in" ] || fail 'PREFIX is used although every folder is given'
grep -qxF "libdir=$work/to/l" "$work/to/l/pkgconfig/hmem.pc" || fail 'hmem.pc: another libdir'
[ -z "$(nm "$work/to/b/one" 2> /dev/null)" ] || fail 'install-strip: the program has symbols'
nm "$work/to/l/libhmem.a" | grep -q where || fail 'install-strip: the library has no symbols'
run "$first" install PREFIX=in || fail 'a relative PREFIX fails'
[ -x "$first/in/bin/one" ] || fail 'a relative PREFIX does not start in the checkout'
grep -qxF "prefix=$first/in" "$first/in/lib/pkgconfig/hmem.pc" || fail 'hmem.pc: a relative prefix'

# ---- 3. Every failure of the installation is one ----
: > "$work/file"
for name in BINDIR LIBDIR INCLUDEDIR DATADIR DOCDIR MANDIR; do
  run "$first" install PREFIX="$work/p" "$name=$work/file/x" && fail "install succeeds with $name below a file"
done
mkdir -p "$work/q/include/hmem/core/check.h/x"
run "$first" install PREFIX="$work/q" && fail 'install succeeds although a header cannot be written'
for name in OUT BIN TESTS; do
  run "$first" all "$name=a b" && fail "$name with a blank is accepted"
  grep -q "$name must be a path without blanks, found 'a b'" "$work/log" || { cat "$work/log"; fail "$name: no clear line"; }
done

# ---- 4. Out of the tree, in another folder: the same bytes, and nothing is written into the tree ----
second=$work/second
tree "$second"
files "$second" > "$work/before"
run "$second" OUT="$work/out" BIN="$work/out/bin" TESTS="$work/out" || { cat "$work/log"; fail 'a build outside of the tree fails'; }
files "$second" | diff "$work/before" - || fail 'a build outside of the tree writes into it'
cmp "$work/out/libhmem.a" "$first/build/release"*/libhmem.a || fail 'two builds of the library differ'
for program in one two; do cmp "$work/out/bin/$program" "$first/bin/$program" || fail "two builds of $program differ"; done

# ---- 5. The probe runs again when flags change, and only then; kernels keep -O3 ----
run "$second" OUT="$work/out" BIN="$work/out/bin"
grep -q 'hmem: compiler' "$work/log" && fail 'nothing has changed: expected no probe'
run "$second" OUT="$work/out" BIN="$work/out/bin" BLAS=builtin THREADS=0 -n
grep -q 'asked for' "$work/log" || fail 'BLAS has changed: expected a probe'
grep -q 'CXX .*parallel.o' "$work/log" || fail 'BLAS and THREADS have changed: expected compilations'
grep -q -i openblas "$work/log" && fail 'BLAS=builtin: OpenBLAS is used'
grep -q HMEM_ONE_THREAD "$work/log" || fail 'THREADS=0: expected one thread'
# Three files depend on these settings; the other objects are shared.
run "$first" BLAS=builtin THREADS=0 || fail 'BLAS=builtin THREADS=0: the build fails'
grep -o 'CXX .*[.]o' "$work/log" > "$work/found"
[ "$(sed 's|^CXX *build/[^/]*||' "$work/found")" = '/f32/src/core/parallel.o' ] ||
  fail 'BLAS and THREADS have changed: expected one compilation'
(cd "$root" && grep -rlE --include='*.h' --include='*.cpp' --include='*.inl' 'HMEM_(ONE_THREAD|BLAS_OPENBLAS|MPI)\b' src include tests) |
  sort | tr '\n' ' ' > "$work/found"
[ "$(cat "$work/found")" = 'src/core/parallel.cpp src/core/ranks.cpp src/kernels/blas.cpp ' ] ||
  fail "SET_SRC in the Makefile: other files depend on BLAS, THREADS or MPI: $(cat "$work/found")"
run "$second" OUT="$work/out" BIN="$work/out/bin" BLAS=builtin CXXFLAGS=-O2 -n
grep -q 'O2.* -O3 .*where.cpp' "$work/log" || fail 'CXXFLAGS=-O2 takes -O3 from a kernel'
grep -q 'O2.* -O3 .*check.cpp' "$work/log" && fail 'a file outside of HOT has -O3'
(export PROGRAM_FAILS=1 && run "$first" install PREFIX="$work/p") && fail 'install succeeds although no man page can be made'

# ---- 6. Packages under a prefix: headers by CPPFLAGS, a library by LDFLAGS ----
mkdir -p "$work/prefix/include/stb" "$work/prefix/lib"
: > "$work/prefix/include/stb/stb_image.h"
# Names that no installed library has
echo '#define openblas_set_num_threads threads_of_prefix
#define cblas_sdot sdot_of_prefix
extern "C" void openblas_set_num_threads(int);
extern "C" float cblas_sdot(int, const float*, int, const float*, int);' > "$work/prefix/include/cblas.h"
echo '#include "prefix/include/cblas.h"
void openblas_set_num_threads(int) {}
float cblas_sdot(int, const float*, int, const float*, int) { return 1; }' > "$work/blas.cpp"
${CXX:-g++} -c "$work/blas.cpp" -o "$work/blas.o" && ar rc "$work/prefix/lib/libopenblas.a" "$work/blas.o"
# probe VARIABLE=VALUE...
probe() {
  env PKG_CONFIG_LIBDIR="$work" CXX="${CXX:-g++}" BLAS=openblas X86_FLAGS=-mavx2 \
    CPPFLAGS="-I$work/prefix/include" "$@" tools/probe.sh "$work/config.mk" > "$work/log" 2>&1
}
probe LDFLAGS="-L$work/prefix/lib" || { cat "$work/log"; fail 'LDFLAGS: OpenBLAS of the prefix is not found'; }
grep -qF -e "-isystem $work/prefix/include/stb" "$work/config.mk" || fail 'CPPFLAGS: stb of the prefix is not found'
probe LDLIBS="$work/prefix/lib/libopenblas.a" || fail 'LDLIBS: OpenBLAS of the prefix is not found'
probe LDFLAGS= && fail 'OpenBLAS is found although its library is not'
exit "$failed"
