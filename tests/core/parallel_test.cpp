#include "hmem/core/parallel.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"

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

TEST_CASE("the team has the requested size", "[core]") {
  for (const int threads : {1, 2, 3}) {
    const WithThreads scope(threads);
    if (num_threads() != threads) continue;  // a build without threads
    std::vector<std::thread::id> ids(static_cast<size_t>(threads) * 40);
    std::vector<int> numbers(ids.size(), -1);
    parallel_for(static_cast<int64_t>(ids.size()), 1, [&](int64_t i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // leaves work for those that start late
      ids[static_cast<size_t>(i)] = std::this_thread::get_id();
      numbers[static_cast<size_t>(i)] = thread_index();
    });
    CHECK(std::set<std::thread::id>(ids.begin(), ids.end()).size() == static_cast<size_t>(threads));
    const std::set<int> seen(numbers.begin(), numbers.end());
    CHECK(seen.size() == static_cast<size_t>(threads));
    CHECK(*seen.begin() == 0);
    CHECK(*seen.rbegin() == threads - 1);
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
  CHECK(thread_index() == 0);
}

TEST_CASE("an exception propagates out of a parallel loop as out of a plain one", "[core][bad]") {
  for (const int threads : {1, 2, 3}) {
    const WithThreads scope(threads);
    CHECK_THROWS_AS(parallel_for(100, 1, [](int64_t i) { HMEM_CHECK(i != 50, "the fiftieth"); }), Error);
  }
}

TEST_CASE("the number of threads is sane", "[core][bad]") {
  CHECK(available_threads() >= 1);
#ifdef _OPENMP
  CHECK(threading_name().find("OpenMP ") == 0);
  CHECK(threading_name().find('.') != std::string::npos);
#else
  CHECK(threading_name() == "none (one thread)");
#endif
  const int before = num_threads();
  CHECK_THROWS_AS(set_num_threads(1025), Error);
  CHECK_THROWS_AS(set_num_threads(-2), Error);
  CHECK_THROWS_AS(set_num_threads(100000), Error);
  CHECK(num_threads() == before);
}

}  // namespace
}  // namespace hmem
