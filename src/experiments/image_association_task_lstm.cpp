// Single-shot image association with an LSTM, the baseline of image_association_task (Limbacher & Legenstein, NeurIPS
// 2020). Flags of the authors' program keep their names and defaults.

#include "hmem/core/program.h"
#include "hmem/models/lstm_image.h"
#include "hmem/tasks/images/association_experiment.h"
#include "hmem/tasks/images/association_programs.h"

namespace {

using namespace hmem;

std::unique_ptr<AssociationNet> make_net(const Options& options, const AssociationSizes& sizes, uint64_t seed) {
  LstmImage::Config config;
  config.features = sizes.features;
  config.classes = sizes.classes;
  config.hidden_size = options.get_int("hidden_size");
  config.dense_size = options.get_int("dense_size");
  return std::make_unique<LstmImage>(config, seed);
}

}  // namespace

int main(int argc, char** argv) {
  Options options = lstm_association_options();
  const AssociationProgram program = {
      "lstm_image", {"hidden_size", "dense_size"}, lstm_flags_without_effect(), make_net};
  return run_program(argc, argv, options,
                     [&](const Options& given) { return run_association_experiment(given, program); });
}
