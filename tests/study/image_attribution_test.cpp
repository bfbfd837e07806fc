// Image examples written out: against HMemImage::forward, every sum, wrong variants that must not add up, kinds of
// error, and what is shown.

#include "hmem/study/image_attribution.h"

#include <cmath>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/study/image_explain.h"
#include "study/study_rows.h"
#include "support/error_text.h"
#include "support/numbers.h"

using namespace hmem;

namespace {

using ImageConfig = HMemImage::Config;
using FrameKind = AssociationFrame::Kind;

struct ImageRow {
  const char* name;
  void (*set)(ImageConfig& config);
};
const ImageRow kImageRows[] = {
    {"plain", [](ImageConfig&) {}},
    {"paper's rates", [](ImageConfig& c) { c.rule = {}; }},
    {"w_max", [](ImageConfig& c) { c.rule.w_max = real(0.6); }},
    {"no decay", [](ImageConfig& c) { c.rule.gamma_neg = 0; }},
    {"layer norm", [](ImageConfig& c) { c.frame_norm = FrameNorm::layer; }},
    {"write gate", [](ImageConfig& c) { c.write_gate = true; }},
    {"key norm", [](ImageConfig& c) { c.key_norm = true; }},
    {"gate and key norm", [](ImageConfig& c) { c.write_gate = c.key_norm = true; }},
    {"all", [](ImageConfig& c) { c.write_gate = c.key_norm = true, c.frame_norm = FrameNorm::layer; }},
};

constexpr int64_t kFeatures = 9, kClasses = 5, kSteps = 7, kExamples = 40;

std::unique_ptr<HMemImage> random_image_model(const ImageRow& row) {
  ImageConfig config;
  config.features = kFeatures, config.dense_size = 8, config.memory_size = 16, config.classes = kClasses;
  config.rule.gamma_pos = real(0.05), config.rule.gamma_neg = real(0.03);
  row.set(config);
  auto model = std::make_unique<HMemImage>(config, 3);
  Rng rng(5, "study");
  const Weights weights = model->weights();
  const auto shake = [&rng](const std::string& name, Tensor& value) {
    const bool shaken = name.find("norm.") != std::string::npos || name.find("write_gate") == 0;
    for (real& x : value) x += shaken ? static_cast<real>(0.6 * rng.uniform() - 0.3) : 0;
  };
  for (Parameter* parameter : weights.parameters) shake(parameter->name, parameter->value);
  for (Buffer* buffer : weights.buffers) shake(buffer->name, buffer->value);
  return model;
}

struct ImageExamples {
  Tensor frames, queries;
  ImageExamples() {
    Rng rng(8, "features");
    frames = test::random_tensor({kExamples * kSteps, kFeatures}, rng);
    queries = test::random_tensor({kExamples, kFeatures}, rng);
  }
  ImageTrace trace(const PlainImage& model, int64_t b) const {
    return trace_image(model, frames.data() + b * kSteps * kFeatures, kSteps, queries.data() + b * kFeatures);
  }
};

/// A pair, noise, a pair, black: the photographs 0 and 1 with digits 3 and 2; asked for 1.
ShownExample a_shown_example() {
  return {{{FrameKind::pair, 0, 3}, {FrameKind::noise, -1, -1}, {FrameKind::pair, 1, 2}, {FrameKind::zeros, -1, -1}},
          1,
          2,
          2};
}

ImageExplanation a_hostile_explanation() {
  const auto model = random_image_model({"", [](ImageConfig& c) { c.write_gate = true; }});
  const ImageExamples given;
  ImageExplanation one =
      explain_image(PlainImage(*model), 7, a_shown_example(), given.frames.data(), given.queries.data());
  one.photographs = {"<script>alert(1)</script>", "\"'&\xE2\x80\xAE", "c"};
  one.digits = {"0", "1", "</title>", "3\n", "4"};
  return one;
}

}  // namespace

