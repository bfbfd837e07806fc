#pragma once
// Pictures of an explanation, for the page and for files of their own.

#include "hmem/data/images/decode.h"
#include "hmem/study/explain.h"

namespace hmem::detail {

/// Colours of numbers: white at 0, blue above, orange below; the root of |value| / largest, so that small ones show.
DecodedImage heat_image(const Matrix& values, int64_t zoom = 1);
/// The same as a BMP of 15 colours, which is small without compression and needs no package.
std::string heat_bmp(const Matrix& values);
/// The same as SVG, in 33 colours.
std::string heat_svg(const Matrix& values, const std::string& title);

struct Bar {
  std::string name, remark;
  double value = 0;
};
/// Bars to both sides of zero with their numbers.
std::string bars_svg(const std::vector<Bar>& bars, const std::string& title);

struct Line {
  std::string name;
  std::vector<double> values;  ///< the last ones of all steps
};
/// Lines over the sentences 1 .. steps, told apart by dashes and colours.
std::string lines_svg(const std::vector<Line>& lines, int64_t steps, const std::string& title);

/// Rows with active keys first.
Matrix sorted_memory(const QaTrace& trace);
/// The sentences with the largest writers, at most six, and what was left of them after each later one.
std::vector<Line> forgetting_lines(const PlainQa& model, const Explanation& one);
std::vector<Bar> asked_after_bars(const BabiTask& task, const Explanation& one);
/// The classes with the largest logits.
std::vector<int32_t> top_classes(const Explanation& one, size_t count = 8);

}  // namespace hmem::detail
