#include "hmem/tasks/images/conv_net_learner.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"

namespace hmem {

namespace {

// A step has fewer examples than this, and one of them takes fewer random words than that.
constexpr uint64_t kMostExamples = 1 << 20, kMostDraws = 64;

}  // namespace

ConvNetLearner::ConvNetLearner(ConvNet14& net, ConvNet14Top& top, const ImageData& a, const ImageData& b,
                               double validation_split, double l2, uint64_t seed, const Augmentation& augmentation)
    : net_(net),
      top_(top),
      a_(a),
      b_(b),
      l2_(static_cast<real>(l2)),
      augmentation_(augmentation),
      displacements_(seed, "conv_net.augmentation") {
  const int64_t n = a.train.count() + b.train.count();
  order_ = Rng(seed, "conv_net.split").permutation(n);
  train_count_ = n - static_cast<int64_t>(validation_split * static_cast<double>(n));
}

int64_t ConvNetLearner::count(Part part) const {
  const auto n = static_cast<int64_t>(order_.size());
  if (part == Part::train) return train_count_;
  return part == Part::validation ? n - train_count_ : a_.test.count() + b_.test.count();
}

Learner::BatchResult ConvNetLearner::run(Tape& tape, Part part, const int64_t* examples, int64_t count) {
  const ImageSize canvas;
  const int64_t size = canvas.height * canvas.width * canvas.channels;
  const ImageSet& a = part == Part::test ? a_.test : a_.train;
  const ImageSet& b = part == Part::test ? b_.test : b_.train;
  real* pixels = tape.allocate<real>(count * size);
  const bool augment = tape.training() && augmentation_.any();
  real* as_read = augment ? tape.allocate<real>(count * size) : nullptr;
  if (labels_.count() != count) labels_ = IdTensor(Shape{count});
  parallel_for(count, 16, [&](int64_t i) {
    HMEM_CHECK(examples[i] >= 0 && examples[i] < this->count(part), "example ", examples[i], " is not in 0..",
               this->count(part) - 1);
    int64_t image = examples[i];
    if (part != Part::test) image = order_[static_cast<size_t>(image + (part == Part::train ? 0 : train_count_))];
    const bool in_a = image < a.count();
    const ImageSet& set = in_a ? a : b;
    if (!in_a) image -= a.count();
    const bool displaced = augment && in_a;
    real* out = (displaced ? as_read : pixels) + i * size;
    std::fill_n(out, size, real{0});
    place_image(set, image, canvas, canvas.width, out);
    if (displaced) {
      Rng rng = displacements_;
      rng.set_position({(tape.step() * kMostExamples + static_cast<uint64_t>(i)) * kMostDraws});
      displace_image(out, canvas, draw_displacement(augmentation_, rng), pixels + i * size);
    }
    labels_[i] = set.labels[static_cast<size_t>(image)] + (in_a ? 0 : static_cast<int32_t>(a_.classes()));
  });

  const Var images = tape.constant(ConstTensorView(pixels, Shape{count, canvas.height, canvas.width, canvas.channels}));
  const CrossEntropy answer = softmax_cross_entropy(top_.forward(tape, net_.forward(tape, images)), labels_);
  std::vector<Var> penalised;
  for (Parameter* parameter : net_.penalised()) penalised.push_back(tape.leaf(*parameter));
  int64_t errors = 0;
  for (int64_t i = 0; i < count; ++i) errors += answer.argmax[i] != labels_[i];
  return {add(answer.loss, l2_penalty(penalised, l2_)), errors};
}

std::vector<Parameter*> ConvNetLearner::parameters() {
  std::vector<Parameter*> all = net_.parameters();
  for (Parameter* parameter : top_.parameters()) all.push_back(parameter);
  return all;
}

std::vector<Buffer*> ConvNetLearner::buffers() {
  std::vector<Buffer*> all = net_.buffers();
  for (Buffer* buffer : top_.buffers()) all.push_back(buffer);
  return all;
}

}  // namespace hmem
