# For tests of programs, which source this in the folder of the sources: $bin has the programs; the test runs in an empty
# folder below $work, which is removed at the end; $out and $err are for what a program prints.

root=$PWD
bin=$(cd "${BIN:-bin}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/run" "$work/log"
cd "$work/run" || exit 1
unset HMEM_DATA HMEM_KERNELS
out=$work/log/out err=$work/log/err

die() {
  echo "$*"
  tail -n 20 "$out" | cut -c 1-500
  head -c 2000 "$err"
  exit 1
}
tree() { find . -type f -exec cksum {} + | sort; find . -type d | sort; }
# refused STATUS TEXT PROGRAM FLAGS...: expects this exit status, one short line that names the program and contains TEXT,
# and an unchanged folder
refused() {
  status=$1 text=$2
  shift 2
  before=$(tree)
  timeout 60 "$@" > "$out" 2> "$err"
  found=$?
  [ "$found" -eq "$status" ] || die "expected exit $status, found $found: $*"
  [ "$(wc -l < "$err")" -eq 1 ] || die "expected one line on stderr: $*"
  [ "$(wc -c < "$err")" -lt 1500 ] || die "expected a short line on stderr: $*"
  grep -qF -e "${1##*/}: error: " "$err" || die "expected the name of the program: $*"
  grep -qF -e "$text" "$err" || die "expected \"$text\": $*"
  [ "$(tree)" = "$before" ] || die "left something behind: $*"
}
# refuse STATUS TEXT FLAGS...: of $program, with the file $stdin as its input
refuse() {
  status=$1 text=$2
  shift 2
  refused "$status" "$text" "$program" "$@" < "${stdin:-/dev/null}"
}
