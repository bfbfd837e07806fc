#include "hmem/tasks/babi/dialogue.h"

#include <memory>

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "support/error_text.h"
#include "support/qa_files.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::parse_text;
using hmem::test::TempFolder;
using Lines = std::vector<std::string>;

namespace {

// Words: ann ate bob figs who; W = 4: sentences of 3 words, questions of 4; stories of 2 sentences.
const char kStories[] =
    "1 Bob ate.\n"
    "2 Ann ate figs.\n"
    "3 Who ate figs?\tAnn\t2\n"
    "1 Ann ate.\n"
    "2 Who ate?\tBob\t1\n";
const char kTestStories[] =
    "1 Bob ate.\n"
    "2 Who ate?\tAnn\t1\n"
    "1 Bob ate.\n"
    "2 Ann ate.\n"
    "3 Ann slept.\n"
    "4 Who ate figs?\tslept\t1\n";

/// A model whose output layer is zero: every answer has the same probability, or the weights of `favourite` make it
/// most probable as soon as anything is read from the memory. `scale`: of the sentences.
class Told {
 public:
  explicit Told(const BabiDialogue::Settings& settings = {}, const std::string& favourite = "", real scale = 1)
      : task_(vectorise_babi(parse_text(kStories), parse_text(kStories))) {
    HMemQa model = test::make_qa(task_, 6, 8);
    const int64_t words = model.config().vocabulary;
    for (Parameter* parameter : model.weights().parameters) {
      if (parameter->name == "story_norm.scale") parameter->value.fill(scale);
      if (parameter->name != "output.weight") continue;
      parameter->value.fill(0);
      const int32_t id = task_.vocabulary.id_of(favourite);
      for (int64_t row = 0; row < 8 && id > 0; ++row) parameter->value[row * words + id] = 100;
    }
    const std::string path = folder_.file("model");
    save_model(path, test::qa_info("1", task_, model), model.weights());
    dialogue_ = std::make_unique<BabiDialogue>(ModelFile(path), settings, [this] {
      ++loaded_;
      return parse_text(kTestStories, "test.txt");
    });
  }

  Lines operator()(const std::string& line) { return dialogue_->reply(line); }
  BabiDialogue& dialogue() { return *dialogue_; }
  int loaded() const { return loaded_; }
  /// Sentences of the current story.
  size_t length() {
    const Lines lines = dialogue_->reply(":show");
    return lines.size() == 1 && lines[0].find("note:") == 0 ? 0 : lines.size();
  }

