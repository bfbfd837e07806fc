#include "hmem/data/images/cifar10.h"

#include "catch.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using namespace hmem::test;

namespace {

/// Red, green and blue planes of one value each.
std::string record(int label, char red, char green, char blue) {
  return std::string(1, static_cast<char>(label)) + std::string(1024, red) + std::string(1024, green) +
         std::string(1024, blue);
}

}  // namespace

TEST_CASE("CIFAR-10: planes become pixels", "[images]") {
  std::string bytes = record(3, 'r', 'g', 'b') + record(9, 'R', 'G', 'B');
  bytes[1 + 1024 + 33] = 'x';  // green, row 1, column 1
  ImageSet set;
  parse_cifar10(bytes, 2, "x.bin", set);
  parse_cifar10(record(0, '1', '2', '3'), 1, "y.bin", set);
  CHECK(set.labels == std::vector<int32_t>{3, 9, 0});
  CHECK(set.image_size() == 3072);
  CHECK(set.image(0)[33 * 3 + 0] == 'r');
  CHECK(set.image(0)[33 * 3 + 1] == 'x');
  CHECK(set.image(0)[33 * 3 + 2] == 'b');
  CHECK(set.image(0)[32 * 3 + 1] == 'g');
  CHECK(set.image(1)[3071] == 'B');
  CHECK(set.image(2)[1] == '2');
}

TEST_CASE("CIFAR-10: wrong lengths and labels", "[images][bad]") {
  const std::string good = record(3, 'r', 'g', 'b');
  const auto error_of = [](const std::string& bytes, int64_t records) {
    return error_text([&] {
      ImageSet set;
      parse_cifar10(bytes, records, "x.bin", set);
    });
  };
  CHECK(contains(error_of(good.substr(1), 1), "x.bin: found 3072 bytes, expected 3073 (1 records of 3073)"));
  CHECK(contains(error_of(good + good, 1), "found 6146 bytes"));
  CHECK(contains(error_of("", 1), "found 0 bytes"));
  CHECK(contains(error_of(good + record(10, 'r', 'g', 'b'), 2), "x.bin: byte 3073: found label 10, expected 0 to 9"));

  const TempFolder folder;
  CHECK_FALSE(holds_cifar10(folder.path()));
  CHECK(contains(error_text([&] { read_cifar10(folder.path()); }),
                 "data_batch_1.bin: there is no such file (get it with"));
  folder.write("data_batch_1.bin", good);
  CHECK(holds_cifar10(folder.path()));
  CHECK(
      contains(error_text([&] { read_cifar10(folder.path()); }), "found 3073 bytes, expected 30730000 (10000 records"));
}
