#include "hmem/data/images/folder.h"

#include <cstdlib>
#include <cstring>
#include <set>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/rng.h"
#include "hmem/data/images/cache.h"
#include "hmem/data/images/decode.h"
#include "hmem/data/images/gzip.h"
#include "support/error_text.h"
#include "support/image_bytes.h"
#include "support/runtime_guard.h"
#include "support/temp_folder.h"

using namespace hmem;
using namespace hmem::test;

namespace fs = std::filesystem;

namespace {

std::string decode_error(const std::string& bytes) {
  return error_text([&] { decode_image(bytes, 3, "x"); });
}

/// Area average by brute force: every pixel is split into points, so many that both sizes divide evenly.
uint8_t area_average(const DecodedImage& image, int64_t height, int64_t width, int64_t y, int64_t x, int64_t c) {
  int64_t sum = 0;
  for (int64_t i = 0; i < image.height; ++i) {
    for (int64_t j = 0; j < image.width; ++j) {
      const int64_t row = (y * image.height + i) / height, column = (x * image.width + j) / width;
      sum += image.pixels[static_cast<size_t>((row * image.width + column) * image.channels + c)];
    }
  }
  return static_cast<uint8_t>((2 * sum + image.height * image.width) / (2 * image.height * image.width));
}

DecodedImage random_image(int64_t height, int64_t width, int64_t channels, uint64_t seed) {
  Rng rng(seed, "image");
  DecodedImage image{height, width, channels, {}};
  for (int64_t i = 0; i < height * width * channels; ++i) image.pixels.push_back(static_cast<uint8_t>(rng.below(256)));
  return image;
}

/// Two classes in train and test: PNG of one colour, 4 x 4, and a JPEG.
void write_set(const TempFolder& folder) {
  for (const std::string part : {"train", "test"}) {
    for (const std::string label : {"cat", "ant"}) {
      for (int i = 0; i < 20; ++i) {
        const char shade = static_cast<char>((part == "train" ? 0 : 100) + (label == "cat" ? 50 : 0) + i);
        folder.write(part + "/" + label + "/" + std::to_string(10 + i) + ".png",
                     png_bytes(4, 4, 3, std::string(48, shade)));
      }
    }
  }
  folder.write("train/ant/90.JPG", jpeg_bytes(4, 4, 72));
}

const ImageSize kSmall{4, 4, 3};

}  // namespace

TEST_CASE("decoding: PNG, BMP and JPEG, grey and RGB", "[images]") {
  if (!can_decode_images()) {
    CHECK(contains(decode_error("abc"), "x: this build cannot read images: install libstb-dev (tools/setup.sh)"));
    return;
  }
  const std::string pixels = "abcdefghijklmnopqr";
  const DecodedImage png = decode_image(png_bytes(2, 3, 3, pixels), 3, "x");
  CHECK(png.height == 2);
  CHECK(png.width == 3);
  CHECK(std::string(png.pixels.begin(), png.pixels.end()) == pixels);
  const DecodedImage bmp = decode_image(bmp_bytes(2, 3, pixels), 3, "x");
  CHECK(std::string(bmp.pixels.begin(), bmp.pixels.end()) == pixels);
  const DecodedImage grey = decode_image(png_bytes(2, 3, 1, "abcdef"), 3, "x");
  CHECK(std::string(grey.pixels.begin(), grey.pixels.end()) == "aaabbbcccdddeeefff");
  CHECK(decode_image(png_bytes(2, 3, 1, "abcdef"), 1, "x").pixels.size() == 6);
  for (int level : {64, 72, 127, -64, -127}) {
    const DecodedImage jpeg = decode_image(jpeg_bytes(17, 9, level), 3, "x");
    CHECK(jpeg.height == 17);
    CHECK(jpeg.width == 9);
    CHECK(jpeg.pixels == std::vector<uint8_t>(17 * 9 * 3, static_cast<uint8_t>(128 + level)));
  }
}

