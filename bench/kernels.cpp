// Speed of the kernels on one thread, as fractions of the peak of this core: README.md explains the output.

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "calibrate.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/kernels/blas.h"
#include "hmem/kernels/embedding.h"
#include "hmem/kernels/isa.h"
#include "hmem/kernels/norm.h"
#include "hmem/kernels/optim.h"
#include "hmem/kernels/softmax.h"
#include "memory_kernels.h"
#include "read_before_write.h"

namespace {

using namespace hmem;
using namespace hmem::bench;

void print_machine(const Calibration& calibration) {
  const VectorRates rates = calibration.measure([] {}).rates;
  const bool fused = calibration.has_fma();
  std::printf("hmem %s\nkernels=%s blas=\"%s\" threads=1 F=%.2f X=%.2f\n", build_info().str().c_str(),
              kernel_set_name().c_str(), blas_name().c_str(), rates.fma * 1e-9, rates.mixed * 1e-9);
  std::printf("F: 1e9 %s a second, each on 16 floats (%.0f GFLOP/s); X: 1e9 multiplications or additions, 1 to 1\n",
              fused ? "fused multiply-adds" : "pairs of a multiplication and an addition (no fused ones here)",
              rates.fma * 32e-9);
}

/// The products of a training step: x w, and its adjoints dy w^T and x^T dy.
void print_gemm(const Calibration& widest) {
  struct Product {
    const char* form;
    int64_t m, n, k;
    bool a_transposed, b_transposed;
  };
  const bool has_blas = gemm_backend() == GemmBackend::blas;
  std::printf(
      "\nGEMM, fraction of the FMA peak of the widest kernel set (%s); must 0.80 with OpenBLAS on Zen 4\n"
      "  %14s %12s %10s %6s %12s %6s\n",
      available_kernel_sets().back().c_str(), "m x k x n", "", "BLAS us", "/peak", "builtin us", "/peak");
  Rng rng(1, "bench");
  for (const auto& [rows, in, out] :
       std::vector<std::array<int64_t, 3>>{{1280, 80, 100}, {128, 200, 100}, {128, 100, 100}, {130, 80, 100}}) {
    const Product products[] = {{"y = x w", rows, out, in, false, false},
                                {"dx = dy w^T", rows, in, out, false, true},
                                {"dw = x^T dy", in, out, rows, true, false}};
    for (const Product& p : products) {
      const Tensor a = uniform(rng, {p.m, p.k}), b = uniform(rng, {p.k, p.n});
      Tensor c({p.m, p.n});
      const MatrixRef a_ref = p.a_transposed ? transposed(a.data(), p.m) : matrix(a.data(), p.k);
      const MatrixRef b_ref = p.b_transposed ? transposed(b.data(), p.k) : matrix(b.data(), p.n);
      const std::string size = std::to_string(p.m) + "x" + std::to_string(p.k) + "x" + std::to_string(p.n);
      std::printf("  %14s %12s", size.c_str(), p.form);
      for (const GemmBackend backend : {GemmBackend::blas, GemmBackend::builtin}) {
        if (backend == GemmBackend::blas && !has_blas) {
          std::printf(" %10s %6s", "-", "-");
          continue;
        }
        select_gemm_backend(backend);
        const Calibration::Measured measured =
            widest.measure([&] { gemm(c.data(), p.n, a_ref, b_ref, p.m, p.n, p.k, false); });
        std::printf(" %*.2f %6.2f", backend == GemmBackend::blas ? 10 : 12, measured.seconds * 1e6,
                    static_cast<double>(p.m * p.n * p.k) / 16 / (measured.seconds * measured.rates.fma));
      }
      std::printf("\n");
    }
  }
  select_gemm_backend(has_blas ? GemmBackend::blas : GemmBackend::builtin);
}

/// Instances like those of a batch of task 1: few distinct sentences, ten ages.
RowPairs random_pairs(Rng& rng, int64_t sentences, int64_t ages, int64_t count) {
  RowPairs pairs;
  pairs.rows = sentences + ages;
  pairs.seconds_begin = sentences;
  for (int64_t i = 0; i < count; ++i) {
    pairs.first.push_back(static_cast<int32_t>(rng.below(static_cast<uint32_t>(sentences))));
    pairs.second.push_back(static_cast<int32_t>(sentences + rng.below(static_cast<uint32_t>(ages))));
  }
  pairs.index_rows();
  return pairs;
}

IdTensor random_ids(Rng& rng, const Shape& shape, int64_t low, int64_t high) {
  IdTensor ids(shape);
  for (int32_t& id : ids) id = static_cast<int32_t>(low + rng.below(static_cast<uint32_t>(high - low)));
  return ids;
}

struct Bandwidth {
  const char* name;
  int64_t elements;  // of inputs and outputs, gathered or scattered ones counted each time
  Subject subject;
};

void print_bandwidths(const char* part, const std::vector<Bandwidth>& kernels) {
  std::vector<Subject> subjects;
  for (const Bandwidth& kernel : kernels) subjects.push_back(kernel.subject);
  const std::vector<double> seconds = fastest(subjects);
  for (size_t i = 0; i < kernels.size(); ++i) {
    std::printf("  %-26s %-22s %9.2f %8.1f\n", part, kernels[i].name, seconds[i] * 1e6,
                static_cast<double>(kernels[i].elements) * sizeof(real) / seconds[i] * 1e-9);
  }
}

constexpr int64_t kSentences = 120, kAges = 10, kRows = kSentences + kAges, kCount = 767, kE = 80, kD = 100;
constexpr int64_t kBatch = 128, kVocabulary = 200;

void print_embedding(Rng& rng) {
  constexpr int64_t kWidth = 6, kWords = kRows * kWidth;
  const IdTensor ids = random_ids(rng, {kRows, kWidth}, 1, kVocabulary);
  const Tensor table = uniform(rng, {kVocabulary, kE}), encoding = uniform(rng, {kWidth, kE});
  const Tensor dwords = uniform(rng, {kWords, kE}), dx = uniform(rng, {kRows, kE});
  Tensor words(dwords.shape()), x(dx.shape()), dtable(table.shape()), dencoding(encoding.shape());
  print_bandwidths(
      "embedding 780x80",
      {{"forward", 2 * kWords * kE, [&] { embedding_forward(words.data(), table.data(), ids.data(), kWords, kE); }},
       {"backward", 3 * kWords * kE,
        [&] { embedding_backward(dtable.data(), dwords.data(), ids.data(), kWords, kE); }}});
  print_bandwidths(
      "sentence encoding 130x6x80",
      {{"forward", (2 * kWords + kRows) * kE,
        [&] { sentence_encoding_forward(x.data(), table.data(), encoding.data(), ids.data(), kRows, kWidth, kE); }},
       {"backward", (6 * kWords + kRows) * kE, [&] {
          sentence_encoding_backward(dtable.data(), dencoding.data(), dx.data(), table.data(), encoding.data(),
                                     ids.data(), kRows, kWidth, kE);
        }}});
}

void print_pair_sum(Rng& rng, const RowPairs& pairs) {
  const Tensor rows = uniform(rng, {kRows, kD}), dout = uniform(rng, {kCount, kD});
  Tensor out(dout.shape()), drows(rows.shape());
  print_bandwidths(
      "pair sum 767x100",
      {{"forward", 3 * kCount * kD, [&] { pair_sum_forward(out.data(), rows.data(), pairs, kD); }},
       {"backward", (2 * kCount + 2 * kRows) * kD, [&] { pair_sum_backward(drows.data(), dout.data(), pairs, kD); }}});
}

void print_norm(Rng& rng, const RowPairs& pairs) {
  constexpr int64_t kPadded = 500;
  constexpr real kEpsilon = real(1e-3);
  const Tensor rows = uniform(rng, {kRows, kE}), x = uniform(rng, {kCount, kE}), dout = uniform(rng, {kCount, kE});
  const Tensor scale = uniform(rng, {kE}), shift = uniform(rng, {kE});
  Tensor mean({kE}), variance({kE}), dscale({kE}), dshift({kE}), out(x.shape()), dx(x.shape()), centred(rows.shape());
  NormStatistics statistics = {mean.data(), variance.data()};
  print_bandwidths("batch norm 767x80",
                   {{"statistics", kCount * kE, [&] { batch_statistics(statistics, x.data(), kCount, kE, kPadded); }},
                    {"forward", 2 * kCount * kE,
                     [&] {
                       batch_norm_forward(out.data(), x.data(), scale.data(), shift.data(), statistics, kCount, kE,
                                          kEpsilon);
                     }},
                    {"backward", 4 * kCount * kE, [&] {
                       batch_norm_backward(dx.data(), dscale.data(), dshift.data(), dout.data(), x.data(), scale.data(),
                                           statistics, kCount, kE, kEpsilon);
                     }}});
  print_bandwidths("the same on pairs of rows",
                   {{"statistics", (2 * kCount + 2 * kRows) * kE,
                     [&] { batch_statistics_pairs(statistics, centred.data(), rows.data(), pairs, kE, kPadded); }},
                    {"forward", 2 * kRows * kE,
                     [&] {
                       batch_norm_pairs_forward(out.data(), rows.data(), scale.data(), shift.data(), statistics, pairs,
                                                kE, kEpsilon);
                     }},
                    {"backward", 5 * kRows * kE, [&] {
                       batch_norm_pairs_backward(dx.data(), dscale.data(), dshift.data(), dout.data(), rows.data(),
                                                 centred.data(), scale.data(), statistics, pairs, kE, kEpsilon);
                     }}});
}

void print_softmax(Rng& rng) {
  const Tensor logits = uniform(rng, {kBatch, kVocabulary});
  const IdTensor labels = random_ids(rng, {kBatch}, 0, kVocabulary);
  Tensor p(logits.shape()), dlogits(logits.shape());
  IdTensor argmax({kBatch});
  print_bandwidths("softmax + loss 128x200", {{"forward", 2 * logits.count(),
                                               [&] {
                                                 softmax_cross_entropy_forward(p.data(), argmax.data(), logits.data(),
                                                                               labels.data(), kBatch, kVocabulary);
                                               }},
                                              {"backward", 3 * logits.count(), [&] {
                                                 softmax_cross_entropy_backward(dlogits.data(), p.data(), labels.data(),
                                                                                real(1) / kBatch, kBatch, kVocabulary);
                                               }}});
}

void print_adam(Rng& rng) {
  const Tensor g = uniform(rng, {1 << 16});
  Tensor p = uniform(rng, g.shape()), m(g.shape()), v(g.shape());
  print_bandwidths("Adam, 65536 parameters", {{"", 7 * g.count(), [&] {
                                                 adam_update(p.data(), m.data(), v.data(), g.data(), 1, real(1e-3),
                                                             real(0.9), real(0.999), real(1e-7), 0, g.count());
                                               }}});
}

int run(const Options&) {
  print_by_line();
  set_num_threads(1);
  const Calibration calibration(kernel_set_name());
  print_machine(calibration);
  print_write(calibration);
  print_write_ratios();
  print_read();
  print_recall();
  print_read_before_write(calibration);
  print_gemm(Calibration(available_kernel_sets().back()));

  std::printf(
      "\nThe rest of a training step, shapes of task 1: GB/s of inputs and outputs, gathered rows counted each time\n"
      "  %-26s %-22s %9s %8s\n",
      "", "", "us", "GB/s");
  Rng rng(1, "bench");
  const RowPairs pairs = random_pairs(rng, kSentences, kAges, kCount);
  print_embedding(rng);
  print_pair_sum(rng, pairs);
  print_norm(rng, pairs);
  print_softmax(rng);
  print_adam(rng);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options("bench_kernels", "Speed of the kernels on one thread, as fractions of the peak of this core.");
  return run_program(argc, argv, options, run);
}
