#!/bin/sh
# docs/programs.md matches the option tables; man pages give no warning; the completion for bash completes flags,
# choices and paths.
# Usage: [BIN=DIR] tests/scripts/manuals_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${BIN:-bin}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
fail() {
  echo "$*"
  failed=1
}

tools/manuals.sh markdown "$bin" > "$work/programs.md" || fail 'no manual in Markdown'
diff docs/programs.md "$work/programs.md" > "$work/diff" ||
  { fail 'docs/programs.md is stale: run make docs; the first differences:'; head -20 "$work/diff"; }
for program in "$bin"/babi_* "$bin"/image_* "$bin"/convnet14_* "$bin"/memory_*; do
  name=$(basename "$program")
  grep -qF "## \`bin/$name\`" docs/programs.md || fail "docs/programs.md has no $name"
  # Every flag of --help, and no other, is in its section.
  "$program" --help | sed -n 's/^  --\([a-z0-9_]*\) .*/\1/p' | grep -v '^help' | sort > "$work/help"
  awk -v name="$name" '/^## / { inside = $0 == "## `bin/" name "`" } inside && /^\| `--/ { split($0, word, "`"); print substr(word[2], 3) }' \
    docs/programs.md | sort > "$work/table"
  [ -s "$work/help" ] || fail "$name --help lists no flag"
  cmp -s "$work/help" "$work/table" || fail "$name: --help and docs/programs.md list different flags"
done
"$bin/babi_ask" --help=html > "$work/log" 2>&1 && fail '--help=html: expected an error'
[ "$(wc -l < "$work/log")" -eq 1 ] || fail '--help=html: expected one line'

tools/manuals.sh man "$bin" "$work/man" || fail 'no man pages'
if command -v groff > /dev/null; then
  for page in "$work"/man/*.1; do
    groff -man -ww -z "$page" > "$work/log" 2>&1
    [ ! -s "$work/log" ] || { fail "$(basename "$page"): groff warns:"; head -3 "$work/log"; }
  done
  groff -man -Tascii "$work/man/babi_task_single.1" | grep -q 'epochs' || fail 'babi_task_single.1 does not show --epochs'
else
  echo 'groff is not installed: man pages are written but not formatted'
fi

tools/manuals.sh bash "$bin" > "$work/completion" || fail 'no completion'
if command -v bash > /dev/null; then
  # offer WORD...: what bash would offer for the last word
  cat > "$work/complete" <<'END'
compopt() { :; }
. "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_hmem "$1"
echo "${COMPREPLY[*]}"
END
  offer() { bash "$work/complete" "$work/completion" "$@"; }
  [ "$(offer bin/babi_task_single --write)" = '--write_rule=' ] || fail "completion of a flag: $(offer bin/babi_task_single --write)"
  [ "$(offer babi_task_single --write_rule = o)" = outer ] || fail 'completion of a choice'
  [ "$(offer babi_task_baseline --model = '')" = 'memn2n lstm' ] || fail 'completion of all choices'
  [ "$(offer babi_ask --load = READ)" = README.md ] || fail 'completion of a file'
fi
exit "$failed"
