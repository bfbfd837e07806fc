#include "hmem/train/model_file.h"

#include <limits>

#include "catch.h"
#include "hmem/core/safetensors.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::read_file;
using hmem::test::TempFolder;

namespace {

/// Two parameters and a buffer with values of their own.
struct TinyModel {
  Parameter a{"a.weight", {2, 3}}, b{"b.weight", {1}};
  Buffer mean{"norm.moving_mean", {3}};

  explicit TinyModel(real first) {
    for (Tensor* value : {&a.value, &b.value, &mean.value}) {
      for (real& x : *value) x = first++;
    }
  }
  std::vector<Parameter*> parameters() { return {&a, &b}; }
  std::vector<Buffer*> buffers() { return {&mean}; }
  std::vector<real> values() const {
    std::vector<real> all(a.value.begin(), a.value.end());
    all.insert(all.end(), b.value.begin(), b.value.end());
    all.insert(all.end(), mean.value.begin(), mean.value.end());
    return all;
  }
};

void check_contains(const std::string& text, const std::string& part) {
  INFO(text << "\nexpected to contain: " << part);
  CHECK(text.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("a model comes back from its file bit for bit", "[model_file]") {
  const TempFolder folder;
  const std::string path = folder.file("model.safetensors");
  TinyModel saved(real(0.1)), loaded(100);
  save_model(path, {{"kind", "tiny"}, {"text", "\xC3\xA9 \"quoted\"\n"}}, saved.parameters(), saved.buffers());
  const ModelFile file(path);
  CHECK(file.path() == path);
  CHECK(file.info() == ModelInfo{{"kind", "tiny"}, {"text", "\xC3\xA9 \"quoted\"\n"}});
  CHECK(file.require("kind") == "tiny");
  check_contains(error_text([&] { file.require("hops"); }), path + ": no 'hops' in the metadata");
  file.copy_to(loaded.parameters(), loaded.buffers());
  CHECK(loaded.values() == saved.values());
}

TEST_CASE("a file that does not fit is refused and changes nothing", "[model_file][bad]") {
  const TempFolder folder;
  const std::string path = folder.file("model.safetensors");
  TinyModel other(1), target(100);
  const std::vector<real> before = target.values();
  std::vector<NamedView> tensors;
  const auto refuse = [&](const std::string& expected) {
    write_safetensors(path, {}, tensors);
    const ModelFile file(path);
    check_contains(error_text([&] { file.copy_to(target.parameters(), target.buffers()); }), path + ": " + expected);
    CHECK(target.values() == before);
  };
  // In every case the first tensor is right, so that a copy made too early would show.
  const NamedView a = {"a.weight", other.a.value.view()}, b = {"b.weight", other.b.value.view()};
  const NamedView mean = {"norm.moving_mean", other.mean.value.view()};

  tensors = {a, b};
  refuse("no tensor 'norm.moving_mean'");
  tensors = {a, {"b.bias", b.value}, mean};
  refuse("no tensor 'b.weight'");
  tensors = {a, b, mean, {"extra", mean.value}};
  refuse("tensor 'extra' is not part of this model");
  tensors = {a, {"b.weight", mean.value}, mean};
  refuse("tensor 'b.weight' has shape [3], expected [1]");
  Tensor transposed({3, 2});
  tensors = {{"a.weight", transposed.view()}, b, mean};
  refuse("tensor 'a.weight' has shape [3, 2], expected [2, 3]");
  other.mean.value[1] = std::numeric_limits<real>::quiet_NaN();
  tensors = {a, b, mean};
  refuse("tensor 'norm.moving_mean' holds values that are not finite");
  other.mean.value[1] = std::numeric_limits<real>::infinity();
  refuse("tensor 'norm.moving_mean' holds values that are not finite");

  other.mean.value[1] = 0;
  write_safetensors(path, {}, tensors);
  ModelFile(path).copy_to(target.parameters(), target.buffers());
  CHECK(target.values() == other.values());
}

TEST_CASE("a file that is no model is refused with its path", "[model_file][bad]") {
  const TempFolder folder;
  check_contains(error_text([&] { ModelFile file(folder.file("missing")); }), folder.file("missing"));
  const std::string path = folder.write("text", "1 Mary went to the kitchen.\n");
  check_contains(error_text([&] { ModelFile file(path); }), path);
}

TEST_CASE("whether a path can be written is known before the training", "[model_file][bad]") {
  const TempFolder folder;
  CHECK_NOTHROW(check_writable(""));
  CHECK_NOTHROW(check_writable(folder.file("new")));
  CHECK_FALSE(std::filesystem::exists(folder.file("new")));
  const std::string file = folder.write("file", "kept");
  CHECK_NOTHROW(check_writable(file));
  CHECK(read_file(file) == "kept");
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  check_contains(error_text([&] { check_writable(folder.path().string()); }), "it exists and is not a regular file");
  check_contains(error_text([&] { check_writable(folder.file("missing/model")); }), "No such file or directory");
  check_contains(error_text([&] { check_writable(file + "/model"); }), "Not a directory");
}
