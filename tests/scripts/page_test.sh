#!/bin/sh
# The page of bin/babi_explain: docs/explore.html is what the program writes; terminal, JSON and page have the same
# numbers; in Chromium, with all hosts unreachable, the page computes them again for models of every option, without an
# error; it is complete without a script, works on a narrow screen, and its controls have names and do what they say,
# by mouse and by keys. The page of bin/babi_report works by keys.
# Usage: [BIN=DIR] [CHROMIUM=PROGRAM] tests/scripts/page_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. ./tests/support/program.sh
failed=0
fail() {
  echo "$*"
  failed=1
}
explain() { timeout 120 "$bin/babi_explain" "$@" < /dev/null > "$out" 2> "$err"; }

# ---- What needs no browser -------------------------------------------------------------------------------------------
shipped=$root/datasets/weights/babi_task
# The numbers do not come from the kernels: another instruction set writes the same file.
for kernels in auto generic; do
  HMEM_KERNELS=$kernels explain --load="${shipped}2.safetensors" --data_dir=generated --story=3 --html=explore.html ||
    fail "babi_explain fails: $(cat "$err")"
  cmp "$root/docs/explore.html" explore.html || fail "docs/explore.html is not what the program writes ($kernels): run make docs"
done
[ "$(wc -c < explore.html)" -lt 300000 ] || fail 'docs/explore.html has 300 KB or more'
explain --load="${shipped}16.safetensors" --svg=pictures --png=pictures || fail "no pictures: $(cat "$err")"
for name in writes steers3 total origin left_out logits asked_after forgetting memory pairs; do
  head -c 100 "pictures/$name.svg" | grep -q '<svg xmlns' || fail "no picture $name.svg"
done
for name in memory keys values pairs origin_of_values; do
  [ "$(head -c 4 "pictures/$name.png" | tail -c 3)" = PNG ] || fail "no picture $name.png"
done
rm -r pictures explore.html
# Pages are small, here of up to ten sentences (task 2: more).
for story in 1:5 2:4 15:1 16:1 17:1 19:1; do
  explain --task_id="${story%:*}" --story="${story#*:}" --html=small.html || fail "no page of $story: $(cat "$err")"
  [ "$(wc -c < small.html)" -lt 150000 ] || fail "the page of $story has $(wc -c < small.html) bytes"
done
rm small.html

# refuse STATUS TEXT FLAGS...: found before the question is explained
refuse() {
  status=$1 text=$2
  shift 2
  refused "$status" "$text" "$bin/babi_explain" --load="${shipped}1.safetensors" "$@" < /dev/null
  [ -s "$out" ] && fail "the question was explained before the error: $*"
}
refuse 1 'no/such/folder' --html=no/such/folder/a.html --json=a.json
refuse 1 'not a regular file' --html=..
refuse 2 "--html: found 'a', the file of --json" --html=a --json=a
refuse 2 '--html: found with --all' --html=a --all
touch file
refuse 1 'file' --svg=file
refuse 1 'file' --png=file
rm file

# Models of every option, hardly trained.
model() {
  name=$1
  shift
  timeout 300 "$bin/babi_task_single" --data_dir=generated --task_id=2 --training_set_size=200 --memory_size=20 --embeddings_size=16 \
    --epochs=1 --random_state=1 --threads=1 --quiet --save="$name.model" "$@" > "$out" 2>&1 || fail "no model $name: $(tail -3 "$out")"
}
model plain
model six_hops --hops=6
model one_hop --hops=1
model outer --write_rule=outer
model signed --write_rule=signed --learn_gamma_pos --learn_gamma_neg
model tied --tie_keys --extractor_layers=2
model separate --separate_hops
model sum --read_norm --hop_sum
model norm --read_norm --encodings_type=position_encoding
model answer --answer_layer --batch_norm=none
model writing --read_before_write
model best --read_before_write --read_norm --hop_sum --separate_hops --answer_layer --write_rule=signed --extractor_layers=2
models='plain six_hops one_hop outer signed tied separate sum norm answer writing best'

