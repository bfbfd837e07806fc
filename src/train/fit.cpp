#include "hmem/train/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/rng.h"
#include "hmem/core/timer.h"

namespace hmem {

namespace {

const char* name_of(Learner::Part part) {
  if (part == Learner::Part::train) return "training";
  return part == Learner::Part::validation ? "validation" : "test";
}

struct StepResult {
  BatchSums batch;
  double largest_norm;
};

/// A batch on one tape.
class TapeRunner final : public BatchRunner {
 public:
  explicit TapeRunner(const std::vector<Parameter*>& parameters) : parameters_(parameters) {}

  BatchSums run(Learner& learner, uint64_t step, const int64_t* examples, int64_t count) override {
    tape_.reset(Tape::Mode::training);
    tape_.set_step(step);
    zero_gradients(parameters_);
    const Learner::BatchResult batch = learner.run(tape_, Learner::Part::train, examples, count);
    const double loss = static_cast<double>(*batch.loss.data());
    if (std::isfinite(loss)) tape_.backward(batch.loss);
    return {loss, batch.errors};
  }
  bool stops(bool asked_here) override { return asked_here; }
  Evaluation evaluate(Learner& learner, Learner::Part part, int64_t batch_size) override {
    return hmem::evaluate(learner, part, batch_size);
  }

