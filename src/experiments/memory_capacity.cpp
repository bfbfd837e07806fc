// How many random pairs a Hebbian memory holds, beside outer products, the delta rule and a store that keeps
// everything.

#include <iostream>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/progress.h"
#include "hmem/study/capacity.h"
#include "hmem/train/experiment.h"

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
  add_threads_flag(options);
  options.add_switch("quiet", false, "print no tables, only write files", Role::output);
  options.add_file("csv", "write all points to this CSV file", Role::output);
  options.add_file("html", "write an HTML page with curves and tables to this file; it needs no network", Role::output);
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
  check_own_files(options);
  check_outputs(options);
  const std::vector<CapacityPoint> points =
      capacity_curves(settings, pairs, show_progress(options, "measuring recall"));
  write_output(options, "csv", [&] { return capacity_csv(points); });
  write_output(options, "html", [&] { return capacity_html(settings, points); });
  if (!options.get_switch("quiet")) std::cout << capacity_text(settings, points);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = make_options();
  return run_program(argc, argv, options, measure);
}
