// Generated bAbI stories: time to generate, parse and vectorise them, and what training on new ones in every
// epoch costs. README.md explains the output.

#include <algorithm>
#include <cstdio>
#include <limits>
#include <sstream>
#include <string>
#include <utility>

#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/data/babi/files.h"
#include "hmem/kernels/isa.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/optim/adam.h"
#include "hmem/tasks/babi/learner.h"
#include "timing.h"

namespace {

using namespace hmem;
using namespace hmem::bench;

constexpr int64_t kQuestions = 10000, kTrained = 9000;  // the official training set, and what validation leaves of it
constexpr uint64_t kSeed = 1;

BabiStories read(const std::string& text) {
  std::istringstream in(text);
  return parse_babi(in, "generated");
}

std::string generate(int task_id) { return generate_babi_part(task_id, kQuestions, BabiPart::train, kSeed); }

/// Milliseconds for kQuestions questions.
struct DataTimes {
  double generate, read, vectorise;

  double of_epoch() const { return (generate + read + vectorise) * kTrained / kQuestions; }
};

DataTimes time_data(int task_id, BabiTask& task, int repeats) {
  const std::string text = generate(task_id);
  const BabiStories stories = read(text);
  const std::vector<double> seconds =
      fastest({[&] { generate(task_id); }, [&] { read(text); }, [&] { vectorise_more_babi(stories, task); }}, repeats);
  return {1e3 * seconds[0], 1e3 * seconds[1], 1e3 * seconds[2]};
}

/// Milliseconds of the fastest training epoch except the first, with whatever the learner does before it.
double time_epoch(BabiLearner& learner, int repeats, Clock clock) {
  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = 20;
  Adam adam(learner.weights().parameters, adam_settings);
  FitSettings settings;
  settings.epochs = 1 + repeats;
  settings.learning_rate = [](int64_t) { return 0.003; };
  double last = 0, shortest = std::numeric_limits<double>::infinity();
  settings.on_epoch = [&](const EpochReport& report) {
    const double now = clock();
    if (report.epoch > 0) shortest = std::min(shortest, now - last);
    last = now;
  };
  fit(learner, adam, settings);
  return 1e3 * shortest;
}

/// With `stories` new stories in every epoch.
double time_model(BabiTask& task, int threads, int repeats, Clock clock, BabiLearner::StoriesOfEpoch stories = {}) {
  set_num_threads(threads);
  HMemQa::Config config;
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  HMemQa model(config, kSeed);
  BabiLearner learner(model, task, split_babi(task.train.count(), 0));
  learner.set_new_stories(std::move(stories));
  return time_epoch(learner, repeats, clock);
}

struct Shares {
  double one_thread, two_threads;  // in % of the epoch
};

Shares print_task(int task_id, int repeats, bool two_threads) {
  const BabiSource made = find_babi("generated");
  BabiTask task = vectorise_babi(load_babi(made, task_id, std::to_string(kTrained), BabiPart::train, kSeed),
                                 load_babi(made, task_id, "10k", BabiPart::test, kSeed));
  const DataTimes data = time_data(task_id, task, repeats);
  const double epoch = time_model(task, 1, repeats, thread_seconds);
  Shares shares = {100 * data.of_epoch() / epoch, 0};
  std::printf("%4d %9.1f %9.1f %9.1f %9.0f %9.2f", task_id, data.generate, data.read, data.vectorise, epoch,
              shares.one_thread);
  if (two_threads) {
    const double plain = time_model(task, 2, repeats, steady_seconds);
    const double online = time_model(task, 2, repeats, steady_seconds, [task_id](int64_t number) {
      return generate_babi_epoch(task_id, kTrained, kSeed, {}, number);
    });
    shares.two_threads = 100 * (online / plain - 1);
    std::printf(" %9.0f %9.0f %9.2f", plain, online, shares.two_threads);
  }
  std::printf("\n");
  return shares;
}

int run(const Options& options) {
  print_by_line();
  std::printf("hmem %s\nkernels=%s threading=\"%s\"\n\n", build_info().str().c_str(), kernel_set_name().c_str(),
              threading_name().c_str());
  std::printf("     ms for %lld questions, one thread  |  ms for an epoch of %lld, and what --online adds\n",
              static_cast<long long>(kQuestions), static_cast<long long>(kTrained));
  const auto only = static_cast<int>(options.get_int("task_id"));
  const auto repeats = static_cast<int>(options.get_int("repeats"));
  const bool two_threads = options.get_switch("two_threads") && available_threads() > 1;
  std::printf("task  generate      read vectorise  1 thread    adds %%%s\n",
              two_threads ? " 2 threads    online    adds %" : "");
  int largest_task = 0;
  Shares largest = {};
  for (int task_id = 1; task_id <= 20; ++task_id) {
    if (only != 0 && task_id != only) continue;
    const Shares shares = print_task(task_id, repeats, two_threads);
    if (shares.one_thread > largest.one_thread) {
      largest = shares;
      largest_task = task_id;
    }
  }
  std::printf("--online adds most to task %d, on one thread: %.1f %% of the epoch   must <= 10\n", largest_task,
              largest.one_thread);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options("bench_generate", "bAbI stories: time to generate and to parse them, and cost of --online.");
  options.add_int("task_id", 0, "bAbI task; 0: all", {0, 20});
  options.add_int("repeats", 5, "repeats, the fastest counts", {1, 1000});
  options.add_switch("two_threads", false, "also epochs on two threads, wall clock; needs an idle machine");
  return run_program(argc, argv, options, run);
}
