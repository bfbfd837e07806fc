#include "hmem/kernels/conv_block.h"

#include <algorithm>

#include "hmem/kernels/pool.h"
#include "kernels/row_sums.h"

namespace hmem {

namespace {

/// The values and gradients of one piece. Its memory lives as long as the scratch of start().
class Piece {
 public:
  Piece(const real* all_inp, const ConvStages& stages, const ConvBlockDims& dims)
      : all_inp_(all_inp), stages_(stages), dims_(dims) {}

  /// Begins a piece, images [begin, end); everything below refers to it.
  void start(Scratch& scratch, int64_t begin, int64_t end) {
    const Conv2dDims& all = dims_.images;
    first_ = {end - begin, all.height, all.width, all.in, all.out};
    second_ = {end - begin, all.height, all.width, all.out, all.out};
    pixels = first_.pixels();
    pooled_offset_ = begin * all.height / 2 * (all.width / 2) * all.out;
    pooled_ = (end - begin) * (all.height / 2) * (all.width / 2) * all.out;
    inp = all_inp_ + begin * all.height * all.width * all.in;
    for (real** memory : {&z[0], &z[1], &y[0], &y[1]}) *memory = scratch.take(count());
    argmax_ = reinterpret_cast<uint8_t*>(scratch.take(pooled_));
  }
  int64_t count() const { return pixels * first_.out; }

  void convolve(int stage) {
    const ConvStage& s = stages_[static_cast<size_t>(stage)];
    conv2d_forward(z[stage], stage == 0 ? inp : y[0], s.weight, s.bias, Activation::elu, stage == 0 ? first_ : second_);
  }
  void normalise(int stage) {
    const ConvStage& s = stages_[static_cast<size_t>(stage)];
    batch_norm_forward(y[stage], z[stage], s.scale, s.shift, s.statistics, pixels, first_.out, dims_.epsilon);
  }
  /// All values except the result.
  void run() {
    for (const int stage : {0, 1}) {
      convolve(stage);
      normalise(stage);
    }
  }
  /// out: of all images; null: only what backward needs.
  void pool(real* out) {
    Scratch scratch;
    const bool drops = dims_.dropout.rate > 0;
    real* pooled = out && !drops ? out + pooled_offset_ : scratch.take(pooled_);
    max_pool_forward(pooled, argmax_, y[1], {second_.batch, second_.height, second_.width, second_.out});
    if (out && drops) dropout_forward(out + pooled_offset_, pooled, mask(), pooled_);
  }

  /// dy of the second norm, [pixels, out].
  void backward_to_norm(real* dy, const real* dout) {
    Scratch scratch;
    const real* dpooled = dout + pooled_offset_;
    if (dims_.dropout.rate > 0) {
      real* kept = scratch.take(pooled_);
      std::fill(kept, kept + pooled_, real(0));
      dropout_backward(kept, dpooled, mask(), pooled_);
      dpooled = kept;
    }
    zero(dy, count());
    max_pool_backward(dy, dpooled, argmax_, {second_.batch, second_.height, second_.width, second_.out});
  }
  /// dz of a convolution from dy of its norm, whose sums are known; `bias` receives its column sums.
  void backward_to_convolution(int stage, real* dz, const real* dy, real* sums, RowSums* bias) {
    const ConvStage& s = stages_[static_cast<size_t>(stage)];
    const int64_t e = first_.out;
    zero(dz, count());
    batch_norm_backward_apply(dz, nullptr, nullptr, sums, dy, z[stage], s.scale, s.statistics, pixels, e,
                              dims_.epsilon);
    if (!bias) return bias_backward(dz, nullptr, dz, z[stage], Activation::elu, pixels, e);
    bias->add(pixels, [&](real* sum, int64_t begin, int64_t end) {
      real* rows = dz + begin * e;
      simd().bias_backward(rows, sum, rows, z[stage] + begin * e, end - begin, e);
    });
  }
  void backward_data(int stage, real* dx, const real* dz) {
    conv2d_backward_data(dx, dz, stages_[static_cast<size_t>(stage)].weight, stage == 0 ? first_ : second_);
  }

  const real* inp = nullptr;
  real *z[2] = {}, *y[2] = {};
  int64_t pixels = 0;

 private:
  DropoutMask mask() const {
    DropoutMask mask = dims_.dropout;
    mask.first += static_cast<uint64_t>(pooled_offset_);
    return mask;
  }

