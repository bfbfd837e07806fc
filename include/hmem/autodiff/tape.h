#pragma once
/// \file tape.h
/// Reverse-mode automatic differentiation: a tape of coarse operations.
///
///   Tape tape;                                   // reused from step to step, keeps its memory
///   tape.reset(Tape::Mode::training);
///   Var h = relu(matmul(tape.constant(x), tape.leaf(w1)));
///   Var loss = softmax_cross_entropy(matmul(h, tape.leaf(w2)), labels);
///   tape.backward(loss);                         // w1.grad, w2.grad now hold d loss / d w
///
/// Operations are functions that compute their value at once and record how to go back. Nodes stand in the order in
/// which they were computed, which is a topological order: the backward pass is one reverse loop.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hmem/autodiff/parameter.h"
#include "hmem/core/tensor.h"
#include "hmem/kernels/norm.h"

namespace hmem {

class Tape;

/// Handle of a value on a tape. Valid until the tape is reset.
class Var {
 public:
  Var() = default;
  const Shape& shape() const;
  int64_t size(int dimension) const { return shape()[dimension]; }
  int64_t count() const { return shape().count(); }
  real* data() const;
  /// Gradient to add to, zero-filled on first use; null when it is not needed. Throws Error for a recorded value whose
  /// backward has run, since its gradient memory has been reused (see Tape::backward).
  real* grad() const;
  /// As grad(), but not zero-filled: where `unset` becomes true, the caller sets every element.
  real* grad(bool& unset) const;
  bool needs_grad() const;
  /// False for a default-constructed handle, which stands for an omitted optional argument: data() and grad() are null.
  bool exists() const { return tape_ != nullptr; }
  Tape& tape() const { return *tape_; }

 private:
  friend class Tape;
  Var(Tape* tape, int index) : tape_(tape), index_(index) {}
  Tape* tape_ = nullptr;
  int index_ = -1;
};

/// Name of an operation. One static object per operation; it registers itself, so that a test can compare the list of
/// operations with the list of gradient checks.
class Op {
 public:
  explicit Op(const char* name);
  const char* name() const { return name_; }
  /// Names of all operations that are linked into the program, sorted.
  static std::vector<std::string> names();

 private:
  const char* name_;
};

/// What a tape computes of a batch that is spread over several tapes (train/replicas.h); by default all of it.
struct BatchPart {
  int64_t first = 0;  ///< number of examples of the batch before this part; random numbers depend on it
  int64_t slot = 0;   ///< index of the part among those of this process
  double share = 1;   ///< fraction of the batch's examples: d loss of the batch / d loss of the part
  SumOverParts sum;   ///< for batch norm
  /// Where gradients of parameters are added; empty: to `grad` of each.
  std::unordered_map<const Parameter*, real*> gradients;
};
extern const BatchPart kWholeBatch;

/// The contract of an operation, written once:
///   * forward finds its output uninitialised and writes all of it;
///   * backward adds to the gradient of every input and assumes nothing about what is there (but see Var::grad(bool&));
///   * a null gradient pointer means "not wanted";
///   * arguments other than Vars (ids, labels, offsets, index lists, weights) may change or be destroyed after the
///   call: those that backward reads are copied, see Tape::copy();
///   * "saves:" at the kernel lists everything that backward reads besides its arguments.
class Tape {
 public:
  enum class Mode {
    training,   ///< gradients are recorded, layers use batch statistics and dropout
    inference,  ///< nothing is recorded
  };
  using Backward = std::function<void(Var out)>;

  explicit Tape(Mode mode = Mode::training) : mode_(mode) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Forgets all nodes and keeps the memory for the next pass.
  void reset(Mode mode);
  bool training() const { return mode_ == Mode::training; }
  /// Number of the training step (updates done so far). Dropout masks depend on it, so a resumed training draws the
  /// same masks.
  void set_step(uint64_t step) { step_ = step; }
  uint64_t step() const { return step_; }
  /// The part must outlive the tape, and may change between two passes.
  void set_part(const BatchPart& part) { part_ = &part; }
  const BatchPart& part() const { return *part_; }

