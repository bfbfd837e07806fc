#pragma once
/// \file association_programs.h
/// The flags of the image association programs, for them and for sweeps over them.

#include <string>
#include <vector>

#include "hmem/core/options.h"

namespace hmem {

/// Of bin/image_association_task.
Options hmem_association_options();
/// Of bin/image_association_task_lstm.
Options lstm_association_options();
/// Flags of the LSTM's program that are of H-Mem and have no effect.
const std::vector<std::string>& lstm_flags_without_effect();

}  // namespace hmem
