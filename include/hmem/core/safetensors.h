#pragma once
/// \file safetensors.h
/// Model and checkpoint files in the safetensors format (https://github.com/huggingface/safetensors):
///
///     8 bytes     n, little-endian
///     n bytes     JSON {"__metadata__": {text: text}, name: {"dtype": .., "shape": [..], "data_offsets": [b, e]}, ..}
///     the rest    the tensors, row-major and little-endian, without gaps
///
/// Files may come from anywhere: everything is checked before memory is allocated. Anything invalid throws Error with
/// the path, what was found and what was expected.
///
/// Files that are written here have a "checksum" in their metadata: a hash of the other metadata and of all tensors, so
/// that a flipped bit is noticed. Reading compares it and leaves it out of `metadata`; files without one are accepted.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hmem/core/tensor.h"

namespace hmem {

struct NamedTensor {
  std::string name;
  std::string dtype;  ///< as stored: "F16", "F32", "F64", "I32", "I64"
  Tensor value;
};

struct NamedView {
  std::string name;
  ConstTensorView value;
  bool half = false;  ///< store as F16, rounded to nearest even
};

struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::vector<NamedTensor> tensors;  ///< in the order of their data
  bool has_checksum = false;         ///< the file had one, and it was right

  /// The tensor of that name or a null pointer.
  const Tensor* find(std::string_view name) const;
};

/// Reads all tensors, converted to `real`. F64 is rounded; a value that `real` cannot hold (a finite number that would
/// become infinite, an integer that would be rounded) is an Error.
SafetensorsFile read_safetensors(const std::string& path);
/// The same from memory; `source` names it in messages.
SafetensorsFile parse_safetensors(std::string_view bytes, const std::string& source);

/// Writes `tensors` in the given order as F32 (F64 in the double build) or F16. The file is written atomically. Throws
/// Error when it cannot be written, on duplicate or reserved names, on text that is not UTF-8, and on a finite number
/// too large for F16.
void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<NamedView>& tensors);

}  // namespace hmem
