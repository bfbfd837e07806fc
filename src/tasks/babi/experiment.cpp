#include "hmem/tasks/babi/experiment.h"

#include <algorithm>
#include <map>
#include <memory>

#include "hmem/core/hash.h"
#include "hmem/core/program.h"
#include "hmem/core/ranks.h"
#include "hmem/optim/schedule.h"
#include "hmem/study/explain.h"
#include "hmem/tasks/babi/keras_csv_log.h"

namespace hmem {

namespace {

/// The paper's schedules for the plain model and for read-before-write.
std::function<double(int64_t epoch)> paper_rate(double base, const Settings& model) {
  const std::pair<std::string, std::string> read_before_write = {"read_before_write", "1"};
  if (std::find(model.begin(), model.end(), read_before_write) != model.end()) {
    return [base](int64_t epoch) { return exponential_decay(base, epoch, 150, 0.01); };
  }
  return [base](int64_t epoch) { return step_decay(base, epoch, 0.85, 20); };
}

/// The test questions by true class and answered class.
using Answers = std::map<std::pair<int32_t, int32_t>, std::vector<int64_t>>;

/// RunRecord::answers
std::string answer_table(const Answers& answers, const BabiData& data) {
  constexpr size_t kNamed = 20;
  const auto word = [&](int32_t id) { return id < 0 ? "<unknown>" : class_word(data.task.vocabulary, id); };
  std::string text;
  for (const auto& [classes, questions] : answers) {
    text += word(classes.first) + "\t" + word(classes.second) + "\t" + std::to_string(questions.size());
    const bool right = classes.first == classes.second;
    for (size_t i = 0; i < std::min(questions.size(), kNamed) && !right; ++i) {
      const auto question = questions[i];
      const auto range = std::find_if(data.ranges.begin(), data.ranges.end(),
                                      [&](const BabiTaskRange& of) { return question < of.test.end; });
      text += (i ? "," : "\t") + std::to_string(range->task) + "/" + std::to_string(question - range->test.begin + 1);
    }
    text += "\n";
  }
  return text;
}

/// The path of the log in the authors' program.
std::string csv_path(const Options& options, const BabiData& data, const Settings& model) {
  const auto given = options.get_optional_int("random_state");
  const ModelInfo settings(model.begin(), model.end());
  const auto value = [&](const char* name) { return settings.count(name) == 1 ? settings.at(name) : "-"; };
  return "results/" + data.task_text() + "_" + options.get_string("training_set_size") + "_" + value("encodings_type") +
         "_" + value("hops") + "-" + (given ? std::to_string(*given) : "None") + ".log";
}

}  // namespace

std::unique_ptr<BabiLearner> make_babi_learner(const TrainingRun& run, QaModel& model, BabiData& data) {
  auto learner = std::make_unique<BabiLearner>(model, data.task, data.split, run.settings.l2);
  learner->set_age_jitter({run.options.get_real("age_jitter"), run.seed});
  learner->set_renaming({data.renaming, run.options.get_real("rename"), run.options.get_int("rename_from"), run.seed});
  if (run.options.get_switch("online")) {
    learner->set_new_stories([ranges = data.ranges, seed = run.seed, stories = babi_story_options(run.options)](
                                 int64_t epoch) { return generate_epoch(ranges, seed, stories, epoch); },
                             run.options.get_int("online_from"));
  }
  return learner;
}

Experiment babi_experiment(const TrainingRun& run, const QaModel& model, const BabiData& data, BabiLearner& learner) {
  const Options& options = run.options;
  Experiment experiment(learner);
  experiment.model = babi_model(options);
  experiment.model_settings = model.settings();
  experiment.model_facts = babi_model_facts(data.task_text(), data.task);
  experiment.data_facts = {{"questions_hash", data.hash()}};
  if (!options.get_string("load").empty()) {
    experiment.data_facts.emplace_back("start_hash", hash_text(value_hash(learner.weights())));
  }
  experiment.paper_rate = paper_rate(run.settings.learning_rate, experiment.model_settings);
  experiment.data = data.description;
  experiment.notes = data.notes;
  experiment.sizes.add_int("train", learner.count(Learner::Part::train));
  experiment.sizes.add_int("validation", learner.count(Learner::Part::validation));
  experiment.sizes.add_int("test", learner.count(Learner::Part::test));
  experiment.sizes.add_int("vocabulary", data.task.vocabulary.size());
  experiment.sizes.add_int("words_per_sentence", data.task.words_per_sentence);
  experiment.sizes.add_int("max_num_sentences", data.task.max_num_sentences);
  if (data.joint) {
    experiment.title.add_text("tasks", data.task_text());
  } else {
    experiment.title.add_int("task_id", data.tasks.front());
  }
  const auto csv = std::make_shared<std::unique_ptr<KerasCsvLog>>();
  experiment.test = [&run, &data, &learner, csv](RunLog& log) {
    const int64_t batch_size = run.settings.batch_size;
    const ShowProgress show = show_progress(run.options, "testing");
    Answers answers;
    learner.set_on_predictions(
        [&, question = int64_t{0}](Learner::Part part, const IdTensor& labels, const int32_t* predicted) mutable {
          for (int64_t i = 0; part == Learner::Part::test && i < labels.count(); ++i)
            answers[{labels[i], predicted[i]}].push_back(question++);
        });
    const JointResults results = data.joint ? evaluate_tasks(learner, data.ranges, batch_size, show) : JointResults();
    for (const TaskResult& result : results.tasks) log.write_task(task_record(result));
    const Evaluation found = data.joint ? results.test : evaluate(learner, Learner::Part::test, batch_size, show);
    learner.set_on_predictions({});
    log.write_answers(Record().add_text("table", answer_table(answers, data)));
    if (*csv) (*csv)->write_test(found.error);
    Record line;
    line.add_real("test_loss", found.loss).add_real("test_error", found.error, 4);
    if (!data.joint) return line;
    line.add_real("mean_val_error", results.mean_val_error, 4).add_real("mean_error", results.mean_error, 4);
    return line.add_int("failed_tasks", results.failed_tasks);
  };
  experiment.train_loss_of_untrained = true;
  if (options.get_int("logging") == 1) {
    experiment.on_start = [csv, path = csv_path(options, data, experiment.model_settings)](int64_t epoch) {
      *csv = std::make_unique<KerasCsvLog>(path, epoch);
    };
    experiment.on_epoch = [csv](const EpochReport& report) { (*csv)->write_epoch(report); };
  }
  return experiment;
}

void export_after_test(Experiment& experiment, const TrainingRun& run) {
  const std::string& path = run.options.get_string("export_weights");
  if (path.empty()) return;
  experiment.test = [&experiment, &run, path, test = experiment.test](RunLog& log) {
    Record tested = test(log);
    ModelInfo info = experiment.model_info();
    for (const auto& [name, value] : run_info(run.options, run.seed, experiment)) {
      if (name.rfind("model.", 0) != 0) info.emplace(name, value);  // those are facts of the model
    }
    std::string& command = info["command"] = run.options.program();
    for (const Options::Flag& flag : run.options.flags()) {
      const bool matters = flag.role == Role::setting || flag.role == Role::place || flag.role == Role::run;
      if (flag.given && (matters || flag.name == "preset")) command += " --" + flag.name + "=" + flag.value;
    }
    info["data"] = experiment.data;
    info["test"] = tested.to_text();
    info["version"] = build_info().version;
    info["git"] = build_info().git_sha;
    const Weights weights = experiment.learner.weights();
    save_model(path, info, weights, weights.parameters);
    ranks::agree();  // rank 0 has written it
    ModelFile(path).copy_to(weights);
    const int64_t batch_size = run.settings.batch_size;
    return tested.add_real("exported_error", evaluate(experiment.learner, Learner::Part::test, batch_size).error, 4);
  };
}

JointResults evaluate_tasks(Learner& learner, const std::vector<BabiTaskRange>& ranges, int64_t batch_size,
                            const ShowProgress& show) {
  const auto evaluate_part = [&](Learner::Part part, const ExampleRange& range) {
    return evaluate_range(learner, part, range.begin, range.end, batch_size);
  };
  JointResults results;
  RunningSums all;
  const auto count = static_cast<int64_t>(ranges.size());
  if (show) show(0, count);
  for (const BabiTaskRange& range : ranges) {
    const TaskResult result = {range, evaluate_part(Learner::Part::validation, range.validation),
                               evaluate_part(Learner::Part::test, range.test)};
    const double test_error = result.test.means().error;
    all.add(result.test);
    results.mean_val_error += result.validation.means().error;
    results.mean_error += test_error;
    results.failed_tasks += test_error > kFailedTask;
    results.tasks.push_back(result);
    if (show) show(static_cast<int64_t>(results.tasks.size()), count);
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