# numbers KEY: of a list in the JSON, with two digits
numbers() {
  sed -n "s/.*\"$1\":\[\([^]]*\)\].*/\1/p" "$name.json" | tr ',' '\n' | awk '{ text = sprintf("%.2f", $1); print text == "-0.00" ? "0.00" : text }'
}
# cells KIND FILE: the numbers of a column of the page
cells() { grep -o "class=\"[a-z ]*\" data-c=\"$1\"[^>]*>[^<]*" "$2" | sed 's/.*>//'; }
# same WHAT: the two columns agree
same() { cmp -s "$work/a" "$work/b" || fail "$name: $1 differ: $(diff "$work/a" "$work/b" | head -4)"; }

for name in $models; do
  explain --load="$name.model" --story=2 --rows=0 --json="$name.json" --html="$name.html" || fail "$name: $(cat "$err")"
  cp "$out" "$name.txt"
  sed -n 's/.*<script type="application\/json" id="data">//p' "$name.html" | cmp - "$name.json" || fail "$name: the page has another JSON"
  numbers writer > "$work/a"
  cells writes "$name.html" > "$work/b"
  same 'writers in JSON and page'
  sed -n 's/^[* ] *[0-9][0-9]*  //p' "$name.txt" | sed 's/^[^0-9#-]*\(# \)\{0,1\}\([0-9.-]*\).*/\2/' > "$work/b"
  same 'writers in JSON and terminal'
  numbers total > "$work/a"
  cells total "$name.html" > "$work/b"
  same 'totals in JSON and page'
done

# ---- In a browser ----------------------------------------------------------------------------------------------------
. "$root/tests/support/chromium.sh"
# try FILE SCRIPT: a copy of the page with one more script, whose words in `done` are printed
try() {
  { sed '/^<\/body>$/,$d' "$1"; printf '%s\n' '<script>' "const byId = (id) => document.getElementById(id), done = [];" \
    'const input = (id, value) => { byId(id).value = value; byId(id).dispatchEvent(new Event("input")); };' "$2" \
    'document.body.dataset.done = done.join(" ");' '</script>' '</body>' '</html>'; } > tried.html
  shift 2
  browse tried.html "$@"
  sed -n 's/.*<body[^>]* data-done="\([^"]*\)".*/\1/p' "$work/dom"
}
# The test itself: an error and a request are noticed.
for wrong in 'throw new Error("x");' 'new Image().src = "https://example.org/x.png";'; do
  (try plain.html "$wrong" > /dev/null; exit "$failed") > "$work/log/wrong" && fail "not noticed: $wrong"
done

attribute() { sed -n "s/.*id=\"recomputed\"[^>]* data-$1=\"\([^\"]*\)\".*/\1/p" "$work/dom"; }
for name in $models; do
  browse "$name.html"
  expected=$(sed -n 's/.*"margin":\([^,]*\),"logits".*/\1/p' "$name.json")
  awk -v found="$(attribute margin)" -v expected="$expected" -v worst="$(attribute worst)" \
    'BEGIN { d = found - expected; exit !(found != "" && d < 1e-4 && d > -1e-4 && worst != "" && worst < 1e-5) }' ||
    fail "$name: the page computes the margin $(attribute margin), expected $expected; worst term $(attribute worst)"
  numbers writer > "$work/a"
  cells writes "$work/dom" > "$work/b"
  same 'writers in JSON and after the script'
  # The line of every hop is the same before and after the script.
  sed -n '/<ol id="hops">/,/<\/ol>/s/<li>\(.*\)<\/li>/\1/p' "$name.html" > "$work/a"
  grep -o '<ol id="hops">.*</ol>' "$work/dom" | sed 's/<\/ol>.*//' | sed -e 's/<ol id="hops">//' -e 's/<li>//g' -e 's/<\/li>/\n/g' | sed '/^$/d' > "$work/b"
  same 'hops before and after the script'
