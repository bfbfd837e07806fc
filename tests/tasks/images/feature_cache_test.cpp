#include "hmem/tasks/images/feature_cache.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/narrow_net.h"
#include "support/numbers.h"
#include "support/temp_folder.h"

namespace hmem {
namespace {

const Shape kImage = {32, 64, 3};
constexpr int64_t kFeatures = 2 * test::kHalf;

/// Not a multiple of the batches in which features are computed.
RenderedImages random_images(int64_t count, uint64_t seed) {
  return {count, kImage, [seed](int64_t i, real* out) {
            Rng rng(seed, "image " + std::to_string(i));
            for (int64_t j = 0; j < kImage.count(); ++j) out[j] = static_cast<real>(rng.uniform(0, 1));
          }};
}

std::vector<real> list(const Tensor& x) { return {x.begin(), x.end()}; }

std::vector<std::string> files(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path().string());
  return paths;
}

}  // namespace

TEST_CASE("features of a frozen ConvNet: computed once, then read", "[images]") {
  const test::TempFolder folder;
  const std::string place = folder.file("features");
  ConvNet14 net(1, 1, test::kChannels), other(2, 1, test::kChannels);
  const RenderedImages images = random_images(35, 1);
  const Tensor expected = conv_features(net, images);
  REQUIRE(expected.shape() == Shape({35, kFeatures}));

  FeatureCache first(net, {place});
  CHECK(list(first.features(images)) == list(expected));
  CHECK(first.found() == 0);
  CHECK(list(first.features(images)) == list(expected));
  CHECK(first.found() == 35);
  CHECK(first.images() == 70);
  CHECK(first.problem().empty());

  FeatureCache second(net, {place}), elsewhere(other, {place}), none(net, {});
  CHECK(list(second.features(images)) == list(expected));
  CHECK(second.found() == 35);
  CHECK(list(second.features(random_images(35, 2))) != list(expected));
  CHECK(list(second.features(random_images(34, 1))) ==
        std::vector<real>(expected.begin(), expected.begin() + 34 * kFeatures));
  CHECK(second.features(random_images(0, 1)).shape() == Shape({0, kFeatures}));
  CHECK(second.found() == 35);
  CHECK(list(elsewhere.features(images)) == list(conv_features(other, images)));
  CHECK(elsewhere.found() == 0);
  CHECK(list(none.features(images)) == list(expected));
  CHECK(none.found() == 0);
  CHECK(files(place).size() == 4);  // of images, of others, of 34 of them, of other weights
}

TEST_CASE("features of a frozen ConvNet: progress, computed or read", "[images]") {
  const test::TempFolder folder;
  ConvNet14 net(1, 1, test::kChannels);
  FeatureCache cache(net, {folder.file("features")});
  std::vector<std::pair<int64_t, int64_t>> shown;
  const auto show = [&shown](int64_t done, int64_t total) { shown.emplace_back(done, total); };
  cache.features(random_images(1, 1));
  cache.set_progress(show, 71);
  for (const int64_t count : {35, 1, 35}) cache.features(random_images(count, 1));
  CHECK(shown == std::vector<std::pair<int64_t, int64_t>>{{0, 71}, {32, 71}, {35, 71}, {36, 71}, {71, 71}});
  cache.set_progress({}, 35);
  cache.features(random_images(35, 1));
  CHECK(shown.size() == 5);
}

TEST_CASE("features of a frozen ConvNet: files that are damaged or cannot be written", "[images][bad]") {
  const test::TempFolder folder;
  ConvNet14 net(1, 1, test::kChannels);
  const RenderedImages images = random_images(3, 1);
  const std::vector<real> expected = list(conv_features(net, images));
  const std::string place = folder.file("features");
  FeatureCache(net, {place}).features(images);
  REQUIRE(files(place).size() == 1);
  const std::string path = files(place)[0];
  const auto size = std::filesystem::file_size(path);
  const auto damage = [&](const char* what) {
    if (std::string(what) == "cut") return std::filesystem::resize_file(path, size / 2);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const int64_t at = std::string(what) == "header" ? 9 : static_cast<int64_t>(size) - 6;
    file.seekg(at);
    const char other = static_cast<char>(file.get() ^ 0x55);
    file.seekp(at);
    file.write(&other, 1);
  };
  for (const char* what : {"cut", "header", "value"}) {
    INFO(what);
    damage(what);
    FeatureCache cache(net, {place});
    CHECK(list(cache.features(images)) == expected);
    CHECK(cache.found() == 0);
    CHECK(list(cache.features(images)) == expected);
    CHECK(cache.found() == 3);
  }

  folder.write("file", "text");
  FeatureCache cache(net, {folder.file("file")});
  CHECK(list(cache.features(images)) == expected);
  CHECK(cache.problem().find("cannot make the folder") != std::string::npos);
}

TEST_CASE("features of a frozen ConvNet: the least recently used files go when all are too large", "[images]") {
  const test::TempFolder folder;
  const std::string place = folder.file("features");
  ConvNet14 net(1, 1, test::kChannels);
  std::filesystem::create_directory(place);
  folder.write("features/notes.txt", std::string(100000, 'x'));  // not ours
  FeatureCache unlimited(net, {place});
  const auto age = [&](int64_t hours) {
    for (const std::string& path : files(place)) {
      const auto then = std::filesystem::file_time_type::clock::now() - std::chrono::hours(hours);
      if (std::filesystem::last_write_time(path) > then + std::chrono::minutes(30)) {
        std::filesystem::last_write_time(path, then);
      }
    }
  };
  unlimited.features(random_images(3, 1));
  age(3);
  unlimited.features(random_images(3, 2));
  age(2);
  REQUIRE(files(place).size() == 3);
  unlimited.features(random_images(3, 1));  // read: used now
  const auto one = static_cast<int64_t>(3 * kFeatures * sizeof(real)) + 500;
  FeatureCache limited(net, {place, 2 * one});
  limited.features(random_images(3, 3));
  CHECK(files(place).size() == 3);
  FeatureCache after(net, {place});
  after.features(random_images(3, 1));
  after.features(random_images(3, 3));
  CHECK(after.found() == 6);
  after.features(random_images(3, 2));
  CHECK(after.found() == 6);
  FeatureCache tiny(net, {place, 1});  // even the file just written is larger: it stays
  tiny.features(random_images(3, 4));
  CHECK(files(place).size() == 2);
}

}  // namespace hmem
