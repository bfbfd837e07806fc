#include "hmem/train/model_file.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/safetensors.h"
#include "hmem/core/text.h"

namespace hmem {

struct ModelFile::Contents {
  SafetensorsFile file;
};

void check_writable(const std::string& path) {
  if (!path.empty()) AtomicFile probe(path);
}

void save_model(const std::string& path, const ModelInfo& info, const std::vector<Parameter*>& parameters,
                const std::vector<Buffer*>& buffers, const std::vector<Parameter*>& halves) {
  std::vector<NamedView> tensors;
  for (Parameter* parameter : parameters) {
    const bool half = std::find(halves.begin(), halves.end(), parameter) != halves.end();
    tensors.push_back({parameter->name, parameter->value.view(), half});
  }
  for (const Buffer* buffer : buffers) tensors.push_back({buffer->name, buffer->value.view()});
  write_safetensors(path, info, tensors);
}

ModelFile::ModelFile(const std::string& path) : path_(path), contents_(new Contents{read_safetensors(path)}) {}
ModelFile::~ModelFile() = default;

const ModelInfo& ModelFile::info() const { return contents_->file.metadata; }

const std::string& ModelFile::require(const std::string& key) const {
  const auto found = info().find(key);
  HMEM_CHECK(found != info().end(), path_, ": no '", key,
             "' in the metadata; the file is damaged, or another program wrote it");
  return found->second;
}

void ModelFile::expect_model() const {
  HMEM_CHECK(info().count(kCheckpointFormatKey) == 0, path_, ": is a checkpoint, expected a model: the file of --save");
}

const Shape& ModelFile::shape_of(const std::string& tensor) const {
  const Tensor* found = contents_->file.find(tensor);
  HMEM_CHECK(found, path_, ": no tensor '", tensor, "'; the file holds another kind of model");
  return found->shape();
}

void ModelFile::copy_to(const std::vector<Parameter*>& parameters, const std::vector<Buffer*>& buffers) const {
  std::vector<std::pair<std::string, Tensor*>> targets;
  for (Parameter* parameter : parameters) targets.emplace_back(parameter->name, &parameter->value);
  for (Buffer* buffer : buffers) targets.emplace_back(buffer->name, &buffer->value);

  std::set<std::string> known;
  for (const auto& [name, target] : targets) {
    known.insert(name);
    const Shape& shape = shape_of(name);
    HMEM_CHECK(shape == target->shape(), path_, ": tensor '", name, "' has shape ", shape, ", expected ",
               target->shape());
    const Tensor* source = contents_->file.find(name);
    HMEM_CHECK(std::all_of(source->begin(), source->end(), [](real x) { return std::isfinite(x); }), path_,
               ": tensor '", name, "' holds values that are not finite");
  }
  for (const NamedTensor& tensor : contents_->file.tensors) {
    HMEM_CHECK(known.count(tensor.name) == 1, path_, ": tensor '", tensor.name,
               "' is not part of this model; the file holds another kind of model");
  }
  for (const auto& [name, target] : targets) {
    const Tensor& source = *contents_->file.find(name);
    std::copy(source.begin(), source.end(), target->begin());
  }
}

}  // namespace hmem
