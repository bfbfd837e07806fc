// What is shown: the JSON is enough to form the memory and the margin again; the table; hits.

#include "hmem/study/explain.h"

#include <nlohmann/json.hpp>

#include "catch.h"
#include "hmem/core/check.h"
#include "study/study_rows.h"
#include "support/error_text.h"

using namespace hmem;
using namespace hmem::test;

namespace {

using Json = nlohmann::json;

/// {"shape","float32"} back to numbers.
Matrix unpacked(const Json& json) {
  const auto digit = [](char c) {
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return c == '=' ? 0U : static_cast<uint32_t>(digits.find(c));
  };
  Matrix matrix(json["shape"][0], json["shape"][1]);
  const std::string text = json["float32"];
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 4) {
    uint32_t four = 0;
    for (size_t j = 0; j < 4; ++j) four = four << 6 | digit(text[i + j]);
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(four >> shift & 255);
  }
  for (size_t i = 0; i < matrix.values.size(); ++i) {
    float value;
    REQUIRE(bytes.size() >= 4 * (i + 1));
    std::memcpy(&value, bytes.data() + 4 * i, 4);  // little-endian, as this test's machine
    matrix.values[i] = static_cast<double>(value);
  }
  return matrix;
}

Vector row_of(const Json& json) { return unpacked(json).values; }

Vector normalised_again(Vector x, double epsilon) {
  double mean = 0, var = 0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  for (const double v : x) var += (v - mean) * (v - mean) / static_cast<double>(x.size());
  for (double& v : x) v = (v - mean) / std::sqrt(var + epsilon);
  return x;
}

