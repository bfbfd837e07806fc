#include "hmem/data/images/association_strip.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/data/images/encode.h"

namespace hmem {

namespace {

constexpr int64_t kStripScale = 2;

}  // namespace

DecodedImage association_strip(const AssociationExamples& examples, const AssociationRenderer& renderer,
                               int64_t example, int64_t scale) {
  HMEM_CHECK(example >= 0 && example < examples.count(), "there is no example ", example, ", expected 0 to ",
             examples.count() - 1);
  const Shape shape = renderer.frame_shape();
  const int64_t frames = examples.frames() + 1, channels = shape[2];
  DecodedImage strip{shape[0] * scale, (frames * (shape[1] + kStripGap) - kStripGap) * scale, channels, {}};
  strip.pixels.assign(static_cast<size_t>(strip.height * strip.width * channels), uint8_t{255});
  std::vector<real> frame(static_cast<size_t>(renderer.frame_size()));
  for (int64_t step = 0; step < frames; ++step) {
    if (step + 1 < frames) {
      renderer.render(examples.frame(example, step), frame.data());
    } else {
      renderer.render_query(examples.queries[static_cast<size_t>(example)], frame.data());
    }
    const int64_t left = step * (shape[1] + kStripGap) * scale;
    for (int64_t y = 0; y < strip.height; ++y) {
      for (int64_t x = 0; x < shape[1] * scale; ++x) {
        const real* in = frame.data() + (y / scale * shape[1] + x / scale) * channels;
        uint8_t* out = strip.pixels.data() + (y * strip.width + left + x) * channels;
        for (int64_t c = 0; c < channels; ++c) out[c] = static_cast<uint8_t>(std::lround(in[c] * 255));
      }
    }
  }
  return strip;
}

void write_association_strips(const std::string& folder, const AssociationExamples& examples,
                              const AssociationRenderer& renderer, const std::vector<std::string>& class_names,
                              int64_t count) {
  need_png();
  const std::filesystem::path path(folder);
  make_folder(path);
  for (int64_t i = 0; i < std::min(count, examples.count()); ++i) {
    std::string answer = class_names[static_cast<size_t>(examples.answers[static_cast<size_t>(i)])];
    answer.resize(std::min(answer.size(), size_t{200}));  // file systems allow names of 255 bytes
    const std::string name = "example" + std::to_string(i) + "_answer_" + answer + ".png";
    write_file((path / name).string(), encode_png(association_strip(examples, renderer, i, kStripScale)));
  }
}

}  // namespace hmem
