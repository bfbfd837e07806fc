#include "hmem/study/capacity.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/rng.h"
#include "hmem/core/tensor.h"
#include "hmem/kernels/hebbian.h"

namespace hmem {

namespace {

using Doubles = std::vector<double>;

double square(double x) { return x * x; }
double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// Pairs of one draw; [n, D] each.
struct Pairs {
  std::vector<real> keys, values, read;
};

Pairs draw_pairs(const CapacitySettings& settings, KeyKind kind, int64_t n, int64_t repeat) {
  const int64_t d = settings.memory_size, a = settings.active;
  Rng rng(settings.seed,
          "capacity " + kKeyKinds[static_cast<size_t>(kind)] + " " + std::to_string(n) + " " + std::to_string(repeat));
  const auto total = static_cast<size_t>(n * d);
  Pairs pairs{std::vector<real>(total), std::vector<real>(total), {}};
  for (real& value : pairs.values) value = static_cast<real>(rng.below(2));
  if (kind == KeyKind::dense) {
    const double scale = std::sqrt(2.0 * static_cast<double>(a) / static_cast<double>(d));
    for (real& key : pairs.keys) key = static_cast<real>(scale * std::max(0.0, rng.normal()));
    pairs.read = pairs.keys;
    return pairs;
  }
  pairs.read.resize(total);
  const int64_t moved = kind == KeyKind::noisy ? settings.moved() : 0;
  for (int64_t t = 0; t < n; ++t) {
    const std::vector<int64_t> units = rng.permutation(d);
    for (int64_t i = 0; i < a + moved; ++i) {
      const auto at = static_cast<size_t>(t * d + units[static_cast<size_t>(i)]);
      pairs.keys[at] = i < a;
      pairs.read[at] = i >= moved;
    }
  }
  return pairs;
}

double dot(const real* a, const real* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// m [D, padded(D)] after all pairs.
Tensor write_pairs(const CapacitySettings& settings, const Pairs& pairs, Store store, int64_t n) {
  const int64_t d = settings.memory_size, ld = padded(d);
  Tensor m({d, ld});
  if (store != Store::delta) {
    const int64_t offsets[] = {0, n};
    hebbian_write_forward(m.data(), pairs.keys.data(), pairs.values.data(), HebbianDims{1, d, offsets},
                          store == Store::hebbian ? settings.rule : outer_product_rule(real(1)));
    return m;
  }
  for (int64_t t = 0; t < n; ++t) {
    const real *k = pairs.keys.data() + t * d, *v = pairs.values.data() + t * d;
    const double length2 = dot(k, k, d);
    if (length2 == 0) continue;  // a dense key of few units may be 0
    Doubles error(v, v + d);     // v - M^T k / |k|, times the rate / |k|
    const double scale = 1 / std::sqrt(length2);
    for (int64_t i = 0; i < d; ++i) {
      for (int64_t j = 0; k[i] != 0 && j < d; ++j) error[static_cast<size_t>(j)] -= scale * k[i] * m[i * ld + j];
    }
    for (int64_t i = 0; i < d; ++i) {
      for (int64_t j = 0; k[i] != 0 && j < d; ++j)
        m[i * ld + j] += static_cast<real>(settings.delta_rate * scale * k[i] * error[static_cast<size_t>(j)]);
    }
  }
  return m;
}

/// What one draw measures.
struct Measured {
  double recall = 0, signal = 0, noise2 = 0;
};

Measured measure_nearest(const Pairs& pairs, int64_t n, int64_t d) {
  Doubles length;
  for (int64_t t = 0; t < n; ++t)
    length.push_back(std::sqrt(dot(&pairs.keys[size_t(t * d)], &pairs.keys[size_t(t * d)], d)));
  int64_t right = 0;
  for (int64_t q = 0; q < n; ++q) {
    const real* read = &pairs.read[static_cast<size_t>(q * d)];
    // Cosines are compared without a division, so that equal keys are exactly equal.
    const auto cosine = [&](int64_t t) { return dot(read, &pairs.keys[static_cast<size_t>(t * d)], d); };
    const double own = cosine(q);
    bool best = true;
    for (int64_t t = 0; best && t < n; ++t)
      best = t == q || cosine(t) * length[static_cast<size_t>(q)] < own * length[static_cast<size_t>(t)];
    right += best;
  }
  return {static_cast<double>(right) / static_cast<double>(n), 0, 0};
}

Measured measure(const CapacitySettings& settings, KeyKind kind, Store store, int64_t n, int64_t repeat) {
  const int64_t d = settings.memory_size, ld = padded(d);
  const Pairs pairs = draw_pairs(settings, kind, n, repeat);
  if (store == Store::nearest) return measure_nearest(pairs, n, d);
  const Tensor m = write_pairs(settings, pairs, store, n);
  // Values without their means, for covariances
  std::vector<real> centred(pairs.values);
  for (int64_t t = 0; t < n; ++t) {
    double mean = 0;
    for (int64_t j = 0; j < d; ++j) mean += centred[static_cast<size_t>(t * d + j)] / static_cast<double>(d);
    for (int64_t j = 0; j < d; ++j) centred[static_cast<size_t>(t * d + j)] -= static_cast<real>(mean);
  }
  Measured sum;
  int64_t right = 0, counted = 0;
  std::vector<real> r(static_cast<size_t>(ld));
  for (int64_t q = 0; q < n; ++q) {
    const real* key = &pairs.read[static_cast<size_t>(q * d)];
    std::fill(r.begin(), r.end(), real(0));
    for (int64_t i = 0; i < d; ++i) {
      for (int64_t j = 0; key[i] != 0 && j < d; ++j) r[static_cast<size_t>(j)] += key[i] * m[i * ld + j];
    }
    if (store == Store::delta) {  // reads with k / |k|
      const auto scale = static_cast<real>(1 / std::sqrt(std::max(dot(key, key, d), 1e-30)));
      for (real& x : r) x *= scale;
    }
    const double own = dot(r.data(), &centred[static_cast<size_t>(q * d)], d);
    bool best = own > 0;
    for (int64_t t = 0; best && t < n; ++t)
      best = t == q || dot(r.data(), &centred[static_cast<size_t>(t * d)], d) <= own;
    right += best;
    // Mean and variance of r over the units whose value is 0 and 1
    double count[2] = {}, mean[2] = {}, square_sum[2] = {};
    const auto side = [&](int64_t j) { return pairs.values[static_cast<size_t>(q * d + j)] > 0 ? 1 : 0; };
    for (int64_t j = 0; j < d; ++j) ++count[side(j)], mean[side(j)] += static_cast<double>(r[static_cast<size_t>(j)]);
    if (count[0] < 2 || count[1] < 2) continue;
    for (int s = 0; s < 2; ++s) mean[s] /= count[s];
    for (int64_t j = 0; j < d; ++j)
      square_sum[side(j)] += square(static_cast<double>(r[static_cast<size_t>(j)]) - mean[side(j)]);
    sum.signal += (mean[1] - mean[0]) / 2;
    sum.noise2 += (square_sum[0] / (count[0] - 1) + square_sum[1] / (count[1] - 1)) / 2;
    ++counted;
  }
  sum.recall = static_cast<double>(right) / static_cast<double>(n);
  if (counted > 0) sum.signal /= static_cast<double>(counted), sum.noise2 /= static_cast<double>(counted);
  return sum;
}

double ratio_of(double signal, double noise2) {
  return noise2 > 1e-12 * square(signal) ? signal / std::sqrt(noise2) : std::numeric_limits<double>::infinity();
}

// ---- What crosstalk predicts ----

/// P(overlap = h) of two sets of a of d units, h = 0..a.
Doubles overlaps(int64_t d, int64_t a) {
  const auto log_choose = [](int64_t n, int64_t k) {
    return std::lgamma(double(n + 1)) - std::lgamma(double(k + 1)) - std::lgamma(double(n - k + 1));
  };
  Doubles p;
  for (int64_t h = 0; h <= a; ++h)
    p.push_back(a - h > d - a ? 0 : std::exp(log_choose(a, h) + log_choose(d - a, a - h) - log_choose(d, a)));
  return p;
}

/// One row of the memory, or two different ones, as a random key sees them: its unit (units) and the probability.
struct Unit {
  double k = 0, p = 0;
};
struct TwoUnits {
  double a = 0, b = 0, p = 0;
};
/// Rows as the pair that is asked for sees them: its key's unit when it was stored and when it reads, and how many.
struct AskedRow {
  double stored = 0, read = 0, count = 0;
};
struct AskedRows {
  AskedRow a, b;
  double count = 0;
};
struct KeyLaw {
  std::vector<Unit> one;
  std::vector<TwoUnits> two;
  std::vector<AskedRow> asked;
  std::vector<AskedRows> asked_two;
};

KeyLaw key_law(const CapacitySettings& settings, KeyKind kind) {
  const auto d = static_cast<double>(settings.memory_size), a = static_cast<double>(settings.active);
  KeyLaw law;
  if (kind == KeyKind::dense) {
    law.one.push_back({0, 0.5});
    const int nodes = 60;
    double total = 0;
    for (int i = 0; i < nodes; ++i) total += std::exp(-square((i + 0.5) * 0.1) / 2);
    for (int i = 0; i < nodes; ++i) {
      const double z = (i + 0.5) * 0.1;
      law.one.push_back({z * std::sqrt(2 * a / d), 0.5 * std::exp(-z * z / 2) / total});
    }
    for (const Unit& x : law.one) {
      law.asked.push_back({x.k, x.k, d * x.p});
      for (const Unit& y : law.one) {
        law.two.push_back({x.k, y.k, x.p * y.p});
        if (x.k > 0 && y.k > 0) law.asked_two.push_back({{x.k, x.k, 0}, {y.k, y.k, 0}, d * (d - 1) * x.p * y.p});
      }
    }
    return law;
  }
  const double both = a / d * (a - 1) / (d - 1), single = a / d - both;
  law.one = {{1, a / d}, {0, 1 - a / d}};
  law.two = {{1, 1, both}, {1, 0, single}, {0, 1, single}, {0, 0, 1 - both - 2 * single}};
  const double moved = kind == KeyKind::noisy ? static_cast<double>(settings.moved()) : 0;
  law.asked = {{1, 1, a - moved}, {0, 1, moved}};
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 2; ++j) {
      const AskedRow &x = law.asked[i], &y = law.asked[j];
      law.asked_two.push_back({x, y, x.count * (y.count - (i == j))});
    }
  }
  return law;
}

/// An element of M changes as M <- F M + G, with F and G from its key unit k and value unit v.
struct Change {
  double grow, decay, rise;
  double f(double k, double v) const { return 1 - decay * k * k - grow * k * v; }
  double g(double k, double v) const { return rise * k * v; }
};

/// First and second moments of the elements of M, as sums over rows i (weights a) and pairs of different rows i, i'
/// (weights b): e_a = sum a E[M_ij], s = sum a E[M_ij^2], y = sum a E[M_ij M_ij'], e_b = sum b E[M_ij + M_i'j],
/// x = sum b E[M_ij M_i'j], z = sum b E[M_ij M_i'j'], for columns j != j'.
struct Moments {
  double one_a = 0, e_a = 0, s = 0, y = 0, one_b = 0, e_b = 0, x = 0, z = 0;
};

/// The means over keys and values that carry the moments through the write of one random pair.
struct Write {
  double f = 0, g = 0, ff = 0, fg = 0, gg = 0, mf2 = 0, mfg = 0, mg2 = 0;
  double two_ff = 0, two_fg = 0, two_gg = 0, two_mf2 = 0, two_mfg = 0, two_mg2 = 0;