/// The logits from the JSON alone, as a page would: write, reads, answer. With read-before-write the values are formed
/// again from their own part and from what the memory holds.
Vector logits_again(const Json& json) {
  const Json& model = json["model"];
  const Json& rule = model["rule"];
  const int64_t d = model["memory_size"];
  const Matrix k = unpacked(json["keys"]);
  Matrix v = unpacked(json["values"]), m(d, d);
  const bool first_read = model["settings"]["read_before_write"] == "1";
  for (int64_t t = 0; t < k.rows; ++t) {
    if (first_read) {
      Vector y = product(product(k.row(t), m).data(), unpacked(model["write_found"]));
      const Matrix own = unpacked(json["value_own"]);
      for (int64_t j = 0; j < d; ++j) y[static_cast<size_t>(j)] += own(t, j);
      y = normalised_again(y, model["value_epsilon"]);
      const Vector scale = row_of(model["value_norm"]["scale"]), shift = row_of(model["value_norm"]["shift"]);
      for (int64_t j = 0; j < d; ++j) {
        const auto i = static_cast<size_t>(j);
        v(t, j) = y[i] * scale[i] + shift[i];
      }
    }
    for (int64_t i = 0; i < d; ++i) {
      for (int64_t j = 0; j < d; ++j) {
        const double kv = k(t, i) * v(t, j), grown = rule["signed"] ? std::abs(kv) : kv;
        const double f = 1 - double(rule["decay_pos"]) * grown - double(rule["decay_neg"]) * k(t, i) * k(t, i);
        m(i, j) = m(i, j) * f + double(rule["growth"]) * kv;
      }
    }
  }
  const Json& settings = model["settings"];
  Vector n(static_cast<size_t>(d), 0.0), out = n;
  const int64_t hops = model["hops"];
  for (int64_t h = 0; h < hops; ++h) {
    const Json& parts = json["question_parts"];
    Vector z = row_of(parts[parts.size() == 1 ? 0 : static_cast<size_t>(h)]);
    if (h > 0) {
      const Json& back = model["back"];
      const Vector more = product(n.data(), unpacked(back[back.size() == 1 ? 0 : static_cast<size_t>(h - 1)]));
      for (size_t j = 0; j < z.size(); ++j) z[j] += more[j];
    }
    for (double& x : z) x = std::max(x, 0.0);
    n = product(z.data(), m);
    if (settings["read_norm"] == "1") n = normalised_again(n, model["read_epsilon"]);
    for (size_t j = 0; j < n.size(); ++j) out[j] = settings["hop_sum"] == "1" ? out[j] + n[j] : n[j];
  }
  if (settings["answer_layer"] == "1") {
    Vector z = product(out.data(), unpacked(model["answer_read"]));
    const Vector question = row_of(model["answer_question_part"]);
    for (size_t j = 0; j < z.size(); ++j) out[j] += std::max(z[j] + question[j], 0.0);
  }
  return product(out.data(), unpacked(model["output"]));
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("the JSON of an explanation is enough to form memory and answer again, for every option", "[study]") {
  const Questions given = some_questions(15, 8);
  for (const OptionRow& row : kRows) {
    DYNAMIC_SECTION(row.name) {
      const auto model = random_model(row, given.task);
      const PlainQa plain(*model);
      for (const int64_t number : {0, 7}) {
        const Explanation one = explain(plain, given.task, asked_question(given.stories, number));
        const Json json =
            Json::parse(explain_json(plain, given.task, one, number == 7 ? JsonWeights::all : JsonWeights::if_small));
        CHECK(json["format"] == "hmem_explain");
        CHECK(json["version"] == kExplainVersion);
        CHECK(json.contains("encoder") == (number == 7));
        const Vector found = logits_again(json);
        CHECK(difference(found, one.trace.logits) < 1e-5 * largest(one.trace.logits));
        const double margin = json["margin"];
        double terms = json["attribution"]["answer_question"];
        for (const double term : json["attribution"]["writer"]) terms += term;
        CHECK(std::abs(terms - margin) < 1e-6 * (std::abs(margin) + largest(one.at.writer)));
        REQUIRE(json["story"].size() == 8);
        CHECK(json["left_out"].size() == 8);
        CHECK(json["asked_after"].size() == 8);
        for (size_t t = 0; t < 8; ++t) {
          CHECK(json["story"][t]["fact"] == one.is_fact(static_cast<int64_t>(t)));
          CHECK(json["story"][t]["ids"].size() == static_cast<size_t>(given.task.words_per_sentence));
        }
        // Asked after the last sentence is asked now.
        CHECK(std::abs(double(json["asked_after"][7]["margin"]) - margin) < 1e-6 * (1 + std::abs(margin)));
        CHECK(json["vocabulary"].size() == static_cast<size_t>(given.task.vocabulary.size()));
      }
    }
  }
}

TEST_CASE("the table marks facts and the largest terms, and its last lines say that the terms add up", "[study]") {
  const Questions given = some_questions(2, 40);
  const auto model =
      random_model({"", [](HMemQa::Config& c) { c.read_before_write = c.answer_layer = true; }}, given.task);
  const PlainQa plain(*model);
  const Explanation one = explain(plain, given.task, asked_question(given.stories, 39));
  const auto steps = static_cast<size_t>(one.trace.sentences());
  REQUIRE(steps > 6);
  const std::vector<std::string> all = explain_text(plain, given.task, one, 0);
  // Headline, hops, titles; sentences; the question itself, residual, legend.
  REQUIRE(all.size() == steps + 6);
  CHECK(all[2].find("writes") < all[2].find("steers hop 3"));
  CHECK(all[2].find("origin") != std::string::npos);
  for (size_t t = 0; t < steps; ++t) {
    CHECK((all[3 + t][0] == '*') == one.is_fact(static_cast<int64_t>(t)));
    CHECK(all[3 + t].find(words_text(one.asked.sentences[t])) != std::string::npos);
  }
  CHECK(text_of(all).find("terms add up to the margin: ") != std::string::npos);
  CHECK(std::count(all.begin(), all.end(), "") == 0);
  const std::vector<std::string> some = explain_text(plain, given.task, one, 4);
  CHECK(some.size() == 4 + 7);
  CHECK(text_of(some).find(std::to_string(steps - 4) + " other sentences") != std::string::npos);
  for (const int32_t fact : one.asked.facts) {
    CHECK(text_of(some).find(words_text(one.asked.sentences[static_cast<size_t>(fact)])) != std::string::npos);
  }
  CHECK(explain_brief(given.task, one).size() == 4);
  const std::string csv = explain_csv(given.task, one);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == static_cast<int64_t>(steps) + 1);
  // A line for every intermediate value: x k o s v M of a sentence, z r of a hop, features and logits; and headings.
  CHECK(trace_text(plain, given.task, one).size() == 2 + 7 * steps + 3 * 3 + 2);
}