TEST_CASE("decoding: damaged and hostile images", "[images][bad]") {
  if (!can_decode_images()) return;
  CHECK(contains(decode_error(""), "x: the file is empty"));
  CHECK(contains(decode_error("GIF89a"), "x: cannot be decoded as JPEG, PNG or BMP ("));
  const std::string png = png_bytes(2, 3, 3, "abcdefghijklmnopqr");
  // stb would decode all of these.
  for (size_t size = 8; size < png.size(); ++size) {
    CHECK(contains(decode_error(png.substr(0, size)), "x: the PNG ends in the middle"));
  }
  std::string changed = png;
  changed[png.size() - 20] ^= 1;
  CHECK(contains(decode_error(changed), "x: the PNG is damaged: the checksum of its part 'IDAT' is wrong"));
  const std::string bmp = bmp_bytes(2, 3, "abcdefghijklmnopqr");
  for (size_t size = 30; size < bmp.size(); ++size) {
    CHECK(contains(decode_error(bmp.substr(0, size)), "bytes, expected " + std::to_string(bmp.size())));
  }
  const std::string jpeg = jpeg_bytes(16, 16, 72);
  for (size_t size = 2; size < jpeg.size(); ++size) {
    CHECK(contains(decode_error(jpeg.substr(0, size)), "x: the JPEG ends in the middle"));
  }
  // Sizes that would take 12 GB.
  std::string huge = png;
  huge.replace(16, 8, big_endian(65535) + big_endian(65535));
  huge.replace(29, 4, big_endian(crc32(huge.data() + 12, 17)));
  CHECK(contains(decode_error(huge), "x: cannot be decoded as JPEG, PNG or BMP ("));
  CHECK(contains(decode_error(png_bytes(8193, 1, 1, std::string(8193, 'a'))), "x: "));
  CHECK_THROWS_AS(decode_image(jpeg_bytes(65535, 65535, 72).substr(0, 200), 3, "x"), Error);
}

TEST_CASE("decoding: a file on which stb asserts is an error and does not end the process", "[images][bad]") {
  if (!can_decode_images()) return;
  // A Huffman table of 256 codes, one of 8 bits and 255 of 9. stb keeps 255 for "look further" in its table of short
  // codes, looks for the last code (100000000) among those of 10 bits, and asserts that what it finds there is the
  // code.
  const std::string counts = std::string(7, '\0') + "\x01\xFF" + std::string(7, '\0');
  const std::string table = std::string("\xFF\xC4\x01\x13\x00", 5) + counts + std::string(256, '\0');
  std::string jpeg = jpeg_bytes(8, 8, 72);
  const size_t scan = jpeg.find("\xFF\xDA");
  REQUIRE(scan != std::string::npos);
  constexpr size_t kScanHeader = 10;
  jpeg =
      jpeg.substr(0, scan) + table + jpeg.substr(scan, kScanHeader) + std::string("\x80\0\0\0\0\0\0\0", 8) + "\xFF\xD9";
  CHECK(decode_error(jpeg) == "x: cannot be decoded as JPEG, PNG or BMP (damaged data); remove or replace the file");
  CHECK(decode_image(jpeg_bytes(8, 8, 72), 3, "x").pixels.size() == 192);  // and the next file is read
}

TEST_CASE("decoding: a JPEG without the Huffman tables that it uses does not depend on freed memory", "[images][bad]") {
  if (!can_decode_images()) return;
  std::string jpeg = jpeg_bytes(8, 8, 72);
  for (size_t table = jpeg.find("\xFF\xC4"); table != std::string::npos; table = jpeg.find("\xFF\xC4")) {
    const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(jpeg[table + i])); };
    jpeg.erase(table, 2 + (byte(2) << 8 | byte(3)));
  }
  std::set<std::string> outcomes;
  for (const int fill : {0x00, 0x41, 0xFF}) {
    std::vector<void*> blocks(8);
    for (void*& block : blocks) {
      block = std::malloc(65536);
      std::memset(block, fill, 65536);
    }
    for (void* block : blocks) std::free(block);
    try {
      const DecodedImage image = decode_image(jpeg, 3, "x");
      outcomes.emplace(image.pixels.begin(), image.pixels.end());
    } catch (const Error& error) {
      outcomes.insert(error.what());
    }
  }
  CHECK(outcomes.size() == 1);
}

