# For the tests of datasets/fetch.sh, which source this: $work has a copy of it, $failed counts.

# check NAME STATUS TEXT ARGUMENTS...: runs fetch.sh and checks its exit code and output
check() {
  name=$1 status=$2 text=$3
  shift 3
  output=$(sh "$work/datasets/fetch.sh" "$@" 2>&1)
  found=$?
  if [ "$found" -eq "$status" ] && printf '%s' "$output" | grep -qF -- "$text"; then
    echo "PASS $name"
  else
    echo "FAIL $name: exit code $found, expected $status with '$text'; output: $output"
    failed=$((failed + 1))
  fi
}

# holds NAME COMMAND...
holds() {
  name=$1
  shift
  if "$@"; then
    echo "PASS $name"
  else
    echo "FAIL $name: $*"
    failed=$((failed + 1))
  fi
}
