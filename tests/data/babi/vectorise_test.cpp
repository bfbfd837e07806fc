#include "hmem/data/babi/vectorise.h"

#include <cmath>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/core/check.h"
#include "support/error_text.h"

using namespace hmem;
using hmem::test::dense_story;
using hmem::test::parse_text;
using hmem::test::row_of;
using hmem::test::Rows;

using Ids = std::vector<int32_t>;

namespace {

const char kTrain[] =
    "1 Bob ate.\n"
    "2 Ann ate figs.\n"
    "3 Who ate figs?\tAnn\t2\n"
    "4 Bob ate.\n"
    "5 What now is here?\tfigs,Bob\t1 2\n";
const char kTest[] =
    "1 Ann ate.\n"
    "2 Who ate?\tAnn\t1\n";

// Code points: ann 1, ate 2, bob 3, figs 4, "figs,bob" 5, here 6, is 7, now 8, what 9, who 10; time words from 11.

}  // namespace

TEST_CASE("vocabulary: sorted by code point, ids from 1, time words after the words", "[babi]") {
  const Vocabulary vocabulary({"b", "\xC3\xA9", "a", "a,b", "b", "_", "z", "1"}, 3);
  CHECK(vocabulary.all_words() == std::vector<std::string>{"1", "_", "a", "a,b", "b", "z", "\xC3\xA9"});
  CHECK(vocabulary.words() == 7);
  CHECK(vocabulary.size() == 11);
  CHECK(vocabulary.id_of("1") == 1);
  CHECK(vocabulary.id_of("\xC3\xA9") == 7);
  CHECK(vocabulary.id_of("c") == Vocabulary::kNil);
  CHECK(vocabulary.id_of("zz") == Vocabulary::kNil);
  CHECK(vocabulary.word_of(4) == "a,b");
  CHECK(vocabulary.time_id(1) == 8);
  CHECK(vocabulary.time_id(3) == 10);
  CHECK_THROWS_AS(vocabulary.word_of(0), Error);
  CHECK_THROWS_AS(vocabulary.word_of(8), Error);
  CHECK_THROWS_AS(vocabulary.time_id(0), Error);
  CHECK_THROWS_AS(vocabulary.time_id(4), Error);
}

TEST_CASE("ids by hand: padding, time words, a question that fills W, an answer with a comma", "[babi]") {
  const BabiTask task = vectorise_babi(parse_text(kTrain), parse_text(kTest));
  REQUIRE(task.vocabulary.words() == 10);
  CHECK(task.words_per_sentence == 4);  // max(longest sentence 3 + 1, longest question 4)
  CHECK(task.max_num_sentences == 3);
  CHECK(task.vocabulary.size() == 14);

  REQUIRE(task.train.count() == 2);
  CHECK(dense_story(task, task.train, 0) == Rows{{3, 2, 0, 12}, {1, 2, 4, 11}, {0, 0, 0, 0}});
  CHECK(dense_story(task, task.train, 1) == Rows{{3, 2, 0, 13}, {1, 2, 4, 12}, {3, 2, 0, 11}});
  CHECK(row_of(task.train.questions, 0) == Ids{10, 2, 4, 0});
  CHECK(row_of(task.train.questions, 1) == Ids{9, 8, 7, 6});
  CHECK(task.train.answers == Ids{1, 5});

  REQUIRE(task.test.count() == 1);
  CHECK(dense_story(task, task.test, 0) == Rows{{1, 2, 0, 11}, {0, 0, 0, 0}, {0, 0, 0, 0}});
  CHECK(row_of(task.test.questions, 0) == Ids{10, 2, 0, 0});
  CHECK(task.test.answers == Ids{1});

  // Each distinct sentence once, without a time word; the stories of one file share theirs.
  CHECK(task.sentences.size(0) == 3);
  for (int64_t row = 0; row < 3; ++row) CHECK(row_of(task.sentences, row).back() == 0);
  CHECK(task.train.story_sentences.size() == 3);
  CHECK(task.train.story_sentences[0] == task.train.story_sentences[2]);
  CHECK(task.train.longest_story == 3);
  CHECK(task.test.longest_story == 1);
}

TEST_CASE("W is the longest sentence + 1 when no question is as long", "[babi]") {
  const BabiTask task = vectorise_babi(parse_text("1 a b c d.\n2 e?\tf\n"), parse_text("1 a b c d e.\n2 e?\tf\n"));
  CHECK(task.words_per_sentence == 6);
  CHECK(dense_story(task, task.test, 0) == Rows{{1, 2, 3, 4, 5, 7}});
  CHECK(row_of(task.train.questions, 0) == Ids{5, 0, 0, 0, 0, 0});
}

