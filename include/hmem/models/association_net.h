#pragma once
/// \file association_net.h
/// The interface of the networks for the image association task.

#include <cstdint>
#include <optional>
#include <string>

#include "hmem/autodiff/ops_nn.h"
#include "hmem/autodiff/tape.h"
#include "hmem/core/check.h"
#include "hmem/core/settings.h"
#include "hmem/nn/layers.h"
#include "hmem/nn/network.h"

namespace hmem {

/// Normalisation behind the dense layer above the features.
enum class FrameNorm {
  batch,  ///< over the batch and all frames: the statistics depend on how many frames are noise
  layer,  ///< of each frame alone (ours): features do not depend on the delay
};

/// Sizes that follow from the images, and what all networks above the ConvNet have.
struct AssociationConfig {
  int64_t features = 1024;
  int64_t classes = 10;
  FrameNorm frame_norm = FrameNorm::batch;
  double dropout = 0.3;

  template <typename Visitor>
  void visit_frame_norm(Visitor&& v) {
    v(later("frame_norm"), frame_norm, Names{"batch", "layer"},
      "normalisation of frames above the ConvNet; batch: over a batch, as in the authors' program; layer: of each "
      "frame");
  }
  template <typename Visitor>
  void visit_training(Visitor&& v) {
    v("dropout", dropout, RealRange::half_open(0, 1), "dropout rate above the ConvNet");
  }
};

/// The normalisation, parameters and buffers below "<name>.".
class FrameNormLayer {
 public:
  FrameNormLayer(const std::string& name, FrameNorm norm, int64_t e) {
    norm == FrameNorm::batch ? void(batch_.emplace(name, e)) : void(layer_.emplace(name, e));
  }
  Var forward(Tape& tape, Var x) { return batch_ ? batch_->forward(tape, x, 0) : layer_->forward(tape, x); }
  void add_to(Weights& weights) { batch_ ? batch_->add_to(weights) : layer_->add_to(weights); }

 private:
  std::optional<BatchNorm> batch_;
  std::optional<LayerNorm> layer_;
};

/// The frames of a batch, B T of them, the steps of an example one after the other. Frames of noise come from a pool,
/// so that many are shown several times: `rows` may hold each frame once, and `ids` says which one is shown. What a
/// network computes from a frame alone, it then computes once.
struct Frames {
  Frames(Var all) : rows(all) {}  // NOLINT: also implicitly
  Frames(Var distinct, const IdTensor& shown) : rows(distinct), ids(&shown) {}

  Var rows;                       ///< features [B T, F]; with ids, [R, F]
  const IdTensor* ids = nullptr;  ///< [B T], in [1, R): row 0 is never shown

  int64_t count() const { return ids != nullptr ? ids->count() : rows.size(0); }
  /// What was computed from `rows`, for all frames that are shown: [B T, n].
  Var shown(Var of_rows) const { return ids != nullptr ? embedding(of_rows, *ids) : of_rows; }
  /// The features of all frames, [B T, F].
  Var all() const { return shown(rows); }
};

/// From the features of a sequence of frames and of a query to the class that was paired with the query.
class AssociationNet : public Network {
 public:
  /// `queries` [B, F]; returns logits [B, classes]. In training mode the moving averages follow this batch. Throws
  /// Error on other shapes.
  virtual Var forward(Tape& tape, const Frames& frames, Var queries) = 0;
  /// The settings that its model file keeps, under the names of the flags.
  virtual Settings settings() const = 0;

 protected:
  /// T of a batch; throws Error, naming `model`, unless the shapes fit each other and `features`.
  static int64_t count_steps(const char* model, const Frames& frames, Var queries, int64_t features) {
    const Shape f = frames.rows.shape(), q = queries.shape();
    const int64_t count = f.rank() == 2 ? frames.count() : 0;
    HMEM_CHECK(q.rank() == 2 && f[1] == features && q[1] == features && q[0] > 0 && count > 0 && count % q[0] == 0,
               model, ": ", count, " frames ", f, " and queries ", q, ", expected [B T, ", features, "] and [B, ",
               features, "]");
    return count / q[0];
  }
};

}  // namespace hmem
