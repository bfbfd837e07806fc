#pragma once
/// \file run_log.h
/// The output of a run: `key=value` lines for people and, with `--out`, the same as JSON lines for programs.

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "hmem/core/files.h"

namespace hmem {

/// Ordered keys and values of one line.
class Record {
 public:
  Record& add_int(std::string key, int64_t value);
  /// Rounded to `digits` significant digits, in text and JSON alike.
  Record& add_real(std::string key, double value, int digits = 6);
  Record& add_text(std::string key, const std::string& value);
  /// All fields of `other` after ours.
  Record& append(const Record& other);

  /// `task_id=4 loss=0.25 data="a path"`: text that would not read back as one word is quoted as in JSON.
  std::string to_text() const;
  /// `{"task_id":4,"loss":0.25,"data":"a path"}`; NaN and infinities are null.
  std::string to_json() const;

 private:
  struct Field {
    std::string key;
    std::string text;
    std::string json;
  };
  std::vector<Field> fields_;
};

/// Writes the lines of a run to `out` and, when `json_path` is not empty, to that file as JSON objects whose first key
/// is "event". Every line is flushed, so a killed run loses nothing it has printed. The file is opened in the
/// constructor: a path that cannot be written throws Error before the training, not after it. A full disk and a closed
/// `out` throw as well.
class RunLog {
 public:
  using OpenMode = LineFile::Mode;

  explicit RunLog(std::ostream& out, const std::string& json_path = "", OpenMode mode = OpenMode::truncate);

  /// Quiet: only final lines go to `out`; the file still gets everything.
  void set_quiet(bool quiet) { quiet_ = quiet; }

  /// `key=value ...`; event "header".
  void write_header(const Record& record);
  /// `key=value ...`; event "epoch".
  void write_epoch(const Record& record);
  /// `task key=value ...`; event "task". Results of one of several tasks, before the final line.
  void write_task(const Record& record);
  /// `final key=value ...`; event "final".
  void write_final(const Record& record);
  /// Only into the file; event "answers". How often each answer was given, for programs.
  void write_answers(const Record& record);
  /// `note: text`; event "note". Facts that the user should know: generated data, stories left out.
  void write_note(std::string_view text);

 private:
  void write(std::string_view event, const std::string& line, const Record& record);
  void write_json(std::string_view event, const Record& record);

  std::ostream& out_;
  bool quiet_ = false;
  std::optional<LineFile> json_file_;
};

}  // namespace hmem
