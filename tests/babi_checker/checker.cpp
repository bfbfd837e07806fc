#include "babi_checker/checker.h"

#include <array>
#include <sstream>
#include <stdexcept>

namespace hmem::test::babi_checker {

namespace {

using Make = std::unique_ptr<Checker> (*)();

constexpr std::array<Make, 20> kCheckers = {single_supporting_fact,
                                            two_supporting_facts,
                                            three_supporting_facts,
                                            two_arg_relations,
                                            three_arg_relations,
                                            yes_no_questions,
                                            counting,
                                            lists_sets,
                                            simple_negation,
                                            indefinite_knowledge,
                                            basic_coreference,
                                            conjunction,
                                            compound_coreference,
                                            time_reasoning,
                                            basic_deduction,
                                            basic_induction,
                                            positional_reasoning,
                                            size_reasoning,
                                            path_finding,
                                            agents_motivations};

/// One line of a file: `id sentence` or `id question <tab> answer <tab> supporting ids`.
struct Line {
  Sentence sentence;
  std::string text, answer, supporting;
  bool question = false;
};

Line take_apart(const std::string& raw) {
  Line line;
  std::istringstream fields(raw);
  std::getline(fields, line.text, '\t');
  line.question = static_cast<bool>(std::getline(fields, line.answer, '\t'));
  std::getline(fields, line.supporting, '\t');
  std::istringstream words(line.text);
  words >> line.sentence.id;
  for (std::string word; words >> word;) line.sentence.words.push_back(word);
  if (line.sentence.words.empty()) throw std::runtime_error("a line without words: " + raw);
  std::string& last = line.sentence.words.back();
  if (last.back() == '.' || last.back() == '?') last.pop_back();
  return line;
}

std::string numbers(const std::vector<int>& ids) {
  std::string text;
  for (const int id : ids) text += (text.empty() ? "" : " ") + std::to_string(id);
  return text;
}

}  // namespace

std::unique_ptr<Checker> make_checker(int task) { return kCheckers.at(static_cast<size_t>(task - 1))(); }

Report check_text(int task, const std::string& text) {
  Report report;
  const std::unique_ptr<Checker> checker = make_checker(task);
  std::istringstream in(text);
  int number = 0;
  for (std::string raw; std::getline(in, raw);) {
    ++number;
    const Line line = take_apart(raw);
    Verdict verdict;
    try {
      if (line.sentence.id == 1) checker->begin_story();
      if (!line.question) {
        checker->hear(line.sentence);
        continue;
      }
      verdict = checker->answer(line.sentence);
    } catch (const std::exception& error) {
      verdict = {error.what(), {}, ""};
      if (!line.question) report.answers.push_back({number, line.text, "(a statement)", error.what(), ""});
    }
    if (!line.question) continue;
    ++report.questions;
    if (!verdict.ambiguity.empty()) ++report.ambiguities[verdict.ambiguity];
    if (verdict.answer == line.answer) {
      ++report.answers_agree;
    } else {
      report.answers.push_back({number, line.text, line.answer, verdict.answer, verdict.ambiguity});
    }
    if (!verdict.ambiguity.empty()) continue;
    ++report.unambiguous;
    if (numbers(verdict.supporting) == line.supporting) {
      ++report.supporting_agree;
    } else {
      report.supporting.push_back({number, line.text, line.supporting, numbers(verdict.supporting), ""});
    }
  }
  return report;
}

std::string Report::summary() const {
  std::ostringstream out;
  out << questions << " questions: " << answers_agree << " answers agree; of " << unambiguous
      << " unambiguous ones the supporting facts of " << supporting_agree << " agree\n";
  for (const auto& [name, count] : ambiguities) out << "  ambiguous: " << name << ": " << count << "\n";
  const auto list = [&out](const char* what, const std::vector<Disagreement>& rows) {
    for (size_t i = 0; i < rows.size() && i < 5; ++i) {
      out << "  " << what << ", line " << rows[i].line << ": " << rows[i].question << " expected '" << rows[i].expected
          << "', found '" << rows[i].found << "'" << (rows[i].ambiguity.empty() ? "" : " (" + rows[i].ambiguity + ")")
          << "\n";
    }
  };
  list("answer", answers);
  list("supporting", supporting);
  return out.str();
}

}  // namespace hmem::test::babi_checker
