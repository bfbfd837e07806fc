#include "hmem/train/keras_csv_log.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

KerasCsvLog::KerasCsvLog(const std::string& path) : path_(path) {
  std::error_code ignored;  // a folder that cannot be made shows when the file is opened
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  file_.reset(std::fopen(path.c_str(), "w"));
  HMEM_CHECK(file_ != nullptr, "cannot write ", quote(path), ": ", std::strerror(errno));
  write("epoch,accuracy,loss,lr,val_accuracy,val_loss\n");
}

void KerasCsvLog::write_epoch(const EpochReport& report) {
  const auto cell = [](double value) { return std::isnan(value) ? std::string() : format_real(value, 8); };
  write(std::to_string(report.epoch) + "," + cell(1 - report.train.error / 100) + "," + cell(report.train.loss) + "," +
        cell(report.learning_rate) + "," + cell(1 - report.validation.error / 100) + "," +
        cell(report.validation.loss) + "\n");
}

void KerasCsvLog::write_test(double error) { write("error [%]\n" + format_real(error, 8) + "\n"); }

void KerasCsvLog::write(const std::string& line) {
  const bool written = std::fputs(line.c_str(), file_.get()) >= 0 && std::fflush(file_.get()) == 0;
  HMEM_CHECK(written, "cannot write ", quote(path_), ": ", std::strerror(errno));
}

}  // namespace hmem
