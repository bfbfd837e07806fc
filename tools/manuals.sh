#!/bin/sh
# Makes manuals from the option tables of the programs.
# Usage: tools/manuals.sh markdown|man|bash FOLDER
#   markdown  prints docs/programs.md
#   man       writes a page for every program into the folder named by the third argument
#   bash      prints the completion for bash
# FOLDER holds the programs.
set -eu
kind=$1 programs=$2
here=$(dirname "$0")
list=$(for source in "$here"/../src/experiments/*.cpp; do basename "$source" .cpp; done)

case $kind in
  markdown)
    echo '# Programs and their flags'
    echo
    echo 'Generated from the option tables by `make docs`; `bin/PROGRAM --help` prints the same. How to work with the'
    echo 'programs is in [guide.md](guide.md). Every program has `--help`, `--help=markdown|man|bash` and `--version`.'
    echo
    for program in $list; do "$programs/$program" --help=markdown; done | sed -e '$d'
    ;;
  man)
    mkdir -p "$3"
    for program in $list; do "$programs/$program" --help=man > "$3/$program.1"; done
    ;;
  bash)
    cat "$here/completion.bash"
    for program in $list; do
      words=$("$programs/$program" --help=bash)
      printf '%s\n' "$words" | sed 's/^\([^ ]*\) \(.*\)$/_hmem_flags[\1]="\2"; complete -F _hmem \1/'
    done
    ;;
  *)
    echo "manuals.sh: found '$kind', expected markdown, man or bash" >&2
    exit 2
    ;;
esac
