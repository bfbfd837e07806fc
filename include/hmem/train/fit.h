#pragma once
/// \file fit.h
/// The training loop that all programs share.

#include <cstdint>
#include <functional>
#include <vector>

#include "hmem/autodiff/tape.h"
#include "hmem/core/progress.h"
#include "hmem/core/rng.h"
#include "hmem/optim/optimizer.h"
#include "hmem/train/snapshot.h"

namespace hmem {

/// A model together with its data, for fit() and evaluate().
class Learner {
 public:
  enum class Part { train, validation, test };

  struct BatchResult {
    Var loss;            ///< scalar, penalties included
    int64_t errors = 0;  ///< wrong answers in the batch
  };

  virtual ~Learner() = default;
  /// Called before every epoch of a training. The examples may change here and nowhere else.
  virtual void start_epoch(int64_t /*epoch*/) {}
  /// Number of examples of a part; they are numbered from 0.
  virtual int64_t count(Part part) const = 0;
  /// Forward pass over `count` examples on a tape that has been reset.
  virtual BatchResult run(Tape& tape, Part part, const int64_t* examples, int64_t count) = 0;
  /// The tensors to train, save and regularise.
  virtual Weights weights() = 0;
  /// Called after every update of the parameters.
  virtual void after_update() {}
};

/// Mean loss and error of examples. NaN where there are none.
struct Evaluation {
  double loss = 0;
  double error = 0;  ///< wrong answers in %
};

/// Sums over examples, for running means.
struct RunningSums {
  double loss = 0;
  int64_t errors = 0;
  int64_t count = 0;

  void add(double batch_loss, int64_t batch_errors, int64_t batch_count);
  void add(const RunningSums& other);
  /// Means; NaN without examples.
  Evaluation means() const;
};

/// Loss and errors of each batch of the examples range_begin..range_end-1 of a part, without training.
std::vector<RunningSums> evaluate_batches(Learner& learner, Learner::Part part, int64_t range_begin, int64_t range_end,
                                          int64_t batch_size, const ShowProgress& show = {});
/// Loss and errors of the examples range_begin..range_end-1 of a part, without training.
RunningSums evaluate_range(Learner& learner, Learner::Part part, int64_t range_begin, int64_t range_end,
                           int64_t batch_size, const ShowProgress& show = {});
/// Means over a whole part.
Evaluation evaluate(Learner& learner, Learner::Part part, int64_t batch_size, const ShowProgress& show = {});

struct EpochReport {
  int64_t epoch = 0;  ///< from 0
  double learning_rate = 0;
  Evaluation train;  ///< running means over the epoch, while the weights changed
  Evaluation validation;
  double largest_norm = 0;      ///< largest gradient norm of a parameter in the epoch, before clipping
  double training_seconds = 0;  ///< without validation
  double examples_per_s = 0;    ///< in training
};

/// The progress of a training: everything except the tensors that is needed to continue it.
struct FitState {
  int64_t epoch = 0;            ///< the running one, from 0; at the end the number of epochs
  int64_t step = 0;             ///< steps done in it
  Rng::Position shuffle;        ///< of stream "shuffle" at the beginning of the epoch
  RunningSums sums;             ///< of the epoch
  double largest_norm = 0;      ///< of the epoch
  double epoch_seconds = 0;     ///< of training in the epoch
  double training_seconds = 0;  ///< in all epochs before

  /// The metrics of an epoch.
  struct Metrics {
    int64_t epoch = -1;  ///< -1: there was none
    Evaluation train, validation;
  };
  int64_t solved = 0;  ///< epochs in a row, up to the running one, without validation error
  Metrics last;        ///< the epoch before the running one
  Metrics best;        ///< lowest validation error; among equal ones lowest validation loss, then the earlier epoch
};

/// Mean loss, penalties included, and wrong answers of a batch.
struct BatchSums {
  double loss = 0;
  int64_t errors = 0;
};

/// Computes batches, but not on one tape: see train/replicas.h.
class BatchRunner {
 public:
  virtual ~BatchRunner() = default;
  /// Forward and backward pass of training step `step`; afterwards the parameters have the gradient of the batch.
  virtual BatchSums run(Learner& learner, uint64_t step, const int64_t* examples, int64_t count) = 0;
  /// Whether any rank was asked to stop the training.
  virtual bool stops(bool asked_here) = 0;
  virtual Evaluation evaluate(Learner& learner, Learner::Part part, int64_t batch_size) = 0;
};

struct FitSettings {
  int64_t epochs = 100;
  int64_t batch_size = 128;
  int64_t evaluation_batch_size = 0;  ///< 0: batch_size
  BatchRunner* runner = nullptr;      ///< null: one tape
  uint64_t seed = 0;                  ///< order of the examples: stream "shuffle"
  std::function<double(int64_t epoch)> learning_rate;
  /// Ends the training after this many epochs in a row without validation errors; 0: never.
  int64_t stop_when_solved = 0;
  /// Pauses when this many epochs are done; 0: never.
  int64_t pause_after = 0;
  /// Updated after every step; validation and on_best use it in place of the weights.
  Snapshot* average = nullptr;
  double average_decay = 0;
  Progress* progress = nullptr;
  std::function<void(const EpochReport&)> on_epoch;
  /// Called after on_epoch if the epoch was better than all before it (see FitState::best).
  std::function<void()> on_best;
  /// Called after that with the state at the beginning of the next epoch, as a checkpoint stores it.
  std::function<void(const FitState&)> after_epoch;
  /// Called after every step: true ends the training there.
  std::function<bool()> stop;
};

/// Whether a training in `state` is finished.
bool is_finished(const FitSettings& settings, const FitState& state);

/// Trains from `state` until `epochs` are done, or the problem is solved (settings.stop_when_solved). Every epoch is a
/// new random permutation of the training examples; the last, shorter batch is trained on as well. Returns whether all
/// epochs were done; false: settings.stop or pause_after said so, and `state` is where to continue. With the
/// parameters, buffers and optimizer of that moment, training continues bit for bit as if it had not stopped. Throws
/// Error naming epoch and step when the loss or a gradient is not finite, and when `state` does not fit this training.
bool fit(Learner& learner, Optimizer& optimizer, const FitSettings& settings, FitState& state);
/// The same from the beginning.
void fit(Learner& learner, Optimizer& optimizer, const FitSettings& settings);

struct StepTimes {
  double median_ms = 0;
  double min_ms = 0;
  double examples_per_s = 0;  ///< from the median
};

/// Times `steps` training steps on full batches after 5 steps of warm-up; settings.epochs is ignored. Throws Error when
/// the training part has no full batch.
StepTimes time_steps(Learner& learner, Optimizer& optimizer, const FitSettings& settings, int64_t steps);

}  // namespace hmem