 private:
  const std::vector<Parameter*>& parameters_;
  Tape tape_;
};

/// Forward, backward, update: one training step.
StepResult train_step(Learner& learner, Optimizer& optimizer, BatchRunner& runner, const int64_t* examples,
                      int64_t count, double learning_rate) {
  const BatchSums batch = runner.run(learner, static_cast<uint64_t>(optimizer.steps()), examples, count);
  HMEM_CHECK(std::isfinite(batch.loss), "the loss is ", batch.loss,
             "; try a smaller --learning_rate or a --max_grad_norm");
  const UpdateReport update = optimizer.step(learning_rate);
  HMEM_CHECK(std::isfinite(update.largest_norm), "the gradient of ", update.largest_name,
             " is not finite; try a smaller --learning_rate");
  learner.after_update();
  return {batch, update.largest_norm};
}

/// Whether `found` is better than `best`; NaN (no validation examples) never is.
bool is_better(const Evaluation& found, const FitState::Metrics& best) {
  if (best.epoch < 0) return !std::isnan(found.error);
  return found.error < best.validation.error ||
         (found.error == best.validation.error && found.loss < best.validation.loss);
}

/// Working data of the running epoch.
struct Epoch {
  std::vector<int64_t> order;
  int64_t steps;
  double learning_rate;
};

/// Runs the remaining steps of the epoch; false when asked to stop.
bool run_steps(Learner& learner, Optimizer& optimizer, const FitSettings& settings, const Epoch& epoch,
               BatchRunner& runner, ThreadPacer& pacer, FitState& state) {
  pacer.restart();
  const auto n = static_cast<int64_t>(epoch.order.size());
  while (state.step < epoch.steps) {
    const int64_t begin = state.step * settings.batch_size, count = std::min(settings.batch_size, n - begin);
    StepResult result;
    try {
      result = train_step(learner, optimizer, runner, epoch.order.data() + begin, count, epoch.learning_rate);
    } catch (const Error& error) {
      fail("epoch ", state.epoch, ", step ", state.step, ": ", error.what());
    }
    if (settings.average) settings.average->update_average(optimizer.steps(), settings.average_decay);
    state.sums.add(result.batch.loss, result.batch.errors, count);
    state.largest_norm = std::max(state.largest_norm, result.largest_norm);
    ++state.step;
    pacer.tick();
    if (settings.progress) settings.progress->update(state.step, state.sums.means().loss);
    if (runner.stops(settings.stop && settings.stop())) return false;
  }
  return true;
}

/// Validates after the last step of an epoch and moves `state` to the next one.
void end_epoch(Learner& learner, const FitSettings& settings, const Epoch& epoch, const Rng& shuffle,
               BatchRunner& runner, FitState& state) {
  EpochReport report;
  report.epoch = state.epoch;
  report.learning_rate = epoch.learning_rate;
  report.train = state.sums.means();
  report.largest_norm = state.largest_norm;
  report.training_seconds = state.epoch_seconds;
  report.examples_per_s = static_cast<double>(epoch.order.size()) / state.epoch_seconds;
  if (settings.average) settings.average->exchange();
  try {
    const int64_t batch_size =
        settings.evaluation_batch_size > 0 ? settings.evaluation_batch_size : settings.batch_size;
    report.validation = runner.evaluate(learner, Learner::Part::validation, batch_size);
  } catch (const Error& error) {
    fail("epoch ", state.epoch, ": ", error.what());
  }

  FitState next;
  next.epoch = state.epoch + 1;
  next.shuffle = shuffle.position();
  next.training_seconds = state.training_seconds + state.epoch_seconds;
  next.last = {state.epoch, report.train, report.validation};
  next.solved = report.validation.error == 0 ? state.solved + 1 : 0;
  const bool better = is_better(report.validation, state.best);
  next.best = better ? next.last : state.best;
  state = next;
  if (settings.progress) settings.progress->clear();
  if (settings.on_epoch) settings.on_epoch(report);
  if (better && settings.on_best) settings.on_best();
  if (settings.average) settings.average->exchange();
  if (settings.after_epoch) settings.after_epoch(state);
}

}  // namespace

void RunningSums::add(double batch_loss, int64_t batch_errors, int64_t batch_count) {
  loss += batch_loss * static_cast<double>(batch_count);
  errors += batch_errors;
  count += batch_count;
}

void RunningSums::add(const RunningSums& other) {
  loss += other.loss;
  errors += other.errors;
  count += other.count;
}

Evaluation RunningSums::means() const {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (count == 0) return {kNone, kNone};
  return {loss / static_cast<double>(count), 100.0 * static_cast<double>(errors) / static_cast<double>(count)};
}

std::vector<RunningSums> evaluate_batches(Learner& learner, Learner::Part part, int64_t range_begin, int64_t range_end,
                                          int64_t batch_size, const ShowProgress& show) {
  HMEM_CHECK(batch_size > 0, "the batch size must be positive, found ", batch_size);
  HMEM_CHECK(0 <= range_begin && range_begin <= range_end && range_end <= learner.count(part),
             "cannot evaluate the examples ", range_begin, "..", range_end - 1, ": there are ", learner.count(part));
  const int64_t n = range_end - range_begin;
  std::vector<int64_t> examples(static_cast<size_t>(n));
  std::iota(examples.begin(), examples.end(), range_begin);
  Tape tape;
  std::vector<RunningSums> batches;
  ThreadPacer pacer;
  if (show) show(0, n);
  for (int64_t begin = 0; begin < n; begin += batch_size) {
    const int64_t count = std::min(batch_size, n - begin);
    tape.reset(Tape::Mode::inference);
    const Learner::BatchResult batch = learner.run(tape, part, examples.data() + begin, count);
    const double loss = static_cast<double>(*batch.loss.data());
    HMEM_CHECK(std::isfinite(loss), "the loss of ", name_of(part), " examples is ", loss,
               ": the model is unusable; try a smaller --learning_rate");
    batches.emplace_back().add(loss, batch.errors, count);
    pacer.tick();
    if (show) show(begin + count, n);
  }
  return batches;
}

RunningSums evaluate_range(Learner& learner, Learner::Part part, int64_t range_begin, int64_t range_end,
                           int64_t batch_size, const ShowProgress& show) {
  RunningSums sums;
  for (const RunningSums& batch : evaluate_batches(learner, part, range_begin, range_end, batch_size, show)) {
    sums.add(batch);
  }
  return sums;
}

Evaluation evaluate(Learner& learner, Learner::Part part, int64_t batch_size, const ShowProgress& show) {
  return evaluate_range(learner, part, 0, learner.count(part), batch_size, show).means();
}

bool is_finished(const FitSettings& settings, const FitState& state) {
  const bool solved = settings.stop_when_solved > 0 && state.solved >= settings.stop_when_solved;
  return state.epoch >= settings.epochs || (solved && state.step == 0);
}

bool fit(Learner& learner, Optimizer& optimizer, const FitSettings& settings, FitState& state) {
  HMEM_CHECK(settings.batch_size > 0, "the batch size must be positive, found ", settings.batch_size);
  HMEM_CHECK(settings.learning_rate != nullptr, "fit: no learning rate was given");
  HMEM_CHECK(state.epoch >= 0 && state.step >= 0, "cannot train from epoch ", state.epoch, ", step ", state.step);
  Rng shuffle(settings.seed, "shuffle");
  shuffle.set_position(state.shuffle);
  TapeRunner one_tape(optimizer.parameters());
  BatchRunner& runner = settings.runner != nullptr ? *settings.runner : one_tape;
  ThreadPacer pacer;
  while (!is_finished(settings, state)) {
    if (settings.pause_after > 0 && state.epoch >= settings.pause_after) return false;
    const double start = steady_seconds() - state.epoch_seconds;
    learner.start_epoch(state.epoch);
    const int64_t n = learner.count(Learner::Part::train);
    const int64_t steps = (n + settings.batch_size - 1) / settings.batch_size;
    HMEM_CHECK(state.step <= steps, "cannot train from step ", state.step, " of epoch ", state.epoch, ": it has ",
               steps, " steps");
    if (settings.progress) settings.progress->start_epoch(state.epoch, settings.epochs, steps);
    const Epoch epoch{shuffle.permutation(n), steps, settings.learning_rate(state.epoch)};
    const bool finished = run_steps(learner, optimizer, settings, epoch, runner, pacer, state);
    state.epoch_seconds = steady_seconds() - start;
    if (!finished) {
      if (settings.progress) settings.progress->clear();
      return false;
    }
    end_epoch(learner, settings, epoch, shuffle, runner, state);
  }
  return true;
}

void fit(Learner& learner, Optimizer& optimizer, const FitSettings& settings) {
  FitState state;
  fit(learner, optimizer, settings, state);
}

StepTimes time_steps(Learner& learner, Optimizer& optimizer, const FitSettings& settings, int64_t steps) {
  constexpr int64_t kWarmUp = 5;
  const int64_t n = learner.count(Learner::Part::train), batches = n / settings.batch_size;
  HMEM_CHECK(settings.learning_rate != nullptr, "time_steps: no learning rate was given");
  HMEM_CHECK(steps > 0 && batches > 0, "timing needs at least one full batch of ", settings.batch_size, ", found ", n,
             " training examples");
  Rng shuffle(settings.seed, "shuffle");
  TapeRunner one_tape(optimizer.parameters());
  BatchRunner& runner = settings.runner != nullptr ? *settings.runner : one_tape;
  std::vector<int64_t> order;
  std::vector<double> times;
  for (int64_t step = 0; step < kWarmUp + steps; ++step) {
    if (step % batches == 0) order = shuffle.permutation(n);
    const double start = steady_seconds();
    train_step(learner, optimizer, runner, order.data() + step % batches * settings.batch_size, settings.batch_size,
               settings.learning_rate(0));
    if (step >= kWarmUp) times.push_back((steady_seconds() - start) * 1e3);
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  return {median, times.front(), static_cast<double>(settings.batch_size) / median * 1e3};
}

}  // namespace hmem
