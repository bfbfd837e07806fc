#include "hmem/data/search.h"

#include <algorithm>
#include <cstdlib>

#include "hmem/core/check.h"

namespace hmem {

namespace fs = std::filesystem;

std::optional<FoundData> find_data(const std::string& data_dir, const std::vector<std::string>& places,
                                   const std::function<bool(const fs::path&)>& holds, const fs::path& program_folder) {
  struct Root {
    fs::path folder;
    std::string name, after;
  };
  std::vector<Root> roots = {{data_dir, data_dir, ""}};
  if (data_dir.empty()) {
    const char* variable = std::getenv("HMEM_DATA");
    roots = {{variable != nullptr ? variable : "", "$HMEM_DATA", ""},
             {"datasets", "datasets", ""},
             {program_folder.parent_path() / "datasets", "datasets", " beside the program's folder"},
             {program_folder.parent_path() / "share" / "hmem", "share/hmem", " beside the program's folder"}};
  }
  for (const auto& [folder, name, after] : roots) {
    for (const std::string& place : places) {
      if (folder.empty() || !holds(folder / place)) continue;
      return place.empty() ? FoundData{folder, name + after} : FoundData{folder / place, name + "/" + place + after};
    }
  }
  return std::nullopt;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::error_code status;
  fs::directory_iterator entries(folder, status);
  HMEM_CHECK(!status, folder.string(), ": cannot be listed: ", status.message());
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (name[0] != '.') names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace hmem
