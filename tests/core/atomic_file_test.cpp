#include "hmem/core/atomic_file.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

namespace hmem {
namespace {

namespace fs = std::filesystem;

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST_CASE("a committed file replaces the old one", "[core]") {
  const test::TempFolder folder;
  const std::string path = folder.write("file", "old and longer");
  AtomicFile file(path);
  file.write("ne", 2);
  file.write("w", 1);
  CHECK(test::read_file(path) == "old and longer");
  file.commit();
  CHECK(test::read_file(path) == "new");
  CHECK(entries(folder.path()) == 1);
  CHECK_THROWS_AS(file.write("x", 1), Error);
  CHECK_THROWS_AS(file.commit(), Error);
}

TEST_CASE("without a commit nothing changes and nothing is left behind", "[core]") {
  const test::TempFolder folder;
  const std::string path = folder.write("file", "old");
  AtomicFile(path).write("new", 3);
  AtomicFile(folder.file("other")).write("new", 3);
  CHECK(test::read_file(path) == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a symbolic link stays a link", "[core]") {
  const test::TempFolder folder;
  const std::string target = folder.write("target", "old"), link = folder.file("link");
  fs::create_symlink("target", link);
  AtomicFile file(link);
  file.write("new", 3);
  file.commit();
  CHECK(fs::is_symlink(link));
  CHECK(test::read_file(target) == "new");
}

TEST_CASE("a symbolic link to a file that does not exist yet stays a link, too", "[core]") {
  const test::TempFolder folder;
  fs::create_directory(folder.path() / "below");
  const std::string link = folder.file("link"), target = folder.file("below/target");
  fs::create_symlink("below/target", link);
  write_file(link, "new");
  CHECK(fs::is_symlink(link));
  CHECK(test::read_file(target) == "new");
  CHECK(entries(folder.path()) == 2);
  fs::create_symlink("circle", folder.path() / "circle");
  CHECK_THROWS_AS(AtomicFile(folder.file("circle")), Error);
}

TEST_CASE("a file that is replaced keeps its permissions", "[core]") {
  const test::TempFolder folder;
  const std::string path = folder.write("file", "old");
  for (const fs::perms permissions : {fs::perms(0600), fs::perms(0640), fs::perms(0755)}) {
    fs::permissions(path, permissions);
    write_file(path, "new");
    CHECK(fs::status(path).permissions() == permissions);
  }
}

TEST_CASE("what a killed process left is removed by the next writer, what a running one writes is not", "[core]") {
  const test::TempFolder folder;
  const std::string path = folder.file("file");
  folder.write("file.tmp-0123456789abcdef", "left behind");
  folder.write("file.tmp-x", "another name");
  folder.write("other.tmp-0123456789abcdef", "another file's");
  AtomicFile first(path), second(path);
  CHECK(entries(folder.path()) == 4);
  first.write("1", 1);
  second.write("2", 1);
  first.commit();
  second.commit();
  CHECK(test::read_file(path) == "2");
  CHECK(entries(folder.path()) == 3);
  CHECK_FALSE(fs::exists(folder.file("file.tmp-0123456789abcdef")));
}

TEST_CASE("a name may have all the length that the system allows", "[core]") {
  const test::TempFolder folder;
  const std::string path = folder.file(std::string(255, 'n'));
  write_file(path, "content");
  CHECK(test::read_file(path) == "content");
}

TEST_CASE("a path that cannot be written is reported before anything is computed", "[core][bad]") {
  const test::TempFolder folder;
  const std::string missing = folder.file("no/such/file");
  CHECK(test::error_text([&] { AtomicFile file(missing); }) ==
        "cannot write '" + missing + "': No such file or directory");
  CHECK(test::error_text([&] { AtomicFile file(folder.path().string()); }).find("not a regular file") !=
        std::string::npos);
  CHECK(test::error_text([&] { AtomicFile file("/dev/null"); }).find("not a regular file") != std::string::npos);
  CHECK_THROWS_AS(AtomicFile(""), Error);
}

TEST_CASE("a write that fails leaves the old file", "[core][bad]") {
  const test::TempFolder folder;
  const std::string path = folder.write("file", "old");
  // A file size limit stands in for a full disk.
  rlimit old_limit{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, old_limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string data(5000, 'x');
  const std::string text = test::error_text([&] {
    AtomicFile file(path);
    file.write(data.data(), data.size());
    file.commit();
  });
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  CHECK(text == "cannot write '" + path + "': File too large");
  CHECK(test::read_file(path) == "old");
  CHECK(entries(folder.path()) == 1);
}

}  // namespace
}  // namespace hmem
