#include "hmem/data/babi/parse.h"

#include "catch.h"
#include "data/babi/dense_babi.h"
#include "hmem/core/check.h"
#include "hmem/data/generator/registry.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::parse_text;
using hmem::test::TempFolder;

namespace {

std::string error_of(const std::string& text) {
  return error_text<Error>([&] { parse_text(text, "dir/qa1.txt"); });
}

void require_starts(const std::string& message, const std::string& beginning) {
  INFO(message);
  REQUIRE(message.compare(0, beginning.size(), beginning) == 0);
  REQUIRE(message.find_first_of("\n\r") == std::string::npos);
}

}  // namespace

TEST_CASE("words: lower case, runs of word characters, one final mark dropped", "[babi]") {
  CHECK(babi_words("Mary moved to the Bathroom.") == BabiWords{"mary", "moved", "to", "the", "bathroom"});
  CHECK(babi_words("Where is Mary? ") == BabiWords{"where", "is", "mary"});
  CHECK(babi_words("  no   mark  ") == BabiWords{"no", "mark"});
  CHECK(babi_words("a_1 B2") == BabiWords{"a_1", "b2"});
  CHECK(babi_words("\xC3\x84pfel f\xC3\xBCr Jos\xC3\xA9.") == BabiWords{"\xC3\x84pfel", "f\xC3\xBCr", "jos\xC3\xA9"});
  // What stands between words is a token, its outer blanks stripped; only a lone final mark is dropped.
  CHECK(babi_words("milk, bread.") == BabiWords{"milk", ",", "bread"});
  CHECK(babi_words("it's 5.") == BabiWords{"it", "'", "s", "5"});
  CHECK(babi_words("a , - b") == BabiWords{"a", ", -", "b"});
  CHECK(babi_words("wait...") == BabiWords{"wait", "..."});
  CHECK(babi_words("really?.") == BabiWords{"really", "?."});
  CHECK(babi_words("go!") == BabiWords{"go", "!"});
  CHECK(babi_words(".").empty());
  CHECK(babi_words("").empty());
}

TEST_CASE("stories: ids, questions, answers, shared statements", "[babi]") {
  const BabiStories stories = parse_text(
      "1 Mary got the milk.\n"
      "2 What is Mary carrying?\tmilk\t1\n"
      "3 Mary got the Apple.\n"
      "4 What is Mary carrying?\tApple,Milk\t1 3\n"
      "5 Nobody asks about this.\n"
      "1 Mary got the milk.\n"
      "2 Where is she? \tN,S\n");
  REQUIRE(stories.questions.size() == 3);
  CHECK(stories.source == "stories.txt");
  CHECK(stories.statements.size() == 3);  // the one after the last question is gone
  CHECK(stories.statement(0) == BabiWords{"mary", "got", "the", "milk"});
  CHECK(stories.statement(1) == BabiWords{"mary", "got", "the", "apple"});
  CHECK(stories.statements[2] == stories.statements[0]);
  CHECK(stories.words_of(stories.questions[0]) == BabiWords{"what", "is", "mary", "carrying"});
  CHECK(stories.questions[1].phrase == stories.questions[0].phrase);
  CHECK(stories.questions[0].answer == "milk");
  CHECK(stories.questions[1].answer == "apple,milk");
  CHECK(stories.questions[2].answer == "n,s");
  CHECK(stories.questions[0].begin == 0);
  CHECK(stories.questions[0].end == 1);
  CHECK(stories.questions[1].begin == 0);
  CHECK(stories.questions[1].end == 2);
  CHECK(stories.questions[2].begin == 2);
  CHECK(stories.questions[2].end == 3);
  CHECK(stories.questions[0].facts == std::vector<int32_t>{0});
  CHECK(stories.questions[1].facts == std::vector<int32_t>{0, 1});  // line 3 is the second statement
  CHECK(stories.questions[2].facts.empty());
}

TEST_CASE("supporting facts: in the order of the file, ids with gaps, lines of questions left out", "[babi]") {
  const BabiStories stories = parse_text(
      "1 A b.\n4 C d.\n5 Who?\tb\t4 1\n9 E f.\n10 Who?\tf\t9 5 4\n"
      "1 E f.\n2 Who?\tf\t1\n");
  CHECK(stories.questions[0].facts == std::vector<int32_t>{1, 0});
  CHECK(stories.questions[1].facts == std::vector<int32_t>{2, 1});
  CHECK(stories.questions[2].facts == std::vector<int32_t>{0});
}

