#include "hmem/data/search.h"

#include <cstdlib>

#include "hmem/core/check.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

const char kBabi[] = "babi/tasks_1-20_v1-2";

bool holds_babi(const fs::path& folder) { return is_folder(folder / "en") || is_folder(folder / "en-10k"); }

BabiSource from_user(const std::string& data_dir) {
  const fs::path folder = data_dir;
  HMEM_CHECK(
      is_folder(folder), data_dir,
      ": there is no such folder, expected the one that holds en/ and en-10k/ (get it with datasets/fetch.sh babi)");
  if (!holds_babi(folder)) {
    for (const char* below : {"tasks_1-20_v1-2", kBabi}) {
      HMEM_CHECK(!holds_babi(folder / below), data_dir, ": holds neither en/ nor en-10k/; did you mean ",
                 (folder / below).string(), "?");
    }
    fail(data_dir, ": holds neither en/ nor en-10k/, expected the folder tasks_1-20_v1-2 of the bAbI tasks");
  }
  return {folder, "bAbI stories from " + data_dir};
}

}  // namespace

BabiSource find_babi(const std::string& data_dir, const fs::path& program_folder) {
  if (data_dir == "generated") return {{}, "bAbI stories generated in the process, as asked"};
  if (!data_dir.empty()) return from_user(data_dir);

  const char* root = std::getenv("HMEM_DATA");
  if (root != nullptr && *root != '\0' && holds_babi(fs::path(root) / kBabi)) {
    return {fs::path(root) / kBabi, std::string("bAbI stories from $HMEM_DATA/") + kBabi};
  }
  const fs::path local = fs::path("datasets") / kBabi;
  if (holds_babi(local)) return {local, "bAbI stories from " + local.string()};
  if (!program_folder.empty() && holds_babi(program_folder.parent_path() / local)) {
    return {program_folder.parent_path() / local,
            "bAbI stories from " + local.string() + " beside the program's folder"};
  }
  return {
      {},
      "bAbI stories generated in the process: no official ones found (get them with datasets/fetch.sh babi, or name "
      "their folder with --data_dir)"};
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

fs::path program_folder() {
  std::error_code unknown;
  const fs::path program = fs::read_symlink("/proc/self/exe", unknown);
  return unknown ? fs::path() : program.parent_path();
}

}  // namespace hmem
