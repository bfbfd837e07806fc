#!/bin/sh
# The programs of the image experiments on embedded images: they run without any data and say so; pretraining
# gives the same result when killed and resumed, and with any number of threads; user images; invalid flags
# and files give one line, exit 1 (flags: 2), and no file. Usage: [BIN=DIR] tests/scripts/image_programs_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. ./tests/support/program.sh
# Copies without a folder datasets beside them.
mkdir "$work/bin"
for name in convnet14_cifar10_mnist_joint image_association_task image_association_task_lstm image_association_nearest; do
  cp "$bin/$name" "$work/bin" || exit 1
done
export XDG_CACHE_HOME="$work/cache"
joint=$work/bin/convnet14_cifar10_mnist_joint hmem=$work/bin/image_association_task lstm=$work/bin/image_association_task_lstm
nearest=$work/bin/image_association_nearest weights=$work/weights

runs() { timeout 120 "$@" > "$out" 2> "$err" || die "failed: $*"; }
said() { grep -q -e "$1" "$out" || die "expected \"$1\" on stdout"; }
final() {  # what equal runs share
  grep '^final ' "$out" | sed -e 's/ examples_per_s=[^ ]*//' -e 's/ peak_rss_mib=[^ ]*//' -e 's/ seconds=[^ ]*//'
}
equal() {
  if [ -z "$1" ] || [ "$1" != "$2" ]; then die "$3: found '$2', expected '$1'"; fi
}
# refuse STATUS TEXT PROGRAM FLAGS...
refuse() { refused "$@"; }

