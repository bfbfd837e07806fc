#pragma once
/// \file search.h
/// Where the data come from.

#include <filesystem>
#include <string>

namespace hmem {

/// Where bAbI stories come from.
struct BabiSource {
  std::filesystem::path folder;  ///< holds en/ and en-10k/; empty: stories are generated in the process
  std::string description;       ///< one line for the header of a run, without paths that the user did not write

  bool generated() const { return folder.empty(); }
};

/// The first that holds bAbI stories of: `data_dir`; `$HMEM_DATA/babi/tasks_1-20_v1-2`;
/// `datasets/babi/tasks_1-20_v1-2` below the current folder; the same below the folder above `program_folder`
/// (bin/NAME beside datasets/); else generated stories. With a `data_dir` nothing else is tried: "generated" asks for
/// generated stories, and a folder without en/ and en-10k/ is an Error.
BabiSource find_babi(const std::string& data_dir, const std::filesystem::path& program_folder);

/// Whether it is a folder; a path that cannot be asked is none.
bool is_folder(const std::filesystem::path& path);

/// Folder of the running program; empty where the system does not tell.
std::filesystem::path program_folder();

}  // namespace hmem
