#include "hmem/train/checkpoint.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

constexpr const char* kFormatKey = kCheckpointFormatKey;
constexpr char kFormat[] = "3";
constexpr char kSeedKey[] = "seed";
constexpr char kStatePrefix[] = "state.";
constexpr int64_t kMaxCount = int64_t{1} << 53;

/// Visits all fields of a state: `io.whole(name, low, field)`, `io.real(name, field)` for finite numbers that are not
/// negative, and `io.metric(name, field)` for means, which are NaN without examples. Reading and writing cannot
/// disagree.
template <typename Io, typename State>
void visit_metrics(Io& io, const std::string& name, State& metrics) {
  io.whole(name + ".epoch", -1, metrics.epoch);
  io.metric(name + ".train_loss", metrics.train.loss);
  io.metric(name + ".train_error", metrics.train.error);
  io.metric(name + ".val_loss", metrics.validation.loss);
  io.metric(name + ".val_error", metrics.validation.error);
}

template <typename Io, typename State, typename Count>
void visit_state(Io& io, State& state, Count& optimizer_steps, Count& draws) {
  io.whole("epoch", 0, state.epoch);
  io.whole("step", 0, state.step);
  io.whole("shuffle_draws", 0, draws);
  io.whole("optimizer_steps", 0, optimizer_steps);
  io.metric("loss_sum", state.sums.loss);
  io.whole("errors", 0, state.sums.errors);
  io.whole("examples", 0, state.sums.count);
  io.real("largest_norm", state.largest_norm);
  io.real("epoch_seconds", state.epoch_seconds);
  io.real("training_seconds", state.training_seconds);
  io.whole("solved", 0, state.solved);
  visit_metrics(io, "last", state.last);
  visit_metrics(io, "best", state.best);
}

struct Writer {
  ModelInfo& info;

  void whole(const std::string& name, int64_t /*low*/, int64_t value) {
    info[kStatePrefix + name] = std::to_string(value);
  }
  void real(const std::string& name, double value) { info[kStatePrefix + name] = format_real(value); }
  void metric(const std::string& name, double value) { real(name, value); }
};

struct Reader {
  const ModelFile& file;

  void whole(const std::string& name, int64_t low, int64_t& value) {
    read(name, value);
    check(value >= low && value <= kMaxCount, name, "an integer >= " + std::to_string(low) + " and at most 2^53");
  }
  void real(const std::string& name, double& value) {
    read(name, value);
    check(std::isfinite(value) && value >= 0, name, "a finite number >= 0");
  }
  void metric(const std::string& name, double& value) {
    read(name, value);
    check(!std::isinf(value), name, "a number that is not infinite");
  }

  template <typename Number>
  void read(const std::string& name, Number& value) {
    const auto found = parse_number<Number>(file.require(kStatePrefix + name));
    check(found.has_value(), name, "a number");
    value = *found;
  }
  void check(bool good, const std::string& name, const std::string& expected) const {
    HMEM_CHECK(good, file.path(), ": ", kStatePrefix, name, ": found ", quote(file.require(kStatePrefix + name)),
               ", expected ", expected, "; the checkpoint is damaged");
  }
};

}  // namespace

Weights all_tensors(const Training& training) {
  Weights all = training.weights;
  const auto append = [&all](const std::vector<Buffer*>& more) {
    all.buffers.insert(all.buffers.end(), more.begin(), more.end());
  };
  append(training.optimizer->state());
  if (training.best) append(training.best->state());
  if (training.average) append(training.average->state());
  return all;
}

namespace {

bool is_state(const std::string& key) { return key.rfind(kStatePrefix, 0) == 0; }

}  // namespace

void save_checkpoint(const std::string& path, const Settings& run, const Training& training) {
  ModelInfo info(run.begin(), run.end());
  info[kFormatKey] = kFormat;
  Writer writer{info};
  const int64_t steps = training.optimizer->steps(), draws = static_cast<int64_t>(training.state.shuffle.draws);
  visit_state(writer, training.state, steps, draws);
  save_model(path, info, all_tensors(training));
}

Checkpoint::Checkpoint(const std::string& path) : file_(path) {
  const auto format = file_.info().find(kFormatKey);
  HMEM_CHECK(format != file_.info().end(), path, ": found no '", kFormatKey,
             "' in the metadata, expected a file written by --checkpoint");
  HMEM_CHECK(format->second == kFormat, path, ": ", kFormatKey, ": found ", quote(format->second), ", expected ",
             quote(kFormat), "; another version wrote this file");
}

uint64_t Checkpoint::seed() const {
  const std::string& text = file_.require(kSeedKey);
  const auto seed = parse_number<uint64_t>(text);
  HMEM_CHECK(seed, path(), ": ", kSeedKey, ": found ", quote(text), ", expected a number; the checkpoint is damaged");
  return *seed;
}

void Checkpoint::check_run(const Settings& run, const Settings& defaults) const {
  for (const auto& setting : run) {
    const auto& [key, expected] = setting;
    const auto found = file_.info().find(key);
    if (found == file_.info().end() && std::find(defaults.begin(), defaults.end(), setting) != defaults.end()) continue;
    HMEM_CHECK(found != file_.info().end(), path(), ": found no ", quote(key), ", expected ", quote(expected),
               "; the checkpoint belongs to another run: give its flags, or another --checkpoint");
    HMEM_CHECK(found->second == expected, path(), ": ", key, ": found ", quote(found->second), ", expected ",
               quote(expected), "; the checkpoint belongs to another run: give its flags, or another --checkpoint");
  }
  for (const auto& [key, value] : file_.info()) {
    const bool known =
        std::any_of(run.begin(), run.end(), [&wanted = key](const auto& pair) { return pair.first == wanted; });
    HMEM_CHECK(
        known || key == kFormatKey || is_state(key), path(), ": ", key, ": found ", quote(value),
        ", expected no such setting; the checkpoint belongs to another run: give its flags, or another --checkpoint");
  }
}

void Checkpoint::copy_to(Training& training, int64_t epochs) const {
  Reader reader{file_};
  FitState state;
  int64_t steps = 0, draws = 0;
  visit_state(reader, state, steps, draws);
  state.shuffle.draws = static_cast<uint64_t>(draws);
  reader.check(!std::isnan(state.sums.loss), "loss_sum", "a finite number");
  reader.check(state.sums.errors <= state.sums.count, "errors", "at most as many as examples");
  const int64_t needed = state.epoch + (state.step > 0 ? 1 : 0);
  HMEM_CHECK(epochs >= needed, path(), ": epochs: found ", state.epoch, " done", state.step > 0 ? " and a part" : "",
             ", expected at most --epochs=", epochs, "; give --epochs=", needed, " or more");
  file_.copy_to(all_tensors(training));
  training.optimizer->restore_steps(steps);
  training.state = state;
}

}  // namespace hmem
