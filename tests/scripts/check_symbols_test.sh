#!/bin/sh
# tools/check_symbols.sh accepts one strong symbol and catches weak and extra ones.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# expect STATUS TEXT SOURCE
expect() {
  printf '%s\n' "$3" > "$work/a.cpp"
  ${CXX:-g++} -std=c++17 -c "$work/a.cpp" -o "$work/a.o" || exit 1
  tools/check_symbols.sh "$work/a.o" > "$work/log" 2>&1
  status=$?
  if [ "$status" -ne "$1" ] || ! grep -qF -e "$2" "$work/log"; then
    echo "expected status $1 and \"$2\"; found status $status for: $3"
    cat "$work/log"
    failed=1
  fi
}

expect 0 'one strong symbol each' 'namespace { int f() { return 1; } } extern int (*const table)(); int (*const table)() = f;'
expect 1 'expected no weak symbol' 'inline int f(int x) { return x; } int table(int x) { return f(x); }'
expect 1 'expected no weak symbol' 'template <class T> T f(T x) { return x; } int table(int x) { return f(x); }'
expect 1 'found 2' 'int table = 1; int surplus = 2;'
expect 1 'found 0' 'static int hidden; namespace { void use() { hidden = 1; } void (*volatile p)() = use; }'
if tools/check_symbols.sh "$work/missing.o" > /dev/null 2>&1; then
  echo "a missing object must not pass"
  failed=1
fi
exit "$failed"
