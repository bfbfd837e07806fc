#include "hmem/sweep/sweep.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <thread>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/interrupt.h"
#include "hmem/core/parallel.h"
#include "hmem/core/process.h"
#include "hmem/core/program.h"
#include "hmem/core/progress.h"
#include "hmem/core/text.h"
#include "hmem/core/timer.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

/// Last line of a log, for the message of a failed run.
std::string last_line(const std::string& path) {
  std::ifstream in(path);
  std::string line, last;
  while (std::getline(in, line)) {
    if (!line.empty()) last = line;
  }
  return last.empty() ? "(it printed nothing)" : last;
}

class Sweep {
 public:
  /// `trials`: more runs follow, so the summary is a note instead of a final line.
  Sweep(const std::vector<SweepRun>& plan, size_t jobs, const OnRunEnd& on_end, bool trials)
      : plan_(plan), jobs_(jobs), on_end_(on_end), trials_(trials), log_(std::cout) {}

  /// After an error: stops all runs, so that none continues unattended. They save their state first.
  ~Sweep() {
    for (const Job& job : running_) signal_process(job.process, SIGTERM);
  }
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

  int execute() {
    const InterruptGuard guard;
    // Each run uses one thread of OpenBLAS; the others would only be started to wait, one for every processor.
    ::setenv("OPENBLAS_NUM_THREADS", "1", 0);
    for (size_t run = 0; run < plan_.size(); ++run) waiting_.push_back(run);
    while (!waiting_.empty() || !running_.empty()) {
      if (guard.signal() != 0 && !stopped_) {
        stopped_ = true;
        for (const Job& job : running_) signal_process(job.process, guard.signal());
      }
      if (stopped_ && running_.empty()) break;
      if (!stopped_) start_some();
      collect();
      show_status();
      if (!running_.empty() || !waiting_.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    clear_status();
    if (stopped_) {
      log_.write_note(std::string(signal_name(guard.signal())) + ": stopped with " + std::to_string(done_) + " of " +
                      std::to_string(plan_.size()) + " runs done; the same command continues");
      return exit_code_of_signal(guard.signal());
    }
    if (trials_) {
      log_.write_note(std::to_string(plan_.size()) + " trials done, " + std::to_string(failed_) + " of them failed");
      return failed_ == 0 ? 0 : 1;
    }
    log_.write_final(Record()
                         .add_int("runs", static_cast<int64_t>(plan_.size()))
                         .add_int("failed", failed_)
                         .add_real("seconds", timer_.seconds(), 4));
    return failed_ == 0 && on_end_error_.empty() ? 0 : 1;
  }

 private:
  struct Job {
    size_t run = 0;
    std::unique_ptr<FileLock> lock;
    pid_t process = 0;
    Timer timer{};
  };

  void start_some() {
    // Goes through the queue once; a run that is locked by another process moves to the end.
    for (size_t left = waiting_.size(); left > 0 && running_.size() < jobs_; --left) {
      Job job{waiting_.front(), std::make_unique<FileLock>()};
      waiting_.pop_front();
      const SweepRun& run = plan_[job.run];
      try {
        make_folder(run.folder);
        if (!job.lock->take(run.file("lock"))) {
          waiting_.push_back(job.run);
          continue;
        }
        if (const RunRecord record = record_of(run); run.is_done(record)) {
          report(job.run, record, 0, "kept");
          continue;
        }
        write_file(run.file("command.txt"), shell_command(run) + "\n");
        std::vector<std::string> argv = {run.program};
        argv.insert(argv.end(), run.flags.begin(), run.flags.end());
        job.process = start_process(argv, run.file("run.log"), *job.lock);
        running_.push_back(std::move(job));
      } catch (const ShortageError& error) {  // with other runs at work, one that ends makes room
        if (running_.empty()) {
          report_failure(run, error.what());
        } else {
          waiting_.push_front(job.run);
          return;
        }
      } catch (const std::exception& error) {
        report_failure(run, error.what());
      }
    }
  }

  void collect() {
    for (size_t i = 0; i < running_.size();) {
      const std::optional<int> code = poll_process(running_[i].process);
      if (!code) {
        ++i;
        continue;
      }
      const Job job = std::move(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      if (stopped_ && *code != 0) continue;
      const SweepRun& run = plan_[job.run];
      try {
        const RunRecord record = record_of(run);
        if (*code == 0 && run.is_done(record)) {
          finished_seconds_ += job.timer.seconds();
          ++finished_;
          report(job.run, record, job.timer.seconds(), "done");
        } else {
          report_failure(run, "exit code " + std::to_string(*code) + ": " + last_line(run.file("run.log")));
        }
      } catch (const std::exception& error) {
        report_failure(run, error.what());
      }
    }
  }

  Record line_of(const SweepRun& run) const {
    Record line;
    return line.add_text("run", fs::path(run.folder).filename().string()).append(run.label);
  }

  void report(size_t run, const RunRecord& record, double seconds, const char* state) {
    ++done_;
    clear_status();
    Record line = line_of(plan_[run]);
    if (const int64_t epochs = plan_[run].stop_after; epochs > 0) {  // a trial: the metric that it is chosen by
      if (const auto best = best_epoch(record, epochs)) line.add_real("val_error", best->val_error, 4);
    } else {
      line.add_real("val_error", record.metric("val_error").value_or(NAN), 4);
      line.add_real("test_error", record.metric("test_error").value_or(NAN), 4);
    }
    log_.write_epoch(line.add_real("seconds", seconds, 4).add_text("state", state));
    if (on_end_) show(run, record);
  }

  /// An error in `on_end`, such as a full disk, does not count as a failure of the run.
  void show(size_t run, const RunRecord& record) {
    try {
      on_end_(run, record);
    } catch (const std::exception& error) {
      if (on_end_error_ != error.what()) log_.write_note(error.what());
      on_end_error_ = error.what();
    }
  }

  void report_failure(const SweepRun& run, const std::string& why) {
    ++done_;
    ++failed_;
    clear_status();
    log_.write_epoch(line_of(run).add_text("state", "failed").add_text("error", why));
  }

  void show_status() {
    if (!terminal_ || timer_.seconds() < next_status_) return;
    next_status_ = timer_.seconds() + 0.5;
    const double left = static_cast<double>(waiting_.size()) + static_cast<double>(running_.size()) / 2;
    std::cerr << "\r\033[K" << done_ << "/" << plan_.size() << " runs done, " << failed_ << " failed, "
              << running_.size() << " running, " << waiting_.size() << " left";
    if (finished_ > 0) {
      const double seconds = finished_seconds_ / static_cast<double>(finished_) * left / static_cast<double>(jobs_);
      std::cerr << ", ETA " << format_duration(seconds);
    }
    std::cerr << std::flush;
    drawn_ = true;
  }

  void clear_status() {
    if (drawn_) std::cerr << "\r\033[K" << std::flush;
    drawn_ = false;
  }

  const std::vector<SweepRun>& plan_;
  size_t jobs_;
  const OnRunEnd& on_end_;
  const bool trials_;
  RunLog log_;
  std::deque<size_t> waiting_;
  std::vector<Job> running_;
  bool stopped_ = false, drawn_ = false;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  int64_t done_ = 0, failed_ = 0, finished_ = 0;
  std::string on_end_error_;
  double finished_seconds_ = 0, next_status_ = 0;
  Timer timer_;
};

}  // namespace

void add_sweep_options(Options& options, const std::string& what) {
  options.add_int("runs", 3, "number of runs for every " + what + ", with the seeds 1, 2, ...", {1, 10000});
  options.add_int("jobs", 0, "number of runs at the same time, each with one thread; 0: one per processor", {0, 4096});
  options.add_folder("out", "output folder, with one subfolder for every run (required)", Role::output);
  options.add_switch("print", false, "only print the command line of every run");
}

namespace {

void check_sweep(const Options& options, const std::vector<SweepRun>& plan) {
  if (options.get_string("out").empty()) throw UsageError("--out is missing: the folder for the runs");
  std::set<std::string> programs;
  for (const SweepRun& run : plan) programs.insert(run.program);
  for (const std::string& program : programs) {
    HMEM_CHECK(file_exists(program), program, ": there is no such program, expected it beside ", options.program());
  }
}

size_t number_of_jobs(const Options& options) {
  const int64_t jobs = options.get_int("jobs") > 0 ? options.get_int("jobs") : available_threads();
  return static_cast<size_t>(jobs);
}

}  // namespace

int run_sweep(const Options& options, const std::vector<SweepRun>& plan, const std::vector<std::string>& notes,
              const OnRunEnd& on_end) {
  check_sweep(options, plan);
  const bool print = options.get_switch("print");
  for (const std::string& note : notes) (print ? std::cerr : std::cout) << "note: " << note << std::endl;
  if (print) {
    for (const SweepRun& run : plan) std::cout << shell_command(run) << '\n';
    return 0;
  }
  return Sweep(plan, number_of_jobs(options), on_end, false).execute();
}

int run_sweep_with_trials(const Options& options, const std::vector<SweepRun>& plan,
                          const std::vector<std::string>& notes, int64_t trials, int64_t epochs, int64_t keep) {
  check_sweep(options, plan);
  if (options.get_switch("print")) {
    throw UsageError(
        "--print: found with --trials, expected one of them: the runs after the trials depend on their results");
  }
  for (const SweepRun& run : plan) {
    for (const auto& [name, value] : run.settings) {
      if (name != "validation_split" || parse_number<double>(value) != 0.0) continue;
      throw UsageError("--trials: found with --validation_split=0, expected validation questions to choose by");
    }
  }
  for (const std::string& note : notes) std::cout << "note: " << note << std::endl;
  const std::vector<SweepRun> first = trials_of(plan, epochs);
  const int code = Sweep(first, number_of_jobs(options), {}, true).execute();
  if (code > 1) return code;  // a signal
  const int rest = Sweep(best_trials(plan, trials, epochs, keep), number_of_jobs(options), {}, false).execute();
  return std::max(code, rest);
}

int run_sweep_program(
    int argc, const char* const* argv, Options& own, const std::vector<Options>& training,
    const std::function<int(const Options& options, const std::vector<std::string>& training)>& body) {
  std::vector<std::string> of_sweep, of_training;
  std::vector<const char*> own_argv = {own.program().c_str()};
  try {
    divide_arguments({argv + std::min(argc, 1), argv + argc}, own, training, of_sweep, of_training);
  } catch (const UsageError& error) {
    const std::string& name = own.program();
    std::cerr << name << ": error: " << one_line(error.what()) << " (see " << name << " --help)" << std::endl;
    return 2;
  }
  for (const std::string& argument : of_sweep) own_argv.push_back(argument.c_str());
  return run_program(static_cast<int>(own_argv.size()), own_argv.data(), own,
                     [&](const Options& given) { return body(given, of_training); });
}

}  // namespace hmem
