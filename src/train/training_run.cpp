#include "hmem/train/training_run.h"

#include <filesystem>

#include "hmem/core/check.h"
#include "hmem/core/interrupt.h"
#include "hmem/core/text.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

/// Two names of one file; files need not be there.
bool same_file(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return false;
  std::error_code ignored;  // a path that cannot be resolved is reported when it is opened
  const auto whole = [&](const std::string& path) {
    return fs::weakly_canonical(fs::absolute(path, ignored), ignored);
  };
  return whole(a) == whole(b);
}

/// "epoch 3, step 17"
std::string place(const FitState& state) {
  return "epoch " + std::to_string(state.epoch) + ", step " + std::to_string(state.step);
}

}  // namespace

void add_checkpoint_options(Options& options) {
  options.add_string("checkpoint", "", "keep the state of the training in this file");
  options.add_int("checkpoint_every", 10, "epochs from one checkpoint to the next", {1, 1000000});
  options.add_switch("resume", false, "continue from the checkpoint; without one start anew");
  options.add_int("stop_after", 0, "end when so many epochs are done, with the state saved; 0: never", {0, 1000000});
}

CheckpointSettings checkpoint_settings(const Options& options) {
  const CheckpointSettings settings{options.get_string("checkpoint"), options.get_int("checkpoint_every"),
                                    options.get_switch("resume"), options.get_int("stop_after")};
  if (!settings.path.empty()) return settings;
  if (settings.resume) throw UsageError("--resume: found no --checkpoint, expected the file to continue from");
  if (settings.stop_after > 0) {
    throw UsageError("--stop_after: found no --checkpoint, expected the file to save the state in");
  }
  return settings;
}

void check_not_written(const Options& options, const std::vector<std::string>& flags, const std::string& path,
                       const std::string& what) {
  for (const std::string& flag : flags) {
    const std::string& written = options.get_string(flag);
    if (!same_file(written, path)) continue;
    throw UsageError("--" + flag + ": found " + quote(written) + ", the file of " + what +
                     ", expected a file of its own");
  }
}

void check_own_files(const Options& options, const std::vector<std::string>& flags) {
  for (size_t i = 0; i < flags.size(); ++i) {
    for (size_t j = i + 1; j < flags.size(); ++j) {
      check_not_written(options, {flags[i]}, options.get_string(flags[j]), "--" + flags[j]);
    }
    if (flags[i] != "save") check_not_written(options, {flags[i]}, options.get_string("load"), "--load");
  }
  if (options.has("pretrained_weights")) {
    check_not_written(options, flags, options.get_string("pretrained_weights"), "--pretrained_weights");
  }
}

void check_timing(const Options& options, const std::vector<std::string>& flags) {
  if (options.get_int("limit_steps") == 0) return;
  for (const std::string& flag : flags) {
    if (flag == "out" || options.get_string(flag).empty()) continue;
    throw UsageError("--limit_steps: found with --" + flag + ", expected one of them: timing keeps nothing");
  }
}

std::unique_ptr<Checkpoint> open_checkpoint(const CheckpointSettings& settings) {
  std::error_code ignored;
  if (!settings.resume || !fs::exists(settings.path, ignored)) return nullptr;
  try {
    return std::make_unique<Checkpoint>(settings.path);
  } catch (const Error& error) {
    fail(error.what(), "; without --resume the training starts anew");
  }
}

void write_checkpoint_note(RunLog& log, const CheckpointSettings& settings, const Checkpoint* resumed,
                           const FitState& state, bool finished) {
  if (settings.path.empty()) return;
  if (resumed && finished) {
    log.write_note(settings.path + " has all " + std::to_string(state.epoch) +
                   " epochs of its training: the model is only tested");
  } else if (resumed) {
    log.write_note("continues from " + settings.path + " at " + place(state));
  } else if (settings.resume) {
    log.write_note("there is no checkpoint " + settings.path + " yet: the training starts anew");
  } else if (fs::exists(settings.path)) {
    log.write_note("the checkpoint " + settings.path + " will be replaced (--resume would continue from it)");
  }
}

std::optional<int> train_with_checkpoints(Learner& learner, Training& training, FitSettings fit_settings,
                                          const CheckpointSettings& settings, const RunInfo& run, RunLog& log) {
  fit_settings.on_best = [&training] {
    if (training.best) training.best->take();
  };
  fit_settings.average = training.average;
  if (settings.path.empty()) {
    fit(learner, *training.optimizer, fit_settings, training.state);
    return std::nullopt;
  }
  const InterruptGuard guard;
  fit_settings.pause_after = settings.stop_after;
  fit_settings.stop = [&guard] { return guard.signal() != 0; };
  fit_settings.after_epoch = [&](const FitState& state) {
    if (state.epoch % settings.every == 0 || is_finished(fit_settings, state)) {
      save_checkpoint(settings.path, run, training);
    }
  };
  if (fit(learner, *training.optimizer, fit_settings, training.state)) return std::nullopt;
  save_checkpoint(settings.path, run, training);
  const int signal = guard.signal();
  log.write_note(std::string(signal == 0 ? "--stop_after" : signal_name(signal)) + ": stopped at " +
                 place(training.state) + " and saved " + settings.path + "; --resume continues");
  return signal == 0 ? 0 : exit_code_of_signal(signal);
}

}  // namespace hmem
