// Why did H-Mem answer this digit? Match, retention and part of every frame of a test example, and what goes wrong over
// the test set. docs/image_association.md says what the numbers mean.

#include "hmem/study/image_explain.h"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/text.h"
#include "hmem/data/images/encode.h"
#include "hmem/models/hmem_image.h"
#include "hmem/tasks/images/association_experiment.h"

namespace {

using namespace hmem;

constexpr int64_t kBatch = 32;
constexpr int64_t kPictures = 40;

Options make_options() {
  Options options("image_explain", "Explains how H-Mem answered test examples of single-shot image association.");
  options.section("Example");
  options.add_file("load", "trained model to explain, written by --save of image_association_task (required)",
                   Role::place);
  options.add_int("example", 0, "number of the test example, from 0", {0, 100000000});
  options.add_optional_int("random_state", "random seed of the examples: give that of the training; none: 1",
                           {0, int64_t{1} << 62});
  add_association_test_flags(options);
  options.section("Output");
  options.add_int("rows", 6, "number of noise frames in the table: those with the largest parts; 0: all", {0, 1000000});
  options.add_switch("all", true, "also explain the whole test set: kinds of error, confusion, retention by age");
  options.add_file("json", "write all numbers to this JSON file", Role::output);
  options.add_file("csv", "write a line for every frame of the example to this CSV file", Role::output);
  options.add_file("html", "write an HTML page with pictures and tables to this file; it needs no network",
                   Role::output);
  add_threads_flag(options);
  options.add_switch("quiet", false, "print no progress");
  return options;
}

void check_flags(const Options& options) {
  if (options.get_string("load").empty()) {
    throw UsageError(
        "--load: found no model, expected one: bin/image_association_task --use_pretrained_convnet=1 --save=MODEL "
        "makes it");
  }
  check_own_files(options);
  check_outputs(options);
  if (!options.get_string("html").empty()) need_png();
}

/// A PNG of each frame, then of the query; all pairs, and as many frames of noise as a page can show.
std::vector<std::string> frame_pictures(const AssociationData& data, int64_t example) {
  const AssociationRenderer& renderer = data.test_renderer;
  const Shape shape = renderer.frame_shape();
  std::vector<real> pixels(static_cast<size_t>(renderer.frame_size()));
  const auto png = [&] {
    DecodedImage image{shape[0], shape[1], shape[2], {}};
    for (const real x : pixels) image.pixels.push_back(static_cast<uint8_t>(std::lround(x * 255)));
    return encode_png(image);
  };
  std::vector<std::string> pictures;
  int64_t drawn = 0;
  for (int64_t step = 0; step < data.test.frames(); ++step) {
    const AssociationFrame frame = data.test.frame(example, step);
    pictures.emplace_back();
    if (frame.kind != AssociationFrame::Kind::pair && ++drawn > kPictures) continue;
    renderer.render(frame, pixels.data());
    pictures.back() = png();
  }
  renderer.render_query(data.test.queries[static_cast<size_t>(example)], pixels.data());
  pictures.push_back(png());
  return pictures;
}

class Explainer {
 public:
  Explainer(const AssociationTask& task, AssociationLearner& learner, HMemImage& net)
      : task_(task), learner_(learner), net_(net), model_(net) {}

  /// The logits of the fast path must be those of the reference.
  std::vector<ImageExplanation> explain(const std::vector<int64_t>& examples) {
    Tape tape(Tape::Mode::inference);
    const AssociationLearner::Inputs inputs = learner_.inputs(tape, true, examples);
    const Var logits = net_.forward(tape, inputs.frames, inputs.queries), frames = inputs.frames.all();
    const AssociationExamples& test = task_.data().test;
    const ImagePair& images = task_.images();
    const int64_t features = inputs.queries.size(1), steps = test.frames(), classes = logits.size(1);
    std::vector<ImageExplanation> explained(examples.size());
    parallel_for(static_cast<int64_t>(examples.size()), 1, [&](int64_t b) {
      const auto i = static_cast<size_t>(b);
      ImageExplanation& one = explained[i];
      one = explain_image(model_, examples[i], shown_example(test, images.a.test, images.b.test, examples[i]),
                          frames.data() + b * steps * features, inputs.queries.data() + b * features);
      one.photographs = images.a.class_names, one.digits = images.b.class_names;
      double worst = 0, largest = 0;
      for (int64_t j = 0; j < classes; ++j) {
        const double reference = one.trace.logits[static_cast<size_t>(j)];
        worst = std::max(worst, std::abs(static_cast<double>(logits.data()[b * classes + j]) - reference));
        largest = std::max(largest, std::abs(reference));
      }
      one.at.residuals.push_back({"logits of the fast path", worst, 0, largest});
    });
    return explained;
  }

 private:
  const AssociationTask& task_;
  AssociationLearner& learner_;
  HMemImage& net_;
  PlainImage model_;
};

int explain(const Options& options) {
  check_flags(options);
  set_num_threads(static_cast<int>(options.get_int("threads")));
  const auto seed = static_cast<uint64_t>(options.get_optional_int("random_state").value_or(1));
  AssociationTask task(options, seed, TrainingSettings(), association_kind("hmem"));
  const int64_t count = task.data().test.count(), example = options.get_int("example");
  HMEM_CHECK(example < count, "--example: found ", example, ", expected 0..", count - 1);
  const std::unique_ptr<AssociationNet> net = task.make_net();
  const std::unique_ptr<AssociationLearner> learner = task.make_learner(*net);
  const Experiment loaded = task.experiment(*net, *learner);
  if (!options.get_switch("quiet")) {
    for (const std::string& note : loaded.notes) std::cerr << "note: " << one_line(note) << std::endl;
  }
  if (auto* frozen = dynamic_cast<FrozenAssociationLearner*>(learner.get())) {
    frozen->set_progress(show_progress(options, "features of images"));
    frozen->compute_features(/*only_test=*/true);
  }
  Explainer explainer(task, *learner, static_cast<HMemImage&>(*net));
  const ImageExplanation one = explainer.explain({example}).front();
  ImageSummary all(task.images().a.classes(), task.images().b.classes());
  const ShowProgress show = show_progress(options, "explaining");
  if (show) show(0, count);
  for (int64_t begin = 0; options.get_switch("all") && begin < count; begin += kBatch) {
    std::vector<int64_t> examples;
    for (int64_t i = begin; i < std::min(count, begin + kBatch); ++i) examples.push_back(i);
    for (const ImageExplanation& of : explainer.explain(examples)) all.add(of.shown, of.trace, of.at);
    if (show) show(std::min(count, begin + kBatch), count);
  }
  const ImageSummary* summary = options.get_switch("all") ? &all : nullptr;
  write_output(options, "json", [&] { return image_json(one, summary); });
  write_output(options, "csv", [&] { return image_csv(one); });
  write_output(options, "html", [&] { return image_page(one, summary, frame_pictures(task.data(), example)); });
  for (const std::string& line : image_text(one, options.get_int("rows"))) std::cout << line << "\n";
  if (summary) {
    for (const std::string& line : image_text(one, all)) std::cout << line << "\n";
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = make_options();
  return run_program(argc, argv, options, explain);
}
