#include "hmem/tasks/images/feature_cache.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "hmem/autodiff/tape.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/hash.h"
#include "hmem/core/parallel.h"
#include "hmem/core/safetensors.h"
#include "hmem/kernels/isa.h"
#include "hmem/train/model_file.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kForm = 2;  // of the files; 2: features by minimal filtering
constexpr int64_t kBatch = 32;
constexpr char kPrefix[] = "features-";

/// Calls `use(begin, pixels)` for one batch of images after the other, pixels [n, H, W, C].
template <typename Use>
void for_batches(const RenderedImages& images, const Use& use) {
  const Shape& shape = images.shape;
  Tensor pixels({kBatch, shape[0], shape[1], shape[2]});
  for (int64_t begin = 0; begin < images.count; begin += kBatch) {
    const int64_t n = std::min(kBatch, images.count - begin);
    images.render_range(begin, n, pixels.data());
    use(begin, pixels.view().rows(0, n));
  }
}

int64_t feature_count(const ConvNet14& net, const Shape& image) {
  return image[0] / 32 * (image[1] / 32) * net.features();
}

/// Empty when the file is missing, damaged or holds something else.
Tensor read_features(const std::string& path, const Shape& shape) {
  if (!is_file(path)) return {};
  try {
    SafetensorsFile file = read_safetensors(path);
    if (file.tensors.size() != 1 || file.tensors[0].value.shape() != shape) return {};
    if (!file.has_checksum) return {};
    return std::move(file.tensors[0].value);
  } catch (const Error&) {
    return {};
  }
}

void write_features(const std::string& path, const Tensor& features) {
  make_folder(fs::path(path).parent_path());
  write_safetensors(path, {}, {{"features", features.view()}});
}

/// Removes files of features, the least recently used first, until they fit; not `kept`. What another program removes
/// meanwhile is gone, too.
void remove_oldest(const CachePlace& place, const std::string& kept) {
  struct File {
    fs::file_time_type used;
    fs::path path;
    int64_t bytes;
  };
  std::vector<File> files;
  int64_t all = 0;
  std::error_code gone;
  // What cannot be listed is not removed.
  for (fs::directory_iterator at(place.folder, gone), end; !gone && at != end; at.increment(gone)) {
    const fs::directory_entry& entry = *at;
    std::error_code unreadable;
    if (entry.path().filename().string().rfind(kPrefix, 0) != 0 || !entry.is_regular_file(unreadable)) continue;
    const auto bytes = static_cast<int64_t>(entry.file_size(unreadable));
    const auto used = unreadable ? fs::file_time_type() : entry.last_write_time(unreadable);
    if (unreadable) continue;
    all += bytes;
    if (entry.path() != fs::path(kept)) files.push_back({used, entry.path(), bytes});
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.used < b.used; });
  for (size_t i = 0; i < files.size() && all > place.limit_bytes; ++i) {
    if (fs::remove(files[i].path, gone)) all -= files[i].bytes;
  }
}

}  // namespace

Tensor conv_features(ConvNet14& net, const RenderedImages& images, const ShowProgress& show) {
  const int64_t features = feature_count(net, images.shape);
  Tensor all({images.count, features});
  Tape tape;
  ThreadPacer pacer;
  for_batches(images, [&](int64_t begin, ConstTensorView pixels) {
    tape.reset(Tape::Mode::inference);
    const Var found = net.forward(tape, tape.constant(pixels));
    std::copy(found.data(), found.data() + found.count(), all.data() + begin * features);
    pacer.tick();
    if (show) show(begin + pixels.shape[0], images.count);
  });
  return all;
}

FeatureCache::FeatureCache(ConvNet14& net, CachePlace place) : net_(net), place_(std::move(place)) {
  if (!place_.folder.empty()) weights_ = value_hash(net_.weights());
}

std::string FeatureCache::path_of(const RenderedImages& images) const {
  const Shape& shape = images.shape;
  WordHash hash;
  hash.add(kForm);
  const std::string kernels = kernel_set_name();  // other instruction sets, other roundings
  hash.add_bytes(kernels.data(), kernels.size());
  hash.add(weights_);
  for (const int64_t size : {images.count, shape[0], shape[1], shape[2], static_cast<int64_t>(sizeof(real))}) {
    hash.add(static_cast<uint64_t>(size));
  }
  for_batches(images, [&](int64_t, ConstTensorView pixels) {
    hash.add_bytes(pixels.data, static_cast<size_t>(pixels.shape.count()) * sizeof(real));
  });
  return (fs::path(place_.folder) / (std::string(kPrefix) + hash_text(hash.value()) + ".safetensors")).string();
}

void FeatureCache::set_progress(const ShowProgress& show, int64_t total) {
  show_ = [show, total, before = images_](int64_t done, int64_t) {
    if (show) show(done - before, total);
  };
  show_(images_, total);
}

Tensor FeatureCache::features(const RenderedImages& images) {
  const auto show = [this, before = images_](int64_t done, int64_t total) {
    if (show_) show_(before + done, total);
  };
  images_ += images.count;
  if (place_.folder.empty() || images.count == 0) return conv_features(net_, images, show);
  const std::string path = path_of(images);
  Tensor features = read_features(path, {images.count, feature_count(net_, images.shape)});
  if (!features.empty()) {
    found_ += images.count;
    std::error_code ignored;  // the time of use, where the folder can be written
    fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
    show(images.count, images.count);
    return features;
  }
  features = conv_features(net_, images, show);
  try {
    write_features(path, features);
    if (place_.limit_bytes > 0) remove_oldest(place_, path);
  } catch (const Error& error) {  // the features are there; only the next run is slower
    problem_ = error.what();
  }
  return features;
}

}  // namespace hmem
