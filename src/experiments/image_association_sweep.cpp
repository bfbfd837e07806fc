// Delay curves of single-shot image association: runs image_association_task and image_association_task_lstm with
// several delays and seeds, several at a time; an interrupted sweep can be continued.

#include "hmem/core/program.h"
#include "hmem/core/text.h"
#include "hmem/sweep/sweep.h"
#include "hmem/tasks/images/association_experiment.h"
#include "hmem/tasks/images/delay_curve.h"

namespace {

using namespace hmem;

int sweep(const Options& options, const std::vector<std::string>& training) {
  const std::vector<std::string> models = parse_association_models(options.get_string("models"));
  const std::vector<int64_t> delays = parse_number_list("delays", options.get_string("delays"), kAssociationDelay);
  const std::string& out = options.get_string("out");
  const std::vector<SweepRun> plan =
      plan_delay_sweep(models, delays, options.get_int("runs"), out, training, program_folder());
  if (out.empty() || options.get_switch("print")) return run_sweep(options, plan, {});
  check_image_sources(parsed_options(association_options(association_kind(plan.front().model)), plan.front().flags));
  DelayCurve curve(
      plan, out,
      {options.get_string("csv"), options.get_string("table"), options.get_string("html"), options.get_string("svg")},
      split_at_commas(options.get_string("with")));
  return run_sweep(options, plan, {"results are in " + curve.files().csv + " and " + curve.files().table},
                   [&](size_t run, const RunRecord& record) { curve.add(run, record); });
}

}  // namespace

int main(int argc, char** argv) {
  Options options(
      "image_association_sweep",
      "Runs image_association_task and image_association_task_lstm with several delays and seeds. Their flags are "
      "accepted as well (--use_pretrained_convnet, --epochs, ...), also with several values: --memory_size=100,200.");
  options.add_string("models", "hmem,lstm", "networks to train: hmem, lstm or both");
  options.add_string("delays", "0,5,20,40", "numbers of padding frames after every pair, for example 0,5 or 0-3");
  add_sweep_options(options, "model, delay and setting");
  options.add_string("with", "",
                     "also show the results in these CSV files, separated by commas: those of earlier sweeps or of "
                     "image_association_nearest --csv",
                     Role::place);
  options.add_file("csv", "write the results of all runs to this CSV file; empty: delay.csv in the folder of --out",
                   Role::output);
  options.add_file("table",
                   "write the results of all runs to this Markdown file; empty: delay.md in the folder of --out",
                   Role::output);
  options.add_file("html", "also write an HTML page with charts and tables to this file; it needs no network",
                   Role::output);
  options.add_file("svg", "also draw a chart of accuracy over delay in this file (SVG)", Role::output);
  std::vector<Options> programs;
  for (const AssociationKind& kind : association_kinds()) programs.push_back(association_options(kind));
  return run_sweep_program(argc, argv, options, programs, sweep);
}
