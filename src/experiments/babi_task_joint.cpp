// Trains one H-Mem with one vocabulary on several bAbI tasks together and reports the error on each.

#include "hmem/core/program.h"
#include "hmem/tasks/babi/experiment.h"
#include "hmem/tasks/babi/flags.h"

namespace {

using namespace hmem;

int train(const Options& options) {
  check_babi_flags(options);
  const std::vector<int64_t> tasks = parse_number_list("tasks", options.get_string("tasks"), {1, 20});
  TrainingRun run(options);  // threads, seed, checkpoint
  BabiData data = load_babi_data(BabiDataFlags(options, run.seed), tasks, /*joint=*/true);
  const std::unique_ptr<QaModel> model = make_babi_model(options, data, run.seed);
  const std::unique_ptr<BabiLearner> learner = make_babi_learner(run, *model, data);
  Experiment experiment = babi_experiment(run, *model, data, *learner);
  export_after_test(experiment, run);
  return run.train(experiment);  // header, training, test on every task, final line
}

}  // namespace

int main(int argc, char** argv) {
  Options options = babi_task_joint_options();
  return run_ranks(argc, argv, options, train);
}