TEST_CASE("supporting facts of generated stories name what the answer follows from", "[babi]") {
  Rng rng(3, "facts");
  for (const int task : {1, 2}) {
    const BabiStories stories = parse_text(generate_babi(task, 200, rng));
    for (const BabiStories::Question& question : stories.questions) {
      REQUIRE(static_cast<int>(question.facts.size()) == task);
      // Its last word is the answer: where somebody went.
      CHECK(stories.statement(question.begin + question.facts.back()).back() == question.answer);
    }
  }
}

TEST_CASE("line ends: CRLF, no last end, blank lines and a byte order mark change nothing", "[babi]") {
  const std::string plain = "1 A b.\n2 Where?\tc\t1\n1 D.\n2 Who?\te\n";
  for (const std::string& text : {
           std::string("1 A b.\r\n2 Where?\tc\t1\r\n1 D.\r\n2 Who?\te\r\n"),
           std::string("1 A b.\n2 Where?\tc\t1\n1 D.\n2 Who?\te"),
           std::string("\n1 A b.\n\n2 Where?\tc\t1\n \t\n1 D.\n2 Who?\te\n\n\n"),
           std::string("\xEF\xBB\xBF") + plain,
       }) {
    const BabiStories expected = parse_text(plain), found = parse_text(text);
    CHECK(found.phrases == expected.phrases);
    CHECK(found.statements == expected.statements);
    REQUIRE(found.questions.size() == 2);
    CHECK(found.questions[0].answer == "c");
    CHECK(found.questions[1].answer == "e");
    CHECK(found.questions[1].begin == 1);
  }
}

TEST_CASE("marks of other writing systems end sentences", "[babi]") {
  const BabiStories stories = parse_text("1 Ann\u00a0went home\u0964\n2 Where\uff1f\thome\t1\n");
  CHECK(stories.statement(0) == BabiWords{"ann", "went", "home"});
  CHECK(stories.words_of(stories.questions[0]) == BabiWords{"where"});
  CHECK(with_ascii_marks("caf\u00e9\u3002\u061f") == "caf\u00e9.?");
}

TEST_CASE("a story may begin with a question", "[babi]") {
  const BabiStories stories = parse_text("1 Who?\tme\n2 A.\n3 Who?\tyou\n");
  CHECK(stories.questions[0].begin == stories.questions[0].end);
  CHECK(stories.questions[1].end == 1);
}

TEST_CASE("hostile text: one line that names source and line", "[bad]") {
  require_starts(error_of(""), "dir/qa1.txt: the file is empty, expected bAbI stories");
  require_starts(error_of("1 A.\n2 B.\n"), "dir/qa1.txt: found no question in 2 lines");
  require_starts(error_of("\n\n"), "dir/qa1.txt: found no question in 2 lines");
  require_starts(error_of("1 A.\n2 Where is it?  home  1\n"),
                 "dir/qa1.txt:2: found the question 'Where is it?  home  1' without a tab");
  require_starts(error_of("1 A.\n2 Where is it  home 1\n3 Who?\tme\t1\n"),
                 "dir/qa1.txt:2: found 'Where is it  home 1', which ends in a number where other sentences end in '.'");
  require_starts(error_of("1 A.\n2 Q?\tb\t2\n"),
                 "dir/qa1.txt:2: found '2' after the answer, expected the line numbers of supporting facts");
  require_starts(error_of("1 A.\n2 Q?\tb\tone\n"), "dir/qa1.txt:2: found 'one' after the answer");
  require_starts(error_of("1 A.\n2 Q?\tb\t1 0\n"), "dir/qa1.txt:2: found '1 0' after the answer");
  require_starts(error_of("1 hi\thello what can i help you with today\n"),
                 "dir/qa1.txt:1: found 'hi' with the reply 'hello what can i help you with today'");
  require_starts(error_of("1 A.\n2 Where?\n"), "dir/qa1.txt:2: found the question 'Where?' without an answer");
  require_starts(error_of("1 A.\n2 Where?\t\n"), "dir/qa1.txt:2: found the question 'Where?' without an answer");
  require_starts(error_of("1 A.\n2 Where?\t\t1\n"), "dir/qa1.txt:2: found the question 'Where?' with an empty answer");
  require_starts(error_of("1 A.\n2 Where?\t \t1\n"), "dir/qa1.txt:2: found the question 'Where?' with an empty answer");
  require_starts(error_of("1 A.\n2 ?\tb\t1\n"), "dir/qa1.txt:2: found a question without words");
  require_starts(error_of("1 A.\n2 Q?\tb\t1\t2\n"), "dir/qa1.txt:2: found more than 3 fields");
  require_starts(error_of("1 A.\nMary went.\n"), "dir/qa1.txt:2: found 'Mary went.', expected a line number");
  require_starts(error_of("1 A.\n2nd line.\n"), "dir/qa1.txt:2: found '2nd line.', expected a line number");
  require_starts(error_of("1 A.\n-2 B.\n"), "dir/qa1.txt:2: found '-2 B.', expected a line number");
  require_starts(error_of("1 A.\n1.5 B.\n"), "dir/qa1.txt:2: found '1.5 B.', expected a line number");
  require_starts(error_of("0 A.\n"), "dir/qa1.txt:1: found the line number '0', expected 1 to 1000000");
  require_starts(error_of("1 A.\n1000001 B.\n"), "dir/qa1.txt:2: found the line number '1000001', expected 1 to");
  require_starts(error_of("1 A.\n99999999999999999999999 B.\n"), "dir/qa1.txt:2: found the line number '9999999999");
  require_starts(error_of("2 A.\n"), "dir/qa1.txt:1: found the line number 2 first, expected 1");
  require_starts(error_of("1 A.\n2 B.\n2 C.\n"),
                 "dir/qa1.txt:3: found the line number 2 after 2, expected a larger one");
  require_starts(error_of("1 A.\n5 B.\n4 C.\n"),
                 "dir/qa1.txt:3: found the line number 4 after 5, expected a larger one");
  require_starts(error_of("1 A.\n2\n"), "dir/qa1.txt:2: found a line number without a sentence");
  require_starts(error_of("1 A.\n2 .\n"), "dir/qa1.txt:2: found a line number without a sentence");
  require_starts(error_of(std::string("1 A.\n2 B\0C.\n", 12)),
                 "dir/qa1.txt:2: found the control character 0 at byte 4");
  require_starts(error_of("\x7F"
                          "ELF\x02\x01"),
                 "dir/qa1.txt:1: found the control character 127 at byte 1");
  require_starts(error_of("1 A.\n2 B\rC.\n"), "dir/qa1.txt:2: found the control character 13 at byte 4");
  // An excerpt never cuts a character in half.
  const std::string long_line = std::string(39, 'x') + "\xC3\xA9zz";
  require_starts(error_of(long_line), "dir/qa1.txt:1: found '" + std::string(39, 'x') + "...'");
}

