#include "hmem/data/images/idx.h"

#include "catch.h"
#include "hmem/data/images/decode.h"
#include "hmem/data/images/gzip.h"
#include "support/error_text.h"
#include "support/image_bytes.h"
#include "support/temp_folder.h"

using namespace hmem;
using namespace hmem::test;

namespace {

std::string idx_error(const std::string& bytes) {
  return error_text([&] { parse_idx(bytes, "x.idx"); });
}
std::string gzip_error(const std::string& bytes) {
  return error_text([&] { gunzip(bytes, "x.gz"); });
}

}  // namespace

TEST_CASE("IDX: sizes and bytes", "[images]") {
  const IdxArray array = parse_idx(idx_images(2, 1, 3, "abcdef"), "x.idx");
  CHECK(array.sizes == std::vector<int64_t>{2, 1, 3});
  CHECK(array.data == std::vector<uint8_t>{'a', 'b', 'c', 'd', 'e', 'f'});
}

TEST_CASE("IDX: errors are reported before memory is allocated", "[images][bad]") {
  const std::string good = idx_images(2, 1, 3, "abcdef");
  CHECK(contains(idx_error(""), "x.idx: ends after 0 bytes"));
  CHECK(contains(idx_error("PNG!"), "x.idx: byte 0: found 80 78, expected 0 0"));
  CHECK(contains(idx_error(std::string("\0\0\x0D\1\0\0\0\0", 8)), "byte 2: found element type 13, expected 8"));
  CHECK(contains(idx_error(std::string("\0\0\x08\0", 4)), "byte 3: found 0 dimensions"));
  CHECK(contains(idx_error(std::string("\0\0\x08\xFF", 4)), "byte 3: found 255 dimensions"));
  CHECK(contains(idx_error(good.substr(0, 12)), "ends after 12 bytes, expected a header of 16"));
  CHECK(contains(idx_error(good.substr(0, 20)), "the header says 6 bytes of data, the file has 4"));
  CHECK(contains(idx_error(good + "x"), "the header says 6 bytes of data, the file has 7"));
  CHECK(contains(idx_error(idx_images(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, "a")), "more than 2 GiB in all"));
  CHECK(contains(idx_error(idx_images(60000, 28, 28, "a")), "the header says 47040000 bytes of data, the file has 1"));
  CHECK(contains(idx_error(idx_images(0, 28, 28, "")), "byte 4: found size 0"));
  for (size_t cut = 0; cut < good.size(); ++cut) CHECK_THROWS_AS(parse_idx(good.substr(0, cut), "x"), Error);
}

TEST_CASE("CRC-32 of known texts", "[images]") {
  CHECK(hmem::crc32("123456789", 9) == 0xCBF43926u);
  CHECK(hmem::crc32("", 0) == 0);
}

TEST_CASE("gzip: header fields, content, damage", "[images][bad]") {
  if (!can_decode_images()) {
    CHECK(
        contains(gzip_error(gzip_bytes("hello")), "x.gz: this build cannot read compressed files: install libstb-dev"));
    return;
  }
  const std::string content(100000, 'a');
  const std::string good = gzip_bytes(content);
  CHECK(gunzip(good, "x.gz") == content);
  CHECK(gunzip(gzip_bytes(""), "x.gz").empty());
  // "hello" as `printf hello | gzip` writes it: fixed Huffman codes.
  const std::string fixed(
      "\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\x03\xCB\x48\xCD\xC9\xC9\x07\x00\x86\xA6\x10\x36\x05\x00"
      "\x00\x00",
      25);
  CHECK(gunzip(fixed, "x.gz") == "hello");
  const uint32_t crc = hmem::crc32("hello", 5);
  const std::string all_fields = std::string("\x1F\x8B\x08\x1E\0\0\0\0\0\3", 10) + std::string("\2\0ab", 4) + "name" +
                                 '\0' + "comment" + '\0' + "cc";
  CHECK(gunzip(gzip_bytes("hello", crc, 5, all_fields), "x.gz") == "hello");

  const std::string plain("\x1F\x8B\x08\0\0\0\0\0\0\3", 10);
  CHECK(contains(gzip_error(gzip_bytes("hello", crc + 1, 5, plain)), "x.gz: the checksum of the content is"));
  CHECK(contains(gzip_error(gzip_bytes("hello", crc, 6, plain)), "inflated to 5 bytes, expected 6"));
  CHECK(contains(gzip_error(gzip_bytes("hello", crc, 3, plain)), "damaged or hold more than the 3 bytes"));
  CHECK(contains(gzip_error(gzip_bytes("hello", crc, 0x7FFFFFF0, plain)), "which is impossible"));
  CHECK(contains(gzip_error("hello, this is not gzip"), "does not begin with 1f 8b"));
  CHECK(contains(gzip_error(std::string("\x1F\x8B\x08\x08\0\0\0\0\0\3", 10) + std::string(20, 'n')),
                 "within its header"));
  CHECK(contains(gzip_error(std::string("\x1F\x8B\x08\x04\0\0\0\0\0\3\xFF\xFF", 12) + std::string(20, 'n')),
                 "within its header"));
  CHECK(contains(gzip_error(std::string("\x1F\x8B\x07\0\0\0\0\0\0\3", 10) + std::string(8, '\0')),
                 "compression method 7"));
  for (size_t cut = 0; cut < fixed.size(); ++cut) CHECK_THROWS_AS(gunzip(fixed.substr(0, cut), "x"), Error);
}

