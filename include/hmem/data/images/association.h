#pragma once
/// \file association.h
/// Examples of single-shot image association (Limbacher & Legenstein, "H-Mem", NeurIPS 2020): T pairs of a photograph
/// (set a) and a digit (set b) are shown; the query is another photograph of one of the shown classes, the answer the
/// digit class that was paired with it. Examples hold indices of images, pixels are put together on demand.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hmem/core/settings.h"
#include "hmem/core/shape.h"
#include "hmem/data/images/set.h"

namespace hmem {

enum class Pairing {
  independent,  ///< digit classes are independent of the photographs' classes
  /// As in the authors' program, where a photograph of class c only meets digits c-2 .. c+2 (counted in a circle), with
  /// weights 1 2 3 2 1: a guess from the query's class and the digits shown, without the pairs, is right 3 times out of
  /// 4.
  reference
};
enum class DelayPadding { random, zeros };

/// Pairs of an example.
constexpr IntRange kAssociationTimesteps = {2, 6};
/// Padding frames after a pair.
constexpr IntRange kAssociationDelay = {0, 1000};
/// Noise frames of the pool.
constexpr IntRange kAssociationNoiseFrames = {1, 1000000};

struct AssociationOptions {
  int timesteps = 3;  ///< T
  int64_t delay = 0;  ///< frames of noise (or zeros) after every pair
  DelayPadding delay_padding = DelayPadding::random;
  Pairing pairing = Pairing::independent;
  double validation_split = 0.1;
  int64_t noise_frames = 1000;   ///< size of the pool of noise frames
  int64_t images_per_class = 0;  ///< first images of each class that are used; 0: as many as all classes have
  int64_t held_out_classes = 0;  ///< photographs of the last classes are in no training example

  template <typename Visitor>
  void visit(Visitor&& v) {
    v("timesteps", timesteps, kAssociationTimesteps, "number of pairs shown in each example");
    v("delay", delay, kAssociationDelay, "number of padding frames after every pair");
    v("delay_padding", delay_padding, Names{"random", "zeros"},
      "content of padding frames; random: noise; zeros: black");
    v("noise_frames", noise_frames, kAssociationNoiseFrames,
      "number of noise frames in the pool from which padding frames are drawn");
    v("pairing", pairing, Names{"independent", "reference"},
      "how digits are paired with photographs; reference: as in the authors' program, where pairs can be guessed");
    v("validation_split", validation_split, RealRange::half_open(0, 1),
      "fraction of the training examples held out for validation");
    v("held_out_classes", held_out_classes, IntRange{0, 1000000},
      "number of photograph classes, the last ones, that are kept out of the training examples and tested separately");
  }
};

/// The content of one step of a sequence.
struct AssociationFrame {
  enum class Kind { pair, noise, zeros } kind = Kind::pair;
  int64_t photograph = -1;  ///< index in set a
  int64_t digit = -1;       ///< index in set b
  int64_t noise = -1;       ///< index in the pool
};

/// The images of both sets that examples may show: true in `a[i]`, `b[i]`. Empty: all images of the set.
struct AssociationImages {
  std::vector<bool> a, b;
};

struct AssociationExamples {
  int64_t timesteps = 0;
  int64_t delay = 0;
  int64_t train_count = 0;           ///< examples before this index are for training, the rest for validation
  std::vector<int32_t> photographs;  ///< count x T, in the order shown
  std::vector<int32_t> digits;       ///< count x T
  std::vector<int32_t> queries;      ///< index of the query photograph
  std::vector<int32_t> answers;      ///< digit class
  std::vector<int32_t> noise;        ///< count x T x delay, -1 for zeros

  int64_t count() const { return static_cast<int64_t>(queries.size()); }
  /// T (delay + 1)
  int64_t frames() const { return timesteps * (delay + 1); }
  AssociationFrame frame(int64_t example, int64_t step) const;
};

/// Examples from one part of both sets. With n images a class, floor(n / (T + 1)) queries of each photograph class; of
/// the first n images floor(T n / (T + 1)) are shown in pairs and the rest are queries; every class is shown and asked
/// for equally often. `part` ("train", "validation", "test") names the random stream. Throws Error for options out of
/// range, fewer than T classes, too few images, or reference pairing with different numbers of classes. Only the part
/// "test" has photographs of the held-out classes. Images that are not in `allowed` are left out first.
AssociationExamples make_association(const ImageSet& a, int64_t a_classes, const ImageSet& b, int64_t b_classes,
                                     const AssociationOptions& options, uint64_t seed, const std::string& part,
                                     const AssociationImages& allowed = {});

/// All of `train` for training, then all of `validation` for validation. Both must have the same T and delay, else
/// throws Error.
AssociationExamples join_examples(AssociationExamples train, const AssociationExamples& validation);

/// The examples for which `keep(example)` holds, in order, all for testing.
AssociationExamples filter_examples(const AssociationExamples& examples,
                                    const std::function<bool(int64_t example)>& keep);

/// Probability of the offset d - c that reference pairing aims at (in a circle of `classes`).
double reference_pairing_weight(int64_t offset, int64_t classes);

/// Composes frames: H x 2W x C, photograph left, digit right, each centred in H x W with zeros around it; H, W and C
/// are the largest ones of both sets and `least`, grey is repeated over the channels. Values in [0, 1].
class AssociationRenderer {
 public:
  /// Keeps references to both sets.
  AssociationRenderer(const ImageSet& a, const ImageSet& b, uint64_t seed, const ImageSize& least = {1, 1, 1});

  Shape half_shape() const { return {half_.height, half_.width, half_.channels}; }
  /// Image `i` of the first or second set as the half of a frame shows it.
  void render_half(bool digit, int64_t i, real* out) const;
  int64_t count(bool digit) const { return (digit ? b_ : a_)->count(); }
  Shape frame_shape() const { return {half_.height, 2 * half_.width, half_.channels}; }
  int64_t frame_size() const { return frame_shape().count(); }
  void render(const AssociationFrame& frame, real* out) const;
  /// A photograph with its right half zero.
  void render_query(int64_t photograph, real* out) const;
  /// Noise frame `index` of the pool: uniform in [0, 1), the same value in all channels.
  void render_noise(int64_t index, real* out) const;

 private:
  const ImageSet* a_;
  const ImageSet* b_;
  uint64_t seed_;
  ImageSize half_;
};

/// Images of one shape [H, W, C]; `render(i, out)` writes image i and may be called from several threads.
struct RenderedImages {
  int64_t count = 0;
  Shape shape;
  std::function<void(int64_t i, real* out)> render;

  /// Images [begin, begin + n) to `out`, [n, H, W, C], in parallel.
  void render_range(int64_t begin, int64_t n, real* out) const;
};

}  // namespace hmem
