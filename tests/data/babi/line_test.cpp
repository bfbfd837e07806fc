#include "hmem/data/babi/line.h"

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"

using namespace hmem;

TEST_CASE("a typed line: sentences, questions, number, answer and facts", "[babi]") {
  const BabiLine line =
      read_babi_line("\xEF\xBB\xBF 12 Ann went home. Bob ate 3.5 figs. Where is Ann? \thome\t3 x 7 \r");
  CHECK(line.number == 12);
  REQUIRE(line.phrases.size() == 3);
  CHECK(line.phrases[0].words == BabiWords{"ann", "went", "home"});
  CHECK_FALSE(line.phrases[1].question);
  CHECK(line.phrases[2].question);
  CHECK(line.phrases[2].words == BabiWords{"where", "is", "ann"});
  CHECK(line.answer == "home");
  CHECK(line.facts == std::vector<int64_t>{3, 7});
  const BabiLine plain = read_babi_line("Ann went home");
  CHECK_FALSE(plain.number);
  CHECK(plain.phrases.size() == 1);
  CHECK(plain.answer.empty());
  CHECK(read_babi_line(" \t ").phrases.empty());
  CHECK(clean_babi_line(" Wo\xEF\xBC\x9F ") == "Wo?");
}

TEST_CASE("a typed line that is none", "[babi][bad]") {
  const auto error_of = [](const char* text) { return test::error_text<Error>([&] { read_babi_line(text); }); };
  CHECK(error_of("Where? Ann").find("found 'Ann' after a question") == 0);
  CHECK(error_of("Ann ate.\tfigs").find("found 'figs' after a tab") == 0);
  CHECK(error_of("Ann \x1b[2J ate.").find("found the control character 27 at byte 5") == 0);
}
