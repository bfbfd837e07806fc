#!/bin/sh
# Gets data sets, verifies them and puts them where the programs look for them.
# Usage: datasets/fetch.sh babi|mnist|cifar10 ... [--from COPY] [--to DIR]
#   --from COPY  a local copy instead of the network: the archive, or a folder that holds en/ and en-10k/,
#                tasks_1-20_v1-2/, the four files of MNIST, or CIFAR-10 (data_batch_1.bin ..., train/ and test/ of JPEG
#                files, cifar-10-binary.tar.gz or cifar10-jpeg.tar.gz); also in folders babi/, mnist/, cifar10/ of it
#   --to DIR     where to put babi/, mnist/, cifar10/ (default: the folder of this script); name it in $HMEM_DATA
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
  sed -n '3,8s/^# //p' "$0" >&2
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

# ---- MNIST and CIFAR-10: whole folders, replaced in one step ----------------------------------------------------------
# MD5 of the uncompressed files
mnist_sums='6bbc9ace898e44ae57da46a324031adb train-images-idx3-ubyte
a25bea736e30d166cdddb491f175f624 train-labels-idx1-ubyte
2646ac647ad5339dbf082846283269ea t10k-images-idx3-ubyte
27ae3e4e09519cfbb04c329615203637 t10k-labels-idx1-ubyte'
mnist_urls='https://ossci-datasets.s3.amazonaws.com/mnist
https://storage.googleapis.com/cvdf-datasets/mnist'
cifar10_url=https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz
cifar10_sha=c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd
cifar10_batch=30730000                  # bytes of a batch
cifar10_train=5000 cifar10_test=1000    # JPEG files of a class
cifar10_classes='airplane automobile bird cat deer dog frog horse ship truck'

md5() {
  if command -v md5sum > /dev/null; then md5sum | cut -d ' ' -f 1; else command md5 -q; fi
}

# make_work FOLDER: $work is a folder below it, so that the last step is a rename. A new FOLDER is not left behind empty.
make_work() {
  made=
  [ -d "$1" ] || made=$1
  mkdir -p "$1" || die "cannot make the folder $1"
  work=$(mktemp -d "$1/.fetch.XXXXXX") || die "cannot write in $1"
  trap 'rm -rf "$work"; [ -z "$made" ] || rmdir "$made" 2> /dev/null || :' EXIT
  trap 'exit 1' HUP INT TERM
  mkdir "$work/new"
}

# put NAME FILES: $work/new becomes $to/NAME, which may hold nothing but FILES (a pattern): it is replaced
put() {
  other=$(find "$to/$1" -mindepth 1 -maxdepth 1 2> /dev/null | sed 's|.*/||' | grep -vxE "$2" | head -n 1)
  [ -z "$other" ] || die "$to/$1 holds $other, which is not of this set; nothing was changed: move it away, or give \
another --to"
  if [ -e "$to/$1" ]; then mv "$to/$1" "$work/old" || die "cannot replace $to/$1"; fi
  if ! mv "$work/new" "$to/$1"; then
    [ ! -e "$work/old" ] || mv "$work/old" "$to/$1"
    die "cannot write $to/$1"
  fi
}

tell_where() {
  if [ "$to" != "$here" ]; then echo "Tell the programs: export HMEM_DATA='$to'"; fi
}

# mnist_state FOLDER: sets `good`, `missing` and `corrupted` (names, one a line); files may be plain or .gz
mnist_state() {
  good=0 missing='' corrupted=''
  while read -r sum name; do
    if [ -f "$1/$name" ]; then
      found=$(md5 < "$1/$name")
    elif [ -f "$1/$name.gz" ]; then
      found=$(gzip -dc < "$1/$name.gz" 2> /dev/null | md5)
    else
      missing="$missing
  $name"
      continue
    fi
    if [ "$found" = "$sum" ]; then good=$((good + 1)); else corrupted="$corrupted
  $name"; fi
  done << END
$mnist_sums
END
}

