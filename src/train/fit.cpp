#include "hmem/train/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hmem/core/check.h"
#include "hmem/core/rng.h"
#include "hmem/core/timer.h"

namespace hmem {

namespace {

struct StepResult {
  double loss;
  int64_t errors;
  double largest_norm;
};

/// Forward, backward, update: one training step.
StepResult train_step(Learner& learner, Optimizer& optimizer, Tape& tape, const int64_t* examples, int64_t count,
                      double learning_rate) {
  tape.reset(Tape::Mode::training);
  tape.set_step(static_cast<uint64_t>(optimizer.steps()));
  zero_gradients(optimizer.parameters());
  const Learner::BatchResult batch = learner.run(tape, Learner::Part::train, examples, count);
  const double loss = static_cast<double>(*batch.loss.data());
  HMEM_CHECK(std::isfinite(loss), "the loss is ", loss, "; try a smaller --learning_rate or a --max_grad_norm");
  tape.backward(batch.loss);
  const UpdateReport update = optimizer.step(learning_rate);
  HMEM_CHECK(std::isfinite(update.largest_norm), "the gradient of ", update.largest_name,
             " is not finite; try a smaller --learning_rate");
  learner.after_update();
  return {loss, batch.errors, update.largest_norm};
}

/// Running means over examples.
class Mean {
 public:
  void add(double loss, int64_t errors, int64_t count) {
    loss_ += loss * static_cast<double>(count);
    errors_ += errors;
    count_ += count;
  }
  double loss() const { return count_ > 0 ? loss_ / static_cast<double>(count_) : nan(); }
  Evaluation evaluation() const {
    return {loss(), count_ > 0 ? 100.0 * static_cast<double>(errors_) / static_cast<double>(count_) : nan()};
  }

 private:
  static double nan() { return std::numeric_limits<double>::quiet_NaN(); }
  double loss_ = 0;
  int64_t errors_ = 0, count_ = 0;
};

}  // namespace

Evaluation evaluate(Learner& learner, Learner::Part part, int64_t batch_size) {
  HMEM_CHECK(batch_size > 0, "the batch size must be positive, found ", batch_size);
  const int64_t n = learner.count(part);
  std::vector<int64_t> examples(static_cast<size_t>(n));
  std::iota(examples.begin(), examples.end(), 0);
  Tape tape;
  Mean mean;
  for (int64_t begin = 0; begin < n; begin += batch_size) {
    const int64_t count = std::min(batch_size, n - begin);
    tape.reset(Tape::Mode::inference);
    const Learner::BatchResult batch = learner.run(tape, part, examples.data() + begin, count);
    mean.add(static_cast<double>(*batch.loss.data()), batch.errors, count);
  }
  return mean.evaluation();
}

void fit(Learner& learner, Optimizer& optimizer, const FitSettings& settings) {
  HMEM_CHECK(settings.batch_size > 0, "the batch size must be positive, found ", settings.batch_size);
  HMEM_CHECK(settings.learning_rate != nullptr, "fit: no learning rate was given");
  Rng shuffle(settings.seed, "shuffle");
  Tape tape;
  for (int64_t epoch = 0; epoch < settings.epochs; ++epoch) {
    const double start = steady_seconds();
    learner.start_epoch(epoch);
    const int64_t n = learner.count(Learner::Part::train);
    const int64_t steps = (n + settings.batch_size - 1) / settings.batch_size;
    if (settings.progress) settings.progress->start_epoch(epoch, settings.epochs, steps);
    EpochReport report;
    report.epoch = epoch;
    report.learning_rate = settings.learning_rate(epoch);
    const std::vector<int64_t> order = shuffle.permutation(n);
    Mean mean;
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t begin = step * settings.batch_size, count = std::min(settings.batch_size, n - begin);
      StepResult result;
      try {
        result = train_step(learner, optimizer, tape, order.data() + begin, count, report.learning_rate);
      } catch (const Error& error) {
        fail("epoch ", epoch, ", step ", step, ": ", error.what());
      }
      mean.add(result.loss, result.errors, count);
      report.largest_norm = std::max(report.largest_norm, result.largest_norm);
      if (settings.progress) settings.progress->update(step + 1, mean.loss());
    }
    report.train = mean.evaluation();
    report.training_seconds = steady_seconds() - start;
    report.examples_per_s = static_cast<double>(n) / report.training_seconds;
    report.validation = evaluate(learner, Learner::Part::validation, settings.batch_size);
    if (settings.progress) settings.progress->clear();
    if (settings.on_epoch) settings.on_epoch(report);
  }
}

StepTimes time_steps(Learner& learner, Optimizer& optimizer, const FitSettings& settings, int64_t steps) {
  constexpr int64_t kWarmUp = 5;
  const int64_t n = learner.count(Learner::Part::train), batches = n / settings.batch_size;
  HMEM_CHECK(settings.learning_rate != nullptr, "time_steps: no learning rate was given");
  HMEM_CHECK(steps > 0 && batches > 0, "timing needs at least one full batch of ", settings.batch_size, ", found ", n,
             " training examples");
  Rng shuffle(settings.seed, "shuffle");
  Tape tape;
  std::vector<int64_t> order;
  std::vector<double> times;
  for (int64_t step = 0; step < kWarmUp + steps; ++step) {
    if (step % batches == 0) order = shuffle.permutation(n);
    const double start = steady_seconds();
    train_step(learner, optimizer, tape, order.data() + step % batches * settings.batch_size, settings.batch_size,
               settings.learning_rate(0));
    if (step >= kWarmUp) times.push_back((steady_seconds() - start) * 1e3);
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  return {median, times.front(), static_cast<double>(settings.batch_size) / median * 1e3};
}

}  // namespace hmem
