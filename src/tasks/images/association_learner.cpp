#include "hmem/tasks/images/association_learner.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"

namespace hmem {

namespace {

using Kind = AssociationFrame::Kind;

Var render_batch(Tape& tape, const RenderedImages& images) {
  const Shape& image = images.shape;
  real* pixels = tape.allocate<real>(images.count * image.count());
  images.render_range(0, images.count, pixels);
  return tape.constant(ConstTensorView(pixels, Shape{images.count, image[0], image[1], image[2]}));
}

/// The weights of the ConvNet, then of the network above it.
Weights both(ConvNet14& conv_net, AssociationNet& net) {
  Weights weights = conv_net.weights();
  net.add_to(weights);
  return weights;
}

// Upper bounds for the examples of a step and for the looks drawn for one.
constexpr uint64_t kMaxExamples = 1 << 20, kMaxDraws = 1 << 8;

}  // namespace

void AssociationLearner::start_epoch(int64_t epoch) {
  if (data_.redraw_train) data_.train = data_.redraw_train(epoch);
}

int64_t AssociationLearner::count(Part part) const {
  if (part == Part::train) return data_.train.train_count;
  return part == Part::validation ? data_.train.count() - data_.train.train_count : data_.test.count();
}

Var AssociationLearner::forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) {
  const bool test = part == Part::test;
  const AssociationExamples& of = test ? data_.test : data_.train;
  std::vector<int64_t> in_data;
  for (int64_t b = 0; b < count; ++b) {
    in_data.push_back(examples[b] + (part == Part::validation ? of.train_count : 0));
    labels[b] = of.answers[static_cast<size_t>(in_data.back())];
  }
  const Inputs features = inputs(tape, test, in_data);
  return net_.forward(tape, features.frames, features.queries);
}

FrozenAssociationLearner::FrozenAssociationLearner(AssociationNet& net, ConvNet14& conv_net, AssociationData& data_in,
                                                   double l2, const CachePlace& place, const FeatureSettings& settings,
                                                   uint64_t seed)
    : AssociationLearner(net, data_in, net.weights(), l2),
      cache_(conv_net, place),
      settings_(settings),
      looks_(seed, "association.looks") {
  HMEM_CHECK(settings.contradiction().empty(), settings.contradiction());
  HMEM_CHECK(settings.split || !data_in.redraw_train, "new examples in each epoch need features of single images");
}

void FrozenAssociationLearner::compute_features(bool only_test) {
  const AssociationData& of = data();
  const int64_t halves = settings_.split ? 2 : 1;
  const int64_t train = only_test ? 0 : AssociationFeatures::images(settings_, of.train, of.train_renderer);
  cache_.set_progress(show_, halves * (of.noise_frames + 1) + train +
                                 AssociationFeatures::images(settings_.of_test(), of.test, of.test_renderer));
  noise_ = noise_features(cache_, settings_, of.noise_frames, of.train_renderer);
  zeros_ = zero_features(cache_, settings_, of.train_renderer);
  if (!only_test) train_ = AssociationFeatures(cache_, settings_, of.train, of.train_renderer);
  test_ = AssociationFeatures(cache_, settings_.of_test(), of.test, of.test_renderer);
}

void FrozenAssociationLearner::set_test(AssociationExamples test) {
  AssociationLearner::set_test(std::move(test));
  if (zeros_.empty() || settings_.split) return;  // one by one the features are those of all images
  cache_.set_progress(show_, AssociationFeatures::images(settings_.of_test(), data().test, data().test_renderer));
  test_ = AssociationFeatures(cache_, settings_.of_test(), data().test, data().test_renderer);
}

std::vector<const real*> FrozenAssociationLearner::place_frames(const AssociationExamples& of,
                                                                const std::vector<int64_t>& examples, IdTensor& shown) {
  const int64_t count = static_cast<int64_t>(examples.size()) * of.frames(), n = zeros_.size(1);
  const int64_t pairs = static_cast<int64_t>(examples.size()) * of.timesteps;
  std::vector<const real*> padding;
  std::vector<int32_t> rows(noise_.empty() ? 1 : static_cast<size_t>(noise_.size(0)), 0);  // 0: not there yet
  shown = IdTensor({count});
  int32_t next_pair = 1;
  for (int64_t i = 0; i < count; ++i) {
    const AssociationFrame frame = of.frame(examples[static_cast<size_t>(i / of.frames())], i % of.frames());
    if (frame.kind == Kind::pair) {
      shown[i] = next_pair++;
      continue;
    }
    const bool is_noise = frame.kind == Kind::noise;
    int32_t& row = rows[is_noise ? static_cast<size_t>(frame.noise) : 0];
    if (row == 0) {
      padding.push_back(is_noise ? noise_.data() + frame.noise * n : zeros_.data());
      row = static_cast<int32_t>(pairs + static_cast<int64_t>(padding.size()));
    }
    shown[i] = row;
  }
  return padding;
}

