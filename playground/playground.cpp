// The training of bin/babi_task_single on task 1, for a page: the same stories, model, loop and losses, an epoch at a
// call. Results are JSON texts. The script of the page calls the functions at the end of this file.

#include <cmath>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "data/generator/families.h"
#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "hmem/data/babi/line.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/optim/adam.h"
#include "hmem/optim/schedule.h"
#include "hmem/study/attribution.h"
#include "hmem/tasks/babi/learner.h"
#include "study/json_text.h"

namespace {

using namespace hmem;

constexpr int64_t kTrainingQuestions = 1000, kTestQuestions = 1000;
constexpr double kValidationSplit = 0.1;

struct Choice {
  int64_t memory_size = 0;  ///< that of the word vectors, too
  int hops = 0;
  double gamma_pos = 0, gamma_neg = 0, learning_rate = 0;
  uint64_t seed = 0;
};

/// As generate_babi(1, ..), which would bring the stories of all tasks into the page.
BabiStories stories(int64_t questions, const std::string& part, uint64_t seed) {
  Rng rng(seed, "babi." + part);
  babi_tasks::StoryText text(questions);
  while (!text.full()) babi_tasks::single_supporting_fact().write_story(text, {}, rng);
  std::istringstream in(text.take_text());
  return parse_babi(in, "generated");
}

BabiSplit split(int64_t count) {
  BabiSplit parts;
  const int64_t kept = training_count(count, kValidationSplit);
  for (int64_t i = 0; i < count; ++i) (i < kept ? parts.train : parts.validation).push_back(i);
  return parts;
}

HMemQa::Config config_of(const Choice& choice, const BabiTask& task) {
  HMemQa::Config config;
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  config.embeddings_size = choice.memory_size;
  config.memory_size = choice.memory_size;
  config.hops = choice.hops;
  config.rule.gamma_pos = static_cast<real>(choice.gamma_pos);
  config.rule.gamma_neg = static_cast<real>(choice.gamma_neg);
  return config;
}

Adam::Settings adam_settings() {
  Adam::Settings settings;
  settings.max_grad_norm = 20;
  return settings;
}

std::string list(const Vector& values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : ",") + format_real(value, 4);
  return "[" + text + "]";
}

struct Playground {
  Choice choice;
  BabiStories train_stories, test_stories;
  BabiTask task;
  HMemQa model;
  BabiLearner learner;
  Adam optimizer;
  FitState state;

  explicit Playground(const Choice& choice_in)
      : choice(choice_in),
        train_stories(stories(kTrainingQuestions, "train", choice.seed)),
        test_stories(stories(kTestQuestions, "test", choice.seed)),
        task(vectorise_babi(train_stories, test_stories)),
        model(config_of(choice, task), choice.seed),
        learner(model, task, split(task.train.count())),
        optimizer(model.weights().parameters, adam_settings(), model.weights().regularised) {}

  /// The numbers of the epoch with the digits that the program prints.
  std::string epoch() {
    std::ostringstream text;
    FitSettings settings;
    settings.epochs = 1000000;
    settings.batch_size = 128;
    settings.seed = choice.seed;
    settings.learning_rate = [this](int64_t epoch) { return step_decay(choice.learning_rate, epoch, 0.85, 20); };
    settings.pause_after = state.epoch + 1;
    settings.on_epoch = [&text](const EpochReport& report) {
      text << "{\"epoch\":" << report.epoch << ",\"train_loss\":" << format_real(report.train.loss, 6)
           << ",\"train_error\":" << format_real(report.train.error, 4)
           << ",\"val_loss\":" << format_real(report.validation.loss, 6)
           << ",\"val_error\":" << format_real(report.validation.error, 4)
           << ",\"learning_rate\":" << format_real(report.learning_rate, 6)
           << ",\"examples_per_s\":" << format_real(report.examples_per_s, 4) << "}";
    };
    fit(learner, optimizer, settings, state);
    return text.str();
  }

  std::string test() {
    const Evaluation found = evaluate(learner, Learner::Part::test, 128);
    return "{\"test_loss\":" + format_real(found.loss, 6) + ",\"test_error\":" + format_real(found.error, 4) + "}";
  }

