#include "hmem/data/babi/files.h"

#include <cstdlib>

#include "catch.h"
#include "hmem/core/check.h"
#include "hmem/data/babi/vectorise.h"
#include "support/error_text.h"
#include "support/surroundings.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::contains;
using hmem::test::error_text;
using hmem::test::Surroundings;
using hmem::test::TempFolder;

namespace fs = std::filesystem;

namespace {

const char kStory[] = "1 A b.\n2 Where?\tc\t1\n";

}  // namespace

TEST_CASE("a task's file is found by its name alone", "[babi]") {
  const TempFolder folder;
  folder.write("train_test/qa1_some-name_train.txt", kStory);
  folder.write("train_test/qa1_some-name_test.txt", kStory);
  folder.write("train_test/qa11_other_train.txt", kStory);
  folder.write("train_test/qa1_train.txt", kStory);
  folder.write("train_test/qa1_some-name_train.txt.bak", kStory);
  const fs::path where = folder.path() / "train_test";
  CHECK(find_babi_file(where, 1, BabiPart::train) == where / "qa1_some-name_train.txt");
  CHECK(find_babi_file(where, 1, BabiPart::test) == where / "qa1_some-name_test.txt");
  CHECK(find_babi_file(where, 11, BabiPart::train) == where / "qa11_other_train.txt");

  const std::string missing = error_text<Error>([&] { find_babi_file(where, 2, BabiPart::train); });
  INFO(missing);
  CHECK(contains(missing, where.string() + ": there is no file qa2_*_train.txt; the folder holds "));
  CHECK(contains(missing, "qa11_other_train.txt"));

  folder.write("train_test/qa1_again_train.txt", kStory);
  const std::string two = error_text<Error>([&] { find_babi_file(where, 1, BabiPart::train); });
  INFO(two);
  CHECK(contains(two, "expected one file qa1_*_train.txt, found qa1_again_train.txt, qa1_some-name_train.txt"));

  CHECK(contains(error_text<Error>([&] { find_babi_file(folder.path() / "none", 1, BabiPart::test); }),
                 (folder.path() / "none").string() + ": cannot be listed: "));
}

TEST_CASE("a folder of tasks itself may be named, with a validation file", "[babi]") {
  const TempFolder folder;
  folder.write("archive/en-valid-10k/qa1_train.txt", std::string(kStory) + kStory);
  folder.write("archive/en-valid-10k/qa1_valid.txt", kStory);
  folder.write("archive/en-valid-10k/qa1_test.txt", kStory);
  folder.write("archive/hn/qa2_x_train.txt", kStory);
  const std::string valid = folder.file("archive/en-valid-10k");
  const BabiSource source = find_babi(valid, {});
  CHECK(source.direct);
  CHECK(source.description == "bAbI stories from " + valid);
  CHECK(load_babi(source, 1, "10k", BabiPart::train).questions.size() == 2);
  CHECK(load_babi(source, 1, "1k", BabiPart::test).questions.size() == 1);
  REQUIRE(load_babi_validation(source, 1).has_value());
  CHECK(load_babi_validation(source, 1)->questions.size() == 1);
  CHECK_FALSE(load_babi_validation(find_babi(folder.file("archive/hn"), {}), 2).has_value());
  CHECK(contains(error_text([&] { find_babi(folder.file("archive"), {}); }),
                 "holds neither en/ nor en-10k/; did you mean " + valid + "?"));
}

TEST_CASE("the training set size names the folder", "[babi]") {
  const TempFolder folder;
  folder.write("en/qa1_x_train.txt", kStory);
  folder.write("en-10k/qa1_x_train.txt", std::string(kStory) + kStory);
  const BabiSource source = find_babi(folder.path().string(), {});
  CHECK(load_babi(source, 1, "1k", BabiPart::train).questions.size() == 1);
  CHECK(load_babi(source, 1, "10k", BabiPart::train).questions.size() == 2);
  CHECK(load_babi(source, 1, "1k", BabiPart::train).source == folder.file("en/qa1_x_train.txt"));
  CHECK_THROWS_AS(load_babi(source, 1, "2k", BabiPart::train), UsageError);
  CHECK_THROWS_AS(load_babi(source, 0, "1k", BabiPart::train), UsageError);
  CHECK_THROWS_AS(load_babi(source, 21, "1k", BabiPart::train), UsageError);
}