TEST_CASE("resizing: area average down, linear up", "[images]") {
  const DecodedImage image = random_image(7, 10, 3, 1);
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{3, 4}, {7, 5}, {1, 1}, {6, 9}, {2, 10}}) {
    const DecodedImage small = resize_image(image, height, width);
    REQUIRE(small.pixels.size() == static_cast<size_t>(height * width * 3));
    for (int64_t i = 0; i < height * width * 3; ++i) {
      const int64_t y = i / 3 / width, x = i / 3 % width, c = i % 3;
      // The order of summation may change how a tie is rounded.
      CHECK(std::abs(small.pixels[static_cast<size_t>(i)] - area_average(image, height, width, y, x, c)) <=
            (height * width == 1 ? 1 : 0));
    }
  }
  const DecodedImage line{1, 2, 1, {0, 100}};
  CHECK(resize_image(line, 1, 4).pixels == std::vector<uint8_t>{0, 25, 75, 100});
  CHECK(resize_image(line, 3, 2).pixels == std::vector<uint8_t>{0, 100, 0, 100, 0, 100});
  CHECK(resize_image(image, 7, 10).pixels == image.pixels);
  const DecodedImage flat{5, 5, 3, std::vector<uint8_t>(75, 201)};
  CHECK(resize_image(flat, 32, 3).pixels == std::vector<uint8_t>(32 * 3 * 3, 201));
}

TEST_CASE("a folder of images: sorted classes and files, notes", "[images]") {
  if (!can_decode_images()) return;
  const TempFolder folder;
  write_set(folder);
  folder.write("train/cat/notes.txt", "text");
  folder.write("train/.hidden/x.png", "text");
  CHECK(holds_image_folder(folder.path()));
  ImageData data = read_image_folder(folder.path(), kSmall, "");
  CHECK(data.class_names == std::vector<std::string>{"ant", "cat"});
  CHECK(data.train.count() == 41);
  CHECK(data.test.count() == 40);
  CHECK(data.train.labels[20] == 0);
  CHECK(data.train.labels[21] == 1);
  CHECK(data.train.image(3)[0] == 3);
  CHECK(data.train.image(20)[0] == 200);  // the JPEG
  CHECK(data.train.image(21)[0] == 50);
  CHECK(data.test.image(39)[47] == 169);
  CHECK(data.note == "other files ignored: 1");

  folder.write("test/ant/11.png", png_bytes(8, 6, 3, std::string(144, '\7')));
  data = read_image_folder(folder.path(), kSmall, "");
  CHECK(data.note == "1 of 81 images resized to 4 x 4; other files ignored: 1");
  CHECK(data.test.image(1)[0] == 7);
  CHECK(read_image_folder(folder.path(), {4, 4, 1}, "").train.pixels.size() == 41 * 16);
}

TEST_CASE("a folder of images reports the progress of decoding, block by block", "[images]") {
  if (!can_decode_images()) return;
  constexpr int kMore = 500;
  const TempFolder folder;
  write_set(folder);
  for (int i = 0; i < kMore; ++i) {
    const std::string pixels(48, static_cast<char>(i % 100));
    folder.write("train/cat/more" + std::to_string(1000 + i) + ".png", png_bytes(4, 4, 3, pixels));
  }
  std::vector<std::pair<int64_t, int64_t>> shown;
  const auto show = [&shown](int64_t done, int64_t total) { shown.emplace_back(done, total); };
  const ImageData data = read_image_folder(folder.path(), kSmall, "", show);
  CHECK(shown == std::vector<std::pair<int64_t, int64_t>>{{0, 541}, {512, 541}, {541, 541}, {0, 40}, {40, 40}});
  for (int i = 0; i < kMore; ++i) REQUIRE(data.train.image(41 + i)[0] == i % 100);  // after "11.png" and the like
}

