#pragma once
// What the terminal and the page show alike.

#include "hmem/study/image_explain.h"
#include "hmem/sweep/report.h"

namespace hmem::detail {

/// "photograph -> digit", "noise", "black"
std::string frame_name(const ImageExplanation& one, int64_t t);
std::string image_headline(const ImageExplanation& one);
std::string image_verdict(const ImageExplanation& one);
std::string image_residual_line(const ImageExplanation& one);
/// Pairs and the `rows` frames of noise with the largest parts (0: all), in their order.
std::vector<int64_t> shown_frames(const ImageExplanation& one, int64_t rows);
/// A row for each of these frames, then the sum of noise.
Table frame_table(const ImageExplanation& one, const std::vector<int64_t>& frames);
/// A row for each class: what each pair and all noise add to its logit.
Table logit_table(const ImageExplanation& one);

Table stage_table(const ImageSummary& all);
Table age_table(const ImageSummary& all);
Table similarity_table(const ImageSummary& all);
Table gate_table(const ImageSummary& all);
Table digit_table(const ImageExplanation& one, const ImageSummary& all);
Table photograph_table(const ImageExplanation& one, const ImageSummary& all);
std::string summary_line(const ImageSummary& all);

}  // namespace hmem::detail
