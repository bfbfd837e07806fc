#include <array>
#include <map>
#include <utility>

#include "babi_checker/checker.h"
#include "babi_checker/walks.h"

namespace hmem::test::babi_checker {

namespace {

/// From the first to the last, as at the end of a sentence; at its beginning with a capital.
constexpr std::array<std::string_view, 4> kTimes = {"yesterday", "this morning", "this afternoon", "this evening"};

/// Task 14, `Where was Mary before the office?`. Everybody walks at most once at each of the four times, told in any
/// order (`Mary went to the office this morning`, `Yesterday Mary moved to the park`). The answer is where the person
/// was at the time just before that of the office; it rests on the walk to the office and the one before, in this
/// order. Nobody walks to where they are at the time before or after.
///
/// In the official files the times told so far of the person asked about have no gap and begin with yesterday. The room
/// asked for is not always the one where the person was last (26 % of the questions).
///
/// Ambiguous: the person walked to that room at two times, both after another one; officially the later visit counts.
/// If the first of the visits was yesterday, so that nothing is known before it, the question has only one answer.
/// - `came there from two rooms`, two answers: 271 of 10,000 questions of the training file, 29 of 1,000 of the test
/// file;
/// - `came there twice from the same room`, two lists of supporting statements: 79 and 1.
class TimeReasoning : public Checker {
 public:
  void begin_story() override { days_.clear(); }

  void hear(const Sentence& statement) override {
    const auto [time, rest] = split(statement);
    const auto moved = walk(rest);
    if (!moved || moved->subject.size() != 1 || !is_name(moved->subject[0])) reject(statement, "not one person's walk");
    Day& day = days_[moved->subject[0]];
    if (day.count(time) != 0) reject(statement, "the person walks twice at that time");
    for (const size_t beside : {time - 1, time + 1}) {  // 0 - 1 is not a time either
      const auto visit = day.find(beside);
      if (visit != day.end() && visit->second.room == moved->room) reject(statement, "the person stays where they are");
    }
    day[time] = {statement.id, moved->room};
  }

  Verdict answer(const Sentence& question) override {
    const auto asked = match(question.words, "Where was <who> before the <room>");
    if (!asked) reject(question, "not a question of this task");
    const auto day = days_.find((*asked)[0]);
    if (day == days_.end()) reject(question, "nothing was said about this person");
    std::vector<std::pair<Visit, Visit>> ways;  // just before the room, in the room
    int latest = 0;
    for (const auto& [time, visit] : day->second) {
      if (visit.room != (*asked)[1]) continue;
      latest = visit.id;
      if (const auto before = day->second.find(time - 1); before != day->second.end())
        ways.emplace_back(before->second, visit);
    }
    if (latest == 0) reject(question, "the person was never there");
    if (ways.empty() || ways.back().second.id != latest)
      reject(question, "nothing was said about the time just before");
    const auto& [from, there] = ways.back();
    Verdict verdict{from.room, {there.id, from.id}, ""};
    if (ways.size() > 1) verdict.ambiguity = "came there twice from the same room";
    for (const auto& [other, arrival] : ways) {
      if (other.room != from.room) verdict.ambiguity = "came there from two rooms";
    }
    return verdict;
  }

 private:
  struct Visit {
    int id = 0;
    std::string room;
  };
  using Day = std::map<size_t, Visit>;  ///< by time

  /// The time, as an index of kTimes, and the other words.
  static std::pair<size_t, std::vector<std::string>> split(const Sentence& statement) {
    const auto& words = statement.words;
    for (size_t time = 0; time < kTimes.size(); ++time) {
      std::string start(kTimes[time]);
      const auto length = static_cast<std::ptrdiff_t>(time == 0 ? 1 : 2);
      if (static_cast<std::ptrdiff_t>(words.size()) <= length) continue;
      if (match({words.end() - length, words.end()}, start)) return {time, {words.begin(), words.end() - length}};
      start[0] = time == 0 ? 'Y' : 'T';
      if (match({words.begin(), words.begin() + length}, start)) return {time, {words.begin() + length, words.end()}};
    }
    reject(statement, "no time of day");
  }

  std::map<std::string, Day> days_;
};

}  // namespace

std::unique_ptr<Checker> time_reasoning() { return std::make_unique<TimeReasoning>(); }

}  // namespace hmem::test::babi_checker