done

# The page of a large model has no weights and computes only the memory, except with --json_model.
explain --load="${shipped}16.safetensors" --html=large.html --json=large.json || fail "no page: $(cat "$err")"
sed -n 's/.*<script type="application\/json" id="data">//p' large.html | cmp - large.json || fail 'large.html has a different JSON'
browse large.html
low=$(sed -n 's/.*"memory_low":\([^,]*\),"memory_high":\([^}]*\)}.*/values \1 to \2/p' large.json | awk '{ printf "values %.2f to %.2f", $2, $4 }')
grep -q "id=\"step_text\">[^<]*$low" "$work/dom" || fail "large.html: expected a memory with $low"
[ -z "$(attribute margin)" ] || fail 'large.html computes a margin without weights'
explain --load="${shipped}16.safetensors" --html=whole.html --json_model || fail "no page: $(cat "$err")"
browse whole.html
awk -v worst="$(attribute worst)" 'BEGIN { exit !(worst != "" && worst < 1e-5) }' || fail "whole.html: worst term $(attribute worst)"
open_page large.html
tab_to "at.dataset.t === '6'"
holds 'the focus tells what steered the sentence' "byId('pair_text').textContent.includes('What sentence 7 adds') && byId('pair_text').textContent.includes('the question')"
tab_to "at.id === 'step'"
press Home ArrowRight
holds 'ArrowRight: after sentence 1' "byId('step_text').textContent.includes('after sentence 1')"
close_page

# Without a script: story, answer, table, memory and pictures are there, and no control.
name=plain
sed "s/script-src 'unsafe-inline'/script-src 'none'/" plain.html > bare.html
load bare.html
for text in '<ol class="story"' '<strong id="answer"' 'terms add up to the margin' 'class="terms"' 'class="heat"' '<svg' 'What is exact'; do
  grep -qF -e "$text" "$work/dom" || fail "without a script: no $text"
done
[ -z "$(attribute margin)" ] || fail 'the script ran although scripts are forbidden'
grep -q '<div class="script" hidden' "$work/dom" || fail 'controls are shown without a script'

