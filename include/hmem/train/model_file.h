#pragma once
/// \file model_file.h
/// Trained models as safetensors files, and as a hash.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hmem/core/settings.h"
#include "hmem/core/shape.h"
#include "hmem/nn/network.h"

namespace hmem {

/// Text that describes a model: "model" (its kind), settings, sizes, vocabulary. Stored in the file's metadata.
using ModelInfo = std::map<std::string, std::string>;

/// Metadata key of checkpoints, which are such files too; models do not have it.
constexpr char kCheckpointFormatKey[] = "checkpoint_format";

/// Throws Error if save_model() could not write `path` (empty: nothing to write), without changing anything. Call it
/// before hours of training, not after.
void check_writable(const std::string& path);

/// Throws Error if a file of `bytes` does not fit beside `path` (empty: nothing to write). File systems that do not
/// report their free space pass.
void check_space(const std::string& path, int64_t bytes);
/// About the size of a file with these tensors.
int64_t stored_bytes(const Weights& weights);

/// Writes all parameters and buffers under their names, those in `halves` as float16; the file is written atomically.
void save_model(const std::string& path, const ModelInfo& info, const Weights& weights,
                const std::vector<Parameter*>& halves = {});

/// 64-bit FNV-1a hash of the bytes of all parameters, then buffers, in order.
uint64_t value_hash(const Weights& weights);

/// A model file that has been read: first compare `info`, then copy the values.
class ModelFile {
 public:
  explicit ModelFile(const std::string& path);
  ~ModelFile();
  const ModelInfo& info() const;
  /// Value of `key`; throws Error naming the file when it is missing.
  const std::string& require(const std::string& key) const;
  /// Throws Error when it is a checkpoint or the file of another kind of model.
  void expect_model(const std::string& model) const;
  /// A note for the user when the file has no checksum, so that damage cannot be noticed; "": it has one.
  std::string note() const;
  /// The kind of model; "": not given.
  std::string model() const;
  /// Throws Error unless `key` has this value; `hint` ends the message.
  void expect(const std::string& key, const std::string& value, const std::string& hint) const;
  /// Reads the settings that the file keeps.
  SettingReader settings() const;
  /// Shape of a tensor; throws Error naming the file when it is missing.
  const Shape& shape_of(const std::string& tensor) const;
  /// Throws Error, without changing anything, unless the file has exactly these tensors with these shapes and finite
  /// values.
  void copy_to(const Weights& weights) const;
  const std::string& path() const { return path_; }

 private:
  struct Contents;
  std::string path_;
  std::unique_ptr<Contents> contents_;
};

}  // namespace hmem
