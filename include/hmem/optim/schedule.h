#pragma once
/// \file schedule.h
/// Learning rate as a function of the epoch, which counts from 0.

#include <cstdint>

namespace hmem {

/// base * factor^floor(epoch / every): the bAbI schedule with factor 0.85 every 20 epochs.
double step_decay(double base, int64_t epoch, double factor, int64_t every);

/// base up to and including epoch `start`, then base * exp(rate * (start - epoch)): read-before-write (start 150, rate
/// 0.01) and the image experiments (start half of the epochs, rate 0.1).
double exponential_decay(double base, int64_t epoch, int64_t start, double rate);

/// base for the first 60 % of the epochs, then linearly towards 0 (warmup-stable-decay without warmup: Hu et al., arXiv
/// 2404.06395).
double stable_decay(double base, int64_t epoch, int64_t epochs);

/// A linear rise to base over the first tenth of the epochs, then half a cosine towards 0 (Loshchilov & Hutter, ICLR
/// 2017, without restarts). With N epochs, W = N / 10 (integer) and e = epoch:
///   base (e + 1) / (W + 1)                           for e < W
///   base / 2 (1 + cos(pi (e - W) / (N - W)))         else
double cosine_decay(double base, int64_t epoch, int64_t epochs);

}  // namespace hmem