  const real* all_inp_;
  const ConvStages& stages_;
  const ConvBlockDims& dims_;
  Conv2dDims first_, second_;
  uint8_t* argmax_ = nullptr;
  int64_t pooled_offset_ = 0, pooled_ = 0;
};

/// body(scratch, begin, end) for each piece of the images; a piece that starts at `begin` ends at end_of(begin).
template <typename EndOf, typename Body>
void over_pieces(Piece& piece, int64_t images, const EndOf& end_of, const Body& body) {
  for (int64_t begin = 0; begin < images;) {
    Scratch scratch;
    const int64_t end = end_of(begin);
    piece.start(scratch, begin, end);
    body(scratch, begin, end);
    begin = end;
  }
}

}  // namespace

void conv_block_forward(real* out, const real* inp, ConvStages& stages, const ConvBlockDims& dims, bool fixed,
                        const SumOverParts& parts) {
  const Conv2dDims& all = dims.images;
  Piece piece(inp, stages, dims);
  const auto end_of = [&](int64_t begin) { return std::min(all.batch, begin + dims.piece); };
  for (int stage = 0; stage < 2 && !fixed; ++stage) {
    const PassOverRows pass = [&](const auto& add) {
      over_pieces(piece, all.batch, end_of, [&](Scratch&, int64_t, int64_t) {
        piece.convolve(0);
        if (stage == 1) {
          piece.normalise(0);
          piece.convolve(1);
        }
        add(piece.z[stage], piece.pixels);
      });
    };
    batch_statistics_in_pieces(stages[static_cast<size_t>(stage)].statistics, pass, all.pixels(), all.out, 0, parts);
  }
  over_pieces(piece, all.batch, end_of, [&](Scratch&, int64_t, int64_t) {
    piece.run();
    piece.pool(out);
  });
}

// From the result to the image: the sums of the second norm; the gradients of the second convolution and the sums of
// the first norm; the gradients of the first convolution and of inp.
void conv_block_backward(real* dinp, const std::array<ConvStageGrads, 2>& grads, const real* dout, const real* inp,
                         const ConvStages& stages, const ConvBlockDims& dims, const SumOverParts& parts) {
  const Conv2dDims& all = dims.images;
  const int64_t e = all.out;
  const Conv2dDims convolutions[2] = {all, {all.batch, all.height, all.width, e, e}};
  Piece piece(inp, stages, dims);
  Scratch shared;
  real* sums[2] = {shared.take(2 * e), shared.take(2 * e)};  // of the norms
  for (real* of_norm : sums) std::fill(of_norm, of_norm + 2 * e, real(0));
  const auto add_norm = [&](RowSums& to, int stage, const real* dy) {
    to.add(piece.pixels, [&](real* sum, int64_t begin, int64_t end) {
      simd().norm_backward_sums(sum, dy + begin * e, piece.z[stage] + begin * e,
                                stages[static_cast<size_t>(stage)].statistics.mean, end - begin, e);
    });
  };
  const auto finish_norm = [&](RowSums& of_norm, int stage) {
    of_norm.finish();
    const ConvStage& s = stages[static_cast<size_t>(stage)];
    batch_norm_backward_apply(nullptr, grads[static_cast<size_t>(stage)].scale, grads[static_cast<size_t>(stage)].shift,
                              sums[stage], nullptr, nullptr, s.scale, s.statistics, 0, e, dims.epsilon, parts);
  };
  const auto begin_backward = [&](real* dy) {
    piece.run();
    piece.pool(nullptr);
    piece.backward_to_norm(dy, dout);
  };

  {
    Scratch scratch;
    RowSums norm(scratch, sums[1], 2 * e, kNormRows);
    over_pieces(
        piece, all.batch, [&](int64_t begin) { return std::min(all.batch, begin + dims.piece); },
        [&](Scratch& of_piece, int64_t, int64_t) {
          real* dy = of_piece.take(piece.count());
          begin_backward(dy);
          add_norm(norm, 1, dy);
        });
    finish_norm(norm, 1);
  }
  for (const int stage : {1, 0}) {
    const Conv2dDims& convolution = convolutions[stage];
    const ConvStageGrads& grad = grads[static_cast<size_t>(stage)];
    Scratch scratch;
    RowSums norm(scratch, sums[0], 2 * e, kNormRows), bias(scratch, grad.bias, e, bias_rows(e));
    real* partials = grad.weight ? scratch.take(conv2d_partials(convolution)) : nullptr;
    if (partials) zero(partials, conv2d_partials(convolution));
    over_pieces(
        piece, all.batch, [&](int64_t begin) { return conv2d_piece_end(convolution, begin, dims.piece); },
        [&](Scratch& of_piece, int64_t begin, int64_t end) {
          real *dy = of_piece.take(piece.count()), *dz = of_piece.take(piece.count());
          begin_backward(dy);
          piece.backward_to_convolution(1, dz, dy, sums[1], stage == 1 && grad.bias ? &bias : nullptr);
          if (stage == 1 && partials) add_conv2d_partials(partials, dz, piece.y[0], convolution, begin, end);
          zero(dy, piece.count());
          piece.backward_data(1, dy, dz);
          if (stage == 1) return add_norm(norm, 0, dy);
          piece.backward_to_convolution(0, dz, dy, sums[0], grad.bias ? &bias : nullptr);
          if (partials) add_conv2d_partials(partials, dz, piece.inp, convolution, begin, end);
          if (dinp) piece.backward_data(0, dinp + (piece.inp - inp), dz);
        });
    if (grad.bias) bias.finish();
    if (partials) sum_conv2d_partials(grad.weight, partials, convolution);
    if (stage == 1) finish_norm(norm, 0);
  }
}

}  // namespace hmem