fetch_mnist() {
  mnist_state "$to/mnist"
  if [ "$good" -eq 4 ]; then
    echo "MNIST: already in $to/mnist, all 4 files verified"
    return 0
  fi
  make_work "$to"
  if [ -n "$from" ]; then
    [ -d "$from" ] || die "$from: there is no such folder, expected one with the four files of MNIST"
    source=$from
    if [ -d "$from/mnist" ]; then source=$from/mnist; fi
    for name in $(echo "$mnist_sums" | cut -d ' ' -f 2); do
      for file in "$source/$name" "$source/$name.gz"; do
        if [ -f "$file" ]; then cp "$file" "$work/new/" || die "cannot copy $file"; fi
      done
    done
    chmod -R u+w "$work/new"
    mnist_state "$work/new"
    [ -z "$missing" ] || die "$source: these files of MNIST are missing; nothing was copied:$missing"
    [ -z "$corrupted" ] || die "these files of $source are not the published ones; nothing was copied:$corrupted"
  else
    for url in $mnist_urls; do
      for name in $(echo "$mnist_sums" | cut -d ' ' -f 2); do
        echo "trying $url/$name.gz" >&2
        download "$url/$name.gz" "$work/new/$name.gz" >&2 || break
      done
      mnist_state "$work/new"
      if [ "$good" -eq 4 ]; then break; fi
      if [ -n "$corrupted" ]; then echo "these are not the published files:$corrupted" >&2; fi
      rm -f "$work/new"/*
    done
    [ "$good" -eq 4 ] || die "MNIST could not be downloaded. By hand: get the four files from one of
$mnist_urls
or from anybody who has them, then run: datasets/fetch.sh mnist --from FOLDER"
  fi
  put mnist '(train|t10k)-(images|labels)-idx[13]-ubyte(\.gz)?'
  echo "MNIST: 4 files verified, in $to/mnist"
  tell_where
}

# Prints which form of CIFAR-10 lies in folder $1: binary or jpeg.
cifar10_form() {
  if [ -f "$1/data_batch_1.bin" ]; then
    for name in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
      [ -f "$1/$name.bin" ] && [ "$(($(wc -c < "$1/$name.bin")))" -eq "$cifar10_batch" ] || return 1
    done
    echo binary
  elif [ -d "$1/train" ]; then
    for class in $cifar10_classes; do
      [ "$(find "$1/train/$class" -name '*.jpg' 2> /dev/null | wc -l)" -eq "$cifar10_train" ] || return 1
      [ "$(find "$1/test/$class" -name '*.jpg' 2> /dev/null | wc -l)" -eq "$cifar10_test" ] || return 1
    done
    echo jpeg
  else
    return 1
  fi
}

unpack_cifar10() {  # unpack_cifar10 ARCHIVE: into $work/archive
  case $1 in
    *cifar-10-binary.tar.gz)
      [ "$(sha 256 < "$1")" = "$cifar10_sha" ] || die "$1: is not the published archive (its SHA-256 differs)" ;;
  esac
  mkdir -p "$work/archive" || die "cannot write in $work"
  tar -xzf "$1" -C "$work/archive" 2> "$work/tar.log" || die "$1: is not a gzip tar archive"
}

fetch_cifar10() {
  present=$(cifar10_form "$to/cifar10") || present=''
  if [ "$present" = binary ]; then
    echo "CIFAR-10 (binary): already in $to/cifar10"
    return 0
  fi
  make_work "$to"
  unpacked=''
  if [ -n "$from" ]; then
    source=$from
    if [ -d "$from/cifar10" ]; then source=$from/cifar10; fi
    for archive in "$source/cifar-10-binary.tar.gz" "$source/cifar10-jpeg.tar.gz" "$source"; do
      if [ -f "$archive" ]; then
        unpack_cifar10 "$archive"
        source=$work/archive unpacked=$archive
        break
      fi
    done
    [ -d "$source" ] || die "$from: there is no such file or folder"
  else
    echo "trying $cifar10_url" >&2
    download "$cifar10_url" "$work/cifar-10-binary.tar.gz" >&2 || die "CIFAR-10 could not be downloaded. By hand: get
$cifar10_url
or the archive from anybody who has it, then run: datasets/fetch.sh cifar10 --from cifar-10-binary.tar.gz"
    unpack_cifar10 "$work/cifar-10-binary.tar.gz"
    source=$work/archive
  fi
  if [ -d "$source/cifar-10-batches-bin" ]; then source=$source/cifar-10-batches-bin; fi
  form=$(cifar10_form "$source") ||
    die "$from: no complete CIFAR-10 there, expected six batches of $cifar10_batch bytes, or train/<class>/ and \
test/<class>/ with $cifar10_train and $cifar10_test JPEG files of each of the ten classes; nothing was copied"
  if [ "$form" = "$present" ]; then
    echo "CIFAR-10 ($form): already in $to/cifar10"
    return 0
  fi
  if [ "$form" = binary ] && [ -n "$unpacked" ] && [ "$(sha 256 < "$unpacked")" != "$cifar10_sha" ]; then
    die "$unpacked: is not the published archive (its SHA-256 differs)"
  fi
  if [ "$form" = binary ]; then
    cp "$source"/*.bin "$work/new/" || die "cannot copy $source"
  else
    cp -R "$source/train" "$source/test" "$work/new/" || die "cannot copy $source"
  fi
  chmod -R u+w "$work/new"
  put cifar10 '.*\.bin|train|test|batches\.meta\.txt|readme\.html'
  echo "CIFAR-10 ($form): complete, in $to/cifar10"
  if [ "$form" = jpeg ]; then
    echo "These are JPEG files, lossy and not in the published order: call results \"CIFAR-10 (JPEG)\"."
  fi
  tell_where
}

fetch_babi() {
  target=$to/babi/tasks_1-20_v1-2
  present=0
  if [ -d "$target" ]; then
    verify "$target"
    if [ -z "$missing$corrupted" ]; then
      echo "bAbI: already in $target, all $good files verified"
      return 0
    fi
    present=$good
  fi

  make_work "$to/babi"
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
  tell_where
}

known='babi, mnist, cifar10'
sets='' from='' to=$here
while [ $# -gt 0 ]; do
  case $1 in
    babi | mnist | cifar10)
      sets="$sets $1"
      shift
      continue
      ;;
    -h | --help) usage ;;
    --from=* | --to=*)
      option=${1%%=*} value=${1#*=}
      shift
      ;;
    --from | --to)
      [ $# -ge 2 ] || usage "$1 needs a value"
      option=$1 value=$2
      shift 2
      ;;
    -*) usage "unknown argument '$1'" ;;
    *) usage "unknown data set '$1', there are: $known" ;;
  esac
  [ -n "$value" ] || usage "$option needs a value"
  if [ "$option" = --from ]; then from=$value; else to=$value; fi
done
[ -n "$sets" ] || usage "which data set? There are: $known"

failed=0
for set in $sets; do
  # In a process of its own: it may die without the others.
  case $set in
    babi) (fetch_babi) || failed=1 ;;
    mnist) (fetch_mnist) || failed=1 ;;
    *) (fetch_cifar10) || failed=1 ;;
  esac
done
exit "$failed"
