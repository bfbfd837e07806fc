#pragma once
/// \file capacity.h
/// How many pairs of a key and a value a matrix holds: recall of random pairs, measured, and beside it what the
/// crosstalk between the keys predicts. The derivation is in docs/capacity.md.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/core/progress.h"
#include "hmem/core/settings.h"
#include "hmem/nn/hebbian_memory.h"

namespace hmem {

/// How random keys are made. None of their elements is negative, as those of H-Mem.
enum class KeyKind {
  sparse,  ///< `active` of the D units are 1, the others 0
  dense,   ///< relu of a normal variable: half of the units are active; squared length `active` on average
  noisy,   ///< sparse, and the key that reads has `noise` of the active units moved to other places
};
inline const Names kKeyKinds = {"sparse", "dense", "noisy"};

/// How the pairs are stored.
enum class Store {
  hebbian,  ///< the paper's rule: M += g+ (w_max - M) (*) k v^T - g- M (*) (k^2 1^T)
  outer,    ///< M += k v^T
  delta,    ///< M += rate k (v - M^T k)^T with k / |k| for k (Widrow and Hoff 1960)
  nearest,  ///< no matrix: all pairs are kept, and the key with the largest cosine answers
};
inline const Names kStores = {"hebbian", "outer", "delta", "nearest"};

struct CapacitySettings {
  int64_t memory_size = 100;  ///< D
  int64_t active = 10;
  double noise = 0.3;
  HebbianRule rule{real(0.1), real(0.1), real(1)};
  double delta_rate = 1;
  int64_t repeats = 10;
  uint64_t seed = 1;

  template <typename Visitor>
  void visit(Visitor&& v) {
    v("memory_size", memory_size, IntRange{2, 1024}, "number of rows and columns of the memory");
    v("active", active, IntRange{1, 1023}, "number of active units of a sparse key");
    v("noise", noise, RealRange::half_open(0, 1),
      "fraction of the active units of a noisy key that are moved to other places");
    visit_rule(v, rule);
    v("delta_rate", delta_rate, RealRange::closed(0, 2),
      "learning rate of the delta rule; 1: the newest pair is recalled exactly");
    v("repeats", repeats, IntRange{1, 1000}, "number of random draws of the pairs, for mean and standard deviation");
  }
  /// Units of a noisy key that are moved.
  int64_t moved() const;
  /// Throws Error unless active < D and the moved units find free places.
  void check() const;
};

/// What was recalled after n pairs, over all of them and all draws.
struct CapacityPoint {
  KeyKind keys = KeyKind::sparse;
  Store store = Store::hebbian;
  int64_t pairs = 0;
  double recall = 0;          ///< part of the pairs whose own value is the best match of what was read
  double spread = 0;          ///< standard deviation of it over the draws; 0 for a single draw
  double snr = 0;             ///< signal / noise of one unit of the value read; infinite without noise
  double recall_formula = 0;  ///< predicted
  double snr_formula = 0;
};

/// Draws `pairs` keys and values (elements 0 or 1 with equal probability), stores them in order, reads with every key,
/// and compares the value read with all stored values: the largest covariance wins. Writes of the Hebbian rule and of
/// outer products are those of the library's kernels. Draw r depends on `seed`, r, keys and pairs, not on the store.
/// Parallel over draws. Throws Error for settings that do not fit and for fewer than 2 pairs.
CapacityPoint measure_capacity(const CapacitySettings& settings, KeyKind keys, Store store, int64_t pairs);

/// Signal and noise of one unit of the value read with the key of pair q of n (1 <= q <= n; pair n is the newest):
/// half of the difference between units whose value is 1 and is 0, and the variance within each of both.
struct Crosstalk {
  double signal = 0;
  double noise2 = 0;
};
/// Exact expectations for `hebbian` and `outer`. For `delta` exact but for one fourth moment of the keys, and with
/// dense keys to order 1 / D. Throws Error for `nearest`, which has no crosstalk.
Crosstalk crosstalk(const CapacitySettings& settings, KeyKind keys, Store store, int64_t q, int64_t n);

/// Fills the two predictions of a point.
void predict_capacity(const CapacitySettings& settings, CapacityPoint& point);

/// Mean of the squared cosine of two different keys: what one stored pair adds to the noise of another (outer
/// products).
double mean_squared_cosine(const CapacitySettings& settings, KeyKind keys);

/// Pairs at which the recall falls below `level`, between measured points on a straight line over log(pairs); 0: it is
/// below from the first point on; negative: never.
double capacity_at(const std::vector<CapacityPoint>& curve, double level, bool formula);

/// Every key kind, store and number of pairs, measured and predicted, curves one after the other.
std::vector<CapacityPoint> capacity_curves(const CapacitySettings& settings, const std::vector<int64_t>& pairs,
                                           const ShowProgress& show = {});

/// "keys,store,pairs,recall,spread,recall_formula,snr,snr_formula" and a line for each point.
std::string capacity_csv(const std::vector<CapacityPoint>& points);
/// A table and a plot in characters for each kind of keys.
std::string capacity_text(const CapacitySettings& settings, const std::vector<CapacityPoint>& points);
/// One page that needs nothing else: no script, no other file, readable in light and dark; each picture has its table.
std::string capacity_html(const CapacitySettings& settings, const std::vector<CapacityPoint>& points);

}  // namespace hmem
