#pragma once
/// \file cache.h
/// Decoded pictures of a folder, kept in one file so that the next run need not decode.

#include <cstdint>
#include <filesystem>
#include <string>

#include "hmem/data/images/folder.h"

namespace hmem {

/// Hash of the names, sizes and times of the files and of the image size: when it changes, the cache is rebuilt.
uint64_t image_fingerprint(const ImageFolder& listed, const ImageSize& size);

/// `images-<hash of the folder and size>.bin` in default_cache_folder(); empty without one.
std::string default_image_cache(const std::filesystem::path& folder, const ImageSize& size);

/// Pictures of `folder` from the file `cache_path` when its fingerprint and checksum are right; else they are decoded
/// and the file is replaced in one step. "default" means default_image_cache(), an empty `cache_path` no cache. A cache
/// that cannot be written is not an error, only noted. Throws Error as list_image_folder and decode_image_folder do.
ImageData read_image_folder(const std::filesystem::path& folder, const ImageSize& size, const std::string& cache_path,
                            const ShowProgress& show = {});

}  // namespace hmem
