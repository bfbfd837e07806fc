#pragma once
/// \file replicas.h
/// Data-parallel training: one batch, computed in parts, over the ranks of a run.
///
/// A batch is cut into parts of `batch_size_per_replica` examples. Each is computed by a replica: a tape with gradients
/// of its own, on the same weights. Sums over the batch, those of the gradients and those of batch norm, are added part
/// by part in the order of the batch. So a step depends on the size of the batch and of its parts, and not on how many
/// ranks share the parts: its result has the same bits for any number of ranks, as for any number of threads.

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "hmem/train/fit.h"

namespace hmem {

/// Where the parts of a batch are computed.
struct BatchPlan {
  /// Throws Error unless there are examples and the sizes are positive.
  BatchPlan(int64_t examples, int64_t part_size, int ranks);

  /// First example of a part; begin(parts) is the number of examples.
  int64_t begin(int64_t part) const { return std::min(part * part_size, examples); }
  /// First part of a rank: parts are spread evenly, the first ranks may have one more.
  int64_t first_part(int rank) const { return (parts * rank + ranks - 1) / ranks; }
  int64_t parts_of(int rank) const { return first_part(rank + 1) - first_part(rank); }
  int64_t most_parts() const { return first_part(1); }

  int64_t examples, part_size, parts;
  int ranks;
};

class Replicas final : public BatchRunner {
 public:
  /// For batches of up to `batch_size` examples in parts of `part_size`, over the ranks of this run. The weights must
  /// outlive it.
  Replicas(int64_t batch_size, int64_t part_size, const Weights& weights);
  ~Replicas() override;

  BatchSums run(Learner& learner, uint64_t step, const int64_t* examples, int64_t count) override;
  bool stops(bool asked_here) override;
  /// Each rank evaluates some of the batches.
  Evaluation evaluate(Learner& learner, Learner::Part part, int64_t batch_size) override;

 private:
  struct Replica;
  class Abandoned {};

  int64_t own_parts() const;
  void run_parts(Learner& learner, uint64_t step, const int64_t* examples);
  void run_part(Replica& replica, Learner& learner, uint64_t step, const int64_t* examples, int64_t begin,
                int64_t count);
  void meet(Replica& replica, double* sums, int64_t count);
  void serve_sums();
  void add_parts(int64_t count);
  void add_gradients();
  std::vector<const real*> gather_share(const std::vector<int64_t>& share, int64_t width);

  BatchPlan plan_;  // of the current batch
  Weights weights_;
  std::vector<int64_t> offset_;  // of each parameter among all elements, and the end
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<real> received_, total_;  // gradients of all parts for the elements of this rank; sums for all elements

  // The replicas of a rank take turns: one computes until it needs a sum over the batch.
  std::mutex turn_;
  std::condition_variable met_;
  int64_t meetings_ = 0, waiting_ = 0;
  bool abandoned_ = false;
  std::vector<double> cards_, sums_;  // numbers of this rank's parts, one after the other; sums over all parts
};

}  // namespace hmem
