#!/bin/sh
# bin/image_association_sweep on embedded images: killed and continued, partial and full results, a failed run, invalid
# flags, a list for other machines; pictures of examples.
# Usage: [BIN=DIR] tests/scripts/image_sweep_test.sh
# shellcheck disable=SC2015  # || die after && is intended
set -u
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
bin=$(cd "${BIN:-bin}" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset HMEM_DATA HMEM_KERNELS
sweep=$bin/image_association_sweep
small='--data_dir=embedded --images_per_class=4 --batch_size_per_replica=8 --noise_frames=3'
die() {
  echo "$*"
  tail -n 8 out err 2> /dev/null
  exit 1
}

# shellcheck disable=SC2086  # lists of flags
{
  # Killed after its first run, while those that it started may still run; continued to its end.
  flags="--delays=0,2 --runs=1 --jobs=2 $small --epochs=1 --timesteps=2 --test_timesteps=2-3 --out=runs"
  "$sweep" $flags > out 2> err &
  process=$!
  while kill -0 "$process" 2> /dev/null && [ ! -e runs/delay.csv ]; do sleep 0.01; done
  { kill -s KILL "$process"; wait "$process"; } 2> /dev/null
  [ "$(sed -n 1p runs/delay.csv)" = 'model,delay,run,seed,epochs,val_acc,test_acc' ] || die 'wrong heading of the CSV'
  before=$(sed 1d runs/delay.csv)
  "$sweep" $flags > out 2> err || die 'the continued sweep failed'
  [ "$(grep -c -E ' state=(done|kept)$' out)" -eq 4 ] || die 'expected four runs'
  first=$(echo "$before" | sed -n '1s/^\([a-z]*\),\([0-9]*\),.*/\1_delay\2_seed1/p')
  grep -q "^run=$first .* state=kept\$" out || die "the finished run $first was repeated"
  grep -q '^final runs=4 failed=0 ' out || die 'no final line'
  [ "$(wc -l < runs/delay.csv)" -eq 5 ] || die 'expected four lines of results'
  grep -qF -e "$(echo "$before" | sed -n 1p)" runs/delay.csv || die 'a line of the CSV was lost'
  grep -q -E '^lstm,2,1,1,1,[0-9.]*,[0-9.]+$' runs/delay.csv || die 'no line of the LSTM with delay 2'
  [ "$(grep -c -E '^\| (hmem|lstm) \| (0|2) \| 1 \| 1 \|' runs/delay.md)" -eq 4 ] || die 'wrong Markdown table'
  grep -qF '| model | delay | trained with | 2 pairs | 3 pairs |' runs/delay.md || die 'no table of other numbers of pairs'
  "$sweep" $flags --csv=curve.csv --table=curve.md > out 2> err || die 'the third sweep failed'
  [ "$(grep -c ' state=kept$' out)" -eq 4 ] || die 'finished runs were repeated'
  cmp -s curve.csv runs/delay.csv && cmp -s curve.md runs/delay.md || die '--csv and --table: different results'

  # One model for several delays, beside results from elsewhere.
  "$bin/image_association_nearest" --data_dir=embedded --images_per_class=10 --delays=0,2 --feature_cache=none \
    --csv=nearest.csv > out 2> err || die 'the nearest keys failed'
  [ "$(grep -c '^nearest,[02],1,1,0,,[0-9.]*$' nearest.csv)" -eq 2 ] || die 'wrong CSV of the nearest keys'
  for _ in 1 2; do
    "$sweep" --models=hmem --delays=1 --runs=1 $small --epochs=1 --test_delays=0-1,3 --with=nearest.csv,runs/delay.csv \
      --out=one --svg=one.svg --html=one.html > out 2> err || die 'one model for several delays: the sweep failed'
    [ "$(grep -c '^hmem,[013],1,1,1,[0-9.]*,[0-9.]*,trained with delay 1$' one/delay.csv)" -eq 3 ] || die 'no three delays'
    [ "$(wc -l < one/delay.csv)" -eq 4 ] || die 'expected the three results of the sweep'
    [ "$(grep -c '^| \(hmem\|lstm\|nearest\) |' one/delay.md)" -eq 9 ] || die 'expected 3, 2 and 4 results in the table'
    grep -q 'nearest, mean' one.svg || die 'other results are not in the figure'
  done
  grep -q ' state=kept$' out || die 'a finished run was repeated'
  "$sweep" --models=hmem --delays=1 --runs=1 $small --epochs=1 --out=one --with=none.csv > out 2> err && die 'read no file'
  grep -q 'none.csv' err || die 'no word about the missing file'
  "$sweep" --models=hmem --delays=1 --runs=1 $small --epochs=1 --out=one --with=nearest.csv --csv=nearest.csv > out 2> err
  [ $? -eq 2 ] || die 'one file for --with and --csv'
  cp one/delay.csv copy.csv
  for twice in one/delay.csv nearest.csv,nearest.csv; do
    "$sweep" --models=hmem --delays=1 --runs=1 $small --epochs=1 --test_delays=0-1,3 --out=one --with=$twice > out 2> err
    [ $? -eq 2 ] || die "results twice: $twice"
  done
  "$sweep" --models=hmem --delays=2 --runs=1 $small --epochs=1 --out=one --with=./one/delay.csv > out 2> err
  [ $? -eq 2 ] || die 'results of an earlier sweep would have been lost'
  cmp -s copy.csv one/delay.csv || die 'a refused sweep changed its results'

  # SIGTERM is passed on, and the runs save.
  "$sweep" --models=hmem --delays=0 --runs=1 $small --epochs=100000 --out=stop > out 2> err &
  process=$!
  while kill -0 "$process" 2> /dev/null && ! grep -q '^epoch=' stop/hmem_delay0_seed1/run.log 2> /dev/null; do
    sleep 0.01
  done
  kill -s TERM "$process"
  wait "$process"
  status=$?
  [ "$status" -eq 143 ] || die "SIGTERM: exit $status, expected 143"
  [ -s stop/hmem_delay0_seed1/checkpoint.safetensors ] || die 'the run did not save'
  [ ! -e stop/delay.csv ] || die 'results without a finished run'

  # A run that fails is reported, the others continue; what was varied has a column.
  "$sweep" --models=hmem --delays=0 --runs=1 --jobs=1 $small --epochs=1 --learning_rate=1e30,0.001 --out=fail \
    --csv=fail/delay.csv > out 2> err
  status=$?
  [ "$status" -eq 1 ] || die "a failed run: exit $status, expected 1"
  grep -q 'model=hmem delay=0 seed=1 state=failed error=' out || die 'the failed run was not reported'
  grep -q '^final runs=2 failed=1 ' out || die 'no final line after a failed run'
  grep -q '^hmem,0,1,1,1,.*,learning_rate=0.001$' fail/delay.csv || die 'the other run is not in the CSV'
  grep -qF ', 1 run still missing:' fail/delay.md || die 'the table does not say that a run is missing'

  # Invalid flags stop it before anything starts.
  for wrong in --epohcs=2 --delay=3 --delays=0-2000 --models=gru --models=hmem,hmem --memory_size=1,x --random_state=2 \
    --strips=s --test_timesteps=1-3 '--models=hmem --hidden_size=3' --runs=0 --pretrained_weights=w \
    '--keep_best --validation_split=0' --unseen_validation=1 --split_frames=1 \
    '--unseen_validation=1 --use_pretrained_convnet=1 --redraw_examples=1' ''; do
    "$sweep" $wrong ${wrong:+--out=none} > out 2> err
    status=$?
    [ "$status" -eq 2 ] || die "'$wrong': exit $status, expected 2"
    [ "$(wc -l < err)" -eq 1 ] || die "'$wrong': expected one line"
    [ ! -e none ] || die "'$wrong': something was written"
  done
  for wrong in --data_dir=none2 --images_b=none2; do
    "$sweep" --out=none $wrong > out 2> err
    [ $? -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] && [ ! -e none ] || die "'$wrong': expected one line before the first run"
    grep -q 'none2: there is no such folder' err || die "'$wrong': expected that there is no such folder"
  done
  "$sweep" --out=runs/delay.csv/x > out 2> err
  [ $? -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] || die 'a file in the place of a folder: expected one line'
  grep -q "cannot make the folder 'runs/delay.csv/x'" err || die 'a file in the place of a folder is not named'
  "$sweep" --csv=f --table=./f --out=none > out 2> err
  [ $? -eq 2 ] && grep -q 'the file of --csv' err && [ ! -e none ] || die 'one file for CSV and table'
  "$sweep" --csv=none2/x.csv --out=none > out 2> err
  [ $? -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] && [ ! -e none ] || die 'a folder whose name begins like that of --out'
  "$sweep" --csv=other/x.csv --out=none > out 2> err
  [ $? -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] && [ ! -e none ] || die 'a CSV that cannot be written'

  # The list of command lines.
  "$sweep" --delays=0,2 --runs=2 $small --hidden_size=10,20 --out='with blank' --print > list 2> err || die '--print failed'
  [ "$(wc -l < list)" -eq 12 ] || die '--print: expected 4 lines of H-Mem and 8 of the LSTM'
  [ "$(grep -c -e '/image_association_task .*--hidden_size' list)" -eq 0 ] || die 'H-Mem got a flag of the LSTM'
  [ ! -e 'with blank' ] || die '--print wrote something'

  # Pictures of examples.
  "$bin/image_association_task" $small --random_state=1 --delay=1 --epochs=0 --strips=strips --strip_examples=2 > out 2> err
  status=$?
  if grep -q 'cannot write PNG' err; then
    [ "$status" -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] && [ ! -e strips ] || die 'strips without stb: expected one line'
  else
    [ "$status" -eq 0 ] || die "strips: exit $status"
    [ "$(find strips -name 'example[01]_answer_[0-9].png' | wc -l)" -eq 2 ] || die 'expected two strips'
  fi
}
