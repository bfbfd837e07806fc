#include "hmem/train/classifier.h"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.h"
#include "hmem/autodiff/ops_basic.h"
#include "support/error_text.h"

using namespace hmem;
using Part = Learner::Part;

namespace {

IdTensor ids(const std::vector<int32_t>& values) {
  IdTensor result({static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), result.begin());
  return result;
}

/// Four training examples of three classes; the logits are the rows of a parameter.
class TableLearner : public Classifier {
 public:
  explicit TableLearner(double l2) : TableLearner(std::make_unique<Parameter>("table", Shape{4, 3}), l2) {}

  int64_t count(Part part) const override { return part == Part::train ? 4 : 1; }
  Tensor& table() { return table_->value; }
  std::vector<int64_t> asked;

 protected:
  Var forward(Tape& tape, Part /*part*/, const int64_t* examples, int64_t count, IdTensor& labels) override {
    REQUIRE(labels.count() == count);
    asked.assign(examples, examples + count);
    for (int64_t i = 0; i < count; ++i) labels[i] = static_cast<int32_t>(examples[i]) - 1;  // the first is unknown
    return tape.slice(tape.leaf(*table_), 0, count);
  }

 private:
  TableLearner(std::unique_ptr<Parameter> table, double l2)
      : Classifier({{table.get()}, {}, {table.get()}}, l2), table_(std::move(table)) {}

  std::unique_ptr<Parameter> table_;
};

}  // namespace

TEST_CASE("loss of a classifier: mean cross entropy and the penalty of what is regularised", "[train]") {
  Parameter logits("logits", {2, 2}), free("free", {1}), kept("kept", {2});
  logits.value[0] = static_cast<real>(std::log(3));  // probabilities 3/4 and 1/4, then 1/2 and 1/2
  kept.value[0] = 2;
  kept.value[1] = -1;
  free.value[0] = 100;
  Weights weights;
  weights.add(free);
  weights.add(kept, /*is_regularised=*/true);
  Tape tape;
  const ClassificationLoss found = classification_loss(tape.leaf(logits), ids({1, 0}), weights, 0.1);
  const double entropy = (std::log(4) + std::log(2)) / 2;
  CHECK(*found.answer.loss.data() == Approx(entropy));
  CHECK(*found.loss.data() == Approx(entropy + 0.5));
  CHECK(found.errors == 1);
  tape.backward(found.loss);
  CHECK(kept.grad[0] == Approx(2 * 0.1 * 2));
  CHECK(free.grad[0] == 0);
  CHECK(logits.grad[0] == Approx(0.75 / 2));

  Tape other;
  CHECK(*classification_loss(other.leaf(logits), ids({1, 0}), {}, 0.1).loss.data() == Approx(entropy));
}

TEST_CASE("a negative label is an error without a loss", "[train]") {
  Parameter logits("logits", {2, 2});
  logits.value[2] = 5;
  Tape tape;
  const ClassificationLoss found = classification_loss(tape.leaf(logits), ids({0, -1}), {}, 0);
  CHECK(found.errors == 1);
  CHECK(*found.loss.data() == Approx(std::log(2) / 2));
  tape.backward(found.loss);
  CHECK(logits.grad[0] == Approx(-0.25));
  CHECK(logits.grad[2] == 0);
  CHECK(logits.grad[3] == 0);
}

TEST_CASE("a classifier passes on examples, labels and penalty, in batches of any size", "[train]") {
  TableLearner learner(0.5);
  learner.table().fill(1);
  Tape tape;
  const std::vector<int64_t> first = {3, 0, 2}, second = {1};
  const Learner::BatchResult three = learner.run(tape, Part::train, first.data(), 3);
  CHECK(learner.asked == first);
  CHECK(*three.loss.data() == Approx(2 * std::log(3) / 3 + 0.5 * 12));
  CHECK(three.errors == 3);  // equal logits: the answer is 0, the labels are 2, -1, 1
  tape.reset(Tape::Mode::training);
  CHECK(learner.run(tape, Part::train, second.data(), 1).errors == 0);
  CHECK(learner.weights().regularised.size() == 1);
}

TEST_CASE("examples that a part does not have are refused before anything is computed", "[train][bad]") {
  TableLearner learner(0);
  Tape tape;
  for (const int64_t wrong : {int64_t{-1}, int64_t{4}, std::numeric_limits<int64_t>::max()}) {
    const std::vector<int64_t> examples = {0, wrong};
    CHECK(test::error_text([&] { learner.run(tape, Part::train, examples.data(), 2); }) ==
          "example " + std::to_string(wrong) + " is not in 0..3");
  }
  const int64_t of_training = 1;
  CHECK(test::error_text([&] { learner.run(tape, Part::test, &of_training, 1); }) == "example 1 is not in 0..0");
  CHECK(learner.asked.empty());
}
