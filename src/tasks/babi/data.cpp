#include "hmem/tasks/babi/data.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/core/hash.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

/// With jitter, ages go beyond the number of sentences.
constexpr double kAgesForJitter = 0.5;

std::vector<int64_t> numbers(int64_t begin, int64_t end) {
  std::vector<int64_t> all(static_cast<size_t>(end - begin));
  std::iota(all.begin(), all.end(), begin);
  return all;
}

/// Stories of all tasks, one after the other, and where the questions of each end.
struct JoinedStories {
  BabiStories stories;
  std::vector<int64_t> ends;

  void add(BabiStories more) {
    if (stories.questions.empty()) {
      stories = std::move(more);
    } else {
      append_stories(stories, more);
      stories.source = "all stories";
    }
    ends.push_back(static_cast<int64_t>(stories.questions.size()));
  }
};

/// The examples of `data` whose questions are begin..end-1 of the stories. Some may have been left out.
ExampleRange examples_of(const BabiDataset& data, int64_t begin, int64_t end) {
  const auto first_from = [&data](int64_t question) {
    const auto before = [](const BabiDataset::Example& example, int64_t number) { return example.question < number; };
    return std::lower_bound(data.examples.begin(), data.examples.end(), question, before) - data.examples.begin();
  };
  return {first_from(begin), first_from(end)};
}

ExampleRange appended(std::vector<int64_t>& examples, int64_t begin, int64_t end) {
  const auto first = static_cast<int64_t>(examples.size());
  for (int64_t example = begin; example < end; ++example) examples.push_back(example);
  return {first, static_cast<int64_t>(examples.size())};
}

/// Notes on stories that did not fit; the reported metrics cover the rest.
void add_notes(std::vector<std::string>& notes, const BabiTask& task) {
  const auto note = [&notes](int64_t count, const std::string& text) {
    if (count > 0) notes.push_back(std::to_string(count) + " " + text);
  };
  note(task.train.left_out, "training questions left out: their stories are longer than max_num_sentences");
  note(task.test.left_out, "test questions left out: their stories are longer; the test error covers the rest");
  note(task.train.shortened, "training stories cut to their latest max_num_sentences sentences");
  note(task.test.shortened, "test stories cut to their latest max_num_sentences sentences");
  note(task.test.unknown_words, "words of the test file are not in the training data: read as nil");
  note(task.test.unknown_answers, "test answers are not in the training data: they count as errors");
  note(task.test.cut, "test sentences or questions are longer than those of the training data: cut");
}

/// "task 1: --rename permutes 10 words of 2 classes: daniel john mary sandra, bathroom bedroom .."
std::string renaming_note(int64_t task, const std::vector<ExchangeableWords>& classes) {
  std::string words;
  size_t count = 0;
  for (const ExchangeableWords& things : classes) {
    for (const std::vector<std::string>& forms : things)
      words += (&forms == &things[0] ? ", " : " ") + join(forms, "/");
    count += things.size();
  }
  return "task " + std::to_string(task) + ": --rename permutes " + std::to_string(count) + " words of " +
         std::to_string(classes.size()) + " classes" + (count > 0 ? ": " + words.substr(2) : "");
}

}  // namespace

BabiDataFlags::BabiDataFlags(const Options& options, uint64_t seed_in)
    : source(find_babi(options.get_string("data_dir"))),
      test_source(source),
      size(options.get_string("training_set_size")),
      stories(babi_story_options(options)),
      validation_split(options.get_real("validation_split")),
      rename(options.get_real("rename") > 0),
      seed(seed_in) {
  if (options.get_switch("online") && !source.generated()) {
    throw UsageError("--online makes new stories for every epoch and needs --data_dir=generated, found " +
                     source.description);
  }
  vectorise.max_num_sentences = static_cast<int>(options.get_int("max_num_sentences"));
  vectorise.keep_latest = options.get_switch("keep_latest");
  if (options.get_real("age_jitter") > 0) vectorise.extra_ages = kAgesForJitter;
  vectorise.separate_test = !options.get_string("test_data_dir").empty();
  if (vectorise.separate_test) test_source = find_babi(options.get_string("test_data_dir"));
}

BabiStories BabiDataFlags::train(int task) const {
  return load_babi(source, task, size, BabiPart::train, seed, stories);
}