TEST_CASE("hostile words stay on their line, in the table, the CSV and the JSON", "[study][bad]") {
  const Questions given = some_questions(1, 4);
  const auto model = random_model({"", [](HMemQa::Config&) {}}, given.task);
  const PlainQa plain(*model);
  AskedQuestion asked = asked_question(given.stories, 0);
  asked.sentences[0] = {"<script>", "\"quoted\"",
                        "\xE2\x80\xAE"
                        "rtl",
                        "line\nbreak", "\xFF"};
  const Explanation one = explain(plain, given.task, asked);
  for (const std::string& line : explain_text(plain, given.task, one)) {
    CHECK(line.find_first_of("\n\r") == std::string::npos);
    CHECK(line.find("\xE2\x80\xAE") == std::string::npos);
  }
  const std::string csv = explain_csv(given.task, one);
  CHECK(csv.find("\"\"quoted\"\"") != std::string::npos);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == one.trace.sentences() + 1);
  const Json json = Json::parse(explain_json(plain, given.task, one));
  CHECK(json["story"][0]["words"][0] == "<script>");
  CHECK(json["story"][0]["words"][3] == "line\nbreak");
  asked.question.clear();
  CHECK(error_text<Error>([&] { explain(plain, given.task, asked); }).find("found a question without words") == 0);
  asked.question = {"who"};
  asked.sentences.clear(), asked.facts.clear();
  CHECK(error_text<Error>([&] { explain(plain, given.task, asked); }).find("found a question without a story") == 0);
  CHECK(error_text<Error>([&] { asked_question(given.stories, 4); }) ==
        "generated: found the question 5, expected 1..4");
}

TEST_CASE("stories longer than the model reads: numbers and facts count what is forgotten", "[study]") {
  const Questions given = some_questions(1, 40);
  const auto model = random_model({"", [](HMemQa::Config&) {}}, given.task);
  const PlainQa plain(*model);
  AskedQuestion asked = asked_question(given.stories, 4);
  const auto read = static_cast<size_t>(given.task.max_num_sentences);
  while (asked.sentences.size() < read + 3) asked.sentences.insert(asked.sentences.begin(), asked.sentences[0]);
  asked.facts = {1, static_cast<int32_t>(read) + 2};
  const Explanation one = explain(plain, given.task, asked);
  CHECK(one.forgotten == 3);
  CHECK(one.trace.sentences() == static_cast<int64_t>(read));
  CHECK(one.asked.facts == std::vector<int32_t>{static_cast<int32_t>(read) - 1});
  const std::string text = text_of(explain_text(plain, given.task, one, 0));
  CHECK(text.find("*" + std::string(" ") + std::string(4 - std::to_string(read + 3).size(), ' ') +
                  std::to_string(read + 3)) != std::string::npos);
}

TEST_CASE("hits: the largest term, and the share of the facts among as many", "[study]") {
  const Questions given = some_questions(15, 4);
  const auto model = random_model({"", [](HMemQa::Config&) {}}, given.task);
  const PlainQa plain(*model);
  const QaTrace trace = trace_qa(plain, story_of(given.batch));
  const AnswerPair pair = answer_pair(trace);
  Attribution at = attribute(plain, trace, pair);
  at.writer = {5, 4, 3, 2, 1, 0, -1, -2};
  at.total = {-1, -2, 9, 0, 8, 0, 0, 0};
  std::vector<Outcome> left_out(8);
  for (size_t t = 0; t < 8; ++t) left_out[t] = {pair.answer, 1, 0, -static_cast<double>(t)};
  left_out[2].answer = left_out[3].answer = pair.answer + 1;
  const ExplanationHits hits = explanation_hits(plain, trace, at, left_out, {2, 4, 2});
  CHECK(hits.facts == 2);
  CHECK(hits.chance == 0.25);
  CHECK(hits.read.size() == 3);
  REQUIRE(hits.terms.size() == 5);
  CHECK(hits.terms[0].name == "writer");
  CHECK_FALSE(hits.terms[0].top);
  CHECK(hits.terms[0].recall == 0);
  CHECK(hits.terms[3].name == "writer + steerers");
  CHECK(hits.terms[3].top);
  CHECK(hits.terms[3].recall == 1);
  CHECK(hits.terms[4].name == "left out");
  CHECK(hits.terms[4].recall == 0);
  CHECK(hits.facts_flip == 1);
  CHECK(hits.others == 6);
  CHECK(hits.others_flip == 1);
  CHECK(explanation_hits(plain, trace, at, {}, {0}).terms[0].top);
  CHECK(explanation_hits(plain, trace, at, {}, {}).terms.empty());
  CHECK(error_text<Error>([&] { explanation_hits(plain, trace, at, {}, {8}); }).find("found the fact 8") == 0);
}
