#!/bin/sh
# Tests datasets/fetch.sh without the network: curl and wget are replaced by stand-ins, and the data set is
# a tiny one with its own checksums, so that no real data are needed.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# The script with a list of our two files. The file known by its blob id is left out, as in a partial copy.
mkdir -p "$work/datasets" "$work/copy/tasks_1-20_v1-2/en" "$work/copy/tasks_1-20_v1-2/en-10k" "$work/fake"
cp datasets/fetch.sh "$work/datasets/"
stories=$work/copy/tasks_1-20_v1-2
printf '1 A b.\n2 Where?\tc\t1\n' > "$stories/en/qa1_one_train.txt"
printf '1 D e.\n2 Where?\tf\t1\n' > "$stories/en-10k/qa1_one_train.txt"
echo licence > "$stories/LICENSE.txt"
echo other > "$stories/en/unlisted.txt"
(cd "$stories" && sha256sum en/qa1_one_train.txt en-10k/qa1_one_train.txt) > "$work/datasets/babi.sha256"
(cd "$work/copy" && tar -czf "$work/babi.tar.gz" tasks_1-20_v1-2)
for program in curl wget; do
  cat > "$work/fake/$program" << END
#!/bin/sh
echo "\$@" >> "$work/asked"
[ -n "\${SERVED:-}" ] || exit 6
while [ "\$1" != -o ] && [ "\$1" != -O ]; do shift; done
cp "\$SERVED" "\$2"
END
  chmod +x "$work/fake/$program"
done
PATH=$work/fake:$PATH
export PATH

. ./tests/support/fetch.sh

nothing_in() { [ -z "$(find "$1" -type f 2> /dev/null)" ]; }
absent() { [ ! -e "$1" ]; }

check 'no data set' 2 'which data set?'
check 'unknown data set' 2 "unknown data set 'imagenet'" imagenet
check 'unknown argument' 2 "unknown argument '--form'" babi --form x
check 'option without value' 2 '--from needs a value' babi --from
check 'no such copy' 1 'there is no such file or folder' babi --from "$work/none" --to "$work/to"
check 'a folder without stories' 1 'holds neither en/ nor en-10k/' babi --from "$work/fake" --to "$work/to"
check 'a file that is not an archive' 1 'is not the archive' babi --from "$stories/LICENSE.txt" --to "$work/to"
holds 'nothing was written' nothing_in "$work/to"

check 'folder above, with the missing file listed' 0 'en-10k/qa3_three-supporting-facts_train.txt' \
  babi --from "$work/copy" --to "$work/to"
target=$work/to/babi/tasks_1-20_v1-2
holds 'stories copied' cmp -s "$stories/en/qa1_one_train.txt" "$target/en/qa1_one_train.txt"
holds 'large set copied' cmp -s "$stories/en-10k/qa1_one_train.txt" "$target/en-10k/qa1_one_train.txt"
holds 'licence copied' cmp -s "$stories/LICENSE.txt" "$target/LICENSE.txt"
holds 'nothing else copied' absent "$target/en/unlisted.txt"
holds 'no work folder left' test -z "$(find "$work/to/babi" -name '.fetch.*')"
check 'again, names the licence' 0 'CC BY 3.0' babi --from="$stories" --to="$work/to"
check 'archive' 0 '2 files verified' babi --from "$work/babi.tar.gz" --to "$work/archive"
holds 'archive unpacked' \
  cmp -s "$stories/en/qa1_one_train.txt" "$work/archive/babi/tasks_1-20_v1-2/en/qa1_one_train.txt"

cp -R "$work/copy" "$work/bad"
echo '3 X.' >> "$work/bad/tasks_1-20_v1-2/en/qa1_one_train.txt"
check 'a corrupted file is named' 1 '  en/qa1_one_train.txt' babi --from "$work/bad" --to "$work/to_bad"
holds 'nothing half-copied' nothing_in "$work/to_bad"
check 'a corrupted copy does not replace a good one' 1 'nothing was copied' babi --from "$work/bad" --to "$work/to"
holds 'the good one is untouched' cmp -s "$stories/en/qa1_one_train.txt" "$target/en/qa1_one_train.txt"

cp -R "$work/copy" "$work/part"
rm -r "$work/part/tasks_1-20_v1-2/en"
check 'a smaller copy does not replace a larger one' 1 'the new copy only 1' babi --from "$work/part" --to "$work/to"
check 'a partial copy is listed' 0 '  en/qa1_one_train.txt' babi --from "$work/part" --to "$work/to_part"
check 'a larger copy replaces a smaller one' 0 '2 files verified' babi --from "$work/copy" --to "$work/to_part"
holds 'replaced' cmp -s "$stories/en/qa1_one_train.txt" "$work/to_part/babi/tasks_1-20_v1-2/en/qa1_one_train.txt"

cp -R "$work/copy" "$work/blob"
printf 'not the real one\n' > "$work/blob/tasks_1-20_v1-2/en-10k/qa3_three-supporting-facts_train.txt"
check 'the file known by its blob id is checked' 1 '  en-10k/qa3_three' babi --from "$work/blob" --to "$work/to_blob"
# The same check on a file whose id is known: printf 'hello\n' | git hash-object --stdin
sed 's/^blob_id=.*/blob_id=ce013625030ba8dba906f756967f9e9ca394464a/' datasets/fetch.sh > "$work/datasets/fetch.sh"
echo hello > "$work/blob/tasks_1-20_v1-2/en-10k/qa3_three-supporting-facts_train.txt"
check 'blob ids are those of git' 0 '3 files verified' babi --from "$work/blob" --to "$work/to_blob"
check 'a complete copy is left alone' 0 'already in' babi --to "$work/to_blob"
cp datasets/fetch.sh "$work/datasets/"

rm -f "$work/asked"
check 'network down: what to do by hand' 1 'By hand: get tasks_1-20_v1-2.tar.gz' babi --to "$work/down"
holds 'both addresses were tried' test "$(grep -c 'tasks_1-20_v1-2.tar.gz' "$work/asked")" -eq 2
holds 'nothing written when the network is down' nothing_in "$work/down"
holds 'no empty folder is left behind' [ ! -e "$work/down/babi" ]
SERVED=$work/babi.tar.gz
export SERVED
check 'download, beside the script' 0 '2 files verified' babi
holds 'downloaded' cmp -s "$stories/en/qa1_one_train.txt" "$work/datasets/babi/tasks_1-20_v1-2/en/qa1_one_train.txt"
SERVED=$stories/LICENSE.txt
check 'a page of text instead of the archive' 1 'this is not the archive' babi --to "$work/page"

# The published list, for the real data that exist.
holds 'the published list has 79 files' test "$(wc -l < datasets/babi.sha256)" -eq 79
if [ -d "${HMEM_DATA:-datasets}/babi/tasks_1-20_v1-2" ]; then
  cp datasets/babi.sha256 "$work/datasets/"
  check 'real data' 0 'files verified' babi --from "${HMEM_DATA:-datasets}/babi/tasks_1-20_v1-2" --to "$work/real"
fi

[ "$failed" -eq 0 ]
