#!/bin/sh
# What the documentation points to exists: relative links, files and test cases that it names, the functions in the
# tables of docs/; docs/equations.md names every kernel pair, lists its sections, gives the defaults of flags, and names
# gradient checks that exist.
# shellcheck disable=SC2016  # backquotes are those of Markdown
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# check ROOT: prints what is wrong below ROOT; status 1 if anything is
check() (
  cd "$1" || exit 1
  for page in *.md docs/*.md docs/course/*.md datasets/*.md tests/golden/*.md bench/*.md bench/peer/*.md; do
    [ -e "$page" ] || continue
    folder=$(dirname "$page")
    awk '/^```/ { code = !code } !code' "$page" > "$work/text"
    grep -o '](\([^)]*\))' "$work/text" | sed -e 's/^](//' -e 's/)$//' -e 's/#.*//' -e '/^[a-z]*:/d' -e '/^$/d' |
      while read -r link; do [ -e "$folder/$link" ] || echo "$page: broken link $link"; done
    grep -o '`[a-z]*/[a-zA-Z0-9_/.-]*\.\(h\|cpp\|inl\|sh\|py\|md\)`' "$work/text" | tr -d '`' | sort -u |
      while read -r path; do
        if [ ! -e "$path" ] && [ ! -e "include/$path" ] && [ ! -e "$folder/$path" ]; then
          echo "$page: there is no file $path"
        fi
      done
    grep -o '`tests/[a-z0-9_/]*\.cpp` "[^"]*"' "$work/text" | tr -d '`' | while read -r path name; do
      [ ! -e "$path" ] || grep -qF -e "TEST_CASE($name" "$path" || echo "$page: there is no test $name in $path"
    done
    grep -o '`[a-z_]*_test\.sh`' "$work/text" | tr -d '`' | while read -r script; do
      [ -e "tests/scripts/$script" ] || echo "$page: there is no tests/scripts/$script"
    done
  done
  # Rows "| what | `function`, `function` | `file` |", in docs/equations.md with "gradient row" behind them
  for page in docs/*.md; do
    awk -F'|' '/^\|/ && (NF == 5 || NF == 6) && $4 ~ /^ `[^ ]*\/[^ ]*` $/ {
      gsub(/[ `]/, "", $4)
      count = split($3, names, ",")
      for (i = 1; i <= count; ++i) {
        gsub(/[ `]/, "", names[i])
        print names[i], $4
      }
    }' "$page" > "$work/functions"
    while read -r name file; do
      [ -e "$file" ] || continue  # reported above
      grep -qw -e "$name" "$file" || echo "$page: there is no $name in $file"
    done < "$work/functions"
  done
  cat include/hmem/kernels/*.h | grep -o '[a-z0-9_]*_\(forward\|backward\)(' | tr -d '(' | sort -u |
    while read -r kernel; do
      grep -qw -e "$kernel" docs/equations.md || echo "docs/equations.md does not name the kernel $kernel"
    done
  equations=docs/equations.md
  awk '/^```/ { code = !code } !code' "$equations" > "$work/text"
  awk '/^## / { exit } /^\* \[.*\]\(#/' "$work/text" > "$work/contents"
  awk '/^## / { sub(/^## /, ""); link = tolower($0); gsub(/[^a-z0-9 -]/, "", link); gsub(/ /, "-", link)
                print "* [" $0 "](#" link ")" }' "$work/text" | diff "$work/contents" - > "$work/difference" ||
    echo "$equations: the list of contents differs from the headings: $(sed -n 's/^[<>] //p' "$work/difference")"
  # Rows "| symbol | meaning | `name` | `--flag` | `default`, `default of another program` |"
  awk -F'|' '/^\| symbol / { on = 1 } !/^\|/ { on = 0 }
    on && NF != 7 { print "row", "-", $0 }
    on && $4 ~ /`/ { gsub(/[ `]/, "", $4); print "name", "-", $4 }
    on && $5 ~ /`/ {
      gsub(/[ `]/, "", $5)
      count = split($6, part, "`")
      for (i = 2; i <= count; i += 2) print "flag", $5, part[i]
    }' "$work/text" > "$work/symbols"
  grep -h '^| `--' docs/programs.md | sed 's/\\|//g' |
    awk -F'|' '{ gsub(/[ `]/, "", $2); gsub(/[ `]/, "", $4); print "flag", $2, $4 }' | sort -u > "$work/defaults"
  while read -r kind flag value; do
    case $kind in
      row) echo "$equations: not five cells: $value" ;;
      name) grep -rqw -e "$value" include src || echo "$equations: there is no $value in the sources" ;;
      flag)
        grep -qxF -e "flag $flag $value" "$work/defaults" ||
          echo "$equations: $flag with the default $value is not in docs/programs.md"
        ;;
    esac
  done < "$work/symbols"
  awk '$1 == "flag" { print $2 }' "$work/symbols" | sort -u | while read -r flag; do
    grep -F -e "flag $flag " "$work/defaults" | while read -r line; do
      grep -qxF -e "$line" "$work/symbols" || echo "$equations: $flag has another default: ${line##* }"
    done
  done
  awk -F'|' '/^\|/ && $4 ~ /^ `[^ ]*\/[^ ]*` $/ {
    if (NF != 6 || $5 !~ /`/ && $5 != " - ") { print "-", $0; next }
    count = split($5, part, "`")
    for (i = 2; i <= count; i += 2) print "row", part[i]
  }' "$work/text" > "$work/rows"
  while read -r kind row; do
    if [ "$kind" = - ]; then
      echo "$equations: no gradient row: $row"
    else
      grep -qF -e "\"$row\"" tests/grad/*.cpp tests/grad/*.h ||
        echo "$equations: no gradient row \"$row\" in tests/grad"
    fi
  done < "$work/rows"
)

# Made-up trees: one without mistakes, then one for each kind of mistake.
tree=$work/tree
mkdir -p "$tree/docs" "$tree/src" "$tree/include/hmem/kernels" "$tree/tests/grad"
echo 'void f_forward(int rate);' | tee "$tree/src/f.cpp" > "$tree/include/hmem/kernels/f.h"
echo '{"f", "an option"}' | tee "$tree/tests/grad/f.cpp" > "$tree/tests/grad/f.h"
printf '%s\n' '| `--rate` | REAL | `1` | a |' '| `--rate` | REAL | `2` | a |' '| `--on` | 0\|1 | `0` | a |' \
  > "$tree/docs/programs.md"
# equations CONTENTS SYMBOL_ROW FUNCTION_ROW
equations() {
  printf '%s\n' '[a](../README.md#top) [b](https://example.org) `src/f.cpp`' "$1" '' '## 1. One, two' '' \
    '| symbol | meaning | code | flag | default |' '|---|---|---|---|---|' "$2" '| o | a | - | `--on` | `0` |' '' \
    '| | function | file | gradient row |' '|---|---|---|---|' "$3" > "$tree/docs/equations.md"
}
contents='* [1. One, two](#1-one-two)'
symbol='| r | a | `rate` | `--rate` | `1` (a), `2` (b) |'
function='| f | `f_forward` | `src/f.cpp` | `f`, `an option` |'
equations "$contents" "$symbol" "$function"
echo '[a](docs/equations.md)' > "$tree/README.md"
failed=0
found=$(check "$tree")
if [ -n "$found" ]; then
  printf 'a good tree must pass, found: %s\n' "$found"
  failed=1
fi
# expect TEXT: exactly this mistake is reported
expect() {
  check "$tree" > "$work/found"
  if ! grep -qF -e "$1" "$work/found" || [ "$(wc -l < "$work/found")" -ne 1 ]; then
    printf 'a tree with the mistake "%s": found %s\n' "$1" "$(cat "$work/found")"
    failed=1
  fi
}
# wrong TEXT CONTENTS SYMBOL_ROW FUNCTION_ROW
wrong() {
  equations "$2" "$3" "$4"
  expect "$1"
}
wrong 'differs from the headings: * [1. One, two]' '' "$symbol" "$function"
wrong 'differs from the headings: * [2. Two]' "$contents
* [2. Two](#2-two)" "$symbol" "$function"
wrong 'not five cells' "$contents" '| r | `rate` | - | `1` |' "$function"
wrong 'there is no gone in the sources' "$contents" '| r | a | `gone` | - | - |' "$function"
wrong '--gone with the default 1 is not in' "$contents" '| r | a | `rate` | `--gone` | `1` |' "$function"
wrong '--on with the default 1 is not in' "$contents" '| r | a | `rate` | `--on` | `1` |' "$function"
wrong '--rate has another default: 2' "$contents" '| r | a | `rate` | `--rate` | `1` |' "$function"
wrong 'no gradient row: | f |' "$contents" "$symbol" '| f | `f_forward` | `src/f.cpp` |'
wrong 'no gradient row "gone"' "$contents" "$symbol" '| f | `f_forward` | `src/f.cpp` | `f`, `gone` |'
wrong 'no gone in src/f.cpp' "$contents" "$symbol" '| g | `f_forward`, `gone` | `src/f.cpp` | - |'
equations "$contents" "$symbol" "$function"
echo '[a](docs/gone.md)' > "$tree/README.md"
expect 'broken link docs/gone.md'
echo '`src/gone.cpp`' > "$tree/README.md"
expect 'no file src/gone.cpp'
echo 'TEST_CASE("f", "[f]")' > "$tree/tests/f_test.cpp"
echo '`tests/f_test.cpp` "f", `tests/f_test.cpp` "g"' > "$tree/README.md"
expect 'no test "g" in tests/f_test.cpp'
echo '`gone_test.sh`' > "$tree/README.md"
expect 'no tests/scripts/gone_test.sh'
echo > "$tree/README.md"
echo 'void g_backward(int);' >> "$tree/include/hmem/kernels/f.h"
expect 'the kernel g_backward'

check . > "$work/found"
if [ -s "$work/found" ]; then
  cat "$work/found"
  failed=1
fi
exit "$failed"
