#include "hmem/tasks/babi/keras_csv_log.h"

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
    CHECK(read_file(path).find("\n1,1,") != std::string::npos);  // each line is written at once
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

TEST_CASE("a run that continues keeps the lines of the epochs before it", "[csv]") {
  const TempFolder folder;
  const std::string path = folder.file("a.log"), header = "epoch,accuracy,loss,lr,val_accuracy,val_loss\n";
  const std::string rows = "0,1,1,1,1,1\n1,2,2,2,2,2\n2,3,3,3,3,3\n";
  const auto continued = [&](const std::string& content, int64_t epoch) {
    folder.write("a.log", content);
    { KerasCsvLog log(path, epoch); }
    return read_file(path);
  };
  CHECK(continued(header + rows, 2) == header + "0,1,1,1,1,1\n1,2,2,2,2,2\n");
  CHECK(continued(header + rows + "error [%]\n50\n", 3) == header + rows);
  CHECK(continued(header + rows, 0) == header);
  CHECK(continued(header + "0,1,1,1,1,1\n1,2,2", 2) == header + "0,1,1,1,1,1\n");  // half a line
  CHECK(continued(header + "0,1,1,1,1,1\n1,2", 2) == header + "0,1,1,1,1,1\n");
  CHECK(continued("", 2) == header);
  KerasCsvLog fresh(folder.file("new/b.log"), 2);
  fresh.write_epoch(report(2, {1, 50}, {1, 50}));
  CHECK(read_file(folder.file("new/b.log")) == header + "2,0.5,1,0.003,0.5,1\n");
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
  CHECK(error_text([&] { KerasCsvLog log(path); }).find("cannot make the folder") == 0);
}
