#include "hmem/train/run_output.h"

#include <cmath>

#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/isa.h"

namespace hmem {

void write_run_header(RunLog& log, const Options& options, uint64_t seed, const std::string& data,
                      const ModelInfo& model) {
  const BuildInfo build = build_info();
  Record header;
  header.add_text("program", options.program()).add_text("version", build.version).add_text("git", build.git_sha);
  header.add_text("compiler", build.compiler).add_text("kernels", kernel_set_name()).add_text("blas", blas_name());
  header.add_int("threads", num_threads()).add_int("seed", static_cast<int64_t>(seed)).add_text("data", data);
  log.write_header(header);
  Record settings;
  for (const auto& [name, value] : options.settings()) {
    const auto of_model = model.find(name);
    // The limit of sentences is the user's; the model knows how many there were.
    const bool take = of_model != model.end() && name != "max_num_sentences";
    settings.add_text(name, take ? of_model->second : value);
  }
  log.write_header(settings);
}

Record epoch_record(const EpochReport& report) {
  Record line;
  line.add_int("epoch", report.epoch).add_real("train_loss", report.train.loss);
  line.add_real("train_error", report.train.error, 4).add_real("val_loss", report.validation.loss);
  line.add_real("val_error", report.validation.error, 4).add_real("learning_rate", report.learning_rate);
  line.add_real("grad_norm", report.largest_norm, 4).add_int("examples_per_s", std::llround(report.examples_per_s));
  return line;
}

Record step_times_record(const StepTimes& times) {
  Record line;
  line.add_real("step_ms_median", times.median_ms).add_real("step_ms_min", times.min_ms);
  line.add_real("examples_per_s", times.examples_per_s).add_real("peak_rss_mib", peak_rss_mib(), 4);
  return line;
}

}  // namespace hmem
