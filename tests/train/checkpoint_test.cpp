#include "hmem/train/checkpoint.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "hmem/core/safetensors.h"
#include "hmem/optim/adam.h"
#include "support/error_text.h"
#include "support/numbers.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::contains;
using hmem::test::error_text;
using hmem::test::same_bits;
using hmem::test::TempFolder;
using Part = Learner::Part;

namespace {

/// loss = w^2 (mean of the examples' numbers + epoch); two steps never give the same gradient. The buffer is a moving
/// average of what was seen.
class PathLearner : public Learner {
 public:
  PathLearner() : w("w", {1}), average("average", {1}) { w.value[0] = real(1.5); }

  void start_epoch(int64_t epoch) override { epoch_ = epoch; }
  int64_t count(Part part) const override { return part == Part::train ? 7 : validation; }

  BatchResult run(Tape& tape, Part part, const int64_t* examples, int64_t count) override {
    real mean = static_cast<real>(part == Part::train ? epoch_ : 0);
    BatchResult result;
    for (int64_t i = 0; i < count; ++i) {
      mean += static_cast<real>(examples[i]) / static_cast<real>(count);
      result.errors += examples[i] % 2;
    }
    if (part == Part::train) {
      batches.emplace_back(examples, examples + count);
      average.value[0] += real(0.1) * (mean - average.value[0]);
    }
    result.loss = l2_penalty({tape.leaf(w)}, mean + real(0.25));
    return result;
  }

  Weights weights() override { return {{&w}, {&average}, {}}; }

  Parameter w;
  Buffer average;
  int64_t validation = 3;
  std::vector<std::vector<int64_t>> batches;

 private:
  int64_t epoch_ = 0;
};

/// A learner and everything that its training changes.
struct Run {
  PathLearner learner;
  Adam adam{{&learner.w}, {}};
  Snapshot best{learner.weights(), "best."}, smooth{learner.weights(), "average."};
  Training training{learner.weights(), &adam, &best, &smooth, {}};
  std::vector<EpochReport> reports;

  /// Trains until `stop_after` steps are done here (-1: to the end); returns whether it reached the end.
  bool train(int64_t epochs, int64_t stop_after = -1) {
    FitSettings settings;
    settings.epochs = epochs;
    settings.batch_size = 3;
    settings.seed = 5;
    settings.learning_rate = [](int64_t epoch) { return epoch < 2 ? 0.1 : 0.01; };
    settings.on_epoch = [this](const EpochReport& report) { reports.push_back(report); };
    settings.on_best = [this] { best.take(); };
    settings.average = &smooth;
    settings.average_decay = 0.9;
    settings.stop = [stop_after, steps = int64_t{0}]() mutable { return ++steps == stop_after; };
    return fit(learner, adam, settings, training.state);
  }
};

const Settings kInfo = {{"program", "p"}, {"hops", "3"}, {"seed", "18446744073709551615"}, {"vocabulary", "[\"\"]"}};

void check_same(const EpochReport& found, const EpochReport& expected) {
  CHECK(found.epoch == expected.epoch);
  CHECK(found.learning_rate == expected.learning_rate);
  CHECK(found.train.loss == expected.train.loss);
  CHECK(found.train.error == expected.train.error);
  CHECK(found.validation.loss == expected.validation.loss);
  CHECK(found.validation.error == expected.validation.error);
  CHECK(found.largest_norm == expected.largest_norm);
}

void check_same(Run& found, Run& expected) {
  CHECK(same_bits(found.learner.w.value, expected.learner.w.value));
  CHECK(same_bits(found.learner.average.value, expected.learner.average.value));
  for (size_t i = 0; i < 2; ++i) CHECK(same_bits(found.adam.state()[i]->value, expected.adam.state()[i]->value));
  CHECK(same_bits(found.best.state()[0]->value, expected.best.state()[0]->value));
  for (size_t i = 0; i < 2; ++i) CHECK(same_bits(found.smooth.state()[i]->value, expected.smooth.state()[i]->value));
  CHECK(found.adam.steps() == expected.adam.steps());
  CHECK(found.training.state.solved == expected.training.state.solved);
  CHECK(found.training.state.best.epoch == expected.training.state.best.epoch);
  CHECK(found.training.state.best.validation.loss == expected.training.state.best.validation.loss);
}

/// A checkpoint of training stopped after `steps` steps.
std::string write_checkpoint(const TempFolder& folder, int64_t steps = 4) {
  Run run;
  run.train(4, steps);
  save_checkpoint(folder.file("c"), kInfo, run.training);
  return folder.file("c");
}

/// Rewrites the checkpoint with `change` applied to what it holds, and tries to continue from it.
template <typename Change>
std::string resume_error(const TempFolder& folder, const Change& change) {
  const std::string path = write_checkpoint(folder);
  SafetensorsFile file = read_safetensors(path);
  change(file);
  std::vector<NamedView> tensors;
  for (const NamedTensor& tensor : file.tensors) tensors.push_back({tensor.name, tensor.value.view()});
  write_safetensors(path, file.metadata, tensors);
  Run run;
  const std::string text = error_text([&] {
    const Checkpoint checkpoint(path);
    checkpoint.check_run(kInfo);
    checkpoint.copy_to(run.training, 4);
  });
  CHECK(run.learner.w.value[0] == real(1.5));  // nothing changed
  CHECK(run.adam.steps() == 0);
  CHECK(run.training.state.step == 0);
  CHECK(text.find('\n') == std::string::npos);
  return text;
}

}  // namespace