  /// A value without a gradient. The tape refers to it, so it must stay alive until the next reset. The tape keeps a
  /// temporary Tensor until then; the memory of a view belongs to the caller.
  Var constant(const Tensor& value);
  Var constant(Tensor&& value) { return constant(kept_.emplace_back(std::move(value))); }
  Var constant(ConstTensorView value);
  /// A constant with a gradient, for gradient checks of operations.
  Var input(const Tensor& value);
  Var input(Tensor&& value) { return input(kept_.emplace_back(std::move(value))); }
  /// A trained value; its gradient is added to `parameter.grad`, or where part() says. The parameter must stay alive
  /// until the next reset.
  Var leaf(Parameter& parameter);
  /// Rows [begin, end) of the leading dimension: the same memory, value and gradient.
  Var slice(Var var, int64_t begin, int64_t end);
  /// The same memory, value and gradient, under another shape; throws Error when the element counts differ.
  Var reshape(Var var, const Shape& shape);

  /// Records a new node with uninitialised value. `backward` is called with the node when its gradient is complete; an
  /// empty one throws Error in training mode when an input needs a gradient.
  Var record(const Op& op, const Shape& shape, std::initializer_list<Var> inputs, Backward backward);
  Var record(const Op& op, const Shape& shape, const std::vector<Var>& inputs, Backward backward);

  /// Memory that lives until the next reset, uninitialised, 64-byte aligned.
  template <typename T>
  T* allocate(int64_t count) {
    return static_cast<T*>(allocate_bytes(count, sizeof(T)));
  }
  /// A copy that lives until the next reset, for arguments that the backward function reads.
  template <typename T>
  T* copy(const T* values, int64_t count) {
    T* kept = allocate<T>(count);
    std::copy_n(values, count, kept);
    return kept;
  }
  template <typename T>
  T* copy(const std::vector<T>& values) {
    return copy(values.data(), static_cast<int64_t>(values.size()));
  }

  /// Marks a node as having a gradient that is kept elsewhere (memories: see ops_memory.h).
  void touch(Var var) { node(var).touched = true; }

  /// Adds d loss / d leaf to every leaf, times part().share; `loss` is a scalar or has one element. Throws Error in
  /// inference mode. The gradient of a recorded value lives from its first use until the value's own backward has run;
  /// then its memory serves the gradients of earlier values. So only the few gradients in use take memory, not all.
  void backward(Var loss);

  /// Bytes of the arena, for reports.
  int64_t bytes() const;

 private:
  friend class Var;
  struct Node {
    const Op* op = nullptr;
    Shape shape;
    real* value = nullptr;
    real* grad = nullptr;
    bool needs_grad = false;
    bool touched = false;  // something was added to the gradient
    bool done = false;     // its backward has run and the gradient's memory was given back
    int parent = -1;       // of a slice
    int64_t parent_offset = 0;
    Backward backward;
  };
  struct Block {
    std::unique_ptr<real, detail::AlignedFree> memory;  // uninitialised: unused memory takes no pages
    int64_t size, used = 0;
  };

  Node& node(Var var) { return nodes_[static_cast<size_t>(var.index_)]; }
  Var push(Node node);
  Var view(Var var, const TensorView& part);
  real* grad_of(int index, bool* unset = nullptr);
  real* allocate_gradient(int64_t count);
  void release_gradient(Node& node);
  void* allocate_bytes(int64_t count, int64_t size);

  Mode mode_;
  uint64_t step_ = 0;
  const BatchPart* part_ = &kWholeBatch;
  std::vector<Node> nodes_;
  std::vector<Tensor> kept_;  // temporaries that were given as constants
  std::vector<Block> blocks_;
  size_t block_ = 0;
  std::multimap<int64_t, real*> free_gradients_;  // by element count
};

}  // namespace hmem
