#include "hmem/tasks/babi/explain.h"

#include <sstream>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/data/generator/registry.h"
#include "hmem/models/lstm_qa.h"
#include "support/error_text.h"
#include "support/qa_files.h"
#include "support/surroundings.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;

namespace {

AskedQuestion asked_in(const std::string& text, const std::string& question = "") {
  std::istringstream in(text);
  return read_asked_question(in, "told", question);
}

}  // namespace

TEST_CASE("a told question: the last one, with the story before it", "[explain]") {
  const AskedQuestion plain = asked_in("Ann ate. Bob slept.\nWho ate?\nBob ate.\nWho slept?\nAnn left.\n");
  CHECK(plain.sentences == std::vector<BabiWords>{{"ann", "ate"}, {"bob", "slept"}, {"bob", "ate"}});
  CHECK(plain.question == BabiWords{"who", "slept"});
  CHECK(plain.true_answer.empty());
  const AskedQuestion other = asked_in("Ann ate.\nWho ate?\nBob left.\n", "Who left?");
  CHECK(other.sentences.size() == 2);
  CHECK(other.question == BabiWords{"who", "left"});
  const AskedQuestion of_file = asked_in("1 A b.\n2 Who?\tb\t1\n1 C d.\n3 E f.\n4 Who? \tD,f\t3 1\n");
  CHECK(of_file.sentences.size() == 2);
  CHECK(of_file.true_answer == "d,f");
  CHECK(of_file.facts == std::vector<int32_t>{1, 0});
}

TEST_CASE("a told question that is none: one clear line", "[explain][bad]") {
  CHECK(error_text<Error>([] { asked_in(""); }) ==
        "told: found no question, expected a line that ends in ? (or --question)");
  CHECK(error_text<Error>([] { asked_in("Who?\n"); }) ==
        "told: found no sentence before the question, expected a story");
  CHECK(error_text<Error>([] { asked_in("Ann ate.\nWho? Ann\n"); }).find("told:2: found 'Ann' after a question") == 0);
  CHECK(error_text<Error>([] { asked_in(std::string(2 << 20, 'a')); }).find("told:1: found more than 1048576 bytes") ==
        0);
}

TEST_CASE("shipped models are found by task; baselines cannot be explained", "[explain]") {
  const test::TempFolder folder;
  folder.write("here/empty", "");
  const test::Surroundings surroundings(folder.file("root"), folder.path() / "here");
  folder.write("root/weights/babi_task6.safetensors", "");
  CHECK(find_babi_model(6) == folder.file("root/weights/babi_task6.safetensors"));
  CHECK(error_text<Error>([] { find_babi_model(5); }).find("there is no shipped model of task 5: found no weights/") ==
        0);

  BabiModel model;
  LstmQa::Config config;
  config.vocabulary = 5, config.words_per_sentence = 3;
  model.network = std::make_unique<LstmQa>(config, 1);
  CHECK(error_text<Error>([&] { explainable(model, "file"); }).find("file: holds a baseline, expected hmem_qa") == 0);
}

TEST_CASE("hits over a test set are means of the questions, for any number of threads", "[explain]") {
  Rng rng(5, "hits");
  std::istringstream in(generate_babi(15, 120, rng));
  const BabiStories stories = parse_babi(in, "generated");
  const BabiTask task = vectorise_babi(stories, stories);
  HMemQa model = test::make_qa(task, 10, 12);
  const PlainQa plain(model);
  std::string csv, other;
  const HitSummary hits = explain_all(plain, task, stories, true, {}, &csv);
  CHECK(hits.questions == 120);
  CHECK(hits.with_facts == 120);
  CHECK(hits.facts == 2);
  CHECK(hits.chance == 0.25);
  CHECK(hits.worst_residual < 1e-9);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 121);
  CHECK(csv.find("question,right,facts,writer_top,writer_recall,steerer_of_hop_2_top,") == 0);
  for (const HitSummary::Of& of : hits.terms) {
    CHECK(of.all <= of.recall);
    CHECK(of.recall <= 1);
  }
  const std::vector<std::string> text = hits.text();
  CHECK(text[0].find("120 questions") == 0);
  set_num_threads(3);
  explain_all(plain, task, stories, true, {}, &other);
  set_num_threads(1);
  CHECK(csv == other);
  CHECK(explain_all(plain, task, stories, false).terms.size() + 1 == hits.terms.size());

  // One question by hand.
  const Explanation one = explain(plain, task, asked_question(stories, 0));
  const ExplanationHits first = explanation_hits(plain, one.trace, one.at, one.left_out, one.asked.facts);
  const std::string line = csv.substr(csv.find('\n') + 1);
  CHECK(line.find(std::string("1,") + (one.right ? "1" : "0") + ",2," + (first.terms[0].top ? "1," : "0,")) == 0);
}
