#include "hmem/tasks/images/flags.h"

#include <cmath>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"

namespace hmem {
namespace {

Options image_options() {
  Options options("program", "Test.");
  add_image_data_flags(options);
  options.set_default("data_dir", "embedded");
  options.set_default("images_per_class", "4");
  return options;
}

TEST_CASE("the published learning rate of the image experiments falls from half of the epochs on", "[train]") {
  const auto rate = image_paper_rate(0.001, 10);
  CHECK(rate(5) == 0.001);
  CHECK(rate(6) == Approx(0.001 * std::exp(-0.1)));
  CHECK(rate(9) == Approx(0.001 * std::exp(-0.4)));
}

TEST_CASE("a pair of image sets, and a hash of every pixel and label", "[train]") {
  const Options options = image_options();
  const ImagePair data = load_image_pair(options);
  CHECK(data.a.train.count() == 40);
  CHECK(data.b.test.count() == 40);
  CHECK(data.notes.size() == 2);
  const std::string hash = data.hash();
  CHECK(hash.size() == 16);
  ImagePair changed = load_image_pair(options);
  CHECK(changed.hash() == hash);
  changed.b.test.pixels.back() ^= 1;
  CHECK(changed.hash() != hash);
  changed.b.test.pixels.back() ^= 1;
  changed.a.train.labels[0] += 1;
  CHECK(changed.hash() != hash);
}

TEST_CASE("a folder without images is found before any image is read", "[train][bad]") {
  Options options = image_options();
  CHECK_NOTHROW(check_image_sources(options));
  options.set_default("images_b", "/no/such/folder");
  CHECK(test::error_text([&] { check_image_sources(options); }).find("/no/such/folder") != std::string::npos);
}

}  // namespace
}  // namespace hmem
