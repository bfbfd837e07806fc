#include "hmem/data/babi/batch.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "support/error_text.h"
#include "support/pack_batch.h"

using namespace hmem;
using hmem::test::dense_story;
using hmem::test::error_text;
using hmem::test::parse_text;
using hmem::test::row_of;
using hmem::test::Rows;

using Ids = std::vector<int32_t>;
using Offsets = std::vector<int64_t>;

namespace {

const char kTrainText[] =
    "1 Bob ate.\n"
    "2 Ann ate figs.\n"
    "3 Who ate figs?\tAnn\t2\n"
    "4 Bob ate.\n"
    "5 Who ate?\tBob\t1\n"
    "1 Ann ate.\n"
    "2 Who ate?\tAnn\t1\n";
const char kTestText[] =
    "1 Ann ate.\n"
    "2 Who ate?\tAnn\t1\n";

// Code points: ann 1, ate 2, bob 3, figs 4, who 5; time words 6 (newest), 7, 8. W = 4, max_num_sentences = 3.
constexpr int32_t kAnn = 1, kAte = 2, kBob = 3, kFigs = 4, kWho = 5, kTime1 = 6, kTime2 = 7, kTime3 = 8;

BabiTask make_task() { return vectorise_babi(parse_text(kTrainText), parse_text(kTestText)); }

BabiBatch fill(BabiBatcher& batcher, const std::vector<int64_t>& examples) {
  BabiBatch batch;
  batcher.fill(batch, examples.data(), static_cast<int64_t>(examples.size()));
  return batch;
}

Rows rows_of(const IdTensor& ids) {
  Rows rows;
  for (int64_t row = 0; row < ids.size(0); ++row) rows.push_back(row_of(ids, row));
  return rows;
}

/// The dense stories that a batch stands for, without their padding.
std::vector<Rows> stories_of(const BabiBatch& batch) {
  const Rows rows = rows_of(batch.rows);
  std::vector<Rows> stories;
  for (int64_t b = 0; b < batch.size(); ++b) {
    stories.emplace_back();
    for (auto i = static_cast<size_t>(batch.offsets[b]); i < static_cast<size_t>(batch.offsets[b + 1]); ++i) {
      Ids sentence = rows[static_cast<size_t>(batch.pairs.first[i])];
      const Ids& time = rows[static_cast<size_t>(batch.pairs.second[i])];
      for (size_t w = 0; w < sentence.size(); ++w) sentence[w] += time[w];
      stories.back().push_back(sentence);
    }
  }
  return stories;
}

}  // namespace

TEST_CASE("batch by hand: each sentence once, each age once, padding as a count", "[babi]") {
  const BabiTask task = make_task();
  REQUIRE(task.max_num_sentences == 3);
  BabiBatcher batcher(task, task.train);
  const BabiBatch batch = fill(batcher, {1, 0});
  CHECK(rows_of(batch.rows) ==
        Rows{{kBob, kAte, 0, 0}, {kAnn, kAte, kFigs, 0}, {0, 0, 0, kTime1}, {0, 0, 0, kTime2}, {0, 0, 0, kTime3}});
  CHECK(batch.pairs.first == Ids{0, 1, 0, 0, 1});
  CHECK(batch.pairs.second == Ids{4, 3, 2, 3, 2});
  CHECK(batch.pairs.rows == 5);
  CHECK(batch.pairs.seconds_begin == 2);
  CHECK(batch.pairs.row_begin == Offsets{0, 3, 5, 7, 9, 10});
  CHECK(batch.pairs.instance == Ids{0, 2, 3, 1, 4, 2, 4, 1, 3, 0});
  CHECK(batch.offsets == Offsets{0, 3, 5});
  CHECK(rows_of(batch.questions) == Rows{{kWho, kAte, 0, 0}, {kWho, kAte, kFigs, 0}});
  CHECK(Ids(batch.answers.begin(), batch.answers.end()) == Ids{kBob, kAnn});
  CHECK(batch.size() == 2);
  CHECK(batch.padded == 1);
}

