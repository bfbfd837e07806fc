#pragma once
/// \file qa_model.h
/// The interface of the question-answering models.

#include <cstdint>

#include "hmem/core/settings.h"
#include "hmem/data/babi/batch.h"
#include "hmem/nn/layers.h"

namespace hmem {

/// Sizes that follow from the data, and how words become vectors.
struct QaConfig {
  int64_t vocabulary = 0;          ///< V, nil and time words included
  int64_t words_per_sentence = 0;  ///< W
  int64_t embeddings_size = 80;    ///< E
  EncodingType encoding = EncodingType::learned;

  template <typename Visitor>
  void visit(Visitor&& v) {
    v("embeddings_size", embeddings_size, IntRange{1, 4096}, "size of the word vectors");
    v("encodings_type", encoding, Names{"identity_encoding", "position_encoding", "learned_encoding"},
      "how the words of a sentence are weighted");
  }
  /// Settings for training only, which model files do not hold: dropout rates.
  template <typename Visitor>
  void visit_training(Visitor&& /*v*/) {}

  /// Description of contradictory settings; "": none.
  std::string contradiction() const { return ""; }
  /// Throws Error on sizes that are not positive.
  void check_sizes() const;
};

/// From a batch of stories and questions to words: logits [B, V]. By convention every model has "embedding.weight"
/// [V, E] (SentenceEncoder) and "output.weight" [.., V]: files are checked by them.
class QaModel : public Network {
 public:
  /// In training mode moving averages follow this batch.
  virtual Var forward(Tape& tape, const BabiBatch& batch) = 0;
  /// The settings that its model file keeps, under the names of the flags.
  virtual Settings settings() const = 0;
};

}  // namespace hmem
