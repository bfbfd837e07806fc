#pragma once
/// \file checker.h
/// Rule-based readers of bAbI stories: one per task family, independent of the library and of the generator. Each sees
/// the text alone, answers every question and names the statements that its answer rests on. Agreement with the
/// official files validates the readers; their agreement with the generator validates the generator.

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hmem::test::babi_checker {

/// A statement or question as it stands in the file: id and words, split at spaces, case kept, the final `.` or `?`
/// removed from the last word.
struct Sentence {
  int id = 0;
  std::vector<std::string> words;
};

struct Verdict {
  std::string answer;
  std::vector<int> supporting;  ///< ids of statements, in the order of the official files
  /// Not empty: the text allows another answer, or other supporting statements, than these; a few words that name the
  /// class of ambiguity, the same for all questions of the class. Found in the text alone.
  std::string ambiguity;
};

/// Reads a story; throws std::runtime_error on a sentence that its task does not have or a question whose answer does
/// not follow from what it heard.
class Checker {
 public:
  virtual ~Checker() = default;
  virtual void begin_story() = 0;
  virtual void hear(const Sentence& statement) = 0;
  virtual Verdict answer(const Sentence& question) = 0;
};

// One function per task; each is in the file of its family.
std::unique_ptr<Checker> single_supporting_fact();  // 1, whereabouts.cpp
std::unique_ptr<Checker> two_supporting_facts();    // 2, carried_objects.cpp
std::unique_ptr<Checker> three_supporting_facts();  // 3, carried_objects.cpp
std::unique_ptr<Checker> two_arg_relations();       // 4, directions.cpp
std::unique_ptr<Checker> three_arg_relations();     // 5, giving.cpp
std::unique_ptr<Checker> yes_no_questions();        // 6, whereabouts.cpp
std::unique_ptr<Checker> counting();                // 7, possessions.cpp
std::unique_ptr<Checker> lists_sets();              // 8, possessions.cpp
std::unique_ptr<Checker> simple_negation();         // 9, negation.cpp
std::unique_ptr<Checker> indefinite_knowledge();    // 10, indefinite.cpp
std::unique_ptr<Checker> basic_coreference();       // 11, coreference.cpp
std::unique_ptr<Checker> conjunction();             // 12, coreference.cpp
std::unique_ptr<Checker> compound_coreference();    // 13, coreference.cpp
std::unique_ptr<Checker> time_reasoning();          // 14, time_of_day.cpp
std::unique_ptr<Checker> basic_deduction();         // 15, deduction.cpp
std::unique_ptr<Checker> basic_induction();         // 16, induction.cpp
std::unique_ptr<Checker> positional_reasoning();    // 17, positions.cpp
std::unique_ptr<Checker> size_reasoning();          // 18, sizes.cpp
std::unique_ptr<Checker> path_finding();            // 19, paths.cpp
std::unique_ptr<Checker> agents_motivations();      // 20, motivations.cpp

/// The checker of a task, 1 to 20.
std::unique_ptr<Checker> make_checker(int task);

/// The result of comparing a text with a checker.
struct Report {
  struct Disagreement {
    int line = 0;  ///< of the text, from 1
    std::string question, expected, found, ambiguity;
  };

  int questions = 0;
  int answers_agree = 0;
  int supporting_agree = 0;  ///< of the questions that the checker does not call ambiguous
  int unambiguous = 0;
  std::vector<Disagreement> answers, supporting;  ///< supporting: only of unambiguous questions
  std::map<std::string, int> ambiguities;         ///< how many questions of each class, whether they agree or not

  std::string summary() const;
};

/// Reads `text` in the official format with the checker of `task` and compares every answer and list of supporting
/// statements. An exception of the checker counts as a disagreement with its text as `found`.
Report check_text(int task, const std::string& text);

}  // namespace hmem::test::babi_checker