  Write(const KeyLaw& law, const Change& c) {
    for (const Unit& u : law.one) {
      const double f1 = c.f(u.k, 1), f0 = c.f(u.k, 0), g1 = c.g(u.k, 1), mf = (f0 + f1) / 2, mg = g1 / 2;
      f += u.p * mf, g += u.p * mg;
      ff += u.p * (f0 * f0 + f1 * f1) / 2, fg += u.p * f1 * g1 / 2, gg += u.p * g1 * g1 / 2;
      mf2 += u.p * mf * mf, mfg += u.p * mf * mg, mg2 += u.p * mg * mg;
    }
    for (const TwoUnits& u : law.two) {
      const double f1 = c.f(u.a, 1), f0 = c.f(u.a, 0), g1 = c.g(u.a, 1), h1 = c.f(u.b, 1), h0 = c.f(u.b, 0),
                   i1 = c.g(u.b, 1);
      two_ff += u.p * (f0 * h0 + f1 * h1) / 2, two_fg += u.p * f1 * i1 / 2, two_gg += u.p * g1 * i1 / 2;
      two_mf2 += u.p * (f0 + f1) * (h0 + h1) / 4, two_mfg += u.p * (f0 + f1) * i1 / 4, two_mg2 += u.p * g1 * i1 / 4;
    }
  }
  void operator()(Moments& m) const {
    m.s = ff * m.s + 2 * fg * m.e_a + gg * m.one_a;
    m.y = mf2 * m.y + 2 * mfg * m.e_a + mg2 * m.one_a;
    m.x = two_ff * m.x + two_fg * m.e_b + two_gg * m.one_b;
    m.z = two_mf2 * m.z + two_mfg * m.e_b + two_mg2 * m.one_b;
    m.e_a = f * m.e_a + g * m.one_a;
    m.e_b = f * m.e_b + 2 * g * m.one_b;
  }
};

Crosstalk matrix_crosstalk(const KeyLaw& law, const Change& c, const Write& write, int64_t q, int64_t n) {
  Moments before;
  before.one_a = before.one_b = 1;
  for (int64_t t = 1; t < q; ++t) write(before);
  const double e = before.e_a, s = before.s, y = before.y, x = before.x, z = before.z;
  Crosstalk result;
  for (int v = 0; v < 2; ++v) {
    Moments m;
    double mean = 0;
    for (const AskedRow& row : law.asked) {
      const double w = row.count * row.read * row.read, f = c.f(row.stored, v), g = c.g(row.stored, v);
      mean += row.count * row.read * (f * e + g);
      m.one_a += w, m.e_a += w * (f * e + g);
      m.s += w * (f * f * s + 2 * f * g * e + g * g), m.y += w * (f * f * y + 2 * f * g * e + g * g);
    }
    for (const AskedRows& rows : law.asked_two) {
      const double w = rows.count * rows.a.read * rows.b.read, f = c.f(rows.a.stored, v), g = c.g(rows.a.stored, v),
                   f2 = c.f(rows.b.stored, v), g2 = c.g(rows.b.stored, v);
      m.one_b += w, m.e_b += w * ((f + f2) * e + g + g2);
      m.x += w * (f * f2 * x + (f * g2 + f2 * g) * e + g * g2),
          m.z += w * (f * f2 * z + (f * g2 + f2 * g) * e + g * g2);
    }
    for (int64_t t = q; t < n; ++t) write(m), mean *= write.f;
    result.signal += (v == 1 ? mean : -mean) / 2;
    result.noise2 += (m.s - m.y + m.x - m.z) / 2;
  }
  return result;
}

/// Keys of length 1 whose sum squared is s2 on average; K = E[k k^T] = alpha I + eta 1 1^T.
Crosstalk delta_crosstalk(const CapacitySettings& settings, KeyKind kind, int64_t q, int64_t n) {
  const auto d = static_cast<double>(settings.memory_size), a = static_cast<double>(settings.active);
  const double beta = settings.delta_rate, s2 = kind == KeyKind::dense ? 1 + (d - 1) / M_PI : a, s = std::sqrt(s2);
  const double match = kind == KeyKind::noisy ? 1 - static_cast<double>(settings.moved()) / a : 1;
  const double eta = (s2 - 1) / (d * (d - 1)), alpha = 1 / d - eta, all = alpha + d * eta;  // K 1 = all 1
  double x = 0, y = 0;  // covariance of a column before pair q: x I + y 1 1^T
  for (int64_t t = 1; t < q; ++t) {
    const double stored = beta * beta * (x + y * s2 + 1), x1 = x - 2 * beta * alpha * x + stored * alpha;
    y += -2 * beta * (all * y + eta * x) + stored * eta;
    x = x1;
  }
  // Q = E[P^T k k^T P], with the read key k and P the product of I - beta k_t k_t^T of the later pairs: trace, sum of
  // the elements, with k_q on both sides, with 1 and k_q; h = k^T P k_q, b = k^T P 1
  double trace = 1, sum = s2, both = match * match, mixed = match * s, h = match, b = s, later = 0;
  for (int64_t t = n; t > q; --t) {
    const double k = alpha * trace + eta * sum;  // E[k_t^T Q k_t]
    later += beta * beta * k;
    const double both1 = both - 2 * beta * (alpha * both + eta * s * mixed) + beta * beta * k * (alpha + eta * s2);
    mixed += -beta * ((all + alpha) * mixed + eta * s * sum) + beta * beta * k * all * s;
    both = both1;
    trace += (beta * beta - 2 * beta) * k;
    sum += -2 * beta * all * sum + beta * beta * s2 * k;
    h -= beta * (alpha * h + eta * s * b);
    b -= beta * all * b;
  }
  const double earlier =
      x * (trace + (beta * beta - 2 * beta) * both) + y * (sum - 2 * beta * s * mixed + beta * beta * s2 * both);
  return {beta * h / 2, std::max(0.0, (earlier + later) / 4)};
}

Change change_of(const CapacitySettings& settings, Store store) {
  const HebbianRule& rule = settings.rule;
  if (store == Store::outer) return {0, 0, 1};
  return {double(rule.gamma_pos), double(rule.gamma_neg), double(rule.gamma_pos) * double(rule.w_max)};
}

/// Cosine (relative to that of the pair's own key) of the read key with an unrelated key.
std::vector<Unit> relative_matches(const CapacitySettings& settings, KeyKind kind) {
  const auto d = static_cast<double>(settings.memory_size);
  if (kind == KeyKind::dense) {
    const double mean = 1 / M_PI, side = std::sqrt(3 * (1 - mean * mean) / d);
    return {{mean - side, 1.0 / 6}, {mean, 2.0 / 3}, {mean + side, 1.0 / 6}};
  }
  const int64_t kept = settings.active - (kind == KeyKind::noisy ? settings.moved() : 0);
  std::vector<Unit> matches;
  const Doubles p = overlaps(settings.memory_size, settings.active);
  for (size_t h = 0; h < p.size(); ++h) {
    if (p[h] > 1e-12) matches.push_back({static_cast<double>(h) / static_cast<double>(kept), p[h]});
  }
  return matches;
}

}  // namespace

