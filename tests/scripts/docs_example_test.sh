#!/bin/sh
# docs/example.cpp is what README.md shows, builds with the public headers and the library alone, and learns.
# Usage: [BUILD='g++ -fopenmp ...'] [LIBRARY=libhmem.a] [LIBS=-lopenblas] tests/scripts/docs_example_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

awk '/^```cpp$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md > "$work/shown"
diff "$work/shown" docs/example.cpp || { echo "README.md (<) does not show docs/example.cpp (>)"; exit 1; }

# shellcheck disable=SC2086  # lists of words
${BUILD:-g++ -fopenmp} -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude docs/example.cpp \
  "${LIBRARY:-build/release/libhmem.a}" ${LIBS--lopenblas} -o "$work/example" || exit 1
"$work/example" > "$work/log" || exit 1
# Chance is 83 %.
awk '$1 == "test" && $2 == "error" { found = 1; good = $3 <= 10 } END { exit !(found && good) }' "$work/log" ||
  { echo "expected a test error of at most 10 %, found:"; cat "$work/log"; exit 1; }
