#!/bin/sh
# The course: each chapter docs/course/N_*.md has a program examples/course_N_*.cpp of fewer than 100 lines. The blocks ```text
# of the chapter, one after the other, are what the program prints; those below "## Solutions" what it prints with the
# argument `solutions`.
# Usage: [BUILD='g++ -pthread ...'] [LIBRARY=libhmem.a] [LIBS=-lopenblas] tests/scripts/course_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
fail() {
  echo "$*"
  failed=1
}

# blocks FILE SOLUTIONS: the text blocks of the chapter (0), or those below "## Solutions" (1)
blocks() {
  awk -v wanted="$2" '/^## Solutions$/ { solutions = 1 } /^```$/ { inside = 0 }
    inside && solutions == wanted { print } /^```text$/ { inside = 1 }' "$1"
}
# same TEXT FOUND WHAT: reports the difference
same() {
  diff "$1" "$2" > "$work/difference" || fail "$3: - the text, + the program: $(sed -n -e 's/^</-/p' -e 's/^>/+/p' "$work/difference")"
}

# The comparison itself must notice a wrong line.
printf '%s\n' '```text' a '```' '## Solutions' '```text' b '```' > "$work/chapter.md"
[ "$(blocks "$work/chapter.md" 0)$(blocks "$work/chapter.md" 1)" = ab ] || fail 'blocks of a chapter are not found'

count=0
for chapter in docs/course/[0-9]_*.md; do
  number=$(basename "$chapter" | cut -c1)
  source=$(ls examples/course_"$number"_*.cpp)
  name=$(basename "$source" .cpp)
  count=$((count + 1))
  [ "$(wc -l < "$source")" -lt 100 ] || fail "$source has 100 lines or more"
  grep -q "examples/$name.cpp" "$chapter" || fail "$chapter does not name $source"
  grep -q "($(basename "$chapter"))" docs/course/README.md || fail "docs/course/README.md does not link to $chapter"
  [ "$(awk '/^```/ { code = !code } !code && /^[1-3]\. / { ++count } END { print count + 0 }' "$chapter")" -eq 6 ] || fail "$chapter: expected 3 exercises and 3 solutions, numbered"
  # shellcheck disable=SC2086  # lists of words
  ${BUILD:-g++ -pthread} -std=c++17 -Wall -Wextra -Wpedantic -Werror -O1 -Iinclude "$source" \
    "${LIBRARY:-build/release/libhmem.a}" ${LIBS--lopenblas} -o "$work/$name" || { fail "$source does not build"; continue; }
  "$work/$name" > "$work/out" || fail "$name fails"
  blocks "$chapter" 0 > "$work/text"
  [ -s "$work/text" ] || fail "$chapter shows no output"
  same "$work/text" "$work/out" "$chapter"
  "$work/$name" solutions > "$work/out" || fail "$name solutions fails"
  blocks "$chapter" 1 > "$work/text"
  same "$work/text" "$work/out" "$chapter, solutions"
done
[ "$count" -ge 6 ] || fail "expected the chapters of the course, found $count"
[ "$(ls examples/course_*.cpp | wc -l)" -eq "$count" ] || fail 'a program of the course has no chapter'
exit "$failed"
