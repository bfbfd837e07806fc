#include "hmem/train/babi_presets.h"

namespace hmem {

std::vector<Options::Preset> babi_presets() {
  return {
      {"paper", {{"read_before_write", "1"}, {"epochs", "250"}}},
      {"best", {{"read_before_write", "1"}, {"epochs", "250"}, {"keep_best", "1"}}},
  };
}

}  // namespace hmem