TEST_CASE("search order: data_dir, $HMEM_DATA, ./datasets, beside the program, generated", "[babi]") {
  const TempFolder folder;
  const std::string babi = "babi/tasks_1-20_v1-2/";
  const std::string program = folder.file("install/bin");
  folder.write("here/empty.txt", "");
  const Surroundings surroundings(folder.file("data"), folder.path() / "here");

  BabiSource source = find_babi("", program);
  CHECK(source.generated());
  CHECK(contains(source.description, "generated in the process: no official ones found"));

  folder.write("install/datasets/" + babi + "en/qa1_x_train.txt", kStory);
  source = find_babi("", program);
  CHECK(source.folder == folder.file("install/datasets/" + babi.substr(0, babi.size() - 1)));
  CHECK(source.description == "bAbI stories from datasets/babi/tasks_1-20_v1-2 beside the program's folder");
  CHECK(find_babi("", "").generated());

  folder.write("here/datasets/" + babi + "en-10k/qa1_x_train.txt", kStory);
  source = find_babi("", program);
  CHECK(source.folder == "datasets/babi/tasks_1-20_v1-2");
  CHECK(source.description == "bAbI stories from datasets/babi/tasks_1-20_v1-2");

  folder.write("data/" + babi + "en/qa1_x_train.txt", kStory);
  source = find_babi("", program);
  CHECK(source.folder == folder.file("data/babi/tasks_1-20_v1-2"));
  CHECK(source.description == "bAbI stories from $HMEM_DATA/babi/tasks_1-20_v1-2");

  folder.write("mine/en/qa1_x_train.txt", kStory);
  source = find_babi(folder.file("mine"), program);
  CHECK(source.folder == folder.file("mine"));
  CHECK(source.description == "bAbI stories from " + folder.file("mine"));

  source = find_babi("generated", program);
  CHECK(source.generated());
  CHECK(source.description == "bAbI stories generated in the process, as asked");
}

TEST_CASE("a data_dir that is invalid is an error, not another source", "[bad]") {
  const TempFolder folder;
  CHECK(contains(error_text<Error>([&] { find_babi(folder.file("none"), {}); }),
                 folder.file("none") + ": there is no such folder"));
  CHECK(contains(error_text<Error>([&] { find_babi(folder.path().string(), {}); }),
                 folder.path().string() + ": holds neither en/ nor en-10k/ nor files qa*_train.txt, expected"));
  folder.write("above/babi/tasks_1-20_v1-2/en/qa1_x_train.txt", kStory);
  CHECK(contains(error_text<Error>([&] { find_babi(folder.file("above"), {}); }),
                 "did you mean " + folder.file("above/babi/tasks_1-20_v1-2") + "?"));
  CHECK(contains(error_text<Error>([&] { find_babi(folder.file("above/babi"), {}); }),
                 "did you mean " + folder.file("above/babi/tasks_1-20_v1-2") + "?"));
}

TEST_CASE("generated stories come in the official sizes and depend on the seed", "[babi]") {
  const BabiSource source = find_babi("generated", {});
  const BabiStories train = load_babi(source, 1, "1k", BabiPart::train, 7);
  const BabiStories test = load_babi(source, 1, "10k", BabiPart::test, 7);
  CHECK(train.source == "generated task 1 train");
  CHECK(train.questions.size() == 1000);
  CHECK(test.questions.size() == 1000);
  CHECK(load_babi(source, 1, "10k", BabiPart::train, 7).questions.size() == 10000);
  CHECK(load_babi(source, 1, "1k", BabiPart::train, 7).statements == train.statements);
  CHECK(load_babi(source, 1, "1k", BabiPart::train, 8).statements != train.statements);
  CHECK(test.statements != train.statements);
}
