#pragma once
/// \file image_attribution.h
/// Why this digit: HMemImage written out in double precision, and the margin of an answer as an exact sum over the
/// frames that were shown. There is one read, so with w = W_o (e_answer - e_other) and the query's key k_q
///
///   term of a frame  C_t = growth k_t v_t^T (*) prod_{s > t} F_s           sum_t C_t = M
///   contribution     c_t = C_t^T k_q,  exact[t] = c_t . w                  sum_t c_t = r, sum_t exact[t] = margin
///   match            match[t] = k_q . k_t
///   retention        left[t] = (c_t . v_t) / (growth match[t] v_t . v_t)
///   product          product[t] = growth match[t] left[t] (v_t . w),  c_t = growth match left v_t + rest
///
/// `left` is the one number that fits c_t best (least squares): the mean of the factors' product over the elements that
/// the read reaches, weighted by k_q,i k_t,i v_t,j^2. `rest` is what it leaves, as a part of |c_t|.

#include <map>
#include <string>
#include <vector>

#include "hmem/data/images/association.h"
#include "hmem/models/hmem_image.h"
#include "hmem/study/attribution.h"

namespace hmem {

/// The weights of an HMemImage as double.
struct PlainImage {
  explicit PlainImage(HMemImage& model);

  HMemImage::Config config;
  PlainRule rule;
  Matrix frame_dense, query_dense;  ///< [F, E]
  PlainQa::Norm frame_norm, query_norm;
  Matrix key, value, read;  ///< [E, D]
  Matrix output;            ///< [D, classes]
  Vector gate;              ///< [E]; empty without write_gate
  double gate_bias = 0;
};

/// All values of one example; T frames.
struct ImageTrace {
  Matrix k, v;   ///< [T, D] what was written
  Vector gate;   ///< [T] s_t; empty without write_gate
  Vector query;  ///< [D] k_q
  Matrix m;      ///< [D, D]
  Vector read;   ///< [D] r = M^T k_q
  Vector logits;

  int64_t frames() const { return k.rows; }
};

/// Runs the model in inference mode on frames [steps, F] and a query [F].
ImageTrace trace_image(const PlainImage& model, const real* frames, int64_t steps, const real* query);

struct ImageAttribution {
  int32_t answer = 0, other = 0;
  double margin = 0;
  Vector match;           ///< [T]
  Vector cosine;          ///< [T] match / (|k_q| |k_t|); 0 for a key of zeros
  Vector left;            ///< [T]; NaN where match or value is 0
  Vector strength;        ///< [T] match left: how strongly the frame's value is read; 0 where `left` is NaN
  Vector product, exact;  ///< [T] parts of the margin
  Vector rest;            ///< [T] |c_t - growth match left v_t| / |c_t|; 0 where c_t is 0
  Matrix reads;           ///< [T, D] c_t
  Matrix logits;          ///< [T, classes] c_t W_o; the rows add up to the logits
  std::vector<Residual> residuals;

  /// sum of `exact`: printed beside the margin.
  double terms() const;
  double worst_residual() const { return hmem::worst_residual(residuals); }
};

/// Splits the margin of `pair`. Throws Error on classes outside the output layer.
ImageAttribution attribute(const PlainImage& model, const ImageTrace& trace, AnswerPair pair);

/// What the frames of an example show, as classes.
struct ShownExample {
  struct Frame {
    AssociationFrame::Kind kind = AssociationFrame::Kind::pair;
    int32_t photograph = -1, digit = -1;  ///< of a pair
  };
  std::vector<Frame> frames;
  int32_t photograph = 0;  ///< class of the query
  int32_t digit = 0;       ///< the true answer
  int64_t asked = 0;       ///< the frame with the photograph's class

  bool is_pair(int64_t t) const { return frames[static_cast<size_t>(t)].kind == AssociationFrame::Kind::pair; }
};
/// Example `number` of sets a and b. Throws Error when it does not exist.
ShownExample shown_example(const AssociationExamples& examples, const ImageSet& a, const ImageSet& b, int64_t number);

/// How far an answer came. A wrong answer has exactly one of three kinds of error.
enum class RecallStage {
  other_matched,  ///< another frame has the largest match; error: wrong photograph matched
  faded,          ///< the pair asked for has it, but another frame the largest match x left; error: faded
  found,          ///< the pair asked for has both; error: digit misread, the value was right
};
constexpr size_t kRecallStages = 3;
RecallStage recall_stage(const ShownExample& shown, const ImageAttribution& at);

/// Counts and means over test examples.
struct ImageSummary {
  static constexpr size_t kBins = 20;  ///< of a cosine in [0, 1]
  struct Similarity {                  ///< of the query to stored keys
    std::vector<int64_t> bins = std::vector<int64_t>(kBins, 0);
    int64_t count = 0;
    double cosine = 0, match = 0;  ///< sums
  };
  struct Age {  ///< of a pair: frames after it
    int64_t pairs = 0, asked = 0, right = 0;
    double left = 0;  ///< sum over `pairs`, those with a retention
  };
  struct Gate {
    int64_t count = 0;
    double sum = 0;
  };

  ImageSummary(int64_t photographs, int64_t digits);
  void add(const ShownExample& shown, const ImageTrace& trace, const ImageAttribution& at);

  int64_t examples = 0, errors = 0;
  int64_t stages[kRecallStages][2] = {};             ///< [stage][right]
  int64_t noise_matched = 0;                         ///< errors whose largest match is a frame of noise
  std::vector<std::vector<int64_t>> digits;          ///< [true][answered]
  std::vector<std::vector<int64_t>> photographs;     ///< [asked][class of the largest match]; last: noise
  std::vector<std::vector<int64_t>> kinds_of_class;  ///< [photograph][stage] errors
  Similarity same, other, noise;                     ///< noise: also frames of zeros
  std::map<int64_t, Age> ages;
  Gate pair_gate, noise_gate;
  double rest = 0;  ///< sum of the rest of the pairs asked for
  double worst_residual = 0;
};

}  // namespace hmem
