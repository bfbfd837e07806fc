// A custom network with the Hebbian memory as a layer: six pairs of a key and a colour are shown, then one of the
// keys; the network names its colour. Trains, saves, loads.

#include <cstdio>

#include "hmem/nn/hebbian_memory.h"
#include "hmem/optim/adam.h"
#include "hmem/train/classifier.h"
#include "hmem/train/model_file.h"

using namespace hmem;

constexpr int64_t kPairs = 6, kKeys = 12, kColours = 4, kInputs = kKeys + kColours;

struct Recall : Network {
  HebbianMemory memory;
  Dense output;

  explicit Recall(Rng rng) : memory("memory.", config(), kInputs, kInputs, rng), output("output", 50, kColours, rng) {}
  static HebbianMemory::Config config() {
    HebbianMemory::Config config;
    config.memory_size = 50;
    config.hops = 1;
    config.rule = {real(0.1), real(0.1), real(1)};
    return config;
  }
  void add_to(Weights& weights) override {
    memory.add_to(weights);
    output.add_to(weights);
  }
};

struct RecallTask : Classifier {
  Recall& network;

  explicit RecallTask(Recall& network_in) : Classifier(network_in.weights(), /*l2=*/0), network(network_in) {}
  int64_t count(Part part) const override { return part == Part::train ? 4000 : 500; }
  /// Example i of a part is drawn from its own random stream.
  Var forward(Tape& tape, Part part, const int64_t* examples, int64_t count, IdTensor& labels) override {
    Tensor shown({count * kPairs, kInputs}), asked({count, kInputs});
    std::vector<int64_t> offsets = {0};  // where the pairs of each example begin
    for (int64_t b = 0; b < count; ++b) {
      Rng rng(static_cast<uint64_t>(examples[b] * 3) + static_cast<uint64_t>(part), "recall");
      const std::vector<int64_t> keys = rng.permutation(kKeys);  // the first six are shown, the first is asked for
      for (int64_t p = 0; p < kPairs; ++p) {
        const auto colour = static_cast<int32_t>(rng.below(kColours));
        real* pair = shown.data() + (b * kPairs + (p + examples[b]) % kPairs) * kInputs;  // at any position
        pair[keys[static_cast<size_t>(p)]] = pair[kKeys + colour] = 1;
        if (p == 0) labels[b] = colour;
      }
      asked[b * kInputs + keys[0]] = 1;
      offsets.push_back((b + 1) * kPairs);
    }
    const Var r =
        network.memory.forward(tape, tape.constant(std::move(shown)), offsets, tape.constant(std::move(asked)));
    return network.output.forward(tape, r);
  }
};

int main() {
  Recall network(Rng(1, "init")), loaded(Rng(2, "init"));
  RecallTask task(network), again(loaded);
  Adam adam(network.weights().parameters, Adam::Settings());
  FitSettings settings;
  settings.epochs = 20;
  settings.batch_size = 32;
  settings.seed = 1;
  settings.learning_rate = [](int64_t) { return 0.003; };
  fit(task, adam, settings);
  std::printf("test error %.1f %%\n", evaluate(task, Learner::Part::test, 100).error);

  save_model("own_network.safetensors", {{"model", "recall"}}, network.weights());
  ModelFile("own_network.safetensors").copy_to(loaded.weights());
  std::printf("loaded: test error %.1f %%\n", evaluate(again, Learner::Part::test, 100).error);
}
