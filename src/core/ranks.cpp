#include "hmem/core/ranks.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <streambuf>

#include "hmem/core/check.h"
#include "hmem/core/text.h"

#ifdef HMEM_MPI
#define MPICH_SKIP_MPICXX 1
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#endif

namespace hmem::ranks {

namespace {

int g_rank = 0, g_count = 1;

int number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : parse_number<int>(text).value_or(0);
}

/// Number of processes according to Open MPI, MPICH and its relatives, or Slurm with --mpi; 0: none of them.
int started_together() {
  int count = 0;
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"}) {
    count = std::max(count, number_in_environment(name));
  }
  if (std::getenv("PMIX_RANK") != nullptr) count = std::max(count, number_in_environment("SLURM_NTASKS"));
  return count;
}

}  // namespace

int rank() { return g_rank; }
int count() { return g_count; }

#ifdef HMEM_MPI

namespace {

void check(int status) { HMEM_CHECK(status == MPI_SUCCESS, "MPI reports error ", status); }

int bytes_of(int64_t bytes) {
  HMEM_CHECK(bytes >= 0 && bytes < int64_t{1} << 31, "a message of ", bytes, " bytes is too long for MPI");
  return static_cast<int>(bytes);
}

/// Starts and lengths, from offsets.
struct Parts {
  explicit Parts(const std::vector<int64_t>& begin) {
    for (size_t r = 0; r + 1 < begin.size(); ++r) {
      starts.push_back(bytes_of(begin[r]));
      counts.push_back(bytes_of(begin[r + 1] - begin[r]));
    }
  }
  std::vector<int> starts, counts;
};

struct Silence : std::streambuf {
  int overflow(int c) override { return traits_type::not_eof(c); }
  std::streamsize xsputn(const char* /*text*/, std::streamsize count) override { return count; }
};

/// agree() of a rank that may have failed.
int64_t meet(int64_t value, const std::string& failure, int code) {
  struct Card {
    int64_t value, failure_bytes, code;
  };
  const Card mine = {value, static_cast<int64_t>(failure.size()), code};
  std::vector<Card> cards(static_cast<size_t>(g_count));
  check(MPI_Allgather(&mine, sizeof(Card), MPI_BYTE, cards.data(), sizeof(Card), MPI_BYTE, MPI_COMM_WORLD));
  int64_t largest = value;
  for (int r = 0; r < g_count; ++r) {
    const Card& card = cards[static_cast<size_t>(r)];
    largest = std::max(largest, card.value);
    if (card.failure_bytes == 0) continue;
    std::string message(static_cast<size_t>(card.failure_bytes), ' ');
    if (r == g_rank) message = failure;
    check(MPI_Bcast(message.data(), bytes_of(card.failure_bytes), MPI_BYTE, r, MPI_COMM_WORLD));
    throw Stopped(r == 0 ? message : "rank " + std::to_string(r) + ": " + message, static_cast<int>(card.code));
  }
  return largest;
}

}  // namespace

void start() {
  if (started_together() == 0) return;
  // A waiting rank yields the processor, as threads do (Open MPI, MPICH).
  ::setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  ::setenv("MPIR_CVAR_POLLS_BEFORE_YIELD", "100", 0);
  int provided = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided));
  HMEM_CHECK(provided >= MPI_THREAD_SERIALIZED, "this MPI library cannot be called from more than one thread");
  check(MPI_Comm_rank(MPI_COMM_WORLD, &g_rank));
  check(MPI_Comm_size(MPI_COMM_WORLD, &g_count));
  if (g_rank == 0) return;
  static Silence silence;
  for (std::ostream* stream : {&std::cout, &std::cerr, &std::clog}) stream->rdbuf(&silence);
}

std::string library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  check(MPI_Get_library_version(text, &length));
  const std::string all(text, static_cast<size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

int strangers() { return 0; }

int64_t agree(int64_t value) { return g_count == 1 ? value : meet(value, "", 0); }

void broadcast(void* data, int64_t bytes) {
  if (g_count == 1) return;
  agree();
  for (int64_t begin = 0; begin < bytes; begin += 1 << 30) {
    check(MPI_Bcast(static_cast<char*>(data) + begin, bytes_of(std::min<int64_t>(bytes - begin, 1 << 30)), MPI_BYTE, 0,
                    MPI_COMM_WORLD));
  }
}

void all_gather(const void* mine, int64_t bytes, void* all) {
  agree();
  if (g_count == 1) {
    std::copy_n(static_cast<const char*>(mine), bytes, static_cast<char*>(all));
  } else {
    check(MPI_Allgather(mine, bytes_of(bytes), MPI_BYTE, all, bytes_of(bytes), MPI_BYTE, MPI_COMM_WORLD));
  }
}

void exchange(const char* send, const std::vector<int64_t>& send_begin, char* receive,
              const std::vector<int64_t>& receive_begin) {
  HMEM_CHECK(g_count > 1, "there is only one rank");
  agree();
  const Parts out(send_begin), in(receive_begin);
  check(MPI_Alltoallv(send, out.counts.data(), out.starts.data(), MPI_BYTE, receive, in.counts.data(), in.starts.data(),
                      MPI_BYTE, MPI_COMM_WORLD));
}

void all_gather_parts(char* data, const std::vector<int64_t>& begin) {
  if (g_count == 1) return;
  agree();
  const Parts parts(begin);
  check(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_BYTE, data, parts.counts.data(), parts.starts.data(), MPI_BYTE,
                       MPI_COMM_WORLD));
}

Result finish(const std::string& failure, int code) {
  try {
    if (g_count > 1) meet(0, failure, code);
  } catch (const Stopped& stopped) {
    return finish(stopped);
  }
  return {failure, code};
}

void leave() {
  int started = 0;
  MPI_Initialized(&started);
  if (started == 0) return;
  if (g_count > 1) MPI_Barrier(MPI_COMM_WORLD);
  MPI_Finalize();
  g_count = 1;
}

#else

void start() {}
std::string library() { return "none"; }
int strangers() {
  const int together = started_together();
  return together > 1 ? together : 0;
}
int64_t agree(int64_t value) { return value; }
void broadcast(void* /*data*/, int64_t /*bytes*/) {}
void all_gather(const void* mine, int64_t bytes, void* all) {
  std::copy_n(static_cast<const char*>(mine), bytes, static_cast<char*>(all));
}
void exchange(const char* /*send*/, const std::vector<int64_t>& /*send_begin*/, char* /*receive*/,
              const std::vector<int64_t>& /*receive_begin*/) {
  fail("there is only one rank");
}
void all_gather_parts(char* /*data*/, const std::vector<int64_t>& /*begin*/) {}
Result finish(const std::string& failure, int code) { return {failure, code}; }
void leave() {}

#endif

Result finish(const Stopped& stopped) { return {stopped.what(), stopped.code}; }

}  // namespace hmem::ranks
