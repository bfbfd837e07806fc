#pragma once
/// \file scratch.h
/// Working memory of kernels: taken from a stack that each thread keeps, given back in reverse order.

#include <cstddef>
#include <cstdint>

#include "hmem/core/real.h"

namespace hmem {

/// Memory taken through a Scratch lives until that Scratch dies. Scratches of a thread nest like blocks of code. After
/// the first steps of a training nothing is allocated any more.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Uninitialised, 64-byte aligned.
  real* take(int64_t count);
  /// A copy of `count` elements with zeros up to padded(count).
  real* take_padded(const real* source, int64_t count);

 private:
  size_t block_;  // position of the thread's stack at construction
  int64_t used_;
};

}  // namespace hmem
