#pragma once
/// \file image_explain.h
/// A test example of image association explained, and the whole test set: terminal, JSON, CSV, one page.
/// docs/image_association.md says what every number means.

#include <string>
#include <vector>

#include "hmem/study/image_attribution.h"

namespace hmem {

/// Everything about one test example.
struct ImageExplanation {
  int64_t number = 0;  ///< from 0
  ShownExample shown;
  ImageTrace trace;
  ImageAttribution at;
  RecallStage stage = RecallStage::found;
  std::vector<std::string> photographs, digits;  ///< names of the classes

  bool right() const { return at.answer == shown.digit; }
};
/// Runs and splits an example; with a wrong answer the other one of the margin is the true one.
ImageExplanation explain_image(const PlainImage& model, int64_t number, ShownExample shown, const real* frames,
                               const real* query);

/// The example in the terminal: all pairs, and of the frames of noise the `rows` with the largest parts (0: all).
std::vector<std::string> image_text(const ImageExplanation& one, int64_t rows = 6);
/// The test set in the terminal. Class names are those of `one`.
std::vector<std::string> image_text(const ImageExplanation& one, const ImageSummary& all);
/// One JSON object, version kImageExplainVersion. `all` may be null.
constexpr int kImageExplainVersion = 1;
std::string image_json(const ImageExplanation& one, const ImageSummary* all);
/// A header and a line per frame.
std::string image_csv(const ImageExplanation& one);
/// One page that needs nothing else and no script. `pictures`: PNG files of the frames, then of the query; a frame
/// without one (an empty text) is only in the table.
std::string image_page(const ImageExplanation& one, const ImageSummary* all, const std::vector<std::string>& pictures);

}  // namespace hmem