int64_t CapacitySettings::moved() const { return std::llround(noise * static_cast<double>(active)); }

void CapacitySettings::check() const {
  HMEM_CHECK(active < memory_size, "found ", active, " active units of ", memory_size,
             ", expected fewer than the memory has rows: use a smaller --active");
  HMEM_CHECK(active + moved() <= memory_size, "found ", active, " active units and ", moved(),
             " to move, expected at most ", memory_size, " together: use a smaller --active or --noise");
  HMEM_CHECK(moved() < active, "--noise=", noise, " moves all ", active,
             " active units, expected at least one to stay");
}

double mean_squared_cosine(const CapacitySettings& settings, KeyKind keys) {
  const auto d = static_cast<double>(settings.memory_size), f = static_cast<double>(settings.active) / d;
  return keys == KeyKind::dense ? (1 - 1 / square(M_PI)) / d + 1 / square(M_PI) : f * f + square(1 - f) / (d - 1);
}

CapacityPoint measure_capacity(const CapacitySettings& settings, KeyKind keys, Store store, int64_t pairs) {
  settings.check();
  HMEM_CHECK(pairs >= 2, "found ", pairs, " pairs, expected at least 2: one alone has no crosstalk");
  std::vector<Measured> draws(static_cast<size_t>(settings.repeats));
  parallel_for(settings.repeats, 1,
               [&](int64_t r) { draws[static_cast<size_t>(r)] = measure(settings, keys, store, pairs, r); });
  CapacityPoint point{keys, store, pairs};
  const auto count = static_cast<double>(settings.repeats);
  double signal = 0, noise2 = 0;
  for (const Measured& draw : draws) point.recall += draw.recall, signal += draw.signal, noise2 += draw.noise2;
  point.recall /= count;
  for (const Measured& draw : draws) point.spread += square(draw.recall - point.recall);
  point.spread = draws.size() > 1 ? std::sqrt(point.spread / (count - 1)) : 0;
  point.snr = ratio_of(signal / count, noise2 / count);
  predict_capacity(settings, point);
  return point;
}

