#!/bin/sh
# The programs in examples/, and the C++ code in README.md, build with the public headers and the library
# alone, and do what they claim.
# Usage: [BUILD='g++ -pthread ...'] [LIBRARY=libhmem.a] [LIBS=-lopenblas] tests/scripts/docs_example_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# build SOURCE PROGRAM
build() {
  # shellcheck disable=SC2086  # lists of words
  ${BUILD:-g++ -pthread} -O0 -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude "$1" \
    "${LIBRARY:-build/release/libhmem.a}" ${LIBS--lopenblas} -o "$2"
}
# expect NAME CONDITION: the last line of examples/NAME.cpp begins with "NAME error E" and the awk condition holds for it
run() {
  build "examples/$1.cpp" "$work/$1" || { echo "examples/$1.cpp does not build"; failed=1; return; }
  (cd "$work" && "./$1" > log 2>&1) || { echo "examples/$1.cpp fails:"; cat "$work/log"; failed=1; return; }
  awk "$2" "$work/log" || { echo "examples/$1.cpp: found"; cat "$work/log"; failed=1; }
}

# Chance is 83 % for the first and 75 % for the second, which loads what it saved.
run babi_task '$1 == "test" { good = $3 <= 10 } END { exit !good }'
run own_network '$1 == "test" { first = $3 } $1 == "loaded:" { good = $4 == first && first <= 10 } END { exit !good }'
run own_op '/agrees/ { good = 1 } END { exit !good }'

# The block of README.md, in a function, with some values.
{
  awk '/^```cpp$/ { inside = 1; next } /^```$/ { inside = 0 }
       inside && /^using namespace hmem;$/ { print "int main() {" }
       inside { print }
       inside && /fill them$/ { print "story.fill(1); query.fill(1);" }
       inside && /^IdTensor labels/ { print "labels[0] = 3;" }' "$root/README.md"
  echo 'return weights.parameters.size() == 4 && answer.p[3] > 0 ? 0 : 1; }'
} > "$work/readme.cpp"
grep -q 'HebbianMemory memory' "$work/readme.cpp" || { echo 'README.md has no C++ block'; failed=1; }
build "$work/readme.cpp" "$work/readme" && "$work/readme" || { echo 'the C++ of README.md does not work'; failed=1; }
exit "$failed"
