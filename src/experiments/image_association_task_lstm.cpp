// Single-shot image association with an LSTM, the baseline of image_association_task (Limbacher & Legenstein, NeurIPS
// 2020). Flags of the authors' program keep their names and defaults.

#include "hmem/core/program.h"
#include "hmem/tasks/images/association_experiment.h"

namespace {

using namespace hmem;

int train(const Options& options) {
  check_association_flags(options);
  TrainingRun run(options);                             // threads, seed, checkpoint
  AssociationTask task(run, association_kind("lstm"));  // images, examples, ConvNet
  const std::unique_ptr<AssociationNet> net = task.make_net();
  const std::unique_ptr<AssociationLearner> learner = task.make_learner(*net);
  Experiment experiment = task.experiment(*net, *learner);
  return run.train(experiment);  // header, features, training, test, final line
}

}  // namespace

int main(int argc, char** argv) {
  Options options = association_options(association_kind("lstm"));
  return run_ranks(argc, argv, options, train);
}