BabiStories BabiDataFlags::test(int task) const {
  if (!vectorise.separate_test) return load_babi(source, task, size, BabiPart::test, seed, stories);
  const std::string& test_size = test_source.generated() || size == "1k" ? size : "10k";  // the test sets are the same
  return load_babi(test_source, task, test_size, BabiPart::test, seed);
}

BabiSplit split_babi(int64_t count, double validation_split) {
  const int64_t kept = training_count(count, validation_split);
  return {numbers(0, kept), numbers(kept, count)};
}

std::string BabiData::task_text() const { return number_list_text(tasks); }

std::string BabiData::hash() const {
  Fnv1a hash;
  hash.add_all(task.sentences);
  for (const BabiDataset* data : {&task.train, &task.test}) {
    for (const BabiDataset::Example& example : data->examples) {
      hash.add(static_cast<uint64_t>(example.begin));
      hash.add(static_cast<uint64_t>(example.end));
    }
    hash.add_all(data->story_sentences);
    hash.add_all(data->questions);
    hash.add_all(data->answers);
  }
  return hash_text(hash.value());
}

BabiData load_babi_data(const BabiDataFlags& flags, const std::vector<int64_t>& tasks, bool joint) {
  HMEM_CHECK(!tasks.empty(), "training needs at least one task");
  BabiData data;
  data.tasks = tasks;
  std::sort(data.tasks.begin(), data.tasks.end());
  data.joint = joint;
  data.description = flags.source.description;
  if (flags.source.direct) {
    data.notes.push_back("the files of " + flags.source.folder.string() +
                         " are read, whatever --training_set_size says");
  }
  JoinedStories train, test;
  std::vector<int64_t> own_validation;  // of a task with a validation file: its first question; else -1
  for (const int64_t id : data.tasks) {
    const int task = static_cast<int>(id);
    if (task == 3 && joint && lacks_training_file(flags.source, task, flags.size)) {
      train.add(load_babi(find_babi("generated"), task, flags.size, BabiPart::train, flags.seed, flags.stories));
      data.notes.push_back(generated_training_note(id, !flags.vectorise.separate_test));
    } else {
      train.add(flags.train(task));
    }
    own_validation.push_back(-1);
    if (std::optional<BabiStories> validation = load_babi_validation(flags.source, task)) {
      own_validation.back() = train.ends.back();
      train.ends.pop_back();
      train.add(*std::move(validation));
      data.notes.push_back("task " + std::to_string(id) +
                           ": validated on its own file, whatever --validation_split says");
    }
    test.add(flags.test(task));
  }
  data.task = vectorise_babi(train.stories, test.stories, flags.vectorise);

  int64_t train_begin = 0, test_begin = 0;
  for (size_t i = 0; i < data.tasks.size(); ++i) {
    BabiTaskRange range;
    range.task = data.tasks[i];
    const ExampleRange file = examples_of(data.task.train, train_begin, train.ends[i]);
    range.test = examples_of(data.task.test, test_begin, test.ends[i]);
    train_begin = train.ends[i];
    test_begin = test.ends[i];
    HMEM_CHECK(file.count() > 0 && range.test.count() > 0, "task ", range.task, ": every ",
               file.count() > 0 ? "test" : "training", " story has more than ", data.task.max_num_sentences,
               " sentences, so none is left; raise --max_num_sentences or set --keep_latest");
    const int64_t kept = own_validation[i] >= 0 ? examples_of(data.task.train, own_validation[i], train.ends[i]).begin
                                                : file.begin + training_count(file.count(), flags.validation_split);
    range.train = appended(data.split.train, file.begin, kept);
    range.validation = appended(data.split.validation, kept, file.end);
    data.ranges.push_back(range);
    if (!flags.rename) continue;
    data.renaming.push_back(find_exchangeable_words(data.task, file.begin, kept));
    data.notes.push_back(renaming_note(range.task, data.renaming.back().classes));
  }
  add_notes(data.notes, data.task);
  return data;
}

BabiStories generate_epoch(const std::vector<BabiTaskRange>& ranges, uint64_t seed, const BabiStoryOptions& options,
                           int64_t epoch) {
  JoinedStories joined;
  for (const BabiTaskRange& range : ranges) {
    joined.add(generate_babi_epoch(static_cast<int>(range.task), range.train.count(), seed, options, epoch));
  }
  return std::move(joined.stories);
}

}  // namespace hmem
