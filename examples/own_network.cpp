// Your own network with the Hebbian memory as a layer: six pairs of a key and a colour are shown, then one of the keys;
// the network says its colour. Trains, saves, loads.

#include <cstdio>

#include "hmem/nn/hebbian_memory.h"
#include "hmem/optim/adam.h"
#include "hmem/train/classifier.h"
#include "hmem/train/model_file.h"

using namespace hmem;

constexpr int64_t kPairs = 6, kKeys = 12, kColours = 4, kInputs = kKeys + kColours;

class Recall : public Network {
 public:
  explicit Recall(Rng rng)
      : memory_("memory.", config(), kInputs, kInputs, rng), output_("output", 50, kColours, rng) {}
  /// shown [B kPairs, kInputs], asked [B, kInputs]; returns logits [B, kColours].
  Var forward(Tape& tape, Var shown, Var asked) {
    std::vector<int64_t> offsets;  // where the pairs of each example begin
    for (int64_t b = 0; b <= asked.size(0); ++b) offsets.push_back(b * kPairs);
    return output_.forward(tape, memory_.forward(tape, shown, offsets, asked));
  }
  void add_to(Weights& weights) override {
    memory_.add_to(weights);
    output_.add_to(weights);
  }

 private:
  static HebbianMemory::Config config() {
    HebbianMemory::Config config;
    config.memory_size = 50;
    config.hops = 1;
    config.rule.gamma_pos = config.rule.gamma_neg = real(0.1);
    return config;
  }
  HebbianMemory memory_;
  Dense output_;
};

/// Example i is drawn from a random stream of its own; training, validation and test numbers do not overlap.
class RecallTask : public Classifier {
 public:
  explicit RecallTask(Recall& network) : Classifier(network.weights(), /*l2=*/0), network_(network) {}
  int64_t count(Part part) const override { return part == Part::train ? 4000 : 500; }

 protected:
  Var forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) override {
    Tensor shown({count * kPairs, kInputs}), asked({count, kInputs});
    for (int64_t b = 0; b < count; ++b) {
      Rng rng(static_cast<uint64_t>(examples[b]) * 3 + static_cast<uint64_t>(part), "recall");
      const std::vector<int64_t> keys = rng.permutation(kKeys);  // the first six are shown
      const auto wanted = static_cast<int64_t>(rng.below(kPairs));
      for (int64_t p = 0; p < kPairs; ++p) {
        const auto colour = static_cast<int64_t>(rng.below(kColours));
        real* pair = shown.data() + (b * kPairs + p) * kInputs;
        pair[keys[static_cast<size_t>(p)]] = pair[kKeys + colour] = 1;
        if (p == wanted) labels[b] = static_cast<int32_t>(colour);
      }
      asked[b * kInputs + keys[static_cast<size_t>(wanted)]] = 1;
    }
    return network_.forward(tape, tape.constant(std::move(shown)), tape.constant(std::move(asked)));
  }

 private:
  Recall& network_;
};

int main() {
  Recall network(Rng(1, "init"));
  RecallTask task(network);
  Adam adam(network.weights().parameters, Adam::Settings());
  FitSettings settings;
  settings.epochs = 20;
  settings.batch_size = 32;
  settings.seed = 1;
  settings.learning_rate = [](int64_t) { return 0.003; };
  fit(task, adam, settings);
  std::printf("test error %.1f %%\n", evaluate(task, Learner::Part::test, 100).error);

  save_model("own_network.safetensors", {{"model", "recall"}}, network.weights());
  Recall loaded(Rng(2, "init"));
  ModelFile("own_network.safetensors").copy_to(loaded.weights());
  RecallTask again(loaded);
  std::printf("loaded: test error %.1f %%\n", evaluate(again, Learner::Part::test, 100).error);
}
