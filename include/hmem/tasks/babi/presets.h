#pragma once
/// \file presets.h
/// The one table of named settings (`--preset`) of the bAbI programs.

#include <vector>

#include "hmem/core/options.h"

namespace hmem {

std::vector<Options::Preset> babi_presets();

}  // namespace hmem
