// Delay curves of single-shot image association: runs image_association_task and image_association_task_lstm with
// several delays and seeds, several at a time; continues where it was stopped.

#include <filesystem>
#include <memory>
#include <optional>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/data/search.h"
#include "hmem/sweep/sweep.h"
#include "hmem/tasks/images/association_programs.h"
#include "hmem/tasks/images/delay_curve.h"
#include "hmem/tasks/images/flags.h"
#include "hmem/train/model_file.h"

namespace {

using namespace hmem;
namespace fs = std::filesystem;

/// The results so far, in files that are always whole.
class Curve {
 public:
  /// Makes the folder of the runs when it is known that the files can be written.
  Curve(const DelayPlan& plan, const std::string& out, const std::string& csv, const std::string& table)
      : plan_(plan),
        csv_(csv.empty() ? (fs::path(out) / "delay.csv").string() : csv),
        table_(table.empty() ? (fs::path(out) / "delay.md").string() : table),
        results_(plan.runs.size()) {
    if (fs::path(csv_).lexically_normal() == fs::path(table_).lexically_normal()) {
      throw UsageError("--table: found " + quote(table_) + ", the file of --csv, expected a file of its own");
    }
    for (const std::string& path : {csv_, table_}) {
      const fs::path folder = fs::path(path).lexically_normal().parent_path();
      if (folder != fs::path(out + "/").lexically_normal().parent_path()) check_writable(path);  // else we make it
    }
    std::error_code status;
    fs::create_directories(out, status);
    HMEM_CHECK(!status, "--out: ", out, ": ", status.message(), ", expected a folder that can be made");
    for (const std::string& path : {csv_, table_}) check_writable(path);
  }

  const std::string& csv() const { return csv_; }
  const std::string& table() const { return table_; }

  /// Takes up what earlier sweeps have finished: a stop must not lose lines that were there.
  void read_finished() {
    for (size_t i = 0; i < results_.size(); ++i) {
      try {
        const RunRecord record = record_of(plan_.runs[i]);
        if (plan_.runs[i].is_done(record)) results_[i] = delay_result(plan_.points[i], record);
      } catch (const Error&) {  // the sweep says it when it comes to this run
      }
    }
    write();
  }

  void add(size_t run, const RunRecord& record) {
    results_[run] = delay_result(plan_.points[run], record);
    write();
  }

 private:
  void write() {
    std::vector<DelayResult> finished;
    for (const auto& result : results_) {
      if (result) finished.push_back(*result);
    }
    if (finished.empty()) return;
    const std::string csv = delay_csv(finished);
    if (csv == written_) return;
    write_file(csv_, csv);
    write_file(table_, delay_markdown(finished, plan_.runs.size()));
    written_ = csv;
  }

  const DelayPlan& plan_;
  std::string csv_, table_, written_;
  std::vector<std::optional<DelayResult>> results_;
};

int sweep(const Options& options, const std::vector<std::string>& training) {
  const std::vector<std::string> models = parse_association_models(options.get_string("models"));
  const std::vector<int64_t> delays = parse_number_list("delays", options.get_string("delays"), {0, 1000});
  const std::string& out = options.get_string("out");
  const DelayPlan plan = plan_delay_sweep(models, delays, options.get_int("runs"), out, training, program_folder());
  if (out.empty() || options.get_switch("print")) return run_sweep(options, plan.runs, {});
  const bool hmem = plan.points.front().model == "hmem";
  check_image_sources(
      parsed_options(hmem ? hmem_association_options() : lstm_association_options(), plan.runs.front().flags));
  Curve curve(plan, out, options.get_string("csv"), options.get_string("table"));
  curve.read_finished();
  return run_sweep(options, plan.runs, {"results are in " + curve.csv() + " and " + curve.table()},
                   [&](size_t run, const RunRecord& record) { curve.add(run, record); });
}

}  // namespace

int main(int argc, char** argv) {
  Options options("image_association_sweep",
                  "Trains image_association_task and image_association_task_lstm with several delays and seeds. Their "
                  "flags may be given as well (--use_pretrained_convnet, --epochs, ...), with several values: "
                  "--memory_size=100,200.");
  options.add_string("models", "hmem,lstm", "hmem, lstm or both");
  options.add_string("delays", "0,5,20,40", "frames of padding after every pair, as 0,5 or 0-3");
  add_sweep_options(options, "model, delay and setting");
  options.add_string("csv", "", "results of all runs; empty: delay.csv in the folder of --out");
  options.add_string("table", "", "the same as a Markdown table; empty: delay.md there");
  return run_sweep_program(argc, argv, options, {hmem_association_options(), lstm_association_options()}, sweep);
}
