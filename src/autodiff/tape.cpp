#include "hmem/autodiff/tape.h"

#include <algorithm>
#include <utility>

#include "hmem/core/check.h"
#include "hmem/kernels/elementwise.h"

namespace hmem {

namespace {

std::vector<std::string>& op_registry() {
  static std::vector<std::string> names;
  return names;
}

}  // namespace

const BatchPart kWholeBatch;

Op::Op(const char* name) : name_(name) { op_registry().emplace_back(name); }

std::vector<std::string> Op::names() {
  std::vector<std::string> names = op_registry();
  std::sort(names.begin(), names.end());
  return names;
}

const Shape& Var::shape() const { return tape_->node(*this).shape; }
real* Var::data() const { return exists() ? tape_->node(*this).value : nullptr; }
real* Var::grad() const { return exists() ? tape_->grad_of(index_) : nullptr; }
real* Var::grad(bool& unset) const {
  unset = false;
  return exists() ? tape_->grad_of(index_, &unset) : nullptr;
}
bool Var::needs_grad() const { return exists() && tape_->node(*this).needs_grad; }

void Tape::reset(Mode mode) {
  mode_ = mode;
  nodes_.clear();
  kept_.clear();
  for (Block& block : blocks_) block.used = 0;
  block_ = 0;
  free_gradients_.clear();
}

void* Tape::allocate_bytes(int64_t count, int64_t size) {
  constexpr int64_t kLine = 64 / sizeof(real), kFirstBlock = 1 << 18;
  const int64_t elements =
      (count * size + 63) / 64 * kLine;  // whole cache lines, in elements, so that the next piece is aligned too
  while (block_ < blocks_.size() && blocks_[block_].used + elements > blocks_[block_].size) ++block_;
  if (block_ == blocks_.size()) {
    const int64_t new_size = std::max(blocks_.empty() ? kFirstBlock : blocks_.back().size, elements);
    auto* memory = static_cast<real*>(detail::aligned_allocate(new_size, sizeof(real)));
    blocks_.push_back({std::unique_ptr<real, detail::AlignedFree>(memory), new_size, 0});
  }
  Block& block = blocks_[block_];
  real* memory = block.memory.get() + block.used;
  block.used += elements;
  return memory;
}

int64_t Tape::bytes() const {
  int64_t sum = 0;
  for (const Block& block : blocks_) sum += block.size * static_cast<int64_t>(sizeof(real));
  return sum;
}

Var Tape::push(Node node) {
  nodes_.push_back(std::move(node));
  return Var(this, static_cast<int>(nodes_.size()) - 1);
}

Var Tape::constant(ConstTensorView value) {
  Node node;
  node.shape = value.shape;
  node.value = const_cast<real*>(value.data);  // operations write to values that they recorded, never to inputs
  return push(std::move(node));
}

Var Tape::constant(const Tensor& value) { return constant(value.view()); }

Var Tape::input(const Tensor& value) {
  const Var var = constant(value);
  node(var).needs_grad = training();
  return var;
}

Var Tape::leaf(Parameter& parameter) {
  Node node;
  node.shape = parameter.value.shape();
  node.value = parameter.value.data();
  node.needs_grad = training();
  if (training()) node.grad = part_->gradients.empty() ? parameter.grad.data() : part_->gradients.at(&parameter);
  return push(std::move(node));
}

Var Tape::slice(Var var, int64_t begin, int64_t end) {
  return view(var, TensorView(var.data(), var.shape()).rows(begin, end));
}

Var Tape::reshape(Var var, const Shape& shape) {
  HMEM_CHECK(shape.count() == var.count(), "reshape: ", var.shape(), " has ", var.count(), " elements, ", shape,
             " has ", shape.count());
  return view(var, {var.data(), shape});
}

Var Tape::view(Var var, const TensorView& part) {
  const Node& parent = node(var);
  Node child;
  child.shape = part.shape;
  child.value = part.data;
  child.needs_grad = parent.needs_grad;
  child.parent = var.index_;
  child.parent_offset = part.data - parent.value;
  return push(std::move(child));
}

Var Tape::record(const Op& op, const Shape& shape, std::initializer_list<Var> inputs, Backward backward) {
  return record(op, shape, std::vector<Var>(inputs), std::move(backward));
}

Var Tape::record(const Op& op, const Shape& shape, const std::vector<Var>& inputs, Backward backward) {
  Node node;
  node.op = &op;
  node.shape = shape;
  for (Var input : inputs) {
    HMEM_CHECK(input.tape_ == this, op.name(), ": an input belongs to another tape");
    node.needs_grad = node.needs_grad || input.needs_grad();
  }
  if (node.needs_grad) {
    HMEM_CHECK(backward != nullptr, op.name(), " has no backward, but an input needs a gradient");
    node.backward = std::move(backward);
  }
  node.value = allocate<real>(shape.count());
  return push(std::move(node));
}

real* Tape::allocate_gradient(int64_t count) {
  const auto smallest = free_gradients_.lower_bound(count);
  // A much larger one is left for a large value.
  if (smallest == free_gradients_.end() || smallest->first > 2 * count) return allocate<real>(count);
  real* memory = smallest->second;
  free_gradients_.erase(smallest);
  return memory;
}

void Tape::release_gradient(Node& node) {
  if (node.grad && node.parent < 0) free_gradients_.emplace(node.shape.count(), node.grad);
  node.grad = nullptr;
  node.done = true;
}

real* Tape::grad_of(int index, bool* unset) {
  Node& node = nodes_[static_cast<size_t>(index)];
  if (!node.needs_grad) return nullptr;
  HMEM_CHECK(!node.done, node.op->name(), ": its gradient was asked for after its backward had run");
  node.touched = true;
  if (!node.grad) {
    if (node.parent >= 0) {
      node.grad = grad_of(node.parent) + node.parent_offset;
    } else {
      node.grad = allocate_gradient(node.shape.count());
      if (unset) {
        *unset = true;
      } else {
        zero(node.grad, node.shape.count());
      }
    }
  }
  return node.grad;
}

void Tape::backward(Var loss) {
  HMEM_CHECK(training(), "backward on a tape in inference mode");
  HMEM_CHECK(loss.count() == 1, "backward starts from a scalar, found shape ", loss.shape());
  HMEM_CHECK(loss.needs_grad(), "backward: the value depends on no trained parameter");
  *loss.grad() += static_cast<real>(part_->share);
  for (size_t i = nodes_.size(); i-- > 0;) {
    if (!nodes_[i].touched || !nodes_[i].backward) continue;
    nodes_[i].backward(Var(this, static_cast<int>(i)));
    release_gradient(nodes_[i]);
  }
}

}  // namespace hmem
