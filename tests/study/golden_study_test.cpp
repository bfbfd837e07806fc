// The attribution against tests/golden/study.safetensors: derivatives by PyTorch, no formula in common.

#include <map>

#include "catch.h"
#include "hmem/core/safetensors.h"
#include "hmem/study/counterfactual.h"
#include "support/golden_qa.h"

using namespace hmem;
using hmem::test::read_golden;

namespace {

struct GoldenCase {
  const char *name, *base;
  std::map<std::string, std::string> changes;
};

/// As in make_golden_study.py.
const std::vector<GoldenCase>& golden_study_cases() {
  const std::map<std::string, std::string> strong = {{"gamma_pos", "0.4"}, {"gamma_neg", "0.3"}};
  const auto with = [&strong](const char* name) {
    std::map<std::string, std::string> changes = strong;
    changes[name] = "1";
    return changes;
  };
  static const std::vector<GoldenCase> cases = {
      {"plain", "plain", {}},
      {"strong", "plain", strong},
      {"batch_norm_none", "batch_norm_none", {}},
      {"position_encoding", "position_encoding", {}},
      {"one_hop", "one_hop", strong},
      {"two_hops", "all_options", {}},
      {"outer", "plain", {{"write_rule", "outer"}, {"gamma_pos", "0.05"}}},
      {"tie_keys", "plain", with("tie_keys")},
      {"answer_layer", "answer_layer", strong},
      {"read_norm", "plain", with("read_norm")},
      {"hop_sum", "plain", with("hop_sum")},
      {"read_norm_hop_sum", "read_norm_hop_sum", {}},
      {"two_layer_extractors", "two_layer_extractors", strong},
      {"separate_hops", "separate_hops", strong},
      {"read_before_write", "read_before_write", {}},
      {"read_before_write_strong", "read_before_write_all_options", {{"gamma_pos", "0.3"}}},
      {"read_before_write_outer", "read_before_write", {{"write_rule", "outer"}}},
      {"signed_write", "signed_write", {{"gamma_pos", "0.3"}}},
      {"all_new_options", "all_new_options", {}},
  };
  return cases;
}

IdTensor ids_of(const Tensor& values) {
  IdTensor ids(values.shape());
  std::transform(values.begin(), values.end(), ids.begin(), [](real x) { return static_cast<int32_t>(x); });
  return ids;
}

HMemQa::Config config_of_case(const SafetensorsFile& base, const GoldenCase& one) {
  HMemQa::Config config;
  const Settings defaults = settings_of(config);
  std::map<std::string, std::string> values(defaults.begin(), defaults.end());
  for (const auto& [key, value] : base.metadata) values[key] = value;
  for (const auto& [key, value] : one.changes) values[key] = value;
  config.visit(SettingReader([&](const SettingName& name) { return values.at(name.text); }, "golden"));
  config.vocabulary = base.find("init.embedding.weight")->size(0);
  config.words_per_sentence = base.find("question_ids")->size(1);
  return config;
}

void load(HMemQa& model, const SafetensorsFile& base) {
  const Weights weights = model.weights();
  const auto copy = [&base](const std::string& name, Tensor& value) {
    const Tensor* initial = base.find("init." + name);
    INFO(name);
    REQUIRE(initial != nullptr);
    // With tied keys the rows of the question are another model's.
    const int64_t skipped = initial->count() - value.count();
    REQUIRE((skipped == 0 || name == "read.weight"));
    std::copy(initial->begin() + skipped, initial->end(), value.begin());
  };
  for (Parameter* parameter : weights.parameters) copy(parameter->name, parameter->value);
  for (Buffer* buffer : weights.buffers) copy(buffer->name, buffer->value);
}

/// Largest difference relative to the largest expected value.
double error_of(const double* found, const Tensor& expected) {
  double difference = 0, largest = 0;
  for (int64_t i = 0; i < expected.count(); ++i) {
    if (!std::isfinite(found[i])) return INFINITY;
    difference = std::max(difference, std::abs(found[i] - static_cast<double>(expected[i])));
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return difference == 0 ? 0 : difference / largest;
}

}  // namespace

TEST_CASE("attribution and leaving out agree with an independent program", "[golden]") {
  constexpr double kTolerance = 2e-6;  // the file is read as single precision; differences of near-equal logits
  const SafetensorsFile golden = read_golden("study");
  for (const GoldenCase& one : golden_study_cases()) {
    DYNAMIC_SECTION(one.name) {
      const SafetensorsFile base = read_golden(one.base);
      HMemQa model(config_of_case(base, one), 1);
      load(model, base);
      const PlainQa plain(model);
      const BabiBatch batch = test::pack_batch(ids_of(*base.find("story_ids")), ids_of(*base.find("question_ids")),
                                               ids_of(*base.find("answers")));
      for (int64_t b = 0; b < batch.size(); ++b) {
        const std::string key = std::string(one.name) + "." + std::to_string(b) + ".";
        const auto expect = [&](const std::string& name, const double* found, int64_t count) {
          const Tensor* expected = golden.find(key + name);
          INFO(key << name);
          REQUIRE(expected != nullptr);
          REQUIRE(expected->count() == count);
          CHECK(error_of(found, *expected) < kTolerance);
        };
        const auto expect_row = [&](const std::string& name, const Vector& found) {
          expect(name, found.data(), static_cast<int64_t>(found.size()));
        };
        const QaTrace trace = trace_qa(plain, story_of(batch, b));
        const AnswerPair pair = answer_pair(trace);
        expect_row("pair", {static_cast<double>(pair.answer), static_cast<double>(pair.other)});
        expect_row("logits", trace.logits);
        const Attribution found = attribute(plain, trace, pair);
        expect_row("margin", {found.margin});
        expect_row("writer", found.writer);
        expect_row("steers", found.steers.values);
        expect_row("total", found.total);
        if (b == 0) expect_row("first_term", memory_term(plain, trace, 0).values);
        if (plain.config.read_before_write) {
          expect_row("origin", Vector(found.origin_of.begin(), found.origin_of.end() - 1));
        }
        Vector left_out;
        for (const Outcome& outcome : leave_each_out(plain, trace, pair)) {
          left_out.insert(left_out.end(), {outcome.margin, outcome.probability, static_cast<double>(outcome.answer),
                                           outcome.log_probability});
        }
        expect_row("left_out", left_out);
        if (plain.config.hops > 1) {
          const Matrix all = pairs(plain, trace, found, plain.config.hops - 1);
          Vector of_sentences;
          for (int64_t s = 0; s < all.rows; ++s) {
            of_sentences.insert(of_sentences.end(), all.row(s), all.row(s) + all.rows);
          }
          expect_row("pairs", of_sentences);
        }
      }
    }
  }
}
