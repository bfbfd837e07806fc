#include "kernels/scratch.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "hmem/core/tensor.h"

namespace hmem {

namespace {

struct Block {
  explicit Block(int64_t count)
      : memory(static_cast<real*>(detail::aligned_allocate(count, sizeof(real)))), size(count) {}
  std::unique_ptr<real, detail::AlignedFree> memory;  // uninitialised: unused memory takes no pages
  int64_t size, used = 0;
};

/// Blocks never move, so that memory already handed out stays valid when the stack grows.
struct Stack {
  std::vector<Block> blocks;
  size_t top = 0;  // block in use
};

thread_local Stack t_stack;

constexpr int64_t kFirstBlock = 1 << 16;

}  // namespace

Scratch::Scratch() : block_(t_stack.top), used_(t_stack.blocks.empty() ? 0 : t_stack.blocks[t_stack.top].used) {}

Scratch::~Scratch() {
  Stack& stack = t_stack;
  while (stack.top > block_) stack.blocks[stack.top--].used = 0;
  if (!stack.blocks.empty()) stack.blocks[stack.top].used = used_;
}

real* Scratch::take(int64_t count) {
  Stack& stack = t_stack;
  const int64_t size = padded(count);
  if (stack.blocks.empty()) stack.blocks.emplace_back(std::max(kFirstBlock, size));
  while (stack.blocks[stack.top].used + size > stack.blocks[stack.top].size) {
    if (stack.top + 1 == stack.blocks.size()) {
      stack.blocks.emplace_back(std::max(2 * stack.blocks[stack.top].size, size));
    }
    ++stack.top;
  }
  Block& block = stack.blocks[stack.top];
  real* memory = block.memory.get() + block.used;
  block.used += size;
  return memory;
}

real* Scratch::take_padded(const real* source, int64_t count) {
  real* copy = take(padded(count));
  std::copy(source, source + count, copy);
  std::fill(copy + count, copy + padded(count), real(0));
  return copy;
}

}  // namespace hmem
