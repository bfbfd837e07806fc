// Single-shot image association without a network above the ConvNet: every frame is stored unchanged, features of the
// photograph's half as the key and the digit beside it as the value; the answer is the value of the nearest key. This
// is the accuracy of a store that neither forgets nor learns, on the features that image_association_task uses.

#include <iostream>
#include <limits>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/run_log.h"
#include "hmem/core/text.h"
#include "hmem/tasks/images/association_examples.h"
#include "hmem/tasks/images/association_learner.h"
#include "hmem/tasks/images/conv_net.h"
#include "hmem/tasks/images/delay_curve.h"
#include "hmem/tasks/images/flags.h"
#include "hmem/train/experiment.h"

namespace {

using namespace hmem;

Options make_options() {
  Options options("image_association_nearest",
                  "Answers image association queries with the digit of the nearest stored photograph.");
  options.section("Data");
  add_image_data_flags(options);
  add_flags(options, AssociationOptions());
  options.add_string("delays", "",
                     "test with these numbers of padding frames, for example 0,5 or 0-3; empty: the value of --delay");
  options.section("Features");
  add_frozen_conv_net_flags(options);
  add_flags(options, FeatureSettings());
  options.section("Run");
  options.add_int("random_state", 1, "random seed of the examples", {0, int64_t{1} << 62}, Role::run);
  add_threads_flag(options);
  options.add_file("csv", "write the accuracies to this CSV file, which image_association_sweep --with reads",
                   Role::output);
  options.add_file("out", "also write every output line as JSON to this file", Role::output);
  return options;
}

/// Squared distance of the first `n` features: the half of the photograph.
double distance(const real* a, const real* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>((a[i] - b[i]) * (a[i] - b[i]));
  return sum;
}

/// Error in % on the test examples.
double test_error(const AssociationExamples& examples, const AssociationRenderer& renderer, const ImageSet& digits,
                  FeatureCache& cache, const FeatureSettings& settings, int64_t noise_frames) {
  const int64_t count = examples.count();
  const AssociationFeatures features(cache, settings, examples, renderer);
  const Tensor noise = noise_features(cache, settings, noise_frames, renderer);
  const int64_t n = features.size(), half = n / 2;
  std::vector<int32_t> answers(static_cast<size_t>(count), -1);
  parallel_for(count, 8, [&](int64_t example) {
    double least = std::numeric_limits<double>::infinity();
    std::vector<real> query(static_cast<size_t>(n)), pair(static_cast<size_t>(n));
    features.copy_query(examples, example, 0, query.data());
    for (int64_t step = 0; step < examples.frames(); ++step) {
      const AssociationFrame shown = examples.frame(example, step);
      const bool is_pair = shown.kind == AssociationFrame::Kind::pair;
      if (!is_pair && shown.noise < 0) continue;  // a black frame is not a key
      if (is_pair) features.copy_pair(examples, example, step / (examples.delay + 1), 0, pair.data());
      const double found = distance(is_pair ? pair.data() : noise.data() + shown.noise * n, query.data(), half);
      if (found >= least) continue;
      least = found;
      answers[static_cast<size_t>(example)] = is_pair ? digits.labels[static_cast<size_t>(shown.digit)] : -1;
    }
  });
  int64_t errors = 0;
  for (int64_t i = 0; i < count; ++i)
    errors += answers[static_cast<size_t>(i)] != examples.answers[static_cast<size_t>(i)];
  return 100.0 * static_cast<double>(errors) / static_cast<double>(count);
}

/// The features of test images and the settings by which examples are made of them.
struct Task {
  const ImagePair& images;
  AssociationOptions association;
  FeatureSettings features;
  uint64_t seed;
  FeatureCache& cache;
  ShowProgress show;
};

DelayResult answer_all(const Task& task, const AssociationExamples& examples) {
  const ImageData &a = task.images.a, &b = task.images.b;
  const AssociationRenderer renderer(a.test, b.test, task.seed, ImageSize());
  const bool padded = examples.delay > 0 && task.association.delay_padding == DelayPadding::random;
  const int64_t noise = padded ? task.association.noise_frames : 0;
  task.cache.set_progress(task.show, AssociationFeatures::images(task.features, examples, renderer) +
                                         (task.features.split ? 2 * noise : noise));
  DelayResult result;
  result.model = "nearest";
  result.delay = examples.delay;
  result.seed = static_cast<int64_t>(task.seed);
  result.test_error = test_error(examples, renderer, b.test, task.cache, task.features, noise);
  return result;
}

void write_header(RunLog& log, const Options& options, const Task& task, const std::string& conv_net) {
  Record header, settings;
  header.add_text("program", options.program()).add_text("git", build_info().git_sha);
  header.add_int("seed", static_cast<int64_t>(task.seed)).add_text("data", task.images.description);
  for (const Options::Flag& flag : options.flags()) settings.add_text(flag.name, flag.value);
  log.write_header(header);
  log.write_header(settings);
  for (const std::string& note : task.images.notes) log.write_note(note);
  log.write_note("the ConvNet comes from " + conv_net);
}

int answer(const Options& options) {
  set_num_threads(static_cast<int>(options.get_int("threads")));
  const auto seed = static_cast<uint64_t>(options.get_int("random_state"));
  auto association = config_of<AssociationOptions>(options);
  const auto features = config_of<FeatureSettings>(options);
  if (!features.contradiction().empty()) throw UsageError("--" + features.contradiction());
  const std::string& list = options.get_string("delays");
  const std::vector<int64_t> delays =
      list.empty() ? std::vector<int64_t>{association.delay} : parse_number_list("delays", list, kAssociationDelay);
  check_own_files(options);
  check_outputs(options);
  const ImagePair images = load_image_pair(options);
  const std::string path =
      find_conv_net(options.get_string("pretrained_weights"), options.get_string("data_dir"), images.embedded);
  check_not_written(options, path, "the pretrained ConvNet");
  const PretrainedConvNet found = read_conv_net(path, seed);
  RunLog log(std::cout, options.get_string("out"));
  FeatureCache cache(*found.net, feature_cache_place(options));
  const Task task = {images, association, features, seed, cache, show_progress(options, "features of images")};
  write_header(log, options, task, path);
  std::vector<DelayResult> curve;
  for (const int64_t delay : delays) {
    association.delay = delay;
    const AssociationExamples examples = test_examples(images, association, seed);
    curve.push_back(answer_all(task, examples));
    Record line;
    line.add_int("timesteps", examples.timesteps).add_int("delay", delay).add_int("test", examples.count());
    line.add_real("test_error", curve.back().test_error, 4);
    if (curve.size() < delays.size()) {
      log.write_task(line);
      continue;
    }
    write_output(options, "csv", [&] { return delay_csv(curve); });
    log.write_final(line);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = make_options();
  return run_program(argc, argv, options, answer);
}
