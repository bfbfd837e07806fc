#include "hmem/data/images/association.h"

#include <algorithm>
#include <cstdlib>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/rng.h"

namespace hmem {

namespace {

using Classes = std::vector<int32_t>;

/// Classes of `count` examples, T distinct ones each. In a round of `classes` examples, example i shows the classes
/// order[i + shift_j] for T distinct shifts of a random order: each class comes T times in a round and once at every
/// position, and each example is uniform over all ordered choices of T classes.
Classes draw_classes(int64_t count, int64_t classes, int64_t timesteps, Rng& rng) {
  Classes drawn;
  while (static_cast<int64_t>(drawn.size()) < count * timesteps) {
    const std::vector<int64_t> order = rng.permutation(classes), shifts = rng.permutation(classes);
    for (int64_t i = 0; i < classes; ++i) {
      for (int64_t j = 0; j < timesteps; ++j) {
        drawn.push_back(
            static_cast<int32_t>(order[static_cast<size_t>((i + shifts[static_cast<size_t>(j)]) % classes)]));
      }
    }
  }
  drawn.resize(static_cast<size_t>(count * timesteps));
  return drawn;
}

int64_t circular_distance(int64_t from, int64_t to, int64_t classes) {
  const int64_t forward = (to - from + classes) % classes;
  return std::min(forward, classes - forward);
}

int triangle(int64_t distance) { return distance > 2 ? 0 : static_cast<int>(3 - distance); }

/// Digit classes under reference pairing: Metropolis swaps between two examples at the same position keep every class
/// balanced; they start from digit = photograph, a valid state, and target the triangle weights.
Classes draw_reference_digits(const Classes& photographs, int64_t classes, int64_t timesteps, Rng& rng) {
  constexpr int64_t kSwapsPerPair = 60;  // most are refused; about 10 of them happen
  Classes digits = photographs;
  const auto pairs = static_cast<int64_t>(digits.size()), examples = pairs / timesteps;
  const auto digit_at = [&](int64_t pair) -> int32_t& { return digits[static_cast<size_t>(pair)]; };
  const auto weight = [&](int64_t pair, int32_t digit) {
    return triangle(circular_distance(photographs[static_cast<size_t>(pair)], digit, classes));
  };
  const auto shown_elsewhere = [&](int64_t pair, int32_t digit) {
    const int64_t begin = pair / timesteps * timesteps;
    for (int64_t other = begin; other < begin + timesteps; ++other) {
      if (other != pair && digit_at(other) == digit) return true;
    }
    return false;
  };
  for (int64_t swap = 0; swap < kSwapsPerPair * pairs; ++swap) {
    const int64_t one = rng.below(static_cast<uint32_t>(pairs));
    const int64_t two = rng.below(static_cast<uint32_t>(examples)) * timesteps + one % timesteps;
    const int proposed = weight(one, digit_at(two)) * weight(two, digit_at(one));
    const int current = weight(one, digit_at(one)) * weight(two, digit_at(two));
    if (one == two || proposed == 0 || shown_elsewhere(one, digit_at(two)) || shown_elsewhere(two, digit_at(one))) {
      continue;
    }
    if (proposed >= current || static_cast<int>(rng.below(static_cast<uint32_t>(current))) < proposed) {
      std::swap(digit_at(one), digit_at(two));
    }
  }
  return digits;
}

/// Images [begin, end) of every class, each class in its own random order, handed out one by one.
class Dealer {
 public:
  Dealer(const std::vector<std::vector<int64_t>>& by_class, int64_t begin, int64_t end, Rng& rng) {
    for (const std::vector<int64_t>& images : by_class) {
      std::vector<int32_t> order;
      for (int64_t i : rng.permutation(end - begin))
        order.push_back(static_cast<int32_t>(images[static_cast<size_t>(begin + i)]));
      left_.push_back(std::move(order));
    }
  }
  int32_t next(int32_t label) {
    std::vector<int32_t>& order = left_[static_cast<size_t>(label)];
    HMEM_DCHECK(!order.empty(), "no image of class ", label, " is left");
    const int32_t image = order.back();
    order.pop_back();
    return image;
  }

