#include <map>
#include <stdexcept>

#include "babi_checker/checker.h"
#include "babi_checker/inference_words.h"

namespace hmem::test::babi_checker {

namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// "mice" -> "mouse", "wolves" -> "wolf", "cats" -> "cat": the rules of English and the irregular animals.
std::string singular(const std::string& plural) {
  static const std::map<std::string, std::string> kIrregular = {
      {"mice", "mouse"}, {"geese", "goose"}, {"oxen", "ox"},     {"lice", "louse"},  {"sheep", "sheep"},
      {"deer", "deer"},  {"fish", "fish"},   {"moose", "moose"}, {"bison", "bison"}, {"salmon", "salmon"}};
  const size_t blank = plural.rfind(' ');
  const std::string before = blank == std::string::npos ? "" : plural.substr(0, blank + 1);
  const std::string word = plural.substr(before.size());
  const auto irregular = kIrregular.find(word);
  if (irregular != kIrregular.end()) return before + irregular->second;
  if (ends_with(word, "lves")) return before + word.substr(0, word.size() - 3) + "f";
  if (ends_with(word, "ies")) return before + word.substr(0, word.size() - 3) + "y";
  for (const char* end : {"ches", "shes", "xes", "sses"}) {
    if (ends_with(word, end)) return before + word.substr(0, word.size() - 2);
  }
  if (!ends_with(word, "s")) throw std::runtime_error("not a plural: " + word);
  return before + word.substr(0, word.size() - 1);
}

/// "Cats are afraid of wolves." and "Emily is a cat." give "What is emily afraid of?" wolf; supporting: the kind of the
/// animal asked for, then the fear of that kind.
///
/// In the official files each kind has one fear, never of itself, and each animal one kind, and all are told before the
/// first question; so nothing is ambiguous, and a second fear or kind is an error. Never asked: what an animal fears
/// whose kind fears nothing; what is feared indirectly; who is afraid.
class Deduction : public Checker {
 public:
  void begin_story() override {
    kinds_.clear();
    fears_.clear();
  }

  void hear(const Sentence& statement) override {
    static const Form kFear("* are afraid of *"), kKind("? is a *"), kKindAn("? is an *");
    std::vector<std::string> found;
    if (kFear.match(statement, found)) {
      const std::string kind = singular(lower(found[0])), feared = singular(found[1]);
      if (kind == feared) fail(statement, "a kind that fears itself");
      if (!fears_.emplace(kind, Fact{feared, statement.id}).second) fail(statement, "a second fear of a kind");
    } else if (kKind.match(statement, found) || kKindAn.match(statement, found)) {
      if (!kinds_.emplace(lower(found[0]), Fact{found[1], statement.id}).second) {
        fail(statement, "a second kind of an animal");
      }
    } else {
      fail(statement, "not a statement of task 15");
    }
  }

  Verdict answer(const Sentence& question) override {
    static const Form kWhat("What is ? afraid of");
    std::vector<std::string> found;
    if (!kWhat.match(question, found)) fail(question, "not a question of task 15");
    const auto kind = kinds_.find(lower(found[0]));
    if (kind == kinds_.end()) fail(question, "the kind of this animal is not known");
    const auto fear = fears_.find(kind->second.what);
    if (fear == fears_.end()) fail(question, "what this kind fears is not known");
    return {fear->second.what, {kind->second.id, fear->second.id}, ""};
  }

 private:
  struct Fact {
    std::string what;
    int id;
  };
  std::map<std::string, Fact> kinds_;  ///< of an animal
  std::map<std::string, Fact> fears_;  ///< of a kind
};

}  // namespace

std::unique_ptr<Checker> basic_deduction() { return std::make_unique<Deduction>(); }

}  // namespace hmem::test::babi_checker
