#include "hmem/tasks/babi/keras_csv_log.h"

#include <cmath>
#include <filesystem>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

constexpr char kHeader[] = "epoch,accuracy,loss,lr,val_accuracy,val_loss\n";

/// The complete lines of the epochs before `end` in the file, from epoch 0 on without a gap.
std::string rows_before(const std::string& path, int64_t end) {
  std::string rows, line;
  if (!file_exists(path)) return rows;
  std::ifstream file = open_file(path);
  std::getline(file, line);
  for (int64_t epoch = 0; epoch < end; ++epoch) {
    std::getline(file, line);
    const bool whole = file.good() && line.rfind(std::to_string(epoch) + ",", 0) == 0;  // !good: no end of the line
    if (!whole) break;
    rows += line + "\n";
  }
  HMEM_CHECK(!file.bad(), path, ": cannot be read to its end");
  return rows;
}

}  // namespace

KerasCsvLog::KerasCsvLog(const std::string& path, int64_t first_epoch) {
  make_folder(std::filesystem::path(path).parent_path());
  if (first_epoch > 0) {
    write_file(path, kHeader + rows_before(path, first_epoch));
  }
  file_.emplace(path, first_epoch > 0 ? LineFile::Mode::append : LineFile::Mode::truncate);
  if (first_epoch == 0) file_->write(kHeader);
}

void KerasCsvLog::write_epoch(const EpochReport& report) {
  const auto cell = [](double value) { return std::isnan(value) ? std::string() : format_real(value, 8); };
  file_->write(std::to_string(report.epoch) + "," + cell(1 - report.train.error / 100) + "," + cell(report.train.loss) +
               "," + cell(report.learning_rate) + "," + cell(1 - report.validation.error / 100) + "," +
               cell(report.validation.loss) + "\n");
}

void KerasCsvLog::write_test(double error) { file_->write("error [%]\n" + format_real(error, 8) + "\n"); }

}  // namespace hmem