TEST_CASE("a batch holds only its own sentences and ages, whatever was filled before", "[babi]") {
  const BabiTask task = make_task();
  BabiBatcher batcher(task, task.train);
  BabiBatch batch = fill(batcher, {0, 1, 2});
  CHECK(batch.rows.size(0) == 3 + 3);
  const int64_t last = 2;
  batcher.fill(batch, &last, 1);
  CHECK(rows_of(batch.rows) == Rows{{kAnn, kAte, 0, 0}, {0, 0, 0, kTime1}});
  CHECK(batch.pairs.first == Ids{0});
  CHECK(batch.pairs.second == Ids{1});
  CHECK(batch.offsets == Offsets{0, 1});
  CHECK(batch.padded == 2);
  const BabiBatch twice = fill(batcher, {2, 2});
  CHECK(twice.rows.size(0) == 2);
  CHECK(twice.pairs.first == Ids{0, 0});
  CHECK(twice.padded == 4);
}

TEST_CASE("batches stand for the padded stories of the specification", "[babi]") {
  const BabiTask task = make_task();
  BabiBatcher batcher(task, task.train);
  const std::vector<int64_t> examples = {2, 0, 1, 0};
  const std::vector<Rows> stories = stories_of(fill(batcher, examples));
  for (size_t b = 0; b < examples.size(); ++b) {
    Rows expected = dense_story(task, task.train, examples[b]);
    expected.erase(std::remove(expected.begin(), expected.end(), Ids(4, 0)), expected.end());
    CHECK(stories[b] == expected);
  }
}

TEST_CASE("the tests' own packing of dense ids agrees with the batcher", "[babi]") {
  const BabiTask task = make_task();
  BabiBatcher batcher(task, task.train);
  const BabiBatch expected = fill(batcher, {0, 1, 2});
  IdTensor dense({3, task.max_num_sentences, task.words_per_sentence});
  for (int64_t b = 0, at = 0; b < 3; ++b) {
    for (const Ids& row : dense_story(task, task.train, b)) {
      for (const int32_t id : row) dense[at++] = id;
    }
  }
  const BabiBatch found = hmem::test::pack_batch(dense, task.train.questions.clone(), expected.answers.clone());
  CHECK(rows_of(found.rows) == rows_of(expected.rows));
  CHECK(found.pairs.first == expected.pairs.first);
  CHECK(found.pairs.second == expected.pairs.second);
  CHECK(found.pairs.seconds_begin == expected.pairs.seconds_begin);
  CHECK(found.offsets == expected.offsets);
  CHECK(found.padded == expected.padded);
}

TEST_CASE("age jitter skips ages, keeps the order and stops at the oldest time word", "[babi]") {
  BabiOptions options;
  options.extra_ages = 1;  // times max_num_sentences
  const BabiTask task = vectorise_babi(parse_text(kTrainText), parse_text(kTestText), options);
  REQUIRE(task.vocabulary.max_age() == 6);
  BabiBatcher batcher(task, task.train);
  // Ages of the sentences of each story, the newest first.
  const auto ages = [&](double probability, uint64_t seed, uint64_t step) {
    const std::vector<int64_t> examples = {1, 0, 2};
    const AgeJitter jitter = {probability, seed};
    BabiBatch batch;
    batcher.fill(batch, examples.data(), 3, &jitter, {step});
    std::vector<Ids> stories;
    for (size_t b = 0; b < 3; ++b) {
      stories.emplace_back();
      for (int64_t i = batch.offsets[b + 1]; i-- > batch.offsets[b];) {
        const int32_t row = batch.pairs.second[static_cast<size_t>(i)];
        stories.back().push_back(row_of(batch.rows, row).back() - kTime1 + 1);
      }
    }
    return stories;
  };
  CHECK(ages(0, 1, 5) == std::vector<Ids>{{1, 2, 3}, {1, 2}, {1}});
  CHECK(ages(1, 1, 5) == std::vector<Ids>{{2, 4, 6}, {2, 4}, {2}});  // one is skipped everywhere
  CHECK(ages(0.5, 1, 5) == ages(0.5, 1, 5));
  std::vector<int64_t> first(3, 0);
  bool other_step = false, other_seed = false;
  constexpr int kSteps = 2000;
  for (uint64_t step = 0; step < kSteps; ++step) {
    const std::vector<Ids> found = ages(0.25, 1, step);
    other_step |= found != ages(0.25, 1, step + 1);
    other_seed |= found != ages(0.25, 2, step);
    REQUIRE(std::is_sorted(found[0].begin(), found[0].end(), std::less_equal<>()));  // no age twice
    ++first[static_cast<size_t>(found[2][0])];
  }
  CHECK(other_step);
  CHECK(other_seed);
  CHECK(first[0] == 0);
  CHECK(std::abs(static_cast<double>(first[2]) / kSteps - 0.25) < 0.04);  // four standard deviations

  const BabiTask narrow = make_task();  // larger ages are clamped to 3
  BabiBatcher narrow_batcher(narrow, narrow.train);
  const AgeJitter always = {1, 1};
  const int64_t longest = 1;
  BabiBatch batch;
  narrow_batcher.fill(batch, &longest, 1, &always);
  for (size_t i = 0; i < 3; ++i) {
    const int32_t expected[] = {kTime3, kTime3, kTime2};
    CHECK(row_of(batch.rows, batch.pairs.second[i]).back() == expected[i]);
  }
}

