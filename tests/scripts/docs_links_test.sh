#!/bin/sh
# What the documentation points to is there: relative links, files named in code font, the functions in the tables of
# docs/; and docs/equations.md names every kernel pair.
# shellcheck disable=SC2016  # backquotes are those of Markdown
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# check ROOT: prints what is wrong below ROOT; status 1 if anything is
check() (
  cd "$1" || exit 1
  for page in *.md docs/*.md datasets/*.md tests/golden/*.md bench/*.md bench/peer/*.md; do
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
  done
  # Rows "| what | `function`, `function` | `file` |"
  for page in docs/*.md; do
    awk -F'|' '/^\|/ && NF == 5 && $4 ~ /^ `[^ ]*\/[^ ]*` $/ {
      gsub(/[ `]/, "", $4)
      count = split($3, names, ",")
      for (i = 1; i <= count; ++i) {
        gsub(/[ `]/, "", names[i])
        print names[i], $4
      }
    }' "$page" > "$work/functions"
    while read -r name file; do
      [ -e "$file" ] || continue  # said above
      grep -qw -e "$name" "$file" || echo "$page: there is no $name in $file"
    done < "$work/functions"
  done
  cat include/hmem/kernels/*.h | grep -o '[a-z0-9_]*_\(forward\|backward\)(' | tr -d '(' | sort -u |
    while read -r kernel; do
      grep -qw -e "$kernel" docs/equations.md || echo "docs/equations.md does not name the kernel $kernel"
    done
)

# A made-up tree with one mistake of each kind, and one of none.
tree=$work/tree
mkdir -p "$tree/docs" "$tree/src" "$tree/include/hmem/kernels"
echo 'void f_forward(int);' | tee "$tree/src/f.cpp" > "$tree/include/hmem/kernels/f.h"
{
  echo '[a](../README.md#top) [b](https://example.org) `src/f.cpp`'
  echo '| f | `f_forward` | `src/f.cpp` |'
} > "$tree/docs/equations.md"
echo '[a](docs/equations.md)' > "$tree/README.md"
failed=0
found=$(check "$tree")
if [ -n "$found" ]; then
  printf 'a good tree must pass, found: %s\n' "$found"
  failed=1
fi
echo '[a](docs/gone.md) `src/gone.cpp`' >> "$tree/README.md"
echo '| g | `gone` | `src/f.cpp` |' >> "$tree/docs/equations.md"
echo 'void g_backward(int);' >> "$tree/include/hmem/kernels/f.h"
check "$tree" > "$work/found"
for expected in 'broken link docs/gone.md' 'no file src/gone.cpp' 'no gone in src/f.cpp' 'the kernel g_backward'; do
  if ! grep -qF -e "$expected" "$work/found"; then
    echo "a tree with the mistake \"$expected\" passed"
    failed=1
  fi
done

check . > "$work/found"
if [ -s "$work/found" ]; then
  cat "$work/found"
  failed=1
fi
exit "$failed"