AssociationLearner::Inputs FrozenAssociationLearner::inputs(Tape& tape, bool test,
                                                            const std::vector<int64_t>& examples) {
  if (zeros_.empty()) compute_features();
  const AssociationExamples& of = test ? data().test : data().train;
  const AssociationFeatures& features = test ? test_ : train_;
  HMEM_CHECK(features.size() > 0, "the features of training examples were left out");
  const int64_t n = features.size(), batch = static_cast<int64_t>(examples.size());
  const bool draws = tape.training() && features.copies() > 1;
  const int64_t pairs = batch * of.timesteps;
  IdTensor& shown = shown_[tape.part().slot];
  const std::vector<const real*> padding = place_frames(of, examples, shown);
  const int64_t rows = 1 + pairs + static_cast<int64_t>(padding.size());
  real* frames = tape.allocate<real>(rows * n);
  real* queries = tape.allocate<real>(batch * n);
  std::fill_n(frames, n, real(0));
  parallel_for(batch, 4, [&](int64_t b) {
    const int64_t example = examples[static_cast<size_t>(b)];
    Rng rng = looks_;
    const auto in_batch = static_cast<uint64_t>(tape.part().first + b);
    if (draws) rng.set_position({(tape.step() * kMaxExamples + in_batch) * kMaxDraws});
    const auto look = [&] {
      return draws ? static_cast<int64_t>(rng.below(static_cast<uint32_t>(features.copies()))) : 0;
    };
    features.copy_query(of, example, look(), queries + b * n);
    for (int64_t pair = 0; pair < of.timesteps; ++pair) {
      features.copy_pair(of, example, pair, look(), frames + (1 + b * of.timesteps + pair) * n);
    }
  });
  parallel_for(static_cast<int64_t>(padding.size()), 16,
               [&](int64_t i) { std::copy_n(padding[static_cast<size_t>(i)], n, frames + (1 + pairs + i) * n); });
  const Var asked = tape.constant(ConstTensorView(queries, Shape{batch, n}));
  if (of.delay == 0) return {tape.constant(ConstTensorView(frames + n, Shape{pairs, n})), asked};
  return {{tape.constant(ConstTensorView(frames, Shape{rows, n})), shown}, asked};
}

EndToEndAssociationLearner::EndToEndAssociationLearner(AssociationNet& net, ConvNet14& conv_net,
                                                       AssociationData& data_in, double l2, int64_t frame_chunk)
    : AssociationLearner(net, data_in, both(conv_net, net), l2), conv_net_(conv_net), frame_chunk_(frame_chunk) {}

AssociationLearner::Inputs EndToEndAssociationLearner::inputs(Tape& tape, bool test,
                                                              const std::vector<int64_t>& examples) {
  const AssociationExamples& of = test ? data().test : data().train;
  const AssociationRenderer& renderer = test ? data().test_renderer : data().train_renderer;
  const int64_t batch = static_cast<int64_t>(examples.size()), steps = of.frames();
  const Shape frame = renderer.frame_shape();
  const auto render_frame = [&](int64_t i, real* out) {
    renderer.render(of.frame(examples[static_cast<size_t>(i / steps)], i % steps), out);
  };
  const auto render_query = [&](int64_t b, real* out) {
    renderer.render_query(of.queries[static_cast<size_t>(examples[static_cast<size_t>(b)])], out);
  };
  const Var frames = render_batch(tape, {batch * steps, frame, render_frame});
  const Var queries = render_batch(tape, {batch, frame, render_query});
  return {conv_net_.forward(tape, frames, 0, frame_chunk_), conv_net_.forward(tape, queries, 1, frame_chunk_)};
}

}  // namespace hmem
