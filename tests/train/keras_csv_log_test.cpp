#include "hmem/train/keras_csv_log.h"

#include <limits>

#include "catch.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::error_text;
using hmem::test::read_file;
using hmem::test::TempFolder;

namespace {

EpochReport report(int64_t epoch, Evaluation train, Evaluation validation) {
  EpochReport result;
  result.epoch = epoch;
  result.learning_rate = 0.003;
  result.train = train;
  result.validation = validation;
  return result;
}

}  // namespace

TEST_CASE("the log of the authors' programs, byte for byte", "[csv]") {
  const TempFolder folder;
  const std::string path = folder.file("results/1_10k_learned_encoding_3-None.log");
  {
    KerasCsvLog log(path);
    CHECK(read_file(path) == "epoch,accuracy,loss,lr,val_accuracy,val_loss\n");
    log.write_epoch(report(0, {1.5, 12.5}, {0.25, 100}));
    log.write_epoch(report(1, {1.0 / 3, 0}, {2, 50}));
    CHECK(read_file(path).find("\n1,1,") != std::string::npos);  // each line is there at once
    log.write_test(0.3);
  }
  CHECK(read_file(path) ==
        "epoch,accuracy,loss,lr,val_accuracy,val_loss\n"
        "0,0.875,1.5,0.003,0,0.25\n"
        "1,1,0.33333333,0.003,0.5,2\n"
        "error [%]\n"
        "0.3\n");
  { KerasCsvLog again(path); }
  CHECK(read_file(path) == "epoch,accuracy,loss,lr,val_accuracy,val_loss\n");
}

TEST_CASE("without validation examples their cells are empty", "[csv]") {
  const TempFolder folder;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  KerasCsvLog log(folder.file("a.log"));
  log.write_epoch(report(0, {1, 50}, {nan, nan}));
  CHECK(read_file(folder.file("a.log")) == "epoch,accuracy,loss,lr,val_accuracy,val_loss\n0,0.5,1,0.003,,\n");
}

TEST_CASE("a log that cannot be written is refused at once", "[csv][bad]") {
  const TempFolder folder;
  const std::string path = folder.write("file", "") + "/a.log";
  CHECK(error_text([&] { KerasCsvLog log(path); }).find("cannot write") == 0);
}
