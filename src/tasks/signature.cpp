#include "hmem/tasks/signature.h"

#include <sstream>

#include "hmem/data/generator/registry.h"
#include "hmem/models/hmem_image.h"
#include "hmem/models/hmem_qa.h"
#include "hmem/models/lstm_image.h"
#include "hmem/optim/adam.h"
#include "hmem/tasks/babi/learner.h"
#include "hmem/train/model_file.h"

namespace hmem {

namespace {

BabiStories generated_stories(int64_t questions, const char* stream) {
  Rng rng(1, stream);
  std::istringstream text(generate_babi(1, questions, rng));
  return parse_babi(text, stream);
}

uint64_t image_signature(AssociationNet& net) {
  constexpr int64_t kSteps = 20, kBatch = 32, kFrames = 3, kFeatures = 1024;
  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = 10;
  const Weights weights = net.weights();
  Adam adam(weights.parameters, adam_settings);
  Rng rng(1, "signature image");
  Tensor frames({kBatch * kFrames, kFeatures}), queries({kBatch, kFeatures});
  IdTensor answers({kBatch});
  Tape tape;
  for (int64_t step = 0; step < kSteps; ++step) {
    for (Tensor* features : {&frames, &queries}) {
      for (real& x : *features) x = static_cast<real>(rng.uniform(-1, 1));
    }
    for (int32_t& answer : answers) answer = static_cast<int32_t>(rng.below(10));
    tape.reset(Tape::Mode::training);
    tape.set_step(static_cast<uint64_t>(step));
    zero_gradients(adam.parameters());
    const Var logits = net.forward(tape, tape.constant(frames), tape.constant(queries));
    tape.backward(classification_loss(logits, answers, weights, 1e-3).loss);
    adam.step(1e-3);
  }
  return value_hash(weights);
}

}  // namespace

uint64_t hmem_qa_signature() {
  constexpr int64_t kSteps = 20, kBatch = 128;
  BabiTask task =
      vectorise_babi(generated_stories(kSteps * kBatch, "signature train"), generated_stories(1, "signature test"));
  HMemQa::Config config;
  config.vocabulary = task.vocabulary.size();
  config.words_per_sentence = task.words_per_sentence;
  HMemQa model(config, 1);
  BabiLearner learner(model, task, split_babi(task.train.count(), 0));
  Adam::Settings adam_settings;
  adam_settings.max_grad_norm = 20;
  Adam adam(model.weights().parameters, adam_settings);
  FitSettings settings;
  settings.epochs = 1;
  settings.batch_size = kBatch;
  settings.seed = 1;
  settings.learning_rate = [](int64_t) { return 0.003; };
  fit(learner, adam, settings);
  return value_hash(model.weights());
}

uint64_t hmem_image_signature() {
  HMemImage net({}, 1);
  return image_signature(net);
}

uint64_t lstm_image_signature() {
  LstmImage net({}, 1);
  return image_signature(net);
}

}  // namespace hmem
