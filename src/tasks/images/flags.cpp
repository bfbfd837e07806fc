#include "hmem/tasks/images/flags.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/hash.h"
#include "hmem/core/program.h"
#include "hmem/data/images/source.h"
#include "hmem/optim/schedule.h"

namespace hmem {

namespace {

ImageSource source_of(ImageKind kind, const Options& options) {
  const std::string& folder = options.get_string(kind == ImageKind::cifar10 ? "images_a" : "images_b");
  if (!folder.empty()) return find_image_folder(folder);
  return find_images(kind, options.get_string("data_dir"));
}

/// Adds to the notes of `pair`, which is embedded only if all its sets are.
ImageData load_set(ImageKind kind, const Options& options, ImagePair& pair) {
  const ImageSource source = source_of(kind, options);
  EmbeddedCounts counts;
  const int64_t most = options.get_int("images_per_class");
  if (most > 0) counts = {std::min(counts.train, most), std::min(counts.test, most)};
  ImageData data = load_images(source, {}, "default", counts, 0, show_progress(options, "reading images"));
  const ImageSize size;
  HMEM_CHECK(data.train.height <= size.height && data.train.width <= size.width, data.description, ": found images of ",
             data.train.height, " x ", data.train.width, ", expected at most ", size.height, " x ", size.width);
  check_images(data, data.description);
  if (most > 0) {
    keep_per_class(data.train, data.classes(), most);
    keep_per_class(data.test, data.classes(), most);
  }
  pair.embedded = pair.embedded && source.embedded();
  if (source.embedded()) pair.notes.push_back("the data are " + data.description);
  if (!data.note.empty()) pair.notes.push_back(data.description + ": " + data.note);
  return data;
}

}  // namespace

void add_image_data_flags(Options& options) {
  options.add_folder(
      "data_dir",
      "folder with cifar10/ and mnist/; 'embedded': generate images; empty: search $HMEM_DATA, ./datasets and "
      "the datasets folder beside the program's, else generate images",
      Role::place);
  options.add_folder("images_a", "folder of your own photographs: train/<class>/* and test/<class>/*, or IDX files",
                     Role::place);
  options.add_folder(
      "images_b", "folder of your own images in place of the digits: train/<class>/* and test/<class>/*, or IDX files",
      Role::place);
  options.add_int("images_per_class", 0,
                  "use only the first images of each class, this many for training and as many for test; 0: all",
                  {0, 1000000});
}

void add_frozen_conv_net_flags(Options& options) {
  options.add_file("pretrained_weights",
                   "pretrained ConvNet; empty: search for weights/convnet14.safetensors or, for embedded images, "
                   "weights/convnet14_embedded.safetensors",
                   Role::place);
  options.add_folder("feature_cache",
                     "folder in which features of the frozen ConvNet are kept for other runs; empty: "
                     "$XDG_CACHE_HOME/hmem or ~/.cache/hmem; none: keep nothing",
                     Role::neutral);
  options.add_real("feature_cache_limit", 8,
                   "GiB of features that are kept; the least recently used files are removed; 0: no limit",
                   RealRange::at_least(0), Role::neutral);
}

CachePlace feature_cache_place(const Options& options) {
  const std::string& folder = options.get_string("feature_cache");
  if (folder == "none") return {};
  const double limit = std::min(options.get_real("feature_cache_limit"), 1e6) * 0x1p30;
  return {folder.empty() ? default_cache_folder() : folder, static_cast<int64_t>(limit)};
}

void check_image_sources(const Options& options) {
  for (const ImageKind kind : {ImageKind::cifar10, ImageKind::mnist}) source_of(kind, options);
}

ImagePair load_image_pair(const Options& options) {
  ImagePair pair;
  pair.a = load_set(ImageKind::cifar10, options, pair);
  pair.b = load_set(ImageKind::mnist, options, pair);
  pair.description = pair.a.description + "; " + pair.b.description;
  return pair;
}

std::string ImagePair::hash() const {
  WordHash hash;
  for (const ImageSet* set : {&a.train, &a.test, &b.train, &b.test}) {
    for (const int64_t size : {set->count(), set->height, set->width, set->channels}) {
      hash.add(static_cast<uint64_t>(size));
    }
    hash.add_bytes(set->labels.data(), set->labels.size() * sizeof(int32_t));
    hash.add_bytes(set->pixels.data(), set->pixels.size());
  }
  return hash_text(hash.value());
}

std::function<double(int64_t epoch)> image_paper_rate(double learning_rate, int64_t epochs) {
  return
      [learning_rate, half = epochs / 2](int64_t epoch) { return exponential_decay(learning_rate, epoch, half, 0.1); };
}

}  // namespace hmem
