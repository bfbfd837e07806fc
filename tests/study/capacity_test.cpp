#include "hmem/study/capacity.h"

#include <cmath>
#include <string>
#include <utility>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "study/study_rows.h"

using namespace hmem;
using hmem::test::times_in;

namespace {

CapacitySettings small_settings() {
  CapacitySettings settings;
  settings.memory_size = 40;
  settings.active = 6;
  settings.repeats = 150;
  return settings;
}

}  // namespace

TEST_CASE("capacity: signal and noise are those of the formula for every rule and kind of key", "[study]") {
  struct Row {
    const char* what;
    KeyKind keys;
    Store store;
    double gamma_pos, gamma_neg, w_max, delta_rate;
  };
  const Row rows[] = {
      {"outer, sparse", KeyKind::sparse, Store::outer, 0, 0, 1, 0},
      {"outer, dense", KeyKind::dense, Store::outer, 0, 0, 1, 0},
      {"outer, noisy", KeyKind::noisy, Store::outer, 0, 0, 1, 0},
      {"hebbian, sparse", KeyKind::sparse, Store::hebbian, 0.1, 0.1, 1, 0},
      {"hebbian, dense", KeyKind::dense, Store::hebbian, 0.1, 0.1, 1, 0},
      {"hebbian, noisy", KeyKind::noisy, Store::hebbian, 0.1, 0.1, 1, 0},
      {"hebbian without decay, another bound", KeyKind::sparse, Store::hebbian, 0.2, 0, 3, 0},
      {"hebbian with factors below 0", KeyKind::sparse, Store::hebbian, 0.7, 0.5, 1, 0},
      {"delta, sparse", KeyKind::sparse, Store::delta, 0, 0, 1, 1},
      {"delta, sparse, slow", KeyKind::sparse, Store::delta, 0, 0, 1, 0.3},
      {"delta, dense", KeyKind::dense, Store::delta, 0, 0, 1, 1},
      {"delta, noisy", KeyKind::noisy, Store::delta, 0, 0, 1, 1},
  };
  for (const Row& row : rows) {
    CapacitySettings settings = small_settings();
    settings.rule = {static_cast<real>(row.gamma_pos), static_cast<real>(row.gamma_neg), static_cast<real>(row.w_max)};
    settings.delta_rate = row.delta_rate;
    const CapacityPoint point = measure_capacity(settings, row.keys, row.store, 12);
    INFO(row.what << ": measured " << point.snr << ", formula " << point.snr_formula);
    CHECK(std::abs(point.snr / point.snr_formula - 1) < 0.06);
  }
}

TEST_CASE("capacity: the formula in special cases that are known in closed form", "[study]") {
  const CapacitySettings settings = small_settings();
  for (const KeyKind keys : {KeyKind::sparse, KeyKind::dense}) {  // SNR^2 = 1 / ((n - 1) E[cos^2])
    const Crosstalk found = crosstalk(settings, keys, Store::outer, 3, 9);
    CHECK(found.noise2 / (found.signal * found.signal) ==
          Approx(8 * mean_squared_cosine(settings, keys)).epsilon(2e-3));
  }
  // 6 of 40 units: overlap 0.9 on average, its variance 6 0.15 0.85 34/39; E[cos^2] = (mean^2 + variance) / 36
  CHECK(mean_squared_cosine(settings, KeyKind::sparse) == Approx((0.81 + 6 * 0.15 * 0.85 * 34 / 39) / 36));
  const Crosstalk newest = crosstalk(settings, KeyKind::sparse, Store::delta, 9, 9);
  CHECK(newest.signal == Approx(0.5));  // values are 0 and 1: half of the difference
  CHECK(newest.noise2 < 1e-12);
  // Signal of the Hebbian rule: a read of 6 units, g+ (w_max - E M) of each, and the mean factor of every later write
  CapacitySettings strong = settings;
  strong.rule = {real(0.2), real(0.3), real(2)};
  const double factor = 1 - 0.15 * (0.3 + 0.1), before = 2 * 0.1 / 0.4 * (1 - factor);
  const Crosstalk old = crosstalk(strong, KeyKind::sparse, Store::hebbian, 2, 5);
  CHECK(old.signal == Approx(6 * 0.2 * (2 - before) / 2 * std::pow(factor, 3)));
}

