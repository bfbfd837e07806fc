#include "hmem/tasks/images/association_learner.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "catch.h"
#include "hmem/data/images/embedded.h"
#include "hmem/models/hmem_image.h"
#include "hmem/models/lstm_image.h"
#include "hmem/optim/adam.h"
#include "hmem/train/model_file.h"
#include "support/narrow_net.h"
#include "support/numbers.h"
#include "support/settings.h"
#include "support/temp_folder.h"

namespace hmem {
namespace {

using Part = Learner::Part;

using test::kHalf;

template <typename Net>
typename Net::Config narrow() {
  typename Net::Config config;
  config.features = 2 * kHalf;
  return config;
}

struct Images {
  ImageData a, b;
};

Images embedded(int64_t train, int64_t test) {
  return {embedded_objects({train, test}), embedded_glyphs({train, test})};
}

AssociationData make_data(const Images& images, const AssociationOptions& options) {
  return {make_association(images.a.train, 10, images.b.train, 10, options, 1, "train"),
          make_association(images.a.test, 10, images.b.test, 10, options, 1, "test"),
          AssociationRenderer(images.a.train, images.b.train, 1, ImageSize()),
          AssociationRenderer(images.a.test, images.b.test, 1, ImageSize()), options.noise_frames};
}

/// Ideal features in place of a ConvNet's: each class of photographs has a vector, each class of digits another one.
class IdealLearner : public AssociationLearner {
 public:
  static constexpr int64_t kFeatures = 24;
  IdealLearner(AssociationNet& net, AssociationData& data, const Images& images)
      : AssociationLearner(net, data, net.weights(), 1e-3), images_(images) {
    Rng rng(1, "prototypes");
    photographs_ = test::random_tensor({10, kFeatures}, rng);
    digits_ = test::random_tensor({10, kFeatures}, rng);
  }

 protected:
  Inputs inputs(Tape& tape, bool test, const std::vector<int64_t>& examples) override {
    const AssociationExamples& of = test ? data().test : data().train;
    const ImageSet &a = test ? images_.a.test : images_.a.train, &b = test ? images_.b.test : images_.b.train;
    const int64_t batch = static_cast<int64_t>(examples.size()), steps = of.frames();
    real* frames = tape.allocate<real>(batch * steps * kFeatures);
    real* queries = tape.allocate<real>(batch * kFeatures);
    const auto label = [](const ImageSet& set, int64_t image) { return set.labels[static_cast<size_t>(image)]; };
    for (int64_t i = 0; i < batch; ++i) {
      const int64_t example = examples[static_cast<size_t>(i)];
      for (int64_t t = 0; t < steps; ++t) {
        const AssociationFrame frame = of.frame(example, t);
        for (int64_t j = 0; j < kFeatures; ++j) {
          frames[(i * steps + t) * kFeatures + j] =
              photographs_[label(a, frame.photograph) * kFeatures + j] + digits_[label(b, frame.digit) * kFeatures + j];
        }
      }
      const int64_t asked = label(a, of.queries[static_cast<size_t>(example)]);
      std::copy_n(photographs_.data() + asked * kFeatures, kFeatures, queries + i * kFeatures);
    }
    return {tape.constant(ConstTensorView(frames, Shape{batch * steps, kFeatures})),
            tape.constant(ConstTensorView(queries, Shape{batch, kFeatures}))};
  }

