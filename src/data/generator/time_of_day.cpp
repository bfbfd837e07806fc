// Where people were at which time of day, told in another order.

#include <utility>

#include "data/generator/walks.h"
#include "hmem/core/check.h"

namespace hmem::babi_tasks {

namespace {

struct Time {
  std::string_view at_begin, at_end;
};

constexpr std::array<Time, 4> kTimes = {{
    {"Yesterday", "yesterday"},
    {"This morning", "this morning"},
    {"This afternoon", "this afternoon"},
    {"This evening", "this evening"},
}};

struct Visit {
  size_t place;
  int line;
};

/// A visit by its person and time.
struct Mention {
  size_t person, time;
};

class Diary {
 public:
  explicit Diary(const Cast& cast) : visits_(cast.people), places_(cast.rooms) {}

  /// Adds a visit: anybody whose day is not full, at their next time, to any place but their latest one; nothing when
  /// all days are full. With `to_ask`, somebody who has been somewhere before is preferred, so that a question is
  /// possible.
  void add_visit(bool to_ask, Rng& rng) {
    std::vector<size_t> free, free_with_visits;
    for (size_t person = 0; person < visits_.size(); ++person) {
      if (visits_[person].size() == kTimes.size()) continue;
      free.push_back(person);
      if (!visits_[person].empty()) free_with_visits.push_back(person);
    }
    if (free.empty()) return;
    const std::vector<size_t>& people = to_ask && !free_with_visits.empty() ? free_with_visits : free;
    const size_t person = people[pick_index(people.size(), rng)];
    std::vector<Visit>& day = visits_[person];
    const size_t place = day.empty() ? pick_index(places_, rng) : pick_other(places_, day.back().place, rng);
    mentions_.push_back({person, day.size()});
    day.push_back({place, 0});
  }

  bool full() const { return mentions_.size() == visits_.size() * kTimes.size(); }

  /// Possible questions: for each of the latest five visits, the person's latest visit to that place, unless it is
  /// their first visit.
  std::vector<Mention> askable() const {
    constexpr size_t kRecent = 5;
    std::vector<Mention> questions;
    for (size_t i = mentions_.size() - std::min(kRecent, mentions_.size()); i < mentions_.size(); ++i) {
      const auto [person, time] = mentions_[i];
      const std::vector<Visit>& day = visits_[person];
      size_t latest = day.size() - 1;
      while (day[latest].place != day[time].place) --latest;
      if (latest > 0) questions.push_back({person, latest});
    }
    return questions;
  }

  /// States the visits that have not been told. Each stands elsewhere than in its order in time, all such cyclic
  /// permutations are equally likely: two visits change places.
  void tell(StoryText& story, Rng& rng) {
    std::vector<Mention> news(mentions_.begin() + static_cast<std::ptrdiff_t>(told_), mentions_.end());
    for (size_t i = news.size(); i-- > 1;) std::swap(news[i], news[pick_index(i, rng)]);
    for (const auto [person, time] : news) {
      Visit& visit = visits_[person][time];
      const std::string walk = walk_clause(kTownPeople[person], kTownPlaces[visit.place], rng);
      visit.line = story.say(chance(1, 2, rng) ? join(kTimes[time].at_begin, " ", walk, ".")
                                               : join(walk, " ", kTimes[time].at_end, "."));
    }
    told_ = mentions_.size();
  }

  void ask(const Mention& question, StoryText& story) const {
    const Visit& there = visits_[question.person][question.time];
    const Visit& before = visits_[question.person][question.time - 1];
    story.ask(join("Where was ", kTownPeople[question.person], " before the ", kTownPlaces[there.place], "? "),
              kTownPlaces[before.place], {there.line, before.line});
  }

 private:
  std::vector<std::vector<Visit>> visits_;  ///< of each person, in order of time
  std::vector<Mention> mentions_;           ///< all visits in the order in which they were drawn
  size_t places_, told_ = 0;
};

void check_length(const BabiStoryOptions& options) {
  const int actors = options.actors.value_or(kOfficialPeople), times = kTimes.size();
  const int most = actors * times;
  if (options.story_length.value_or(0) <= most) return;
  throw UsageError("story_length " + std::to_string(*options.story_length) + " is too long for " +
                   std::to_string(actors) + " actors, expected at most " + std::to_string(most) +
                   ": one statement for each actor and time of day");
}

}  // namespace

/// Task 14. Five times two visits and a question; where nothing can be asked, two more visits come first, and all of
/// them are told together: official stories begin with two (24%), four (66%) or six statements (10%). A person's visits
/// are drawn in order of time from yesterday on, without gaps, and told in another order. Questions are about the
/// latest five visits; for a place that the person visited twice, the later visit counts. Supporting facts: this visit,
/// then the one before it. "Where was Mary before the park?" never occurs for her first place.
///
/// Stories end early when everybody's day is full, which takes fewer than four actors. With a given length the last
/// statement is about somebody who was mentioned before, so that a question can follow.
static void write_time_reasoning(StoryText& story, const BabiStoryOptions& options, Rng& rng) {
  constexpr int kQuestions = 5, kVisitsPerRound = 2;
  Diary diary{Cast(options)};
  story.begin_story();
  int visits = 0, asked = 0;
  const auto ended = [&] {
    return diary.full() || (options.story_length ? visits == *options.story_length : asked == kQuestions);
  };
  while (!ended()) {
    for (int i = 0; i < kVisitsPerRound && visits != options.story_length; ++i) {
      ++visits;
      diary.add_visit(visits == options.story_length, rng);
    }
    const std::vector<Mention> questions = diary.askable();
    if (questions.empty()) continue;
    diary.tell(story, rng);
    diary.ask(questions[pick_index(questions.size(), rng)], story);
    ++asked;
  }
}

TaskFamily time_reasoning() {
  TaskFamily family;
  family.task = 14;
  family.name = "time-reasoning";
  family.write_story = write_time_reasoning;
  set_walk_options(family, 1, 2);
  family.story_length = {2, 64, "there are 16 names and 4 times of day"};
  family.check = check_length;
  return family;
}

}  // namespace hmem::babi_tasks