 private:
  TempFolder folder_;
  BabiTask task_;
  std::unique_ptr<BabiDialogue> dialogue_;
  int loaded_ = 0;
};

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("sentences add to the story, questions are answered with the most probable words", "[dialogue]") {
  Told told({3, true}, "figs");
  CHECK(told.dialogue().description() == "task '1', 5 words, stories of up to 2 sentences, sentences of up to 3 words");
  CHECK(told("Ann ate figs.").empty());
  CHECK(told("  BOB ate\r").empty());
  CHECK(told(":show") == Lines{"  ann ate figs.", "  bob ate."});
  const Lines answer = told("Who ate?");
  REQUIRE(answer.size() == 1);
  CHECK(answer[0].find("figs ") == 0);
  CHECK(answer[0].find(" %  <nil> ") != std::string::npos);  // of equal ones the smaller id
  CHECK(answer[0].find(" %  ann ") != std::string::npos);
  CHECK(told("Who ate?") == answer);
  CHECK(told("").empty());
  CHECK(told("  \t ").empty());
  CHECK(told(".").empty());
  CHECK(told.length() == 2);
}

TEST_CASE("lines of a bAbI file can be pasted", "[dialogue]") {
  Told told({1, true}, "figs");
  told("Bob ate.");
  CHECK(told("1 Ann ate figs.") == Lines{"note: line numbers are left out; number 1 begins a new story"});
  CHECK(told("2 Bob ate.").empty());
  CHECK(told(":show") == Lines{"  ann ate figs.", "  bob ate."});
  const Lines right = told("3 Who ate? \tfigs\t1");
  REQUIRE(right.size() == 2);
  CHECK(right[0].find("figs ") == 0);
  CHECK(right[1] == "true answer: figs (right)");
  CHECK(told("Who ate?\tann").back() == "true answer: ann (wrong)");
  CHECK(told("Who ate?\tnobody").back() == "true answer: nobody (wrong)");
  CHECK(told("1 Bob ate.").empty());
  CHECK(told.length() == 1);
}

TEST_CASE("an answer whose tab was lost is no sentence", "[dialogue][bad]") {
  Told told;
  CHECK(error_text([&] { told("1 Ann ate."), told("2 Who ate? ann 1"); }) ==
        "found 'ann 1' after a question, expected the next line, or a tab before an answer");
  CHECK(error_text([&] { told("Ann ate.\tann"); }) == "found 'ann' after a tab, expected it after a question only");
  CHECK(told.length() == 1);
}

TEST_CASE("every class of the output layer has a name", "[dialogue]") {
  Told told({100, true});
  told("Ann ate.");
  CHECK(told("Who ate?") == Lines{"<nil> 12.5 %  ann 12.5 %  ate 12.5 %  bob 12.5 %  figs 12.5 %  who 12.5 %  "
                                  "<age 1> 12.5 %  <age 2> 12.5 %"});
  Told one({1, true}, "bob");
  one("Ann ate.");
  CHECK(one("Who ate?").front().find("bob ") == 0);
  CHECK(one("Who ate?").front().find("  ") == std::string::npos);
}

TEST_CASE(":why explains the last answer", "[dialogue]") {
  Told told({1, true}, "figs", 30);
  CHECK(error_text([&] { told(":why"); }) == ":why: found no answer yet, expected a question first");
  told("Ann ate figs."), told("Bob ate."), told("Who ate?");
  const std::string why = joined(told(":why"));
  CHECK(why.find("who ate?   figs") == 0);
  CHECK(why.find("1  ann ate figs") != std::string::npos);
  CHECK(why.find("terms add up to the margin: ") != std::string::npos);
  told("Ann ate.");  // the answer was given before
  CHECK(joined(told(":why")) == why);
  CHECK(joined(told(":story 2")).find("true answer: slept") != std::string::npos);
  const std::string of_test = joined(told(":why"));
  CHECK(of_test.find("(wrong: the true answer is slept)") != std::string::npos);
  told(":reset");
  CHECK(error_text([&] { told(":why"); }).find(":why: found no answer") == 0);
  CHECK(joined(told(":help")).find(":why") != std::string::npos);
}

TEST_CASE("a line may hold several sentences and questions", "[dialogue]") {
  Told told({1, true});
  CHECK(told("Ann ate. Bob ate.").empty());
  CHECK(told.length() == 2);
  CHECK(told("Ann ate. Who ate? Bob ate figs. Who ate figs?").size() == 3);  // two answers, one note: too long
  CHECK(told(":show") == Lines{"  ann ate.", "  bob ate figs."});
  CHECK(told("who ate ?").size() == 1);
  CHECK(joined(told("Ann ate 3.5 figs")).find("'3' is not in the vocabulary") != std::string::npos);
}

TEST_CASE("what the model cannot read is reported, unless it is quiet", "[dialogue]") {
  Told told({1, true});
  CHECK(told("An ate fig.") ==
        Lines{"warning: 'an' is not in the vocabulary: read as nil; the nearest word is 'ann'",
              "warning: 'fig' is not in the vocabulary: read as nil; the nearest word is 'figs'"});
  CHECK(told("Ann ate who figs.") == Lines{"note: the sentence has 4 words, the model reads 3: cut after 'who'"});
  CHECK(told("Ann ate.") == Lines{"note: the model reads 2 sentences: older ones are forgotten"});
  CHECK(told("Ann ate.").empty());  // reported once per story
  CHECK(told.length() == 2);
  const Lines cut = told("Who ate figs bob ann?");
  REQUIRE(cut.size() == 2);
  CHECK(cut[0] == "note: the question has 5 words, the model reads 4: cut after 'bob'");
  CHECK(told("a b a c d e f g").size() == 7);  // five words, "more", cut
  CHECK(joined(told(std::string(5000, 'x'))).find("nearest") == std::string::npos);
  CHECK(told("elephant").front() == "warning: 'elephant' is not in the vocabulary: read as nil");

  Told quiet({1, false});
  CHECK(quiet("An ate who figs. Ann ate. Ann ate.").empty());
  CHECK(quiet("Who ate nothing?").size() == 1);
}

TEST_CASE("a question without a story or words gets one line", "[dialogue]") {
  for (const bool notes : {true, false}) {
    Told told({3, notes});
    CHECK(told("Who ate?") == Lines{"note: no answer: the story is empty, tell a sentence first"});
    told("Ann ate.");
    CHECK(told("?") == Lines{"note: no answer: the question has no words"});
    CHECK(told("Who ate?").size() == 1);
    told(":reset");
    CHECK(told("Who ate?") == Lines{"note: no answer: the story is empty, tell a sentence first"});
  }
}

TEST_CASE(":story shows test stories in turn and makes them the current one", "[dialogue]") {
  Told told({1, true}, "ann");
  told("Bob ate. Bob ate figs. Bob ate.");
  CHECK(told.loaded() == 0);
  Lines first = told(":story");
  REQUIRE(first.size() == 5);
  CHECK(first[0] == "story 1 of 2 (test.txt)");
  CHECK(first[1] == "  bob ate.");
  CHECK(first[2] == "  who ate?");
  CHECK(first[3].find("ann ") == 0);
  CHECK(first[4] == "true answer: ann (right)");
  CHECK(told.length() == 1);
  CHECK(told("Who ate?") == Lines{first[3]});
  const Lines second = told(":story");
  CHECK(second.front() == "story 2 of 2 (test.txt)");
  CHECK(joined(second).find("'slept' is not in the vocabulary") != std::string::npos);
  CHECK(joined(second).find("note: the model reads 2 sentences") != std::string::npos);
  CHECK(second.back() == "true answer: slept (wrong)");
  CHECK(told.length() == 2);
  CHECK(told(":story") == first);
  CHECK(told(":story 1") == first);
  CHECK(told.loaded() == 1);
  Told wrong({1, true}, "bob");
  CHECK(wrong(":story 1").back() == "true answer: ann (wrong)");
}

TEST_CASE("invalid commands are refused and change nothing", "[dialogue][bad]") {
  Told told;
  told("Ann ate.");
  const auto refused = [&told](const std::string& line, const std::string& expected) {
    const std::string text = error_text([&] { told(line); });
    INFO(line << ": " << text);
    CHECK(text.find(expected) != std::string::npos);
    CHECK(text.find("expected") != std::string::npos);
    CHECK(told.length() == 1);
  };
  refused(":stroy", "unknown command ':stroy', expected :help, :quit, :reset, :show, :story or :why");
  refused(":", "unknown command ':'");
  refused(":reset now", ":reset: found 'now'");
  refused(":quit 1", ":quit: found '1'");
  for (const char* number : {"x", "1.5", "1 2", "+1", "99999999999999999999"}) {
    refused(std::string(":story ") + number, ":story: found '");
  }
  refused(":story 0", ":story: found 0, expected 1..2");
  refused(":story -1", ":story: found -1, expected 1..2");
  refused(":story 3", ":story: found 3, expected 1..2");
  refused("Ann \x1b[2Jate.", "control character 27 at byte 5");
  refused(std::string("Ann\0ate.", 8), "control character 0 at byte 4");
  CHECK_FALSE(told.dialogue().finished());
  CHECK(told(":quit").empty());
  CHECK(told.dialogue().finished());
  CHECK(joined(told(":help")).find(":story [N]") != std::string::npos);
}

TEST_CASE("an answer that is not finite is an error", "[dialogue][bad]") {
  Told told({3, true}, "figs", real(1e30));
  told("Ann ate.");
  CHECK(error_text([&] { told("Who ate?"); }) == "the answer is not finite: the model is damaged");
}