TEST_CASE("capacity: recall follows the prediction, and a store that keeps everything fails only by noise", "[study]") {
  CapacitySettings settings;
  settings.repeats = 8;
  for (const Store store : {Store::hebbian, Store::outer, Store::delta}) {
    for (const int64_t pairs : {20, 150}) {
      const CapacityPoint point = measure_capacity(settings, KeyKind::sparse, store, pairs);
      INFO(kStores[static_cast<size_t>(store)] << ", " << pairs << " pairs: " << point.recall << ", "
                                               << point.recall_formula);
      CHECK(std::abs(point.recall - point.recall_formula) < 0.07);
    }
  }
  const CapacityPoint clean = measure_capacity(settings, KeyKind::sparse, Store::nearest, 100);
  CHECK(clean.recall == 1);
  CHECK(std::isinf(clean.snr));
  settings.memory_size = 20;
  settings.active = 4;
  settings.noise = 0.5;  // two of four units stay; many others have two in common
  const CapacityPoint noisy = measure_capacity(settings, KeyKind::noisy, Store::nearest, 10);
  CHECK(noisy.recall < 0.6);
  CHECK(noisy.recall == Approx(noisy.recall_formula).margin(0.12));
}

TEST_CASE("capacity: the same numbers for any number of threads; seeds differ", "[study]") {
  CapacitySettings settings = small_settings();
  settings.repeats = 5;
  const CapacityPoint all = measure_capacity(settings, KeyKind::noisy, Store::hebbian, 15);
  const int threads = max_threads();
  set_num_threads(1);
  const CapacityPoint one = measure_capacity(settings, KeyKind::noisy, Store::hebbian, 15);
  set_num_threads(threads);
  CHECK(one.recall == all.recall);
  CHECK(one.snr == all.snr);
  settings.seed = 2;
  CHECK(measure_capacity(settings, KeyKind::noisy, Store::hebbian, 15).snr != all.snr);
  settings.repeats = 1;
  CHECK(measure_capacity(settings, KeyKind::noisy, Store::hebbian, 15).spread == 0);
}

TEST_CASE("capacity: the number of pairs at a level, between measured points", "[study]") {
  std::vector<CapacityPoint> curve(3);
  const std::pair<int64_t, double> points[] = {{10, 1.0}, {40, 0.8}, {100, 0.2}};
  for (size_t i = 0; i < 3; ++i) curve[i].pairs = points[i].first, curve[i].recall = points[i].second;
  CHECK(capacity_at(curve, 0.9, false) == Approx(20));
  CHECK(capacity_at(curve, 0.1, false) < 0);
  CHECK(capacity_at(curve, 0.5, true) == 0);
}

TEST_CASE("capacity: CSV, text and page hold all points; the page needs nothing else", "[study]") {
  CapacitySettings settings = small_settings();
  settings.repeats = 2;
  const std::vector<CapacityPoint> points = capacity_curves(settings, {2, 8});
  REQUIRE(points.size() == 24);
  const std::string csv = capacity_csv(points), text = capacity_text(settings, points),
                    page = capacity_html(settings, points);
  CHECK(times_in(csv, "\n") == 25);
  CHECK(csv.find("\nnoisy,delta,8,") != std::string::npos);
  CHECK(times_in(text, "90 % up to") == 3);
  CHECK(times_in(page, "<svg") == 6);
  CHECK(times_in(page, "role=\"img\"><title>") == 6);
  CHECK(times_in(page, "<table>") == 6);
  CHECK(page.find("prefers-color-scheme:dark") != std::string::npos);
  for (const char* outside : {"http", "<script", "src=", "@import", "url(", ">nan", ",nan", "e+"})
    CHECK(page.find(outside) == std::string::npos);
}

TEST_CASE("capacity: settings that do not fit are refused", "[study][bad]") {
  CapacitySettings settings = small_settings();
  CHECK_THROWS_AS(measure_capacity(settings, KeyKind::sparse, Store::outer, 1), Error);
  CHECK_THROWS_AS(crosstalk(settings, KeyKind::sparse, Store::nearest, 1, 2), Error);
  CHECK_THROWS_AS(crosstalk(settings, KeyKind::sparse, Store::outer, 3, 2), Error);
  settings.active = 40;
  CHECK_THROWS_AS(settings.check(), Error);
  settings.active = 30;
  settings.noise = 0.9;
  CHECK_THROWS_AS(settings.check(), Error);
  settings.active = 2;
  CHECK_THROWS_AS(settings.check(), Error);  // both units would move
}
