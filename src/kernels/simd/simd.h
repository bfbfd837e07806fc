#pragma once
/// \file simd.h
/// Table of the hot inner kernels, one table per instruction set, all compiled from the same source (isa.cpp).
///
/// These functions work on one sample or one row and never touch threads; `src/kernels/*.cpp` loops over samples and
/// is what the rest of the library calls. Every table gives the same bits, but for the convolutions: no fused
/// multiply-add, sums in 16 lanes (lane = column mod 16) joined by one fixed tree.

#include <cstdint>

#include "hmem/core/real.h"
#include "hmem/kernels/memory.h"

namespace hmem {

// --- what the kernels of simd/conv.inl work on: parts of the image on which the same taps meet pixels ---------------

/// Output channels of one block: rows of packed weights have this length, zeros beyond the last channel.
constexpr int64_t kConvBlock = 32;

/// Weight rows [row, row + length) meet the `length` numbers that start `inp` after a pixel's own.
struct ConvRun {
  int64_t inp = 0, row = 0, length = 0;
};

/// rows x cols pixels, from number `pixel` on, with steps in pixels.
struct ConvRegion {
  int64_t pixel = 0, rows = 0, cols = 0, row_step = 0, col_step = 0;
  int run_count = 0;
  ConvRun runs[9];
};

/// Operations on the sums of one block of channels.
struct ConvResult {
  const real* bias = nullptr;  ///< [kConvBlock], or null
  bool elu = false;
  bool accumulate = false;  ///< added to out, else written
  int64_t channels = 0;     ///< of the block that exist
};

/// Layout of the input for the weights' gradient: tiles of `tile` channels, `tile_step` apart; pixels of a tile are
/// `stride` apart.
struct ConvTiles {
  int64_t stride = 0, tile = 0, tile_step = 0;
};

/// The lines of simd/winograd.inl by which a tile of a convolution by minimal filtering is transformed along each axis:
/// F(4, 3), four outputs from six inputs, or the two pixels of a map that is two wide.
struct WinogradLines {
  bool pair_y = false, pair_x = false;

  static constexpr int64_t points_of(bool pair) { return pair ? 3 : 6; }
  int64_t points() const { return points_of(pair_y) * points_of(pair_x); }
};

/// One member for each kernel; isa.cpp fills it.
struct SimdKernels {
  const char* name;

  // --- simd/hebbian.inl ------------------------------------------------------------------------------------------
  /// Elements of scratch that the two write kernels need; `whole`: backward with dgamma.
  int64_t (*hebbian_scratch)(int64_t steps, int64_t d, bool backward, bool whole);
  /// Writes one sample: m [d, ld] from pre-activations z_k, z_v [steps, d].
  void (*hebbian_write_forward)(real* m, const real* z_k, const real* z_v, int64_t steps, int64_t d,
                                const HebbianRule& rule, real* scratch);
  /// Adds the gradients of one sample to dz_k, dz_v [steps, d]; sets dgamma [2] (null: not wanted).
  void (*hebbian_write_backward)(real* dz_k, real* dz_v, real* dgamma, const real* z_k, const real* z_v,
                                 const MemoryGrad& dm, int64_t steps, int64_t d, const HebbianRule& rule,
                                 real* scratch);

  // --- simd/read_before_write.inl --------------------------------------------------------------------------------
  // The memory is kept as m = M / w_max [d, ld]; k [d], v and s [ld] with zeros beyond d.
  /// m_out = write of (k, v) into m (null: an empty memory); next (or null) [d]: s = w_max m_out^T next.
  void (*rbw_step)(real* m_out, const real* m, real* s, const real* k, const real* v, const real* next, int64_t d,
                   const HebbianRule& rule);
  /// Elements of scratch that rbw_reverse needs.
  int64_t (*rbw_reverse_scratch)(int64_t d);
  /// h = dL/dm after the step becomes dL/dm before it; sets dv [ld], adds to dk [d], and pays what the next step owes:
  /// owed_k its key, owed_ds = w_max ds (null: nothing), owed_dk. dgamma [2] (or null) is added to.
  void (*rbw_reverse)(real* h, const real* m, real* dv, real* dk, real* owed_dk, real* dgamma, const real* k,
                      const real* v, const real* owed_k, const real* owed_ds, int64_t d, const HebbianRule& rule,
                      real* scratch);
  /// h [d, ld] = w_max dM as a matrix; scratch of kMaxReads ld elements.
  void (*memory_grad_dense)(real* h, const MemoryGrad& dm, int64_t d, real w_max, real* scratch);

  // --- simd/memory_read.inl --------------------------------------------------------------------------------------
  /// r [ld] = m^T relu(z) for one sample; m [d, ld], z [d].
  void (*memory_read_forward)(real* r, const real* m, const real* z, int64_t d, real* scratch);
  /// dz [d] += [z > 0] (m dr); dr [ld], zero beyond d.
  void (*memory_read_backward)(real* dz, const real* m, const real* z, const real* dr, int64_t d);