Crosstalk crosstalk(const CapacitySettings& settings, KeyKind keys, Store store, int64_t q, int64_t n) {
  settings.check();
  HMEM_CHECK(store != Store::nearest, "a store that keeps all pairs has no crosstalk");
  HMEM_CHECK(1 <= q && q <= n, "found pair ", q, " of ", n, ", expected 1..", n);
  if (store == Store::delta) return delta_crosstalk(settings, keys, q, n);
  const KeyLaw law = key_law(settings, keys);
  const Change change = change_of(settings, store);
  return matrix_crosstalk(law, change, Write(law, change), q, n);
}

void predict_capacity(const CapacitySettings& settings, CapacityPoint& point) {
  const int64_t n = point.pairs;
  const std::vector<Unit> matches = relative_matches(settings, point.keys);
  if (point.store == Store::nearest) {  // all other keys overlap less
    double less = 0;
    for (const Unit& match : matches) less += match.k < 1 - 1e-9 ? match.p : 0;
    point.recall_formula = point.keys == KeyKind::dense ? 1 : std::pow(less, static_cast<double>(n - 1));
    point.snr_formula = std::numeric_limits<double>::infinity();
    return;
  }
  // At most 33 positions q in the sequence stand for all, and so for the pairs whose values compete.
  const KeyLaw law = key_law(settings, point.keys);
  const Change change = change_of(settings, point.store);
  const Write write(law, change);
  const int64_t places = std::min<int64_t>(n, 33);
  std::vector<Crosstalk> found;
  double signal = 0, noise2 = 0;
  for (int64_t i = 0; i < places; ++i) {
    const int64_t q = 1 + (2 * i + 1) * n / (2 * places);
    found.push_back(point.store == Store::delta ? delta_crosstalk(settings, point.keys, q, n)
                                                : matrix_crosstalk(law, change, write, q, n));
    signal += found.back().signal / static_cast<double>(places);
    noise2 += found.back().noise2 / static_cast<double>(places);
  }
  point.snr_formula = ratio_of(signal, noise2);
  const double each = static_cast<double>(n - 1) / static_cast<double>(places);  // competitors of one place
  const auto d = static_cast<double>(settings.memory_size);
  point.recall_formula = 0;
  // The values of other pairs compete with what is left of them, which the delta rule changes: writing a pair takes
  // from the older ones what they answer to its key, and every later write takes the part that all keys have in common.
  const bool delta = point.store == Store::delta;
  const double own_match = point.keys == KeyKind::noisy ? 1 - double(settings.moved()) / double(settings.active) : 1;
  double mean = 0;
  for (const Unit& match : matches) mean += match.p * match.k;
  const auto left = [&](size_t own, size_t other, double match) {
    const double signal_left = found[other].signal;
    if (!delta) return signal_left * match;
    const double age = static_cast<double>(n) * (1 - (static_cast<double>(other) + 0.5) / static_cast<double>(places));
    const double common = found.back().signal * std::pow(std::max(0.0, 1 - settings.delta_rate * mean), age);
    const double kept = other < own ? 1 - settings.delta_rate * own_match : 1;
    return kept * (signal_left * (match - mean) + common * mean);
  };
  for (size_t q = 0; q < found.size(); ++q) {
    const Crosstalk& own = found[q];
    const double noise = std::sqrt(std::max(own.noise2, 1e-12 * square(own.signal) + 1e-300)),
                 wide = std::hypot(noise, own.signal);
    for (int i = -20; i <= 20; ++i) {  // own score: sqrt(d) signal + noise x
      const double x = 0.25 * i, weight = 0.25 * std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
      const double score = std::sqrt(d) * own.signal + noise * x;
      double right = 0;  // logarithm of the probability that no other score is above
      for (size_t other = 0; other < found.size(); ++other) {
        double below = 0;
        for (const Unit& match : matches)
          below += match.p * normal_cdf((score - std::sqrt(d) * left(q, other, match.k)) / wide);
        right += each * std::log(std::max(below, 1e-300));
      }
      point.recall_formula += weight * std::exp(right) / static_cast<double>(places);
    }
  }
}

