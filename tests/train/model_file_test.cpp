#include "hmem/train/model_file.h"

#include <cstring>
#include <limits>
#include <memory>

#include "catch.h"
#include "hmem/core/safetensors.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::read_file;
using hmem::test::TempFolder;

namespace {

/// Two parameters and a buffer with different values.
struct TinyModel {
  Parameter a{"a.weight", {2, 3}}, b{"b.weight", {1}};
  Buffer mean{"norm.moving_mean", {3}};

  explicit TinyModel(real first) {
    for (Tensor* value : {&a.value, &b.value, &mean.value}) {
      for (real& x : *value) x = first++;
    }
  }
  Weights weights() { return {{&a, &b}, {&mean}, {}}; }
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

TEST_CASE("FNV-1a over the bytes of parameters and buffers, in order", "[model_file]") {
  CHECK(value_hash({}) == 0xcbf29ce484222325);
  Parameter parameter("p", {1});
  Buffer buffer("b", {1});
  std::memcpy(parameter.value.data(), "foob", 4);
  std::memcpy(buffer.value.data(), "ar12", 4);
  CHECK(value_hash({{&parameter}, {&buffer}, {}}) == 0x7495bbeb4ef8b7cb);  // of "foobar12"
}

TEST_CASE("a model is restored from its file bit for bit", "[model_file]") {
  const TempFolder folder;
  const std::string path = folder.file("model.safetensors");
  TinyModel saved(real(0.1)), loaded(100);
  save_model(path, {{"model", "tiny"}, {"text", "\xC3\xA9 \"quoted\"\n"}}, saved.weights());
  const ModelFile file(path);
  CHECK(file.path() == path);
  CHECK(file.info() == ModelInfo{{"model", "tiny"}, {"text", "\xC3\xA9 \"quoted\"\n"}});
  CHECK(file.require("model") == "tiny");
  check_contains(error_text([&] { file.require("hops"); }), path + ": no 'hops' in the metadata");
  file.copy_to(loaded.weights());
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
    check_contains(error_text([&] { file.copy_to(target.weights()); }), path + ": " + expected);
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
  ModelFile(path).copy_to(target.weights());
  CHECK(target.values() == other.values());
}

TEST_CASE("a file says which model it holds, and its settings", "[model_file][bad]") {
  const TempFolder folder;
  const std::string path = folder.file("model.safetensors");
  TinyModel model(1);
  const auto file = [&](const ModelInfo& info) {
    save_model(path, info, model.weights());
    return std::make_unique<ModelFile>(path);
  };
  const auto refused = [&](const ModelInfo& info) { return error_text([&] { file(info)->expect_model("tiny"); }); };
  CHECK_NOTHROW(file({{"model", "tiny"}})->expect_model("tiny"));
  CHECK(file({{"kind", "tiny"}})->model() == "tiny");  // as version 0.1.0 wrote it
  CHECK(file({{"model", "new"}, {"kind", "old"}})->model() == "new");
  CHECK(file({})->model().empty());
  check_contains(refused({{"model", "other"}}), path + ": model: found 'other', expected 'tiny'");
  check_contains(refused({}), path + ": model: found none, expected 'tiny'");
  check_contains(refused({{"model", "tiny"}, {kCheckpointFormatKey, "3"}}),
                 path + ": is a checkpoint, expected a model");

  const auto made = file({{"hops", "3"}});
  CHECK_NOTHROW(made->expect("hops", "3", ""));
  check_contains(error_text([&] { made->expect("hops", "4", "give --hops=3"); }),
                 path + ": hops is '3', expected '4'; give --hops=3");
  int64_t hops = 0;
  made->settings()("hops", hops, IntRange{1, 16}, "");
  CHECK(hops == 3);
  check_contains(error_text([&] {
                   made->settings()("hops", hops, IntRange{4, 16}, "");
                 }),
                 path + ": hops is '3', expected a number in 4..16");
  check_contains(error_text([&] { made->settings()("size", hops, IntRange{}, ""); }), path + ": no 'size'");
  CHECK(made->shape_of("a.weight") == Shape({2, 3}));
  check_contains(error_text([&] { made->shape_of("c"); }), path + ": no tensor 'c'");
}

TEST_CASE("a file that is not a model is refused with its path", "[model_file][bad]") {
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
