// Trains H-Mem on 1000 generated questions of bAbI task 1 and prints the test error on 1000 others.

#include <cstdio>

#include "hmem/data/babi/files.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/optim/adam.h"
#include "hmem/optim/schedule.h"
#include "hmem/tasks/babi/learner.h"

int main() {
  using namespace hmem;
  const uint64_t seed = 1;
  const BabiSource source = find_babi("generated", "");  // or the folder that holds en/ and en-10k/
  BabiTask task = vectorise_babi(load_babi(source, 1, "1k", BabiPart::train, seed),
                                 load_babi(source, 1, "1k", BabiPart::test, seed));
  HMemQa::Config config;  // sizes and constants of the paper
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  HMemQa model(config, seed);
  BabiLearner learner(model, task, split_babi(task.train.count(), /*validation_split=*/0.1));

  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = 20;
  Adam adam(model.weights().parameters, adam_settings);

  FitSettings settings;
  settings.epochs = 40;
  settings.seed = seed;
  settings.learning_rate = [](int64_t epoch) { return step_decay(0.003, epoch, 0.85, 20); };
  settings.on_epoch = [](const EpochReport& report) {
    if (report.epoch % 10 == 9) std::printf("validation error %.1f %%\n", report.validation.error);
  };
  fit(learner, adam, settings);
  std::printf("test error %.1f %%\n", evaluate(learner, Learner::Part::test, 128).error);
}
