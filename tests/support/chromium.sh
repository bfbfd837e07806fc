# For tests of pages, which source this: $work is a folder, $failed is set by fail. Without Chromium the test ends here.

chromium=${CHROMIUM:-}
for name in chromium chromium-browser google-chrome; do
  if [ -z "$chromium" ] && command -v $name > /dev/null; then chromium=$name; fi
done
if [ -z "$chromium" ]; then
  echo 'SKIPPED: pages in a browser: there is no chromium (tools/setup.sh --ci installs it)'
  exit "$failed"
fi

# load FILE FLAGS...: the page as it is after its script, in $work/dom; no host can be reached
load() {
  file=$1
  shift
  HOME=$work timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
    --user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr "$@" --dump-dom \
    "file://$(readlink -f "$file")" > "$work/dom" 2> "$work/browser" || fail "$file: chromium fails: $(tail -3 "$work/browser")"
}
# browse FILE FLAGS...: the same for a page that must not report an error
browse() {
  load "$@"
  if grep CONSOLE "$work/browser"; then fail "$file: messages on the console"; fi
}

# Keys as a person presses them, through Chromium's own protocol: messages of JSON that end in a zero byte, on the
# descriptors 3 and 4. Nothing sleeps: every message waits for its reply, every condition for the page.
# open_page FILE, then press and holds, then close_page.
open_page() {
  file=$1 message=0
  mkfifo "$work/to" "$work/from" "$work/lines"
  HOME=$work timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
    --user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --remote-debugging-pipe \
    3< "$work/to" 4> "$work/from" 2> "$work/browser" &
  exec 5> "$work/to"
  stdbuf -o0 tr '\000' '\n' < "$work/from" > "$work/lines" &
  exec 6< "$work/lines"
  session=
  ask Target.createTarget '"url":"about:blank"'
  ask Target.attachToTarget "\"flatten\":true,\"targetId\":\"$(value targetId)\""
  session=$(value sessionId)
  ask Emulation.setFocusEmulationEnabled '"enabled":true'
  ask Page.enable
  ask Page.navigate "\"url\":\"file://$(readlink -f "$file")\""
  reply_with '"method":"Page.loadEventFired"'
}
close_page() {
  session=
  ask Browser.close
  exec 5>&- 6<&-
  wait
  rm "$work/to" "$work/from" "$work/lines"
  if grep CONSOLE "$work/browser"; then fail "$file: messages on the console"; fi
}
# reply_with TEXT: the next message that has it becomes $reply
reply_with() {
  while read -r reply <&6; do
    case $reply in *"$1"*) return ;; esac
  done
  fail "$file: chromium ends: $(tail -3 "$work/browser")"
}
# ask METHOD [PARAMETERS]
ask() {
  message=$((message + 1))
  printf '{"id":%d,"method":"%s","params":{%s}%s}\000' "$message" "$1" "${2:-}" "${session:+,\"sessionId\":\"$session\"}" >&5
  reply_with "\"id\":$message,"
}
value() { printf '%s\n' "$reply" | sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
# press [Shift+]KEY...: names as in KeyboardEvent.key, Space for the blank
press() {
  for key; do
    name=${key#Shift+} text=
    case $name in
      Tab) code=9 ;; Enter) code=13 text='\r' ;; Escape) code=27 ;; Space) code=32 text=' ' name=' ' ;;
      End) code=35 ;; Home) code=36 ;; ArrowLeft) code=37 ;; ArrowUp) code=38 ;; ArrowRight) code=39 ;; ArrowDown) code=40 ;;
      *) fail "no key $key" ;;
    esac
    of="\"key\":\"$name\",\"code\":\"${key#Shift+}\",\"windowsVirtualKeyCode\":$code"
    if [ "$name" != "$key" ] && [ "$name" != ' ' ]; then of="$of,\"modifiers\":8"; fi
    ask Input.dispatchKeyEvent "\"type\":\"keyDown\",$of${text:+,\"text\":\"$text\"}"
    ask Input.dispatchKeyEvent "\"type\":\"keyUp\",$of"
  done
}
# evaluate JAVASCRIPT
evaluate() {
  ask Runtime.evaluate "\"awaitPromise\":true,\"expression\":\"$(printf '%s' "$1" | tr '\n' ' ' | sed 's/[\\"]/\\&/g')\""
}
# holds WHAT CONDITION: the page fulfils it, now or within ten seconds; `byId` is getElementById, `at` has the focus
holds() {
  evaluate "new Promise((done) => { const end = performance.now() + 10000, byId = (id) => document.getElementById(id);
    const look = () => { const at = document.activeElement; if ($2) done('holds');
    else if (performance.now() > end) done('the focus is on ' + at.tagName + ' ' + at.id); else requestAnimationFrame(look); }; look(); })"
  case $reply in *'Inspected target navigated'*) holds "$@"; return ;; esac
  [ "$(value value)" = holds ] || fail "$file: not so: $1 ($(printf '%s' "$reply" | cut -c 1-600))"
}
# tab_to CONDITION: presses Tab until `at`, which has the focus, fulfils it
tab_to() {
  for _ in 1 2 3 4 5 6 7 8 9; do
    for _ in 1 2 3 4 5 6 7 8 9; do
      press Tab
      evaluate "{ const at = document.activeElement; String(Boolean($1)); }"
      [ "$(value value)" = true ] && return
    done
  done
  fail "$file: Tab does not reach: $1"
}
