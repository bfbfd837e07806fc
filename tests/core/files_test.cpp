#include "hmem/core/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/core/program.h"
#include "support/error_text.h"
#include "support/surroundings.h"
#include "support/temp_folder.h"

namespace hmem {
namespace {

using test::error_text;
using test::TempFolder;

TEST_CASE("folders and files are distinguished, a missing path is neither", "[core]") {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  CHECK(program_folder() == program.parent_path());
  CHECK(is_folder(program_folder()));
  CHECK_FALSE(is_file(program_folder()));
  CHECK(is_file(program));
  CHECK_FALSE(is_folder(program));
  CHECK(file_exists(program));
  for (const char* nothing : {"/proc/self/none", "/proc/self/exe/below"}) {
    CHECK_FALSE(is_folder(nothing));
    CHECK_FALSE(is_file(nothing));
    CHECK_FALSE(file_exists(nothing));
  }
}

TEST_CASE("a path that the system cannot examine is an error, not an absent file", "[core][bad]") {
  const TempFolder folder;
  std::filesystem::create_symlink("circle", folder.path() / "circle");
  for (const std::string& path : {folder.file("circle"), std::string(5000, 'x')}) {
    CHECK(error_text([&] { file_exists(path); }).find(path + ": cannot be examined: ") == 0);
    CHECK_THROWS_AS(is_file(path), Error);
    CHECK_THROWS_AS(is_folder(path), Error);
    CHECK_THROWS_AS(open_file(path), Error);
  }
}

TEST_CASE("files are read whole; pipes, folders and large files are refused", "[core]") {
  const TempFolder folder;
  const std::string path = folder.write("file", std::string("a\0b\n", 4));
  CHECK(read_file(path, 4) == std::string("a\0b\n", 4));
  CHECK(error_text([&] { read_file(path, 3); }) == path + ": 4 bytes, expected at most 3");
  CHECK(error_text([&] { open_file(folder.file("none")); }).find(": cannot be read: there is no such file") !=
        std::string::npos);
  CHECK(error_text([&] { open_file(folder.path().string()); }).find(": is a folder, expected a file") !=
        std::string::npos);
  const std::string pipe = folder.file("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(error_text([&] { open_file(pipe); }) == pipe + ": is not a regular file");
}

TEST_CASE("folders are made with those above them", "[core]") {
  const TempFolder folder;
  make_folder(folder.path() / "a/b");
  make_folder(folder.path() / "a/b");
  make_folder("");
  CHECK(is_folder(folder.path() / "a/b"));
  folder.write("file", "");
  CHECK(error_text([&] { make_folder(folder.path() / "file/below"); }).find("cannot make the folder '") == 0);
}

TEST_CASE("lines of a second writer never mix with ours", "[core]") {
  const TempFolder folder;
  const std::string path = folder.write("lines", "old\nhal");
  {
    LineFile first(path, LineFile::Mode::append);
    first.write("new\n");
    for (const auto mode : {LineFile::Mode::append, LineFile::Mode::truncate}) {
      CHECK(error_text([&] { LineFile second(path, mode); }) ==
            "cannot write '" + path + "': another process is writing it");
    }
    first.write("er\n");
  }
  CHECK(test::read_file(path) == "old\nhal\nnew\ner\n");
  LineFile(path, LineFile::Mode::truncate).write("x\n");
  CHECK(test::read_file(path) == "x\n");
}

TEST_CASE("the cache folder follows the XDG specification", "[core]") {
  const auto with = [](const char* cache, const char* home) {
    const test::Variable of_cache("XDG_CACHE_HOME", cache), of_home("HOME", home);
    return default_cache_folder();
  };
  CHECK(with("/x/cache", "/home/ann") == "/x/cache/hmem");
  CHECK(with("", "/home/ann") == "/home/ann/.cache/hmem");
  CHECK(with("relative", "/home/ann") == "/home/ann/.cache/hmem");
  CHECK(with("", "").empty());
}

}  // namespace
}  // namespace hmem
