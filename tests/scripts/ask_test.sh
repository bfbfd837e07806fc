#!/bin/sh
# bin/babi_ask on a small model: answers and notes through a pipe, invalid lines, invalid models.
# Usage: [BIN=DIR] tests/scripts/ask_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. ./tests/support/program.sh

# ask FLAGS...: passes the standard input on to the model
ask() {
  timeout 60 "$bin/babi_ask" --load=model --data_dir=generated "$@" > "$out" 2> "$err" || die "failed: babi_ask $*"
}
# expect LINE TEXT: line number LINE of the output begins with TEXT
expect() {
  case $(sed -n "$1p" "$out") in
    "$2"*) ;;
    *) die "expected line $1 to begin with: $2" ;;
  esac
}
lines() {
  [ "$(wc -l < "$out")" -eq "$1" ] || die "expected $1 lines"
  [ "$(wc -l < "$err")" -eq "$2" ] || die "expected $2 lines on stderr"
}
# refuse STATUS TEXT FLAGS...
refuse() {
  status=$1 text=$2
  shift 2
  echo 'Mary went to the kitchen.' > "$work/log/question"
  refused "$status" "$text" "$bin/babi_ask" "$@" < "$work/log/question"
  lines 0 1
}

"$bin/babi_task_single" --data_dir=generated --training_set_size=5000 --task_id=1 --random_state=1 --epochs=8 \
  --memory_size=50 --threads=1 --save=model --quiet > "$out" 2> "$err" || die 'the training failed'

# ---- 1. Answers ------------------------------------------------------------------------------------------------------
printf 'Mary went to the kitchen.\nJohn went to the hallway.\n\nWhere is Mary?\nwhere is john ?' | ask
lines 2 0
expect 1 'kitchen '
expect 2 'hallway '
cp "$out" "$work/log/first"
printf '\357\273\277Mary went to the kitchen. John went to the hallway.\r\nWhere is Mary? Where is John?\r\n' |
  ask --threads=2
cmp -s "$out" "$work/log/first" || die 'another form of the same story and two threads: a different answer'
grep -q '^kitchen [0-9.]* %  [a-z]* [0-9.]* %  [a-z]* [0-9.]* %$' "$out" || die 'expected three answers'
printf 'Mary went to the kitchen.\nWhere is Mary?\n' | ask --top=1
grep -qx 'kitchen [0-9.]* %' "$out" || die 'expected one answer'
printf 'Mary went to the kitchen.\nWhere is Mary?\n' | ask --top=1000
grep -q '<nil>.*<age 10>\|<age 10>.*<nil>' "$out" || die 'expected every class'
ask < /dev/null
lines 0 0

# ---- 2. Notes --------------------------------------------------------------------------------------------------------
printf 'Mary went to the kitchn.\nMary went back to the hallway and to the garden.\nWhere is Mary?\n' | ask
lines 4 0
expect 1 "warning: 'kitchn' is not in the vocabulary: read as nil; the nearest word is 'kitchen'"
expect 2 "warning: 'and' is not in the vocabulary"
expect 3 'note: the sentence has 10 words, the model reads 6'
printf 'Mary went to the kitchn.\nWhere is Mary?\n' | ask --quiet
lines 1 0
i=0
while [ "$i" -lt 15 ]; do echo 'John went to the garden.'; i=$((i + 1)); done > story
{ echo 'Mary went to the kitchen.'; cat story; echo 'John went to the office.'; echo 'Where is John?'; } | ask
lines 2 0
expect 1 'note: the model reads 10 sentences: older ones are forgotten'
expect 2 'office '

# ---- 3. Commands -----------------------------------------------------------------------------------------------------
printf 'Mary went to the kitchen.\n:reset\nWhere is Mary?\n:show\n' | ask
lines 3 0
expect 2 'note: no answer: the story is empty'
printf ':story 2\n:story\n:story 2\n' | ask
[ "$(grep -c '^story 2 of 1000 (generated task 1 test)$' "$out")" -eq 2 ] || die 'expected story 2 twice'
grep -q '^story 3 of 1000' "$out" || die 'expected the next story'
[ "$(grep -c '^true answer: ' "$out")" -eq 3 ] || die 'expected three true answers'
i=1
while [ "$i" -le 100 ]; do echo ':story'; i=$((i + 1)); done | ask
right=$(grep -c '^true answer: .* (right)$' "$out")
[ "$right" -ge 90 ] || die "expected at least 90 of 100 right answers, found $right"
printf ':story 1\n' | ask --task_id=15
grep -q 'generated task 15 test' "$out" || die 'expected a story of task 15'
printf ':quit\nWhere is Mary?\n' | ask
lines 0 0

