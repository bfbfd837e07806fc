#include "hmem/tasks/babi/explain.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/parallel.h"
#include "hmem/core/text.h"
#include "hmem/data/babi/batch.h"
#include "hmem/data/babi/line.h"
#include "hmem/data/search.h"

namespace hmem {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHitKind = "explanation hits";

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", value);
  return text;
}

/// One question of a test set: without what only a picture of it needs.
ExplanationHits hits_of(const PlainQa& model, const BabiTask& task, AskedQuestion asked, bool left_out) {
  const auto told = static_cast<int64_t>(asked.sentences.size());
  const auto forgotten = static_cast<int32_t>(std::max<int64_t>(told - task.max_num_sentences, 0));
  for (int32_t& fact : asked.facts) fact -= forgotten;
  asked.facts.erase(std::remove_if(asked.facts.begin(), asked.facts.end(), [](int32_t fact) { return fact < 0; }),
                    asked.facts.end());
  const QaTrace trace = trace_qa(model, story_of(babi_question_batch(task, asked.sentences, asked.question)));
  const int32_t truth = task.vocabulary.id_of(asked.true_answer);
  const bool known = truth != Vocabulary::kNil;
  const AnswerPair pair = answer_pair(trace, known ? truth : -1);
  const Attribution at = attribute(model, trace, pair);
  const std::vector<Outcome> without = left_out ? leave_each_out(model, trace, pair) : std::vector<Outcome>();
  ExplanationHits hits = explanation_hits(model, trace, at, without, asked.facts);
  hits.right = known && truth == pair.answer;
  return hits;
}

}  // namespace

std::string find_babi_model(int task) {
  const std::string name = "weights/babi_task" + std::to_string(task) + ".safetensors";
  const auto found = find_data("", {name}, is_file);
  HMEM_CHECK(found, "there is no shipped model of task ", task, ": found no ", name,
             " in datasets or $HMEM_DATA, expected one (train it with babi_task_single --save=FILE and name it with "
             "--load=FILE)");
  return found->path.string();
}

HMemQa& explainable(const BabiModel& model, const std::string& path) {
  auto* network = dynamic_cast<HMemQa*>(model.network.get());
  HMEM_CHECK(network, path, ": holds a baseline, expected hmem_qa: only its answers are sums over a memory");
  return *network;
}

AskedQuestion read_asked_question(std::istream& in, const std::string& source, const std::string& question) {
  constexpr size_t kMaxLineBytes = size_t{1} << 20, kMaxSentences = 1000000;
  AskedQuestion asked, told;
  std::vector<int64_t> ids;  // line numbers of the sentences
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    const std::string where = source + ":" + std::to_string(number) + ": ";
    BabiLine read;
    try {
      HMEM_CHECK(line.size() <= kMaxLineBytes, "found more than ", kMaxLineBytes, " bytes, expected a sentence");
      read = read_babi_line(line);
    } catch (const Error& error) {
      fail(where, error.what());
    }
    if (read.number == 1) told = {}, ids.clear();
    for (BabiLine::Phrase& phrase : read.phrases) {
      if (!phrase.question) {
        HMEM_CHECK(told.sentences.size() < kMaxSentences, where, "found more than ", kMaxSentences,
                   " sentences, expected a story");
        told.sentences.push_back(std::move(phrase.words));
        ids.push_back(read.number.value_or(0));
        continue;
      }
      asked = told;
      asked.question = std::move(phrase.words);
    }
    if (read.answer.empty()) continue;
    asked.true_answer = read.answer;
    for (const int64_t fact : read.facts) {
      const auto found = std::find(ids.begin(), ids.end(), fact);
      if (found != ids.end()) asked.facts.push_back(static_cast<int32_t>(found - ids.begin()));
    }
  }
  HMEM_CHECK(!in.bad(), source, ": cannot be read");
  if (!question.empty()) {
    asked = std::move(told);
    asked.question = babi_words(question);
  }
  HMEM_CHECK(!asked.question.empty(), source, ": found no question, expected a line that ends in ? (or --question)");
  HMEM_CHECK(!asked.sentences.empty(), source, ": found no sentence before the question, expected a story");
  return asked;
}