  /// Margin of `truth`, or where it is unknown (-1) of the answer, over the strongest other answer, as sums.
  std::string explain(const BabiBatch& batch, int32_t truth) {
    const PlainQa plain(model);
    const QaTrace trace = trace_qa(plain, story_of(batch));
    AnswerPair pair = answer_pair(trace, truth);
    const int32_t answer = pair.answer;
    if (truth >= 0 && truth != answer) std::swap(pair.answer, pair.other);
    const Attribution found = attribute(plain, trace, pair);
    const auto probability = [&](int32_t id) {
      double sum = 0;
      for (const double logit : trace.logits) sum += std::exp(logit - trace.logits[static_cast<size_t>(id)]);
      return 1 / sum;
    };
    std::ostringstream text;
    text << "{\"answer\":" << json_string(word(answer)) << ",\"probability\":" << format_real(probability(answer), 4)
         << ",\"of\":" << json_string(word(found.answer)) << ",\"over\":" << json_string(word(found.other))
         << ",\"margin\":" << format_real(found.margin, 6) << ",\"terms\":" << format_real(found.terms(), 6)
         << ",\"residual\":" << format_real(found.worst_residual(), 2) << ",\"writes\":" << list(found.writer)
         << ",\"total\":" << list(found.total) << ",\"question\":" << list(found.question) << ",\"steers\":[";
    for (int64_t h = 1; h < found.steers.rows; ++h) {
      text << (h > 1 ? "," : "") << list(Vector(found.steers.row(h), found.steers.row(h) + found.steers.cols));
    }
    text << "],\"factors\":" << found.saturation.factors << ",\"negative\":" << found.saturation.negative
         << ",\"memory\":" << list(trace.m.values) << "}";
    return text.str();
  }

  std::string word(int32_t id) const {
    return id >= 1 && id <= task.vocabulary.words() ? task.vocabulary.word_of(id) : id == 0 ? "<nil>" : "<age>";
  }

  const BabiStories::Question& question(int64_t number) const {
    HMEM_CHECK(number >= 1 && number <= kTestQuestions, "found test story ", number, ", expected 1..", kTestQuestions);
    return test_stories.questions[static_cast<size_t>(number - 1)];
  }

  /// A test question: its words, and what is in the memory.
  std::string story(int64_t number) {
    const BabiStories::Question& asked = question(number);
    std::vector<BabiWords> sentences;
    for (int64_t i = asked.begin; i < asked.end; ++i) sentences.push_back(test_stories.statement(i));
    std::vector<std::string> lines;
    for (const BabiWords& sentence : sentences) lines.push_back(join(sentence, " "));
    const BabiBatch batch = babi_question_batch(task, sentences, test_stories.words_of(asked));
    return "{\"number\":" + std::to_string(number) + ",\"sentences\":" + detail::json_strings(lines) +
           ",\"question\":" + json_string(join(test_stories.words_of(asked), " ")) +
           ",\"truth\":" + json_string(asked.answer) + ",\"facts\":" + detail::json_numbers(asked.facts) +
           ",\"found\":" + explain(batch, task.vocabulary.id_of(asked.answer)) + "}";
  }

  /// A story and a question that somebody typed, one line or several.
  std::string ask(const std::string& typed) {
    std::vector<BabiWords> sentences;
    BabiWords question;
    std::vector<std::string> lines, unknown;
    std::istringstream in(typed);
    for (std::string line; std::getline(in, line);) {
      for (const BabiLine::Phrase& phrase : read_babi_line(line).phrases) {
        (phrase.question ? question : sentences.emplace_back()) = phrase.words;
        if (!phrase.question) lines.push_back(join(phrase.words, " "));
        for (const std::string& word : phrase.words) {
          if (task.vocabulary.id_of(word) == Vocabulary::kNil && !contains(unknown, word)) unknown.push_back(word);
        }
      }
    }
    HMEM_CHECK(!sentences.empty() && !question.empty(), "found ", sentences.empty() ? "no sentence" : "no question",
               ", expected a story and a question that ends in ?");
    const auto kept = static_cast<size_t>(task.max_num_sentences);
    if (lines.size() > kept) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kept));
    const BabiBatch batch = babi_question_batch(task, sentences, question);
    return "{\"sentences\":" + detail::json_strings(lines) + ",\"question\":" + json_string(join(question, " ")) +
           ",\"facts\":[],\"unknown\":" + detail::json_strings(unknown) + ",\"found\":" + explain(batch, -1) + "}";
  }
};

std::unique_ptr<Playground> g_playground;
std::string g_text;

/// The text stays until the next call.
const char* text(std::string result) {
  g_text = std::move(result);
  return g_text.c_str();
}

}  // namespace

#define HMEM_EXPORT(name) extern "C" __attribute__((export_name(#name)))

HMEM_EXPORT(start)
void start(int memory_size, int hops, double gamma_pos, double gamma_neg, double learning_rate, double seed) {
  Choice choice;
  choice.memory_size = memory_size;
  choice.hops = hops;
  choice.gamma_pos = gamma_pos;
  choice.gamma_neg = gamma_neg;
  choice.learning_rate = learning_rate;
  choice.seed = static_cast<uint64_t>(seed);
  g_playground = std::make_unique<Playground>(choice);
}
HMEM_EXPORT(epoch) const char* epoch() { return text(g_playground->epoch()); }
HMEM_EXPORT(test) const char* test() { return text(g_playground->test()); }
HMEM_EXPORT(story) const char* story(int number) { return text(g_playground->story(number)); }
/// Room for a text of this many bytes and a zero, for ask().
HMEM_EXPORT(room) char* room(int bytes) {
  g_text.assign(static_cast<size_t>(bytes), '\0');
  return g_text.data();
}
HMEM_EXPORT(ask) const char* ask() { return text(g_playground->ask(std::string(g_text.c_str()))); }
