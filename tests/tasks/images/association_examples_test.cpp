#include "hmem/tasks/images/association_examples.h"

#include <set>
#include <vector>

#include "catch.h"
#include "hmem/data/images/embedded.h"
#include "support/error_text.h"

namespace hmem {
namespace {

ImagePair small_pair() {
  ImagePair images;
  images.a = embedded_objects({20, 4});
  images.b = embedded_glyphs({24, 4});
  return images;
}

std::vector<int32_t> first(const std::vector<int32_t>& of, int64_t count) { return {of.begin(), of.begin() + count}; }
std::vector<int32_t> rest(const std::vector<int32_t>& of, int64_t count) { return {of.begin() + count, of.end()}; }

TEST_CASE("validation examples of their own images, training examples anew in each epoch", "[images]") {
  const ImagePair images = small_pair();
  AssociationOptions options;
  options.delay = 1;
  options.held_out_classes = 1;
  // Of each class the first 5 of 20 photographs and the first 4 of 24 digits validate.
  std::vector<bool> held_out;
  std::vector<int> seen(10, 0);
  for (const int32_t label : images.a.train.labels) held_out.push_back(seen[static_cast<size_t>(label)]++ < 5);
  seen.assign(10, 0);
  for (const int32_t label : images.b.train.labels) held_out.push_back(seen[static_cast<size_t>(label)]++ < 4);
  const auto a_held_out = [&](int32_t image) { return held_out[static_cast<size_t>(image)]; };
  const auto b_held_out = [&](int32_t image) { return held_out[static_cast<size_t>(images.a.train.count() + image)]; };

  const SplitExamples split(images, options, 1, held_out);
  const AssociationExamples zero = split.of_epoch(0);
  CHECK(zero.train_count == 27);  // 11 of 15 photographs of a class are shown: 3 rounds, 9 classes
  CHECK(zero.count() == 27 + 9);
  for (const int64_t epoch : {0, 1, 2}) {
    const AssociationExamples of_epoch = split.of_epoch(epoch);
    const int64_t train = of_epoch.train_count;
    REQUIRE(train == zero.train_count);
    REQUIRE(of_epoch.count() == zero.count());
    for (int64_t i = 0; i < of_epoch.count(); ++i) {
      const int32_t query = of_epoch.queries[static_cast<size_t>(i)];
      CHECK(a_held_out(query) == (i >= train));
      CHECK(images.a.train.labels[static_cast<size_t>(query)] < 9);
    }
    for (int64_t i = 0; i < 3 * of_epoch.count(); ++i) {
      CHECK(a_held_out(of_epoch.photographs[static_cast<size_t>(i)]) == (i >= 3 * train));
      CHECK(b_held_out(of_epoch.digits[static_cast<size_t>(i)]) == (i >= 3 * train));
    }
    CHECK(rest(of_epoch.photographs, 3 * train) == rest(zero.photographs, 3 * train));
    CHECK(rest(of_epoch.digits, 3 * train) == rest(zero.digits, 3 * train));
    CHECK(rest(of_epoch.noise, 3 * train) == rest(zero.noise, 3 * train));
    CHECK((first(of_epoch.photographs, 3 * train) == first(zero.photographs, 3 * train)) == (epoch == 0));
    CHECK(of_epoch.photographs == split.of_epoch(epoch).photographs);  // the epoch alone decides
  }
  CHECK(split.of_epoch(1).photographs != split.of_epoch(2).photographs);

  held_out.pop_back();
  CHECK_THROWS_AS(SplitExamples(images, options, 1, held_out), Error);
  held_out.assign(held_out.size() + 1, false);
  CHECK(test::error_text([&] { SplitExamples(images, options, 1, held_out); }).find("validation") != std::string::npos);
}

}  // namespace
}  // namespace hmem
