#!/bin/sh
# bin/image_explain: a model of embedded images is explained; terminal = JSON = CSV; the page; invalid input.
# Usage: [BIN=DIR] tests/scripts/image_explain_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. ./tests/support/program.sh
weights=$root/datasets/weights/convnet14_embedded.safetensors
export XDG_CACHE_HOME="$work/cache"

few="--data_dir=embedded --images_per_class=5 --noise_frames=5 --pretrained_weights=$weights"
train() {  # train PROGRAM FLAGS...
  program=$1
  shift
  # shellcheck disable=SC2086  # a list of flags
  timeout 60 "$bin/$program" $few --random_state=1 --use_pretrained_convnet=1 --quiet "$@" > "$out" 2> "$err" ||
    die "failed: $program $*"
}
explain() {
  # shellcheck disable=SC2086
  timeout 60 "$bin/image_explain" $few "$@" > "$out" 2> "$err" || die "failed: image_explain $*"
}
has() { grep -qF -e "$1" "$out" || die "expected in the output: $1"; }
# refuse STATUS TEXT FLAGS...
refuse() {
  status=$1 text=$2
  shift 2
  # shellcheck disable=SC2086
  refused "$status" "$text" "$bin/image_explain" $few --quiet "$@"
}
field() { sed -e "s/.*\"$1\"://" -e 's/[,}].*//' "$2"; }  # the last one of this name

# ---- 1. A model with every option: sums, terminal = JSON = CSV ---------------------------------------------------------
train image_association_task --delay=1 --epochs=3 --split_frames=1 --frame_norm=layer --write_gate=1 --key_norm=1 --save=all
explain --load=all --delay=4 --example=2 --json=e.json --csv=e.csv --threads=1
has 'test example 2: '
has '12 frames of noise'
has 'write gate'
has '10 test examples, '
line=$(grep '^terms add up to the margin: ' "$out")
echo "$line" | awk '{ split($0, part, /: | of |  /); exit part[2] != part[3] }' || die 'the terms do not add up'
margin=$(sed -e 's/.*"margin":\([^,]*\),"terms".*/\1/' e.json) terms=$(sed -e 's/.*"terms":\([^,]*\),.*/\1/' e.json)
awk -v m="$margin" -v t="$terms" -v line="$line" -F, '
  NR > 1 { sum += $(NF - 1) }
  END {
    least = 1e-5 * (m < 0 ? -m : m)
    split(line, part, /: | of |  /)
    exit !(m != 0 && (m - t) ^ 2 <= least ^ 2 && (sum - t) ^ 2 <= least ^ 2 && (part[2] - t) ^ 2 < 1e-8)
  }' e.csv || die "margin $margin, terms $terms: not those of e.csv, or of the terminal"
[ "$(wc -l < e.csv)" -eq 16 ] || die 'e.csv: expected a line for every frame'
[ "$(grep -o '"exact":' e.json | wc -l)" -eq 15 ] || die 'e.json: expected every frame'
awk -v worst="$(field worst_residual e.json)" 'BEGIN { exit !(worst > 0 && worst < 1e-5) }' || die 'a residual is large'
wrong=$(field errors e.json)
grep -q "^10 test examples, $wrong wrong " "$out" || die "e.json: $wrong errors, the terminal has others"
awk -v e="$wrong" -v a="$(field wrong_photograph e.json)" -v b="$(field faded e.json)" -v c="$(field digit_misread e.json)" \
  'BEGIN { exit a + b + c != e }' || die 'the kinds of error do not add up to the errors'
cp e.json "$work/log/one_thread"
explain --load=all --delay=4 --example=2 --json=e.json --threads=2
cmp -s e.json "$work/log/one_thread" || die 'two threads: other numbers'
# The errors of the program that trained it
train image_association_task --load=all --epochs=0 --delay=4
awk -v e="$wrong" '/^final / { match($0, / test_error=[^ ]*/); exit substr($0, RSTART + 12, RLENGTH - 12) != 10 * e }' "$out" ||
  die "$wrong of 10 examples are wrong, the training program says otherwise"

# ---- 2. The published model; the page ---------------------------------------------------------------------------------
train image_association_task --epochs=1 --save=plain
explain --load=plain --all=0 --quiet
[ ! -s "$err" ] || die 'expected nothing on stderr'
if grep -q 'test examples' "$out"; then die '--all=0: expected one example'; fi
# shellcheck disable=SC2086
if "$bin/image_association_task" $few --epochs=0 --quiet --use_pretrained_convnet=1 --strips=strips > "$out" 2> "$err"; then
  explain --load=plain --delay=14 --html=page.html --rows=2
  grep -q 'image/png;base64,' page.html || die 'page.html: no pictures'
  [ "$(grep -o '<img ' page.html | wc -l)" -eq 44 ] || die 'page.html: expected 3 pairs, 40 frames of noise and the query'
  grep -q '2 more frames are in the table only' page.html || die 'page.html: frames are missing'
  if grep -q '<script\|src="[^d]\|href=' page.html; then die 'page.html: needs a script or another file'; fi
  [ "$(grep -c '<svg' page.html)" -eq "$(grep -c '<svg.*<title>' page.html)" ] || die 'page.html: an SVG without a title'
  refuse 1 'cannot write' --load=plain --html=none/page
else
  echo 'SKIPPED the page: this build has no PNG'
fi

# ---- 3. Invalid input -------------------------------------------------------------------------------------------------
train image_association_task_lstm --epochs=0 --save=lstm
refuse 2 '--load: found no model, expected one: bin/image_association_task' --example=1
refuse 1 "expected 'hmem_image'" --load=lstm
refuse 1 '--example: found 10, expected 0..9' --load=plain --example=10
refuse 2 '--example' --load=plain --example=-1
refuse 1 'nowhere' --load=nowhere
head -c 90000 plain > part
refuse 1 'part' --load=part
echo damaged > damaged
refuse 1 'damaged' --load=damaged
refuse 2 'the file of --load' --load=plain --json=plain
refuse 2 '--json' --load=plain --json=x --csv=x
refuse 1 'cannot write' --load=plain --csv=none/x
refuse 1 'expected at least' --load=plain --timesteps=6

exit 0
