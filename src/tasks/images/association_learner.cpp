#include "hmem/tasks/images/association_learner.h"

#include <algorithm>

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

/// Pairs and queries.
int64_t images_of(const AssociationExamples& examples) { return examples.count() * (examples.timesteps + 1); }

}  // namespace

int64_t AssociationLearner::count(Part part) const {
  if (part == Part::train) return data_.train.train_count;
  return part == Part::validation ? data_.train.count() - data_.train.train_count : data_.test.count();
}

Var AssociationLearner::forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) {
  const bool test = part == Part::test;
  const AssociationExamples& of = test ? data_.test : data_.train;
  examples_.clear();
  for (int64_t b = 0; b < count; ++b) {
    examples_.push_back(examples[b] + (part == Part::validation ? of.train_count : 0));
    labels[b] = of.answers[static_cast<size_t>(examples_.back())];
  }
  const Inputs features = inputs(tape, test, examples_);
  return net_.forward(tape, features.frames, features.queries);
}

FrozenAssociationLearner::FrozenAssociationLearner(AssociationNet& net, ConvNet14& conv_net, AssociationData& data_in,
                                                   double l2, const std::string& cache_folder)
    : AssociationLearner(net, data_in, net.weights(), l2), cache_(conv_net, cache_folder) {}

void FrozenAssociationLearner::compute_features() {
  const AssociationRenderer& renderer = data().train_renderer;
  const Shape frame = renderer.frame_shape();
  cache_.set_progress(show_, data().noise_frames + 1 + images_of(data().train) + images_of(data().test));
  noise_ = noise_features(cache_, data().noise_frames, renderer);
  zeros_ = cache_.features({1, frame, [&](int64_t, real* out) { std::fill_n(out, frame.count(), real{0}); }});
  train_ = association_features(cache_, data().train, renderer);
  test_ = association_features(cache_, data().test, data().test_renderer);
}

Tensor noise_features(FeatureCache& cache, int64_t count, const AssociationRenderer& renderer) {
  return cache.features({count, renderer.frame_shape(), [&](int64_t i, real* out) { renderer.render_noise(i, out); }});
}

AssociationFeatures association_features(FeatureCache& cache, const AssociationExamples& examples,
                                         const AssociationRenderer& renderer) {
  const Shape frame = renderer.frame_shape();
  const int64_t t = examples.timesteps;
  const auto render_pair = [&](int64_t i, real* out) {
    renderer.render(examples.frame(i / t, i % t * (examples.delay + 1)), out);
  };
  const auto render_query = [&](int64_t i, real* out) {
    renderer.render_query(examples.queries[static_cast<size_t>(i)], out);
  };
  return {cache.features({examples.count() * t, frame, render_pair}),
          cache.features({examples.count(), frame, render_query})};
}

void FrozenAssociationLearner::set_test(AssociationExamples test) {
  AssociationLearner::set_test(std::move(test));
  if (zeros_.empty()) return;
  cache_.set_progress(show_, images_of(data().test));
  test_ = association_features(cache_, data().test, data().test_renderer);
}

AssociationLearner::Inputs FrozenAssociationLearner::inputs(Tape& tape, bool test,
                                                            const std::vector<int64_t>& examples) {
  if (zeros_.empty()) compute_features();
  const AssociationExamples& of = test ? data().test : data().train;
  const AssociationFeatures& features = test ? test_ : train_;
  const int64_t n = features.queries.size(1), batch = static_cast<int64_t>(examples.size()), steps = of.frames();
  real* frames = tape.allocate<real>(batch * steps * n);
  real* queries = tape.allocate<real>(batch * n);
  parallel_for(batch, 4, [&](int64_t b) {
    const int64_t example = examples[static_cast<size_t>(b)];
    std::copy_n(features.queries.data() + example * n, n, queries + b * n);
    for (int64_t step = 0; step < steps; ++step) {
      const AssociationFrame frame = of.frame(example, step);
      const int64_t pair = example * of.timesteps + step / (of.delay + 1);
      const real* from = frame.kind == Kind::pair    ? features.pairs.data() + pair * n
                         : frame.kind == Kind::noise ? noise_.data() + frame.noise * n
                                                     : zeros_.data();
      std::copy_n(from, n, frames + (b * steps + step) * n);
    }
  });
  return {tape.constant(ConstTensorView(frames, Shape{batch * steps, n})),
          tape.constant(ConstTensorView(queries, Shape{batch, n}))};
}

EndToEndAssociationLearner::EndToEndAssociationLearner(AssociationNet& net, ConvNet14& conv_net,
                                                       AssociationData& data_in, double l2)
    : AssociationLearner(net, data_in, both(conv_net, net), l2), conv_net_(conv_net) {}

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
  return {conv_net_.forward(tape, frames, 0), conv_net_.forward(tape, queries, 1)};
}

}  // namespace hmem
