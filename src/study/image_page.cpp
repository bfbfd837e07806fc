// The page of one explained example and the test set.

#include <algorithm>
#include <cmath>

#include "hmem/core/html.h"
#include "hmem/core/text.h"
#include "study/explain_pictures.h"
#include "study/explain_rows.h"
#include "study/image_rows.h"
#include "study/page_frame.h"

namespace hmem {

using namespace detail;

namespace {

const char kFrames[] =
    ".frames{display:flex;flex-wrap:wrap;gap:.6em}.frames figure{width:8.5em}.frames .asked{outline:3px solid "
    "var(--text);outline-offset:2px}.frames img{width:100%;image-rendering:pixelated;display:block}\n";

std::string figure(const std::string& png, const std::string& name, const std::string& caption, bool asked) {
  return std::string("<figure") + (asked ? " class=\"asked\"" : "") + "><img alt=\"" + html_text(name) +
         "\" src=\"data:image/png;base64," + base64(png) + "\"><figcaption>" + caption + "</figcaption></figure>\n";
}

std::string strip(const ImageExplanation& one, const std::vector<std::string>& pictures) {
  std::string text = "<div class=\"frames\">\n";
  int64_t hidden = 0;
  for (int64_t step = 0; step < one.trace.frames(); ++step) {
    const auto t = static_cast<size_t>(step);
    if (t >= pictures.size() || pictures[t].empty()) {
      ++hidden;
      continue;
    }
    const std::string name = std::to_string(step + 1) + ". " + frame_name(one, step);
    const std::string left = std::isfinite(one.at.left[t]) ? fixed(one.at.left[t], 3) : "-";
    text += figure(pictures[t], name,
                   "<bdi>" + html_text(name) + "</bdi>" + (step == one.shown.asked ? " *" : "") + "<br>match " +
                       fixed(one.at.match[t]) + "<br>left " + left + "<br>part " + fixed(one.at.exact[t]),
                   step == one.shown.asked);
  }
  if (pictures.size() > one.shown.frames.size()) text += figure(pictures.back(), "query", "query", false);
  text += "</div>\n";
  if (hidden > 0) text += html_paragraph(std::to_string(hidden) + " more frames are in the table only.");
  return text;
}

/// What these frames add to a sum, then the noise that has no bar of its own, all noise, and the sum.
std::vector<Bar> part_bars(const ImageExplanation& one, const std::vector<int64_t>& frames, const Vector& parts,
                           const std::string& name) {
  std::vector<Bar> bars;
  double sum = 0, noise = 0, others = 0;
  int64_t noise_frames = 0;
  for (size_t t = 0; t < parts.size(); ++t) {
    const bool is_noise = !one.shown.is_pair(static_cast<int64_t>(t));
    noise_frames += is_noise;
    sum += parts[t], others += parts[t], noise += is_noise ? parts[t] : 0;
  }
  for (const int64_t step : frames) {
    const double part = parts[static_cast<size_t>(step)];
    const std::string remark = step == one.shown.asked ? "asked for" : "";
    bars.push_back({std::to_string(step + 1) + ". " + frame_name(one, step), remark, part});
    others -= part;
  }
  const size_t rest = parts.size() - frames.size();
  if (rest > 0) bars.push_back({std::to_string(rest) + " other frames of noise", "", others});
  if (noise_frames > 1) bars.push_back({"sum of all noise", "", noise});
  bars.push_back({name, "", sum});
  return bars;
}

std::string logit_bars(const ImageExplanation& one, const std::vector<int64_t>& frames, int32_t id) {
  Vector parts;
  for (int64_t t = 0; t < one.trace.frames(); ++t) parts.push_back(one.at.logits(t, id));
  const std::string name = "Logit of " + one_line(one.digits[static_cast<size_t>(id)]);
  return "<h3><bdi>" + html_text(name) + "</bdi></h3>\n" +
         bars_svg(part_bars(one, frames, parts, name), name + " by frame");
}

std::string histogram(const ImageSummary::Similarity& of, const std::string& name) {
  if (of.count == 0) return "";
  std::vector<Bar> bars;
  for (size_t bin = 0; bin < ImageSummary::kBins; ++bin) {
    const double low = static_cast<double>(bin) / ImageSummary::kBins;
    bars.push_back({fixed(low) + " to " + fixed(low + 1.0 / ImageSummary::kBins), "",
                    100 * static_cast<double>(of.bins[bin]) / static_cast<double>(of.count)});
  }
  return "<h3>" + name + "</h3>\n" + bars_svg(bars, "Cosine of the query's key and stored keys, " + name + ", in %");
}

std::string test_set(const ImageExplanation& one, const ImageSummary& all) {
  std::vector<Bar> left;
  for (const auto& [age, of] : all.ages) {
    left.push_back(
        {std::to_string(age) + " frames after it",
         of.asked ? "right " + fixed(100.0 * static_cast<double>(of.right) / static_cast<double>(of.asked), 1) + " %"
                  : "",
         of.pairs ? of.left / static_cast<double>(of.pairs) : 0});
  }
  std::string text = page_section("test", "3. The test set",
                                  html_paragraph(summary_line(all)) +
                                      html_wide_table("How far answers came: three kinds of error", stage_table(all)));
  text += page_section(
      "age", "4. What is left of a pair, by age",
      html_paragraph("The part of a pair that later frames did not overwrite, for the query's key. It explains "
                     "the curve of accuracy over delay.") +
          bars_svg(left, "Mean retention of pairs by the number of frames after them") +
          html_wide_table("Retention and accuracy by age", age_table(all)) +
          (gate_table(all).empty() ? "" : html_wide_table("Write gate", gate_table(all))));
  text += page_section("similarity", "5. Similarity of the query to stored keys",
                       histogram(all.same, "same class") + histogram(all.other, "other class") +
                           histogram(all.noise, "noise") +
                           html_wide_table("Stored keys by their cosine", similarity_table(all)));
  text += page_section(
      "confusion", "6. Confusion",
      html_wide_table("Digits: true (row) and answered", digit_table(one, all)) +
          html_wide_table("Photographs: asked (row) and matched best; errors by kind", photograph_table(one, all)));
  return text;
}

}  // namespace

std::string image_page(const ImageExplanation& one, const ImageSummary* all, const std::vector<std::string>& pictures) {
  const std::vector<int64_t> frames = shown_frames(one, 20);
  std::string text =
      "<h1>Why this digit? Test example " + std::to_string(one.number) + "</h1>\n<p class=\"big\"><bdi>" +
      html_text(image_headline(one)) + "</bdi></p>\n" + html_paragraph(html_text(image_verdict(one))) +
      html_paragraph(html_text(image_residual_line(one))) +
      page_section(
          "shown", "1. What was shown",
          strip(one, pictures) +
              html_paragraph("match: product of the query's key and the frame's key. left: what later frames did not "
                             "overwrite. part: what the frame adds to the margin. * the pair asked for.")) +
      page_section("parts", "2. Parts of the answer",
                   bars_svg(part_bars(one, frames, one.at.exact, "margin"), "Parts of the margin by frame") +
                       html_wide_table(
                           "Parts of the margin: product = match x left x what the value says; exact = with the rest",
                           frame_table(one, shown_frames(one, 0))) +
                       logit_bars(one, frames, one.at.answer) + logit_bars(one, frames, one.at.other) +
                       html_wide_table("Logits by frame (< answer, * true)", logit_table(one)) +
                       "<p class=\"quiet\">Formulas: <code>docs/image_association.md</code>; computed by "
                       "<code>attribute</code> in <code>src/study/image_attribution.cpp</code>.</p>\n");
  if (all) text += test_set(one, *all);
  return study_page("Test example " + std::to_string(one.number), text, false, kFrames);
}

}  // namespace hmem
