#include "hmem/study/image_explain.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hmem/core/program.h"
#include "hmem/core/text.h"
#include "study/explain_rows.h"
#include "study/image_rows.h"
#include "study/json_text.h"

namespace hmem {

using namespace detail;

namespace {

using Kind = AssociationFrame::Kind;

std::string name_of(const std::vector<std::string>& names, int32_t id) {
  return id < 0 ? "" : one_line(names[static_cast<size_t>(id)]);
}

std::string maybe(double value, int digits = 2) { return std::isfinite(value) ? fixed(value, digits) : "-"; }

double mean_of(double sum, int64_t count) { return count > 0 ? sum / static_cast<double>(count) : std::nan(""); }

const char* const kStages[] = {"wrong photograph matched", "faded", "digit misread"};
const char* const kKinds[] = {"pair", "noise", "black"};

std::string counts(const std::vector<std::vector<int64_t>>& rows) {
  return json_list(rows, json_numbers<std::vector<int64_t>>);
}

std::string summary_json(const ImageSummary& all) {
  const auto similarity = [](const ImageSummary::Similarity& of) {
    return JsonObject()
        .add("count", json_number(of.count))
        .add("mean_cosine", json_number(mean_of(of.cosine, of.count)))
        .add("mean_match", json_number(mean_of(of.match, of.count)))
        .add("bins", json_numbers(of.bins))
        .str();
  };
  JsonObject made;
  made.add("examples", json_number(all.examples)).add("errors", json_number(all.errors));
  const char* const kNames[] = {"wrong_photograph", "faded", "digit_misread"};
  std::vector<int64_t> right;
  for (size_t s = 0; s < kRecallStages; ++s) {
    made.add(kNames[s], json_number(all.stages[s][0]));
    right.push_back(all.stages[s][1]);
  }
  made.add("right_by_stage", json_numbers(right)).add("noise_matched", json_number(all.noise_matched));
  made.add("confusion_digits", counts(all.digits)).add("confusion_photographs", counts(all.photographs));
  made.add("error_kinds_of_photographs", counts(all.kinds_of_class));
  made.add("similarity_same", similarity(all.same)).add("similarity_other", similarity(all.other));
  made.add("similarity_noise", similarity(all.noise));
  made.add("ages", json_list(all.ages, [](const auto& entry) {
             const auto& [age, of] = entry;
             return JsonObject()
                 .add("frames_after", json_number(age))
                 .add("retention", json_number(mean_of(of.left, of.pairs)))
                 .add("asked", json_number(of.asked))
                 .add("right", json_number(of.right))
                 .str();
           }));
  made.add("gate_pairs", json_number(mean_of(all.pair_gate.sum, all.pair_gate.count)));
  made.add("gate_noise", json_number(mean_of(all.noise_gate.sum, all.noise_gate.count)));
  made.add("mean_rest", json_number(mean_of(all.rest, all.examples)));
  return made.add("worst_residual", json_number(all.worst_residual)).str();
}

/// A row and a column for each class; further columns are those of the counts.
Table count_table(const std::string& head, const std::vector<std::string>& names,
                  const std::vector<const std::vector<std::vector<int64_t>>*>& counts) {
  Table table = {{head}};
  for (size_t id = 0; id < names.size(); ++id) {
    const std::string name = name_of(names, static_cast<int32_t>(id));
    table[0].push_back(name);
    table.push_back({name});
    for (const auto* rows : counts) {
      for (const int64_t count : (*rows)[id]) table.back().push_back(std::to_string(count));
    }
  }
  return table;
}

std::vector<std::string> titled(const std::string& title, const Table& table, size_t left = 1) {
  std::vector<std::string> lines = {"", title};
  const std::string text = text_table(table, left);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

void append(std::vector<std::string>& lines, const std::vector<std::string>& more) {
  lines.insert(lines.end(), more.begin(), more.end());
}

}  // namespace

namespace detail {

std::string frame_name(const ImageExplanation& one, int64_t t) {
  const ShownExample::Frame& frame = one.shown.frames[static_cast<size_t>(t)];
  if (frame.kind != Kind::pair) return kKinds[static_cast<size_t>(frame.kind)];
  return name_of(one.photographs, frame.photograph) + " -> " + name_of(one.digits, frame.digit);
}

std::string image_headline(const ImageExplanation& one) {
  return name_of(one.photographs, one.shown.photograph) + " -> " + name_of(one.digits, one.at.answer) + "   margin " +
         fixed(one.at.margin) + " over " + name_of(one.digits, one.at.other);
}

std::string image_verdict(const ImageExplanation& one) {
  if (one.right()) return "right";
  return "wrong: " + name_of(one.digits, one.shown.digit) + " was paired with it; " +
         kStages[static_cast<size_t>(one.stage)];
}

std::string image_residual_line(const ImageExplanation& one) {
  return "terms add up to the margin: " + fixed(one.at.terms(), 4) + " of " + fixed(one.at.margin, 4);
}

std::vector<int64_t> shown_frames(const ImageExplanation& one, int64_t rows) {
  std::vector<int64_t> pairs, noise;
  for (int64_t t = 0; t < one.trace.frames(); ++t) (one.shown.is_pair(t) ? pairs : noise).push_back(t);
  std::stable_sort(noise.begin(), noise.end(), [&one](int64_t a, int64_t b) {
    return std::abs(one.at.exact[static_cast<size_t>(a)]) > std::abs(one.at.exact[static_cast<size_t>(b)]);
  });
  if (rows > 0 && static_cast<int64_t>(noise.size()) > rows) noise.resize(static_cast<size_t>(rows));
  pairs.insert(pairs.end(), noise.begin(), noise.end());
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

Table frame_table(const ImageExplanation& one, const std::vector<int64_t>& frames) {
  const bool gated = !one.trace.gate.empty();
  Table table = {{"frame", "shows", "match", "left", "match x left", "product", "exact", "rest %"}};
  if (gated) table[0].emplace_back("gate");
  for (const int64_t step : frames) {
    const auto t = static_cast<size_t>(step);
    const bool asked = step == one.shown.asked;
    table.push_back({std::to_string(step + 1) + (asked ? " *" : ""), frame_name(one, step), fixed(one.at.match[t]),
                     maybe(one.at.left[t], 3), fixed(one.at.strength[t]), fixed(one.at.product[t], 4),
                     fixed(one.at.exact[t], 4), fixed(100 * one.at.rest[t])});
    if (gated) table.back().push_back(fixed(one.trace.gate[t], 3));
  }
  double product = 0, exact = 0;
  int64_t noise = 0;
  for (int64_t step = 0; step < one.trace.frames(); ++step) {
    if (one.shown.is_pair(step)) continue;
    ++noise;
    product += one.at.product[static_cast<size_t>(step)], exact += one.at.exact[static_cast<size_t>(step)];
  }
  if (noise > 0) {
    table.push_back(
        {"all", std::to_string(noise) + " frames of noise", "", "", "", fixed(product, 4), fixed(exact, 4), ""});
    if (gated) table.back().emplace_back("");
  }
  return table;
}

Table logit_table(const ImageExplanation& one) {
  Table table = {{"digit"}};
  const int64_t steps = one.trace.frames();
  for (int64_t t = 0; t < steps; ++t) {
    if (one.shown.is_pair(t)) table[0].push_back("frame " + std::to_string(t + 1));
  }
  table[0].insert(table[0].end(), {"noise", "logit"});
  for (size_t id = 0; id < one.digits.size(); ++id) {
    const auto class_id = static_cast<int32_t>(id);
    std::string mark = class_id == one.at.answer ? " <" : "";
    if (class_id == one.shown.digit) mark += " *";
    table.push_back({name_of(one.digits, class_id) + mark});
    double noise = 0;
    for (int64_t t = 0; t < steps; ++t) {
      const double part = one.at.logits(t, class_id);
      if (one.shown.is_pair(t)) {
        table.back().push_back(fixed(part));
      } else {
        noise += part;
      }
    }
    table.back().push_back(fixed(noise));
    table.back().push_back(fixed(one.trace.logits[id]));
  }
  return table;
}

Table stage_table(const ImageSummary& all) {
  Table table = {{"", "wrong", "right"}};
  const char* const kRows[] = {"another frame matches better", "the pair matches best, another is read more",
                               "the pair is read most"};
  for (size_t s = 0; s < kRecallStages; ++s) {
    table.push_back({std::string(kRows[s]) + " (" + kStages[s] + ")", std::to_string(all.stages[s][0]),
                     std::to_string(all.stages[s][1])});
  }
  return table;
}

Table age_table(const ImageSummary& all) {
  Table table = {{"frames after", "left", "asked", "right %"}};
  for (const auto& [age, of] : all.ages) {
    table.push_back({std::to_string(age), maybe(mean_of(of.left, of.pairs), 3), std::to_string(of.asked),
                     maybe(100 * mean_of(static_cast<double>(of.right), of.asked), 1)});
  }
  return table;
}

Table similarity_table(const ImageSummary& all) {
  Table table = {{"cosine", "same class", "other class", "noise"}};
  const ImageSummary::Similarity* const kGroups[] = {&all.same, &all.other, &all.noise};
  for (size_t bin = 0; bin < ImageSummary::kBins; ++bin) {
    Row row = {fixed(static_cast<double>(bin) / ImageSummary::kBins)};
    for (const auto* group : kGroups) row.push_back(std::to_string(group->bins[bin]));
    table.push_back(row);
  }
  table.push_back({"mean cosine"}), table.push_back({"mean match"});
  for (const auto* group : kGroups) {
    table[table.size() - 2].push_back(maybe(mean_of(group->cosine, group->count), 3));
    table.back().push_back(maybe(mean_of(group->match, group->count)));
  }
  return table;
}

Table gate_table(const ImageSummary& all) {
  if (all.pair_gate.count == 0) return {};
  return {{"mean write gate", "pairs", "noise"},
          {"", maybe(mean_of(all.pair_gate.sum, all.pair_gate.count), 3),
           maybe(mean_of(all.noise_gate.sum, all.noise_gate.count), 3)}};
}

Table digit_table(const ImageExplanation& one, const ImageSummary& all) {
  return count_table("true", one.digits, {&all.digits});
}

Table photograph_table(const ImageExplanation& one, const ImageSummary& all) {
  Table table = count_table("asked", one.photographs, {&all.photographs, &all.kinds_of_class});
  table[0].insert(table[0].end(), {"noise", "wrong photo", "faded", "misread"});
  return table;
}

std::string summary_line(const ImageSummary& all) {
  const double errors = 100 * mean_of(static_cast<double>(all.errors), all.examples);
  return std::to_string(all.examples) + " test examples, " + std::to_string(all.errors) + " wrong (" + fixed(errors) +
         " %): " + std::to_string(all.stages[0][0]) + " wrong photograph matched (" +
         std::to_string(all.noise_matched) + " of them noise), " + std::to_string(all.stages[1][0]) + " faded, " +
         std::to_string(all.stages[2][0]) + " digit misread";
}

}  // namespace detail

ImageExplanation explain_image(const PlainImage& model, int64_t number, ShownExample shown, const real* frames,
                               const real* query) {
  ImageExplanation one;
  one.number = number;
  one.trace = trace_image(model, frames, static_cast<int64_t>(shown.frames.size()), query);
  one.at = attribute(model, one.trace, answer_pair(one.trace.logits, shown.digit));
  one.stage = recall_stage(shown, one.at);
  one.shown = std::move(shown);
  return one;
}

std::vector<std::string> image_text(const ImageExplanation& one, int64_t rows) {
  std::vector<std::string> lines = {"test example " + std::to_string(one.number) + ": " + image_headline(one) + "   (" +
                                    image_verdict(one) + ")"};
  append(lines, titled("parts of the margin", frame_table(one, shown_frames(one, rows)), 2));
  lines.push_back(image_residual_line(one) + "       * the pair asked for");
  append(lines, titled("logits", logit_table(one)));
  lines.emplace_back("< answer, * true");
  return lines;
}

std::vector<std::string> image_text(const ImageExplanation& one, const ImageSummary& all) {
  std::vector<std::string> lines = {"", summary_line(all)};
  append(lines, titled("how far answers came", stage_table(all)));
  append(lines, titled("what is left of a pair, by age", age_table(all), 0));
  append(lines, titled("similarity of the query to stored keys", similarity_table(all), 0));
  if (!gate_table(all).empty()) append(lines, titled("write gate", gate_table(all)));
  append(lines, titled("digits: true (row) and answered", digit_table(one, all)));
  append(lines, titled("photographs: asked (row) and matched best; errors by kind", photograph_table(one, all)));
  lines.push_back("mean rest of the pair asked for " + format_real(100 * mean_of(all.rest, all.examples), 3) +
                  " %, largest residual " + format_real(all.worst_residual, 2));
  return lines;
}

std::string image_json(const ImageExplanation& one, const ImageSummary* all) {
  const ImageAttribution& at = one.at;
  std::vector<int64_t> steps(static_cast<size_t>(one.trace.frames()));
  std::iota(steps.begin(), steps.end(), 0);
  const auto frame_json = [&](int64_t step) {
    const auto t = static_cast<size_t>(step);
    const ShownExample::Frame& frame = one.shown.frames[t];
    JsonObject made;
    made.add("kind", json_string(kKinds[static_cast<size_t>(frame.kind)]));
    made.add("photograph", json_number(frame.photograph)).add("digit", json_number(frame.digit));
    made.add("asked", json_flag(step == one.shown.asked));
    if (!one.trace.gate.empty()) made.add("gate", json_number(one.trace.gate[t]));
    made.add("match", json_number(at.match[t])).add("cosine", json_number(at.cosine[t]));
    made.add("left", json_number(at.left[t])).add("product", json_number(at.product[t]));
    made.add("exact", json_number(at.exact[t])).add("rest", json_number(at.rest[t]));
    return made.add("logits", json_numbers(Vector(at.logits.row(step), at.logits.row(step + 1)))).str();
  };
  JsonObject root;
  root.add("format", json_string("hmem_image_explain")).add("version", json_number(kImageExplainVersion));
  root.add("program", json_string("hmem " + build_info().version)).add("example", json_number(one.number));
  root.add("photographs", json_strings(one.photographs)).add("digits", json_strings(one.digits));
  root.add("query", json_number(one.shown.photograph)).add("true", json_number(one.shown.digit));
  root.add("answer", json_number(at.answer)).add("other", json_number(at.other));
  root.add("error", one.right() ? "null" : json_string(kStages[static_cast<size_t>(one.stage)]));
  root.add("margin", json_number(at.margin)).add("terms", json_number(at.terms()));
  root.add("logits", json_numbers(one.trace.logits)).add("frames", json_list(steps, frame_json));
  root.add("residuals", residuals_json(at.residuals));
  if (all) root.add("test", summary_json(*all));
  return root.str() + "\n";
}

std::string image_csv(const ImageExplanation& one) {
  std::string text = "frame,kind,photograph,digit,asked,gate,match,cosine,left,product,exact,rest\n";
  for (int64_t step = 0; step < one.trace.frames(); ++step) {
    const auto t = static_cast<size_t>(step);
    const ShownExample::Frame& frame = one.shown.frames[t];
    text += std::to_string(step + 1) + "," + kKinds[static_cast<size_t>(frame.kind)] + "," +
            csv_field(name_of(one.photographs, frame.photograph)) + "," + csv_field(name_of(one.digits, frame.digit)) +
            "," + (step == one.shown.asked ? "1," : "0,") +
            (one.trace.gate.empty() ? "" : format_real(one.trace.gate[t], 9));
    for (const Vector* column :
         {&one.at.match, &one.at.cosine, &one.at.left, &one.at.product, &one.at.exact, &one.at.rest}) {
      text += "," + (std::isfinite((*column)[t]) ? format_real((*column)[t], 9) : "");
    }
    text += "\n";
  }
  return text;
}

}  // namespace hmem