  // --- simd/gemm.inl ---------------------------------------------------------------------------------------------
  /// c [m, ldc] = c + a b for columns [0, n), n a multiple of 16; element (i, p) of a is a[i * a_row + p * a_col].
  void (*gemm_padded)(real* c, int64_t ldc, const real* a, int64_t a_row, int64_t a_col, const real* b, int64_t ldb,
                      int64_t m, int64_t n, int64_t k);

  // --- simd/elementwise.inl --------------------------------------------------------------------------------------
  /// out[j] = a[j] + b[j]
  void (*add)(real* out, const real* a, const real* b, int64_t n);
  /// out[j] += a[j]
  void (*accumulate)(real* out, const real* a, int64_t n);
  /// out[j] += scale a[j]
  void (*axpy)(real* out, real scale, const real* a, int64_t n);
  /// out[j] += a[j] b[j]
  void (*multiply_accumulate)(real* out, const real* a, const real* b, int64_t n);
  /// out[j] = max(a[j], 0); NaN stays NaN
  void (*relu)(real* out, const real* a, int64_t n);
  /// dinp[j] += [inp[j] > 0] dout[j]
  void (*relu_backward)(real* dinp, const real* inp, const real* dout, int64_t n);
  /// out[j] += sum over the listed rows of src[row, j]
  void (*sum_rows)(real* out, const real* src, int64_t ld, const int32_t* rows, int64_t row_count, int64_t n);
  /// dtable[id] += encoding_w (*) dx_r, dencoding_w += table[id] (*) dx_r for all words of all rows (null: not wanted),
  /// on n <= 16 columns; e from one row of a matrix to the next.
  void (*sentence_encoding_backward)(real* dtable, real* dencoding, const real* dx, const real* table,
                                     const real* encoding, const int32_t* ids, int64_t rows, int64_t width, int64_t e,
                                     int64_t n);
  /// sum a[j] b[j] over 16 lanes
  real (*dot)(const real* a, const real* b, int64_t n);

  // --- simd/norm.inl ---------------------------------------------------------------------------------------------
  /// sum[j] += sum over rows of (x[row, j] - shift[j]); square the same with the difference squared (null: not wanted)
  void (*column_moments)(real* sum, real* square, const real* x, const real* shift, int64_t rows, int64_t n);
  /// out[row, j] = x[row, j] scale[j] + shift[j]
  void (*affine)(real* out, const real* x, const real* scale, const real* shift, int64_t rows, int64_t n);
  /// sum[j] += sum over rows of dy[row, j] (x[row, j] - mean[j]), sum[n + j] += sum over rows of dy[row, j]
  void (*norm_backward_sums)(real* sum, const real* dy, const real* x, const real* mean, int64_t rows, int64_t n);
  /// dx[row, j] += slope[j] dy[row, j] + dmean_n[j] + dvar_2n[j] (x[row, j] - mean[j])
  void (*norm_backward)(real* dx, const real* dy, const real* x, const real* mean, const real* slope,
                        const real* dmean_n, const real* dvar_2n, int64_t rows, int64_t n);

  /// xhat [ld] = (x - mean) rstd of a row x [ld] with zeros beyond d; returns rstd = (var + epsilon)^(-1/2).
  real (*layer_norm_row)(real* xhat, const real* x, int64_t d, real epsilon);
  /// dx [ld] = rstd (g - mean(g) - xhat mean(g xhat)), g = dL/dxhat with zeros beyond d.
  void (*layer_norm_row_backward)(real* dx, const real* g, const real* xhat, real rstd, int64_t d);

  // --- simd/softmax.inl ------------------------------------------------------------------------------------------
  /// Softmax of one row of logits into p; returns log(sum exp(logit - max)) and where the maximum is.
  real (*softmax_row)(real* p, const real* logits, int64_t n, int64_t* argmax);
  /// out[j] = exp(a[j]); error below 2 ulp
  void (*exp)(real* out, const real* a, int64_t n);

  // --- simd/activation.inl ---------------------------------------------------------------------------------------
  /// out[j] = a[j] > 0 ? a[j] : exp(a[j]) - 1; error below 3 ulp
  void (*elu)(real* out, const real* a, int64_t n);
  /// dinp[j] += dout[j] (out[j] > 0 ? 1 : out[j] + 1)
  void (*elu_backward)(real* dinp, const real* out, const real* dout, int64_t n);
  /// out[row, j] = a[row, j] + bias[j], and its ELU
  void (*bias)(real* out, const real* a, const real* bias, int64_t rows, int64_t n);
  void (*bias_elu)(real* out, const real* a, const real* bias, int64_t rows, int64_t n);
  /// dz[row, j] = dout[row, j] (times the slope of the ELU with output `out`, if not null), sum[j] += its sum over
  /// rows; dz and sum may be null.
  void (*bias_backward)(real* dz, real* sum, const real* dout, const real* out, int64_t rows, int64_t n);

