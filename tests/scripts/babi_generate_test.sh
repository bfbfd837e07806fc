#!/bin/sh
# bin/babi_generate: the files that it writes, that training reads them, and that an error gives one line and
# changes nothing.
# Usage: [BIN=DIR] tests/scripts/babi_generate_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. ./tests/support/program.sh
program=$bin/babi_generate
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

generate() {
  "$bin/babi_generate" "$@" > "$out" 2> "$err" || die "failed: babi_generate $*"
}
same() {
  cmp -s "$1" "$2" || die "$1 and $2 differ"
}

# ---- 1. Files --------------------------------------------------------------------------------------------------------
generate --out=all --questions=30
[ "$(find all/en -type f | wc -l)" -eq 40 ] || die "expected 40 files"
grep -q '^wrote 40 files: 30 training and 1000 test questions' "$out" || die "no summary"
[ "$(grep -c "$(printf '\t')" all/en/qa19_path-finding_train.txt)" -eq 30 ] || die "expected 30 questions"
[ "$(grep -c "$(printf '\t')" all/en/qa19_path-finding_test.txt)" -eq 1000 ] || die "expected 1000 questions"
generate --out=large --task_id=3 --questions=1001
[ -f large/en-10k/qa3_three-supporting-facts_train.txt ] || die "more than 1000 questions belong in en-10k"
generate --out=again --task_id=7 --questions=30
same all/en/qa7_counting_train.txt again/en/qa7_counting_train.txt
generate --out=other --task_id=7 --questions=30 --seed=2
cmp -s all/en/qa7_counting_train.txt other/en/qa7_counting_train.txt && die "another seed gave the same file"
generate --out=again --task_id=7 --questions=30 --seed=2 --overwrite
same other/en/qa7_counting_train.txt again/en/qa7_counting_train.txt
generate --out=few --questions=20 --actors=3
grep -q '^note: task 4 has no option actors' "$out" || die "expected a note on options that a task does not have"

# ---- 2. Training -----------------------------------------------------------------------------------------------------
final() {
  "$bin/babi_task_single" --quiet --epochs=1 --task_id=6 --random_state=5 "$@" > "$out" 2> "$err" || die "failed: $*"
  sed -e 's/ examples_per_s=.*//' "$out"
}
generate --out=seed5 --task_id=6 --questions=1000 --seed=5
from_file=$(final --data_dir=seed5 --training_set_size=1k)
in_process=$(final --data_dir=generated --training_set_size=1000)
[ "$from_file" = "$in_process" ] || die "training on files and in the process differ: $from_file / $in_process"
online=$(final --data_dir=generated --training_set_size=1000 --online)
[ "$online" = "$in_process" ] || die "the first epoch of --online has different stories"

# ---- 3. Errors -------------------------------------------------------------------------------------------------------
refuse 2 '--out is missing' --task_id=1
refuse 2 '--task_id must be 1 to 20 or all' --out=x --task_id=21
refuse 2 '--task_id must be 1 to 20 or all' --out=x --task_id=one
refuse 2 '--questions:' --out=x --questions=0
refuse 2 '--seed:' --out=x --seed=-1
refuse 2 'nearest one is --questions' --out=x --question=5
refuse 2 'actors 17 is out of range, expected 1 to 16' --out=x --task_id=1 --actors=17
refuse 2 'path_length 3 is not an option of this task' --out=x --task_id=1 --path_length=3
refuse 2 'actors 17 is out of range' --out=x --actors=17
refuse 2 'need 11 places' --out=x --task_id=19 --path_length=10 --places=5 --distractors=0
refuse 1 'already exists, expected a new file' --out=all --task_id=7 --questions=30
echo 'a file' > plain
refuse 1 'plain' --out=plain --task_id=1
exit 0
