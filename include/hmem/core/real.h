#pragma once
/// \file real.h
/// The one floating-point type of the library.

namespace hmem {

/// Element type of every tensor. The library is compiled twice from the same sources: `float` for running,
/// `double` (`-DHMEM_REAL_DOUBLE`, in a test binary of its own) for gradient checks, where the finite-difference
/// error of `float` (about 1e-4) would hide real mistakes that `double` (about 1e-9) shows.
#ifdef HMEM_REAL_DOUBLE
using real = double;
#else
using real = float;
#endif

}  // namespace hmem
