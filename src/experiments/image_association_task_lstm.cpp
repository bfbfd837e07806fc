// Single-shot image association with an LSTM, the baseline of image_association_task (Limbacher & Legenstein, NeurIPS
// 2020). Flags of the authors' program keep their names and defaults.

#include "hmem/core/program.h"
#include "hmem/models/lstm_image.h"
#include "hmem/train/association_experiment.h"

namespace {

using namespace hmem;

void add_model_options(Options& options) {
  options.add_int("hidden_size", 200, "units of the LSTM", {1, 4096});
  options.add_int("dense_size", 128, "units of the layer above the ConvNet", {1, 4096});
  options.add_real("gamma_pos", 0.01, "of H-Mem; no effect here", RealRange::at_least(0));
  options.add_real("gamma_neg", 0.01, "of H-Mem; no effect here", RealRange::at_least(0));
  options.add_real("w_assoc_max", 1, "of H-Mem; no effect here", RealRange::above(0));
}

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
  Options options("image_association_task_lstm", "Trains an LSTM to associate photographs with digits from one sight.");
  add_association_options(options, add_model_options);
  const AssociationProgram program = {
      "lstm_image", {"hidden_size", "dense_size"}, {"gamma_pos", "gamma_neg", "w_assoc_max"}, make_net};
  return run_program(argc, argv, options,
                     [&](const Options& given) { return run_association_experiment(given, program); });
}
