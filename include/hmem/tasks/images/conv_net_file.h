#pragma once
/// \file conv_net_file.h
/// A pretrained ConvNet14 as a safetensors file: convolution kernels float16, the rest float32.

#include <string>

#include "hmem/models/conv_net14.h"
#include "hmem/train/model_file.h"

namespace hmem {

/// What the file says of the images that the network was trained on: image_data_hash().
constexpr char kImagesHashKey[] = "images_hash";

/// `info` says how it was made; "model" is added. The file appears whole or not at all.
void export_conv_net(const std::string& path, ConvNet14& net, ModelInfo info);

/// Copies the values of such a file and returns what it says. Throws Error, naming the file, when it is not there or
/// holds something else; `net` is unchanged then.
ModelInfo import_conv_net(const std::string& path, ConvNet14& net);

/// `given`, or the first that is there of `weights/convnet14.safetensors` in `data_dir`, $HMEM_DATA, datasets, and
/// datasets beside the program's folder. Throws Error when there is none.
std::string find_conv_net(const std::string& given, const std::string& data_dir);

}  // namespace hmem
