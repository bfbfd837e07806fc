#!/bin/sh
# shellcheck disable=SC2016  # the stand-ins expand their own variables
# tools/setup.sh on made-up machines: package manager, root, sudo and compiler are stand-ins that log their calls.
set -u
cd "$(dirname "$0")/../.." || exit 1
setup=$PWD/tools/setup.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# machine NAME...: only these stand-ins and the tools that any system has
machine() {
  rm -rf "${work:?}/bin"
  mkdir "$work/bin"
  : > "$work/calls"
  for tool in sh cat sed rm mktemp; do ln -s "$(command -v $tool)" "$work/bin/$tool"; done
  for name in "$@"; do
    case $name in
      root) body='echo 0' name=id ;;
      user) body='echo 1000' name=id ;;
      sudo) body='echo "sudo $*" >> "$CALLS"' ;;
      full-g++) body=':' name=g++ ;;      # builds everything: all headers and libraries exist
      *) body="echo \"$name \$*\" >> \"\$CALLS\"" ;;
    esac
    printf '#!/bin/sh\n%s\n' "$body" > "$work/bin/$name"
    chmod +x "$work/bin/$name"
  done
}
# expect STATUS TEXT FLAGS...: what setup.sh prints or calls contains TEXT
expect() {
  status=$1 text=$2
  shift 2
  CALLS=$work/calls PATH=$work/bin CXX=g++ sh "$setup" "$@" > "$work/log" 2>&1
  found=$?
  if [ "$found" -ne "$status" ] || ! cat "$work/log" "$work/calls" | grep -qF -e "$text"; then
    echo "expected status $status and \"$text\" for setup.sh $*; found status $found:"
    cat "$work/log" "$work/calls"
    failed=1
  fi
}
expect_no_calls() {
  if [ -s "$work/calls" ]; then
    echo "expected that nothing is installed; found:"
    cat "$work/calls"
    failed=1
  fi
}

machine root apt-get
expect 1 'missing: make findutils mawk pkg-config g++ nlohmann-json3-dev libopenblas-dev libstb-dev catch2' --check
expect_no_calls
expect 0 'apt-get install -y --no-install-recommends make findutils mawk pkg-config g++'
machine root apt-get
expect 0 'catch2 cmake' --ci
machine root dnf
expect 0 'dnf install -y make findutils gawk pkgconf-pkg-config gcc-c++ json-devel openblas-devel stb_image-devel catch-devel'
machine root pacman
expect 0 'pacman -S --needed --noconfirm make findutils gawk pkgconf gcc nlohmann-json openblas stb catch2'
machine user sudo apt-get
expect 0 'sudo apt-get install -y --no-install-recommends make'
machine user apt-get
expect 1 'neither root nor sudo; ask for this to be run: apt-get update && apt-get install'
expect_no_calls
machine root
expect 1 'no apt-get, dnf or pacman here; install these packages'
machine root apt-get full-g++ make find awk pkg-config
expect 0 'everything needed is installed' --check
expect 0 'everything needed is installed'
expect_no_calls
expect 1 'missing: cmake' --check --ci
mpi='mpicxx.openmpi mpirun.openmpi mpicxx.mpich mpirun.mpich'
# shellcheck disable=SC2086  # a list of commands
machine root apt-get full-g++ make find awk pkg-config cmake parallel strace $mpi chromium-browser
expect 1 'missing: libopenblas0-serial libopenblas0-openmp clang lld wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32' --check --ci
# shellcheck disable=SC2086
machine root apt-get full-g++ make find awk pkg-config cmake parallel strace $mpi
expect 1 'missing: chromium libopenblas0-serial' --check --ci
expect 2 'Usage: tools/setup.sh' --unknown
machine root apt-get
printf '#!/bin/sh\n[ "$1" = update ]\n' > "$work/bin/apt-get"
expect 1 'this failed: apt-get install'
exit "$failed"
