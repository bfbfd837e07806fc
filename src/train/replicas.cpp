#include "hmem/train/replicas.h"

#include <algorithm>
#include <limits>
#include <thread>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/ranks.h"

namespace hmem {

namespace {

constexpr auto kBytes = static_cast<int64_t>(sizeof(real));
constexpr int64_t kLine = 16;                                  // elements: parameters and shares begin at cache lines
constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();  // instead of a count of sums: the parts are done

int64_t round_up(int64_t count) { return (count + kLine - 1) / kLine * kLine; }

}  // namespace

BatchPlan::BatchPlan(int64_t examples_in, int64_t part_size_in, int ranks_in)
    : examples(examples_in), part_size(part_size_in), parts(0), ranks(ranks_in) {
  HMEM_CHECK(examples > 0 && part_size > 0 && ranks > 0, "cannot spread ", examples, " examples in parts of ",
             part_size, " over ", ranks, " ranks");
  parts = (examples + part_size - 1) / part_size;
}

/// One part of a batch, being computed.
struct Replicas::Replica {
  BatchPart part;
  Tape tape;
  std::vector<real> gradients;  // of all parameters
  double loss = 0;
  int64_t errors = 0;
  std::exception_ptr error;
  std::unique_lock<std::mutex> turn;
};

Replicas::Replicas(int64_t batch_size, int64_t part_size, const Weights& weights)
    : plan_(batch_size, part_size, ranks::count()), weights_(weights), offset_(1, 0) {
  for (const Parameter* parameter : weights.parameters) {
    offset_.push_back(offset_.back() + round_up(parameter->value.count()));
  }
  for (int64_t slot = 0; slot < plan_.most_parts(); ++slot) {
    auto replica = std::make_unique<Replica>();
    replica->gradients.resize(static_cast<size_t>(offset_.back()));
    replica->part.slot = slot;
    replica->part.sum = [this, of = replica.get()](double* sums, int64_t count) { meet(*of, sums, count); };
    for (size_t p = 0; p < weights.parameters.size(); ++p) {
      replica->part.gradients[weights.parameters[p]] = replica->gradients.data() + offset_[p];
    }
    replica->tape.set_part(replica->part);
    replicas_.push_back(std::move(replica));
  }
  total_.resize(static_cast<size_t>(offset_.back()));
}

Replicas::~Replicas() = default;

BatchSums Replicas::run(Learner& learner, uint64_t step, const int64_t* examples, int64_t count) {
  plan_ = BatchPlan(count, plan_.part_size, ranks::count());
  cards_.clear();
  if (own_parts() > 0) {
    run_parts(learner, step, examples);
    ranks::agree(kEnd);
  } else {
    serve_sums();
  }
  cards_.clear();
  for (int64_t slot = 0; slot < own_parts(); ++slot) {
    const Replica& replica = *replicas_[static_cast<size_t>(slot)];
    cards_.insert(cards_.end(), {replica.loss, static_cast<double>(replica.errors)});
  }
  add_parts(2);
  add_gradients();
  if (plan_.parts < plan_.ranks) {  // ranks without a part have not updated their moving averages
    for (Buffer* buffer : weights_.buffers) ranks::broadcast(buffer->value.data(), buffer->value.count() * kBytes);
  }
  return {sums_[0], static_cast<int64_t>(sums_[1])};
}

int64_t Replicas::own_parts() const { return plan_.parts_of(ranks::rank()); }

/// The parts of this rank, each on a thread of its own; the threads take turns.
void Replicas::run_parts(Learner& learner, uint64_t step, const int64_t* examples) {
  waiting_ = 0;
  abandoned_ = false;
  const auto run = [&](int64_t slot) {
    const int64_t part = plan_.first_part(ranks::rank()) + slot, begin = plan_.begin(part);
    run_part(*replicas_[static_cast<size_t>(slot)], learner, step, examples, begin, plan_.begin(part + 1) - begin);
  };
  std::vector<std::thread> others;
  for (int64_t slot = 1; slot < own_parts(); ++slot) others.emplace_back(run, slot);
  run(0);
  for (std::thread& other : others) other.join();
  for (int64_t slot = 0; slot < own_parts(); ++slot) {
    const std::exception_ptr error = replicas_[static_cast<size_t>(slot)]->error;
    if (!error) continue;
    try {
      std::rethrow_exception(error);
    } catch (const Abandoned&) {  // another part has the reason
    }
  }
}

/// Examples [begin, begin + count) of the batch.
void Replicas::run_part(Replica& replica, Learner& learner, uint64_t step, const int64_t* examples, int64_t begin,
                        int64_t count) {
  replica.turn = std::unique_lock(turn_);
  replica.error = nullptr;
  try {
    replica.part.first = begin;
    replica.part.share = static_cast<double>(count) / static_cast<double>(plan_.examples);
    std::fill(replica.gradients.begin(), replica.gradients.end(), real(0));
    replica.tape.reset(Tape::Mode::training);
    replica.tape.set_step(step);
    const Learner::BatchResult batch = learner.run(replica.tape, Learner::Part::train, examples + begin, count);
    replica.loss = static_cast<double>(*batch.loss.data()) * replica.part.share;
    replica.errors = batch.errors;
    replica.tape.backward(batch.loss);
  } catch (...) {
    replica.error = std::current_exception();
    abandoned_ = true;
    met_.notify_all();
  }
  replica.turn.unlock();
}

/// Batch norm's sum: waits for the other parts.
void Replicas::meet(Replica& replica, double* sums, int64_t count) {
  if (abandoned_) throw Abandoned();
  cards_.resize(static_cast<size_t>(own_parts() * count));
  std::copy_n(sums, count, cards_.begin() + replica.part.slot * count);
  const int64_t meeting = meetings_;
  if (++waiting_ == own_parts()) {
    waiting_ = 0;
    if (plan_.parts < plan_.ranks) ranks::agree(count);  // the ranks without a part wait for it
    add_parts(count);
    ++meetings_;
    met_.notify_all();
  } else {
    met_.wait(replica.turn, [&] { return meetings_ != meeting || abandoned_; });
    if (meetings_ == meeting) throw Abandoned();
  }
  std::copy_n(sums_.begin(), count, sums);
}

/// A rank without a part takes part in the sums of the others, until they end.
void Replicas::serve_sums() {
  for (;;) {
    const int64_t count = ranks::agree(0);
    if (count == kEnd) return;
    add_parts(count);
  }
}

/// sums_ [count] = the sum over all parts of cards_ [own parts, count], in the order of the parts.
void Replicas::add_parts(int64_t count) {
  const int64_t most = plan_.most_parts() * count;
  cards_.resize(static_cast<size_t>(most));
  std::vector<double> all(static_cast<size_t>(most * plan_.ranks));
  ranks::all_gather(cards_.data(), most * static_cast<int64_t>(sizeof(double)), all.data());
  sums_.assign(static_cast<size_t>(count), 0);
  for (int r = 0; r < plan_.ranks; ++r) {
    const double* card = all.data() + r * most;
    for (int64_t slot = 0; slot < plan_.parts_of(r); ++slot, card += count) {
      for (int64_t i = 0; i < count; ++i) sums_[static_cast<size_t>(i)] += card[i];
    }
  }
}

/// The gradient of every parameter: the sum over all parts, in their order. Each rank adds a share of the elements.
void Replicas::add_gradients() {
  std::vector<int64_t> share(1, 0);  // of the elements, by rank
  for (int r = 1; r <= plan_.ranks; ++r) share.push_back(offset_.back() / kLine * r / plan_.ranks * kLine);
  const auto me = static_cast<size_t>(ranks::rank());
  const int64_t width = share[me + 1] - share[me];
  const std::vector<const real*> parts = gather_share(share, width);

  constexpr int64_t kPiece = 1 << 12;
  parallel_for((width + kPiece - 1) / kPiece, 1, [&](int64_t piece) {
    const int64_t from = piece * kPiece, to = std::min(width, from + kPiece);
    real* sum = total_.data() + share[me];
    std::copy(parts[0] + from, parts[0] + to, sum + from);
    for (size_t part = 1; part < parts.size(); ++part) {
      const real* more = parts[part];
      for (int64_t i = from; i < to; ++i) sum[i] += more[i];
    }
  });
  for (int64_t& offset : share) offset *= kBytes;
  ranks::all_gather_parts(reinterpret_cast<char*>(total_.data()), share);
  for (size_t p = 0; p < weights_.parameters.size(); ++p) {
    Tensor& gradient = weights_.parameters[p]->grad;
    std::copy_n(total_.data() + offset_[p], gradient.count(), gradient.data());
  }
}

/// This rank's share of the gradients of every part, [width] each.
std::vector<const real*> Replicas::gather_share(const std::vector<int64_t>& share, int64_t width) {
  std::vector<const real*> parts(static_cast<size_t>(plan_.parts));
  if (plan_.ranks == 1) {
    for (size_t slot = 0; slot < parts.size(); ++slot) parts[slot] = replicas_[slot]->gradients.data();
    return parts;
  }
  received_.resize(static_cast<size_t>(plan_.parts * width));
  real* free = received_.data();
  for (int64_t slot = 0; slot < plan_.most_parts(); ++slot) {
    // From every rank its part number `slot`, if it has one.
    const bool has = slot < own_parts();
    std::vector<int64_t> send(1, 0), receive(1, 0);
    for (int r = 0; r < plan_.ranks; ++r) {
      const bool sends = slot < plan_.parts_of(r);
      if (sends) parts[static_cast<size_t>(plan_.first_part(r) + slot)] = free + receive.back() / kBytes;
      receive.push_back(receive.back() + (sends ? width * kBytes : 0));
      send.push_back(has ? share[static_cast<size_t>(r) + 1] * kBytes : 0);
    }
    const real* mine = has ? replicas_[static_cast<size_t>(slot)]->gradients.data() : nullptr;
    ranks::exchange(reinterpret_cast<const char*>(mine), send, reinterpret_cast<char*>(free), receive);
    free += receive.back() / kBytes;
  }
  return parts;
}

bool Replicas::stops(bool asked_here) { return ranks::any(asked_here); }

Evaluation Replicas::evaluate(Learner& learner, Learner::Part part, int64_t batch_size) {
  const int64_t n = learner.count(part);
  if (n == 0) return RunningSums().means();
  const BatchPlan plan(n, batch_size, ranks::count());
  const int64_t begin = plan.begin(plan.first_part(ranks::rank())),
                end = plan.begin(plan.first_part(ranks::rank() + 1));
  std::vector<RunningSums> own = evaluate_batches(learner, part, begin, end, batch_size);
  own.resize(static_cast<size_t>(plan.most_parts()));
  std::vector<RunningSums> all(own.size() * static_cast<size_t>(plan.ranks));
  ranks::all_gather(own.data(), static_cast<int64_t>(own.size() * sizeof(RunningSums)), all.data());
  RunningSums sums;
  for (const RunningSums& batch : all) sums.add(batch);  // those that only fill up are zero
  return sums.means();
}

}  // namespace hmem
