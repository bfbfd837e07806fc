#!/bin/sh
# The playground (make wasm): one small file that, in Chromium with all hosts unreachable, trains task 1 until it is solved,
# with the losses of the program in every printed digit; its controls have names and can be reached; without a script its
# text is there. Skipped without clang, lld and WASI's libraries, or without Chromium.
# Usage: [BUILD='g++ -pthread ...'] [LIBRARY=libhmem.a] [LIBS=-lopenblas] [CHROMIUM=PROGRAM] tests/scripts/wasm_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
page=$PWD/build/wasm/playground.html
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset HMEM_DATA HMEM_KERNELS MAKEFLAGS MFLAGS MAKELEVEL
failed=0
fail() {
  echo "$*"
  failed=1
}

missing=$(tools/setup.sh --check --ci | sed -n 's/^setup: missing: //p' | tr ' ' '\n' | grep -E '^(clang|lld|wasi-|lib.*(wasm32|rt)|wasi)' | tr '\n' ' ')
if [ -n "$missing" ]; then
  echo "SKIPPED: the playground: there is no ${missing}(tools/setup.sh --ci installs it)"
  exit 0
fi
nice -n 5 make WERROR=1 JOBS="$(nproc)" wasm > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
[ "$(wc -c < "$page")" -lt 1000000 ] || fail "$page has 1 MB or more"
if grep -nE '(src|href|action)=|@import|url\(|fetch\(' "$page" | cut -c1-200 | grep .; then fail 'the page asks for something'; fi

. ./tests/support/chromium.sh
# The program with the built-in matrix product, as in the page.
cat > "$work/builtin.cpp" << 'END'
#include "hmem/kernels/blas.h"
const int chosen = (hmem::select_gemm_backend(hmem::GemmBackend::builtin), 0);
END
# shellcheck disable=SC2086  # compiler and libraries with flags
${BUILD:-g++ -pthread} -std=c++17 -O0 -Iinclude -Isrc "$work/builtin.cpp" src/experiments/babi_task_single.cpp \
  "${LIBRARY:-build/release/libhmem.a}" ${LIBS--lopenblas} -o "$work/native" || fail 'the program does not build'

# try SCRIPT FLAGS...: the page in $work/dom as it is when done() is called; the load event, for which Chromium waits,
# is held back until then
try() {
  { sed '/^<\/body>$/,$d' "$page"; printf '%s\n' '<script>' 'const byId = (id) => document.getElementById(id);' \
    'const hold = document.body.appendChild(document.createElement("iframe")), begun = performance.now();' \
    'hold.contentDocument.open();' 'function done(words) {' \
    '  document.body.dataset.done = words; document.body.dataset.ms = Math.round(performance.now() - begun);' \
    '  hold.contentDocument.close(); hold.remove();' '}' \
    'const soon = (ready, then) => { if (ready()) then(); else setTimeout(soon, 20, ready, then); };' \
    'const solved = () => document.title.startsWith("Solved");' "$1" '</script>' '</body>' '</html>'; } > "$work/tried.html"
  shift
  browse "$work/tried.html" --timeout=100000 "$@"
  found=$(sed -n 's/.*<body[^>]* data-done="\([^"]*\)".*/\1/p' "$work/dom")
}

