#pragma once
/// \file checkpoint.h
/// A training that was interrupted, as a safetensors file: tensors `<parameter>`, `<buffer>`, `adam.m.<parameter>`,
/// `adam.v.<parameter>`, `best.` and `average.<parameter or buffer>`; in the metadata what run it is (RunInfo) and, as
/// `state.*`, where it stands. Numbers are written so that they read back bit for bit.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hmem/optim/optimizer.h"
#include "hmem/train/best_weights.h"
#include "hmem/train/fit.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// What makes a run the run that it is: names and values of everything that its results depend on, "seed" among them.
/// Differences are reported in this order, so that causes come before what follows from them.
using RunInfo = std::vector<std::pair<std::string, std::string>>;

/// Everything that a training changes. `best` and `average` may be null.
struct Training {
  std::vector<Parameter*> parameters;
  std::vector<Buffer*> buffers;
  Optimizer* optimizer = nullptr;
  BestWeights* best = nullptr;
  WeightAverage* average = nullptr;
  FitState state;
};

/// Writes `training` of the run that `run` describes; the file appears whole or not at all.
void save_checkpoint(const std::string& path, const RunInfo& run, const Training& training);

/// A checkpoint that has been read: first compare the run, then copy the state. Every function throws Error with the
/// path, what was found and what was expected.
class Checkpoint {
 public:
  /// Throws when the file is not there, truncated, corrupt, or no checkpoint.
  explicit Checkpoint(const std::string& path);
  const std::string& path() const { return file_.path(); }
  uint64_t seed() const;
  /// Throws unless the checkpoint says exactly what `run` says; the message names the first setting that differs.
  void check_run(const RunInfo& run) const;
  /// Throws unless tensors and state are those of such a training and finite, and unless `epochs` epochs can still be
  /// reached; changes nothing then.
  void copy_to(Training& training, int64_t epochs) const;

 private:
  ModelFile file_;
};

}  // namespace hmem
