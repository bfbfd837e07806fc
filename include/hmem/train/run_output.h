#pragma once
/// \file run_output.h
/// The lines that every training program prints.

#include <cstdint>
#include <string>

#include "hmem/core/options.h"
#include "hmem/core/run_log.h"
#include "hmem/train/fit.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// Two lines: what runs (program, version, git, compiler, kernels, blas, threads, seed, data), then every setting;
/// those that `model` has under the same name as the model has them, as a loaded model keeps its own.
void write_run_header(RunLog& log, const Options& options, uint64_t seed, const std::string& data,
                      const ModelInfo& model);

/// epoch, losses and errors of training and validation, learning rate, gradient norm, speed.
Record epoch_record(const EpochReport& report);

/// The final line of `--limit_steps`.
Record step_times_record(const StepTimes& times);

}  // namespace hmem
