#include "hmem/data/images/source.h"

#include <cstdlib>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/data/images/decode.h"
#include "support/error_text.h"
#include "support/image_bytes.h"
#include "support/surroundings.h"
#include "support/temp_folder.h"

using namespace hmem;
using namespace hmem::test;

namespace fs = std::filesystem;

namespace {

std::string data_folder() {
  const char* root = std::getenv("HMEM_DATA");
  return root != nullptr && *root != '\0' ? root : "datasets";
}

std::vector<size_t> counts(const ImageSet& set) {
  std::vector<size_t> found;
  for (const auto& images : images_by_class(set, 10)) found.push_back(images.size());
  return found;
}

}  // namespace

TEST_CASE("images: data_dir, $HMEM_DATA, ./datasets, beside the program, embedded", "[images]") {
  const TempFolder folder;
  folder.write("here/empty", "");
  const Surroundings surroundings(folder.file("data"), folder.path() / "here");
  const fs::path program = folder.path() / "install/bin";
  const std::string file = "mnist/train-images-idx3-ubyte";

  ImageSource source = find_images(ImageKind::mnist, "", program);
  CHECK(source.embedded());
  CHECK(contains(source.description, "10 embedded glyphs, generated in the process: no MNIST found (get it with"));
  CHECK(contains(find_images(ImageKind::cifar10, "", program).description, "10 embedded objects"));

  folder.write("install/datasets/" + file, "");
  source = find_images(ImageKind::mnist, "", program);
  CHECK(source.description == "MNIST from datasets/mnist beside the program's folder");
  folder.write("here/datasets/" + file + ".gz", "");
  CHECK(find_images(ImageKind::mnist, "", program).description == "MNIST from datasets/mnist");
  folder.write("data/" + file, "");
  source = find_images(ImageKind::mnist, "", program);
  CHECK(source.description == "MNIST from $HMEM_DATA/mnist");
  CHECK(source.folder == folder.path() / "data/mnist");
  CHECK(find_images(ImageKind::mnist, "embedded", program).embedded());

  fs::create_directories(folder.path() / "data/cifar10/train");
  fs::create_directories(folder.path() / "data/cifar10/test");
  source = find_images(ImageKind::cifar10, "", program);
  CHECK(source.description == "CIFAR-10 (JPEG) from $HMEM_DATA/cifar10");
  folder.write("data/cifar10/cifar-10-batches-bin/data_batch_1.bin", "");
  source = find_images(ImageKind::cifar10, "", program);
  CHECK(source.description == "CIFAR-10 from $HMEM_DATA/cifar10/cifar-10-batches-bin");
  CHECK(find_images(ImageKind::cifar10, folder.file("data"), program).folder == source.folder);
  CHECK(find_images(ImageKind::cifar10, folder.file("data/cifar10"), program).folder == source.folder);
}

TEST_CASE("images: a data_dir that is invalid is an error", "[images][bad]") {
  const TempFolder folder;
  CHECK(contains(error_text([&] { find_images(ImageKind::mnist, folder.file("none"), {}); }),
                 "none: there is no such folder, expected one that holds mnist/"));
  CHECK(contains(error_text([&] { find_images(ImageKind::cifar10, folder.path().string(), {}); }),
                 ": holds no CIFAR-10, expected cifar10/data_batch_1.bin"));
}

TEST_CASE("images: loading keeps the description of the source", "[images]") {
  const ImageData data = load_images(find_images(ImageKind::mnist, "embedded", {}), {}, "", {2, 1}, 3);
  CHECK(data.description == "10 embedded glyphs, as asked");
  CHECK(data.train.count() == 20);
  CHECK(data.train.pixels == embedded_glyphs({2, 1}, 3).train.pixels);
}

TEST_CASE("images: the real MNIST", "[data]") {
  const std::string folder = data_folder();
  if (!fs::exists(fs::path(folder) / "mnist") || !can_decode_images()) {
    WARN("no MNIST below " << folder << ", or no stb to read it: skipped");
    return;
  }
  const ImageData digits = load_images(find_images(ImageKind::mnist, folder, {}));
  CHECK(digits.train.count() == 60000);
  CHECK(digits.test.count() == 10000);
  CHECK(digits.train.height == 28);
  CHECK(digits.train.width == 28);
  CHECK(counts(digits.train) == std::vector<size_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949});
  CHECK(counts(digits.test) == std::vector<size_t>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009});
}

TEST_CASE("images: the real CIFAR-10", "[data]") {
  const std::string folder = data_folder();
  const fs::path cifar10 = fs::path(folder) / "cifar10";
  if ((!fs::exists(cifar10 / "train") || !can_decode_images()) && !fs::exists(cifar10 / "data_batch_1.bin")) {
    WARN("no unpacked CIFAR-10 below " << folder << ", or no stb to read it: skipped");
    return;
  }
  const ImageData photographs = load_images(find_images(ImageKind::cifar10, folder, {}), {}, "");
  CHECK(photographs.train.count() == 50000);
  CHECK(counts(photographs.train) == std::vector<size_t>(10, 5000));
  CHECK(counts(photographs.test) == std::vector<size_t>(10, 1000));
  CHECK(photographs.note.empty());
}