HitSummary explain_all(const PlainQa& model, const BabiTask& task, const BabiStories& stories, bool left_out,
                       const ShowProgress& show, std::string* csv) {
  constexpr int64_t kPiece = 50;
  const auto count = static_cast<int64_t>(stories.questions.size());
  std::vector<ExplanationHits> hits(static_cast<size_t>(count));
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    if (show) show(begin, count);
    parallel_for(std::min(kPiece, count - begin), 1, [&](int64_t i) {
      AskedQuestion asked = asked_question(stories, begin + i);
      if (asked.sentences.empty()) return;
      hits[static_cast<size_t>(begin + i)] = hits_of(model, task, std::move(asked), left_out);
    });
  }
  if (show) show(count, count);

  HitSummary summary;
  summary.questions = count;
  int64_t right = 0, facts = 0, facts_flip = 0, others = 0, others_flip = 0;
  for (const ExplanationHits& one : hits) {
    right += one.right;
    summary.worst_residual = std::max(summary.worst_residual, one.worst_residual);
    if (one.facts == 0) continue;
    ++summary.with_facts;
    facts += one.facts, facts_flip += one.facts_flip, others += one.others, others_flip += one.others_flip;
    summary.chance += one.chance;
    summary.read.resize(one.read.size());
    for (size_t h = 0; h < one.read.size(); ++h) summary.read[h] += one.read[h];
    summary.terms.resize(one.terms.size());
    for (size_t i = 0; i < one.terms.size(); ++i) {
      HitSummary::Of& of = summary.terms[i];
      of.name = one.terms[i].name;
      of.top += one.terms[i].top, of.recall += one.terms[i].recall, of.all += one.terms[i].recall == 1;
    }
  }
  const auto share = [](double part, int64_t of) { return of > 0 ? part / static_cast<double>(of) : 0; };
  summary.error = 100 * share(static_cast<double>(count - right), count);
  summary.facts = share(static_cast<double>(facts), summary.with_facts);
  summary.chance = share(summary.chance, summary.with_facts);
  for (double& read : summary.read) read = share(read, summary.with_facts);
  for (HitSummary::Of& of : summary.terms) {
    for (double* value : {&of.top, &of.recall, &of.all}) *value = share(*value, summary.with_facts);
  }
  summary.facts_flip = share(static_cast<double>(facts_flip), facts);
  summary.others_flip = share(static_cast<double>(others_flip), others);

  if (csv) {
    *csv = "question,right,facts";
    for (const HitSummary::Of& of : summary.terms) {
      std::string name = of.name;
      name.erase(std::remove(name.begin(), name.end(), '+'), name.end());
      for (size_t at = 0; (at = name.find_first_of(' ', at)) != std::string::npos;) {
        const size_t end = std::min(name.find_first_not_of(' ', at), name.size());
        name.replace(at, end - at, "_");
      }
      *csv += "," + name + "_top," + name + "_recall";
    }
    *csv += ",residual\n";
    for (size_t i = 0; i < hits.size(); ++i) {
      *csv += std::to_string(i + 1) + (hits[i].right ? ",1," : ",0,") + std::to_string(hits[i].facts);
      for (size_t j = 0; j < summary.terms.size(); ++j) {
        const bool known = j < hits[i].terms.size();
        *csv +=
            known ? std::string(hits[i].terms[j].top ? ",1," : ",0,") + format_real(hits[i].terms[j].recall, 4) : ",,";
      }
      *csv += "," + format_real(hits[i].worst_residual, 2) + "\n";
    }
  }
  return summary;
}

std::vector<std::string> HitSummary::text() const {
  std::vector<std::string> lines = {
      detail::join_text(questions, " questions, ", with_facts, " with supporting facts: ", rounded(facts),
                        " a question; found by chance: ", rounded(chance)),
      "right answers: " + format_real(100 - error, 4) + " %"};
  if (with_facts == 0) return lines;
  std::string hops = "sentence with the largest share of what a hop reads is a fact:";
  for (size_t h = 0; h < read.size(); ++h) hops += "  hop " + std::to_string(h + 1) + " " + rounded(read[h]);
  lines.push_back(hops);
  char row[128];
  std::snprintf(row, sizeof(row), "%-22s %18s %20s %16s", "", "largest is a fact", "share of facts found",
                "all facts found");
  lines.emplace_back(row);
  bool left_out = false;
  for (const Of& of : terms) {
    std::snprintf(row, sizeof(row), "%-22s %18.2f %20.2f %16.3f", of.name.c_str(), of.top, of.recall, of.all);
    lines.emplace_back(row);
    left_out = left_out || of.name == "left out";
  }
  if (left_out) {
    lines.push_back("the answer changes without a fact " + rounded(facts_flip) + ", without another sentence " +
                    rounded(others_flip));
  }
  return lines;
}

std::string HitSummary::json() const {
  Json json = {{"kind", kHitKind},
               {"task", task},
               {"questions", questions},
               {"with_facts", with_facts},
               {"error", error},
               {"facts", facts},
               {"chance", chance},
               {"read", read},
               {"facts_flip", facts_flip},
               {"others_flip", others_flip},
               {"worst_residual", worst_residual}};
  for (const Of& of : terms) {
    json["terms"].push_back({{"name", of.name}, {"top", of.top}, {"recall", of.recall}, {"all", of.all}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

HitSummary read_hit_summary(const std::string& path) {
  constexpr size_t kMaxTerms = 100;
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= 3; };
  const Json json = Json::parse(read_file(path, size_t{1} << 20), shallow, /*allow_exceptions=*/false);
  HMEM_CHECK(json.is_object() && json.contains("kind") && json["kind"] == kHitKind, path,
             ": holds no explanation hits, expected what babi_explain --all --json writes");
  HitSummary summary;
  try {
    const auto whole = [&](const char* key) {
      return json.at(key).is_number_integer() ? json[key].get<int64_t>() : -1;
    };
    summary.task = whole("task"), summary.questions = whole("questions"), summary.with_facts = whole("with_facts");
    summary.error = json.at("error"), summary.facts = json.at("facts"), summary.chance = json.at("chance");
    summary.read = json.at("read").get<Vector>();
    summary.facts_flip = json.at("facts_flip"), summary.others_flip = json.at("others_flip");
    summary.worst_residual = json.at("worst_residual");
    for (const Json& of : json.value("terms", Json::array())) {
      summary.terms.push_back({of.at("name"), of.at("top"), of.at("recall"), of.at("all")});
    }
  } catch (const Json::exception& error) {
    fail(path, ": found damaged explanation hits: ", error.what());
  }
  HMEM_CHECK(summary.terms.size() <= kMaxTerms && summary.read.size() <= kMaxTerms, path, ": found more than ",
             kMaxTerms, " kinds of terms");
  return summary;
}

}  // namespace hmem
