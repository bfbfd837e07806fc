#include "hmem/kernels/pool.h"

#include "hmem/core/parallel.h"
#include "kernels/simd/simd.h"

namespace hmem {

namespace {

constexpr int64_t kElements = 1 << 14;  // that are not worth a second thread

/// body(sample and row of windows, first input row) for all rows of windows.
template <typename Body>
void over_window_rows(const ImageDims& dims, const Body& body) {
  const int64_t rows = dims.height / 2, row = dims.width * dims.channels;
  parallel_for(dims.batch * rows, 1 + kElements / (2 * row + 1),
               [&](int64_t i) { body(i, (i / rows * dims.height + 2 * (i % rows)) * row); });
}

}  // namespace

void max_pool_forward(real* out, uint8_t* argmax, const real* inp, const ImageDims& dims) {
  const int64_t row = dims.width * dims.channels, out_row = dims.width / 2 * dims.channels;
  over_window_rows(dims, [&](int64_t i, int64_t top) {
    simd().max_pool_row(out + i * out_row, argmax + i * out_row, inp + top, inp + top + row, dims.width, dims.channels);
  });
}

void max_pool_backward(real* dinp, const real* dout, const uint8_t* argmax, const ImageDims& dims) {
  const int64_t row = dims.width * dims.channels, out_row = dims.width / 2 * dims.channels;
  over_window_rows(dims, [&](int64_t i, int64_t top) {
    simd().max_pool_row_backward(dinp + top, dinp + top + row, dout + i * out_row, argmax + i * out_row, dims.width,
                                 dims.channels);
  });
}

}  // namespace hmem