 private:
  const Images& images_;
  Tensor photographs_, digits_;
};

void train(Learner& learner, int64_t epochs, double rate) {
  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = 10;
  Adam adam(learner.weights().parameters, adam_settings);
  FitSettings settings;
  settings.epochs = epochs;
  settings.batch_size = 32;
  settings.seed = 1;
  settings.learning_rate = [rate](int64_t) { return rate; };
  fit(learner, adam, settings);
}

TEST_CASE("hmem_image learns to associate, and with other numbers of pairs than it has seen", "[learn]") {
  const Images images = embedded(400, 60);
  AssociationOptions options;
  AssociationData data = make_data(images, options);
  HMemImage::Config config;
  config.features = IdealLearner::kFeatures;
  config.dense_size = 64;
  config.memory_size = 64;
  config.dropout = 0;
  HMemImage net(config, 1);
  IdealLearner learner(net, data, images);
  CHECK(learner.count(Part::train) == 900);
  CHECK(learner.count(Part::validation) == 100);
  CHECK(learner.count(Part::test) == 150);
  train(learner, 30, 0.003);
  CHECK(evaluate(learner, Part::test, 50).error < 5);
  for (const int timesteps : {2, 4}) {
    options.timesteps = timesteps;
    learner.set_test(make_association(images.a.test, 10, images.b.test, 10, options, 1, "test"));
    CAPTURE(timesteps);
    CHECK(evaluate(learner, Part::test, 50).error < 15);
  }
}

TEST_CASE("features computed in advance are those of the ConvNet in inference mode", "[equiv]") {
  const Images images = embedded(4, 4);
  AssociationOptions options;
  options.delay = 2;
  options.noise_frames = 3;
  options.delay_padding = GENERATE(DelayPadding::random, DelayPadding::zeros);
  AssociationData data = make_data(images, options);
  ConvNet14 conv_net(1, 1, test::kChannels);
  HMemImage net(narrow<HMemImage>(), 1);
  FrozenAssociationLearner frozen(net, conv_net, data, 1e-3);
  EndToEndAssociationLearner recomputed(net, conv_net, data, 0);
  const Weights weights = net.weights(), below = conv_net.weights(), all = recomputed.weights();
  CHECK(frozen.weights().parameters == weights.parameters);
  CHECK(all.parameters.size() == weights.parameters.size() + below.parameters.size());
  CHECK(all.buffers.size() == weights.buffers.size() + below.buffers.size());
  CHECK(all.regularised.size() == weights.regularised.size() + below.regularised.size());
  CHECK(frozen.count(Part::train) == 9);
  for (const Part part : {Part::train, Part::validation, Part::test}) {
    const int64_t count = std::min<int64_t>(3, frozen.count(part));
    const int64_t examples[] = {frozen.count(part) - 1, 0, 1};
    Tape tape(Tape::Mode::inference), other(Tape::Mode::inference);
    const Learner::BatchResult found = frozen.run(tape, part, examples, count);
    FrozenAssociationLearner again(net, conv_net, data, 0);
    const Learner::BatchResult same = again.run(tape, part, examples, count);
    const Learner::BatchResult expected = recomputed.run(other, part, examples, count);
    CHECK(found.errors == expected.errors);
    double penalty = 0;  // of the network, without the ConvNet
    for (const Parameter* p : weights.regularised) {
      for (const real x : p->value) penalty += 1e-3 * static_cast<double>(x) * static_cast<double>(x);
    }
    CHECK(std::abs(static_cast<double>(*found.loss.data() - *expected.loss.data()) - penalty) < 1e-4);
    // A frame of noise is there once, so that the products have other shapes.
    CHECK(*same.loss.data() == Approx(*expected.loss.data()).epsilon(1e-5));
  }
}

TEST_CASE("features of halves one by one: photographs, digits, looks and mirror images", "[equiv]") {
  const Images images = embedded(4, 4);
  AssociationOptions options;
  options.delay = 1;
  options.noise_frames = 3;
  const AssociationData data = make_data(images, options);
  const AssociationRenderer& renderer = data.train_renderer;
  ConvNet14 conv_net(1, 1, test::kChannels);
  FeatureCache cache(conv_net, {});
  // The mean of the features of a photograph and its mirror image, or one of them, by hand.
  const auto by_hand = [&](const ImageSet& set, int64_t i, bool flip) {
    Tensor image({32, 32, 3}), flipped({32, 32, 3});
    place_image(set, i, {}, 32, image.data());
    for (int64_t y = 0; y < 32; ++y) {
      for (int64_t x = 0; x < 32; ++x) {
        for (int64_t c = 0; c < 3; ++c) flipped[(y * 32 + x) * 3 + c] = image[(y * 32 + 31 - x) * 3 + c];
      }
    }
    return conv_features(conv_net, {1, {32, 32, 3}, [&](int64_t, real* out) {
                                      const Tensor& from = flip ? flipped : image;
                                      std::copy(from.begin(), from.end(), out);
                                    }});
  };
  FeatureSettings settings;
  settings.split = true;
  settings.mirror = GENERATE(false, true);
  settings.copies = 2;
  const AssociationExamples& of = data.train;
  const AssociationFeatures features(cache, settings, of, renderer);
  REQUIRE(features.size() == 2 * kHalf);
  REQUIRE(features.copies() == 2);
  CHECK(cache.images() == AssociationFeatures::images(settings, of, renderer));
  std::vector<real> pair(2 * kHalf), moved(2 * kHalf), query(2 * kHalf);
  features.copy_pair(of, 3, 2, 0, pair.data());
  features.copy_pair(of, 3, 2, 1, moved.data());
  features.copy_query(of, 3, 0, query.data());
  const int64_t photograph = of.photographs[3 * 3 + 2], digit = of.digits[3 * 3 + 2];
  const auto check_photograph = [&](const std::vector<real>& found, int64_t i) {
    const Tensor once = by_hand(images.a.train, i, false), again = by_hand(images.a.train, i, true);
    for (int64_t j = 0; j < kHalf; ++j) {
      const double expected = settings.mirror ? (once[j] + again[j]) / 2 : once[j];
      CHECK(found[static_cast<size_t>(j)] == Approx(expected).margin(1e-5));
    }
  };
  check_photograph(pair, photograph);
  check_photograph(query, of.queries[3]);
  const Tensor of_digit = by_hand(images.b.train, digit, false);
  for (int64_t j = 0; j < kHalf; ++j) CHECK(pair[static_cast<size_t>(kHalf + j)] == Approx(of_digit[j]).margin(1e-5));
  CHECK(std::equal(pair.begin() + kHalf, pair.end(), moved.begin() + kHalf));
  CHECK(!std::equal(pair.begin(), pair.begin() + kHalf, moved.begin()));
  // The halves of noise are the halves of the frame.
  const Tensor noise = noise_features(cache, settings, 3, renderer);
  std::vector<real> frame(static_cast<size_t>(renderer.frame_size()));
  renderer.render_noise(1, frame.data());
  const Tensor right = conv_features(conv_net, {1, {32, 32, 3}, [&](int64_t, real* out) {
                                                  for (int64_t y = 0; y < 32; ++y) {
                                                    std::copy_n(frame.data() + (y * 64 + 32) * 3, 96, out + y * 96);
                                                  }
                                                }});
  for (int64_t j = 0; j < kHalf; ++j) CHECK(noise[3 * kHalf + j] == Approx(right[j]).margin(1e-5));

  settings.split = false;
  settings.mirror = true;
  CHECK(settings.contradiction().find("mirror_features") == 0);
}

TEST_CASE("looks of photographs: drawn anew in training, the photograph itself otherwise", "[equiv]") {
  const Images images = embedded(3, 3);
  AssociationOptions options;
  options.timesteps = 2;
  AssociationData data = make_data(images, options);
  const test::TempFolder folder;
  const CachePlace place = {folder.file("features")};
  ConvNet14 conv_net(1, 1, test::kChannels);
  HMemImage::Config config = narrow<HMemImage>();
  config.dropout = 0;
  config.frame_norm = FrameNorm::layer;
  HMemImage net(config, 1);
  FeatureSettings split, looks;
  split.split = looks.split = true;
  looks.copies = 2;
  FrozenAssociationLearner plain(net, conv_net, data, 0, place, split), several(net, conv_net, data, 0, place, looks);
  const int64_t examples[] = {0, 1, 2};
  const auto loss = [&](AssociationLearner& learner, Tape::Mode mode, uint64_t step) {
    Tape tape(mode);
    tape.set_step(step);
    return *learner.run(tape, Part::train, examples, 3).loss.data();
  };
  using Mode = Tape::Mode;
  CHECK(loss(several, Mode::inference, 1) == loss(plain, Mode::inference, 1));
  CHECK(loss(several, Mode::training, 1) == loss(several, Mode::training, 1));
  CHECK(loss(several, Mode::training, 1) != loss(several, Mode::training, 2));
  CHECK(loss(plain, Mode::training, 1) == loss(plain, Mode::training, 2));
}

/// Hash of everything after two steps.
uint64_t trained_hash(const Images& images, bool frozen) {
  AssociationOptions options;
  options.delay = 1;
  options.noise_frames = 3;
  AssociationData data = make_data(images, options);
  ConvNet14 conv_net(1, 1, test::kChannels);
  std::unique_ptr<AssociationNet> net;
  if (frozen) {
    net = std::make_unique<LstmImage>(narrow<LstmImage>(), 1);
  } else {
    net = std::make_unique<HMemImage>(narrow<HMemImage>(), 1);
  }
  std::unique_ptr<AssociationLearner> learner;
  if (frozen) {
    learner = std::make_unique<FrozenAssociationLearner>(*net, conv_net, data, 1e-3);
  } else {
    learner = std::make_unique<EndToEndAssociationLearner>(*net, conv_net, data, 1e-3);
  }
  train(*learner, 2, 0.001);
  for (const Parameter* p : learner->weights().parameters) {
    CAPTURE(p->name);
    CHECK(std::any_of(p->grad.begin(), p->grad.end(), [](real x) { return x != 0; }));
  }
  return value_hash(learner->weights());
}

TEST_CASE("association: every parameter has a gradient, the same bits with any number of threads", "[equiv]") {
  const Images images = embedded(4, 4);
  const bool frozen = GENERATE(false, true);
  uint64_t expected = 0;
  {
    const test::UseThreads one(1);
    expected = trained_hash(images, frozen);
  }
  const test::UseThreads two(2);
  CHECK(trained_hash(images, frozen) == expected);
}

TEST_CASE("frames in pieces: the same bits, and memory that a long delay does not fill", "[equiv]") {
  const Images images = embedded(4, 4);
  AssociationOptions options;
  options.delay = 30;  // 186 frames: two chunks of the weights' gradients on small maps, each of less than 128 images
  const AssociationData data = make_data(images, options);
  struct Result {
    std::vector<Tensor> tensors;  // gradients, moving averages
    real loss, test_loss;
    int64_t bytes;
  };
  const auto run = [&](int64_t frame_chunk, int64_t batch) {
    AssociationData own = data;
    ConvNet14 conv_net(1, 1, 3);
    HMemImage::Config config;
    config.features = 2 * conv_net.features();
    config.dense_size = config.memory_size = 5;
    config.classes = 10;
    HMemImage net(config, 1);
    EndToEndAssociationLearner learner(net, conv_net, own, 1e-3, frame_chunk);
    const std::vector<int64_t> examples = {0, 1, 2, 3};
    Tape tape;
    tape.set_step(3);
    const Learner::BatchResult found = learner.run(tape, Part::train, examples.data(), batch);
    tape.backward(found.loss);
    Result result;
    result.loss = *found.loss.data();
    result.bytes = tape.bytes();
    const Weights weights = learner.weights();
    for (const Parameter* parameter : weights.parameters) result.tensors.push_back(parameter->grad.clone());
    for (const Buffer* buffer : weights.buffers) result.tensors.push_back(buffer->value.clone());
    tape.reset(Tape::Mode::inference);
    result.test_loss = *learner.run(tape, Part::test, examples.data(), 1).loss.data();
    return result;
  };
  const Result expected = run(0, 2);
  for (const int64_t frame_chunk : {1, 7, 64, 1000}) {
    CAPTURE(frame_chunk);
    const Result found = run(frame_chunk, 2);
    CHECK(found.loss == expected.loss);
    CHECK(found.test_loss == expected.test_loss);
    REQUIRE(found.tensors.size() == expected.tensors.size());
    for (size_t i = 0; i < found.tensors.size(); ++i) {
      CAPTURE(i);
      CHECK(test::same_bits(found.tensors[i], expected.tensors[i]));
    }
    CHECK(found.bytes < expected.bytes / 3);
  }
}

}  // namespace
}  // namespace hmem
