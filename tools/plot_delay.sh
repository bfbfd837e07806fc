#!/bin/sh
# Draws the delay curve of bin/image_association_sweep with gnuplot: for each model (and setting) the mean test accuracy
# over runs with bars from the smallest to the largest.
# Usage: tools/plot_delay.sh [CSV [IMAGE]] (results/image/delay.csv, docs/images/delay.svg; IMAGE is SVG or PNG)
set -u
csv=${1:-results/image/delay.csv}
image=${2:-docs/images/delay.svg}
fail() {
  echo "plot_delay: error: $*" >&2
  exit 1
}
case $image in
  *.svg) terminal='svg size 640,420 font "sans-serif,13" background "white"' ;;
  *.png) terminal='pngcairo size 960,630 font "sans,13"' ;;
  *) fail "$image: expected a name that ends in .svg or .png" ;;
esac
[ -r "$csv" ] || fail "$csv: cannot be read, expected what bin/image_association_sweep wrote"
command -v gnuplot > /dev/null || fail 'gnuplot is not installed, and nothing but this script needs it: install gnuplot'
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
case $image in */*) mkdir -p "${image%/*}" || exit 1 ;; esac

# One data block for each curve, "delay mean smallest largest", then the plot command.
awk -F, -v file="$csv" '
{ sub(/\r$/, "") }
NR == 1 {
  if ($0 !~ /^model,delay,run,seed,epochs,val_acc,test_acc(,settings)?$/) {
    print "plot_delay: error: " file ":1: found \"" $0 "\", expected model,delay,run,seed,epochs,val_acc,test_acc" \
      > "/dev/stderr"
    exit bad = 1
  }
  next
}
$2 !~ /^[0-9]+$/ || $7 !~ /^[0-9.]+$/ {
  print "plot_delay: error: " file ":" NR ": found \"" $0 "\", expected a delay and a test accuracy" > "/dev/stderr"
  exit bad = 1
}
{
  name = $1 == "hmem" ? "H-Mem" : $1 == "lstm" ? "LSTM" : $1
  if ($8 != "") name = name ", " $8
  if (!(name in curve)) {
    curve[name] = ++curves
    names[curves] = name
  }
  c = curve[name]
  if (!((c, $2) in count)) delays[c] = delays[c] " " $2
  ++count[c, $2]
  sum[c, $2] += $7
  if (count[c, $2] == 1 || $7 + 0 < low[c, $2]) low[c, $2] = $7 + 0
  if (count[c, $2] == 1 || $7 + 0 > high[c, $2]) high[c, $2] = $7 + 0
}
END {
  if (bad) exit 1
  if (!curves) {
    print "plot_delay: error: " file ": holds no run" > "/dev/stderr"
    exit 1
  }
  for (c = 1; c <= curves; ++c) {
    print "$curve" c " << END_OF_CURVE"
    points = split(delays[c], at, " ")
    for (i = 2; i <= points; ++i) {  # by delay
      for (j = i; j > 1 && at[j] + 0 < at[j - 1] + 0; --j) {
        swap = at[j]
        at[j] = at[j - 1]
        at[j - 1] = swap
      }
    }
    for (i = 1; i <= points; ++i) print at[i], sum[c, at[i]] / count[c, at[i]], low[c, at[i]], high[c, at[i]]
    print "END_OF_CURVE"
  }
  line = "plot"
  for (c = 1; c <= curves; ++c) {
    title = names[c]
    gsub(/_/, " ", title)  # no subscripts
    line = line (c > 1 ? ", " : " ") "$curve" c " using 1:2:3:4 with yerrorlines linewidth 2 pointtype " \
      (c == 1 ? 7 : c == 2 ? 5 : 8 + c) " title \"" title "\""
  }
  print line
}' "$csv" > "$work/plot" || exit 1

{
  echo "set terminal $terminal"
  echo "set output '$work/image'"
  cat << 'END'
set xlabel "delay: frames of padding after every pair"
set ylabel "test accuracy (%)"
set yrange [0:102]
set offsets graph 0.04, graph 0.04, 0, 0
set grid ytics linecolor rgb "#dddddd"
set key bottom left
END
  cat "$work/plot"
} > "$work/script"
gnuplot "$work/script" || fail "gnuplot could not draw $image"
[ -s "$work/image" ] || fail "gnuplot wrote nothing for $image"
if ! cp "$work/image" "$image.part" || ! mv "$image.part" "$image"; then fail "$image: cannot be written"; fi