# compare SIDE HOPS RATE PLUS MINUS SEED FLAGS...: trains until solved in the page and in the program
compare() {
  side=$1 hops=$2 rate=$3 plus=$4 minus=$5 seed=$6
  shift 6
  try "Object.entries({side: $side, hops: $hops, rate: $rate, plus: $plus, minus: $minus, seed: $seed, pace: 0})
      .forEach(([id, value]) => { byId(id).value = value; });
    byId('start').click();
    const rows = () => [...document.querySelectorAll('#epochs tr')].map((row) => [...row.cells].map((cell) => cell.textContent).join(' '));
    const test = () => Object.values(JSON.parse(byId('status').dataset.test)).join(' ');
    soon(solved, () => done([...rows(), 'test ' + test()].join(';')));" "$@"
  echo "$found" | tr ';' '\n' > "$work/page"
  HMEM_KERNELS=generic "$work/native" --task_id=1 --data_dir=generated --training_set_size=1k --memory_size="$side" --embeddings_size="$side" \
    --hops="$hops" --learning_rate="$rate" --gamma_pos="$plus" --gamma_neg="$minus" --random_state="$seed" --threads=1 --epochs=200 \
    --stop_when_solved=2 --verbose=2 |
    sed -n -e 's/^epoch=\([^ ]*\) train_loss=\([^ ]*\) train_error=\([^ ]*\) val_loss=\([^ ]*\) val_error=\([^ ]*\) .*/\1 \2 \3 \4 \5/p' \
      -e 's/^final.* test_loss=\([^ ]*\) test_error=\([^ ]*\) .*/test \1 \2/p' > "$work/program"
  [ "$(wc -l < "$work/program")" -gt 5 ] || fail 'the program printed too few epochs'
  diff "$work/program" "$work/page" > "$work/diff" || fail "page and program differ: $* $(head -20 "$work/diff")"
  echo "side $side: $(($(wc -l < "$work/page") - 1)) epochs in the page, $(sed -n 's/.*<body[^>]* data-ms="\([^"]*\)".*/\1/p' "$work/dom") ms"
}
compare 40 3 0.01 0.01 0.01 1
compare 24 2 0.02 0.02 0.005 7 --force-prefers-reduced-motion
# Wrong numbers are noticed.
sed -i 's/^3 ./3 9/' "$work/page"
cmp -s "$work/program" "$work/page" && fail 'a wrong loss is not noticed'

try "
  const words = [], text = (id) => byId(id).textContent, count = () => byId('epochs').rows.length;
  byId('pace').value = 0;
  byId('step').click();
  soon(() => count() === 1 && !byId('ask').disabled, () => {
    words.push('step');
    byId('reset').click();
    soon(() => text('status') === 'An untrained network.', () => {
      if (count() === 0) words.push('reset');
      byId('start').click();
      soon(() => count() >= 3, () => {
        byId('pause').click();
        if (text('status').startsWith('Paused')) words.push('pause');
        byId('start').click();
        soon(solved, ask);
      });
    });
  });
  function ask() {
    words.push('solved');
    byId('words').value = 'Mary went to the zoo';
    byId('ask').click();
    soon(() => text('reply').includes('no question'), () => {
      words.push('refused');
      byId('words').value = 'Mary went to the kitchen.\\nJohn moved to the garden.\\nMary journeyed to the office.\\nWhere is <b>Mary</b>?';
      byId('ask').click();
      soon(() => text('reply').includes('office'), () => {
        if (byId('asked_terms').rows.length === 3 && !document.querySelector('#reply b')) words.push('answered');
        const controls = [...document.querySelectorAll('input, button, textarea, summary')].filter((e) => e.checkVisibility() && !e.disabled);
        const reached = controls.filter((e) => { e.focus(); return document.activeElement === e && e.tabIndex === 0; });
        const named = controls.filter((e) => e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length);
        if (controls.length > 10 && reached.length === controls.length) words.push('reached');
        if (named.length === controls.length) words.push('named');
        if ([...document.querySelectorAll('canvas, svg')].every((e) => e.getAttribute('aria-label'))) words.push('pictures');
        document.documentElement.style.width = '390px';
        const wide = [...document.body.querySelectorAll('*')].filter((e) => !e.parentElement.closest('.wide, noscript') && e !== hold && e.getBoundingClientRect().right > 390.5);
        words.push(wide.length ? wide.map((e) => e.tagName + e.id).join() : 'narrow');
        done(words.join(' '));
      });
    });
  }"
[ "$found" = 'step reset pause solved refused answered reached named pictures narrow' ] || fail "controls: found '$found'"

# Without a script: the text, and no control.
sed "s/script-src [^;]*;/script-src 'none';/" "$page" > "$work/tried.html"
load "$work/tried.html"
grep -q 'id="controls" hidden' "$work/dom" || fail 'controls are shown without a script'
grep -q 'Scripts are off' "$work/dom" || fail 'no text without a script'
exit "$failed"
