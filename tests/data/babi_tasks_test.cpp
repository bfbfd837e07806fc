#include "hmem/data/babi_tasks.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "catch.h"
#include "data/dense_babi.h"
#include "hmem/core/check.h"
#include "hmem/data/babi_files.h"
#include "hmem/data/babi_vectorise.h"
#include "support/real_data.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::babi_data_dir;
using hmem::test::parse_text;

namespace {

uint64_t fnv1a(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string generated(int task, int64_t questions, uint64_t seed = 1) {
  Rng rng(seed, "babi.train");
  return generate_babi(task, questions, rng);
}

/// One line, taken apart without the library's parser.
struct Line {
  int id = 0;
  std::vector<std::string> words;  // split at blanks, marks included
  std::string answer, supporting;  // of a question
};

std::vector<Line> lines_of(const std::string& text) {
  std::vector<Line> lines;
  std::istringstream in(text);
  for (std::string raw; std::getline(in, raw);) {
    Line line;
    std::istringstream fields(raw);
    std::string sentence;
    std::getline(fields, sentence, '\t');
    std::getline(fields, line.answer, '\t');
    std::getline(fields, line.supporting, '\t');
    std::istringstream words(sentence);
    words >> line.id;
    for (std::string word; words >> word;) line.words.push_back(word);
    lines.push_back(line);
  }
  return lines;
}

std::string without_mark(const std::string& word) { return word.substr(0, word.size() - 1); }

/// Everybody is where they last went.
struct Whereabouts {
  std::map<std::string, std::pair<std::string, int>> at;

  void begin_story() { at.clear(); }
  void hear(const Line& line) { at[line.words.front()] = {without_mark(line.words.back()), line.id}; }
  std::pair<std::string, std::string> answer(const Line& line) const {
    const auto& [room, id] = at.at(without_mark(line.words.back()));
    return {room, std::to_string(id)};
  }
};

/// X is a K, Ks fear Fs: X fears an F.
struct Deduction {
  std::map<std::string, std::pair<std::string, int>> kind, fears;
  const std::map<std::string, std::string> one = {
      {"mice", "mouse"}, {"cats", "cat"}, {"wolves", "wolf"}, {"sheep", "sheep"}};

  static std::string lower(std::string word) {
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    return word;
  }
  void begin_story() {
    kind.clear();
    fears.clear();
  }
  void hear(const Line& line) {
    const std::string subject = lower(line.words.front()), object = without_mark(line.words.back());
    if (line.words[1] == "is") {
      kind[subject] = {object, line.id};
    } else {
      fears[one.at(subject)] = {one.at(object), line.id};
    }
  }
  std::pair<std::string, std::string> answer(const Line& line) const {
    const auto& [member_of, member_line] = kind.at(line.words[2]);
    const auto& [feared, fear_line] = fears.at(member_of);
    return {feared, std::to_string(member_line) + " " + std::to_string(fear_line)};
  }
};

template <typename World>
void require_answers_follow(const std::string& text, World world) {
  for (const Line& line : lines_of(text)) {
    if (line.id == 1) world.begin_story();
    if (line.answer.empty()) {
      world.hear(line);
      continue;
    }
    const auto [answer, supporting] = world.answer(line);
    if (answer != line.answer || supporting != line.supporting) {
      CAPTURE(line.id, line.words, line.answer, line.supporting, answer, supporting);
      FAIL("the answer does not follow from the story");
    }
  }
}

std::vector<std::string> sentences_of(const BabiStories& stories) {
  std::set<std::string> sentences;
  for (const BabiWords& words : stories.phrases) {
    std::string text;
    for (const std::string& word : words) text += word + " ";
    sentences.insert(text);
  }
  return {sentences.begin(), sentences.end()};
}

/// How many sentences lie between a question and the first supporting one, in shares of all questions.
std::map<int, double> supporting_distances(const std::string& text) {
  std::map<int, double> share;
  double questions = 0;
  for (const Line& line : lines_of(text)) {
    if (line.answer.empty()) continue;
    share[line.id - std::stoi(line.supporting)] += 1;
    questions += 1;
  }
  for (auto& [distance, count] : share) count /= questions;
  return share;
}

}  // namespace

TEST_CASE("generated text: the same stream gives the same bytes, on every machine", "[babi]") {
  CHECK(generated(1, 100) == generated(1, 100));
  CHECK(generated(1, 100) != generated(1, 100, 2));
  CHECK(fnv1a(generated(1, 1000)) == 0x3026b27937bc4be0);
  CHECK(fnv1a(generated(15, 1000)) == 0xe24a61ac289360b3);
}

TEST_CASE("generated text: the official form, ending with the last question", "[babi]") {
  for (const int task : {1, 15}) {
    for (const int64_t questions : {1, 4, 7, 100}) {
      CAPTURE(task, questions);
      const std::string text = generated(task, questions);
      const std::vector<Line> lines = lines_of(text);
      CHECK(std::count(text.begin(), text.end(), '\t') == 2 * questions);
      CHECK(text.back() == '\n');
      CHECK_FALSE(lines.back().answer.empty());
      CHECK(parse_text(text).questions.size() == static_cast<size_t>(questions));
      CHECK(generated(task, 1000).compare(0, text.size(), text) == 0);
    }
  }
  // Task 1 asks after every second statement, task 15 four times at the end.
  for (const Line& line : lines_of(generated(1, 500))) {
    if (line.id > 15 || line.answer.empty() != (line.id % 3 != 0)) FAIL("line " << line.id << " is not as in task 1");
  }
  for (const Line& line : lines_of(generated(15, 500))) {
    if (line.id > 12 || line.answer.empty() != (line.id <= 8)) FAIL("line " << line.id << " is not as in task 15");
  }
}

TEST_CASE("generated text: every answer follows from its story", "[babi]") {
  require_answers_follow(generated(1, 10000), Whereabouts{});
  require_answers_follow(generated(15, 10000), Deduction{});
}

TEST_CASE("the checker agrees with the official files", "[data]") {
  const std::filesystem::path folder = std::filesystem::path(babi_data_dir()) / "en-10k";
  require_answers_follow(test::read_file(find_babi_file(folder, 1, BabiPart::kTrain).string()), Whereabouts{});
  require_answers_follow(test::read_file(find_babi_file(folder, 15, BabiPart::kTrain).string()), Deduction{});
}

TEST_CASE("generated and official stories: the same sentences, words and shapes", "[data]") {
  const BabiSource official = find_babi(babi_data_dir(), {});
  const BabiSource made = find_babi("generated", {});
  for (const int task : {1, 15}) {
    CAPTURE(task);
    const BabiStories train = load_babi(official, task, "10k", BabiPart::kTrain);
    const BabiStories made_train = load_babi(made, task, "10k", BabiPart::kTrain);
    CHECK(sentences_of(made_train) == sentences_of(train));
    CHECK(made_train.statements.size() == train.statements.size());

    const BabiTask expected = vectorise_babi(train, load_babi(official, task, "10k", BabiPart::kTest));
    const BabiTask found = vectorise_babi(made_train, load_babi(made, task, "10k", BabiPart::kTest));
    CHECK(found.vocabulary.all_words() == expected.vocabulary.all_words());
    CHECK(found.vocabulary.size() == expected.vocabulary.size());
    CHECK(found.words_per_sentence == expected.words_per_sentence);
    CHECK(found.max_num_sentences == expected.max_num_sentences);
    CHECK(found.test.count() == expected.test.count());
  }
}

TEST_CASE("generated and official stories: how far back the supporting fact is", "[data]") {
  const std::filesystem::path folder = std::filesystem::path(babi_data_dir()) / "en-10k";
  for (const int task : {1, 15}) {
    const std::string official = test::read_file(find_babi_file(folder, task, BabiPart::kTrain).string());
    const std::map<int, double> expected = supporting_distances(official);
    const std::map<int, double> found = supporting_distances(generated(task, 10000));
    REQUIRE(found.size() == expected.size());
    for (const auto& [distance, share] : expected) {
      CAPTURE(task, distance, share);
      REQUIRE(found.count(distance) == 1);
      // Four deviations of the difference of two counts; the four questions of a story are not independent.
      const double deviation = std::sqrt(2 * share * (1 - share) / 10000) * (task == 15 ? 1.5 : 1);
      CHECK(std::abs(found.at(distance) - share) < 4 * deviation);
    }
  }
}
