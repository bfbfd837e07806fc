// How many random pairs a Hebbian memory holds, beside outer products, the delta rule and a store that keeps
// everything.

#include <iostream>
#include <utility>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/progress.h"
#include "hmem/study/capacity.h"

namespace {

using namespace hmem;

Options make_options() {
  Options options("memory_capacity",
                  "Measures how many random pairs of a key and a value an associative memory recalls, for four ways to "
                  "store them, beside the prediction from the crosstalk between keys. Needs no data.");
  options.section("Memory and pairs");
  options.add_string("pairs", "2,5,10,20,50,100,200,500", "numbers of pairs, for example 10,20 or 2-8");
  add_flags(options, CapacitySettings());
  options.section("Run");
  options.add_int("random_state", 1, "random seed of keys and values", {0, int64_t{1} << 62}, Role::run);
  options.add_int(
      "threads", 0,
      "largest number of threads; 0: OMP_NUM_THREADS, else one per processor, at most 16; does not change results",
      {0, 1024}, Role::neutral);
  options.add_switch("quiet", false, "print no tables, only write files", Role::output);
  options.add_file("csv", "write all points to this file", Role::output);
  options.add_file("html", "write curves and tables as one page to this file", Role::output);
  return options;
}

int measure(const Options& options) {
  set_num_threads(static_cast<int>(options.get_int("threads")));
  const std::vector<int64_t> pairs = parse_number_list("pairs", options.get_string("pairs"), {2, 10000});
  CapacitySettings settings = config_of<CapacitySettings>(options);
  settings.seed = static_cast<uint64_t>(options.get_int("random_state"));
  try {
    settings.check();
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  const std::pair<const char*, std::string (*)(const CapacitySettings&, const std::vector<CapacityPoint>&)> files[] = {
      {"csv", [](const CapacitySettings&, const std::vector<CapacityPoint>& points) { return capacity_csv(points); }},
      {"html", capacity_html}};
  for (const auto& [flag, text] : files) {  // a path that cannot be written is found before the work
    if (!options.get_string(flag).empty()) AtomicFile probe(options.get_string(flag));
  }
  const std::vector<CapacityPoint> points =
      capacity_curves(settings, pairs, show_progress(options, "measuring recall"));
  for (const auto& [flag, text] : files) {
    if (!options.get_string(flag).empty()) write_file(options.get_string(flag), text(settings, points));
  }
  if (!options.get_switch("quiet")) std::cout << capacity_text(settings, points);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = make_options();
  return run_program(argc, argv, options, measure);
}
