#pragma once
/// \file real.h
/// The floating-point type of the library, and the padding of rows.

#ifdef HMEM_NO_REAL
#error "this file is compiled once for both precisions: it must not use real (see NO_REAL in the Makefile)"
#endif

#include <cstdint>

namespace hmem {

/// Element type of every tensor. The library is compiled twice from the same sources: `float` for running, `double`
/// (`-DHMEM_REAL_DOUBLE`, in a test binary of its own) for gradient checks, where the finite-difference error of
/// `float` (about 1e-4) would hide mistakes that `double` (about 1e-9) reveals.
#ifdef HMEM_REAL_DOUBLE
using real = double;
#else
using real = float;
#endif

/// Elements from one row of n to the next where rows are padded: n rounded up to a multiple of 16, that is to whole
/// 64-byte lines and whole vectors of every instruction set. Static and always inlined, because files that are compiled
/// for one instruction set must not share it.
[[gnu::always_inline]] static constexpr int64_t padded(int64_t n) { return (n + 15) / 16 * 16; }

}  // namespace hmem
