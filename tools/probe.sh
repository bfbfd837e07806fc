#!/bin/sh
# Finds out by compiling what this machine has and writes it as make variables to the file $1.
# Reads CXX, CPPFLAGS, CXXFLAGS, LDFLAGS, LDLIBS, BLAS (auto, openblas, builtin), X86_FLAGS (of all kernel sets), and
# MPICXX, the compiler wrapper of an MPI library; empty: without MPI.
# Prints a summary.
set -u
: "${CXX:?}" "${BLAS:?}" "${X86_FLAGS:?}"
out=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# tries SOURCE FLAGS...: does it compile and link?
tries() {
  printf '%s\n' "$1" > "$work/try.cpp"
  shift
  # shellcheck disable=SC2086  # compiler and flags are lists
  $CXX -std=c++17 ${CPPFLAGS:-} ${CXXFLAGS:-} ${LDFLAGS:-} "$work/try.cpp" -o "$work/try" "$@" ${LDLIBS:-} \
    > "$work/log" 2>&1
}
# compiles SOURCE FLAGS...: does it compile?
compiles() {
  source=$1
  shift
  tries "$source" -c "$@"
}
# finds HEADER FLAGS...: is there such a header? Only preprocesses: compiling some takes seconds.
finds() {
  header=$1
  shift
  tries "#include <$header>" -E "$@"
}
# folder HEADER: the flag for the folder of HEADER, found by a longer name (stb/stb_image.h)
folder() {
  finds "$1" -M && sed -n "s|^\(.* \)\{0,1\}\([^ ]*\)/${1##*/}\( .*\)\{0,1\}\$|-isystem \2|p" "$work/try"
}
stop() {
  echo "probe: $*" >&2
  exit 1
}

# shellcheck disable=SC2086
$CXX --version > /dev/null 2>&1 || stop "the compiler '$CXX' does not run: install it (tools/setup.sh) or set CXX="
tries '#include <string_view>
int main() { return static_cast<int>(std::string_view("").size()); }' ||
  stop "'$CXX -std=c++17' cannot build a C++17 program: $(grep -m1 . "$work/log")"
finds nlohmann/json.hpp || stop "nlohmann/json.hpp not found: run tools/setup.sh"

blas='built-in GEMM (asked for)' blas_flags='' blas_libs=''
if [ "$BLAS" != builtin ]; then
  blas='built-in GEMM, slower: OpenBLAS is missing, tools/setup.sh installs it'
  use_blas='#include <cblas.h>
int main() { openblas_set_num_threads(1); float x = 1; return static_cast<int>(cblas_sdot(1, &x, 1, &x, 1)) - 1; }'
  packaged=$(pkg-config --cflags openblas 2>/dev/null | sed 's/-I/-isystem /g')
  libs=$(pkg-config --libs openblas 2>/dev/null || echo -lopenblas)
  for flags in "$packaged" "$(folder openblas/cblas.h)"; do
    # shellcheck disable=SC2086
    if tries "$use_blas" $flags $libs; then
      blas=OpenBLAS blas_flags="$flags -DHMEM_BLAS_OPENBLAS=1" blas_libs=$libs
      break
    fi
  done
  if [ "$BLAS" = openblas ] && [ "$blas" != OpenBLAS ]; then
    stop "OpenBLAS was requested but is missing: run tools/setup.sh"
  fi
fi

isas=generic
# shellcheck disable=SC2086
if compiles '#ifndef __x86_64__
#error other
#endif' $X86_FLAGS; then
  isas='generic avx2 avx512'
fi

stb='missing, no JPEG, PNG, BMP and .gz: tools/setup.sh installs it' stb_flags=''
packaged=$(pkg-config --cflags stb 2>/dev/null | sed 's/-I/-isystem /g')
for flags in "$packaged" "$(folder stb/stb_image.h)"; do
  # shellcheck disable=SC2086
  if finds stb_image.h $flags; then
    stb=stb_image stb_flags="-DHMEM_STB=1 $flags"
    break
  fi
done

mpi='none (MPI=1)' mpi_flags='' mpi_libs=''
if [ -n "${MPICXX:-}" ]; then
  shown=$($MPICXX -show 2> /dev/null) || stop "MPI was requested, but '$MPICXX -show' fails: run tools/setup.sh --ci"
  for word in $shown; do
    case $word in
      -I*) mpi_flags="$mpi_flags -isystem ${word#-I}" ;;
      -lmpi_cxx | -lmpichcxx) ;;
      -L* | -l* | -Wl,*) mpi_libs="$mpi_libs $word" ;;
    esac
  done
  # shellcheck disable=SC2086
  tries '#include <mpi.h>
int main() { return MPI_Init(nullptr, nullptr); }' $mpi_flags -DOMPI_SKIP_MPICXX -DMPICH_SKIP_MPICXX $mpi_libs ||
    stop "MPI was requested, but no program links with$mpi_libs: $(grep -m1 . "$work/log")"
  mpi=$MPICXX mpi_flags="-DHMEM_MPI=1$mpi_flags"
fi

catch=missing catch_libs=''
if finds catch2/catch_all.hpp; then
  catch=3 catch_libs=-lCatch2
elif finds catch2/catch.hpp; then
  catch=2
fi

state=complete
case "$blas $stb $catch" in *missing*) state=missing ;; esac

cat > "$out.new" <<END
CONFIG_STATE := $state
BLAS_FLAGS := $blas_flags
BLAS_LIBS := $blas_libs
ISAS := $isas
STB_FLAGS := $stb_flags
MPI_FLAGS := $mpi_flags
MPI_LIBS := $mpi_libs
CATCH := $catch
CATCH_LIBS := $catch_libs
END
# While something is missing, make looks each time: an unchanged file keeps its time, so that make does not start over.
if [ $state = missing ] && cmp -s "$out" "$out.new"; then rm "$out.new"; else mv "$out.new" "$out"; fi

# shellcheck disable=SC2086
cat <<END
hmem: compiler  $($CXX --version | head -n 1)
      BLAS      $blas
      kernels   $isas
      images    $stb
      MPI       $mpi
      tests     Catch2 $catch
END
