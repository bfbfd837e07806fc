#!/bin/sh
# Tests datasets/fetch.sh mnist cifar10 without the network, on tiny files with checksums and counts of their own.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

mkdir -p "$work/datasets" "$work/copy/mnist" "$work/copy/cifar10" "$work/fake"
cp datasets/fetch.sh "$work/real.sh"
sums=
for name in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
  echo "content of $name" > "$work/copy/mnist/$name"
  sum=$(md5sum < "$work/copy/mnist/$name" | cut -d ' ' -f 1)
  sums="$sums;s/[0-9a-f]\{32\} $name/$sum $name/"
done
gzip "$work/copy/mnist/train-images-idx3-ubyte"
mkdir -p "$work/bin/cifar-10-batches-bin" "$work/jpeg"
for name in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
  echo 0123456789 > "$work/bin/cifar-10-batches-bin/$name.bin"
done
for class in airplane automobile bird cat deer dog frog horse ship truck; do
  mkdir -p "$work/jpeg/train/$class" "$work/jpeg/test/$class"
  touch "$work/jpeg/train/$class/1.jpg" "$work/jpeg/train/$class/2.jpg" "$work/jpeg/test/$class/1.jpg"
done
(cd "$work/jpeg" && tar -czf "$work/copy/cifar10/cifar10-jpeg.tar.gz" train test)
(cd "$work/bin" && tar -czf "$work/cifar-10-binary.tar.gz" cifar-10-batches-bin)
sha=$(sha256sum < "$work/cifar-10-binary.tar.gz" | cut -d ' ' -f 1)
sed "${sums#;};s/^cifar10_sha=.*/cifar10_sha=$sha/;s/^cifar10_batch=[0-9]*/cifar10_batch=11/
s/^cifar10_train=5000 cifar10_test=1000/cifar10_train=2 cifar10_test=1/" \
  "$work/real.sh" > "$work/datasets/fetch.sh"
for program in curl wget; do
  cat > "$work/fake/$program" << END
#!/bin/sh
for last; do :; done
[ -n "\${SERVED:-}" ] || exit 6
while [ "\$1" != -o ] && [ "\$1" != -O ]; do shift; done
if [ -d "\$SERVED" ]; then gzip -c "\$SERVED/\$(basename "\$last" .gz)" > "\$2"; else cp "\$SERVED" "\$2"; fi
END
  chmod +x "$work/fake/$program"
done
PATH=$work/fake:$PATH
export PATH

. ./tests/support/fetch.sh

check 'MNIST from a copy' 0 'MNIST: 4 files verified' mnist --from "$work/copy" --to "$work/to"
holds 'still compressed' cmp -s "$work/copy/mnist/train-images-idx3-ubyte.gz" "$work/to/mnist/train-images-idx3-ubyte.gz"
check 'MNIST again' 0 'already in' mnist --to "$work/to"
check 'CIFAR-10 from JPEG files' 0 'CIFAR-10 (jpeg): complete' cifar10 --from "$work/copy" --to "$work/to"
holds 'pictures exist' test -e "$work/to/cifar10/test/truck/1.jpg"
check 'both at once' 0 'CIFAR-10 (jpeg): complete' mnist cifar10 --from "$work/copy" --to "$work/both"
holds 'both exist' test -e "$work/both/mnist/t10k-labels-idx1-ubyte" -a -e "$work/both/cifar10/train/cat/2.jpg"
check 'CIFAR-10 from the binary archive' 0 'CIFAR-10 (binary): complete' \
  cifar10 --from "$work/cifar-10-binary.tar.gz" --to "$work/binary"
holds 'batches exist' cmp -s "$work/bin/cifar-10-batches-bin/test_batch.bin" "$work/binary/cifar10/test_batch.bin"
check 'CIFAR-10 from a folder of batches' 0 'complete' cifar10 --from "$work/bin" --to "$work/batches"
holds 'no work folder left' test -z "$(find "$work/to" "$work/both" "$work/binary" -name '.fetch.*')"

cp -R "$work/copy" "$work/bad"
echo other > "$work/bad/mnist/t10k-images-idx3-ubyte"
check 'a corrupted file is named' 1 '  t10k-images-idx3-ubyte' mnist --from "$work/bad" --to "$work/none"
rm "$work/bad/mnist/t10k-labels-idx1-ubyte"
check 'a missing file is named' 1 'these files of MNIST are missing' mnist --from "$work/bad" --to "$work/none"
echo rubbish > "$work/bad/cifar-10-binary.tar.gz"
check 'a different archive' 1 'is not the published archive' \
  cifar10 --from "$work/bad/cifar-10-binary.tar.gz" --to "$work/none"
rm "$work/jpeg/train/dog/1.jpg"
(cd "$work/bin" && echo 0123456780 > cifar-10-batches-bin/test_batch.bin && tar -czf "$work/mine.tar.gz" . &&
  echo 0123456789 > cifar-10-batches-bin/test_batch.bin)
check 'a different archive under another name' 1 'is not the published archive' \
  cifar10 --from "$work/mine.tar.gz" --to "$work/none"
check 'JPEG files again' 0 'already in' cifar10 --from "$work/copy" --to "$work/to"
echo mine > "$work/to/cifar10/notes"
check 'a foreign file' 1 'holds notes, which is not of this set' \
  cifar10 --from "$work/cifar-10-binary.tar.gz" --to "$work/to"
holds 'it still exists' test -e "$work/to/cifar10/notes" -a -e "$work/to/cifar10/test/truck/1.jpg"
rm "$work/to/cifar10/notes"
check 'batches in place of JPEG files' 0 'CIFAR-10 (binary): complete' \
  cifar10 --from "$work/cifar-10-binary.tar.gz" --to "$work/to"
check 'an incomplete set' 1 'no complete CIFAR-10 there' cifar10 --from "$work/jpeg" --to "$work/none"
check 'no such copy' 1 'there is no such' mnist cifar10 --from "$work/nowhere" --to "$work/none"
holds 'nothing was written' test -z "$(find "$work/none" -type f 2> /dev/null)"

check 'MNIST, network down' 1 'By hand: get the four files' mnist --to "$work/down"
check 'CIFAR-10, network down' 1 'By hand: get' cifar10 --to "$work/down"
SERVED=$work/cifar-10-binary.tar.gz
export SERVED
check 'CIFAR-10, download' 0 'CIFAR-10 (binary): complete' cifar10
gzip -d "$work/copy/mnist/train-images-idx3-ubyte.gz"
SERVED=$work/copy/mnist
check 'MNIST, download' 0 'MNIST: 4 files verified' mnist
check 'MNIST, download beside others' 0 'already in' mnist

if [ -d "${HMEM_DATA:-datasets}/mnist" ]; then
  cp "$work/real.sh" "$work/datasets/fetch.sh"
  check 'real MNIST' 0 'MNIST: 4 files verified' mnist --from "${HMEM_DATA:-datasets}" --to "$work/real"
fi

[ "$failed" -eq 0 ]
