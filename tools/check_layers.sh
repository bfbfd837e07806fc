#!/bin/sh
# Fails when a file of one layer includes a file of a layer above it. Usage: tools/check_layers.sh [FOLDER]
# (FOLDER holds include/hmem/<layer>/ and src/<layer>/; default: this project).
set -u
cd "${1:-$(dirname "$0")/..}" || exit 1

# src/precompiled.h has standard headers only.
files=$(find include/hmem src ! -path src/precompiled.h \( -name '*.h' -o -name '*.cpp' -o -name '*.inl' \) 2>/dev/null)
[ -n "$files" ] || { echo "check_layers: no sources below $PWD" >&2; exit 1; }

# shellcheck disable=SC2086  # a list of files
awk '
BEGIN {
  order = "core kernels autodiff nn optim train sweep data models study tasks experiments"
  count = split(order, names, " ")
  for (i = 1; i <= count; ++i) rank[names[i]] = i
}
function complain(text) {
  print FILENAME ":" FNR ": " text
  wrong = 1
}
FNR == 1 {
  split(FILENAME, part, "/")
  layer = part[1] == "src" ? part[2] : part[3]
  if (!(layer in rank)) complain("\"" layer "\" is not a layer; the layers are: " order)
}
/^[ \t]*#[ \t]*include[ \t]*["<]/ && layer in rank {
  path = $0
  sub(/^[^"<]*["<]/, "", path)
  sub(/[">].*/, "", path)
  if (path ~ /(^|\/)\.\.\//) complain("include \"" path "\" climbs out of its folder: name it from its layer")
  sub(/^hmem\//, "", path)
  target = path
  sub(/\/.*/, "", target)
  if (target != path && target in rank && rank[target] > rank[layer])
    complain(layer " must not include " target " (\"" path "\"); a layer sees only those before it: " order)
}
END {
  if (!wrong) print "check_layers: " ARGC - 1 " files, no upward include"
  exit wrong
}' $files
