#pragma once
/// \file isa.h
/// The instruction set of the hot kernels.

#include <string>
#include <vector>

namespace hmem {

/// Names of the kernel sets that this binary holds and this processor can run, best last ("generic", "avx2", "avx512").
std::vector<std::string> available_kernel_sets();

/// Chooses a set by name; throws Error naming the available ones when it is unknown or cannot run here. Called once
/// at start (or by tests), not while kernels run.
void select_kernel_set(const std::string& name);

/// The set in use. At start: `$HMEM_KERNELS` when set (an unknown name is an Error at the first use), else the best.
std::string kernel_set_name();

}  // namespace hmem