TEST_CASE("gzip: several members, and zeros behind the last one", "[images]") {
  if (!can_decode_images()) return;
  const std::string a = gzip_bytes("hello "), b = gzip_bytes(std::string(70000, 'b')), zeros(512, '\0');
  CHECK(gunzip(a + b, "x.gz") == "hello " + std::string(70000, 'b'));
  CHECK((gunzip(b + a + gzip_bytes("") + a, "x.gz") == std::string(70000, 'b') + "hello hello "));
  CHECK(gunzip(a + zeros, "x.gz") == "hello ");
  CHECK(gunzip(b + zeros, "x.gz") == std::string(70000, 'b'));
  CHECK(gunzip(a + zeros + b + zeros, "x.gz").size() == 70006);
  CHECK_THROWS_AS(gunzip(a + "junk", "x.gz"), Error);
  CHECK_THROWS_AS(gunzip(a + b.substr(0, b.size() - 1), "x.gz"), Error);
  std::string damaged = a + b;
  damaged[a.size() + 100] = 'x';
  CHECK_THROWS_AS(gunzip(damaged, "x.gz"), Error);
}

TEST_CASE("IDX sets: labels from 1 or with gaps, longer names", "[images]") {
  const TempFolder folder;
  const std::string begin = "emnist-letters-";
  folder.write(begin + "train-images-idx3-ubyte", idx_images(3, 1, 2, "abcdef"));
  folder.write(begin + "train-labels-idx1-ubyte", idx_labels(std::string("\7\1\7", 3)));
  folder.write(begin + "test-images-idx3-ubyte", idx_images(2, 1, 2, "ghij"));
  folder.write(begin + "test-labels-idx1-ubyte", idx_labels(std::string("\1\7", 2)));
  CHECK(holds_mnist(folder.path()));
  const ImageData data = read_mnist(folder.path());
  CHECK(data.class_names == std::vector<std::string>{"1", "7"});
  CHECK(data.train.labels == std::vector<int32_t>{1, 0, 1});
  CHECK(data.test.labels == std::vector<int32_t>{0, 1});
  folder.write(begin + "test-labels-idx1-ubyte", idx_labels(std::string("\1\2", 2)));
  CHECK(contains(error_text([&] { read_mnist(folder.path()); }),
                 "found the label 2 in the test part, which no training image has"));
}

TEST_CASE("MNIST: four files, plain or compressed", "[images]") {
  const TempFolder folder;
  CHECK_FALSE(holds_mnist(folder.path()));
  folder.write("train-images-idx3-ubyte", idx_images(3, 1, 2, "abcdef"));
  CHECK(contains(error_text([&] { read_mnist(folder.path()); }), "train-labels-idx1-ubyte: there is no such file"));
  folder.write("train-labels-idx1-ubyte", idx_labels(std::string("\1\0\1", 3)));
  CHECK(holds_mnist(folder.path()));
  CHECK(contains(
      error_text([&] { read_mnist(folder.path()); }),
      "t10k-images-idx3-ubyte: there is no such file, nor one with .gz (get it with datasets/fetch.sh mnist)"));
  const std::string test_images = idx_images(2, 1, 2, "ghij");
  folder.write(can_decode_images() ? "t10k-images-idx3-ubyte.gz" : "t10k-images-idx3-ubyte",
               can_decode_images() ? gzip_bytes(test_images) : test_images);
  folder.write("t10k-labels.idx1-ubyte", idx_labels(std::string("\0\1", 2)));
  const ImageData data = read_mnist(folder.path());
  CHECK(data.class_names == std::vector<std::string>{"0", "1"});
  CHECK(data.train.labels == std::vector<int32_t>{1, 0, 1});
  CHECK(data.train.height == 1);
  CHECK(data.train.width == 2);
  CHECK(data.train.channels == 1);
  CHECK(data.test.count() == 2);
  CHECK(data.test.image(1)[0] == 'i');
}

TEST_CASE("MNIST: files that do not belong together", "[images][bad]") {
  const TempFolder folder;
  const std::string images = folder.write("images", idx_images(3, 1, 2, "abcdef"));
  const std::string labels = folder.write("labels", idx_labels(std::string("\1\0", 2)));
  CHECK(contains(error_text([&] { read_idx_images(images, labels); }), labels + ": found 2 labels, expected 3"));
  CHECK(contains(error_text([&] { read_idx_images(labels, labels); }), "found 1 dimensions, expected 3"));
  CHECK(contains(error_text([&] { read_idx_images(images, images); }), "found 3 dimensions, expected 1"));
  CHECK(contains(error_text([&] { read_idx_images(folder.file("none"), labels); }), "none: cannot be read: "));
  CHECK(contains(error_text([&] { read_idx_images(folder.path().string(), labels); }), "is a folder, expected a file"));
}
