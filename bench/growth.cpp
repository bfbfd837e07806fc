// How one training step grows: time and peak memory over the sizes of a problem. README.md explains the output.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/rng.h"
#include "hmem/data/images/embedded.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/isa.h"
#include "hmem/models/hmem_image.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/optim/adam.h"
#include "hmem/tasks/babi/learner.h"
#include "hmem/tasks/images/association_learner.h"
#include "timing.h"

namespace {

using namespace hmem;
using namespace hmem::bench;

constexpr uint64_t kSeed = 1;
int64_t g_repeats = 5;

/// Milliseconds of processor time of a step on the first examples, the fastest of g_repeats after one that is not
/// counted.
double step_ms(Learner& learner, int64_t batch_size) {
  Adam::Settings settings;
  settings.max_grad_norm = 20;
  Adam adam(learner.weights().parameters, settings);
  std::vector<int64_t> examples(static_cast<size_t>(batch_size));
  std::iota(examples.begin(), examples.end(), int64_t{0});
  Tape tape;
  const auto step = [&] {
    tape.reset(Tape::Mode::training);
    tape.set_step(static_cast<uint64_t>(adam.steps()));
    zero_gradients(adam.parameters());
    tape.backward(learner.run(tape, Learner::Part::train, examples.data(), batch_size).loss);
    adam.step(1e-3);
    learner.after_update();
  };
  // Repeats of equal length: a short step between two interruptions would be faster than any long one can be.
  constexpr double kRepeat = 0.05;
  step();
  const double seconds = time_calls(step, 1, thread_seconds);
  const auto steps = static_cast<int64_t>(std::ceil(kRepeat / seconds));
  const int64_t repeats = seconds > 1 ? std::min<int64_t>(2, g_repeats) : g_repeats;
  double fastest = std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < repeats; ++i) fastest = std::min(fastest, time_calls(step, steps, thread_seconds));
  return 1e3 * fastest / static_cast<double>(steps);
}

struct StorySizes {
  int64_t sentences = 10, memory_size = 100, words = 100, batch = 8;
};

/// Random sentences of five words, each word in at least one of them.
double story_ms(const StorySizes& sizes) {
  constexpr int64_t kWords = 5;
  const int64_t phrases = std::max<int64_t>(100, (sizes.words + kWords - 1) / kWords);
  const int64_t stories = std::max(sizes.batch, (phrases + sizes.sentences - 1) / sizes.sentences);
  Rng rng(kSeed, "growth");
  const auto word = [&](int64_t i) { return "w" + std::to_string(i % sizes.words); };
  BabiStories train;
  train.source = "growth";
  for (int64_t i = 0; i < phrases * kWords; ++i) {
    if (i % kWords == 0) train.phrases.emplace_back();
    train.phrases.back().push_back(word(i));
  }
  train.phrases.push_back({word(0), word(1)});
  for (int64_t s = 0; s < stories; ++s) {
    const auto begin = static_cast<int64_t>(train.statements.size());
    for (int64_t i = 0; i < sizes.sentences; ++i) {
      const int64_t next = begin + i < phrases ? begin + i : rng.below(static_cast<uint32_t>(phrases));
      train.statements.push_back(static_cast<int32_t>(next));
    }
    train.questions.push_back({static_cast<int32_t>(phrases), word(s), begin, begin + sizes.sentences});
  }
  BabiStories test = train;
  test.questions.resize(1);
  BabiTask task = vectorise_babi(train, test);
  HMemQa::Config config;
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  config.memory_size = sizes.memory_size;
  HMemQa model(config, kSeed);
  BabiLearner learner(model, task, split_babi(task.train.count(), 0));
  return step_ms(learner, sizes.batch);
}

/// Image association above a ConvNet with few channels, whose features are computed once (frozen) or which is trained.
double image_ms(int64_t delay, int64_t batch, bool frozen, int64_t frame_chunk = 0) {
  constexpr int64_t kChannels = 4;
  const ImageData a = embedded_objects({20, 8}), b = embedded_glyphs({20, 8});
  AssociationOptions options;
  options.delay = delay;
  AssociationData data = {make_association(a.train, 10, b.train, 10, options, kSeed, "train"),
                          make_association(a.test, 10, b.test, 10, options, kSeed, "test"),
                          AssociationRenderer(a.train, b.train, kSeed, ImageSize()),
                          AssociationRenderer(a.test, b.test, kSeed, ImageSize()), options.noise_frames};
  ConvNet14 conv_net(kSeed, 1, kChannels);
  HMemImage::Config config;
  config.features = 2 * conv_net.features();
  config.classes = 10;
  HMemImage net(config, kSeed);
  if (frozen) {
    FrozenAssociationLearner learner(net, conv_net, data, 1e-3);
    return step_ms(learner, batch);
  }
  EndToEndAssociationLearner learner(net, conv_net, data, 1e-3, frame_chunk);
  return step_ms(learner, batch);
}

struct Axis {
  const char* name;
  const char* heading;
  std::vector<int64_t> sizes;
  std::function<double(int64_t size)> measure;  ///< milliseconds
  int64_t offset = 0;                           ///< the exponent counts size + offset
};

