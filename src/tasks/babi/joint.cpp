#include "hmem/tasks/babi/joint.h"

#include <algorithm>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/tasks/babi/report.h"

namespace hmem {

namespace {

/// Stories of all tasks, one after the other, and where the questions of each end.
struct JoinedStories {
  BabiStories stories;
  std::vector<int64_t> ends;

  void add(BabiStories more) {
    if (ends.empty()) {
      stories = std::move(more);
    } else {
      append_stories(stories, more);
      stories.source = "the stories of all tasks";
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

}  // namespace

BabiJointData load_babi_joint(const BabiDataFlags& flags, const std::vector<int64_t>& tasks, double validation_split) {
  HMEM_CHECK(!tasks.empty(), "joint training needs at least one task");
  BabiJointData joint;
  joint.description = flags.source.description;
  JoinedStories train, test;
  for (const int64_t id : tasks) {
    const int task = static_cast<int>(id);
    if (task == 3 && lacks_training_file(flags.source, task, flags.size)) {
      train.add(load_babi(find_babi("generated", ""), task, flags.size, BabiPart::kTrain, flags.seed, flags.stories));
      joint.notes.push_back(generated_training_note(id, !flags.vectorise.separate_test));
    } else {
      train.add(flags.train(task));
    }
    test.add(flags.test(task));
  }
  joint.task = vectorise_babi(train.stories, test.stories, flags.vectorise);

  int64_t train_begin = 0, test_begin = 0;
  for (size_t i = 0; i < tasks.size(); ++i) {
    BabiTaskRange range;
    range.task = tasks[i];
    const ExampleRange file = examples_of(joint.task.train, train_begin, train.ends[i]);
    range.test = examples_of(joint.task.test, test_begin, test.ends[i]);
    train_begin = train.ends[i];
    test_begin = test.ends[i];
    HMEM_CHECK(file.count() > 0 && range.test.count() > 0, "task ", tasks[i], ": every ",
               file.count() > 0 ? "test" : "training", " story has more than ", joint.task.max_num_sentences,
               " sentences, so none is left; raise --max_num_sentences or set --keep_latest");
    const int64_t kept = file.begin + training_count(file.count(), validation_split);
    range.train = appended(joint.split.train, file.begin, kept);
    range.validation = appended(joint.split.validation, kept, file.end);
    joint.ranges.push_back(range);
  }
  return joint;
}

BabiStories generate_joint_epoch(const std::vector<BabiTaskRange>& ranges, uint64_t seed,
                                 const BabiStoryOptions& options, int64_t epoch) {
  JoinedStories joined;
  for (const BabiTaskRange& range : ranges) {
    joined.add(generate_babi_epoch(static_cast<int>(range.task), range.train.count(), seed, options, epoch));
  }
  return std::move(joined.stories);
}

JointResults evaluate_tasks(Learner& learner, const std::vector<BabiTaskRange>& ranges, int64_t batch_size) {
  const auto evaluate_part = [&](Learner::Part part, const ExampleRange& range) {
    return evaluate_range(learner, part, range.begin, range.end, batch_size);
  };
  JointResults results;
  RunningSums all;
  for (const BabiTaskRange& range : ranges) {
    const TaskResult result = {range, evaluate_part(Learner::Part::validation, range.validation),
                               evaluate_part(Learner::Part::test, range.test)};
    const double test_error = result.test.means().error;
    all.add(result.test);
    results.mean_val_error += result.validation.means().error;
    results.mean_error += test_error;
    results.failed_tasks += test_error > kFailedTask;
    results.tasks.push_back(result);
  }
  results.mean_val_error /= static_cast<double>(ranges.size());
  results.mean_error /= static_cast<double>(ranges.size());
  results.test = all.means();
  return results;
}

Record task_record(const TaskResult& result) {
  Record line;
  line.add_int("task_id", result.range.task).add_int("train_questions", result.range.train.count());
  line.add_int("val_questions", result.range.validation.count());
  line.add_int("test_questions", result.range.test.count());
  line.add_real("val_error", result.validation.means().error, 4);
  line.add_real("test_error", result.test.means().error, 4);
  return line;
}

}  // namespace hmem
