#include <algorithm>
#include <cstring>

#include "hmem/core/half.h"
#include "hmem/core/html.h"
#include "hmem/core/program.h"
#include "hmem/study/explain.h"
#include "hmem/sweep/report.h"
#include "study/json_text.h"

namespace hmem {

using namespace detail;

namespace {

std::string list(const Matrix& matrix) {
  std::vector<Vector> rows;
  for (int64_t i = 0; i < matrix.rows; ++i) rows.emplace_back(matrix.row(i), matrix.row(i + 1));
  return json_list(rows, json_numbers<Vector>);
}

/// {"shape":[R,C],"float32":"base64"}: little-endian, row by row; "float16" where `half` is wanted and exact.
std::string packed(const double* values, int64_t rows, int64_t cols, bool half = false) {
  half = half &&
         std::all_of(values, values + rows * cols, [](double x) { return double_from_half(half_from_double(x)) == x; });
  std::string bytes;
  for (int64_t i = 0; i < rows * cols; ++i) {
    const auto value = static_cast<float>(values[i]);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    if (half) bits = half_from_double(values[i]);
    for (int shift = 0; shift < (half ? 16 : 32); shift += 8) bytes += static_cast<char>(bits >> shift & 255);
  }
  return "{\"shape\":[" + std::to_string(rows) + "," + std::to_string(cols) + "],\"" + (half ? "float16" : "float32") +
         "\":\"" + base64(bytes) + "\"}";
}
std::string packed(const Matrix& matrix) { return packed(matrix.values.data(), matrix.rows, matrix.cols); }
std::string packed(const Vector& row) { return packed(row.data(), 1, static_cast<int64_t>(row.size())); }
/// Shipped models hold their weights in 16 bits.
std::string weights(const Matrix& matrix) { return packed(matrix.values.data(), matrix.rows, matrix.cols, true); }

std::string norm_json(const PlainQa::Norm& norm) {
  if (norm.scale.empty()) return "null";
  JsonObject made;
  made.add("scale", packed(norm.scale)).add("shift", packed(norm.shift));
  if (!norm.mean.empty()) made.add("mean", packed(norm.mean)).add("var", packed(norm.var));
  return made.str();
}

std::string maybe(const Matrix& matrix) { return matrix.empty() ? "null" : weights(matrix); }

std::string outcomes_json(const BabiTask& task, const std::vector<Outcome>& outcomes) {
  return json_list(outcomes, [&task](const Outcome& outcome) {
    return JsonObject()
        .add("id", std::to_string(outcome.answer))
        .add("word", json_string(class_word(task.vocabulary, outcome.answer)))
        .add("probability", json_number(outcome.probability))
        .add("margin", json_number(outcome.margin))
        .add("log_probability", json_number(outcome.log_probability))
        .str();
  });
}

std::string model_json(const PlainQa& model, const QaTrace& trace, JsonWeights kept) {
  constexpr size_t kMostBytes = 75000;  // a page of ten sentences stays below 150 KB
  const HMemQa::Config& config = model.config;
  JsonObject settings;
  for (const auto& [name, value] : settings_of(config)) settings.add(name, json_string(value));
  std::vector<Matrix> back;  // one where all hops share it
  for (size_t h = 1; h < model.back.size() && (h == 1 || config.separate_hops); ++h) back.push_back(model.back[h]);
  JsonObject made;
  made.add("settings", settings.str());
  made.add("memory_size", std::to_string(config.memory_size)).add("hops", std::to_string(config.hops));
  made.add("rule", JsonObject()
                       .add("growth", json_number(model.rule.growth))
                       .add("decay_pos", json_number(model.rule.decay_pos))
                       .add("decay_neg", json_number(model.rule.decay_neg))
                       .add("signed", json_flag(model.rule.is_signed))
                       .str());
  std::vector<std::pair<std::string, std::string>> matrices = {{"back", json_list(back, weights)},
                                                               {"output", weights(model.output)},
                                                               {"answer_read", maybe(model.answer_read)},
                                                               {"write_found", maybe(model.write_found)}};
  size_t bytes = 0;
  for (const auto& matrix : matrices) bytes += matrix.second.size();
  for (const auto& [name, text] : matrices)
    made.add(name, kept != JsonWeights::if_small || bytes <= kMostBytes ? text : "null");
  made.add("answer_question_part",
           config.answer_layer ? packed(product(trace.q.data(), model.answer_question)) : "null");
  made.add("read_epsilon", json_number(static_cast<double>(Reads::kEpsilon)));
  made.add("value_epsilon", json_number(static_cast<double>(LayerNorm::kEpsilon)));
  made.add("value_norm", norm_json(model.value_norm));
  return made.str();
}

std::string encoder_json(const PlainQa& model) {
  std::vector<Matrix> query;
  for (size_t h = 0; h < model.query.size() && (h == 0 || model.config.separate_hops); ++h) {
    query.push_back(model.query[h]);
  }
  return JsonObject()
      .add("embedding", weights(model.embedding))
      .add("encoding", weights(model.encoding))
      .add("story_norm", norm_json(model.story_norm))
      .add("query_norm", norm_json(model.query_norm))
      .add("norm_epsilon", json_number(static_cast<double>(BatchNorm::kEpsilon)))
      .add("story_layer", maybe(model.story_layer))
      .add("question_layer", maybe(model.question_layer))
      .add("key", weights(model.key))
      .add("value", weights(model.value))
      .add("query", json_list(query, weights))
      .add("write_own", maybe(model.write_own))
      .add("key_norm", norm_json(model.key_norm))
      .add("answer_question", maybe(model.answer_question))
      .str();
}

std::string hop_json(const QaTrace::Hop& hop) {
  return JsonObject().add("read", packed(hop.r)).add("rstd", json_number(hop.rstd)).str();
}

}  // namespace

std::string explain_json(const PlainQa& model, const BabiTask& task, const Explanation& one, JsonWeights kept) {
  const Attribution& at = one.at;
  const QaTrace& trace = one.trace;
  std::vector<std::string> words;
  for (int32_t id = 0; id < task.vocabulary.size(); ++id) words.push_back(class_word(task.vocabulary, id));
  const auto class_json = [&](int32_t id) {
    return JsonObject()
        .add("id", std::to_string(id))
        .add("word", json_string(words[static_cast<size_t>(id)]))
        .add("probability", json_number(one.probability[static_cast<size_t>(id)]))
        .str();
  };
  JsonObject root;
  root.add("format", json_string("hmem_explain")).add("version", std::to_string(kExplainVersion));
  root.add("program", json_string("hmem " + build_info().version));
  std::vector<int64_t> numbers(one.asked.sentences.size());
  for (size_t t = 0; t < numbers.size(); ++t) numbers[t] = static_cast<int64_t>(t);
  root.add("story", json_list(numbers, [&](int64_t t) {
             const auto i = static_cast<size_t>(t);
             return JsonObject()
                 .add("number", json_number(t + 1 + one.forgotten))
                 .add("words", json_strings(one.asked.sentences[i]))
                 .add("ids", json_numbers(one.story.sentences[i]))
                 .add("fact", json_flag(one.is_fact(t)))
                 .str();
           }));
  root.add("forgotten", std::to_string(one.forgotten));
  root.add(
      "question",
      JsonObject().add("words", json_strings(one.asked.question)).add("ids", json_numbers(one.story.question)).str());
  root.add("true_answer", one.asked.true_answer.empty() ? "null" : json_string(one.asked.true_answer));
  root.add("answer", class_json(at.answer)).add("other", class_json(at.other));
  root.add("margin", json_number(at.margin)).add("logits", json_numbers(trace.logits));
  root.add("vocabulary", json_strings(words));
  root.add("model", model_json(model, trace, kept));
  root.add("keys", packed(trace.k)).add("values", packed(trace.v));
  if (model.config.read_before_write) {
    root.add("value_own", packed(trace.own))
        .add("value_found", packed(trace.found))
        .add("value_rstd", json_numbers(trace.rstd));
  }
  std::vector<Vector> question_parts;  // one where all hops share it
  for (size_t h = 0; h < trace.hops.size() && (h == 0 || model.config.separate_hops); ++h) {
    question_parts.push_back(trace.hops[h].question);
  }
  root.add("question_parts", json_list(question_parts, [](const Vector& part) { return packed(part); }));
  root.add("reads", json_list(trace.hops, hop_json));
  root.add("answer_z", trace.answer_z.empty() ? "null" : packed(trace.answer_z));
  JsonObject terms;
  terms.add("writer", json_numbers(at.writer)).add("writes", list(at.writes)).add("steers", list(at.steers));
  terms.add("question", json_numbers(at.question)).add("direct", json_numbers(at.direct));
  terms.add("answer_question", json_number(at.answer_question)).add("total", json_numbers(at.total));
  // Matrices of all sentences by all sentences would be most of a long story's text.
  constexpr int64_t kMostInPairs = 128;
  const bool in_pairs = trace.sentences() <= kMostInPairs;
  terms.add("pairs", in_pairs ? packed(pairs(model, trace, at, static_cast<int64_t>(trace.hops.size()) - 1)) : "null");
  if (model.config.read_before_write) {
    terms.add("origin", in_pairs ? packed(at.origin) : "null").add("origin_of", json_numbers(at.origin_of));
  }
  root.add("attribution", terms.str());
  root.add("left_out", outcomes_json(task, one.left_out)).add("asked_after", outcomes_json(task, one.asked_after));
  root.add("saturation", JsonObject()
                             .add("factors", std::to_string(at.saturation.factors))
                             .add("negative", std::to_string(at.saturation.negative))
                             .add("smallest", json_number(at.saturation.smallest))
                             .add("memory_low", json_number(at.saturation.memory_low))
                             .add("memory_high", json_number(at.saturation.memory_high))
                             .str());
  root.add("residuals", residuals_json(at.residuals));
  if (kept == JsonWeights::all) root.add("encoder", encoder_json(model));
  // Only words hold a <, which would end the script of a page that holds this text.
  std::string text;
  for (const char c : root.str()) text += c == '<' ? "\\u003c" : std::string(1, c);
  return text + "\n";
}

std::string explain_csv(const BabiTask& task, const Explanation& one) {
  const Attribution& at = one.at;
  std::string text = "sentence,words,fact,writes";
  for (int64_t h = 1; h < at.steers.rows; ++h) text += ",steers_hop_" + std::to_string(h + 1);
  text += ",total";
  if (!at.origin_of.empty()) text += ",origin";
  text += ",left_out_answer,left_out_probability,left_out_margin\n";
  for (int64_t t = 0; t < one.at.sentences(); ++t) {
    const auto i = static_cast<size_t>(t);
    text += std::to_string(t + 1 + one.forgotten) + "," + csv_field(words_text(one.asked.sentences[i])) + "," +
            (one.is_fact(t) ? "1" : "0") + "," + json_number(at.writer[i]);
    for (int64_t h = 1; h < at.steers.rows; ++h) text += "," + json_number(at.steers(h, t));
    text += "," + json_number(at.total[i]);
    if (!at.origin_of.empty()) text += "," + json_number(at.origin_of[i]);
    const Outcome& without = one.left_out[i];
    text += "," + csv_field(class_word(task.vocabulary, without.answer)) + "," + json_number(without.probability) +
            "," + json_number(without.margin) + "\n";
  }
  return text;
}

}  // namespace hmem