TEST_CASE("training stopped after any step continues as if uninterrupted, bit for bit", "[checkpoint][fit]") {
  constexpr int64_t kEpochs = 4, kSteps = 3 * kEpochs;
  const TempFolder folder;
  Run whole;
  REQUIRE(whole.train(kEpochs));
  REQUIRE(whole.learner.batches.size() == kSteps);
  for (int64_t stop = 1; stop <= kSteps; ++stop) {
    INFO("stopped after step " << stop);
    Run first;
    CHECK_FALSE(first.train(kEpochs, stop));
    CHECK(static_cast<int64_t>(first.learner.batches.size()) == stop);
    save_checkpoint(folder.file("c"), kInfo, first.training);

    Run second;
    const Checkpoint checkpoint(folder.file("c"));
    CHECK(checkpoint.seed() == 18446744073709551615u);
    checkpoint.check_run(kInfo);
    checkpoint.copy_to(second.training, kEpochs);
    CHECK(second.train(kEpochs));
    auto batches = first.learner.batches;
    batches.insert(batches.end(), second.learner.batches.begin(), second.learner.batches.end());
    CHECK(batches == whole.learner.batches);
    auto reports = first.reports;
    reports.insert(reports.end(), second.reports.begin(), second.reports.end());
    REQUIRE(reports.size() == whole.reports.size());
    for (size_t i = 0; i < reports.size(); ++i) check_same(reports[i], whole.reports[i]);
    check_same(second, whole);
  }
}

TEST_CASE("training may stop after every step, and continue for more epochs than planned", "[checkpoint][fit]") {
  const TempFolder folder;
  Run whole;
  whole.train(6);
  auto run = std::make_unique<Run>();
  for (int64_t steps = 0; !run->train(steps < 12 ? 4 : 6, 1) || run->training.state.epoch < 6; ++steps) {
    REQUIRE(steps < 30);
    save_checkpoint(folder.file("c"), kInfo, run->training);
    run = std::make_unique<Run>();
    Checkpoint(folder.file("c")).copy_to(run->training, 6);
  }
  check_same(*run, whole);
}

TEST_CASE("Adam continues with the same powers, however many steps were done", "[checkpoint][optim]") {
  Parameter p("p", {1}), q("p", {1});
  Adam adam({&p}, {}), other({&q}, {});
  for (const int64_t more : {1, 2, 50, 3000}) {
    for (int64_t i = 0; i < more; ++i) {
      p.grad[0] = real(1) / static_cast<real>(i + 1);
      adam.step(0.01);
    }
    q.value[0] = p.value[0];
    for (size_t i = 0; i < 2; ++i) other.state()[i]->value[0] = adam.state()[i]->value[0];
    other.restore_steps(adam.steps());
    p.grad[0] = q.grad[0] = real(0.3);
    adam.step(0.01);
    other.step(0.01);
    CHECK(same_bits(p.value, q.value));
    CHECK(other.steps() == adam.steps());
  }
  other.restore_steps(int64_t{1} << 52);  // ends
  CHECK_THROWS_AS(other.restore_steps(-1), Error);
}

TEST_CASE("the best epoch: lowest error, then lowest loss, then the earlier one", "[checkpoint][fit]") {
  Run run;
  std::vector<int64_t> when;
  FitSettings settings;
  settings.epochs = 5;
  settings.batch_size = 7;
  settings.learning_rate = [](int64_t epoch) { return epoch == 1 ? 0.1 : epoch == 2 ? 1e-30 : -0.1; };
  settings.on_best = [&] { when.push_back(run.training.state.last.epoch); };
  fit(run.learner, run.adam, settings, run.training.state);
  // The loss is that of |w|: it rises, falls in epoch 1, stays, rises; the error never changes.
  CHECK(when == std::vector<int64_t>{0, 1});
  CHECK(run.training.state.best.epoch == 1);
  CHECK(run.training.state.last.epoch == 4);

  Run none;
  none.learner.validation = 0;
  none.train(2);
  CHECK(none.training.state.best.epoch == -1);
  const TempFolder folder;  // metrics that are NaN are restored
  save_checkpoint(folder.file("c"), kInfo, none.training);
  Run again;
  Checkpoint(folder.file("c")).copy_to(again.training, 2);
  CHECK(std::isnan(again.training.state.last.validation.error));
}

