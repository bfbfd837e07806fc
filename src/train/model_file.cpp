#include "hmem/train/model_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/hash.h"
#include "hmem/core/safetensors.h"
#include "hmem/core/text.h"

namespace hmem {

struct ModelFile::Contents {
  SafetensorsFile file;
};

void check_writable(const std::string& path) {
  if (!path.empty()) AtomicFile probe(path);
}

void check_space(const std::string& path, int64_t bytes) {
  if (path.empty()) return;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code unknown;
  const std::filesystem::space_info space = std::filesystem::space(folder.empty() ? "." : folder, unknown);
  if (unknown || space.capacity == 0 || space.available >= static_cast<uintmax_t>(bytes)) return;
  fail("cannot write ", quote(path, 1000), ": ", space.available, " bytes are free there, expected about ", bytes);
}

int64_t stored_bytes(const Weights& weights) {
  int64_t count = 0;
  for (const Parameter* parameter : weights.parameters) count += parameter->value.count();
  for (const Buffer* buffer : weights.buffers) count += buffer->value.count();
  return count * static_cast<int64_t>(sizeof(real));
}

void save_model(const std::string& path, const ModelInfo& info, const Weights& weights,
                const std::vector<Parameter*>& halves) {
  std::vector<NamedView> tensors;
  for (Parameter* parameter : weights.parameters) {
    const bool half = std::find(halves.begin(), halves.end(), parameter) != halves.end();
    tensors.push_back({parameter->name, parameter->value.view(), half});
  }
  for (const Buffer* buffer : weights.buffers) tensors.push_back({buffer->name, buffer->value.view()});
  write_safetensors(path, info, tensors);
}

uint64_t value_hash(const Weights& weights) {
  Fnv1a hash;
  const auto add = [&hash](const Tensor& value) { hash.add_numbers(value.data(), value.count()); };
  for (const Parameter* parameter : weights.parameters) add(parameter->value);
  for (const Buffer* buffer : weights.buffers) add(buffer->value);
  return hash.value();
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

void ModelFile::expect_model(const std::string& expected) const {
  HMEM_CHECK(info().count(kCheckpointFormatKey) == 0, path_, ": is a checkpoint, expected a model: the file of --save");
  HMEM_CHECK(model() == expected, path_, ": model: found ", model().empty() ? "none" : quote(model()), ", expected ",
             quote(expected), "; another program wrote this file");
}

std::string ModelFile::model() const {
  for (const char* key : {"model", "kind"}) {  // "kind" until version 0.1.0
    if (const auto found = info().find(key); found != info().end()) return found->second;
  }
  return "";
}

std::string ModelFile::note() const {
  if (contents_->file.has_checksum) return "";
  return path_ + " has no checksum (another version or program wrote it): whether it is damaged cannot be checked";
}

void ModelFile::expect(const std::string& key, const std::string& value, const std::string& hint) const {
  const std::string& found = require(key);
  HMEM_CHECK(found == value, path_, ": ", key, " is ", quote(found), ", expected ", quote(value), "; ", hint);
}

SettingReader ModelFile::settings() const {
  return {[this](const SettingName& name) -> std::optional<std::string> {
            if (name.later && info().count(name.text) == 0) return std::nullopt;
            return require(name.text);
          },
          path_};
}

const Shape& ModelFile::shape_of(const std::string& tensor) const {
  const Tensor* found = contents_->file.find(tensor);
  HMEM_CHECK(found, path_, ": no tensor '", tensor, "'; the file holds another kind of model");
  return found->shape();
}

void ModelFile::copy_to(const Weights& weights) const {
  std::vector<std::pair<std::string, Tensor*>> targets;
  for (Parameter* parameter : weights.parameters) targets.emplace_back(parameter->name, &parameter->value);
  for (Buffer* buffer : weights.buffers) targets.emplace_back(buffer->name, &buffer->value);

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
