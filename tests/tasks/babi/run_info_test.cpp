#include "hmem/tasks/babi/run_info.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/tasks/babi/flags.h"
#include "hmem/tasks/babi/model_file.h"

using namespace hmem;
using hmem::test::parse_text;

namespace {

const char kTrain[] = "1 Ann ate figs.\n2 Who ate?\tAnn\t1\n3 Bob ate.\n4 Who ate figs?\tBob\t1\n";
const char kTest[] = "1 Bob ate figs.\n2 Who ate?\tBob\t1\n";

RunInfo info_of(const std::vector<const char*>& flags, uint64_t seed = 1) {
  Options options("p", "");
  options.section("Data");
  options.add_int("task_id", 1, "", {1, 20});
  add_babi_options(options);
  std::vector<const char*> arguments = {"p"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  options.parse(static_cast<int>(arguments.size()), arguments.data());
  const BabiTask task = vectorise_babi(parse_text(kTrain), parse_text(kTest));
  return babi_run_info(options, seed, babi_model_info(1, task, babi_config(options, task)), task);
}

}  // namespace

TEST_CASE("what results depend on is in the record of a run, everything else is not", "[checkpoint]") {
  const RunInfo plain = info_of({});
  const std::map<std::string, std::string> by_name(plain.begin(), plain.end());
  CHECK(by_name.size() == plain.size());  // no name twice
  CHECK(by_name.at("seed") == "1");
  CHECK(by_name.at("max_num_sentences") == "2");
  CHECK(by_name.at("limit of max_num_sentences") == "-1");

  const std::vector<std::string> without_effect = {
      "--data_dir=x", "--test_data_dir=x", "--epochs=3",           "--random_state=4", "--threads=1",    "--save=x",
      "--out=x",      "--checkpoint=x",    "--checkpoint_every=1", "--resume",         "--stop_after=3", "--logging=1",
      "--verbose=2",  "--quiet",           "--preset=none",        "--limit_steps=1"};
  const std::vector<std::string> with_effect = {"--training_set_size=1k",
                                                "--max_num_sentences=9",
                                                "--keep_latest",
                                                "--validation_split=0.2",
                                                "--online",
                                                "--story_length=9",
                                                "--actors=9",
                                                "--places=9",
                                                "--objects=9",
                                                "--distractors=9",
                                                "--path_length=9",
                                                "--memory_size=9",
                                                "--embeddings_size=9",
                                                "--hops=2",
                                                "--encodings_type=position_encoding",
                                                "--batch_norm=none",
                                                "--read_before_write=1",
                                                "--write_rule=outer",
                                                "--learn_gamma_pos",
                                                "--learn_gamma_neg",
                                                "--tie_keys",
                                                "--gamma_pos=0.02",
                                                "--gamma_neg=0.02",
                                                "--w_assoc_max=2",
                                                "--learning_rate=0.1",
                                                "--batch_size_per_replica=9",
                                                "--max_grad_norm=9",
                                                "--schedule=stable",
                                                "--l2=0.1",
                                                "--dropout=0.1",
                                                "--story_dropout=0.1",
                                                "--age_jitter=0.1",
                                                "--weight_average=0.9",
                                                "--stop_when_solved=3",
                                                "--keep_best",
                                                "--load=x"};
  std::set<std::string> covered = {"task_id", "random_state"};
  const auto check = [&](const std::string& flag, bool effect) {
    INFO(flag);
    CHECK((info_of({flag.c_str()}) != plain) == effect);
    covered.insert(flag.substr(2, flag.find('=') - 2));
  };
  for (const std::string& flag : without_effect) check(flag, false);
  for (const std::string& flag : with_effect) check(flag, true);
  for (const auto& [name, value] : babi_task_single_options().settings()) {
    INFO(name);  // a new flag belongs into one of the lists
    CHECK(covered.count(name) == 1);
  }
  // The learning rates of this schedule depend on how many epochs there will be.
  CHECK(info_of({"--schedule=stable"}) != info_of({"--schedule=stable", "--epochs=7"}));
  CHECK(info_of({}, 2) != plain);
}

TEST_CASE("every word of the questions is in their hash", "[checkpoint]") {
  const auto hash = [](const std::string& train, const std::string& test) {
    return babi_data_hash(vectorise_babi(parse_text(train), parse_text(test)));
  };
  const std::string same = hash(kTrain, kTest);
  CHECK(same.size() == 16);
  CHECK(same == hash(kTrain, kTest));
  CHECK(same != hash(kTrain, "1 Ann ate figs.\n2 Who ate?\tBob\t1\n"));
  CHECK(same != hash(kTrain, "1 Bob ate figs.\n2 Who ate?\tAnn\t1\n"));
  CHECK(same != hash(kTrain, "1 Bob ate figs.\n2 Who ate figs?\tBob\t1\n"));
  CHECK(same != hash("1 Ann ate figs.\n2 Who ate?\tAnn\t1\n3 Bob ate.\n4 Who ate figs?\tAnn\t1\n", kTest));
}