std::vector<Axis> all_axes() {
  const auto story = [](int64_t StorySizes::*size, StorySizes others) {
    return [=](int64_t n) mutable {
      others.*size = n;
      return story_ms(others);
    };
  };
  StorySizes memory, vocabulary;
  memory.batch = 32;
  vocabulary.sentences = 20;
  return {{"sentences", "sentences of a story (batch 8)", {10, 100, 1000, 10000}, story(&StorySizes::sentences, {})},
          {"memory",
           "side of the memory (batch 32)",
           {50, 100, 200, 400, 800, 1600},
           story(&StorySizes::memory_size, memory)},
          {"vocabulary", "words (batch 8)", {100, 1000, 10000, 100000}, story(&StorySizes::words, vocabulary)},
          {"batch", "stories of a batch", {8, 64, 512, 4096}, story(&StorySizes::batch, {})},
          {"delay",
           "delay, frozen ConvNet (batch 8)",
           {0, 10, 100, 1000},
           [](int64_t n) { return image_ms(n, 8, true); },
           1},
          {"delay_end_to_end",
           "delay, end to end (batch 2)",
           {0, 10, 100, 1000},
           [](int64_t n) { return image_ms(n, 2, false); },
           1},
          {"delay_in_pieces",
           "the same, --frame_chunk=16",
           {0, 10, 100, 1000},
           [](int64_t n) { return image_ms(n, 2, false, 16); },
           1}};
}

struct Row {
  double size, ms, mib;
};

/// Measures in a process of its own, whose peak memory is that of this row.
Row measure(const Axis& axis, int64_t size) {
  int ends[2];
  HMEM_CHECK(pipe(ends) == 0, "cannot make a pipe");
  const pid_t child = fork();
  HMEM_CHECK(child >= 0, "cannot start a process");
  if (child == 0) {
    double ms = 0;
    try {
      ms = axis.measure(size);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s %lld: %s\n", axis.name, static_cast<long long>(size), error.what());
    }
    _exit(write(ends[1], &ms, sizeof ms) == sizeof ms && ms > 0 ? 0 : 1);
  }
  close(ends[1]);
  double ms = 0;
  const bool told = read(ends[0], &ms, sizeof ms) == sizeof ms;
  close(ends[0]);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  HMEM_CHECK(told && status == 0, axis.name, " ", size, ": the process that measures it ended with status ", status);
  return {static_cast<double>(size + axis.offset), ms, static_cast<double>(usage.ru_maxrss) / 1024};
}

/// Of time and memory.
std::pair<double, double> exponents(const Row& from, const Row& to) {
  const double sizes = std::log(to.size / from.size);
  return {std::log(to.ms / from.ms) / sizes, std::log(to.mib / from.mib) / sizes};
}

void print_axis(const Axis& axis, int64_t max_rows) {
  std::printf("\n%-34s %12s %10s %10s %10s\n", axis.heading, "ms a step", "exponent", "MiB", "exponent");
  std::vector<Row> rows;
  for (size_t i = 0; i < axis.sizes.size() && static_cast<int64_t>(i) < max_rows; ++i) {
    rows.push_back(measure(axis, axis.sizes[i]));
    const Row& row = rows.back();
    std::printf("%34lld %12.3f", static_cast<long long>(axis.sizes[i]), row.ms);
    if (i == 0) {
      std::printf(" %10s %10.1f\n", "", row.mib);
    } else {
      const auto [time, memory] = exponents(rows[i - 1], row);
      std::printf(" %10.2f %10.1f %10.2f\n", time, row.mib, memory);
    }
  }
  if (rows.size() < 3) return;
  const auto [time, memory] = exponents(rows.front(), rows.back());
  std::printf("%34s %12s %10.2f %10s %10.2f\n", "first to last", "", time, "", memory);
}

int run(const Options& options) {
  print_by_line();
  set_num_threads(1);
  std::printf("hmem %s\nkernels=%s blas=\"%s\"\n", build_info().str().c_str(), kernel_set_name().c_str(),
              blas_name().c_str());
  const std::string chosen = options.get_string("axis");
  const int64_t size = options.get_int("size");
  g_repeats = options.get_int("repeats");
  bool found = false;
  for (const Axis& axis : all_axes()) {
    if (!chosen.empty() && chosen != axis.name) continue;
    found = true;
    if (size > 0) {
      std::printf("%s %lld: %.3f ms a step\n", axis.name, static_cast<long long>(size), axis.measure(size));
      continue;
    }
    print_axis(axis, options.get_int("max_rows"));
  }
  if (!found)
    throw UsageError("--axis: found '" + chosen +
                     "', expected sentences, memory, vocabulary, batch, delay, delay_end_to_end or delay_in_pieces");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options("bench_growth", "How time and memory of a training step grow with the sizes of the problem.");
  options.add_string(
      "axis", "", "one of them alone: sentences, memory, vocabulary, batch, delay, delay_end_to_end, delay_in_pieces");
  options.add_int("max_rows", 100, "rows of each table, from the smallest size", {1, 100});
  options.add_int("size", 0, "with --axis: this size alone, in the process itself (for a profiler); 0: the table",
                  {0, 1000000});
  options.add_int("repeats", 5, "repeats of at least 50 ms and one step for each row, of which the fastest counts",
                  {1, 1000000});
  return run_program(argc, argv, options, run);
}