TEST_CASE("image trace: the logits of HMemImage, and every sum comes out, for every option", "[study]") {
  const ImageExamples given;
  for (const ImageRow& row : kImageRows) {
    DYNAMIC_SECTION(row.name) {
      const auto model = random_image_model(row);
      const PlainImage plain(*model);
      Tape tape(Tape::Mode::inference);
      const Var fast = model->forward(tape, tape.constant(given.frames), tape.constant(given.queries));
      double gate = 0;
      for (int64_t b = 0; b < kExamples; ++b) {
        const ImageTrace trace = given.trace(plain, b);
        const ImageAttribution at = attribute(plain, trace, answer_pair(trace.logits));
        const auto logit = [&](int32_t id) { return static_cast<double>(fast.data()[b * kClasses + id]); };
        const double scale = std::max(test::largest(trace.logits), 1e-9);
        for (int32_t id = 0; id < kClasses; ++id) {
          CHECK(std::abs(logit(id) - trace.logits[size_t(id)]) < 1e-5 * scale);
        }
        CHECK(at.worst_residual() < 1e-9);
        // The larger a margin, the less of it is rounding of the fast path.
        const double fast_margin = logit(at.answer) - logit(at.other);
        if (at.margin > 0.1 * scale) CHECK(std::abs(at.terms() - fast_margin) < 1e-5 * at.margin);
        for (size_t t = 0; t < kSteps; ++t) {
          const auto step = static_cast<int64_t>(t);
          const Vector read(at.reads.row(step), at.reads.row(step + 1));
          const Vector v(trace.v.row(step), trace.v.row(step + 1));
          if (!std::isfinite(at.left[t])) {
            CHECK((at.match[t] == 0 || test::largest(v) == 0));
            continue;
          }
          // rest, from its definition
          double rest = 0;
          for (size_t j = 0; j < v.size(); ++j) {
            const double fit = plain.rule.growth * at.match[t] * at.left[t] * v[j];
            rest += (read[j] - fit) * (read[j] - fit);
          }
          CHECK(std::abs(std::sqrt(rest / dot(read, read)) - at.rest[t]) < 1e-9);
          CHECK(std::abs(at.cosine[t]) <= 1 + 1e-12);
        }
        // Nothing comes after the last frame.
        if (std::isfinite(at.left.back())) CHECK(std::abs(at.left.back() - 1) < 1e-12);
        if (!trace.gate.empty()) gate += trace.gate[0];
      }
      CHECK((gate > 0) == plain.config.write_gate);
    }
  }
}

TEST_CASE("image attributions that are wrong in one point do not add up", "[study]") {
  struct Fault {
    const char* name;
    void (*spoil)(PlainImage& model, ImageTrace& trace);
  };
  const Fault faults[] = {
      {"product over the frames before, not after",
       [](PlainImage&, ImageTrace& trace) {
         for (Matrix* m : {&trace.k, &trace.v}) {
           Matrix turned = *m;
           for (int64_t t = 0; t < m->rows; ++t) std::copy(m->row(t), m->row(t + 1), turned.row(m->rows - 1 - t));
           *m = turned;
         }
       }},
      {"F without the decay", [](PlainImage& model, ImageTrace&) { model.rule.decay_neg = 0; }},
      {"F without the growth", [](PlainImage& model, ImageTrace&) { model.rule.decay_pos = 0; }},
      {"growth without w_max", [](PlainImage& model, ImageTrace&) { model.rule.growth = model.rule.decay_pos; }},
      {"a frame that was not gated",
       [](PlainImage&, ImageTrace& trace) {
         for (int64_t i = 0; i < trace.k.cols; ++i) trace.k(0, i) /= trace.gate[0];
       }},
  };
  const ImageExamples given;
  const auto model = random_image_model({"", [](ImageConfig& c) { c.write_gate = true, c.rule.w_max = real(0.7); }});
  for (const Fault& fault : faults) {
    DYNAMIC_SECTION(fault.name) {
      double right = 0, wrong = 0;
      for (int64_t b = 0; b < kExamples; ++b) {
        PlainImage plain(*model);
        ImageTrace trace = given.trace(plain, b);
        const AnswerPair pair = answer_pair(trace.logits);
        right = std::max(right, attribute(plain, trace, pair).worst_residual());
        fault.spoil(plain, trace);
        wrong = std::max(wrong, attribute(plain, trace, pair).worst_residual());
      }
      CHECK(right < 1e-9);
      CHECK(wrong > 1e-3);
    }
  }
}