tiny="--random_state=1 --verbose=2"
set="--images_per_class=2 --batch_size_per_replica=16 --channels=8" small="$set --epochs=3 --flip --shift=2"
# shellcheck disable=SC2086  # lists of flags
{
# ---- 1. Pretraining ----
runs "$joint" $tiny $small --threads=2 --save=whole --export_weights="$weights"
said 'note: the data are 10 embedded objects, generated in the process: no CIFAR-10 found'
said '^train=36 validation=4 test_a=20 test_b=20 classes=20'
said '^epoch=2 .* learning_rate=0.000904837 '
said '^final epochs=3 train_loss=.* test_error=.* test_error_a=.* test_error_b=.* exported_error='
expected=$(final)
[ "$(wc -c < "$weights")" -lt 700000 ] || die "the weights take $(wc -c < "$weights") bytes"

status=0
while [ "$status" -ne 137 ]; do  # again if it ended before
  rm -f model state
  "$joint" $tiny $small --threads=1 --checkpoint=state --checkpoint_every=1 --save=model --export_weights=w > "$out" 2> "$err" &
  run=$!
  while kill -0 "$run" 2> /dev/null && ! grep -q '^epoch=' "$out"; do sleep 0.005; done
  kill -s KILL "$run" 2> /dev/null
  { wait "$run"; status=$?; } 2> /dev/null
done
runs "$joint" $tiny $small --threads=1 --checkpoint=state --checkpoint_every=1 --resume --save=model --export_weights=w
equal "$expected" "$(final)" 'pretraining that was killed'
cmp -s whole model || die 'pretraining that was killed: a different model'
cmp -s "$weights" w || die 'pretraining that was killed: different weights'
"$joint" $tiny $set --epochs=100000 --checkpoint=state > "$out" 2> "$err" &
run=$!
while kill -0 "$run" 2> /dev/null && ! grep -q '^epoch=' "$out"; do sleep 0.01; done
kill -s TERM "$run"
wait "$run"
[ $? -eq 143 ] || die 'expected exit 143 after SIGTERM'
[ -s state ] || die 'expected a checkpoint after SIGTERM'
runs "$joint" $tiny $set --epochs=0 --load=whole
said '^final epochs=0 val_error='
refuse 1 'epochs: found' "$joint" $tiny $set --epochs=5 --checkpoint=state --resume
runs "$joint" $tiny --images_per_class=10 --batch_size_per_replica=8 --limit_steps=2
said '^final step_ms_median='
rm -f state model w

# ---- 2. Association, frozen ----
few="--images_per_class=5"
frozen="--use_pretrained_convnet=1 --pretrained_weights=$weights"
for program in "$hmem" "$lstm"; do
  runs "$program" $tiny $few $frozen --epochs=3 --delay=2 --noise_frames=5 --threads=1 --save=one --test_timesteps=2,4
  said 'note: the data are 10 embedded glyphs, generated in the process'
  said 'note: it was pretrained on images other than these'
  said '^train=9 validation=1 test=10 frames=9 noise_frames=5'
  said '^task timesteps=4 delay=2 test=10 '
  expected=$(final)
  runs "$program" $tiny $few $frozen --epochs=3 --delay=2 --noise_frames=5 --threads=2 --save=two --feature_cache=none
  equal "$expected" "$(final)" '1 and 2 threads'
  cmp -s one two || die "$program: a different model with 2 threads"
  runs "$program" $tiny $few --epochs=0 --load=one --pretrained_weights="$weights" --delay=2 --noise_frames=5
  equal "${expected##* test_loss=}" "$(final | sed 's/.* test_loss=//')" 'the saved model'
  runs "$program" $tiny $few --epochs=0 --load=one --pretrained_weights="$weights" --noise_frames=5 --test_delays=0,2
  said "^task timesteps=3 delay=2 test=10 ${expected##* delay=2 }"
  runs "$program" $tiny $few --epochs=2 $frozen --checkpoint=state
  refuse 1 'epochs: found' "$program" $tiny $few --epochs=3 $frozen --checkpoint=state --resume
  rm -f state
done
runs "$lstm" $tiny $few $frozen --epochs=3 --gamma_pos=0.1
said '(81 of them read from the feature cache)'
[ "$(find "$work/cache/hmem" -name 'features-*' | wc -l)" -ge 5 ] || die 'expected files of features in the default cache'
said 'note: --gamma_pos has no effect here'
expected=$(final)
for found in 'images took [0-9.e-]* s$' '(81 of them read from the feature cache)'; do
  runs "$lstm" $tiny $few $frozen --epochs=3 --feature_cache=features
  said "$found"
  equal "$expected" "$(final)" 'features from the cache'
done
[ "$(find features -type f | wc -l)" -eq 5 ] || die 'expected five files of features'
rm -r features
# Our options: images one by one, mirrored, several looks; a model that is trained without a delay runs with one
options="--split_frames=1 --mirror_features=1 --frame_norm=layer"
runs "$hmem" $tiny $few $frozen $options --feature_copies=2 --write_gate=1 --key_norm=1 --dropout=0.1 --epochs=2 --save=one
runs "$hmem" $tiny $few $frozen --load=one --epochs=0 --delay=3 --noise_frames=5
said '^final epochs=0 .* delay=3 '
refuse 1 'the model has split_frames 1' "$hmem" $tiny $few $frozen --load=one --epochs=0 --split_frames=0
runs "$lstm" $tiny $few $frozen $options --chrono_steps=4 --epochs=2 --held_out_classes=2
said '^task query=held_out timesteps=3 delay=0 test=2 '
said '^task query=trained timesteps=3 delay=0 test=8 '
refuse 2 '--mirror_features: found without --split_frames=1' "$hmem" $tiny $few $frozen --mirror_features=1
refuse 2 '--mirror_features: found without --split_frames=1' "$nearest" $few --mirror_features=1
cp "$weights" kept
refuse 2 '--csv: found' "$nearest" $few --pretrained_weights="$weights" --csv="$weights"
cmp -s kept "$weights" || die 'the nearest keys replaced the ConvNet'
rm kept
refuse 2 'found' "$nearest" $few --pretrained_weights="$weights" --csv=same --out=same
runs "$nearest" $few --pretrained_weights="$weights" --split_frames=1 --mirror_features=1 --delays=0,2
said '^task timesteps=3 delay=0 test=10 test_error='
refuse 2 '--split_frames: found without --use_pretrained_convnet=1' "$hmem" $tiny $few --split_frames=1 --epochs=1
rm one
"$joint" $tiny --images_per_class=5 --epochs=0 --quiet --export_weights=same > /dev/null || die 'no export'
runs "$lstm" $tiny $few --use_pretrained_convnet=1 --pretrained_weights=same --epochs=1
if grep -q 'other images' "$out"; then die 'a note about other images, but they are the same'; fi
rm same
# Validation examples of the images that the pretraining held out
many="--images_per_class=20"
refuse 1 'images other than these; which of these it held out is not known' "$hmem" $tiny $few $frozen --unseen_validation=1
refuse 2 '--unseen_validation: found without --use_pretrained_convnet=1' "$hmem" $tiny $few --unseen_validation=1
refuse 2 '--redraw_examples: found without --unseen_validation=1' "$hmem" $tiny $few $frozen --redraw_examples=1
runs "$joint" $tiny $many --channels=8 --validation_split=0.4 --epochs=0 --export_weights=same
unseen="$many --use_pretrained_convnet=1 --pretrained_weights=same --unseen_validation=1"
refuse 2 '--validation_split: found with --unseen_validation=1' "$hmem" $tiny $unseen --validation_split=0.1
refuse 2 '--redraw_examples: found without --split_frames=1' "$hmem" $tiny $unseen --redraw_examples=1
for program in "$hmem" "$lstm"; do
  runs "$program" $tiny $unseen --epochs=3
  said '^train=10 validation=10 test=50 '
  runs "$program" $tiny $unseen --split_frames=1 --redraw_examples=1 --epochs=3
  expected=$(final)
  runs "$program" $tiny $unseen --split_frames=1 --redraw_examples=1 --epochs=3 --checkpoint=state --checkpoint_every=1 --stop_after=2
  runs "$program" $tiny $unseen --split_frames=1 --redraw_examples=1 --epochs=3 --checkpoint=state --resume
  equal "$expected" "$(final)" 'new examples in each epoch, stopped and resumed'
  runs "$program" $tiny $unseen --split_frames=1 --epochs=3
  [ "$(final)" != "$expected" ] || die 'new examples in each epoch change nothing'
  rm -f state
done
rm same
runs "$joint" $tiny --channels=8 --images_per_class=5 --epochs=0 --pretrained_weights="$weights" --export_weights=same
said 'note: the convolutional part starts from '
tail -c 500000 "$weights" > one
tail -c 500000 same | cmp - one || die 'the weights changed without training'
rm same one

# ---- 3. Association, end to end ----
ends="--images_per_class=4 --epochs=1 --batch_size_per_replica=4"
for program in "$hmem" "$lstm"; do
  runs "$program" $tiny $ends --threads=1 --save=one
  said 'note: the ConvNet is trained end to end'
  expected=$(final)
  runs "$program" $tiny $ends --threads=2 --save=two
  equal "$expected" "$(final)" 'end to end, 1 and 2 threads'
  cmp -s one two || die "$program: a different model with 2 threads"
done
runs "$hmem" $tiny $ends $frozen --retrain_convnet=1 --save=retrained
said "note: the ConvNet comes from $weights, trained further"
runs "$hmem" $tiny --images_per_class=4 --epochs=0 --load=retrained
said 'note: the ConvNet comes from retrained, trained further'

# ---- 4. User images: IDX files of 4 classes, 5 and 4 images each ----
# shellcheck disable=SC2059  # the bytes are the format
idx() {  # idx NAME COUNT COUNT_IN_OCTAL BYTE
  printf "\\000\\000\\010\\003\\000\\000\\000\\$3\\000\\000\\000\\010\\000\\000\\000\\010" > "own/$1-images-idx3-ubyte"
  head -c $((64 * $2)) /dev/zero | tr '\000' "$4" >> "own/$1-images-idx3-ubyte"
  {
    printf "\\000\\000\\010\\001\\000\\000\\000\\$3"
    i=0
    while [ $i -lt "$2" ]; do
      printf "\\00$((i % 4))"
      i=$((i + 1))
    done
  } > "own/$1-labels-idx1-ubyte"
}
mkdir own
idx train 20 024 A
idx t10k 16 020 B
runs "$hmem" $tiny $frozen --epochs=1 --images_a=own --images_b=own
said 'data="IDX images from own; IDX images from own"'
said '^train=4 '
rm -r own

# ---- 5. Errors name what is wrong ----
both="$tiny --save=s --out=o"
refuse 2 '--timesteps:' "$hmem" $both --timesteps=7
refuse 2 '--test_timesteps:' "$hmem" $both --test_timesteps=1-3
refuse 2 '--delay_padding:' "$lstm" $both --delay_padding=ones
refuse 2 'memory_size' "$lstm" $both --memory_size=3
refuse 2 '--keep_best:' "$joint" $both --images_per_class=2 --keep_best --validation_split=0
refuse 1 'there is no pretrained ConvNet: found no weights/convnet14.safetensors' "$hmem" $both $few --use_pretrained_convnet=1
refuse 1 'cannot read' "$hmem" $both $few --use_pretrained_convnet=1 --pretrained_weights=none
head -c 100000 "$weights" > part
refuse 1 'truncated' "$hmem" $both $few --use_pretrained_convnet=1 --pretrained_weights=part
refuse 1 'expected convnet14' "$hmem" $both $few --use_pretrained_convnet=1 --pretrained_weights=whole
refuse 1 "expected 'hmem_image'" "$hmem" $both $few --load=one
refuse 1 'hidden_size 200' "$lstm" $both $ends --load=one --hidden_size=50
refuse 1 "expected 'convnet14_classifier'" "$joint" $both --images_per_class=2 --load="$weights"
refuse 2 '--channels: found 32, expected 8, as in whole' "$joint" $both --images_per_class=2 --load=whole
refuse 2 "--channels: found 4, expected 8, as in $weights" "$joint" $both --images_per_class=2 --channels=4 --pretrained_weights="$weights"
refuse 2 'expected one of them' "$joint" $both --images_per_class=2 --load=whole --pretrained_weights="$weights"
refuse 1 'there is no such folder' "$joint" $both --data_dir=none
refuse 1 'none' "$joint" $both --images_a=none
refuse 1 'cannot' "$joint" $tiny --images_per_class=2 --export_weights=none/w
refuse 1 'expected at least' "$hmem" $both --images_per_class=3
refuse 1 '--test_timesteps=2-6: the smallest class of the test images has 5, expected at least 6 for 5 pairs' \
  "$hmem" $both --images_per_class=5 --test_timesteps=2-6
refuse 2 'found without --use_pretrained_convnet=1' "$hmem" $both $few --pretrained_weights="$weights"
refuse 2 'the file of --export_weights' "$joint" $tiny --images_per_class=2 --save=f --export_weights=f
cp "$weights" f
mkdir weights
cp "$weights" weights/convnet14_embedded.safetensors
for flag in save out checkpoint; do
  for name in f ./f; do
    refuse 2 'the file of --pretrained_weights' "$joint" $tiny --images_per_class=2 --pretrained_weights=f --$flag=$name
    refuse 2 'the file of --pretrained_weights' "$hmem" $tiny $few --use_pretrained_convnet=1 --pretrained_weights=f --$flag=$name
  done
  export HMEM_DATA=.
  refuse 2 'the file of the pretrained ConvNet' "$lstm" $tiny $few --use_pretrained_convnet=1 --$flag=weights/convnet14_embedded.safetensors
  unset HMEM_DATA
done
refuse 2 'the file of --pretrained_weights' "$joint" $tiny --images_per_class=2 --pretrained_weights=f --export_weights=./f
cmp -s f "$weights" && cmp -s weights/convnet14_embedded.safetensors "$weights" || die 'the pretrained weights were replaced'
for flag in save checkpoint; do
  refuse 2 "--limit_steps: found with --$flag" "$lstm" $tiny $few --limit_steps=1 --$flag=s
done
refuse 2 '--limit_steps: found with --export_weights' "$joint" $tiny $few --limit_steps=1 --export_weights=s
refuse 2 'found with --validation_split=0' "$hmem" $tiny $few --keep_best --validation_split=0
refuse 2 'which has its own ConvNet' "$hmem" $tiny --images_per_class=4 --epochs=0 --load=retrained --pretrained_weights=f
refuse 1 'expected one for pictures' "$hmem" $both --images_per_class=4 --strips="$weights" --epochs=0
ln -s loop loop
refuse 1 'loop: cannot be examined' "$hmem" $both --images_per_class=4 --strips=loop --epochs=0
}
