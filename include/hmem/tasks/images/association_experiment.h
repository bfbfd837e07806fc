#pragma once
/// \file association_experiment.h
/// A run of an image association program from its flags to its final line; the programs differ in the network.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hmem/core/options.h"
#include "hmem/models/association_net.h"

namespace hmem {

/// Values of --timesteps and of the list --test_timesteps.
constexpr IntRange kAssociationTimesteps = {2, 6};

/// Registers every flag but those of the network, which belong into the section "Model": `add_model` is called there.
void add_association_options(Options& options, const std::function<void(Options&)>& add_model);

/// Throws UsageError when the flags contradict each other: all that can be known without data.
void check_association_options(const Options& options);

struct AssociationSizes {
  int64_t features, classes;
};
/// What makes a program of the task.
struct AssociationProgram {
  std::string model;                      ///< what files call the network
  std::vector<std::string> model_flags;   ///< those of the network, which a saved model keeps
  std::vector<std::string> unused_flags;  ///< of the authors' program, without effect: said when one is given
  std::function<std::unique_ptr<AssociationNet>(const Options& options, const AssociationSizes& sizes, uint64_t seed)>
      make_net;
};

/// Loads images, makes the network, computes the features when the ConvNet is frozen, trains, tests. Returns the exit
/// code.
int run_association_experiment(const Options& options, const AssociationProgram& program);

}  // namespace hmem
