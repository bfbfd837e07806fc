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
