#include <algorithm>
#include <map>
#include <set>

#include "babi_checker/checker.h"
#include "babi_checker/inference_words.h"

namespace hmem::test::babi_checker {

namespace {

struct Wish {
  std::string place, object;
};

/// What a story asks for in its first question and never tells.
const std::map<std::string, Wish> kWishes = {{"bored", {"garden", "football"}},
                                             {"hungry", {"kitchen", "apple"}},
                                             {"thirsty", {"kitchen", "milk"}},
                                             {"tired", {"bedroom", "pajamas"}}};

/// "Sumit is tired." Where will sumit go? bedroom. "Sumit went to the bedroom." Why did sumit go to the bedroom? tired.
/// "Sumit took the pajamas there." Why did sumit get the pajamas? tired. Supporting: the statement of the motive.
///
/// Each person first is in a mood, then goes where the mood leads, then gets the thing the mood wants, unless somebody
/// else got it before (as in all complete official stories); any other event is an error. Official files:
/// one mood per person, a question right after each statement, nothing ambiguous. Here a person may get into another
/// mood after the journey, as long as it leads elsewhere; if then two moods led to the same place, "Why did ... go
/// there?" has two answers and the later one is given. Never asked: where somebody will go who has already gone.
class Motivations : public Checker {
 public:
  void begin_story() override {
    moods_.clear();
    taken_.clear();
  }

  void hear(const Sentence& statement) override {
    static const Form kIs("? is ?");
    static const std::vector<Form> kGo =
        forms({"went to", "went back to", "journeyed to", "moved to", "travelled to"}, "");
    static const std::vector<Form> kGet = forms({"got", "grabbed", "took", "picked up"}, " there");
    std::vector<std::string> found;
    if (kIs.match(statement, found)) {
      std::vector<Mood>& moods = moods_[lower(found[0])];
      const auto wish = kWishes.find(found[1]);
      if (wish == kWishes.end()) fail(statement, "an unknown mood");
      if (!moods.empty() && !moods.back().gone) fail(statement, "a second mood before the first had led anywhere");
      moods.push_back({found[1], &wish->second, statement.id, false, false});
    } else if (match_any(kGo, statement, found)) {
      Mood& mood = last_mood(statement, found[0]);
      const std::vector<Mood>& moods = moods_.at(lower(found[0]));
      if (mood.gone) fail(statement, "a journey without a mood");
      if (found[1] != mood.wish->place) fail(statement, "a journey to another place than the mood leads to");
      if (moods.size() > 1 && moods[moods.size() - 2].wish->place == found[1])
        fail(statement, "a journey to the same place");
      mood.gone = true;
    } else if (match_any(kGet, statement, found)) {
      Mood& mood = last_mood(statement, found[0]);
      if (!mood.gone) fail(statement, "a thing got before the journey");
      if (found[1] != mood.wish->object) fail(statement, "a thing that the mood does not want");
      if (!taken_.insert(found[1]).second) fail(statement, "a thing that somebody has");
      mood.got = true;
    } else {
      fail(statement, "not a statement of task 20");
    }
  }

  Verdict answer(const Sentence& question) override {
    static const Form kWhere("Where will ? go"), kWhyGo("Why did ? go to the *"), kWhyGet("Why did ? get the *");
    std::vector<std::string> found;
    if (kWhere.match(question, found)) {
      const Mood& mood = last_mood(question, found[0]);
      if (mood.gone) fail(question, "where somebody will go who has already gone");
      return {mood.wish->place, {mood.id}, ""};
    }
    const bool go = kWhyGo.match(question, found);
    if (!go && !kWhyGet.match(question, found)) fail(question, "not a question of task 20");
    last_mood(question, found[0]);
    Verdict verdict;
    for (const Mood& mood : moods_.at(lower(found[0]))) {
      if (go ? !mood.gone || mood.wish->place != found[1] : !mood.got || mood.wish->object != found[1]) continue;
      if (!verdict.answer.empty()) verdict.ambiguity = "somebody went there more than once";
      verdict.answer = mood.name;
      verdict.supporting = {mood.id};
    }
    if (verdict.answer.empty()) fail(question, "this did not happen");
    return verdict;
  }

 private:
  struct Mood {
    std::string name;
    const Wish* wish;
    int id;
    bool gone, got;
  };

  static std::vector<Form> forms(const std::vector<std::string>& verbs, const std::string& end) {
    std::vector<Form> forms;
    for (const std::string& verb : verbs) forms.emplace_back("? " + verb + " the *" + end);
    return forms;
  }

  static bool match_any(const std::vector<Form>& forms, const Sentence& sentence, std::vector<std::string>& found) {
    return std::any_of(forms.begin(), forms.end(), [&](const Form& form) { return form.match(sentence, found); });
  }

  Mood& last_mood(const Sentence& sentence, const std::string& name) {
    const auto moods = moods_.find(lower(name));
    if (moods == moods_.end()) fail(sentence, "somebody whose mood was not told");
    return moods->second.back();
  }

  std::map<std::string, std::vector<Mood>> moods_;  ///< of a person
  std::set<std::string> taken_;
};

}  // namespace

std::unique_ptr<Checker> agents_motivations() { return std::make_unique<Motivations>(); }

}  // namespace hmem::test::babi_checker
