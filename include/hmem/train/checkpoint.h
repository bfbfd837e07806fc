#pragma once
/// \file checkpoint.h
/// A training that was interrupted, as a safetensors file: tensors `<parameter>`, `<buffer>`, `adam.m.<parameter>`,
/// `adam.v.<parameter>`, `best.` and `average.<parameter or buffer>`; the metadata identify the run and, as `state.*`,
/// its progress. Numbers read back bit for bit.

#include <cstdint>
#include <string>

#include "hmem/core/options.h"
#include "hmem/optim/optimizer.h"
#include "hmem/train/fit.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// Everything that a training changes. `best` and `average` may be null.
struct Training {
  Weights weights;
  Optimizer* optimizer = nullptr;
  Snapshot* best = nullptr;
  Snapshot* average = nullptr;
  FitState state;
};

/// The tensors of a checkpoint, each under its name there.
Weights all_tensors(const Training& training);

/// Writes `training` of the run that `run` describes: names and values of everything that its results depend on,
/// including "seed", causes before their consequences. The file is written atomically.
void save_checkpoint(const std::string& path, const Settings& run, const Training& training);

/// A checkpoint that has been read: first compare the run, then copy the state. Every function throws Error with the
/// path, what was found and what was expected.
class Checkpoint {
 public:
  /// Throws when the file is missing, truncated, corrupt or not a checkpoint.
  explicit Checkpoint(const std::string& path);
  const std::string& path() const { return file_.path(); }
  /// See ModelFile::note().
  std::string note() const { return file_.note(); }
  uint64_t seed() const;
  /// Throws unless the checkpoint's settings equal `run`; the message names the first setting that differs. A setting
  /// that the checkpoint lacks counts as its default: an older version, without that flag, wrote the file.
  void check_run(const Settings& run, const Settings& defaults = {}) const;
  /// Throws when tensors or state do not fit this training, are not finite, or are already beyond `epochs`; nothing is
  /// changed then.
  void copy_to(Training& training, int64_t epochs) const;

 private:
  ModelFile file_;
};

}  // namespace hmem
