#!/bin/sh
# README.md lists every flag of every program, with its default, and no other.
# Usage: [BIN=DIR] tests/scripts/readme_flags_test.sh
# shellcheck disable=SC2016  # backquotes are those of Markdown
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=${BIN:-bin}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# Both print "flag default". The default of --threads is that of the machine.
of_help() {
  sed -n -e 's/^  --\([a-z0-9_]*\) .*default \([^ ]*\))$/\1 \2/p' -e 's/^  --help, --version .*/help, --version -/p' |
    sed 's/^threads .*/threads -/' | sort
}
# The table below the heading of PROGRAM. "Flags as of [`bin/OTHER`](..), without `--a`, and:" before it stands for the
# table of OTHER, of which its own rows replace those of the same flag.
of_readme() {  # of_readme PROGRAM
  awk -v program="$1" '
    /^### `bin\// { section = substr($2, 6, length($2) - 6) }
    /^## / { section = "" }
    /^Flags as of / && section == program {
      split($0, word, "`")
      base = substr(word[2], 5)
      for (i = 4; i in word; i += 2) gone[word[i]] = 1
    }
    section != "" && /^\| `--/ {
      split($0, word, "`")
      row[section, word[2]] = $0
    }
    END {
      for (key in row) {
        split(key, part, SUBSEP)
        own = part[1] == program
        if (own || (part[1] == base && !(part[2] in gone) && !((program, part[2]) in row))) print row[key]
      }
    }' |
    sed -n -e 's/^| `--\([a-z0-9_]*\)` | `\{0,1\}\([^`|]*[^`| ]\)`\{0,1\} | .*/\1 \2/p' \
           -e 's/^| `--help`, `--version` | .*/help, --version -/p' |
    sed 's/^threads .*/threads -/' | sort
}
# compare PROGRAM HELP README
compare() {
  of_help < "$2" > "$work/of_help"
  of_readme "$1" < "$3" > "$work/of_readme"
  if [ ! -s "$work/of_help" ]; then
    echo "$1 --help lists no flag"
    return 1
  fi
  if ! diff "$work/of_help" "$work/of_readme" > "$work/diff"; then
    echo "$1: --help (<) and README.md (>) differ:"
    cat "$work/diff"
    return 1
  fi
}

# The comparison itself: equal tables pass; a flag too few, a flag too many and another default do not.
cat > "$work/help" <<'END'
  --hops INT                    reads (1..16; default 3)
  --save TEXT                   write (default empty)
  --help, --version             print this text
END
{
  printf '%s\n' '### `bin/p`' '| `--hops` | `3` | reads |' '| `--save` | empty | write |'
  printf '%s\n' '| `--help`, `--version` | | print |' '### `bin/q`' '| `--other` | `1` | of q |'
} > "$work/good"
compare p "$work/help" "$work/good" || failed=1
grep -v -e '--save' "$work/good" > "$work/missing"
sed 's/^| `--hops`.*/&\n| `--hop` | `1` | gone |/' "$work/good" > "$work/extra"
sed 's/`3`/`2`/' "$work/good" > "$work/changed"
# A table that builds on another.
{
  printf '%s\n' '### `bin/base`' '| `--hops` | `1` | of base |' '| `--gone` | `1` | of base |' '| `--save` | empty | write |'
  printf '%s\n' '| `--help`, `--version` | | print |'
  printf '%s\n' '### `bin/p`' 'Flags as of [`bin/base`](#binbase), without `--gone`, and:' '| `--hops` | `3` | reads |'
} > "$work/based"
compare p "$work/help" "$work/based" || failed=1
sed 's/, without `--gone`//' "$work/based" > "$work/not_left_out"
sed '$d' "$work/based" > "$work/not_replaced"
for wrong in missing extra changed not_left_out not_replaced; do
  if compare p "$work/help" "$work/$wrong" > /dev/null; then
    echo "a README with a flag $wrong must not pass"
    failed=1
  fi
done

for source in src/experiments/*.cpp; do
  program=$(basename "$source" .cpp)
  if ! "$bin/$program" --help > "$work/help"; then
    echo "$bin/$program --help fails"
    failed=1
    continue
  fi
  compare "$program" "$work/help" README.md || failed=1
done
exit "$failed"
