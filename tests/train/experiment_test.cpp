#include "hmem/train/experiment.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/tasks/babi/flags.h"
#include "hmem/tasks/images/association_experiment.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::TempFolder;

namespace {

class NoLearner : public Learner {
 public:
  int64_t count(Part /*part*/) const override { return 0; }
  BatchResult run(Tape& /*tape*/, Part /*part*/, const int64_t* /*examples*/, int64_t /*count*/) override { return {}; }
  Weights weights() override { return {}; }
};

/// A program with two settings of a model, parsed.
Options program(const std::vector<const char*>& flags) {
  Options options("train_it", "");
  options.add_int("hops", 3, "", {1, 16});
  options.add_real("validation_split", 0.1, "");
  options.add_folder("data_dir", "", Role::place);
  options.add_string("test_pairs", "", "", Role::test);
  options.add_int("replicas", 1, "", {}, Role::unused);
  add_training_flags(options, TrainingSettings());
  add_output_flags(options);
  std::vector<const char*> argv = {"train_it"};
  argv.insert(argv.end(), flags.begin(), flags.end());
  options.parse(static_cast<int>(argv.size()), argv.data());
  return options;
}

Settings info_of(const std::vector<const char*>& flags, uint64_t seed = 1, bool paper_rate_needs_epochs = false) {
  NoLearner learner;
  Experiment experiment(learner);
  experiment.model_settings = {{"hops", "5"}};  // of a model that was loaded
  experiment.model_facts = {{"task_id", "4"}, {"vocabulary", "[]"}};
  experiment.data_facts = {{"questions_hash", "abc"}};
  experiment.paper_rate_needs_epochs = paper_rate_needs_epochs;
  return run_info(program(flags), seed, experiment);
}

bool has(const Settings& settings, const std::string& name) {
  return std::any_of(settings.begin(), settings.end(), [&](const auto& one) { return one.first == name; });
}

std::string refused(const std::vector<const char*>& flags) {
  return error_text<UsageError>([&] { check_training_flags(program(flags)); });
}

}  // namespace

// A new flag, or another role, needs a decision here: records, checkpoints and sweeps follow from the role alone.
TEST_CASE("the role of every flag of every program", "[checkpoint][sweep]") {
  const std::map<Role, std::set<std::string>> roles = {
      {Role::setting,
       {// data
        "task_id", "training_set_size", "max_num_sentences", "keep_latest", "validation_split", "online",
        "story_length", "actors", "places", "objects", "distractors", "path_length", "images_per_class", "timesteps",
        "delay", "delay_padding", "noise_frames", "pairing",
        // models
        "model", "embeddings_size", "encodings_type", "batch_norm", "memory_size", "hops", "read_before_write",
        "write_rule", "read_norm", "hop_sum", "separate_hops", "extractor_layers", "answer_layer", "learn_gamma_pos",
        "learn_gamma_neg", "tie_keys", "gamma_pos", "gamma_neg", "w_assoc_max", "use_pretrained_convnet",
        "retrain_convnet", "dense_size", "hidden_size", "frame_norm", "write_gate", "key_norm", "chrono_steps",
        "held_out_classes", "unseen_validation", "redraw_examples", "split_frames", "mirror_features", "feature_copies",
        // training
        "epochs", "learning_rate", "schedule", "batch_size_per_replica", "global_batch", "max_grad_norm", "l2",
        "optimizer", "momentum", "nesterov", "weight_decay", "weight_average", "stop_when_solved", "keep_best",
        "dropout", "story_dropout", "age_jitter", "rename", "rename_from", "online_from"}},
      {Role::place, {"tasks", "data_dir", "test_data_dir", "load", "images_a", "images_b", "pretrained_weights"}},
      {Role::test, {"test_timesteps", "test_delays"}},
      {Role::output,
       {"save", "checkpoint", "out", "verbose", "quiet", "logging", "strips", "strip_examples", "export_weights"}},
      {Role::run, {"random_state", "limit_steps", "resume", "stop_after"}},
      {Role::neutral,
       {"threads", "checkpoint_every", "preset", "feature_cache", "feature_cache_limit", "frame_chunk"}}};
  std::map<std::string, Role> expected;
  for (const auto& [role, names] : roles) {
    for (const std::string& name : names) {
      INFO(name);
      CHECK(expected.emplace(name, role).second);
    }
  }
  std::vector<Options> programs = {babi_task_single_options(), babi_task_joint_options(), babi_task_baseline_options()};
  for (const AssociationKind& kind : association_kinds()) programs.push_back(association_options(kind));
  std::set<std::string> found;
  for (const Options& options : programs) {
    for (const Options::Flag& flag : options.flags()) {
      INFO(options.program() << " --" << flag.name);
      found.insert(flag.name);
      // The LSTM has the flags of the memory because the authors' program has them.
      const bool unused = options.program() == association_kind("lstm").program &&
                          std::set<std::string>{"gamma_pos", "gamma_neg", "w_assoc_max"}.count(flag.name) == 1;
      CHECK((unused                           ? Role::unused
             : expected.count(flag.name) == 1 ? expected.at(flag.name)
                                              : Role::unused) == flag.role);
    }
  }
  for (const auto& entry : expected) {
    INFO(entry.first);
    CHECK(found.count(entry.first) == 1);
  }
}

