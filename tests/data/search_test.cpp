#include "hmem/data/search.h"

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "support/error_text.h"
#include "support/surroundings.h"
#include "support/temp_folder.h"

using namespace hmem;
using namespace hmem::test;

namespace {

/// Path and name of the folder that holds a file `data`, itself or in `set`.
std::string found(const std::string& data_dir, const std::filesystem::path& program) {
  const auto data = find_data(
      data_dir, {"", "set"}, [](const auto& folder) { return is_file(folder / "data"); }, program);
  return data ? data->path.string() + " = " + data->name : "nothing";
}

}  // namespace

TEST_CASE("search order: $HMEM_DATA, ./datasets, beside the program; or data_dir alone", "[data]") {
  const TempFolder folder;
  folder.write("here/empty", "");
  const Surroundings surroundings(folder.file("root"), folder.path() / "here");
  const auto program = folder.path() / "install/bin";
  CHECK(found("", program) == "nothing");
  folder.write("install/share/hmem/set/data", "");
  CHECK(found("", program) == folder.file("install/share/hmem/set") + " = share/hmem/set beside the program's folder");
  folder.write("install/datasets/set/data", "");
  CHECK(found("", program) == folder.file("install/datasets/set") + " = datasets/set beside the program's folder");
  CHECK(found("", {}) == "nothing");
  folder.write("install/datasets/data", "");
  CHECK(found("", program) == folder.file("install/datasets") + " = datasets beside the program's folder");
  folder.write("here/datasets/set/data", "");
  CHECK(found("", program) == "datasets/set = datasets/set");
  folder.write("root/set/data", "");
  CHECK(found("", program) == folder.file("root/set") + " = $HMEM_DATA/set");

  CHECK(found("mine", program) == "nothing");
  folder.write("here/mine/set/data", "");
  CHECK(found("mine", program) == "mine/set = mine/set");
  CHECK(found("mine/set", program) == "mine/set = mine/set");
}

TEST_CASE("an empty $HMEM_DATA is not the current folder", "[data]") {
  const TempFolder folder;
  folder.write("set/data", "");
  const Surroundings surroundings("", folder.path());
  CHECK(found("", {}) == "nothing");
}

TEST_CASE("the names in a folder are sorted, hidden ones left out", "[data]") {
  const TempFolder folder;
  for (const char* name : {"b", "a", ".hidden", "c/d"}) folder.write(name, "");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"a", "b", "c"});
  CHECK(error_text([&] { names_in(folder.file("none")); }).find(folder.file("none") + ": cannot be listed: ") == 0);
}
