#pragma once
/// \file keras_csv_log.h
/// The log file of the authors' programs (`--logging=1`), for scripts that read it.

#include <optional>
#include <string>

#include "hmem/core/files.h"
#include "hmem/train/fit.h"

namespace hmem {

/// CSV `epoch,accuracy,loss,lr,val_accuracy,val_loss` (accuracies as fractions), one line per epoch, flushed; after
/// training a line `error [%]` and the test error. Overwrites `path` and makes its folder; throws Error on failure.
class KerasCsvLog {
 public:
  /// A run that continues at epoch `first_epoch` keeps existing lines of earlier epochs.
  explicit KerasCsvLog(const std::string& path, int64_t first_epoch = 0);
  void write_epoch(const EpochReport& report);
  void write_test(double error);

 private:
  std::optional<LineFile> file_;
};

}  // namespace hmem
