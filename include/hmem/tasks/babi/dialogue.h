#pragma once
/// \file dialogue.h
/// A story told line by line to a trained model, and its answers.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hmem/data/babi/line.h"
#include "hmem/study/explain.h"
#include "hmem/tasks/babi/model.h"

namespace hmem {

class BabiDialogue {
 public:
  struct Settings {
    int64_t top = 3;    ///< answers shown for a question, most probable first
    bool notes = true;  ///< print notes about unknown words and forgotten sentences
  };
  /// The stories of `:story`; called once, at the first use.
  using LoadStories = std::function<BabiStories()>;

  /// The model of `file`, with an empty story. Throws Error for an invalid file.
  BabiDialogue(const ModelFile& file, const Settings& settings, LoadStories load_stories);

  /// Lines to print after a line of input. A line holds sentences, each up to a `.` or the end, and questions, each up
  /// to a `?`; or it is one of the commands that `:help` lists. Lines of a bAbI file are read as such: number 1 begins
  /// a new story, and the answer behind a tab is compared with the model's. Throws Error, one line, for an unknown
  /// command, a number out of range or a line that is not text; the story then stays unchanged.
  std::vector<std::string> reply(std::string_view line);

  /// Whether `:quit` was given.
  bool finished() const { return finished_; }
  /// "task 1, 19 words, stories of up to 10 sentences, sentences of up to 6 words"
  std::string description() const;
  /// Task of the model as in its file: a number, or a list such as "1-3,7".
  const std::string& task_id() const { return model_.task_id; }

 private:
  using Phrase = BabiLine::Phrase;
  using Lines = std::vector<std::string>;

  Lines command(std::string_view line);
  Lines show_story(int64_t number);
  Lines why();
  /// Returns the answer of the last question, if it has one.
  std::optional<int32_t> take(const std::vector<Phrase>& phrases, Lines& lines);
  std::string verdict(const std::string& answer, std::optional<int32_t> found) const;
  void tell(const BabiWords& sentence, Lines& lines);
  /// Id of the most probable answer; none when the question cannot be answered.
  std::optional<int32_t> ask(const BabiWords& question, Lines& lines);
  void reset();
  void note(const std::string& text, Lines& lines) const;
  void warn_unknown(const std::vector<Phrase>& phrases, Lines& lines) const;
  void note_cut(const BabiWords& words, int slots, const char* what, Lines& lines) const;
  /// Null when no known word is similar.
  const std::string* nearest_word(std::string_view word) const;
  std::string answer_text(int32_t id) const;

  Settings settings_;
  LoadStories load_stories_;
  BabiModel model_;
  Tape tape_;
  std::vector<BabiWords> story_;  // at most max_num_sentences
  AskedQuestion asked_;           // the last one that was answered; no question: none
  std::optional<PlainQa> plain_;  // made at the first :why
  bool forgot_ = false;           // the story was longer
  bool numbered_ = false;         // a line had a number
  std::optional<BabiStories> test_stories_;
  int64_t next_story_ = 1;
  bool finished_ = false;
};

}  // namespace hmem