double capacity_at(const std::vector<CapacityPoint>& curve, double level, bool formula) {
  const auto recall = [&](size_t i) { return formula ? curve[i].recall_formula : curve[i].recall; };
  for (size_t i = 0; i < curve.size(); ++i) {
    if (recall(i) >= level) continue;
    if (i == 0) return 0;
    const double part = (recall(i - 1) - level) / (recall(i - 1) - recall(i));
    return std::exp(std::log(double(curve[i - 1].pairs)) * (1 - part) + std::log(double(curve[i].pairs)) * part);
  }
  return -1;
}

std::vector<CapacityPoint> capacity_curves(const CapacitySettings& settings, const std::vector<int64_t>& pairs,
                                           const ShowProgress& show) {
  std::vector<CapacityPoint> points;
  const auto total = static_cast<int64_t>(kKeyKinds.size() * kStores.size() * pairs.size());
  if (show) show(0, total);
  for (size_t keys = 0; keys < kKeyKinds.size(); ++keys) {
    for (size_t store = 0; store < kStores.size(); ++store) {
      for (const int64_t n : pairs) {
        points.push_back(measure_capacity(settings, static_cast<KeyKind>(keys), static_cast<Store>(store), n));
        if (show) show(static_cast<int64_t>(points.size()), total);
      }
    }
  }
  return points;
}

}  // namespace hmem
