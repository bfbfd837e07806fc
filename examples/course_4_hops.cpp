// Course, chapter 4: trains two small models and splits answers by sentences; `solutions`: those of the exercises.

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "hmem/data/babi/files.h"
#include "hmem/kernels/blas.h"
#include "hmem/optim/adam.h"
#include "hmem/study/counterfactual.h"
#include "hmem/tasks/babi/learner.h"

using namespace hmem;

struct Trained {
  BabiStories stories;  // of the test
  BabiTask task;
  std::unique_ptr<PlainQa> model;
};

/// Trains on generated stories of task 1 (where is a person?) or 2 (where is a thing?), small enough for seconds.
Trained train(int task_id, int hops) {
  BabiStoryOptions options{task_id == 1 ? 6 : 8, 2, 4, {}, {}, {}};  // sentences, people, rooms
  if (task_id == 2) options.objects = 2;
  Trained made;
  const auto load = [&](auto part) { return load_babi(find_babi("generated", ""), task_id, "5000", part, 1, options); };
  made.stories = load(BabiPart::test), made.task = vectorise_babi(load(BabiPart::train), made.stories);
  HMemQa::Config config;
  config.vocabulary = made.task.vocabulary.size(), config.words_per_sentence = made.task.words_per_sentence;
  config.memory_size = 60, config.embeddings_size = 40, config.hops = hops;
  HMemQa model(config, 1);
  BabiLearner learner(model, made.task, split_babi(made.task.train.count(), 0));
  Adam adam(model.weights().parameters, Adam::Settings{0.9, 0.999, 1e-7, 20});
  FitSettings settings;
  settings.seed = 1, settings.epochs = task_id == 1 ? 15 : 40;
  settings.learning_rate = [](int64_t epoch) { return epoch < 20 ? 0.003 : 0.0025; };
  fit(learner, adam, settings);
  std::printf("task %d, hops %d: error %.1f %%\n", task_id, hops, evaluate(learner, Learner::Part::test, 128).error);
  made.model = std::make_unique<PlainQa>(model);
  return made;
}

double tenths(double x) { return std::round(10 * x) / 10 + 0.0; }  // no -0.0
/// The two most probable answers, and what each sentence adds for the first against the second.
void explain(const Trained& made, const std::string& story, const char* question) {
  std::vector<BabiWords> sentences;
  for (size_t at = 0; at < story.size(); at = story.find('.', at) + 1)
    sentences.push_back(babi_words(story.substr(at, story.find('.', at) - at)));
  const BabiBatch batch = babi_question_batch(made.task, sentences, babi_words(question));
  const QaTrace trace = trace_qa(*made.model, story_of(batch));
  const AnswerPair pair = answer_pair(trace);
  const Attribution why = attribute(*made.model, trace, pair);
  const auto word = [&](int32_t id) { return made.task.vocabulary.word_of(id).c_str(); };
  std::printf("%s answer %s, second %s\n%-30s  writes  steers hop 3  answer if left out\n", question, word(pair.answer),
              word(pair.other), "");
  for (size_t t = 0; t < sentences.size(); ++t)
    std::printf("%-30s %7.1f %13.1f  %s\n", join(sentences[t], " ").c_str(), tenths(why.writer[t]),
                tenths(why.steers(2, t)), word(leave_out(*made.model, trace, t, pair).answer));
  std::printf("%-30s %7.1f = margin %.1f\n", "sum", why.terms(), why.margin);
}

/// Over 300 test questions: how many supporting facts are among as many sentences with the largest terms.
void count(const Trained& made) {
  double by_writer = 0, by_total = 0, chance = 0, facts = 0, negative = 0, factors = 0, smallest = 1;
  BabiBatch batch;
  for (int64_t i = 0; i < 300; ++i) {
    BabiBatcher(made.task, made.task.test).fill(batch, &i, 1);
    const QaTrace trace = trace_qa(*made.model, story_of(batch));
    const Attribution why = attribute(*made.model, trace, answer_pair(trace));
    const std::vector<int32_t>& given = made.stories.questions[i].facts;
    const auto is_large = [&](const auto& row, double least) {
      return std::count_if(row.begin(), row.end(), [&](double x) { return x > least; }) < int64_t(given.size());
    };
    for (const int32_t fact : given)
      ++facts, by_writer += is_large(why.writer, why.writer[fact]), by_total += is_large(why.total, why.total[fact]);
    negative += why.saturation.negative, factors += why.saturation.factors;
    smallest = std::min(smallest, why.saturation.smallest), chance += std::pow(given.size(), 2) / why.sentences();
  }
  std::printf(
      "facts found by writers %.0f %%, with steerers %.0f %%, by chance %.0f %%\nF < 0: %.2g %%, smallest %.1f\n",
      100 * by_writer / facts, 100 * by_total / facts, 100 * chance / facts, 100 * negative / factors, smallest);
}

const std::string kPlaces = "Daniel went to the bathroom. John went to the hallway. Daniel went to the garden.";
const std::string kThings =
    " got the football. Daniel went to the bathroom. John went to the bedroom. Daniel got the apple. "
    "John went to the hallway. Daniel went to the garden. John went to the bathroom.";

int main(int argc, char** /*argv*/) {
  select_gemm_backend(GemmBackend::builtin);  // the same bits on every processor
  const Trained first = train(1, argc > 1 ? 1 : 3), second = train(2, 3);
  if (argc > 1) {  // solutions
    explain(second, "John" + kThings, "Where is the apple?");
    explain(second, "Daniel" + kThings, "Where is the football?");
    return train(2, 1), 0;
  }
  explain(first, kPlaces, "Where is Daniel?"), count(first);
  explain(second, "John" + kThings, "Where is the football?"), count(second);
}
