#!/bin/sh
# Installs missing packages for building, running and testing. Does nothing when all are present.
# Usage: tools/setup.sh [--check] [--ci | --dev]
#   --check  only list missing packages; exit 1 if there are any
#   --ci     also what .ci/run needs (CMake, GNU parallel, two MPI libraries, the variants of OpenBLAS, Chromium to open
#            pages in, clang for WebAssembly)
#   --dev    also what `make format` and `make check-all` need (clang, qemu, compilers for other
#           processors, mmdebstrap)
set -u

check=0 groups=base
for argument in "$@"; do
  case $argument in
    --check) check=1 ;;
    --ci) groups="base ci" ;;
    --dev) groups="base ci dev" ;;
    *) sed -n '3,8s/^# //p' "$0" >&2; exit 2 ;;
  esac
done

if command -v apt-get > /dev/null; then
  column=3 install='apt-get install -y --no-install-recommends' refresh='apt-get update'
elif command -v dnf > /dev/null; then
  column=4 install='dnf install -y' refresh=''
elif command -v pacman > /dev/null; then
  column=5 install='pacman -S --needed --noconfirm' refresh='pacman -Sy'
else
  column=3 install='' refresh=''
fi

# group, test, package for apt, dnf, pacman
needs='
base command:make           make                     make                  make
base command:find           findutils                findutils             findutils
base command:awk            mawk                     gawk                  gawk
base command:pkg-config     pkg-config               pkgconf-pkg-config    pkgconf
base compiler               g++                      gcc-c++               gcc
base header:nlohmann/json.hpp  nlohmann-json3-dev    json-devel            nlohmann-json
base library:openblas       libopenblas-dev          openblas-devel        openblas
base header:stb/stb_image.h    libstb-dev            stb_image-devel       stb
base catch2                 catch2                   catch-devel           catch2
ci   command:cmake          cmake                    cmake                 cmake
ci   command:mpicxx.openmpi  libopenmpi-dev          -                     -
ci   command:mpirun.openmpi  openmpi-bin             -                     -
ci   command:mpicxx.mpich   libmpich-dev             -                     -
ci   command:mpirun.mpich   mpich                    -                     -
ci   command:parallel       parallel                 parallel              parallel
ci   command:strace         strace                   strace                strace
ci   browser                chromium                 chromium              chromium
ci   openblas:serial        libopenblas0-serial      -                     -
ci   openblas:openmp        libopenblas0-openmp      -                     -
ci   command:clang++        clang                    clang                 clang
ci   command:wasm-ld        lld                      lld                   lld
ci   wasm:stdlib.h          wasi-libc                -                     wasi-libc
ci   wasm:string            libc++-dev-wasm32        -                     wasi-libc++
ci   wasm:                  libclang-rt-dev-wasm32   -                     wasi-compiler-rt
dev  command:clang++        clang                    clang                 clang
dev  command:clang-format   clang-format             clang-tools-extra     clang
dev  command:clang-tidy     clang-tidy               clang-tools-extra     clang
dev  command:shellcheck     shellcheck               ShellCheck            shellcheck
dev  command:qemu-x86_64    qemu-user                qemu-user             qemu-user
dev  command:aarch64-linux-gnu-g++  g++-aarch64-linux-gnu  gcc-c++-aarch64-linux-gnu  aarch64-linux-gnu-gcc
dev  command:riscv64-linux-gnu-g++  g++-riscv64-linux-gnu  gcc-c++-riscv64-linux-gnu  riscv64-linux-gnu-gcc
dev  command:s390x-linux-gnu-g++    g++-s390x-linux-gnu    gcc-c++-s390x-linux-gnu    -
dev  command:i686-linux-gnu-g++     g++-i686-linux-gnu     -                          -
dev  command:mmdebstrap     mmdebstrap               mmdebstrap            -
'

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
builds() {  # builds COMPILER SOURCE FLAGS...
  compiler=$1
  printf '%s\n' "$2" > "$work/try.cpp"
  shift 2
  # shellcheck disable=SC2086  # a compiler may be two words
  $compiler -std=c++17 "$work/try.cpp" -o "$work/try" "$@" > /dev/null 2>&1
}
has() {
  cxx=${CXX:-g++}
  case $1 in
    command:*) command -v "${1#command:}" > /dev/null ;;
    compiler) builds "$cxx" 'int main() {}' ;;
    header:*) builds "$cxx" "#include <${1#header:}>" -c ;;
    library:*) builds "$cxx" 'int main() {}' "-l${1#library:}" ;;
    openblas:*) ls /usr/lib/*/openblas-"${1#openblas:}"/libopenblas.so.0 > /dev/null 2>&1 ;;
    browser) command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null ;;
    catch2) builds "$cxx" '#include <catch2/catch_all.hpp>' -c || builds "$cxx" '#include <catch2/catch.hpp>' -c ;;
    wasm:) builds 'clang++ --target=wasm32-wasi' 'int main() {}' ;;
    wasm:*) builds 'clang++ --target=wasm32-wasi' "#include <${1#wasm:}>" -c ;;
  esac
}

missing=
while read -r group test apt dnf pacman; do
  case " $groups " in *" $group "*) ;; *) continue ;; esac
  [ -n "$group" ] || continue
  case $column in 3) package=$apt ;; 4) package=$dnf ;; *) package=$pacman ;; esac
  [ "$package" = - ] && continue
  has "$test" && continue
  case " $missing " in *" $package "*) ;; *) missing="${missing:+$missing }$package" ;; esac
done <<END
$needs
END

if [ -z "$missing" ]; then
  echo "setup: everything needed is installed"
  exit 0
fi
echo "setup: missing: $missing"
if [ "$check" = 1 ]; then exit 1; fi
if [ -z "$install" ]; then
  echo "setup: no apt-get, dnf or pacman here; install these packages (Debian names) in this system's way" >&2
  exit 1
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "setup: neither root nor sudo; ask for this to be run: ${refresh:+$refresh && }$install $missing" >&2
    exit 1
  fi
  as_root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # lists of words
{
  if [ -n "$refresh" ]; then
    $as_root $refresh || echo "setup: '$refresh' failed; trying with the existing package lists" >&2
  fi
  $as_root $install $missing || { echo "setup: this failed: $install $missing" >&2; exit 1; }
}
echo "setup: done"
