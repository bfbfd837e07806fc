#!/bin/sh
# Gets a data set, verifies it file by file and puts it where the programs look for it.
# Usage: datasets/fetch.sh babi [--from COPY] [--to DIR]
#   --from COPY  a local copy instead of the network: the archive, or a folder that holds en/ and en-10k/ or
#                tasks_1-20_v1-2/
#   --to DIR     where to put babi/tasks_1-20_v1-2 (default: the folder of this script); name it in $HMEM_DATA
# Exit code 0: there and verified, with a list of files that a local copy lacks; 1: not done, nothing changed; 2: usage.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
sums=$here/babi.sha256
# The only file without a SHA-256 of its own is known by its git blob id: SHA-1 of "blob SIZE\0" and the content.
blob_file=en-10k/qa3_three-supporting-facts_train.txt
blob_id=9b2b35ca4357ea8ee44692c71ec71892edf51399
urls='https://s3.amazonaws.com/text-datasets/babi_tasks_1-20_v1-2.tar.gz
http://www.thespermwhale.com/jaseweston/babi/tasks_1-20_v1-2.tar.gz'

die() {
  echo "fetch.sh: $*" >&2
  exit 1
}

usage() {
  [ $# -eq 0 ] || echo "fetch.sh: $*" >&2
  sed -n '3,7s/^# //p' "$0" >&2
  exit 2
}

sha() {  # sha BITS: digest of stdin
  if command -v "sha$1sum" > /dev/null; then
    "sha$1sum" | cut -d ' ' -f 1
  else
    shasum -a "$1" | cut -d ' ' -f 1
  fi
}

files() {
  cut -c 67- "$sums"
  echo "$blob_file"
}

is_genuine() {  # is_genuine FOLDER FILE
  if [ "$2" = "$blob_file" ]; then
    found=$({ printf 'blob %d\0' "$(wc -c < "$1/$2")" && cat "$1/$2"; } | sha 1)
    [ "$found" = "$blob_id" ]
  else
    found=$(sha 256 < "$1/$2")
    grep -qxF "$found  $2" "$sums"
  fi
}

# verify FOLDER: sets `good`, `missing` and `corrupted` (names, one a line)
verify() {
  good=0 missing='' corrupted=''
  for file in $(files); do
    if [ ! -e "$1/$file" ]; then
      missing="$missing
  $file"
    elif is_genuine "$1" "$file"; then
      good=$((good + 1))
    else
      corrupted="$corrupted
  $file"
    fi
  done
}

# Prints the folder below $1 that holds en/ and en-10k/.
find_stories() {
  for folder in "$1" "$1/tasks_1-20_v1-2" "$1/babi/tasks_1-20_v1-2"; do
    if [ -d "$folder/en" ] || [ -d "$folder/en-10k" ]; then
      echo "$folder"
      return 0
    fi
  done
  return 1
}

unpack() {  # unpack ARCHIVE
  mkdir -p "$work/archive" && tar -xzf "$1" -C "$work/archive" 2> "$work/tar.log" && find_stories "$work/archive"
}

download() {  # download URL FILE
  if command -v curl > /dev/null; then
    curl -fL --connect-timeout 20 --retry 2 -o "$2" "$1"
  elif command -v wget > /dev/null; then
    wget --timeout=20 --tries=3 -O "$2" "$1"
  else
    echo "neither curl nor wget is installed" >&2
    return 1
  fi
}

from_network() {
  for url in $urls; do
    echo "trying $url" >&2
    rm -rf "$work/archive"
    if download "$url" "$work/babi.tar.gz" >&2; then
      unpack "$work/babi.tar.gz" && return 0
      echo "this is not the archive of the bAbI tasks" >&2
    fi
  done
  return 1
}

[ $# -gt 0 ] || usage "which data set? There is: babi"
case $1 in
  babi) shift ;;
  -h | --help) usage ;;
  *) usage "unknown data set '$1', there is: babi" ;;
esac
from='' to=$here
while [ $# -gt 0 ]; do
  case $1 in
    --from=* | --to=*)
      option=${1%%=*} value=${1#*=}
      shift
      ;;
    --from | --to)
      [ $# -ge 2 ] || usage "$1 needs a value"
      option=$1 value=$2
      shift 2
      ;;
    *) usage "unknown argument '$1'" ;;
  esac
  [ -n "$value" ] || usage "$option needs a value"
  if [ "$option" = --from ]; then from=$value; else to=$value; fi
done

target=$to/babi/tasks_1-20_v1-2
present=0
if [ -d "$target" ]; then
  verify "$target"
  if [ -z "$missing$corrupted" ]; then
    echo "bAbI: already in $target, all $good files verified"
    exit 0
  fi
  present=$good
fi

# Below the target's file system, so that the last step is a rename.
mkdir -p "$to/babi" || die "cannot make the folder $to/babi"
work=$(mktemp -d "$to/babi/.fetch.XXXXXX") || die "cannot write in $to/babi"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if [ -z "$from" ]; then
  source=$(from_network) || die "the bAbI tasks could not be downloaded. By hand: get tasks_1-20_v1-2.tar.gz from one of
$urls
or from anybody who has it, then run: datasets/fetch.sh babi --from tasks_1-20_v1-2.tar.gz"
elif [ -d "$from" ]; then
  source=$(find_stories "$from") || die "$from: holds neither en/ nor en-10k/ nor tasks_1-20_v1-2/"
elif [ -f "$from" ]; then
  source=$(unpack "$from") || die "$from: is not the archive of the bAbI tasks (gzip tar with en/ and en-10k/)"
else
  die "$from: there is no such file or folder"
fi

for file in $(files) LICENSE.txt README.txt; do
  [ -e "$source/$file" ] || continue
  if ! { mkdir -p "$work/stories/$(dirname "$file")" && cp "$source/$file" "$work/stories/$file" &&
    chmod u+w "$work/stories/$file"; }; then
    die "cannot copy $source/$file"
  fi
done
[ -d "$work/stories" ] || die "$source: holds none of the bAbI files"
verify "$work/stories"
[ -z "$corrupted" ] || die "these files of $source are not the published ones; nothing was copied:$corrupted"
[ "$good" -gt 0 ] || die "$source: holds none of the bAbI files"
[ "$good" -ge "$present" ] ||
  die "$target already holds $present good files, the new copy only $good; nothing was changed"

if [ -e "$target" ]; then mv "$target" "$work/old" || die "cannot replace $target"; fi
if ! mv "$work/stories" "$target"; then
  [ ! -e "$work/old" ] || mv "$work/old" "$target"
  die "cannot write $target"
fi

echo "bAbI: $good files verified, in $target"
[ -z "$missing" ] || echo "missing in this copy:$missing"
echo "Licence: Creative Commons Attribution 3.0 (CC BY 3.0), Copyright (c) 2015-present, Facebook, Inc. (LICENSE.txt)"
if [ "$to" != "$here" ]; then echo "Tell the programs: export HMEM_DATA='$to'"; fi
