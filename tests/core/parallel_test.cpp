#include "hmem/core/parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/surroundings.h"
#include "support/temp_folder.h"

namespace hmem {
namespace {

/// Sets the number of threads for one test.
class WithThreads {
 public:
  explicit WithThreads(int count) : old_(num_threads()) { set_num_threads(count); }
  ~WithThreads() { set_num_threads(old_); }

 private:
  int old_;
};

TEST_CASE("every index is visited once, for any number of threads and any grain", "[core]") {
  for (const int threads : {1, 2, 3}) {
    const WithThreads scope(threads);
    for (const int64_t n : {int64_t{0}, int64_t{1}, int64_t{7}, int64_t{1000}}) {
      for (const int64_t grain : {int64_t{1}, int64_t{3}, int64_t{2000}}) {
        CAPTURE(threads, n, grain);
        std::vector<int> visits(static_cast<size_t>(n), 0);
        parallel_for(n, grain, [&](int64_t i) { ++visits[static_cast<size_t>(i)]; });
        CHECK(std::count(visits.begin(), visits.end(), 1) == n);
      }
    }
  }
}

TEST_CASE("as many threads take part as were asked for", "[core]") {
  for (const int threads : {1, 2, 3}) {
    const WithThreads scope(threads);
    if (num_threads() != threads) continue;  // a build without threads
    // Each piece waits for the others, so that each is on a thread of its own.
    std::mutex mutex;
    std::condition_variable arrived;
    std::set<std::thread::id> ids;
    parallel_for(threads, 1, [&](int64_t) {
      std::unique_lock lock(mutex);
      ids.insert(std::this_thread::get_id());
      arrived.notify_all();
      arrived.wait(lock, [&] { return threads == 1 || ids.size() == static_cast<size_t>(threads); });
    });
    CHECK(ids.size() == static_cast<size_t>(threads));
  }
}

TEST_CASE("many loops in a row, also from several threads at once, and after a rest", "[core]") {
  const WithThreads scope(3);
  const auto loops = [](int64_t count) {
    int64_t wrong = 0;
    for (int64_t n = 2; n < count; ++n) {
      const int64_t size = 2 + n % 7;
      std::vector<int64_t> squares(static_cast<size_t>(size), -1);
      parallel_for(size, 1, [&](int64_t i) { squares[static_cast<size_t>(i)] = i * i + n; });
      for (int64_t i = 0; i < size; ++i) wrong += squares[static_cast<size_t>(i)] != i * i + n;
    }
    return wrong;
  };
  CHECK(loops(3000) == 0);
  std::atomic<int64_t> wrong{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) callers.emplace_back([&] { wrong += loops(2000); });
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // helpers sleep
    CHECK(loops(10) == 0);
  }
}

TEST_CASE("small loops and inner loops stay on the calling thread, in order", "[core]") {
  const WithThreads scope(3);
  std::vector<int64_t> order;
  parallel_for(5, 5, [&](int64_t i) { order.push_back(i); });
  CHECK(order == std::vector<int64_t>{0, 1, 2, 3, 4});

  std::vector<int> inner_is_ordered(8, 0);
  parallel_for(8, 1, [&](int64_t i) {
    std::vector<int64_t> seen;
    parallel_for(20, 1, [&](int64_t j) { seen.push_back(j); });
    inner_is_ordered[static_cast<size_t>(i)] = seen.size() == 20 && std::is_sorted(seen.begin(), seen.end()) ? 1 : 0;
  });
  CHECK(std::count(inner_is_ordered.begin(), inner_is_ordered.end(), 1) == 8);
}

TEST_CASE("an exception propagates out of a parallel loop as out of a plain one", "[core][bad]") {
  for (const int threads : {1, 2, 3}) {
    const WithThreads scope(threads);
    CHECK_THROWS_AS(parallel_for(100, 1, [](int64_t i) { HMEM_CHECK(i != 50, "the fiftieth"); }), Error);
  }
}

TEST_CASE("the quota of control groups limits the number of threads", "[core]") {
  const test::TempFolder root;
  const std::string r = root.path().string();
  CHECK(quota_of_control_groups(r) == 0);  // no control groups at all
  root.write("proc/self/cgroup", "0::/user/job\n");
  CHECK(quota_of_control_groups(r) == 0);
  root.write("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  CHECK(quota_of_control_groups(r) == 0);
  root.write("sys/fs/cgroup/user/cpu.max", "350000 100000\n");  // of a group above
  CHECK(quota_of_control_groups(r) == 4);
  root.write("sys/fs/cgroup/user/job/cpu.max", "50000 100000\n");
  CHECK(quota_of_control_groups(r) == 1);
  root.write("proc/self/cgroup", "12:memory:/x\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n");
  CHECK(quota_of_control_groups(r) == 0);
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");  // a container sees its own group as the root
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  CHECK(quota_of_control_groups(r) == 2);
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  CHECK(quota_of_control_groups(r) == 0);
  root.write("proc/self/cgroup", "rubbish\n:\n");
  CHECK(quota_of_control_groups(r) == 0);
}

TEST_CASE("variables of OpenMP and Slurm limit the number of threads", "[core]") {
  const test::Variable limit("OMP_THREAD_LIMIT", ""), openmp("OMP_NUM_THREADS", ""), slurm("SLURM_CPUS_PER_TASK", "");
  const int all = available_threads();
  CHECK(default_threads() == std::min(all, 16));
  {
    const test::Variable one("SLURM_CPUS_PER_TASK", "1");
    CHECK(default_threads() == 1);
    const test::Variable many("OMP_NUM_THREADS", "1000,4");
    CHECK(default_threads() == all);
    const test::Variable limited("OMP_THREAD_LIMIT", "1");
    CHECK(available_threads() == 1);
    CHECK(default_threads() == 1);
  }
  for (const char* no_number : {"", "0", "-1", "x", "99999999999999999999"}) {
    const test::Variable wrong("OMP_NUM_THREADS", no_number);
    CHECK(default_threads() == std::min(all, 16));
  }
}

/// A machine on which a piece of work takes some seconds, simulated for `seconds`; returns pieces per second.
struct Machine {
  double one_thread, all_threads;  // seconds of a piece
  double interruptions;            // per second

  double run(PaceRule& rule, double& now, double seconds) const {
    const double end = now + seconds;
    bool all = rule.next(now, 0);
    rule.restart(now, 0);
    double count = 0, pieces = 0;
    while (now < end) {
      const double piece = all ? all_threads : one_thread;
      now += piece;
      count += interruptions * piece;
      ++pieces;
      all = rule.next(now, static_cast<int64_t>(count));
    }
    return pieces / seconds;
  }
};

TEST_CASE("the number of threads follows what else runs on the machine", "[core]") {
  double now = 100;
  PaceRule rule(true, now);
  const Machine quiet{0.002, 0.0011, 0}, busy{0.004, 0.02, 200}, half_busy{0.004, 0.0025, 200};
  CHECK(quiet.run(rule, now, 10) > 0.999 / 0.0011);  // nothing is tried out
  CHECK(busy.run(rule, now, 30) > 0.93 / 0.004);
  CHECK(busy.run(rule, now, 100) > 0.97 / 0.004);
  CHECK(half_busy.run(rule, now, 60) > 0.8 / 0.0025);
  quiet.run(rule, now, 20);  // the others have gone: until the next trial
  CHECK(quiet.run(rule, now, 20) > 0.98 / 0.0011);
  const Machine slow{10, 60, 200};  // longer than any window
  CHECK(slow.run(rule, now, 2000) > 0.9 / 10);
}

TEST_CASE("the number of threads is sane", "[core][bad]") {
  CHECK(available_threads() >= 1);
  CHECK((threading_name() == "own pool" || threading_name() == "none (one thread)"));
  const int before = num_threads();
  CHECK_THROWS_AS(set_num_threads(1025), Error);
  CHECK_THROWS_AS(set_num_threads(-2), Error);
  CHECK_THROWS_AS(set_num_threads(100000), Error);
  CHECK(num_threads() == before);
}

}  // namespace
}  // namespace hmem
