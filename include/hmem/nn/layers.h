#pragma once
/// \file layers.h
/// Layers that own parameters: dense map, sentence encoder, normalisation.

#include <string>
#include <vector>

#include "hmem/autodiff/ops_basic.h"
#include "hmem/autodiff/ops_nn.h"
#include "hmem/autodiff/tape.h"
#include "hmem/core/rng.h"
#include "hmem/nn/init.h"
#include "hmem/nn/network.h"

namespace hmem {

/// y [n, out] = activation(x [n, in] W + b). Parameters "<name>.weight" [in, out] and, with a bias, "<name>.bias"
/// [out], from 0.
class Dense {
 public:
  struct Options {
    bool bias = false;
    Activation activation = Activation::none;  ///< needs the bias
    Initialiser initialiser = Initialiser::he_uniform;
  };

  /// No bias; W he-uniform by `in`.
  Dense(const std::string& name, int64_t in, int64_t out, Rng& rng);
  Dense(const std::string& name, int64_t in, int64_t out, Rng& rng, const Options& options);
  Var forward(Tape& tape, Var x);
  void add_to(Weights& weights, bool regularised = false);  ///< the bias is never regularised

  Parameter weight;
  Parameter bias;  ///< empty without one

 private:
  Activation activation_ = Activation::none;
};

/// How words of a sentence are weighted before they are summed.
enum class EncodingType { identity, position, learned };

/// Words [rows, width] to vectors [rows, e]: x = sum over words w of P_w (*) table[word_w].
///   identity: P = 1
///   position: P_wj = 1 + 4 (j - (e + 1) / 2) (w - (width + 1) / 2) / (e width), w and j from 1, last row 1
///             (Sukhbaatar et al., NIPS 2015, section 4.1, in the form of the reference)
///   learned:  P is trained from 1; `after_update` sets its last row back to 1
/// The last row belongs to the time word, so time words are never weighted. Table he-uniform by the vocabulary size.
/// Parameters "<prefix>embedding.weight" [v, e] and, when learned, "<prefix>encoding.weight" [width, e].
class SentenceEncoder {
 public:
  SentenceEncoder(EncodingType type, int64_t vocabulary, int64_t width, int64_t e, Rng& rng,
                  const std::string& prefix = "");
  Var forward(Tape& tape, const IdTensor& ids);
  void after_update();
  void add_to(Weights& weights);

  EncodingType type;
  Parameter table;
  Parameter encoding;
};

/// Layer normalisation of rows with scale (1) and shift (0), epsilon 1e-3. Parameters "<name>.scale", "<name>.shift"
/// [e].
class LayerNorm {
 public:
  LayerNorm(const std::string& name, int64_t e);
  Var forward(Tape& tape, Var x);
  void add_to(Weights& weights);

  static constexpr real kEpsilon = real(1e-3);

  Parameter scale, shift;
};

/// Inverted dropout in training, nothing in inference. The mask of a step depends on the seed, the name and the number
/// of the step alone.
class Dropout {
 public:
  /// Throws Error unless 0 <= rate < 1.
  Dropout(const std::string& name, double rate, uint64_t seed);
  /// `application` (0 to 3) distinguishes several uses of one layer in one step: each has its own mask.
  Var forward(Tape& tape, Var x, int application = 0) const;
  /// The mask of this step; its rate is 0 in inference.
  DropoutMask mask(const Tape& tape, int application) const;

 private:
  DropoutMask mask_;
};

/// Batch normalisation with scale (1) and shift (0), epsilon 1e-3. In training the statistics are those of the batch,
/// and the moving averages (momentum 0.99, biased variance by default, starting at 0 and 1) follow them; in inference
/// the moving averages are used. Parameters "<name>.scale", "<name>.shift", buffers "<name>.moving_mean",
/// "<name>.moving_var", [e].
class BatchNorm {
 public:
  /// The variance that the moving average follows.
  enum class MovingVariance {
    biased,    ///< the sum of squares by n
    unbiased,  ///< by n - 1 (Bessel's correction), as Keras does after convolutions
  };

  BatchNorm(const std::string& name, int64_t e, MovingVariance moving_variance = MovingVariance::biased);
  /// x [rows, e]; `padded` zero rows count in the statistics but are not stored.
  Var forward(Tape& tape, Var x, int64_t padded);
  /// The same for instances that are sums of two rows: see batch_norm_pairs.
  Var forward_pairs(Tape& tape, Var rows, const RowPairs& pairs, int64_t padded);
  void add_to(Weights& weights);
  /// Updates the moving averages with the statistics of a batch, only once for all its parts in this process.
  void follow(const Tape& tape, const NormStatistics& batch);

  static constexpr real kEpsilon = real(1e-3);
  static constexpr real kMomentum = real(0.99);

  Parameter scale, shift;
  Buffer moving_mean, moving_var;

 private:
  MovingVariance moving_variance_;
};

}  // namespace hmem