TEST_CASE("hostile text: a line longer than 1 MiB is refused, one of exactly 1 MiB is not", "[bad]") {
  const std::string question = "\n2 Q?\ta\n";
  CHECK(parse_text("1 " + std::string((1 << 20) - 2, 'a') + question).questions.size() == 1);
  require_starts(error_of("1 " + std::string((1 << 20) - 1, 'a') + question),
                 "dir/qa1.txt:1: found a line above 1048576 bytes");
  require_starts(error_of("1 A.\n" + std::string(10 << 20, '2')), "dir/qa1.txt:2: found a line above 1048576 bytes");
}

TEST_CASE("files: missing, a folder, endless, far too large", "[bad]") {
  const TempFolder folder;
  CHECK_THROWS_WITH(read_babi_file(folder.file("none.txt")),
                    folder.file("none.txt") + ": cannot be read: there is no such file");
  CHECK_THROWS_WITH(read_babi_file(folder.path().string()), folder.path().string() + ": is a folder, expected a file");
  require_starts(error_text<Error>([] { read_babi_file("/dev/zero"); }), "/dev/zero: is not a regular file");
  const std::string sparse = folder.write("sparse.txt", "1 A.\n");
  std::filesystem::resize_file(sparse, (uintmax_t{1} << 30) + 1);
  CHECK_THROWS_WITH(read_babi_file(sparse), sparse + ": found 1073741825 bytes, expected at most 1073741824");
}

TEST_CASE("stories can be appended to others", "[babi]") {
  const std::string first = "1 Bob ate.\n2 Who ate?\tBob\t1\n3 Ann ate.\n4 Who ate?\tAnn\t3\n";
  const std::string second = "1 Ann ate.\n2 Bob ate figs.\n3 Who ate figs?\tBob\t2\n";
  BabiStories stories = parse_text(first);
  append_stories(stories, parse_text(second));
  const BabiStories expected = parse_text(first + second);
  REQUIRE(stories.questions.size() == expected.questions.size());
  REQUIRE(stories.statements.size() == expected.statements.size());
  for (int64_t i = 0; i < static_cast<int64_t>(expected.statements.size()); ++i) {
    CHECK(stories.statement(i) == expected.statement(i));
  }
  for (size_t i = 0; i < expected.questions.size(); ++i) {
    CHECK(stories.words_of(stories.questions[i]) == expected.words_of(expected.questions[i]));
    CHECK(stories.questions[i].answer == expected.questions[i].answer);
    CHECK(stories.questions[i].begin == expected.questions[i].begin);
    CHECK(stories.questions[i].end == expected.questions[i].end);
    CHECK(stories.questions[i].facts == expected.questions[i].facts);
  }
}
