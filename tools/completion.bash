# Completion of the flags of hmem's programs, for bash. Below this function follows one line per program, made from
# its option table (`PROGRAM --help=bash`); `tools/manuals.sh bash`, run by `make install`, puts both together.
_hmem() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} flag= word values
  # bash treats `=` as a separate word: --flag = value
  if [ "$previous" = = ]; then
    flag=${COMP_WORDS[COMP_CWORD-2]}
  elif [ "$current" = = ]; then
    flag=$previous current=
  elif [ "${previous#--}" != "$previous" ] && [ "${current#-}" = "$current" ]; then
    flag=$previous
  fi
  COMPREPLY=()
  for word in ${_hmem_flags[${1##*/}]}; do
    values=${word#*:}
    if [ -z "$flag" ]; then
      [[ ${word%%:*} == "$current"* ]] && COMPREPLY+=("${word%%:*}=")
    elif [ "${word%%:*}" = "$flag" ]; then
      case $values in
        FILE) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        FOLDER) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "${values//,/ }" -- "$current") ;;
      esac
    fi
  done
  if [ -z "$flag" ] && [ "${#COMPREPLY[@]}" -gt 0 ]; then compopt -o nospace; fi
}
declare -A _hmem_flags
