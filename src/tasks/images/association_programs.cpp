#include "hmem/tasks/images/association_programs.h"

#include "hmem/tasks/images/association_experiment.h"

namespace hmem {

namespace {

void add_hmem_options(Options& options) {
  options.add_int("memory_size", 200, "side of the associative memory", {1, 4096});
  options.add_int("dense_size", 128, "units of the layer above the ConvNet", {1, 4096});
  options.add_real("gamma_pos", 0.01, "Hebbian write: rate of growth", RealRange::at_least(0));
  options.add_real("gamma_neg", 0.01, "Hebbian write: rate of decay", RealRange::at_least(0));
  options.add_real("w_assoc_max", 1, "Hebbian write: largest weight", RealRange::above(0));
}

void add_lstm_options(Options& options) {
  options.add_int("hidden_size", 200, "units of the LSTM", {1, 4096});
  options.add_int("dense_size", 128, "units of the layer above the ConvNet", {1, 4096});
  options.add_real("gamma_pos", 0.01, "of H-Mem; no effect here", RealRange::at_least(0));
  options.add_real("gamma_neg", 0.01, "of H-Mem; no effect here", RealRange::at_least(0));
  options.add_real("w_assoc_max", 1, "of H-Mem; no effect here", RealRange::above(0));
}

}  // namespace

Options hmem_association_options() {
  Options options("image_association_task", "Trains H-Mem to associate photographs with digits from one sight.");
  add_association_options(options, add_hmem_options);
  return options;
}

Options lstm_association_options() {
  Options options("image_association_task_lstm", "Trains an LSTM to associate photographs with digits from one sight.");
  add_association_options(options, add_lstm_options);
  return options;
}

const std::vector<std::string>& lstm_flags_without_effect() {
  static const std::vector<std::string> flags = {"gamma_pos", "gamma_neg", "w_assoc_max"};
  return flags;
}

}  // namespace hmem