TEST_CASE("a folder of images: errors name what is wrong", "[images][bad]") {
  const TempFolder folder;
  const auto error_of = [&] { return error_text([&] { read_image_folder(folder.path(), kSmall, ""); }); };
  CHECK(contains(error_of(), "train: there is no such folder, expected DIR/train/<class>/*"));
  folder.write("train/ant/1.png", png_bytes(4, 4, 3, std::string(48, 'a')));
  CHECK(contains(error_of(), "train: found 1 folder of a class, expected at least 2"));
  folder.write("train/cat/1.png", png_bytes(4, 4, 3, std::string(48, 'c')));
  folder.write("test/ant/1.png", png_bytes(4, 4, 3, std::string(48, 'a')));
  folder.write("test/dog/1.png", png_bytes(4, 4, 3, std::string(48, 'a')));
  CHECK(contains(error_of(), "test: class 'cat' of train is missing, expected the same classes in both"));
  fs::create_directories(folder.path() / "test/cat");
  CHECK(contains(error_of(), "train: class 'dog' of test is missing"));
  fs::remove_all(folder.path() / "test/dog");
  CHECK(contains(error_of(), "test/cat: holds no .jpg, .jpeg, .png or .bmp file"));
  folder.write("test/cat/1.png", "not a picture");
  folder.write("test/cat/2.png", "not a picture");
  if (!can_decode_images()) return;
  CHECK(contains(error_of(), folder.file("test/cat/1.png") + ": cannot be decoded as JPEG, PNG or BMP ("));
  CHECK(contains(error_of(), "(and 1 more files like it)"));
}

TEST_CASE("image cache: used, stale, damaged, any number of threads", "[images]") {
  if (!can_decode_images()) return;
  const RuntimeGuard guard;
  const TempFolder folder, other;
  write_set(folder);
  const std::string cache = other.file("below/cache.bin");
  set_num_threads(1);
  const ImageData plain = read_image_folder(folder.path(), kSmall, cache);
  const std::string bytes = read_file(cache);
  for (int threads : {2, 3}) {
    set_num_threads(threads);
    fs::remove(cache);
    CHECK(read_image_folder(folder.path(), kSmall, cache).train.pixels == plain.train.pixels);
    CHECK(read_file(cache) == bytes);
  }
  const auto same = [&] {
    const ImageData data = read_image_folder(folder.path(), kSmall, cache);
    return data.train.pixels == plain.train.pixels && data.test.pixels == plain.test.pixels &&
           data.train.labels == plain.train.labels && data.test.labels == plain.test.labels &&
           data.class_names == plain.class_names && data.note == plain.note;
  };
  CHECK(same());

  // The cache is really used: a picture that changes under the same name, size and time is not seen.
  const fs::path picture = folder.path() / "train/cat/10.png";
  const auto time = fs::last_write_time(picture);
  folder.write("train/cat/10.png", png_bytes(4, 4, 3, std::string(48, '\xEE')));
  fs::last_write_time(picture, time);
  CHECK(same());
  // Damaged in any part: decoded again, which finds the change, and replaced.
  for (size_t at :
       {size_t{0}, size_t{9}, size_t{17}, size_t{25}, size_t{40}, size_t{52}, bytes.size() / 2, bytes.size() - 1}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    other.write("below/cache.bin", damaged);
    INFO("byte " << at);
    CHECK_FALSE(same());
    CHECK(read_file(cache) != damaged);
  }
  for (const std::string& broken :
       {std::string(), bytes.substr(0, 30), bytes.substr(0, bytes.size() - 1), bytes + "x"}) {
    other.write("below/cache.bin", broken);
    CHECK_FALSE(same());
  }
  folder.write("train/cat/10.png", png_bytes(4, 4, 3, std::string(48, '\x32')));
  other.write("below/cache.bin", bytes);
  fs::last_write_time(picture, time + std::chrono::seconds(5));  // stale
  CHECK(same());
  CHECK(read_file(cache) != bytes);
  folder.write("train/cat/99.png", png_bytes(4, 4, 3, std::string(48, 'z')));
  CHECK(read_image_folder(folder.path(), kSmall, cache).train.count() == 42);
  CHECK(read_image_folder(folder.path(), {4, 4, 1}, cache).train.pixels.size() == 42 * 16);
  for (const auto& entry : fs::directory_iterator(other.path() / "below")) CHECK(entry.path() == cache);
}

TEST_CASE("image cache: one that cannot be written gives a note", "[images]") {
  if (!can_decode_images()) return;
  const TempFolder folder;
  write_set(folder);
  const std::string file = folder.write("file", "x");
  const ImageData data = read_image_folder(folder.path(), kSmall, file + "/cache.bin");
  CHECK(data.train.count() == 41);
  CHECK(contains(data.note, "not cached: cannot make the folder"));
}