TEST_CASE("answers that are not a known word stay -1 in a batch", "[babi]") {
  BabiOptions options;
  options.separate_test = true;
  const BabiTask task = vectorise_babi(parse_text(kTrainText), parse_text("1 Zoe ate.\n2 Who ate?\tZoe\t1\n"), options);
  BabiBatcher batcher(task, task.test);
  const BabiBatch batch = fill(batcher, {0});
  CHECK(batch.answers[0] == -1);
  CHECK(rows_of(batch.rows)[0] == Ids{0, kAte, 0, 0});
}

TEST_CASE("an example that does not exist is refused", "[babi][bad]") {
  const BabiTask task = make_task();
  BabiBatcher batcher(task, task.train);
  CHECK(error_text([&] { fill(batcher, {0, 3}); }) == "example 3 is not in 0..2");
  CHECK(error_text([&] { fill(batcher, {-1}); }) == "example -1 is not in 0..2");
  // Nothing of the failed batch may be left in the batcher's memory.
  CHECK(stories_of(fill(batcher, {0})) == std::vector<Rows>{{{kBob, kAte, 0, kTime2}, {kAnn, kAte, kFigs, kTime1}}});
}

TEST_CASE("a question about entered sentences becomes the batch of the same story from a file", "[babi]") {
  const BabiTask task = make_task();
  BabiBatcher batcher(task, task.train);
  const BabiBatch from_file = fill(batcher, {1});
  const std::vector<BabiWords> story = {{"bob", "ate"}, {"ann", "ate", "figs"}, {"bob", "ate"}};
  const BabiBatch told = babi_question_batch(task, story, {"who", "ate"});
  CHECK(told.size() == 1);
  CHECK(told.offsets == Offsets{0, 3});
  REQUIRE(told.rows.size(0) == from_file.rows.size(0));
  for (int64_t row = 0; row < told.rows.size(0); ++row) CHECK(row_of(told.rows, row) == row_of(from_file.rows, row));
  CHECK(told.pairs.first == from_file.pairs.first);
  CHECK(told.pairs.second == from_file.pairs.second);
  CHECK(row_of(told.questions, 0) == Ids{kWho, kAte, 0, 0});
  CHECK(told.answers[0] == BabiDataset::kUnknownAnswer);
  CHECK(told.padded == from_file.padded);
}

TEST_CASE("an entered story may be too long and have unknown words", "[babi]") {
  const BabiTask task = make_task();
  const std::vector<BabiWords> story = {
      {"ann", "ate"}, {"bob", "ate", "raw", "figs"}, {"zoe"}, {"bob", "ate", "figs", "who"}};
  const BabiBatch told = babi_question_batch(task, story, {"who", "zoe", "ate", "figs", "ann"});
  CHECK(told.offsets == Offsets{0, 3});
  CHECK(row_of(told.rows, 0) == Ids{kBob, kAte, 0, 0});  // "raw" is unknown, "figs" cut off
  CHECK(row_of(told.rows, 1) == Ids{0, 0, 0, 0});
  CHECK(row_of(told.rows, 2) == Ids{kBob, kAte, kFigs, 0});
  CHECK(row_of(told.rows, 3) == Ids{0, 0, 0, kTime1});
  CHECK(row_of(told.questions, 0) == Ids{kWho, 0, kAte, kFigs});
  CHECK(error_text([&] { babi_question_batch(task, {}, {"who"}); }).find("at least one sentence") != std::string::npos);
}
