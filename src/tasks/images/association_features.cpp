#include "hmem/tasks/images/association_features.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/data/images/augmentation.h"

namespace hmem {

namespace {

constexpr int64_t kMoves = 2;       // pixels
constexpr uint64_t kMaxDraws = 64;  // random words of one image
constexpr uint64_t kMaxImages = 1 << 30;

/// Half `digit` of a frame as an image of its own: columns [0, W) or [W, 2 W).
void copy_half(const real* frame, const Shape& half, bool digit, real* out) {
  const int64_t row = half[1] * half[2];
  for (int64_t y = 0; y < half[0]; ++y) std::copy_n(frame + (2 * y + digit) * row, row, out + y * row);
}

/// Features [count, F] of frames, computed for whole frames or for their halves.
Tensor frame_features(FeatureCache& cache, const FeatureSettings& settings, int64_t count,
                      const AssociationRenderer& renderer, const std::function<void(int64_t i, real* out)>& render) {
  if (!settings.split) return cache.features({count, renderer.frame_shape(), render});
  const Shape half = renderer.half_shape();
  const Tensor halves = cache.features({2 * count, half, [&](int64_t i, real* out) {
                                          std::vector<real> frame(static_cast<size_t>(renderer.frame_size()));
                                          render(i / 2, frame.data());
                                          copy_half(frame.data(), half, i % 2 == 1, out);
                                        }});
  Tensor frames({count, 2 * halves.size(1)});  // the halves of a frame follow each other
  std::copy(halves.begin(), halves.end(), frames.begin());
  return frames;
}

/// Look 0 is the photograph itself; the moves of the others depend on look and image alone.
Displacement displacement_of(const FeatureSettings& settings, int64_t look, int64_t image, const ImageSize& size) {
  if (look == 0) return {};
  Rng rng(0, "association.looks");
  rng.set_position({(static_cast<uint64_t>(look) * kMaxImages + static_cast<uint64_t>(image)) * kMaxDraws});
  Augmentation augmentation;
  augmentation.shift = kMoves;
  augmentation.flip = !settings.mirror;
  return draw_displacement(augmentation, size, rng);
}

Tensor photograph_features(FeatureCache& cache, const FeatureSettings& settings, int64_t look,
                           const AssociationRenderer& renderer) {
  const Shape shape = renderer.half_shape();
  const ImageSize size = {shape[0], shape[1], shape[2]};
  const auto features = [&](bool mirrored) {
    return cache.features({renderer.count(false), shape, [&](int64_t i, real* out) {
                             std::vector<real> image(static_cast<size_t>(shape.count()));
                             renderer.render_half(false, i, image.data());
                             Displacement displacement = displacement_of(settings, look, i, size);
                             displacement.flip = displacement.flip != mirrored;
                             displace_image(image.data(), size, displacement, ShiftFill::reflect, out);
                           }});
  };
  Tensor mean = features(false);
  if (!settings.mirror) return mean;
  const Tensor other = features(true);
  for (int64_t i = 0; i < mean.count(); ++i) mean[i] = (mean[i] + other[i]) / 2;
  return mean;
}

void copy_row(const Tensor& from, int64_t row, real*& out) {
  out = std::copy_n(from.data() + row * from.size(1), from.size(1), out);
}

}  // namespace

std::string FeatureSettings::contradiction() const {
  if (split || (!mirror && copies == 1)) return "";
  return std::string(mirror ? "mirror_features" : "feature_copies") + ": found without --split_frames=1, expected both";
}

int64_t AssociationFeatures::images(const FeatureSettings& settings, const AssociationExamples& examples,
                                    const AssociationRenderer& renderer) {
  if (!settings.split) return examples.count() * (examples.timesteps + 1);
  return renderer.count(false) * settings.copies * (settings.mirror ? 2 : 1) + renderer.count(true) + 1;
}

AssociationFeatures::AssociationFeatures(FeatureCache& cache, const FeatureSettings& settings,
                                         const AssociationExamples& examples, const AssociationRenderer& renderer) {
  if (settings.split) {
    for (int64_t look = 0; look < settings.copies; ++look) {
      photographs_.push_back(photograph_features(cache, settings, look, renderer));
    }
    const Shape half = renderer.half_shape();
    digits_ =
        cache.features({renderer.count(true), half, [&](int64_t i, real* out) { renderer.render_half(true, i, out); }});
    black_ = cache.features({1, half, [&](int64_t, real* out) { std::fill_n(out, half.count(), real{0}); }});
    size_ = 2 * digits_.size(1);
    return;
  }
  const int64_t t = examples.timesteps;
  const auto render_pair = [&](int64_t i, real* out) {
    renderer.render(examples.frame(i / t, i % t * (examples.delay + 1)), out);
  };
  const auto render_query = [&](int64_t i, real* out) {
    renderer.render_query(examples.queries[static_cast<size_t>(i)], out);
  };
  pairs_ = cache.features({examples.count() * t, renderer.frame_shape(), render_pair});
  queries_ = cache.features({examples.count(), renderer.frame_shape(), render_query});
  size_ = queries_.size(1);
}

void AssociationFeatures::copy_pair(const AssociationExamples& examples, int64_t example, int64_t pair, int64_t look,
                                    real* out) const {
  const int64_t at = example * examples.timesteps + pair;
  if (photographs_.empty()) return copy_row(pairs_, at, out);
  copy_row(photographs_[static_cast<size_t>(look)], examples.photographs[static_cast<size_t>(at)], out);
  copy_row(digits_, examples.digits[static_cast<size_t>(at)], out);
}

void AssociationFeatures::copy_query(const AssociationExamples& examples, int64_t example, int64_t look,
                                     real* out) const {
  if (photographs_.empty()) return copy_row(queries_, example, out);
  copy_row(photographs_[static_cast<size_t>(look)], examples.queries[static_cast<size_t>(example)], out);
  copy_row(black_, 0, out);
}

Tensor noise_features(FeatureCache& cache, const FeatureSettings& settings, int64_t count,
                      const AssociationRenderer& renderer) {
  return frame_features(cache, settings, count, renderer, [&](int64_t i, real* out) { renderer.render_noise(i, out); });
}

Tensor zero_features(FeatureCache& cache, const FeatureSettings& settings, const AssociationRenderer& renderer) {
  return frame_features(cache, settings, 1, renderer,
                        [&](int64_t, real* out) { std::fill_n(out, renderer.frame_size(), real{0}); });
}

}  // namespace hmem