 private:
  std::vector<std::vector<int32_t>> left_;
};

int64_t fewest(const std::vector<std::vector<int64_t>>& by_class) {
  size_t count = by_class.front().size();
  for (const auto& images : by_class) count = std::min(count, images.size());
  return static_cast<int64_t>(count);
}

/// images_by_class() without those that are not allowed.
std::vector<std::vector<int64_t>> allowed_by_class(const ImageSet& images, int64_t classes,
                                                   const std::vector<bool>& allowed) {
  auto by_class = images_by_class(images, classes);
  if (allowed.empty()) return by_class;
  HMEM_CHECK(static_cast<int64_t>(allowed.size()) == images.count(), "found ", allowed.size(),
             " flags of allowed images, expected ", images.count());
  for (std::vector<int64_t>& of_class : by_class) {
    const auto out = [&](int64_t image) { return !allowed[static_cast<size_t>(image)]; };
    of_class.erase(std::remove_if(of_class.begin(), of_class.end(), out), of_class.end());
  }
  return by_class;
}

void append(std::vector<int32_t>& to, const std::vector<int32_t>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void check_range(const char* name, int64_t value, const IntRange& range) {
  HMEM_CHECK(range.contains(value), name, ": found ", value, ", expected ", range.low, " to ", range.high);
}

void check_options(const AssociationOptions& options, int64_t a_classes, int64_t b_classes) {
  check_range("timesteps", options.timesteps, kAssociationTimesteps);
  check_range("delay", options.delay, kAssociationDelay);
  check_range("noise_frames", options.noise_frames, kAssociationNoiseFrames);
  HMEM_CHECK(options.validation_split >= 0 && options.validation_split < 1, "validation_split: found ",
             options.validation_split, ", expected 0 to below 1");
  HMEM_CHECK(options.images_per_class >= 0, "images_per_class: found ", options.images_per_class,
             ", expected 0 or more");
  HMEM_CHECK(options.held_out_classes >= 0 && options.held_out_classes <= a_classes - options.timesteps,
             "held_out_classes: found ", options.held_out_classes, ", expected at most ", a_classes - options.timesteps,
             ": ", options.timesteps, " of the ", a_classes, " photograph classes are shown in an example");
  HMEM_CHECK(options.held_out_classes == 0 || options.pairing == Pairing::independent, "held_out_classes: found ",
             options.held_out_classes, " with reference pairing, expected independent");
  HMEM_CHECK(a_classes >= options.timesteps && b_classes >= options.timesteps, "timesteps: found ", options.timesteps,
             ", the sets have ", a_classes, " and ", b_classes,
             " classes, expected at least as many classes as timesteps");
  HMEM_CHECK(options.pairing == Pairing::independent || (a_classes == b_classes && a_classes >= 5),
             "reference pairing needs two sets of the same number of classes, at least 5, found ", a_classes, " and ",
             b_classes);
}

}  // namespace

double reference_pairing_weight(int64_t offset, int64_t classes) {
  return triangle(circular_distance(0, (offset % classes + classes) % classes, classes)) / 9.0;
}

AssociationFrame AssociationExamples::frame(int64_t example, int64_t step) const {
  HMEM_CHECK(example >= 0 && example < count() && step >= 0 && step < frames(), "there is no step ", step,
             " of example ", example, ", found ", count(), " examples of ", frames(), " steps");
  const int64_t pair = step / (delay + 1), within = step % (delay + 1);
  AssociationFrame frame;
  if (within == 0) {
    frame.photograph = photographs[static_cast<size_t>(example * timesteps + pair)];
    frame.digit = digits[static_cast<size_t>(example * timesteps + pair)];
    return frame;
  }
  frame.noise = noise[static_cast<size_t>((example * timesteps + pair) * delay + within - 1)];
  frame.kind = frame.noise < 0 ? AssociationFrame::Kind::zeros : AssociationFrame::Kind::noise;
  return frame;
}

AssociationExamples make_association(const ImageSet& a, int64_t a_classes, const ImageSet& b, int64_t b_classes,
                                     const AssociationOptions& options, uint64_t seed, const std::string& part,
                                     const AssociationImages& allowed) {
  check_options(options, a_classes, b_classes);
  const auto a_images = allowed_by_class(a, a_classes, allowed.a), b_images = allowed_by_class(b, b_classes, allowed.b);
  const int64_t steps = options.timesteps;
  int64_t per_class = std::min(fewest(a_images), fewest(b_images));
  if (options.images_per_class > 0) per_class = std::min(per_class, options.images_per_class);
  const int64_t memory = steps * per_class / (steps + 1), rounds = memory / steps;
  HMEM_CHECK(rounds > 0, "the smallest class of the ", part, " images has ", per_class, ", expected at least ",
             steps + 1, " for ", steps, " pairs");
  const int64_t shown_classes = a_classes - (part == "test" ? 0 : options.held_out_classes);
  const int64_t count = rounds * std::min(shown_classes, b_classes);

  Rng rng(seed, "association." + part);
  const Classes shown = draw_classes(count, shown_classes, steps, rng);
  const Classes paired = options.pairing == Pairing::reference ? draw_reference_digits(shown, a_classes, steps, rng)
                                                               : draw_classes(count, b_classes, steps, rng);
  Dealer photographs(a_images, 0, memory, rng), queries(a_images, memory, per_class, rng);
  Dealer digits(b_images, 0, memory, rng);

  AssociationExamples examples;
  examples.timesteps = steps;
  examples.delay = options.delay;
  examples.train_count = count - static_cast<int64_t>(options.validation_split * static_cast<double>(count));
  for (int64_t drawn : rng.permutation(count)) {
    // The pair at position 0 is asked for, which makes queries balanced; the order shown is random.
    for (int64_t j : rng.permutation(steps)) {
      const auto at = static_cast<size_t>(drawn * steps + j);
      examples.photographs.push_back(photographs.next(shown[at]));
      examples.digits.push_back(digits.next(paired[at]));
    }
    examples.queries.push_back(queries.next(shown[static_cast<size_t>(drawn * steps)]));
    examples.answers.push_back(paired[static_cast<size_t>(drawn * steps)]);
  }
  Rng noise(seed, "association.noise." + part);
  examples.noise.assign(static_cast<size_t>(count * steps * options.delay), -1);
  if (options.delay_padding == DelayPadding::random) {
    for (int32_t& index : examples.noise) {
      index = static_cast<int32_t>(noise.below(static_cast<uint32_t>(options.noise_frames)));
    }
  }
  return examples;
}

AssociationExamples join_examples(AssociationExamples train, const AssociationExamples& validation) {
  HMEM_CHECK(train.timesteps == validation.timesteps && train.delay == validation.delay, "cannot join examples of ",
             train.timesteps, " pairs, delay ", train.delay, ", and of ", validation.timesteps, " pairs, delay ",
             validation.delay);
  train.train_count = train.count();
  append(train.photographs, validation.photographs);
  append(train.digits, validation.digits);
  append(train.queries, validation.queries);
  append(train.answers, validation.answers);
  append(train.noise, validation.noise);
  return train;
}

AssociationExamples filter_examples(const AssociationExamples& examples,
                                    const std::function<bool(int64_t example)>& keep) {
  AssociationExamples kept;
  kept.timesteps = examples.timesteps;
  kept.delay = examples.delay;
  for (int64_t i = 0; i < examples.count(); ++i) {
    if (!keep(i)) continue;
    const auto copy = [i](const std::vector<int32_t>& from, std::vector<int32_t>& to, int64_t each) {
      to.insert(to.end(), from.begin() + i * each, from.begin() + (i + 1) * each);
    };
    copy(examples.photographs, kept.photographs, examples.timesteps);
    copy(examples.digits, kept.digits, examples.timesteps);
    copy(examples.queries, kept.queries, 1);
    copy(examples.answers, kept.answers, 1);
    copy(examples.noise, kept.noise, examples.timesteps * examples.delay);
  }
  return kept;
}

AssociationRenderer::AssociationRenderer(const ImageSet& a, const ImageSet& b, uint64_t seed, const ImageSize& least)
    : a_(&a),
      b_(&b),
      seed_(seed),
      half_{std::max({a.height, b.height, least.height}), std::max({a.width, b.width, least.width}),
            std::max({a.channels, b.channels, least.channels})} {
  for (const ImageSet* set : {a_, b_}) {
    HMEM_CHECK(set->channels == half_.channels || set->channels == 1, "images of ", set->channels, " and ",
               half_.channels, " channels cannot be put together, expected the same number or grey");
  }
}

void AssociationRenderer::render(const AssociationFrame& frame, real* out) const {
  if (frame.kind == AssociationFrame::Kind::noise) return render_noise(frame.noise, out);
  std::fill_n(out, frame_size(), real{0});
  if (frame.kind == AssociationFrame::Kind::zeros) return;
  place_image(*a_, frame.photograph, half_, 2 * half_.width, out);
  place_image(*b_, frame.digit, half_, 2 * half_.width, out + half_.width * half_.channels);
}

void AssociationRenderer::render_half(bool digit, int64_t i, real* out) const {
  std::fill_n(out, half_shape().count(), real{0});
  place_image(digit ? *b_ : *a_, i, half_, half_.width, out);
}

void AssociationRenderer::render_query(int64_t photograph, real* out) const {
  std::fill_n(out, frame_size(), real{0});
  place_image(*a_, photograph, half_, 2 * half_.width, out);
}

void AssociationRenderer::render_noise(int64_t index, real* out) const {
  HMEM_CHECK(index >= 0, "there is no noise frame ", index);
  Rng rng(seed_, "association.noise_frame." + std::to_string(index));
  for (int64_t p = 0; p < half_.height * 2 * half_.width; ++p) {
    const auto value = static_cast<real>(rng.next_u32() >> 8) * static_cast<real>(0x1p-24);
    std::fill_n(out + p * half_.channels, half_.channels, value);
  }
}

void RenderedImages::render_range(int64_t begin, int64_t n, real* out) const {
  parallel_for(n, 4, [&](int64_t i) { render(begin + i, out + i * shape.count()); });
}

}  // namespace hmem