TEST_CASE("the record of a run: exactly the settings, as the model has them, seed and facts", "[checkpoint]") {
  const Settings info = info_of({"--l2=0.5", "--schedule=stable", "--data_dir=x", "--test_pairs=2", "--quiet"}, 7);
  Settings expected = {{"program", "train_it"}};
  const Options options = program({"--l2=0.5", "--schedule=stable"});
  for (const Options::Flag& flag : options.flags()) {
    if (flag.role != Role::setting || flag.name == "global_batch") continue;
    expected.emplace_back(flag.name, flag.name == "hops" ? "5" : flag.value);
  }
  const Settings more = {{"seed", "7"}, {"model.task_id", "4"}, {"model.vocabulary", "[]"}, {"questions_hash", "abc"}};
  expected.insert(expected.end(), more.begin(), more.end());
  CHECK(info == expected);
  CHECK(std::map<std::string, std::string>(info.begin(), info.end()).size() == info.size());  // no name twice
  CHECK(has(info, "l2"));
  CHECK(has(info, "epochs"));
  CHECK(info_of({}, 2) != info_of({}, 1));
  // A batch of one part is a batch; with several, the record has the number of examples and not that of the ranks.
  CHECK(info_of({"--batch_size_per_replica=32", "--global_batch=32"}) == info_of({"--batch_size_per_replica=32"}));
  CHECK(has(info_of({"--batch_size_per_replica=32", "--global_batch=64"}), "global_batch"));
  for (const char* flag : {"--data_dir=x", "--test_pairs=2", "--replicas=2", "--random_state=4", "--threads=1",
                           "--limit_steps=1", "--save=x", "--load=x", "--checkpoint=x", "--checkpoint_every=1",
                           "--resume", "--stop_after=3", "--out=x", "--verbose=2", "--quiet"}) {
    CAPTURE(flag);
    CHECK(info_of({flag}) == info_of({}));
  }
}

TEST_CASE("epochs are in the record of a run when its learning rates depend on them", "[checkpoint]") {
  CHECK_FALSE(has(info_of({}), "epochs"));
  CHECK(info_of({"--epochs=7"}) == info_of({}));
  CHECK(has(info_of({"--schedule=stable"}), "epochs"));
  CHECK(info_of({"--schedule=stable", "--epochs=7"}) != info_of({"--schedule=stable"}));
  CHECK(has(info_of({}, 1, /*paper_rate_needs_epochs=*/true), "epochs"));
}

