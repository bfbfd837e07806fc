#include "hmem/tasks/babi/presets.h"

namespace hmem {

std::vector<Options::Preset> babi_presets() {
  return {
      {"paper", {{"read_before_write", "1"}, {"epochs", "250"}}},
      {"best",
       {{"read_before_write", "1"},
        {"memory_size", "128"},
        {"epochs", "300"},
        {"schedule", "stable"},
        {"l2", "0.0005"},
        {"age_jitter", "0.1"},
        {"weight_average", "0.999"},
        {"stop_when_solved", "30"},
        {"keep_best", "1"}}},
  };
}

}  // namespace hmem
