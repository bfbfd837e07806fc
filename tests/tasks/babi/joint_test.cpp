#include "hmem/tasks/babi/joint.h"

#include <cmath>
#include <filesystem>
#include <set>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::TempFolder;
using Part = Learner::Part;

namespace {

BabiDataFlags data_flags(const std::vector<std::string>& arguments) {
  Options options = babi_task_joint_options();
  std::vector<const char*> argv = {"babi_task_joint"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  options.parse(static_cast<int>(argv.size()), argv.data());
  return BabiDataFlags(options, 1);
}

BabiDataFlags generated(const std::string& size, const std::string& more = "--quiet") {
  return data_flags({"--data_dir=generated", "--training_set_size=" + size, more});
}

HMemQa make_model(const BabiTask& task) {
  HMemQa::Config config;
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  config.embeddings_size = 32;
  config.memory_size = 40;
  config.norm = StoryNorm::masked;
  return HMemQa(config, 1);
}

std::vector<std::string> words_of_row(const Vocabulary& vocabulary, const int32_t* row, int width) {
  std::vector<std::string> words;
  for (int i = 0; i < width; ++i) {
    if (row[i] != Vocabulary::kNil) words.push_back(vocabulary.all_words()[static_cast<size_t>(row[i] - 1)]);
  }
  return words;
}

/// Example `number` of `data` in words: sentences, question, answer.
std::vector<std::vector<std::string>> in_words(const BabiTask& task, const BabiDataset& data, int64_t number) {
  const BabiDataset::Example& example = data.examples[static_cast<size_t>(number)];
  const int width = task.words_per_sentence;
  std::vector<std::vector<std::string>> text;
  for (int64_t i = example.begin; i < example.end; ++i) {
    const int64_t row = data.story_sentences[static_cast<size_t>(i)];
    text.push_back(words_of_row(task.vocabulary, task.sentences.data() + row * width, width));
  }
  text.push_back(words_of_row(task.vocabulary, data.questions.data() + number * width, width));
  text.push_back(words_of_row(task.vocabulary, &data.answers[static_cast<size_t>(number)], 1));
  return text;
}

}  // namespace

TEST_CASE("joint parts: every task's end of file is its validation part", "[joint]") {
  const BabiJointData joint = load_babi_joint(generated("50"), {1, 4, 20}, 0.1);
  REQUIRE(joint.ranges.size() == 3);
  CHECK(joint.split.train.size() == 3 * 45);
  CHECK(joint.split.validation.size() == 3 * 5);
  CHECK(joint.task.test.count() == 3 * kBabiTestQuestions);
  std::set<int64_t> seen;
  for (size_t i = 0; i < 3; ++i) {
    const BabiTaskRange& range = joint.ranges[i];
    const auto n = static_cast<int64_t>(i);
    CHECK(range.task == std::vector<int64_t>{1, 4, 20}[i]);
    CHECK(range.train.begin == 45 * n);
    CHECK(range.train.end == 45 * n + 45);
    CHECK(range.validation.begin == 5 * n);
    CHECK(range.validation.end == 5 * n + 5);
    CHECK(range.test.begin == kBabiTestQuestions * n);
    CHECK(range.test.end == kBabiTestQuestions * (n + 1));
    // The same questions in the same order as when the task is alone.
    const BabiDataFlags flags = generated("50");
    const int task = static_cast<int>(range.task);
    const BabiTask alone = vectorise_babi(flags.train(task), flags.test(task));
    for (int64_t k = 0; k < 50; ++k) {
      const int64_t example = k < 45 ? joint.split.train[static_cast<size_t>(range.train.begin + k)]
                                     : joint.split.validation[static_cast<size_t>(range.validation.begin + k - 45)];
      CHECK(seen.insert(example).second);
      CHECK(in_words(joint.task, joint.task.train, example) == in_words(alone, alone.train, k));
    }
    for (const int64_t k : {int64_t{0}, kBabiTestQuestions - 1}) {
      CHECK(in_words(joint.task, joint.task.test, range.test.begin + k) == in_words(alone, alone.test, k));
    }
  }
}

TEST_CASE("joint parts: stories that are left out shift no task's range", "[joint]") {
  // Task 1: stories of 2 to 10 sentences; task 15: always 8.
  const BabiDataFlags flags =
      data_flags({"--data_dir=generated", "--training_set_size=200", "--keep_latest=0", "--max_num_sentences=8"});
  const BabiJointData joint = load_babi_joint(flags, {1, 15}, 0.25);
  const BabiTask alone = vectorise_babi(flags.train(1), flags.test(1), flags.vectorise);
  REQUIRE(alone.train.left_out > 0);
  CHECK(joint.task.train.left_out == alone.train.left_out);
  CHECK(joint.ranges[0].train.count() == training_count(alone.train.count(), 0.25));
  CHECK(joint.ranges[0].train.count() + joint.ranges[0].validation.count() == alone.train.count());
  CHECK(joint.ranges[0].test.count() == alone.test.count());
  CHECK(joint.ranges[1].train.count() == 150);
  CHECK(joint.ranges[1].test.count() == kBabiTestQuestions);
  CHECK(joint.ranges[1].test.end == joint.task.test.count());

  const BabiDataFlags short_stories =
      data_flags({"--data_dir=generated", "--training_set_size=200", "--keep_latest=0", "--max_num_sentences=6"});
  CHECK(error_text([&] {
          load_babi_joint(short_stories, {1, 15}, 0.25);
        }) ==
        "task 15: every training story has more than 6 sentences, so none is left; raise --max_num_sentences or set "
        "--keep_latest");
  CHECK(load_babi_joint(generated("200", "--max_num_sentences=6"), {1, 15}, 0.25).ranges[1].train.count() == 150);
}

TEST_CASE("joint training: a task 3 without its training file gets generated stories and says so", "[joint]") {
  const TempFolder folder;
  for (const int task : {2, 3}) {
    for (const BabiPart part : {BabiPart::kTrain, BabiPart::kTest}) {
      if (task == 3 && part == BabiPart::kTrain) continue;
      folder.write("en-10k/" + babi_file_name(task, part), generate_babi_part(task, 20, part, 5));
    }
  }
  const BabiDataFlags flags = data_flags({"--data_dir=" + folder.path().string()});
  CHECK(lacks_training_file(flags.source, 3, "10k"));
  CHECK_FALSE(lacks_training_file(flags.source, 2, "10k"));
  CHECK_FALSE(lacks_training_file(flags.source, 4, "10k"));
  CHECK_FALSE(lacks_training_file(flags.source, 3, "1k"));
  const BabiJointData joint = load_babi_joint(flags, {2, 3}, 0.1);
  REQUIRE(joint.notes.size() == 1);
  CHECK(joint.notes[0].find("task 3: ") == 0);
  CHECK(joint.ranges[0].train.count() == 18);
  CHECK(joint.ranges[1].train.count() == 9000);
  CHECK(joint.ranges[1].test.count() == 20);
  CHECK(load_babi_joint(flags, {2}, 0.1).notes.empty());

  std::filesystem::remove(folder.path() / "en-10k" / babi_file_name(2, BabiPart::kTrain));
  CHECK_THROWS_AS(load_babi_joint(flags, {2, 3}, 0.1), Error);
}

TEST_CASE("joint results: means over tasks, and over all questions", "[joint]") {
  /// Examples below `right` are answered; loss is the number of the example.
  class FixedLearner : public Learner {
   public:
    int64_t count(Part part) const override { return part == Part::train ? 0 : 40; }
    BatchResult run(Tape& tape, Part part, const int64_t* examples, int64_t count) override {
      BatchResult result;
      loss_[0] = 0;
      for (int64_t i = 0; i < count; ++i) {
        result.errors += examples[i] >= (part == Part::validation ? 10 : 19);
        loss_[0] += static_cast<real>(examples[i]) / static_cast<real>(count);
      }
      result.loss = tape.constant(loss_);
      return result;
    }
    std::vector<Parameter*> parameters() override { return {}; }

   private:
    Tensor loss_{Shape{1}};
  } learner;
  const std::vector<BabiTaskRange> ranges = {{4, {}, {0, 20}, {0, 20}}, {7, {}, {20, 40}, {20, 24}}};
  const JointResults results = evaluate_tasks(learner, ranges, 3);
  REQUIRE(results.tasks.size() == 2);
  CHECK(results.tasks[0].validation.means().error == Approx(50));
  CHECK(results.tasks[0].test.means().error == Approx(5));
  CHECK(results.tasks[0].test.means().loss == Approx(9.5));
  CHECK(results.tasks[1].test.means().error == Approx(100));
  CHECK(results.mean_val_error == Approx(75));
  CHECK(results.mean_error == Approx(52.5));
  CHECK(results.failed_tasks == 1);  // 5 % is no failure
  CHECK(results.test.error == Approx(100.0 * 5 / 24));
  CHECK(results.test.loss == Approx(11.5));
  CHECK(task_record(results.tasks[1]).to_text() ==
        "task_id=7 train_questions=0 val_questions=20 test_questions=4 val_error=100 test_error=100");
  CHECK(std::isnan(evaluate_tasks(learner, {{4, {}, {}, {0, 20}}}, 3).mean_val_error));
  CHECK_THROWS_AS(evaluate_tasks(learner, {{4, {}, {}, {30, 41}}}, 3), Error);
}

TEST_CASE("joint training with new stories: as many of every task, in the vocabulary of the first", "[joint]") {
  BabiJointData joint = load_babi_joint(generated("40"), {1, 15}, 0.25);
  const BabiStories more = generate_joint_epoch(joint.ranges, 1, {}, 3);
  CHECK(more.questions.size() == 60);
  const BabiStories first = generate_babi_epoch(1, 30, 1, {}, 3), second = generate_babi_epoch(15, 30, 1, {}, 3);
  for (size_t i = 0; i < 30; ++i) {
    CHECK(more.words_of(more.questions[i]) == first.words_of(first.questions[i]));
    CHECK(more.words_of(more.questions[30 + i]) == second.words_of(second.questions[i]));
  }
  HMemQa model = make_model(joint.task);
  BabiOnlineLearner learner(model, joint.task, joint.split,
                            [&](int64_t epoch) { return generate_joint_epoch(joint.ranges, 1, {}, epoch); });
  learner.start_epoch(1);
  CHECK(learner.count(Part::train) == 60);
  CHECK(learner.count(Part::validation) == 20);
}

TEST_CASE("two tasks are learnt together", "[learn]") {
  const BabiJointData joint = load_babi_joint(generated("3000"), {1, 15}, 0.1);
  HMemQa model = make_model(joint.task);
  BabiLearner learner(model, joint.task, joint.split);
  for (const TaskResult& result : evaluate_tasks(learner, joint.ranges, 100).tasks) {
    CHECK(result.test.means().error > 50);
  }
  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = 20;
  Adam adam(model.parameters(), adam_settings);
  FitSettings settings;
  settings.epochs = 8;
  settings.batch_size = 64;
  settings.seed = 1;
  settings.learning_rate = [](int64_t) { return 0.006; };
  fit(learner, adam, settings);
  for (const TaskResult& result : evaluate_tasks(learner, joint.ranges, 100).tasks) {
    INFO("task " << result.range.task);
    CHECK(result.test.means().error <= 2);
  }
}
