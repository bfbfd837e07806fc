#include "hmem/train/replicas.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/core/parallel.h"
#include "hmem/core/ranks.h"

namespace hmem {

namespace {

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

/// One part of a batch in the works.
struct Replicas::Replica {
  Tape tape;
  std::vector<real> gradients;
  double loss = 0;
  int64_t errors = 0;
  std::exception_ptr error;
  std::unique_lock<std::mutex> turn;
};

Replicas::Replicas(int64_t batch_size, int64_t part_size, const Weights& weights)
    : part_size_(part_size), weights_(weights), offset_(1, 0) {
  for (const Parameter* parameter : weights.parameters) {
    offset_.push_back(offset_.back() + round_up(parameter->value.count()));
  }
  const BatchPlan plan(batch_size, part_size, ranks::count());
  const int64_t most = plan.first_part(1) - plan.first_part(0);
  for (int64_t slot = 0; slot < most; ++slot) {
    replicas_.push_back(std::make_unique<Replica>());
    replicas_.back()->gradients.resize(static_cast<size_t>(offset_.back()));
  }
  total_.resize(static_cast<size_t>(offset_.back()));
}

Replicas::~Replicas() = default;

BatchSums Replicas::run(Learner& learner, uint64_t step, const int64_t* examples, int64_t count) {
  const BatchPlan plan(count, part_size_, ranks::count());
  plan_ = &plan;
  local_parts_ = plan.first_part(ranks::rank() + 1) - plan.first_part(ranks::rank());
  if (local_parts_ > 0) {
    run_parts(learner, step, examples, plan);
    ranks::agree(kEnd);
  } else {
    serve_sums(plan);
  }
  cards_.clear();
  for (int64_t slot = 0; slot < local_parts_; ++slot) {
    const Replica& replica = *replicas_[static_cast<size_t>(slot)];
    cards_.insert(cards_.end(), {replica.loss, static_cast<double>(replica.errors)});
  }
  add_parts(plan, 2);
  add_gradients(plan);
  if (plan.parts < plan.ranks) {  // moving averages follow the parts, and some ranks had none
    for (Buffer* buffer : weights_.buffers) {
      ranks::broadcast(buffer->value.data(), buffer->value.count() * static_cast<int64_t>(sizeof(real)));
    }
  }
  return {sums_[0], static_cast<int64_t>(sums_[1])};
}

/// The parts of this rank, each on a thread of its own, in turns.
void Replicas::run_parts(Learner& learner, uint64_t step, const int64_t* examples, const BatchPlan& plan) {
  waiting_ = 0;
  abandoned_ = false;
  cards_.clear();
  const int64_t first = plan.first_part(ranks::rank());
  const auto run = [&](int64_t slot) {
    Replica& replica = *replicas_[static_cast<size_t>(slot)];
    const int64_t begin = plan.begin(first + slot), count = plan.begin(first + slot + 1) - begin;
    BatchPart part;
    part.first = begin;
    part.slot = slot;
    part.share = static_cast<double>(count) / static_cast<double>(plan.examples);
    part.sum = [this, &replica](double* sums, int64_t width) { meet(replica, sums, width); };
    for (size_t p = 0; p < weights_.parameters.size(); ++p) {
      part.gradients[weights_.parameters[p]] = replica.gradients.data() + offset_[p];
    }
    replica.tape.set_part(std::move(part));
    run_part(replica, learner, step, examples + begin, count);
  };
  std::vector<std::thread> others;
  for (int64_t slot = 1; slot < local_parts_; ++slot) others.emplace_back(run, slot);
  run(0);
  for (std::thread& other : others) other.join();
  for (int64_t slot = 0; slot < local_parts_; ++slot) {
    Replica& replica = *replicas_[static_cast<size_t>(slot)];
    if (!replica.error) continue;
    try {
      std::rethrow_exception(std::exchange(replica.error, nullptr));
    } catch (const Abandoned&) {  // another part has the reason
    }
  }
}

void Replicas::run_part(Replica& replica, Learner& learner, uint64_t step, const int64_t* examples, int64_t count) {
  replica.turn = std::unique_lock(turn_);
  replica.error = nullptr;
  try {
    std::fill(replica.gradients.begin(), replica.gradients.end(), real(0));
    replica.tape.reset(Tape::Mode::training);
    replica.tape.set_step(step);
    const Learner::BatchResult batch = learner.run(replica.tape, Learner::Part::train, examples, count);
    replica.loss = static_cast<double>(*batch.loss.data()) * replica.tape.part().share;
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
  const auto slot = static_cast<size_t>(replica.tape.part().slot);
  cards_.resize(static_cast<size_t>(local_parts_ * count));
  std::copy_n(sums, count, cards_.begin() + static_cast<int64_t>(slot) * count);
  const int64_t meeting = meetings_;
  if (++waiting_ == local_parts_) {
    waiting_ = 0;
    if (plan_->parts < plan_->ranks) ranks::agree(count);  // the ranks without a part wait for it
    add_parts(*plan_, count);
    ++meetings_;
    met_.notify_all();
  } else {
    met_.wait(replica.turn, [&] { return meetings_ != meeting || abandoned_; });
    if (meetings_ == meeting) throw Abandoned();
  }
  std::copy_n(sums_.begin(), count, sums);
}

/// A rank without a part takes part in the sums of the others, until they end.
void Replicas::serve_sums(const BatchPlan& plan) {
  cards_.clear();
  for (;;) {
    const int64_t count = ranks::agree(0);
    if (count == kEnd) return;
    add_parts(plan, count);
  }
}

/// sums_ [count] = the sum over all parts of cards_ [own parts, count], in the order of the parts.
void Replicas::add_parts(const BatchPlan& plan, int64_t count) {
  const int64_t most = plan.first_part(1) * count;  // of the first rank
  cards_.resize(static_cast<size_t>(most));
  std::vector<double> all(static_cast<size_t>(most * plan.ranks));
  ranks::all_gather(cards_.data(), most * static_cast<int64_t>(sizeof(double)), all.data());
  sums_.assign(static_cast<size_t>(count), 0);
  for (int r = 0; r < plan.ranks; ++r) {
    const double* of_rank = all.data() + r * most;
    for (int64_t part = plan.first_part(r); part < plan.first_part(r + 1); ++part, of_rank += count) {
      for (int64_t i = 0; i < count; ++i) sums_[static_cast<size_t>(i)] += of_rank[i];
    }
  }
}

/// The gradient of every parameter: the sum over all parts, in their order. Each rank adds a share of the elements.
void Replicas::add_gradients(const BatchPlan& plan) {
  constexpr auto kBytes = static_cast<int64_t>(sizeof(real));
  const int64_t elements = offset_.back(), lines = elements / kLine;
  std::vector<int64_t> share(1, 0);  // of the elements, by rank
  for (int r = 1; r <= plan.ranks; ++r) share.push_back(lines * r / plan.ranks * kLine);
  const auto me = static_cast<size_t>(ranks::rank());
  const int64_t begin = share[me], width = share[me + 1] - begin;

  std::vector<const real*> parts;
  if (plan.ranks == 1) {
    for (int64_t slot = 0; slot < local_parts_; ++slot) {
      parts.push_back(replicas_[static_cast<size_t>(slot)]->gradients.data());
    }
  } else {
    received_.resize(static_cast<size_t>(plan.parts * width));
    for (int64_t slot = 0; slot < plan.first_part(1); ++slot) {
      // From every rank its part number `slot`, if it has one.
      const auto has = [&](int r) { return plan.first_part(r) + slot < plan.first_part(r + 1); };
      std::vector<int64_t> send(1, 0), receive(1, 0);
      for (int r = 0; r < plan.ranks; ++r) {
        send.push_back(has(ranks::rank()) ? share[static_cast<size_t>(r) + 1] * kBytes : 0);
        receive.push_back(receive.back() + (has(r) ? width * kBytes : 0));
      }
      std::vector<real> of_slot(static_cast<size_t>(receive.back() / kBytes));
      const real* mine = has(ranks::rank()) ? replicas_[static_cast<size_t>(slot)]->gradients.data() : nullptr;
      ranks::exchange(reinterpret_cast<const char*>(mine), send, reinterpret_cast<char*>(of_slot.data()), receive);
      for (int r = 0; r < plan.ranks; ++r) {
        if (!has(r)) continue;
        std::copy_n(of_slot.data() + receive[static_cast<size_t>(r)] / kBytes, width,
                    received_.data() + (plan.first_part(r) + slot) * width);
      }
    }
    for (int64_t part = 0; part < plan.parts; ++part) parts.push_back(received_.data() + part * width);
  }

  constexpr int64_t kPiece = 1 << 12;
  parallel_for((width + kPiece - 1) / kPiece, 1, [&](int64_t piece) {
    const int64_t from = piece * kPiece, to = std::min(width, from + kPiece);
    real* sum = total_.data() + begin;
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

bool Replicas::stops(bool asked_here) { return ranks::any(asked_here); }

Evaluation Replicas::evaluate(Learner& learner, Learner::Part part, int64_t batch_size) {
  const int64_t n = learner.count(part);
  if (n == 0) return RunningSums().means();
  const BatchPlan plan(n, batch_size, ranks::count());
  const int64_t first = plan.first_part(ranks::rank()), end = plan.first_part(ranks::rank() + 1);
  const std::vector<RunningSums> mine = evaluate_batches(learner, part, plan.begin(first), plan.begin(end), batch_size);
  const int64_t most = plan.first_part(1);
  std::vector<RunningSums> own(static_cast<size_t>(most)), all(static_cast<size_t>(most * plan.ranks));
  std::copy(mine.begin(), mine.end(), own.begin());
  ranks::all_gather(own.data(), most * static_cast<int64_t>(sizeof(RunningSums)), all.data());
  RunningSums sums;
  for (int r = 0; r < plan.ranks; ++r) {
    for (int64_t i = 0; i < plan.first_part(r + 1) - plan.first_part(r); ++i) {
      sums.add(all[static_cast<size_t>(r * most + i)]);
    }
  }
  return sums.means();
}

}  // namespace hmem
