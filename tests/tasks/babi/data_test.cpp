#include "hmem/tasks/babi/data.h"

#include <filesystem>
#include <set>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/tasks/babi/flags.h"
#include "hmem/tasks/babi/learner.h"
#include "support/error_text.h"
#include "support/qa_files.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::TempFolder;
using Part = Learner::Part;

namespace {

BabiDataFlags data_flags(const std::vector<std::string>& arguments, Options options = babi_task_joint_options()) {
  std::vector<const char*> argv = {"babi_task_joint"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  options.parse(static_cast<int>(argv.size()), argv.data());
  return BabiDataFlags(options, 1);
}

BabiDataFlags generated(const std::string& size, const std::string& split, std::vector<std::string> more = {}) {
  more.insert(more.end(), {"--data_dir=generated", "--training_set_size=" + size, "--validation_split=" + split});
  return data_flags(more);
}

BabiData joint_data(const BabiDataFlags& flags, const std::vector<int64_t>& tasks) {
  return load_babi_data(flags, tasks, /*joint=*/true);
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
  const BabiData joint = joint_data(generated("50", "0.1"), {20, 1, 4});  // in any order
  REQUIRE(joint.ranges.size() == 3);
  CHECK(joint.joint);
  CHECK(joint.task_text() == "1,4,20");
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
    const BabiDataFlags flags = generated("50", "0.1");
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
  const BabiDataFlags flags = generated("200", "0.25", {"--keep_latest=0", "--max_num_sentences=8"});
  const BabiData joint = joint_data(flags, {1, 15});
  const BabiTask alone = vectorise_babi(flags.train(1), flags.test(1), flags.vectorise);
  REQUIRE(alone.train.left_out > 0);
  CHECK(joint.task.train.left_out == alone.train.left_out);
  CHECK(joint.ranges[0].train.count() == training_count(alone.train.count(), 0.25));
  CHECK(joint.ranges[0].train.count() + joint.ranges[0].validation.count() == alone.train.count());
  CHECK(joint.ranges[0].test.count() == alone.test.count());
  CHECK(joint.ranges[1].train.count() == 150);
  CHECK(joint.ranges[1].test.count() == kBabiTestQuestions);
  CHECK(joint.ranges[1].test.end == joint.task.test.count());

  const BabiDataFlags short_stories = generated("200", "0.25", {"--keep_latest=0", "--max_num_sentences=6"});
  CHECK(error_text([&] {
          joint_data(short_stories, {1, 15});
        }) ==
        "task 15: every training story has more than 6 sentences, so none is left; raise --max_num_sentences or set "
        "--keep_latest");
  CHECK(joint_data(generated("200", "0.25", {"--max_num_sentences=6"}), {1, 15}).ranges[1].train.count() == 150);
}

TEST_CASE("joint training: a task 3 without its training file gets generated stories and says so", "[joint]") {
  const TempFolder folder;
  for (const int task : {2, 3}) {
    for (const BabiPart part : {BabiPart::train, BabiPart::test}) {
      if (task == 3 && part == BabiPart::train) continue;
      folder.write("en-10k/" + babi_file_name(task, part), generate_babi_part(task, 20, part, 5));
    }
  }
  const BabiDataFlags flags = data_flags({"--data_dir=" + folder.path().string()});
  CHECK(lacks_training_file(flags.source, 3, "10k"));
  CHECK_FALSE(lacks_training_file(flags.source, 2, "10k"));
  CHECK_FALSE(lacks_training_file(flags.source, 4, "10k"));
  CHECK_FALSE(lacks_training_file(flags.source, 3, "1k"));
  const BabiData joint = joint_data(flags, {2, 3});
  CAPTURE(joint.notes);
  REQUIRE_FALSE(joint.notes.empty());
  CHECK(joint.notes[0].find("task 3: ") == 0);
  CHECK(joint.ranges[0].train.count() == 18);
  CHECK(joint.ranges[1].train.count() == 9000);
  CHECK(joint.ranges[1].test.count() == 20);
  CHECK(joint_data(flags, {2}).notes.empty());
  CHECK_THROWS_AS(load_babi_data(flags, {3}), Error);  // alone it needs its own

  std::filesystem::remove(folder.path() / "en-10k" / babi_file_name(2, BabiPart::train));
  CHECK_THROWS_AS(joint_data(flags, {2, 3}), Error);
}

TEST_CASE("joint training with new stories: as many of every task, in the vocabulary of the first", "[joint]") {
  BabiData joint = joint_data(generated("40", "0.25"), {1, 15});
  const BabiStories more = generate_epoch(joint.ranges, 1, {}, 3);
  CHECK(more.questions.size() == 60);
  const BabiStories first = generate_babi_epoch(1, 30, 1, {}, 3), second = generate_babi_epoch(15, 30, 1, {}, 3);
  for (size_t i = 0; i < 30; ++i) {
    CHECK(more.words_of(more.questions[i]) == first.words_of(first.questions[i]));
    CHECK(more.words_of(more.questions[30 + i]) == second.words_of(second.questions[i]));
  }
  HMemQa model = test::make_qa(joint.task, 8, 9);
  BabiLearner learner(model, joint.task, joint.split);
  learner.set_new_stories([&](int64_t epoch) { return generate_epoch(joint.ranges, 1, {}, epoch); });
  learner.start_epoch(1);
  CHECK(learner.count(Part::train) == 60);
  CHECK(learner.count(Part::validation) == 20);
}

TEST_CASE("the data of one task: sizes and description from the flags, the end of the file validates", "[babi]") {
  const BabiDataFlags flags = generated("50", "0.1", {"--age_jitter=0.1"});
  CHECK(flags.size == "50");
  CHECK(flags.vectorise.extra_ages > 0);
  CHECK_FALSE(flags.vectorise.separate_test);
  const BabiData data = load_babi_data(flags, {4});
  CHECK_FALSE(data.joint);
  CHECK(data.task_text() == "4");
  CHECK(data.description == flags.source.description);
  CHECK(data.split.train.size() == 45);
  CHECK(data.split.validation == std::vector<int64_t>{45, 46, 47, 48, 49});
  CHECK(split_babi(50, 0.1).validation == data.split.validation);
  CHECK(data.task.vocabulary.max_age() > data.task.max_num_sentences);
  CHECK_THROWS_AS(load_babi_data(flags, {}), Error);

  const TempFolder folder;
  folder.write("en-10k/x", "");
  CHECK_THAT(error_text<UsageError>([&] {
               data_flags({"--online", "--data_dir=" + folder.path().string()});
             }),
             Contains("--online") && Contains("--data_dir=generated"));
}

TEST_CASE("every word of the questions is in their hash", "[checkpoint]") {
  const char train[] = "1 Ann ate figs.\n2 Who ate?\tAnn\t1\n3 Bob ate.\n4 Who ate figs?\tBob\t1\n";
  const char tested[] = "1 Bob ate figs.\n2 Who ate?\tBob\t1\n";
  const auto hash = [](const std::string& of_train, const std::string& of_test) {
    BabiData data;
    data.task = vectorise_babi(test::parse_text(of_train), test::parse_text(of_test));
    return data.hash();
  };
  const std::string same = hash(train, tested);
  CHECK(same.size() == 16);
  CHECK(same == hash(train, tested));
  CHECK(same != hash(train, "1 Ann ate figs.\n2 Who ate?\tBob\t1\n"));
  CHECK(same != hash(train, "1 Bob ate figs.\n2 Who ate?\tAnn\t1\n"));
  CHECK(same != hash(train, "1 Bob ate figs.\n2 Who ate figs?\tBob\t1\n"));
  CHECK(same != hash("1 Ann ate figs.\n2 Who ate?\tAnn\t1\n3 Bob ate.\n4 Who ate figs?\tAnn\t1\n", tested));
}
