// Single-shot image association with H-Mem: pairs of photographs and digits are shown, one photograph asks for its
// digit (Limbacher & Legenstein, NeurIPS 2020). Flags of the authors' program keep their names and defaults.

#include "hmem/core/program.h"
#include "hmem/models/hmem_image.h"
#include "hmem/tasks/images/association_experiment.h"
#include "hmem/tasks/images/association_programs.h"

namespace {

using namespace hmem;

std::unique_ptr<AssociationNet> make_net(const Options& options, const AssociationSizes& sizes, uint64_t seed) {
  HMemImage::Config config;
  config.features = sizes.features;
  config.classes = sizes.classes;
  config.memory_size = options.get_int("memory_size");
  config.dense_size = options.get_int("dense_size");
  config.rule = {static_cast<real>(options.get_real("gamma_pos")), static_cast<real>(options.get_real("gamma_neg")),
                 static_cast<real>(options.get_real("w_assoc_max"))};
  return std::make_unique<HMemImage>(config, seed);
}

}  // namespace

int main(int argc, char** argv) {
  Options options = hmem_association_options();
  const AssociationProgram program = {
      "hmem_image", {"memory_size", "dense_size", "gamma_pos", "gamma_neg", "w_assoc_max"}, {}, make_net};
  return run_program(argc, argv, options,
                     [&](const Options& given) { return run_association_experiment(given, program); });
}