# Controls: what they do, that they can be reached and have a name.
explain --load="${shipped}2.safetensors" --data_dir=generated --story=3 --html=trained.html || fail 'no page'
found=$(try trained.html '
  const text = (id) => byId(id).textContent, before = text("margin"), cell = () => document.querySelector("tr[data-t=\"7\"] td[data-c=writes]").textContent;
  input("plus", byId("plus").max);
  if (text("margin") !== before && text("changed") !== "") done.push("rates");
  byId("back").click();
  if (text("margin") === before && text("changed") === "") done.push("back");
  input("hop_count", 1);
  if (document.querySelectorAll("#hops li").length === 1 && text("margin") !== before) done.push("hops");
  byId("back").click();
  const box = document.querySelector("#terms tr[data-t=\"7\"] input");
  box.click();
  if (cell() === "0.00" && text("margin") !== before) done.push("left");
  if (text("margin").includes("margin " + JSON.parse(text("data")).left_out[7].margin.toFixed(2))) done.push("exact");
  if (text("verdict") === " (wrong, expected bathroom)" && text("below").includes(" of 8896 ")) done.push("verdict");
  box.focus();
  box.closest("tr").dispatchEvent(new Event("mouseenter"));
  if (text("pair_text").includes("left out")) done.push("told");
  byId("back").click();
  input("step", 0);
  if (text("step_text").includes("empty")) done.push("step");
  byId("next").click();
  if (byId("step").value === "1" && text("step_text").includes("after sentence 1")) done.push("next");
  document.querySelector("#terms tr[data-t=\"1\"] input").focus();
  if (text("pair_text").includes("sentence 2")) done.push("pairs");
  const controls = [...document.querySelectorAll("input, button, summary, [tabindex]")].filter((e) => e.checkVisibility());
  const reached = controls.filter((e) => { e.focus(); return document.activeElement === e && e.tabIndex === 0; });
  const named = controls.filter((e) => e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length);
  if (controls.length > 10 && reached.length === controls.length) done.push("reached");
  done.push(named.length === controls.length ? "named" : controls.filter((e) => !named.includes(e)).map((e) => e.outerHTML).join());')
[ "$found" = 'rates back hops left exact verdict told step next pairs reached named' ] || fail "controls: found '$found'"

# The same by keys alone. Tab stops at every control in the order of the page, each time with a frame, and leaves.
open_page trained.html
holds 'a list of controls' "window.stops = [...document.querySelectorAll('input, button, summary, [tabindex]')].filter((e) => e.checkVisibility()),
  window.before = byId('margin').textContent, stops.length > 20"
evaluate 'String(stops.length)'
count=$(value value)
for i in $(seq 0 $((count - 1))); do
  press Tab
  holds "Tab reaches control $i of $count, with a frame" "at === stops[$i] && getComputedStyle(at).outlineStyle === 'solid'"
done
press Shift+Tab
holds 'Shift+Tab goes back' "at === stops[$((count - 2))]"
press Tab Tab
holds 'Tab leaves the page at its end' "!stops.slice(1).includes(at)"
# Arrows, Home and End move a slider; Enter and Space press a button; Space leaves out a sentence; Escape stops.
tab_to "at.id === 'plus'"
press ArrowRight
holds 'ArrowRight: more growth' "byId('margin').textContent !== before && byId('changed').textContent !== '' && (window.more = Number(at.value)) > 0"
press ArrowLeft ArrowLeft
holds 'ArrowLeft: less growth' "Number(at.value) < more"
press Home
holds 'Home: no growth' "at.value === '0' && byId('margin').textContent.includes('margin 0.00')"
tab_to "at.id === 'hop_count'"
press Home
holds 'Home: one hop' "document.querySelectorAll('#hops li').length === 1"
press ArrowUp
holds 'ArrowUp: two hops' "document.querySelectorAll('#hops li').length === 2"
tab_to "at.id === 'back'"
press Enter
holds 'Enter: back' "byId('margin').textContent === before && byId('changed').textContent === '' && byId('hop_count').value === '3'"
tab_to "at.dataset.told === '7'"
holds 'the focus tells what steered the sentence' "byId('pair_text').textContent.includes('sentence 8')"
press Space
holds 'Space: left out' "!at.checked && byId('verdict').textContent === ' (wrong, expected bathroom)'"
press Space
holds 'Space: written again' "at.checked && byId('margin').textContent === before"
tab_to "at.tagName === 'SUMMARY'"
press Enter
holds 'Enter: open' 'at.parentElement.open'
press Space
holds 'Space: closed' '!at.parentElement.open'
tab_to "at.id === 'step'"
press Home
holds 'Home: before the story' "byId('step_text').textContent.includes('empty')"
press ArrowRight ArrowRight
holds 'ArrowRight: after sentence 2' "byId('step_text').textContent.includes('after sentence 2') && at.getAttribute('aria-valuetext').includes('sentence 2')"
tab_to "at.id === 'next'"
press Enter Space
holds 'Enter and Space: a step each' "byId('step').value === '4'"
press Shift+Tab Home Tab Tab Enter
holds 'Enter: it plays' "at.id === 'play' && at.textContent === 'Pause' && Number(byId('step').value) > 0"
press Escape
holds 'Escape: it stops' "at.textContent === 'Play' && Number(byId('step').value) < 8"
# On a narrow screen tables scroll by the arrows.
ask Emulation.setDeviceMetricsOverride '"width":390,"height":800,"deviceScaleFactor":1,"mobile":false'
press Shift+Tab
tab_to "at.className === 'wide' && at.scrollWidth > at.clientWidth"
press ArrowRight
holds 'ArrowRight: the table scrolls' 'at.scrollLeft > 0'
close_page

# In docs/ of a checkout its texts are links to what exists; elsewhere it has none.
browse trained.html
grep -q '<a ' "$work/dom" && fail 'a page outside of docs/ has links'
mkdir docs
cp trained.html docs/explore.html
browse docs/explore.html
grep -o '<a href="[^"]*' "$work/dom" | sed 's/.*"//' | sort -u > "$work/a"
[ "$(wc -l < "$work/a")" -ge 7 ] || fail "links of docs/explore.html: found $(cat "$work/a")"
while read -r link; do [ -f "$root/docs/$link" ] || fail "docs/explore.html links to $link, which is not there"; done < "$work/a"

# On a phone nothing is wider than the screen but tables, which scroll by themselves. The browser's own window is not made
# that narrow.
for page in best.html trained.html; do
  found=$(try $page 'document.documentElement.style.width = "390px";
    document.querySelectorAll("details").forEach((e) => e.open = true);
    const wide = [...document.body.querySelectorAll("*")].filter((e) => !e.parentElement.closest(".wide") && e.getBoundingClientRect().right > 390.5);
    done.push(document.querySelectorAll(".wide").length > 2, document.body.getBoundingClientRect().width, ...wide.map((e) => e.tagName + e.id));')
  [ "$found" = 'true 390' ] || fail "$page, 390 pixels wide: found '$found'"
done

# ---- The page of babi_report, by keys ---------------------------------------------------------------------------------
mkdir -p runs/one
timeout 300 "$bin/babi_task_single" --data_dir=generated --task_id=1 --training_set_size=200 --memory_size=8 --epochs=2 --random_state=1 \
  --threads=1 --quiet --save=runs/one/model.safetensors --out=runs/one/run.jsonl > "$out" 2>&1 || fail "no run: $(tail -3 "$out")"
report() { timeout 60 "$bin/babi_report" runs --html=report.html > "$out" 2> "$err" || fail "no report: $(cat "$err")"; }
report
command=$(sed -n 's/.*<code>bin\/\(babi_explain --load=runs\/one\/model.safetensors [^<]*\)<\/code>.*/\1/p' report.html)
first=$(expr "$command" : '.* --story=\([0-9]*\) ')
sh -c "'$bin'/$command" < /dev/null > "$out" 2> "$err" || fail "the command of the report fails: $command: $(cat "$err")"
grep -qF '(wrong: the true answer is ' "$out" || fail "question $first: expected a wrong answer, found $(head -1 "$out")"
report
browse report.html
open_page report.html
shown="[...document.querySelectorAll('svg.log')].map((e) => e.checkVisibility())"
press Tab
holds 'Tab: the switch of the axes, with a name and a frame' \
  "at.id === 'axis' && at.labels[0].textContent.includes('linear') && getComputedStyle(at).outlineStyle === 'solid'"
holds 'logarithmic at first' "$shown.length > 2 && !$shown.includes(false) && !document.querySelector('svg.linear').checkVisibility()"
press Space
holds 'Space: linear' "!$shown.includes(true) && document.querySelector('svg.linear').checkVisibility()"
press Space
holds 'Space: logarithmic again' "!$shown.includes(false)"
tab_to "at.closest('td.wrong')"
press Enter
holds 'Enter: the questions of this cell' "document.querySelector('li:target').id === decodeURIComponent(location.hash).slice(1)
  && document.querySelector('li:target').getBoundingClientRect().bottom <= innerHeight"
tab_to "at.closest('li')"
holds 'the explained question' "at.textContent === '$first'"
press Enter
holds 'Enter: its explanation' "location.pathname.endsWith('/runs/one/explain_task1_story$first.html') && byId('verdict')?.textContent.includes('wrong')"
close_page
exit "$failed"
