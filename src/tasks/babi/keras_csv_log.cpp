#include "hmem/tasks/babi/keras_csv_log.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

constexpr char kHeader[] = "epoch,accuracy,loss,lr,val_accuracy,val_loss\n";

/// The complete lines of the epochs before `end` in the file, from epoch 0 on without a gap.
std::string rows_before(const std::string& path, int64_t end) {
  std::string rows, line;
  std::ifstream file(path);
  std::getline(file, line);
  for (int64_t epoch = 0; epoch < end; ++epoch) {
    std::getline(file, line);
    const bool whole = file.good() && line.rfind(std::to_string(epoch) + ",", 0) == 0;  // !good: no end of the line
    if (!whole) break;
    rows += line + "\n";
  }
  return rows;
}

}  // namespace

KerasCsvLog::KerasCsvLog(const std::string& path, int64_t first_epoch) : path_(path) {
  std::error_code ignored;  // if the folder cannot be made, opening the file fails
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  if (first_epoch > 0) {
    write_file(path, kHeader + rows_before(path, first_epoch));
  }
  file_.reset(std::fopen(path.c_str(), first_epoch > 0 ? "a" : "w"));
  HMEM_CHECK(file_ != nullptr, "cannot write ", quote(path), ": ", std::strerror(errno));
  if (first_epoch == 0) write(kHeader);
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
