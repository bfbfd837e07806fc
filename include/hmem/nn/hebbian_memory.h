#pragma once
/// \file hebbian_memory.h
/// The associative memory of H-Mem as a layer (Limbacher & Legenstein, NeurIPS 2020).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hmem/autodiff/ops_memory.h"
#include "hmem/core/settings.h"
#include "hmem/nn/layers.h"

namespace hmem {

/// The write rule: how a key-value pair changes the memory.
enum class WriteRule {
  hebbian,  ///< M += g+ (w_max - M) (*) k v^T - g- M (*) (k^2 1^T), the paper's
  outer,    ///< M += g+ k v^T, the plain outer product (ours)
  /// M += g+ (w_max sgn(k v^T) - M) (*) |k v^T| - g- M (*) (k^2 1^T) (ours): the paper's for keys and values that are
  /// not negative, and stable where read-before-write makes negative ones
  signed_hebbian,
};

/// The settings of the plasticity rule.
template <typename Visitor>
void visit_rule(Visitor&& v, HebbianRule& rule) {
  v("gamma_pos", rule.gamma_pos, RealRange::at_least(0), "Hebbian write: rate of growth");
  v("gamma_neg", rule.gamma_neg, RealRange::at_least(0), "Hebbian write: rate of decay");
  v("w_assoc_max", rule.w_max, RealRange::above(0), "Hebbian write: upper bound that growing weights approach");
}

/// Writes a sequence of inputs x_t into a matrix M that starts at 0, then reads it with a query q:
///   extract  k_t = relu(x_t W_k),  v_t = relu(x_t W_v)
///   write    M <- M + g+ (w_max - M) (*) k_t v_t^T - g- M (*) (k_t^2 1^T),   t = 1..T
///   read     k_h = relu([q ; r_{h-1}] W_r),  r_h = M^T k_h,   h = 1..hops,  r_0 = 0
/// and returns r_hops. With read_norm r_h = N(M^T k_h), N the layer norm without scale and shift; with hop_sum the
/// result is r_1 + .. + r_hops (as in TPR-RNN: Schlag & Schmidhuber, NeurIPS 2018); with separate_hops each hop has its
/// own W_r, the first one [query_in, D], since r_0 = 0. With read_before_write the pair that is written is
///   k'_t = LN(k_t),  v'_t = LN([v_t ; M^T k'_t] W_d)
/// (LN: layer norm with scale and shift): the value can depend on the memory's content for this key. With key_norm
/// keys, stored and read, are divided by their root mean square, k <- k / sqrt(mean k^2 + 1e-3). Parameters below the
/// prefix: "extract.key.weight", "extract.value.weight" [in, D], "read.weight" [query_in + D, D] (separate hops:
/// "read.weight", "read2.weight", ..), and for read-before-write "write.weight" [2 D, D], "key_norm.*", "value_norm.*";
/// gamma_pos, gamma_neg where they are learned. No biases, he-uniform; the matrices are regularised.
class HebbianMemory {
 public:
  struct Config {
    int64_t memory_size = 100;  ///< D
    int hops = 3;
    HebbianRule rule;
    WriteRule write_rule = WriteRule::hebbian;
    bool read_before_write = false;
    bool learn_gamma_pos = false;  ///< the rates are trained, from the values in `rule`
    bool learn_gamma_neg = false;
    bool tie_keys = false;   ///< the query's part of the read key uses W_k; W_r has the rows of the value read alone
    bool read_norm = false;  ///< each value read is layer-normalised
    bool hop_sum = false;    ///< the result is the sum over the hops
    bool separate_hops = false;  ///< a W_r for each hop
    bool read_value = true;      ///< W_r has rows for the value read before; false: a single hop without these rows
    bool key_norm = false;       ///< keys have the same strength; only without read_value and read_before_write

    template <typename Visitor>
    void visit(Visitor&& v) {
      v("memory_size", memory_size, IntRange{1, 4096}, "number of rows and columns of the associative memory");
      v("hops", hops, IntRange{1, MemoryGrad::kMaxReads}, "number of memory reads per question");
      v("read_before_write", read_before_write,
        "1: read the memory with each key first, so that the value written depends on its content");
      v("write_rule", write_rule, Names{"hebbian", "outer", "signed"},
        "how a key-value pair changes the memory; hebbian: the paper's rule; outer: sum of outer products; signed: the "
        "paper's rule made stable for negative keys and values");
      v("learn_gamma_pos", learn_gamma_pos, "train the growth rate of the Hebbian write, starting from gamma_pos");
      v("learn_gamma_neg", learn_gamma_neg, "train the decay rate of the Hebbian write, starting from gamma_neg");
      v("tie_keys", tie_keys, "questions and sentences share the weights that form their keys");
      v(later("read_norm"), read_norm, "layer-normalise each value read from the memory");
      v(later("hop_sum"), hop_sum, "answer from the sum of the values of all hops, not from the last one");
      v(later("separate_hops"), separate_hops, "give each hop its own weights for forming the read key");
      visit_rule(v, rule);
    }
    /// Description of contradictory settings, for messages about flags and files; "": none.
    std::string contradiction() const;
  };

  /// Draws W_k, W_v, W_r and, unless it comes later, W_d: a model that draws it after all other weights has the same
  /// initial weights with and without read-before-write. Throws Error on sizes that are not positive and on settings
  /// that contradict each other.
  HebbianMemory(const std::string& prefix, const Config& config, int64_t in, int64_t query_in, Rng& rng,
                bool write_later = false);
  void draw_write(Rng& rng);

  /// x [N, in] packed: sample b owns the rows [offsets[b], offsets[b + 1]); q [B, query_in]; returns [B, D].
  Var forward(Tape& tape, Var x, const std::vector<int64_t>& offsets, Var q);
  /// The parts of forward(), for inputs whose products with W_k and W_v are cheaper in another way: pre-activations of
  /// keys and values [N, D] are x_t W_k and x_t W_v.
  Var key(Tape& tape, Var x) { return key_.forward(tape, x); }
  Var value(Tape& tape, Var x) { return value_.forward(tape, x); }
  Var recall(Tape& tape, Var z_k, Var z_v, const std::vector<int64_t>& offsets, Var q);

  void add_to(Weights& weights);
  const Config& config() const { return config_; }

 private:
  Config config_;
  std::string prefix_;
  int64_t query_in_;
  Dense key_, value_;
  std::vector<Dense> reads_;         // one for all hops, or one each
  std::optional<Dense> write_;       // W_d: rows [0, D) for the value, [D, 2 D) for what was read
  LayerNorm key_norm_, value_norm_;  // of read-before-write
  Parameter gamma_pos_, gamma_neg_;  // used when they are learned
};

}  // namespace hmem