TEST_CASE("what a model file says: settings, facts, the kind of model", "[model_file]") {
  NoLearner learner;
  Experiment experiment(learner);
  experiment.model = "m";
  experiment.model_settings = {{"hops", "5"}};
  experiment.model_facts = {{"task_id", "4"}};
  CHECK(experiment.model_info() == ModelInfo{{"hops", "5"}, {"model", "m"}, {"task_id", "4"}});
}

TEST_CASE("training flags that contradict each other are refused", "[train][bad]") {
  CHECK_NOTHROW(check_training_flags(program({"--keep_best", "--optimizer=sgd", "--nesterov", "--momentum=0.5"})));
  CHECK_NOTHROW(check_training_flags(program({"--checkpoint=c", "--resume", "--stop_after=1"})));
  CHECK_NOTHROW(check_training_flags(program({"--limit_steps=3", "--out=o"})));
  CHECK_THAT(refused({"--keep_best", "--validation_split=0"}),
             Contains("--keep_best: found with --validation_split=0"));
  CHECK_THAT(refused({"--momentum=0.9"}), Contains("--momentum: found without --optimizer=sgd"));
  CHECK_THAT(refused({"--nesterov"}), Contains("--nesterov: found without --optimizer=sgd"));
  CHECK_THAT(refused({"--optimizer=sgd", "--momentum=0", "--nesterov"}),
             Contains("--nesterov: found with --momentum=0"));
  CHECK_THAT(refused({"--resume"}), Contains("--resume: found no --checkpoint"));
  CHECK_THAT(refused({"--stop_after=1"}), Contains("--stop_after: found no --checkpoint"));
  CHECK_THAT(refused({"--limit_steps=3", "--save=m"}), Contains("--limit_steps: found with --save"));
  CHECK_THAT(refused({"--limit_steps=3", "--checkpoint=c"}), Contains("--limit_steps: found with --checkpoint"));
}

TEST_CASE("all files of a run are distinct", "[train][bad]") {
  const TempFolder folder;
  folder.write("m", "");
  const std::string model = folder.file("m"), other_name = folder.path().string() + "/./m";
  const auto flag = [](const char* name, const std::string& path) { return std::string("--") + name + "=" + path; };
  const std::string save = flag("save", model), load = flag("load", other_name), out = flag("out", other_name);
  const std::string checkpoint = flag("checkpoint", other_name);
  CHECK_THAT(refused({save.c_str(), out.c_str()}), Contains("the file of --out") || Contains("the file of --save"));
  CHECK_THAT(refused({load.c_str(), flag("checkpoint", model).c_str()}), Contains("the file of --load"));
  CHECK_NOTHROW(check_training_flags(program({save.c_str(), load.c_str()})));  // a model may replace its start
  CHECK_NOTHROW(check_training_flags(program({checkpoint.c_str()})));
  const Options options = program({checkpoint.c_str()});
  CHECK_THAT(error_text<UsageError>([&] { check_not_written(options, model, "the ConvNet"); }),
             Contains("--checkpoint: found") && Contains("the file of the ConvNet"));
  CHECK_NOTHROW(check_not_written(options, folder.file("n"), "the ConvNet"));
}

TEST_CASE("a flag that was given must not contradict the model that is loaded", "[train][bad]") {
  const TempFolder folder;
  save_model(folder.file("m"), {}, {});
  const ModelFile file(folder.file("m"));
  const Settings model = {{"hops", "5"}, {"l2", "0.001"}, {"colour", "red"}};
  CHECK_NOTHROW(check_same_settings(file, program({}), model));
  CHECK_NOTHROW(check_same_settings(file, program({"--hops=5", "--l2=1e-3"}), model));
  CHECK(error_text([&] { check_same_settings(file, program({"--hops=3"}), model); }) ==
        folder.file("m") + ": the model has hops 5, but --hops=3 was given");
}