TEST_CASE("a checkpoint of another run is refused with the setting that differs", "[checkpoint][bad]") {
  const TempFolder folder;
  const std::string path = write_checkpoint(folder);
  const Checkpoint checkpoint(path);
  Settings other = kInfo;
  other[3].second = "[\"x\"]";
  other[1].second = "4";
  CHECK(error_text([&] { checkpoint.check_run(other); }) ==
        path +
            ": hops: found '3', expected '4'; the checkpoint belongs to another run: give its flags, or another "
            "--checkpoint");
  other = kInfo;
  other.emplace_back("new", "1");
  CHECK(contains(error_text([&] { checkpoint.check_run(other); }), "found no 'new', expected '1'"));
  CHECK(contains(error_text([&] { checkpoint.check_run(other, {{"new", "0"}}); }), "found no 'new', expected '1'"));
  CHECK_NOTHROW(checkpoint.check_run(other, {{"old", "2"}, {"new", "1"}}));  // an older version had no such flag
  other = kInfo;
  other.erase(other.begin() + 1);
  CHECK(contains(error_text([&] { checkpoint.check_run(other); }), "hops: found '3', expected no such setting"));

  Run run;
  CHECK(contains(error_text([&] { checkpoint.copy_to(run.training, 1); }),
                 "epochs: found 1 done and a part, expected at most --epochs=1; give --epochs=2 or more"));
  CHECK_NOTHROW(checkpoint.copy_to(run.training, 2));
}

TEST_CASE("a damaged or foreign checkpoint is refused and changes nothing", "[checkpoint][bad]") {
  const TempFolder folder;
  const auto with = [&](const std::string& key, const std::string& value) {
    return resume_error(folder, [&](SafetensorsFile& file) { file.metadata.at("state." + key) = value; });
  };
  CHECK(contains(with("epoch", "-1"), "state.epoch: found '-1', expected an integer >= 0"));
  CHECK(contains(with("epoch", "1.5"), "expected a number; the checkpoint is damaged"));
  CHECK(contains(with("epoch", "99999999999999999999"), "state.epoch"));
  CHECK(contains(with("step", ""), "state.step: found '', expected a number"));
  CHECK(contains(with("optimizer_steps", "9223372036854775807"), "at most 2^53"));
  CHECK(contains(with("loss_sum", "nan"), "state.loss_sum: found 'nan', expected a finite number"));
  CHECK(contains(with("largest_norm", "inf"), "state.largest_norm: found 'inf', expected a finite number"));
  CHECK(contains(with("training_seconds", "-1"), "state.training_seconds"));
  CHECK(contains(with("errors", "4"), "state.errors: found '4', expected at most as many as examples"));
  CHECK(contains(with("last.val_loss", "-inf"), "state.last.val_loss"));
  CHECK(contains(with("best.epoch", "-2"), "expected an integer >= -1"));

  CHECK(contains(resume_error(folder, [](auto& file) { file.metadata.erase("state.step"); }), "no 'state.step'"));
  CHECK(contains(resume_error(folder, [](auto& file) { file.metadata.erase("checkpoint_format"); }),
                 "expected a file written by --checkpoint"));
  CHECK(contains(resume_error(folder, [](auto& file) { file.metadata["checkpoint_format"] = "2"; }),
                 "another version wrote this file"));
  for (const char* name :
       {"w", "average", "adam.m.w", "adam.v.w", "best.w", "best.average", "average.w", "average.average"}) {
    CHECK(contains(resume_error(folder,
                                [&](auto& file) {
                                  for (auto& tensor : file.tensors) {
                                    if (tensor.name == name) tensor.value[0] = std::numeric_limits<real>::infinity();
                                  }
                                }),
                   "'" + std::string(name) + "' holds values that are not finite"));
    CHECK(contains(resume_error(folder,
                                [&](auto& file) {
                                  for (auto& tensor : file.tensors) {
                                    if (tensor.name == name) tensor.name = "other";
                                  }
                                }),
                   "no tensor '" + std::string(name) + "'"));
  }
  CHECK(contains(resume_error(folder, [](auto& file) { file.tensors[0].value = Tensor({2}); }), "has shape"));
}

TEST_CASE("a truncated checkpoint, or none, is refused", "[checkpoint][bad]") {
  const TempFolder folder;
  const std::string bytes = hmem::test::read_file(write_checkpoint(folder));
  for (size_t length = 0; length < bytes.size(); length += 7) {
    const std::string path = folder.write("short", bytes.substr(0, length));
    CHECK(error_text([&] { Checkpoint checkpoint(path); }).find(path) == 0);
  }
  CHECK(contains(error_text([&] { Checkpoint checkpoint(folder.file("none")); }), "none"));
}

TEST_CASE("a step that the epoch does not have is refused", "[checkpoint][bad]") {
  Run run;
  run.training.state.step = 4;
  CHECK(error_text([&] { run.train(1); }) == "cannot train from step 4 of epoch 0: it has 3 steps");
}
