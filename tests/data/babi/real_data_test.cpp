// Known properties of the official files.

#include "support/real_data.h"

#include <algorithm>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/data/babi/files.h"
#include "hmem/data/babi/vectorise.h"

using namespace hmem;
using hmem::test::babi_data_dir;

namespace {

BabiTask official(int task, const std::string& size) {
  const BabiSource source = find_babi(babi_data_dir(), {});
  return vectorise_babi(load_babi(source, task, size, BabiPart::train), load_babi(source, task, size, BabiPart::test));
}

/// Share of the questions that use the last slot, where the encoding row is fixed to 1.
double full_questions(const BabiTask& task, const BabiDataset& data) {
  const int64_t width = task.words_per_sentence;
  int64_t full = 0;
  for (int64_t i = 0; i < data.count(); ++i) full += data.questions[i * width + width - 1] != 0;
  return static_cast<double>(full) / static_cast<double>(data.count());
}

struct Facts {
  int task, words, words_per_sentence, max_num_sentences;
};

void check_facts(const std::string& size, int64_t questions, const std::vector<Facts>& table) {
  for (const Facts& facts : table) {
    CAPTURE(size, facts.task);
    const BabiTask task = official(facts.task, size);
    CHECK(task.train.count() == questions);
    CHECK(task.test.count() == 1000);
    CHECK(task.vocabulary.words() == facts.words);
    CHECK(task.words_per_sentence == facts.words_per_sentence);
    CHECK(task.max_num_sentences == facts.max_num_sentences);
    CHECK(task.train.left_out + task.test.left_out + task.train.shortened + task.test.shortened == 0);
    CHECK(*std::min_element(task.train.answers.begin(), task.train.answers.end()) >= 1);
    CHECK(*std::max_element(task.test.answers.begin(), task.test.answers.end()) <= facts.words);
  }
}

}  // namespace

// The numbers come from an independent parser in Python.
TEST_CASE("official files, 1k: questions, words, W, longest story", "[data]") {
  check_facts("1k", 1000, {{1, 19, 7, 10},  {2, 33, 7, 88},  {3, 34, 7, 228},  {4, 14, 8, 2},   {5, 39, 7, 102},
                           {6, 35, 7, 26},  {7, 43, 7, 34},  {8, 45, 7, 58},   {9, 23, 8, 10},  {10, 24, 10, 10},
                           {11, 26, 9, 10}, {12, 20, 9, 10}, {13, 26, 9, 10},  {14, 25, 9, 14}, {15, 17, 6, 8},
                           {16, 17, 5, 9},  {17, 18, 12, 2}, {18, 18, 10, 15}, {19, 31, 10, 5}, {20, 35, 7, 12}});
}

TEST_CASE("official files, 10k: questions, words, W, longest story", "[data]") {
  check_facts("10k", 10000,
              {{1, 19, 7, 10},
               {2, 33, 7, 88},
               {4, 14, 8, 2},
               {5, 39, 7, 126},
               {6, 35, 7, 26},
               {7, 43, 7, 52},
               {8, 47, 7, 58},
               {9, 23, 8, 10},
               {10, 24, 10, 10},
               {11, 26, 9, 10},
               {12, 20, 9, 10},
               {13, 26, 9, 10},
               {14, 25, 9, 14},
               {15, 17, 6, 8},
               {16, 17, 5, 9},
               {17, 18, 12, 2},
               {18, 18, 10, 20},
               {19, 31, 10, 5},
               {20, 35, 7, 12}});
}

TEST_CASE("tasks whose questions fill the last slot", "[data]") {
  for (const int task_id : {3, 19}) {
    const BabiTask task = official(task_id, "1k");
    CHECK(full_questions(task, task.train) == 1);
    CHECK(full_questions(task, task.test) == 1);
  }
  for (const int task_id : {5, 20}) {
    const BabiTask task = official(task_id, "10k");
    CHECK(full_questions(task, task.train) > 0);
    CHECK(full_questions(task, task.train) < 1);
  }
  CHECK(full_questions(official(1, "1k"), official(1, "1k").train) == 0);
}

TEST_CASE("time words that training never sees", "[data]") {
  const auto longest = [](const BabiTask& task) {
    int64_t length = 0;
    for (int64_t i = 0; i < training_count(task.train.count(), 0.1); ++i) {
      const BabiDataset::Example& example = task.train.examples[static_cast<size_t>(i)];
      length = std::max(length, example.end - example.begin);
    }
    return length;
  };
  const BabiTask second = official(2, "10k"), eighth = official(8, "10k");
  CHECK(longest(second) == 68);
  CHECK(second.test.longest_story == 88);
  CHECK(longest(eighth) == 46);
  CHECK(eighth.train.longest_story == 50);  // in the validation part
  CHECK(eighth.test.longest_story == 58);
}

TEST_CASE("lists are one answer", "[data]") {
  const BabiSource source = find_babi(babi_data_dir(), {});
  const BabiStories stories = load_babi(source, 8, "1k", BabiPart::test);
  const auto has_comma = [](const auto& question) { return question.answer.find(',') != std::string::npos; };
  CHECK(std::any_of(stories.questions.begin(), stories.questions.end(), has_comma));
}
