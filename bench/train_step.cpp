// Whole training steps of H-Mem on bAbI: against the sum of their parts, on two threads, with padded stories.
// README.md explains the output.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/rng.h"
#include "hmem/data/babi/files.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/isa.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/optim/adam.h"
#include "hmem/tasks/babi/learner.h"
#include "step_parts.h"
#include "timing.h"

namespace {

using namespace hmem;
using namespace hmem::bench;

constexpr int64_t kBatchSize = 128, kTrainedSteps = 100, kFollowedBatches = 300;
constexpr int kLonger = 10;
constexpr uint64_t kSeed = 1;
using Batch = std::vector<int64_t>;  // indices of examples

/// The model of one task with the defaults of babi_task_single.
class Trainer {
 public:
  explicit Trainer(BabiTask task_in)
      : task(std::move(task_in)),
        model(config(task), kSeed),
        weights(model.weights()),
        learner(model, task, split_babi(task.train.count(), 0.1)),
        adam(weights.parameters, adam_settings()) {}

  /// Random full batches of training examples.
  std::vector<Batch> draw_batches(int64_t count) const {
    const int64_t n = learner.count(Learner::Part::train);
    Rng rng(kSeed, "shuffle");
    std::vector<Batch> batches;
    std::vector<int64_t> order;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t begin = i % (n / kBatchSize) * kBatchSize;
      if (begin == 0) order = rng.permutation(n);
      batches.emplace_back(order.begin() + begin, order.begin() + begin + kBatchSize);
    }
    return batches;
  }

  /// One training step, as in fit(). With learning rate 0 the next one does the same work.
  void step(const Batch& batch, double learning_rate = 0) {
    tape_.reset(Tape::Mode::training);
    zero_gradients(adam.parameters());
    const auto result = learner.run(tape_, Learner::Part::train, batch.data(), static_cast<int64_t>(batch.size()));
    tape_.backward(result.loss);
    const UpdateReport report = adam.step(learning_rate);
    HMEM_CHECK(std::isfinite(report.largest_norm), "the gradient of ", report.largest_name, " is not finite");
    learner.after_update();
  }

  /// The weights of `other`, which has fewer time words and `1 / longer` of the padding. More zeros in the statistics
  /// make everything else larger once it is normalised, which changes the memory's work: scale and shift of our norm
  /// are chosen so that, with mean and mean square down to 1 / longer, it computes what the other norm computes.
  void take_weights(Trainer& other, int longer) {
    for (const Parameter* from : other.weights.parameters) {
      Tensor& to = named(weights.parameters, from->name).value;
      const bool rows_fit = to.shape().rank() == 1 || to.size(1) == from->value.size(1);
      if (rows_fit) std::copy(from->value.begin(), from->value.end(), to.begin());
    }
    other.follow_statistics();
    const Tensor& mean = named(other.weights.buffers, "story_norm.moving_mean").value;
    const Tensor& variance = named(other.weights.buffers, "story_norm.moving_var").value;
    Tensor& scale = named(weights.parameters, "story_norm.scale").value;
    Tensor& shift = named(weights.parameters, "story_norm.shift").value;
    for (int64_t j = 0; j < mean.count(); ++j) {
      const real our_mean = mean[j] / longer;
      const real our_variance = (variance[j] + mean[j] * mean[j]) / longer - our_mean * our_mean;
      const real slope = scale[j] / std::sqrt(variance[j] + BatchNorm::kEpsilon);
      shift[j] -= slope * (mean[j] - our_mean);
      scale[j] = slope * std::sqrt(our_variance + BatchNorm::kEpsilon);
    }
  }

  BabiTask task;
  HMemQa model;
  const Weights weights;
  BabiLearner learner;
  Adam adam;

 private:
  template <typename T>
  static T& named(const std::vector<T*>& all, std::string_view name) {
    for (T* one : all) {
      if (one->name == name) return *one;
    }
    fail("the model has no ", name);
  }

  /// Lets the moving averages of the norms catch up with the weights.
  void follow_statistics() {
    for (const Batch& batch : draw_batches(kFollowedBatches)) {
      tape_.reset(Tape::Mode::training);
      learner.run(tape_, Learner::Part::train, batch.data(), kBatchSize);
    }
  }

  static HMemQa::Config config(const BabiTask& task) {
    HMemQa::Config config;
    config.vocabulary = task.vocabulary.size();
    config.words_per_sentence = task.words_per_sentence;
    return config;
  }
  static Adam::Settings adam_settings() {
    Adam::Settings settings;
    settings.max_grad_norm = 20;
    return settings;
  }

  Tape tape_;
};

/// Mean over batches of the fastest time of every subject, all subjects in turn on each batch; in ms.
template <typename MakeSubjects>
std::vector<double> mean_ms(const std::vector<Batch>& batches, Clock clock, const MakeSubjects& make_subjects) {
  std::vector<double> mean;
  for (const Batch& batch : batches) {
    const std::vector<double> seconds = fastest(make_subjects(batch), 9, clock);
    mean.resize(seconds.size());
    for (size_t i = 0; i < seconds.size(); ++i) mean[i] += seconds[i] * 1e3 / static_cast<double>(batches.size());
  }
  return mean;
}