TEST_CASE("every wrong answer has one of three kinds of error; counts and means of a test set", "[study]") {
  const ShownExample shown = a_shown_example();
  ImageAttribution at;
  at.match = {1, 2, 3, 0}, at.strength = {1, 2, 3, 0};
  CHECK(recall_stage(shown, at) == RecallStage::found);
  at.strength = {1, 2, 1.9, 0};
  CHECK(recall_stage(shown, at) == RecallStage::faded);
  at.match = {1, 3.5, 3, 0};
  CHECK(recall_stage(shown, at) == RecallStage::other_matched);

  at.cosine = {0.11, 0.57, 1, 0}, at.left = {0.5, 0.9, 0.8, std::nan("")}, at.rest = {0, 0, 0.25, 0};
  ImageTrace trace;
  trace.gate = {0.9, 0.2, 0.7, 0.4};
  ImageSummary all(3, 5);
  at.answer = 3;  // wrong: noise matched
  all.add(shown, trace, at);
  at.match = {1, 2, 3, 0}, at.strength = {4, 2, 1.9, 0};
  all.add(shown, trace, at);  // wrong: faded
  at.answer = 2, at.strength = {1, 2, 3, 0};
  all.add(shown, trace, at);  // right
  CHECK((all.examples == 3 && all.errors == 2 && all.noise_matched == 1));
  CHECK((all.stages[0][0] == 1 && all.stages[1][0] == 1 && all.stages[2][0] == 0 && all.stages[2][1] == 1));
  CHECK((all.digits[2][3] == 2 && all.digits[2][2] == 1));
  CHECK(all.photographs[1] == std::vector<int64_t>{0, 2, 0, 1});
  CHECK(all.kinds_of_class[1] == std::vector<int64_t>{1, 1, 0});
  CHECK((all.same.bins[19] == 3 && all.other.bins[2] == 3 && all.noise.bins[11] == 3 && all.noise.bins[0] == 3));
  CHECK((all.ages.size() == 2 && all.ages[1].asked == 3 && all.ages[1].right == 1 && all.ages[3].asked == 0));
  CHECK(std::abs(all.ages[1].left - 2.4) < 1e-12);
  CHECK(std::abs(all.pair_gate.sum / double(all.pair_gate.count) - 0.8) < 1e-12);
  CHECK(std::abs(all.noise_gate.sum / double(all.noise_gate.count) - 0.3) < 1e-12);
}

TEST_CASE("an explained image example: terminal, JSON, CSV and page; hostile class names", "[study][html]") {
  const ImageExplanation one = a_hostile_explanation();
  ImageSummary all(3, 5);
  all.add(one.shown, one.trace, one.at);
  const std::string page = image_page(one, &all, {"a", "", "b", "c", "query"});
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("</title>\n<style>") != std::string::npos);
  CHECK(page.find("&lt;/title&gt;") != std::string::npos);
  CHECK(page.find("\xE2\x80\xAE") == std::string::npos);
  CHECK(page.find("&lt;script&gt;") != std::string::npos);
  CHECK(page.find("href=") == std::string::npos);
  CHECK(page.find("data:image/png;base64," + std::string("cXVlcnk=")) != std::string::npos);
  CHECK(page.find("1 more frames are in the table only") != std::string::npos);
  const size_t svg = test::times_in(page, "<svg");
  CHECK(svg >= 4);
  CHECK(test::times_in(page, "<title>") == svg + 1);  // no class name begins or ends one

  const std::string json = image_json(one, &all), csv = image_csv(one);
  CHECK(json.find("{\"format\":\"hmem_image_explain\",\"version\":1,") == 0);
  CHECK(json.find("\"digits\":[\"0\",\"1\",\"</title>\",\"3\\n\",\"4\"]") != std::string::npos);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 5);
  for (const std::string& line : image_text(one)) CHECK(line.find('\n') == std::string::npos);
  CHECK(image_text(one)[0].find("test example 7: ") == 0);
  CHECK(image_text(one, all)[1].find("1 test examples, ") == 0);
}

TEST_CASE("bad examples and answers of an image study are one clear line", "[study][bad]") {
  const auto model = random_image_model(kImageRows[0]);
  const PlainImage plain(*model);
  const ImageExamples given;
  const ImageTrace trace = given.trace(plain, 0);
  CHECK(test::error_text<Error>([&] {
          attribute(plain, trace, {0, 9});
        }).find("found the answer 9, expected 0..4") == 0);
  CHECK(test::error_text<Error>([&] { shown_example({}, {}, {}, 0); }).find("there is no test example 0") == 0);
}