# ---- 4. Invalid lines: one line on stderr, and the session continues -------------------------------------------------
{
  printf 'Mary went to the kitchen.\n:stroy\n:story 0\n:story 1001\n:story x\n:reset now\nMary \033[2J went.\n'
  head -c 3000000 /dev/zero | tr '\0' 'a'
  printf '\nWhere is Mary?\n'
} | ask
lines 1 7
expect 1 'kitchen '
grep -qF "babi_ask: error: line 2: unknown command ':stroy'" "$err" || die 'expected the line number'
grep -qF 'line 8: found more than 1048576 bytes' "$err" || die 'expected an error about a line that is too long'
printf ':story\n' | timeout 60 "$bin/babi_ask" --load=model --data_dir=nowhere > "$out" 2> "$err" || die 'expected exit 0'
lines 0 1
ask < model  # bytes that are not text

# ---- 5. Invalid models and flags -------------------------------------------------------------------------------------
refuse 2 '--load is missing'
refuse 2 '--top:' --load=model --top=0
refuse 2 'nearest one is --load' --lod=model
refuse 1 'missing' --load=missing
refuse 1 'is not a regular file' --load=.
for bytes in 0 7 100 3000 "$(($(wc -c < model) - 1))"; do
  head -c "$bytes" model > truncated
  refuse 1 'truncated' --load=truncated
done
# One letter of the vocabulary: only the checksum can tell.
sed 's/office/offica/' model > damaged
refuse 1 'damaged: found the checksum' --load=damaged
# damage TEXT SED: a copy of the model, without its checksum, whose metadata have the same length
damage() {
  LC_ALL=C sed -e 's/"checksum":"[0-9a-f]*",/                              /' -e "$2" model > damaged
  [ "$(wc -c < damaged)" -eq "$(wc -c < model)" ] || die "this damage changes the length: $2"
  refuse 1 "damaged: $1" --load=damaged
}
damage "model: found 'hmem_xy'" 's/"hmem_qa"/"hmem_xy"/'
damage 'vocabulary: found invalid JSON' 's/"vocabulary":"\[/"vocabulary":"(/'
damage 'vocabulary: found 123456' 's/\\"office\\"/    123456/'
damage "vocabulary: found 'bedroom' after 'bedroom'" 's/\\"bathroom\\",\\"bedroom\\"/\\"bedroom\\" ,\\"bedroom\\"/'
damage "vocabulary: found 'aaaaaa'" 's/\\"office\\"/\\"aaaaaa\\"/'
damage "tensor 'embedding.weight' has shape" 's/"time_words":"10"/"time_words":"99"/'
damage "max_num_sentences is '99', expected a number in 1..10" 's/"max_num_sentences":"10"/"max_num_sentences":"99"/'
damage "tensor 'extract.key.weight' has shape" 's/"memory_size":"50"/"memory_size":"51"/'
damage "tensor 'encoding.weight' has shape" 's/"words_per_sentence":"7"/"words_per_sentence":"8"/'
damage "no 'task_id'" 's/"task_id"/"task_ix"/'
# A model of several tasks has a different task_id: it answers, and :story asks for one.
sed -e 's/"checksum":"[0-9a-f]*",/                              /' -e 's/"task_id":"1"/"task_id":"A"/' model > several
printf 'Mary went to the kitchen.\nWhere is Mary?\n:story\n' |
  timeout 60 "$bin/babi_ask" --load=several > "$out" 2> "$err" || die 'a model with another task_id was refused'
lines 1 2
grep -q 'note: several has no checksum' "$err" || die 'expected a note about the checksum'
grep -qF "give --task_id" "$err" || die 'expected a hint to give --task_id'
exit 0
