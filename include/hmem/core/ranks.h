#pragma once
/// \file ranks.h
/// The processes of one training run. Only this module uses MPI.
///
/// `mpirun -np 4 program` starts four processes, ranks 0 to 3, that run the same program on the same data and
/// synchronise in the functions below; all of them must call the same functions in the same order. Rank 0 writes files
/// and prints; what the others print is discarded. In a build without MPI, and in a process started without mpirun,
/// there is one rank, and the functions return at once.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace hmem::ranks {

/// Ends every rank after one of them has failed; `what()` is the message of that rank. Not an Error, so that it is not
/// taken for a failure of this rank.
class Stopped : public std::runtime_error {
 public:
  Stopped(const std::string& message, int exit_code) : std::runtime_error(message), code(exit_code) {}
  const int code;
};

/// Joins the processes that mpirun (or srun) started. Call it once, before anything is printed.
void start();
/// Number of this process; number of processes.
int rank();
int count();
/// "Open MPI v4.1.4", or "none"
std::string library();
/// Number of processes started together by mpirun or srun, if this build cannot join them; else 0.
int strangers();

/// Synchronises all ranks, as every function below does first. Returns the largest `value`. Throws Stopped on all
/// ranks if one of them has failed.
int64_t agree(int64_t value = 0);
inline bool any(bool mine) { return agree(mine ? 1 : 0) != 0; }

/// Copies the bytes of rank 0 to all.
void broadcast(void* data, int64_t bytes);
/// all [count() * bytes] receives `mine` of every rank, in order.
void all_gather(const void* mine, int64_t bytes, void* all);
/// Rank r sends bytes send_begin[s]..send_begin[s+1] of `send` to rank s, which receives them at receive_begin[r].. of
/// `receive`. The lists have count() + 1 entries.
void exchange(const char* send, const std::vector<int64_t>& send_begin, char* receive,
              const std::vector<int64_t>& receive_begin);
/// Rank r has bytes begin[r]..begin[r+1] of `data`; afterwards all ranks have all of them.
void all_gather_parts(char* data, const std::vector<int64_t>& begin);

/// The last synchronisation, with the failure of this rank ("": none) and its exit code. Returns the message and the
/// exit code of the run: those of the first rank that failed.
struct Result {
  std::string message;
  int code;
};
Result finish(const std::string& failure, int code);
/// finish() after Stopped.
Result finish(const Stopped& stopped);
/// Waits for all ranks; afterwards there is one again. Rank 0 prints its last line before: mpirun may end the others as
/// soon as one has exited with an error.
void leave();

}  // namespace hmem::ranks
