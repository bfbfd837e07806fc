#!/bin/sh
# bin/babi_task_single against invalid flags, data and model files: one line on stderr that names what is
# wrong, exit 1 (flags: 2), no file left behind. Then what it promises about valid runs.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ./tests/support/program.sh
program=$bin/babi_task_single

# final FLAGS...: runs quietly; the final line without what may differ between equal runs
final() {
  timeout 120 "$program" --quiet "$@" > "$out" 2> "$err" || die "failed: $*"
  [ ! -s "$err" ] || die "expected nothing on stderr: $*"
  [ "$(wc -l < "$out")" -eq 1 ] || die "expected one line on stdout: $*"
  sed -e 's/ examples_per_s=[^ ]*//' -e 's/ peak_rss_mib=[^ ]*//' -e 's/ seconds=[^ ]*//' "$out"
}

# unchecked SED FILE: a changed copy without its checksum, so that the change itself must be noticed
unchecked() { sed -e 's/"checksum":"[0-9a-f]*",/                              /' -e "$1" "$2"; }

equal() {
  [ "$1" = "$2" ] || { echo "$3 differ:"; echo "$1"; echo "$2"; exit 1; }
}

# ---- 1. Flags: exit 2, the flag is named -----------------------------------------------------------------------------
everything="--save=s --out=o --logging=1"  # none of these may be left behind
# shellcheck disable=SC2086  # lists of flags
{
refuse 2 '--epochs:' $everything --epochs=-1
refuse 2 '--epochs:' $everything --epochs=1.5
refuse 2 '--learning_rate:' $everything --learning_rate=nan
refuse 2 '--learning_rate:' $everything --learning_rate=inf
refuse 2 '--learning_rate:' $everything --learning_rate=0
refuse 2 '--hops:' $everything --hops=0
refuse 2 '--hops:' $everything --hops=17
refuse 2 '--task_id:' $everything --task_id=21
refuse 2 '--task_id:' $everything --task_id=99999999999999999999
refuse 2 '--task_id:' $everything --task_id=four
refuse 2 '--validation_split:' $everything --validation_split=1.5
refuse 2 '--validation_split:' $everything --validation_split=1
refuse 2 '--encodings_type:' $everything --encodings_type=bag_of_words
refuse 2 '--batch_norm:' $everything --batch_norm=layer
refuse 2 '--training_set_size:' $everything --training_set_size=100k
refuse 2 'the nearest one is --memory_size' $everything --memory_sise=20
refuse 2 '--read_before_write:' $everything --read_before_write=2
refuse 2 'max_num_sentences must be' $everything --max_num_sentences=0
refuse 2 '--epochs:' $everything --epochs
refuse 2 '--epochs:' $everything --epochs=
refuse 2 '--hops:' $everything --hops=2 --hops=3
refuse 2 'stories' $everything stories
refuse 2 '--threads:' $everything --threads=-1
refuse 2 '--resume: found no --checkpoint' $everything --resume
refuse 2 '--checkpoint_every:' $everything --checkpoint=c --checkpoint_every=0
refuse 2 '--limit_steps: found with --save' $everything --checkpoint=c --limit_steps=3
refuse 2 '--limit_steps: found with --save' --save=s --limit_steps=3
refuse 2 'the file of --checkpoint' $everything --checkpoint=s
refuse 2 'the file of --checkpoint' $everything --checkpoint=./s
refuse 2 'the file of --out' $everything --checkpoint=o
refuse 2 'the file of --load' $everything --checkpoint=l --load=l
refuse 2 'the file of --load' --save=s --out=l --load=l
refuse 2 'the file of --out' --save=s --out=./s
refuse 2 '--learn_gamma_neg:' $everything --data_dir=generated --write_rule=outer --learn_gamma_neg
refuse 2 '--keep_best:' $everything --data_dir=generated --training_set_size=1k --keep_best --validation_split=0

# ---- 2. Data: exit 1, file and line are named ------------------------------------------------------------------------
refuse 1 'nowhere' $everything --data_dir=nowhere
refuse 2 'places' --data_dir=generated $everything --task_id=4 --places=1000
mkdir empty
refuse 1 'empty' $everything --data_dir=empty
mkdir -p few/en
refuse 1 'found no en-10k, expected it for --training_set_size=10k' $everything --data_dir=few
rm -r few

# stories WHAT LINE: a good test file and, from standard input, a training file that is wrong in LINE (0: as a whole)
stories() {
  mkdir -p "$1/en-10k"
  printf '1 Mary went to the garden.\n2 Where is Mary?\tgarden\t1\n' > "$1/en-10k/qa1_a_test.txt"
  cat > "$1/en-10k/qa1_a_train.txt"
  refuse 1 "qa1_a_train.txt$([ "$2" -eq 0 ] || echo ":$2:")" $everything --data_dir="$1"
}
good='1 Mary went to the garden.\n'
printf '' | stories empty_file 0
printf '\177ELF\002\001\001\000\000\001\377\376' | stories binary_file 1
printf "${good}2 Where is Mary?\\t\\t1\n" | stories no_answer 2
printf "${good}Where is Mary?\\tgarden\\t1\n" | stories no_number 2
printf "${good}99999999999999999999 Where is Mary?\\tgarden\\t1\n" | stories absurd_id 2
printf "${good}-2 Where is Mary?\\tgarden\\t1\n" | stories negative_id 2
{ printf "${good}2 "; head -c 10485760 /dev/zero | tr '\0' 'a'; echo; } | stories long_line 2
printf "${good}2 Where is\\000 Mary?\\tgarden\\t1\n" | stories nul_bytes 2
printf "${good}" | stories no_question 0
mkdir -p missing_file/en-10k
printf "$good" > missing_file/en-10k/qa2_a_train.txt
refuse 1 'qa1_' $everything --data_dir=missing_file
mkdir -p folder_as_file/en-10k/qa1_a_train.txt folder_as_file/en-10k/qa1_a_test.txt
refuse 1 'qa1_' $everything --data_dir=folder_as_file

# Small models.
model='--data_dir=generated --training_set_size=1k --memory_size=20 --embeddings_size=16'
small="$model --random_state=1"
one="$small --epochs=1"

# ---- 3. Paths that cannot be written to: exit 1 before the training --------------------------------------------------
echo text > file
mkdir folder
for path in file/x missing/x folder; do
  refuse 1 "$path" $small --epochs=1000000 --logging=1 --out=o --save=$path
  refuse 1 "$path" $small --epochs=1000000 --logging=1 --save=s --out=$path
done
echo text > results
refuse 1 "cannot make the folder 'results'" $small $everything --epochs=1000000
equal "$(cat file results)" "$(printf 'text\ntext')" 'files that were in the way'
rm results

export HMEM_KERNELS=bogus
refuse 1 'HMEM_KERNELS' $one $everything
HMEM_KERNELS=generic
final $one > /dev/null
unset HMEM_KERNELS

# ---- 4. Models ------------------------------------------------------------------------------------------------------
saved=$(final $one --save=model)
[ -s model ] || die 'nothing was saved'
again=$(final $small --load=model --epochs=0)
equal "${again##* test_loss}" "${saved##* test_loss}" 'test results of the saved and the loaded model'
final $small --load=model --epochs=0 --save=copy > /dev/null
cmp -s model copy || die 'a model that is loaded and saved again is a different file'
equal "$(final $small --load=model --epochs=0 --gamma_pos=0.01 --gamma_neg=0.01 --w_assoc_max=1)" "$again" \
  'settings that agree with the model'
"$program" $small --load=model --epochs=0 > "$out" 2> "$err" || die 'a model was not loaded'
grep -q ' memory_size=20 ' "$out" || die 'the header shows the default and not the size of the loaded model'
equal "$(final $one --save= --load= --test_data_dir= --out=)" "$(final $one)" 'flags with empty values'

refuse 1 'task_id' $small $everything --load=model --epochs=0 --task_id=15
refuse 1 'hops' $small $everything --load=model --epochs=0 --hops=4
refuse 1 'missing' $one $everything --load=missing
refuse 1 'folder' $one $everything --load=folder
size=$(wc -c < model)
for bytes in 0 7 8 100 $((size / 2)) $((size - 1)); do
  head -c "$bytes" model > truncated
  refuse 1 'truncated' $one $everything --load=truncated
done
{ cat model; printf 'x'; } > extended
refuse 1 'extended' $one $everything --load=extended
# Bytes that are the same in every run; the first 8 are an absurd length.
i=0
while [ "$i" -lt 500 ]; do printf "\\$(printf %o $((i * i * 7 % 251 + 3)))"; i=$((i + 1)); done > random
refuse 1 'random' $one $everything --load=random
{ printf '\377\377\377\377\377\377\377\177'; tail -c +9 model; } > lying_length
refuse 1 'lying_length' $one $everything --load=lying_length
{ printf '\020\000\000\000\000\000\000\000'; tail -c +9 model; } > short_length
refuse 1 'short_length' $one $everything --load=short_length
unchecked 's/"memory_size":"20"/"memory_size":"99"/' model > other_size
refuse 1 'extract.key.weight' --data_dir=generated --training_set_size=1k $everything --load=other_size
unchecked 's/"hmem_qa"/"hmem_xy"/' model > other_kind
refuse 1 'kind' $one $everything --load=other_kind

# ---- 5. Checkpoints (tests/scripts/resume_test.sh has what they promise) ------------------------------------------
resume="$one --checkpoint=state --resume"
"$program" $resume > "$out" 2> "$err" || die 'a run with a checkpoint failed'
grep -q '^note: there is no checkpoint state yet: the training starts from the beginning' "$out" || die 'expected a note: from the beginning'
saved=$(tail -n 1 "$out" | sed -e 's/ examples_per_s=.*//')
again=$(final $resume)
equal "$again" "$saved" 'a complete run and its repetition'
equal "$(final $model --epochs=1 --checkpoint=state --resume)" "$saved" 'the seed of the flag and of the checkpoint'
final $small --epochs=2 --checkpoint=state2 --keep_best --resume > "$work/log/best"
grep -q ' best_epoch=1$' "$work/log/best" || die 'expected best_epoch in the final line'
refuse 1 'keep_best' $small $everything --epochs=2 --checkpoint=state2 --resume
more=$(final $small --epochs=2)
cp state state_of_one
equal "$(final $small --epochs=2 --checkpoint=state --resume)" "$more" 'more epochs in one run and in two'
refuse 1 "epochs: found 2 done" $resume $everything
mv state_of_one state
"$program" $one --checkpoint=state > "$out" 2> "$err" || die 'a checkpoint was not replaced'
grep -q '^note: the checkpoint state will be replaced' "$out" || die 'expected a note: replaced'
resume="$everything --checkpoint=state --resume"
refuse 1 "state: task_id: found '1', expected '15'" $one $resume --task_id=15
refuse 1 "state: hops: found '3', expected '2'" $one $resume --hops=2
refuse 1 "state: learning_rate: found '0.003', expected '0.01'" $one $resume --learning_rate=0.01
refuse 1 "state: batch_size_per_replica: found '128'" $one $resume --batch_size_per_replica=64
refuse 1 "state: online: found '0', expected '1'" $one $resume --online
refuse 1 "state: found no 'start_hash'" $one $resume --load=model
refuse 1 "state: seed: found '1', expected '2'" $model --epochs=1 --random_state=2 $resume
refuse 1 'folder' $one $everything --checkpoint=folder
refuse 1 'folder' $one $everything --checkpoint=folder --resume
refuse 1 'missing' $one $everything --checkpoint=missing/state --resume
refuse 1 'checkpoint_format' $one $everything --checkpoint=model --resume
refuse 1 'state' $one $everything --load=state
size=$(wc -c < state)
for bytes in 0 7 8 100 $((size / 2)) $((size - 1)); do
  head -c "$bytes" state > truncated
  refuse 1 'truncated' $one $everything --checkpoint=truncated --resume
done
refuse 1 'random' $one $everything --checkpoint=random --resume
{ head -c $((size - 8)) state; printf '\377\377\377\377\377\377\377\377'; } > damaged
refuse 1 'found the checksum' $one $everything --checkpoint=damaged --resume
unchecked '' damaged > not_finite
refuse 1 'not finite' $one $everything --checkpoint=not_finite --resume
unchecked 's/"state.epoch":"1"/"state.epoch":"x"/' state > wrong_state
refuse 1 "state.epoch: found 'x', expected a number" $one $everything --checkpoint=wrong_state --resume
unchecked 's/"seed":"1"/"seed":"z"/' state > wrong_seed
refuse 1 "seed: found 'z'" $model --epochs=1 $everything --checkpoint=wrong_seed --resume

# ---- 6. What runs promise -------------------------------------------------------------------------------------------
equal "$(final $one)" "$(final $one)" 'equal runs'
equal "$(final $one --threads=1)" "$(final $one --threads=3)" 'one and three threads'
[ "$(final $one)" != "$(final $model --epochs=1 --random_state=2)" ] || die 'the seed has no effect'

for ends in lf crlf; do mkdir -p "$ends/en-10k"; done
for part in train test; do
  i=0
  while [ "$i" -lt 40 ]; do
    case $((i * 7 % 3)) in 0) place=garden ;; 1) place=kitchen ;; *) place=office ;; esac
    printf '1 Mary went to the %s.\n2 Where is Mary?\t%s\t1\n' $place $place
    i=$((i + 1))
  done > "lf/en-10k/qa1_a_$part.txt"
  sed 's/$/\r/' "lf/en-10k/qa1_a_$part.txt" > "crlf/en-10k/qa1_a_$part.txt"
