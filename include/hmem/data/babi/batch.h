#pragma once
/// \file batch.h
/// A batch of bAbI questions as the model needs it: nothing padded, nothing encoded twice.

#include <cstdint>
#include <vector>

#include "hmem/core/tensor.h"
#include "hmem/data/babi/vectorise.h"
#include "hmem/kernels/embedding.h"

namespace hmem {

/// A story sentence is its words plus a time word. `rows` holds every distinct word sentence of the batch once, then
/// every time word; sentence i of the packed stories is rows[pairs.first[i]] + rows[pairs.second[i]].
struct BabiBatch {
  IdTensor rows;                 ///< [distinct sentences + ages, W]; a time row has its time word in the last slot
  RowPairs pairs;                ///< the sentences of all stories, one story after the other, oldest first
  std::vector<int64_t> offsets;  ///< [B + 1] first sentence of each story
  IdTensor questions;            ///< [B, W]
  IdTensor answers;              ///< [B]; -1: unknown
  int64_t padded = 0;            ///< sentences that a batch padded to max_num_sentences would hold beyond these

  int64_t size() const { return answers.count(); }
};

/// Noise on the ages of sentences: between two sentences, and after the newest, an age is skipped with this
/// probability, as if an empty sentence stood there (the random noise of Sukhbaatar et al., NIPS 2015, section 4.1).
/// The order stays; a model cannot memorise which sentence had which age. Ages stop at the oldest time word.
struct AgeJitter {
  double probability = 0;
  uint64_t seed = 0;
};

/// What the random ages of a batch depend on.
struct JitterPlace {
  uint64_t step = 0;          ///< of the training
  int64_t first_example = 0;  ///< of this part of the step's batch
};

/// Builds batches of one data set; keeps its working memory.
class BabiBatcher {
 public:
  /// Both must outlive the batcher.
  BabiBatcher(const BabiTask& task, const BabiDataset& data);
  /// Fills `batch` with `count` examples; a jitter (or null) makes their ages random, as of `place`.
  /// Throws Error on an example number that is not in the data set.
  void fill(BabiBatch& batch, const int64_t* examples, int64_t count, const AgeJitter* jitter = nullptr,
            const JitterPlace& place = {});

 private:
  const BabiTask& task_;
  const BabiDataset& data_;
  std::vector<int32_t> row_of_sentence_;  // row in the current batch, -1: not there
};

/// One question about one story, of which only the latest max_num_sentences sentences are kept. Vocabulary and sizes
/// are those of `task`: unknown words become nil, words beyond W - 1 (in the question W) are cut off. The answer is
/// unknown. Throws Error when there is no sentence.
BabiBatch babi_question_batch(const BabiTask& task, const std::vector<BabiWords>& sentences, const BabiWords& question);

}  // namespace hmem
