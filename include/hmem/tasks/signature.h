#pragma once
/// \file signature.h
/// A fingerprint of the training arithmetic: one number that changes with any bit of any result.

#include <cstdint>

namespace hmem {

/// Trains H-Mem with its default settings for 20 steps of 128 generated questions of task 1 and returns the hash of
/// its parameters and moving averages. With the built-in GEMM it is the same for every kernel set and number of
/// threads.
uint64_t hmem_qa_signature();

/// The same for HMemImage and LstmImage with their default settings: 20 steps of 32 examples of 3 frames, whose
/// features are random numbers.
uint64_t hmem_image_signature();
uint64_t lstm_image_signature();

}  // namespace hmem