TEST_CASE("max_num_sentences leaves longer stories out, but not their words", "[babi]") {
  BabiOptions options;
  options.max_num_sentences = 2;
  const BabiTask task = vectorise_babi(parse_text(kTrain), parse_text(kTest), options);
  CHECK(task.max_num_sentences == 2);
  CHECK(task.vocabulary.words() == 10);
  CHECK(task.vocabulary.size() == 13);
  CHECK(task.words_per_sentence == 4);
  CHECK(task.train.left_out == 1);
  CHECK(task.train.shortened == 0);
  CHECK(task.train.longest_story == 3);
  REQUIRE(task.train.count() == 1);
  CHECK(task.train.questions.size(0) == 1);
  CHECK(task.train.answers == Ids{1});
  CHECK(dense_story(task, task.train, 0) == Rows{{3, 2, 0, 12}, {1, 2, 4, 11}});
  CHECK(task.test.left_out == 0);

  // The test set is cut the same way.
  const BabiTask turned = vectorise_babi(parse_text(kTest), parse_text(kTrain), options);
  CHECK(turned.train.left_out == 0);
  CHECK(turned.test.left_out == 1);

  options.max_num_sentences = 50;  // above the longest story: no effect
  CHECK(vectorise_babi(parse_text(kTrain), parse_text(kTest), options).max_num_sentences == 3);
}

TEST_CASE("keep_latest shortens instead", "[babi]") {
  BabiOptions options;
  options.max_num_sentences = 2;
  options.keep_latest = true;
  const BabiTask task = vectorise_babi(parse_text(kTrain), parse_text(kTest), options);
  CHECK(task.train.left_out == 0);
  CHECK(task.train.shortened == 1);
  REQUIRE(task.train.count() == 2);
  CHECK(dense_story(task, task.train, 1) == Rows{{1, 2, 4, 12}, {3, 2, 0, 11}});
}

TEST_CASE("a test set from elsewhere: the training stories alone set the sizes, nothing is dropped", "[babi]") {
  BabiOptions options;
  options.separate_test = true;
  const BabiTask task = vectorise_babi(parse_text(kTrain),
                                       parse_text("1 Zoe ate.\n"
                                                  "2 Bob ate figs and more.\n"
                                                  "3 Ann ate.\n"
                                                  "4 Bob ate.\n"
                                                  "5 Who ate what is now here?\tZoe\t1\n"
                                                  "6 Who ate figs?\tAnn\t2\n"),
                                       options);
  CHECK(task.vocabulary.words() == 10);
  CHECK(task.max_num_sentences == 3);
  CHECK(task.words_per_sentence == 4);
  REQUIRE(task.test.count() == 2);
  CHECK(task.test.left_out == 0);
  CHECK(task.test.longest_story == 4);
  CHECK(task.test.shortened == 2);
  CHECK(task.test.unknown_words == 3);  // zoe, and, more
  CHECK(task.test.unknown_answers == 1);
  CHECK(task.test.cut == 2);  // a sentence and a question
  CHECK(dense_story(task, task.test, 0) == Rows{{3, 2, 4, 13}, {1, 2, 0, 12}, {3, 2, 0, 11}});
  CHECK(row_of(task.test.questions, 0) == Ids{10, 2, 9, 7});
  CHECK(task.test.answers == Ids{BabiDataset::kUnknownAnswer, 1});
  CHECK(task.train.unknown_words + task.train.unknown_answers + task.train.cut == 0);

  // An unknown word keeps its position.
  const BabiTask gap = vectorise_babi(parse_text(kTrain), parse_text("1 Ann saw figs.\n2 Who?\tAnn\n"), options);
  CHECK(dense_story(gap, gap.test, 0) == Rows{{1, 0, 4, 11}, {0, 0, 0, 0}, {0, 0, 0, 0}});

  // Training stories above the limit are still left out.
  options.max_num_sentences = 2;
  const BabiTask limited = vectorise_babi(parse_text(kTrain), parse_text(kTrain), options);
  CHECK(limited.train.left_out == 1);
  CHECK(limited.test.left_out == 0);
  CHECK(limited.test.shortened == 1);
}

