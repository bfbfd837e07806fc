// Runs babi_task_single on many tasks, seeds and settings, several at a time; continues where it was stopped.

#include "hmem/train/babi_sweep.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/interrupt.h"
#include "hmem/core/parallel.h"
#include "hmem/core/process.h"
#include "hmem/core/program.h"
#include "hmem/core/progress.h"
#include "hmem/core/run_log.h"
#include "hmem/core/text.h"
#include "hmem/core/timer.h"
#include "hmem/data/data_dir.h"

namespace {

using namespace hmem;
namespace fs = std::filesystem;

Options make_options() {
  Options options(
      "babi_sweep",
      "Trains babi_task_single on many tasks and seeds. Its flags may be given as well (--preset, --epochs, "
      "...), with several values: --hops=1,3.");
  options.add_string("tasks", "1-20", "bAbI tasks, as 1-3,7");
  options.add_int("runs", 3, "runs of every task and setting, with the seeds 1, 2, ...", {1, 10000});
  options.add_int("jobs", 0, "runs at the same time, each with one thread; 0: one per processor", {0, 4096});
  options.add_string("out", "", "folder that gets one folder for every run");
  options.add_switch("print", false, "only print one command line for every run");
  return options;
}

/// Last line of a log, for the message of a failed run.
std::string last_line(const std::string& path) {
  std::ifstream in(path);
  std::string line, last;
  while (std::getline(in, line)) {
    if (!line.empty()) last = line;
  }
  return last.empty() ? "(it said nothing)" : last;
}

RunRecord record_of(const SweepRun& run) {
  const std::string path = run.file("run.jsonl");
  return fs::exists(path) ? read_run_record(path) : RunRecord();
}

class Sweep {
 public:
  Sweep(std::vector<SweepRun> plan, std::string program, size_t jobs)
      : total_(plan.size()), program_(std::move(program)), jobs_(jobs), log_(std::cout) {
    for (SweepRun& run : plan) waiting_.push_back(std::move(run));
  }

  int execute() {
    const InterruptGuard guard;
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
                      std::to_string(total_) + " runs done; the same command continues");
      return exit_code_of_signal(guard.signal());
    }
    log_.write_final(Record()
                         .add_int("runs", static_cast<int64_t>(total_))
                         .add_int("failed", failed_)
                         .add_real("seconds", timer_.seconds(), 4));
    return failed_ == 0 ? 0 : 1;
  }

 private:
  struct Job {
    SweepRun run;
    std::unique_ptr<FileLock> lock;
    pid_t process = 0;
    Timer timer{};
  };

  void start_some() {
    // Once through the queue: a run that another process still works on goes to its end.
    for (size_t left = waiting_.size(); left > 0 && running_.size() < jobs_; --left) {
      Job job{std::move(waiting_.front()), std::make_unique<FileLock>()};
      waiting_.pop_front();
      try {
        fs::create_directories(job.run.folder);
        if (!job.lock->take(job.run.file("lock"))) {
          waiting_.push_back(std::move(job.run));
          continue;
        }
        if (const RunRecord record = record_of(job.run); job.run.is_done(record)) {
          report(job.run, record, 0, "kept");
          continue;
        }
        const std::string command = shell_command(program_, job.run) + "\n";
        AtomicFile file(job.run.file("command.txt"));
        file.write(command.data(), command.size());
        file.commit();
        std::vector<std::string> argv = {program_};
        argv.insert(argv.end(), job.run.flags.begin(), job.run.flags.end());
        job.process = start_process(argv, job.run.file("run.log"), *job.lock);
        running_.push_back(std::move(job));
      } catch (const std::exception& error) {
        report_failure(job.run, error.what());
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
      try {
        const RunRecord record = record_of(job.run);
        if (*code == 0 && job.run.is_done(record)) {
          finished_seconds_ += job.timer.seconds();
          ++finished_;
          report(job.run, record, job.timer.seconds(), "done");
        } else {
          report_failure(job.run, "exit code " + std::to_string(*code) + ": " + last_line(job.run.file("run.log")));
        }
      } catch (const std::exception& error) {
        report_failure(job.run, error.what());
      }
    }
  }

  Record name_of(const SweepRun& run) const {
    return Record().add_text("run", fs::path(run.folder).filename().string());
  }

  void report(const SweepRun& run, const RunRecord& record, double seconds, const char* state) {
    ++done_;
    clear_status();
    Record line = name_of(run);
    line.add_int("task", run.task).add_int("seed", run.seed);
    line.add_real("val_error", record.figure("val_error").value_or(NAN), 4);
    line.add_real("test_error", record.figure("test_error").value_or(NAN), 4);
    log_.write_epoch(line.add_real("seconds", seconds, 4).add_text("state", state));
  }

  void report_failure(const SweepRun& run, const std::string& why) {
    ++done_;
    ++failed_;
    clear_status();
    log_.write_epoch(name_of(run)
                         .add_int("task", run.task)
                         .add_int("seed", run.seed)
                         .add_text("state", "failed")
                         .add_text("error", why));
  }

  void show_status() {
    if (!terminal_ || timer_.seconds() < next_status_) return;
    next_status_ = timer_.seconds() + 0.5;
    const double left = static_cast<double>(waiting_.size()) + static_cast<double>(running_.size()) / 2;
    std::cerr << "\r\033[K" << done_ << "/" << total_ << " runs done, " << failed_ << " failed, " << running_.size()
              << " running, " << waiting_.size() << " left";
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

  size_t total_;
  std::string program_;
  size_t jobs_;
  RunLog log_;
  std::deque<SweepRun> waiting_;
  std::vector<Job> running_;
  bool stopped_ = false, drawn_ = false;
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  int64_t done_ = 0, failed_ = 0, finished_ = 0;
  double finished_seconds_ = 0, next_status_ = 0;
  Timer timer_;
};

int sweep(const Options& options, const std::vector<std::string>& training) {
  const std::vector<int64_t> tasks = parse_number_list("tasks", options.get_string("tasks"), {1, 20});
  if (options.get_string("out").empty()) throw UsageError("--out is missing: the folder for the runs");
  const fs::path program = program_folder() / "babi_task_single";
  HMEM_CHECK(fs::exists(program), program.string(), ": there is no such program, expected it beside babi_sweep");
  std::vector<std::string> notes;
  std::vector<SweepRun> plan =
      plan_sweep(tasks, options.get_int("runs"), options.get_string("out"), training, program_folder(), notes);
  const bool print = options.get_switch("print");
  for (const std::string& note : notes) (print ? std::cerr : std::cout) << "note: " << note << std::endl;
  if (print) {
    for (const SweepRun& run : plan) std::cout << shell_command(program.string(), run) << '\n';
    return 0;
  }
  const int64_t jobs = options.get_int("jobs") > 0 ? options.get_int("jobs") : available_threads();
  return Sweep(std::move(plan), program.string(), static_cast<size_t>(jobs)).execute();
}

}  // namespace

int main(int argc, char** argv) {
  Options options = make_options();
  std::vector<std::string> own, training;
  std::vector<const char*> own_argv = {"babi_sweep"};
  try {
    divide_arguments({argv + std::min(argc, 1), argv + argc}, options, own, training);
  } catch (const UsageError& error) {
    std::cerr << "babi_sweep: error: " << one_line(error.what()) << " (see babi_sweep --help)" << std::endl;
    return 2;
  }
  for (const std::string& argument : own) own_argv.push_back(argument.c_str());
  return run_program(static_cast<int>(own_argv.size()), own_argv.data(), options,
                     [&training](const Options& given) { return sweep(given, training); });
}