/// A step, the same with padded stories, and all its parts.
void print_one_thread(Trainer& plain, Trainer& padded, Trainer& more_words, const std::vector<Batch>& batches) {
  set_num_threads(1);
  std::vector<const char*> names;
  std::unique_ptr<StepParts> parts;
  const std::vector<double> ms = mean_ms(batches, thread_seconds, [&](const Batch& batch) {
    std::vector<Subject> subjects = {[&] { plain.step(batch); }, [&] { padded.step(batch); },
                                     [&] { more_words.step(batch); }};
    parts = std::make_unique<StepParts>(plain.task, plain.model, plain.adam, batch);
    names.clear();
    for (const StepParts::Part& part : parts->parts()) {
      names.push_back(part.name);
      subjects.push_back(part.run);
    }
    return subjects;
  });
  const double step = ms[0];
  double sum = 0;
  for (size_t i = 3; i < ms.size(); ++i) sum += ms[i];
  std::printf("  parts of a step, each measured separately:\n");
  for (size_t i = 3; i < ms.size(); ++i) {
    std::printf("    %-28s %8.4f ms %5.1f %%\n", names[i - 3], ms[i], 100 * ms[i] / sum);
  }
  std::printf("    %-28s %8.4f ms\n  step on one thread             %8.4f ms\n", "sum", sum, step);
  std::printf("  step / sum of its parts              %5.2f   must <= 1.50, goal <= 1.25\n", step / sum);
  std::printf("  padded to %d times the length        %5.2f   must <= 1.05\n", kLonger, ms[1] / step);
  std::printf("  and %d times the time words          %5.2f   for information\n", kLonger, ms[2] / step);
}

/// Wall-clock time, the only measure of what threads gain: needs an idle machine.
void print_two_threads(Trainer& plain, const std::vector<Batch>& batches) {
  if (available_threads() < 2 || threading_name().rfind("none", 0) == 0) {
    std::printf("  one thread / two threads                 -   not measured: one thread in this build or machine\n");
    return;
  }
  std::vector<const char*> names;
  std::unique_ptr<StepParts> parts;
  // Every subject twice, on one thread and on two.
  const std::vector<double> ms = mean_ms(batches, steady_seconds, [&](const Batch& batch) {
    std::vector<Subject> subjects;
    const auto add_both = [&subjects](const Subject& subject) {
      for (const int threads : {1, 2}) {
        subjects.push_back([subject, threads] {
          set_num_threads(threads);
          subject();
        });
      }
    };
    names = {"step"};
    add_both([&] { plain.step(batch); });
    parts = std::make_unique<StepParts>(plain.task, plain.model, plain.adam, batch);
    for (const StepParts::Part& part : parts->parts()) {
      names.push_back(part.name);
      add_both(part.run);
    }
    return subjects;
  });
  std::printf("  one thread / two threads, wall clock:\n");
  for (size_t i = 1; i < names.size(); ++i) {
    std::printf("    %-28s %8.4f / %8.4f ms %6.2f\n", names[i], ms[2 * i], ms[2 * i + 1], ms[2 * i] / ms[2 * i + 1]);
  }
  std::printf("    %-28s %8.4f / %8.4f ms %6.2f   must >= 1.70, goal >= 1.90\n", names[0], ms[0], ms[1], ms[0] / ms[1]);
}

void print_task(const BabiSource& source, int task_id, int64_t batch_count) {
  const auto load = [&] {
    const BabiStories train = load_babi(source, task_id, "10k", BabiPart::train, kSeed);
    return vectorise_babi(train, load_babi(source, task_id, "10k", BabiPart::test, kSeed));
  };
  BabiTask longer = load(), more = load();
  longer.max_num_sentences *= kLonger;
  more.max_num_sentences *= kLonger;
  more.vocabulary = Vocabulary(more.vocabulary.all_words(), more.max_num_sentences);
  Trainer plain(load()), padded(std::move(longer)), more_words(std::move(more));
  std::printf("\nTask %d, %s\n  batches of %d, %d words, stories padded to %d sentences\n", task_id,
              source.description.c_str(), static_cast<int>(kBatchSize), static_cast<int>(plain.task.vocabulary.size()),
              plain.task.max_num_sentences);

  set_num_threads(1);
  for (const Batch& batch : plain.draw_batches(kTrainedSteps)) plain.step(batch, 0.003);
  padded.take_weights(plain, kLonger);
  more_words.take_weights(plain, kLonger);
  const std::vector<Batch> batches = plain.draw_batches(batch_count);
  print_one_thread(plain, padded, more_words, batches);
  print_two_threads(plain, batches);
}

int run(const Options& options) {
  print_by_line();
  const BabiSource source = find_babi(options.get_string("data_dir"));
  std::printf("hmem %s\nkernels=%s blas=\"%s\" threading=\"%s\"\n", build_info().str().c_str(),
              kernel_set_name().c_str(), blas_name().c_str(), threading_name().c_str());
  print_task(source, 1, options.get_int("batches"));
  if (!source.generated()) {
    print_task(source, 2, options.get_int("batches"));
  } else {
    std::printf("\nTask 2 needs the official stories, see datasets/README.md.\n");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options("bench_train_step", "Whole training steps of H-Mem on bAbI tasks 1 and 2, and their parts.");
  options.add_string("data_dir", "",
                     "bAbI folder with en/ and en-10k/; 'generated': generate stories; empty: search the usual places");
  options.add_int("batches", 10, "batches to measure", {1, 10000});
  return run_program(argc, argv, options, run);
}
