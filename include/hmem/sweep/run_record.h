#pragma once
/// \file run_record.h
/// Reads the file that a run wrote with `--out`.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hmem {

/// The last run of a file: settings (header lines; where two have the same key the first holds), notes, the lines of
/// tasks and the final line, values as text.
struct RunRecord {
  std::map<std::string, std::string> header;
  std::vector<std::string> notes;
  std::vector<std::map<std::string, std::string>> tasks;
  /// Validation results of every epoch line, including the runs that this one continues.
  struct Epoch {
    double val_error = 0, val_loss = 0;
  };
  std::map<int64_t, Epoch> epochs;
  /// Values of the epoch lines by name and epoch: losses and errors, learning_rate, grad_norm.
  std::map<std::string, std::map<int64_t, double>> curves;
  /// Table of the test: lines of true answer, tab, answer, tab, count; where they differ, also a tab and the first 20
  /// questions as task/number, separated by commas. Empty: not written.
  std::string answers;
  std::optional<std::map<std::string, std::string>> final_line;
  int bad_lines = 0;  ///< lines that are not JSON objects, such as the last half line of a killed run

  bool finished() const { return final_line.has_value(); }
  /// Value of the final line as a number; nothing when there is none.
  std::optional<double> metric(const std::string& key) const;
};

/// A value of a line as a number; nothing when there is none.
std::optional<double> metric_of(const std::map<std::string, std::string>& line, const std::string& key);

/// Throws Error only when the file cannot be read, never for its content.
RunRecord read_run_record(const std::string& path);

}  // namespace hmem
