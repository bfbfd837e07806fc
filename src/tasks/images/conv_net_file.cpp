#include "hmem/tasks/images/conv_net_file.h"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "hmem/core/check.h"
#include "hmem/data/search.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

constexpr char kModelKey[] = "model", kModel[] = "convnet14";
constexpr char kFile[] = "weights/convnet14.safetensors";

}  // namespace

void export_conv_net(const std::string& path, ConvNet14& net, ModelInfo info) {
  info[kModelKey] = kModel;
  save_model(path, info, net.parameters(), net.buffers(), net.penalised());
}

ModelInfo import_conv_net(const std::string& path, ConvNet14& net) {
  const ModelFile file(path);
  const auto found = file.info().find(kModelKey);
  HMEM_CHECK(found != file.info().end() && found->second == kModel, path, ": ", kModelKey, ": found ",
             found == file.info().end() ? "none" : found->second, ", expected ", kModel,
             ", as convnet14_cifar10_mnist_joint --export_weights writes it");
  file.copy_to(net.parameters(), net.buffers());
  return file.info();
}

std::string find_conv_net(const std::string& given, const std::string& data_dir) {
  if (!given.empty()) return given;
  std::vector<fs::path> folders;
  if (!data_dir.empty()) folders.emplace_back(data_dir);
  if (const char* root = std::getenv("HMEM_DATA"); root != nullptr && *root != '\0') folders.emplace_back(root);
  folders.emplace_back("datasets");
  if (!program_folder().empty()) folders.push_back(program_folder().parent_path() / "datasets");
  std::error_code ignored;  // a path that cannot be asked is not there for us
  for (const fs::path& folder : folders) {
    if (fs::exists(folder / kFile, ignored)) return (folder / kFile).string();
  }
  fail("there is no pretrained ConvNet: found no ", kFile,
       " in datasets, $HMEM_DATA or --data_dir, expected one (make ",
       "it with convnet14_cifar10_mnist_joint --export_weights=FILE and name it with --pretrained_weights=FILE)");
}

}  // namespace hmem