  // --- simd/lstm.inl ---------------------------------------------------------------------------------------------
  /// One step of one sample: gates [4n] (i f g o) from pre-activations to activations, c [n], h [n]; c_before [n], or
  /// null for 0. Errors of sigmoid and tanh below 4 ulp.
  void (*lstm_step)(real* h, real* c, real* gates, const real* c_before, int64_t n);
  /// Sets dz [4n]; dc [n] becomes the gradient of c_before.
  void (*lstm_step_backward)(real* dz, real* dc, const real* dh, const real* gates, const real* c, const real* c_before,
                             int64_t n);

  // --- simd/pool.inl ---------------------------------------------------------------------------------------------
  /// One row of pixels of a 2 x 2 max-pool: out, argmax [width / 2, n] from the rows top, bottom [width, n].
  void (*max_pool_row)(real* out, uint8_t* argmax, const real* top, const real* bottom, int64_t width, int64_t n);
  /// dtop, dbottom[..] += dout at the positions of argmax.
  void (*max_pool_row_backward)(real* dtop, real* dbottom, const real* dout, const uint8_t* argmax, int64_t width,
                                int64_t n);

  // --- simd/dropout.inl ------------------------------------------------------------------------------------------
  /// out[j] = (add: +=) word[j] >= threshold ? x[j] scale : 0, words from number 4 block on of the stream of `key`.
  void (*dropout)(real* out, const real* x, const uint32_t* key, uint64_t block, uint32_t threshold, real scale,
                  bool add, int64_t n);

  // --- simd/conv.inl: not the same bits, these may fuse multiplication and addition --------------------------------
  // Minimal filtering uses both as matrix products: a region of tiles whose only tap has all channels.
  /// One block of output channels on one region: out[pixel * out_stride + j] from inp[pixel * inp_stride + ..] and
  /// packed weights [9 in, kConvBlock].
  void (*conv_forward)(real* out, int64_t out_stride, const real* inp, int64_t inp_stride, const real* weight,
                       const ConvRegion& region, const ConvResult& result);
  /// dweight [9 in, kConvBlock] += sum over the region of inp (x) dz; dz has kConvBlock numbers for each pixel.
  void (*conv_weights)(real* dweight, const real* dz, int64_t dz_stride, const real* inp, const ConvTiles& tiles,
                       const ConvRegion& region);

  // --- simd/winograd.inl: neither the same bits. Point i of a tile is at `i step` of a transformed array; these arrays
  // are aligned to 64 bytes, and their steps are multiples of 16. Pixels of a tile come row by row, anywhere in memory.
  /// Input transform: V [point][width] from the pixels [n] of the inputs, zeros beyond n; width a multiple of 16.
  void (*winograd_inputs)(real* to, int64_t step, int64_t width, const real* const* pixels, int64_t n,
                          WinogradLines lines);
  /// Output transform of one block of channels: the pixels from M [point][kConvBlock]; a null pixel is left out.
  void (*winograd_outputs)(real* const* pixels, const real* from, int64_t step, const ConvResult& result,
                           WinogradLines lines);
  /// Its adjoint: Z [point][width] from the gradients [n] of the outputs, zeros beyond n.
  void (*winograd_outputs_adjoint)(real* to, int64_t step, int64_t width, const real* const* pixels, int64_t n,
                                   WinogradLines lines);
  /// Weight transform: U [point][n] from nine taps `tap_step` apart, packed as above; n a multiple of 16.
  void (*winograd_weights)(real* to, int64_t step, const real* packed, int64_t tap_step, int64_t n,
                           WinogradLines lines);
  /// dweight [tap][n] += its adjoint; any n, tap_step and alignment of dweight.
  void (*winograd_weights_adjoint)(real* dweight, int64_t tap_step, const real* from, int64_t step, int64_t n,
                                   WinogradLines lines);

  // --- simd/optim.inl --------------------------------------------------------------------------------------------
  /// One Adam update, epsilon-hat form; g is multiplied by `scale` first (clipping); decay p is subtracted, too.
  void (*adam)(real* p, real* m, real* v, const real* g, real scale, real lr_t, real beta1, real beta2, real epsilon,
               real decay, int64_t n);
  /// One momentum update: u = momentum u - lr scale g; p += (nesterov ? momentum u - lr scale g : u) - decay p.
  void (*sgd)(real* p, real* u, const real* g, real scale, real lr, real momentum, bool nesterov, real decay,
              int64_t n);
};

// The tables of this binary: the double build and other processors have the generic one only.
extern const SimdKernels simd_generic;
#if defined(__x86_64__) && !defined(HMEM_REAL_DOUBLE)
#define HMEM_X86_SETS 1
extern const SimdKernels simd_avx2;
extern const SimdKernels simd_avx512;
#endif

/// The table in use.
const SimdKernels& simd();

}  // namespace hmem