TEST_CASE("more stories for an existing task: known sentences are reused, sizes stay", "[babi]") {
  BabiTask task = vectorise_babi(parse_text(kTrain), parse_text(kTest));
  const int64_t known = task.sentences.size(0);
  const BabiDataset same = vectorise_more_babi(parse_text(kTrain), task);
  CHECK(task.sentences.size(0) == known);
  CHECK(same.story_sentences == task.train.story_sentences);
  CHECK(same.answers == task.train.answers);
  for (int64_t i = 0; i < same.count(); ++i) CHECK(dense_story(task, same, i) == dense_story(task, task.train, i));

  const char kMore[] =
      "1 Bob ate figs.\n"
      "2 Bob ate figs and more.\n"
      "3 Ann ate Zoe.\n"
      "4 Zoe ate.\n"
      "5 Who ate figs?\tZoe\t4\n"
      "6 Who ate what is now here?\tAnn\t3\n"
      "1 Ann ate.\n"
      "2 Who ate?\tAnn\t1\n";
  const BabiDataset more = vectorise_more_babi(parse_text(kMore), task);
  CHECK(task.vocabulary.words() == 10);
  CHECK(task.max_num_sentences == 3);
  CHECK(task.words_per_sentence == 4);
  CHECK(task.train.count() == 2);
  REQUIRE(more.count() == 2);  // Zoe is unknown: a question is left out, her name is nil
  CHECK(more.unknown_answers == 1);
  CHECK(more.unknown_words == 4);
  CHECK(more.cut == 2);
  CHECK(more.longest_story == 4);
  CHECK(more.shortened == 1);
  CHECK(more.answers == Ids{1, 1});
  CHECK(dense_story(task, more, 0) == Rows{{3, 2, 4, 13}, {1, 2, 0, 12}, {0, 2, 0, 11}});
  CHECK(row_of(more.questions, 0) == Ids{10, 2, 9, 7});
  CHECK(dense_story(task, more, 1) == Rows{{1, 2, 0, 11}, {0, 0, 0, 0}, {0, 0, 0, 0}});
  CHECK(dense_story(task, task.train, 1) == Rows{{3, 2, 0, 13}, {1, 2, 4, 12}, {3, 2, 0, 11}});

  // "Ann ate" and "Ann ate nil" are one row, so that the same stories never add anything twice.
  CHECK(task.sentences.size(0) == known + 2);
  const BabiDataset again = vectorise_more_babi(parse_text(kMore), task);
  CHECK(task.sentences.size(0) == known + 2);
  CHECK(again.story_sentences == more.story_sentences);

  CHECK_THROWS_WITH(vectorise_more_babi(parse_text("1 Ann ate.\n2 Who?\tZoe\t1\n"), task),
                    "stories.txt: no answer is in the vocabulary");
}

TEST_CASE("validation: the last N - int((1 - split) N) examples in file order", "[babi]") {
  CHECK(training_count(10000, 0.1) == 9000);
  CHECK(training_count(1000, 0.1) == 900);
  CHECK(training_count(10000, 0) == 10000);
  CHECK(training_count(7, 0.5) == 3);
  CHECK(training_count(10, 0.7) == 3);  // 0.30000000000000004 * 10
  CHECK(training_count(5, 0.1) == 4);
  for (const double split : {1.0, 1.5, -0.1, std::nan(""), 0.95})
    CHECK_THROWS_AS(training_count(10, split), UsageError);
}

TEST_CASE("nothing to learn from: errors that say so", "[bad]") {
  const BabiStories train = parse_text(kTrain), test = parse_text(kTest, "test.txt");
  BabiOptions options;
  for (const int limit : {0, -2}) {
    options.max_num_sentences = limit;
    CHECK_THROWS_AS(vectorise_babi(train, test, options), UsageError);
  }
  options.max_num_sentences = 1;
  CHECK_THROWS_WITH(vectorise_babi(test, train, options),
                    "stories.txt: every story has more than 1 sentences, so none is left; raise --max_num_sentences");
  const BabiStories bare = parse_text("1 Who?\tme\n", "bare.txt");
  CHECK_THROWS_WITH(vectorise_babi(bare, bare), "bare.txt: no question comes after a sentence, expected stories");
}

TEST_CASE("one very long sentence among many is refused before memory is allocated", "[bad]") {
  std::string text = "1";
  for (int i = 0; i < 300000; ++i) text += " a";
  text += "\n";
  for (int i = 2; i < 2000; ++i) text += std::to_string(i) + " b?\tc\n";
  const BabiStories stories = parse_text(text, "long.txt");
  const std::string message = hmem::test::error_text<Error>([&] { vectorise_babi(stories, stories); });
  INFO(message);
  CHECK(message.find("long.txt: 1998 sentences padded to 300001 words would take more than") != std::string::npos);
}
