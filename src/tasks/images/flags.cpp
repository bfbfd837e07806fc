#include "hmem/tasks/images/flags.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/hash.h"
#include "hmem/core/program.h"
#include "hmem/data/images/source.h"
#include "hmem/data/search.h"
#include "hmem/optim/schedule.h"

namespace hmem {

namespace {

/// Where things are, as far as results do not depend on it.
const std::vector<std::string> kPlaces = {"data_dir", "images_a", "images_b", "export_weights", "pretrained_weights"};

ImageSource source_of(ImageKind kind, const Options& options) {
  const std::string& folder = options.get_string(kind == ImageKind::kCifar10 ? "images_a" : "images_b");
  if (!folder.empty()) return find_image_folder(folder);
  return find_images(kind, options.get_string("data_dir"), program_folder());
}

ImageData load_set(ImageKind kind, const Options& options, std::vector<std::string>& notes) {
  const ImageSource source = source_of(kind, options);
  EmbeddedCounts counts;
  const int64_t most = options.get_int("images_per_class");
  if (most > 0) counts = {std::min(counts.train, most), std::min(counts.test, most)};
  ImageData data = load_images(source, {}, "default", counts);
  const ImageSize size;
  HMEM_CHECK(data.train.height <= size.height && data.train.width <= size.width, data.description, ": found images of ",
             data.train.height, " x ", data.train.width, ", expected at most ", size.height, " x ", size.width);
  check_images(data, data.description);
  if (most > 0) {
    keep_per_class(data.train, data.classes(), most);
    keep_per_class(data.test, data.classes(), most);
  }
  if (source.embedded()) notes.push_back("the data are " + data.description);
  if (!data.note.empty()) notes.push_back(data.description + ": " + data.note);
  return data;
}

}  // namespace

void add_image_data_options(Options& options) {
  options.add_string("data_dir", "", "folder of cifar10/ and mnist/; 'embedded' makes images; else searched for");
  options.add_string("images_a", "", "photographs of your own: train/<class>/*, test/<class>/*; or IDX files");
  options.add_string("images_b", "", "the same in place of the digits");
  options.add_int("images_per_class", 0, "use the first of each class and part; 0: all", {0, 1000000});
  options.add_real("validation_split", 0.1, "part of the training examples set aside", RealRange::half_open(0, 1));
}

void add_image_training_options(Options& options, int64_t batch_size, double max_grad_norm) {
  options.add_int("epochs", 100, "passes over the training examples; 0: only test", {0, 1000000});
  options.add_real("learning_rate", 0.001, "Adam: falls by exp(-0.1) an epoch from half of the epochs on",
                   RealRange::above(0));
  options.add_int("batch_size_per_replica", batch_size, "examples per update (there is one replica)", {1, 1000000});
  options.add_real("max_grad_norm", max_grad_norm, "clip each parameter's gradient to this norm; 0: never",
                   RealRange::at_least(0));
  options.add_real("l2", 1e-3, "penalty: this times the sum of the squared weights", RealRange::at_least(0));
  options.add_switch("keep_best", false,
                     "test and save the weights of the epoch with the lowest validation error, not of the last");
  add_run_options(options);
}

void check_image_sources(const Options& options) {
  for (const ImageKind kind : {ImageKind::kCifar10, ImageKind::kMnist}) source_of(kind, options);
}

ImagePair load_image_pair(const Options& options) {
  ImagePair pair;
  pair.a = load_set(ImageKind::kCifar10, options, pair.notes);
  pair.b = load_set(ImageKind::kMnist, options, pair.notes);
  pair.description = pair.a.description + "; " + pair.b.description;
  return pair;
}

std::string image_data_hash(const ImagePair& data) {
  WordHash hash;
  for (const ImageSet* set : {&data.a.train, &data.a.test, &data.b.train, &data.b.test}) {
    for (const int64_t size : {set->count(), set->height, set->width, set->channels}) {
      hash.add(static_cast<uint64_t>(size));
    }
    hash.add_bytes(set->labels.data(), set->labels.size() * sizeof(int32_t));
    hash.add_bytes(set->pixels.data(), set->pixels.size());
  }
  return hash_text(hash.value());
}

std::function<double(int64_t epoch)> image_learning_rate(const Options& options) {
  return [base = options.get_real("learning_rate"), half = options.get_int("epochs") / 2](int64_t epoch) {
    return exponential_decay(base, epoch, half, 0.1);
  };
}

FitSettings image_fit_settings(const Options& options) {
  FitSettings settings;
  settings.epochs = options.get_int("epochs");
  settings.batch_size = options.get_int("batch_size_per_replica");
  settings.learning_rate = image_learning_rate(options);
  return settings;
}

RunInfo image_run_info(const Options& options, uint64_t seed, const ModelInfo& model, const ImagePair& data,
                       const std::vector<std::string>& without_effect) {
  std::vector<std::string> left_out = kPlaces;
  left_out.insert(left_out.end(), without_effect.begin(), without_effect.end());
  RunInfo info = run_info(options, seed, model, left_out);
  info.emplace_back("epochs", std::to_string(options.get_int("epochs")));
  info.emplace_back("images_hash", image_data_hash(data));
  return info;
}

ModelInfo settings_info(const Options& options, uint64_t seed, const std::string& data) {
  ModelInfo info;
  for (const auto& [name, value] : run_info(options, seed, {}, kPlaces)) info[name] = value;
  info["epochs"] = std::to_string(options.get_int("epochs"));
  info["data"] = data;
  info["version"] = build_info().version;
  info["git"] = build_info().git_sha;
  return info;
}

}  // namespace hmem
