#!/bin/sh
# bin/babi_explain: the shipped models, stories from test sets, files and pipes, JSON and CSV, invalid input.
# Usage: [BIN=DIR] tests/scripts/explain_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. ./tests/support/program.sh
program=$bin/babi_explain
export HMEM_DATA="$root/datasets"

explain() { timeout 60 "$bin/babi_explain" "$@" < /dev/null > "$out" 2> "$err" || die "failed: babi_explain $*"; }
has() { grep -qF -e "$1" "$out" || die "expected in the output: $1"; }

# ---- 1. Shipped models, without a path -------------------------------------------------------------------------------
explain
has 'terms add up to the margin: '
has '(right)'
[ ! -s "$err" ] || die 'expected nothing on stderr'
cp "$out" "$work/log/first"
explain --task_id=1 --story=1
cmp -s "$out" "$work/log/first" || die 'without flags: expected test question 1 of task 1'
for model in "$root"/datasets/weights/babi_task*.safetensors; do
  task=${model##*task}
  task=${task%.safetensors}
  explain --task_id="$task" --story=5
  has 'terms add up to the margin: '
  # The columns beside the sentences: the margin twice in the residual line
  awk '/^terms add up/ { split($0, part, /: | of |  /); exit part[2] != part[3] }' "$out" || die 'the terms do not add up'
  for entry in command git test data; do
    LC_ALL=C grep -qa "\"$entry\":\"" "$model" || die "$model: no $entry in its metadata"
  done
  [ "$(wc -c < "$model")" -lt 400000 ] || die "$model: too large to be shipped"
done

# ---- 2. Stories ------------------------------------------------------------------------------------------------------
printf 'John got the football there.\nJohn went to the hallway.\nWhere is the football?\n' > told
timeout 60 "$bin/babi_explain" --task_id=2 < told > "$out" 2> "$err" || die 'a told story fails'
has 'where is the football?   hallway'
has 'largest steerer'
has 'largest writer'
cp "$out" "$work/log/told"
# shellcheck disable=SC2002  # a pipe is what is tested
cat told | timeout 60 "$bin/babi_explain" --task_id=2 > "$out" 2> "$err" || die 'a piped story fails'
cmp -s "$out" "$work/log/told" || die 'a pipe: another explanation'
explain --task_id=2 --story=told
cmp -s "$out" "$work/log/told" || die 'a file: another explanation'
printf '1 John got the football there.\n2 John went to the hallway.\n3 Where is the football?\thallway\t1 2\n' > of_babi
explain --task_id=2 --story=of_babi
has '(right)'
[ "$(grep -c '^\*  ' "$out")" -eq 2 ] || die 'expected two supporting facts'
explain --task_id=2 --story=told --question='Where is John?' --brief
has 'where is john?   hallway'
[ "$(wc -l < "$out")" -eq 4 ] || die 'expected an answer and three lines of why'
printf 'Mary wnt to the kitchen.\nWhere is Mary?\n' > unknown
explain --story=unknown
grep -qF "not in the vocabulary, read as nil: 'wnt'" "$err" || die 'expected a warning'
explain --task_id=2 --story=9 --trace --rows=3
has 'hop 3'
has 'other sentences'

# ---- 3. Files --------------------------------------------------------------------------------------------------------
explain --task_id=16 --story=3 --json=page.json --csv=terms.csv --json_model
head -c 40 page.json | grep -qF '{"format":"hmem_explain","version":1,' || die 'page.json begins otherwise'
[ "$(wc -l < terms.csv)" -gt 3 ] || die 'terms.csv is too short'
head -1 terms.csv | grep -qx 'sentence,words,fact,writes,steers_hop_2,steers_hop_3,total,origin,left_out_answer,left_out_probability,left_out_margin' ||
  die 'terms.csv: another header'
explain --task_id=15 --all --csv=hits.csv --json=hits.json --threads=2 --quiet
grep -q '^{"kind":"explanation hits","task":15,"questions":1000,' hits.json || die 'expected hits in hits.json'
has '1000 questions'
has 'writer + steerers'
has 'final task_id=15 questions=1000'
[ "$(wc -l < hits.csv)" -eq 1001 ] || die 'hits.csv: expected a line for every question'

# ---- 4. A model of one's own, with float16 weights; a baseline -------------------------------------------------------
"$bin/babi_task_single" --task_id=1 --data_dir=generated --training_set_size=300 --random_state=3 --epochs=1 \
  --memory_size=12 --threads=1 --save=full --export_weights=small --quiet > "$out" 2> "$err" || die 'the training failed'
has ' exported_error='
explain --load=small --story=2
has 'terms add up to the margin: '
[ "$(wc -c < small)" -lt "$(($(wc -c < full) * 2 / 3))" ] || die 'float16: expected a smaller file'
LC_ALL=C grep -qa '"command":"babi_task_single --task_id=1 [^"]*--random_state=3' small || die 'small: another command'
"$bin/babi_task_baseline" --model=lstm --task_id=1 --data_dir=generated --training_set_size=300 --random_state=3 --epochs=0 \
  --threads=1 --save=baseline --quiet > "$out" 2> "$err" || die 'the baseline failed'
refuse 1 'baseline: holds a baseline, expected hmem_qa' --load=baseline

# ---- 5. Invalid input ------------------------------------------------------------------------------------------------
refuse 2 '--task_id' --task_id=21
refuse 1 'there is no shipped model of task 3' --task_id=3
refuse 1 'expected 1..1000' --story=1001
refuse 1 'expected 1..1000' --story=0
refuse 1 'nowhere' --story=nowhere
refuse 1 'found no question' --story=- --task_id=1
printf 'Mary went to the kitchen.\n' > no_question
refuse 1 'no_question: found no question, expected a line that ends in ?' --story=no_question
printf 'Where is Mary?\n' > no_story
refuse 1 'no_story: found no sentence before the question' --story=no_story
printf 'Mary went.\nMary \033[2J went.\nWhere is Mary?\n' > control
refuse 1 'control:2: found the control character 27' --story=control
stdin=no_question refuse 1 'standard input: found no question'
refuse 2 '--json_model: found without --json or --html' --json_model
refuse 2 "--json: found 'x', the file of --csv" --json=x --csv=x
refuse 2 "--json: found './model', the file of --load" --load=model --json=./model
refuse 1 "cannot write 'no/folder'" --json=no/folder
refuse 1 'nowhere' --load=nowhere
refuse 1 'no folder' --data_dir='no folder'
echo damaged > damaged
refuse 1 'damaged' --load=damaged
head -c 9000 "$root/datasets/weights/babi_task1.safetensors" > shortened
refuse 1 'shortened' --load=shortened

exit 0