done
cmp -s lf/en-10k/qa1_a_test.txt crlf/en-10k/qa1_a_test.txt && die 'the two kinds of line endings are the same'
flags='--random_state=1 --epochs=3'
equal "$(final $flags --data_dir=lf)" "$(final $flags --data_dir=crlf)" 'LF and CRLF'

"$program" $small --epochs=2 --verbose=2 --logging=1 --out=lines > "$out" 2> "$err" || die 'a plain run failed'
[ ! -s "$err" ] || die 'expected nothing on stderr'
equal "$(grep -c '^epoch=' "$out")" 2 'epochs and lines'
equal "$(grep -c -v '^{"event":"answers"' lines)" "$(wc -l < "$out")" 'lines of text and JSON'
equal "$(grep -c '^{"event":"answers"' lines)" 1 'JSON alone: the answers'
csv=results/1_1k_learned_encoding_3-1.log
equal "$(sed -n 1p $csv)" 'epoch,accuracy,loss,lr,val_accuracy,val_loss' 'first lines of the CSV'
number='[0-9][0-9.e-]*'
for epoch in 0 1; do
  grep -qx "$epoch,$number,$number,0.003,$number,$number" $csv || die "no epoch $epoch in the CSV"
done
error=$(sed -n 's/^final .* test_error=\([^ ]*\) .*/\1/p' "$out")
equal "$(tail -n 2 $csv)" "$(printf 'error [%%]\n%s' "$error")" 'ends of the CSV'
equal "$(wc -l < $csv)" 5 'lengths of the CSV'
if command -v python3 > /dev/null; then
  while read -r line; do
    printf '%s' "$line" | python3 -m json.tool > /dev/null 2>> "$err" || die "not JSON: $line"
  done < lines
  last=$(tail -n 1 lines | python3 -c 'import json, sys; r = json.load(sys.stdin); print(r["event"], r["test_error"])')
  equal "${last%% *}" final 'last events'
fi
final $one --out=quiet_lines > /dev/null
[ "$(grep -c '"event":"header"' quiet_lines)" = 3 ] || die '--quiet removed the header from --out'
"$program" $small --limit_steps=3 --quiet > "$out" 2> "$err" || die 'timing failed'
grep -qx "final step_ms_median=$number step_ms_min=$number examples_per_s=$number peak_rss_mib=$number" "$out" ||
  die "timing says $(cat "$out")"
}
