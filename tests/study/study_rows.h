#pragma once
/// \file study_rows.h
/// Models with a row for every option, and questions for them.

#include <memory>
#include <numeric>
#include <sstream>

#include "catch.h"
#include "hmem/data/babi/batch.h"
#include "hmem/data/generator/registry.h"
#include "hmem/study/trace.h"
#include "support/qa_files.h"

namespace hmem::test {

struct OptionRow {
  const char* name;
  void (*set)(HMemQa::Config& config);
};

using Config = HMemQa::Config;

/// A row for every option of the model that changes what is computed. Rates are so large that factors below 0 occur.
inline const OptionRow kRows[] = {
    {"plain", [](Config&) {}},
    {"paper's rates", [](Config& c) { c.rule = {}; }},
    {"w_max", [](Config& c) { c.rule.w_max = real(0.6); }},
    {"one hop", [](Config& c) { c.hops = 1; }},
    {"two hops", [](Config& c) { c.hops = 2; }},
    {"six hops", [](Config& c) { c.hops = 6; }},
    {"outer products", [](Config& c) { c.write_rule = WriteRule::outer; }},
    {"signed rule", [](Config& c) { c.write_rule = WriteRule::signed_hebbian; }},
    {"learned growth", [](Config& c) { c.learn_gamma_pos = true; }},
    {"learned rates", [](Config& c) { c.learn_gamma_pos = c.learn_gamma_neg = true; }},
    {"learned rate of outer products", [](Config& c) { c.learn_gamma_pos = true, c.write_rule = WriteRule::outer; }},
    {"tied keys", [](Config& c) { c.tie_keys = true; }},
    {"separate hops", [](Config& c) { c.separate_hops = true; }},
    {"normalised reads", [](Config& c) { c.read_norm = true; }},
    {"sum of hops", [](Config& c) { c.hop_sum = true; }},
    {"sum of normalised reads", [](Config& c) { c.read_norm = c.hop_sum = true; }},
    {"two-layer extractors", [](Config& c) { c.extractor_layers = 2; }},
    {"answer layer", [](Config& c) { c.answer_layer = true; }},
    {"identity encoding", [](Config& c) { c.encoding = EncodingType::identity; }},
    {"position encoding", [](Config& c) { c.encoding = EncodingType::position; }},
    {"masked batch norm", [](Config& c) { c.norm = StoryNorm::masked; }},
    {"no batch norm", [](Config& c) { c.norm = StoryNorm::none; }},
    {"read before write", [](Config& c) { c.read_before_write = true; }},
    {"read before write, outer",
     [](Config& c) { c.read_before_write = true, c.write_rule = WriteRule::outer, c.rule.gamma_pos = real(0.05); }},
    {"read before write, signed",
     [](Config& c) { c.read_before_write = true, c.write_rule = WriteRule::signed_hebbian; }},
    {"read before write, tied keys, learned rates",
     [](Config& c) { c.read_before_write = c.tie_keys = c.learn_gamma_pos = c.learn_gamma_neg = true; }},
    {"best",
     [](Config& c) {
       c.read_before_write = c.answer_layer = c.read_norm = c.hop_sum = c.separate_hops = true;
       c.extractor_layers = 2, c.write_rule = WriteRule::signed_hebbian;
     }},
};

/// How often `part` is in `text`.
inline size_t times_in(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

struct Questions {
  BabiStories stories;
  BabiTask task;
  BabiBatch batch;
};

/// The first `count` questions of generated stories, in which tasks of 2 to 20 sentences alternate.
inline Questions some_questions(int task_id, int64_t count) {
  Rng rng(7, "study");
  std::istringstream in(generate_babi(task_id, count, rng));
  Questions made;
  made.stories = parse_babi(in, "generated");
  made.task = vectorise_babi(made.stories, made.stories);
  std::vector<int64_t> examples(static_cast<size_t>(count));
  std::iota(examples.begin(), examples.end(), 0);
  BabiBatcher(made.task, made.task.train).fill(made.batch, examples.data(), count);
  return made;
}

/// Weights drawn at random, moving averages that are not 0 and 1, scales that are not 1.
inline std::unique_ptr<HMemQa> random_model(const OptionRow& row, const BabiTask& task) {
  Config config;
  config.embeddings_size = 11;
  config.memory_size = 18;
  config.rule.gamma_pos = real(0.1), config.rule.gamma_neg = real(0.07);
  row.set(config);
  auto model = std::make_unique<HMemQa>(with_sizes(config, task), 5);
  Rng rng(11, "study");
  const Weights weights = model->weights();
  const auto shake = [&rng](const std::string& name, Tensor& value) {
    const bool of_norm = name.find("norm.") != std::string::npos || name == "encoding.weight";
    for (real& x : value) {
      if (of_norm) x += static_cast<real>(0.6 * rng.uniform() - 0.3);
      if (name == "embedding.weight") x *= 2;
    }
  };
  for (Parameter* parameter : weights.parameters) shake(parameter->name, parameter->value);
  for (Buffer* buffer : weights.buffers) shake(buffer->name, buffer->value);
  return model;
}

inline double largest(const Vector& row) {
  double most = 0;
  for (const double x : row) most = std::max(most, std::abs(x));
  return most;
}

inline double difference(const Vector& a, const Vector& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

}  // namespace hmem::test
