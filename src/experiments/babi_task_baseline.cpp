// Trains and tests a baseline of H-Mem on one bAbI task: the end-to-end memory network, or an LSTM over sentences.

#include "hmem/core/program.h"
#include "hmem/tasks/babi/experiment.h"
#include "hmem/tasks/babi/flags.h"

namespace {

using namespace hmem;

int train(const Options& options) {
  check_babi_flags(options);
  TrainingRun run(options);  // threads, seed, checkpoint
  BabiData data = load_babi_data(BabiDataFlags(options, run.seed), {options.get_int("task_id")});
  const std::unique_ptr<QaModel> model = make_babi_model(options, data, run.seed);
  const std::unique_ptr<BabiLearner> learner = make_babi_learner(run, *model, data);
  Experiment experiment = babi_experiment(run, *model, data, *learner);
  export_after_test(experiment, run);
  return run.train(experiment);  // header, training, test, final line
}

}  // namespace

int main(int argc, char** argv) {
  Options options = babi_task_baseline_options();
  return run_ranks(argc, argv, options, train);
}
