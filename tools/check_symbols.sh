#!/bin/sh
# Checks objects that are compiled for one instruction set. Usage: tools/check_symbols.sh isa_avx2.o ...
# Such an object must define exactly one strong symbol, its table of kernels, and no weak one: the linker may keep the
# weak copy (an inline function, a template) of any object for the whole program, and that copy would then use
# instructions that the processor may not have.
set -u
[ $# -gt 0 ] || { echo "usage: tools/check_symbols.sh OBJECT..." >&2; exit 2; }
wrong=0
for object in "$@"; do
  symbols=$(nm -C --defined-only --extern-only "$object") || exit 1
  # DW.ref.* is the pointer to the exception personality, data only
  weak=$(printf '%s\n' "$symbols" | awk '$2 ~ /^[uVvWw]$/ && $3 !~ /^DW\.ref\./')
  strong=$(printf '%s\n' "$symbols" | awk 'NF && $2 !~ /^[uVvWw]$/')
  count=$(printf '%s' "$strong" | grep -c .)
  if [ -n "$weak" ]; then
    printf '%s: expected no weak symbol, found:\n%s\n' "$object" "$weak"
    wrong=1
  fi
  if [ "$count" -ne 1 ]; then
    printf '%s: expected exactly one strong symbol, found %s:\n%s\n' "$object" "$count" "$strong"
    wrong=1
  fi
done
[ "$wrong" -eq 0 ] && echo "check_symbols: $# objects, one strong symbol each and no weak one"
exit "$wrong"
