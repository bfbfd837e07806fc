#include "hmem/core/run_log.h"

#include <algorithm>
#include <cmath>

#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

/// A word needs no quotes if splitting the line at blanks and the field at its first '=' restores it.
bool is_plain_word(std::string_view text) {
  return !text.empty() && is_harmless(text) &&
         std::none_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '"' || c == '\\'; });
}

}  // namespace

Record& Record::add_int(std::string key, int64_t value) {
  const std::string text = std::to_string(value);
  fields_.push_back({std::move(key), text, text});
  return *this;
}

Record& Record::add_real(std::string key, double value, int digits) {
  const std::string text = format_real(value, digits);
  fields_.push_back({std::move(key), text, std::isfinite(value) ? text : "null"});
  return *this;
}

Record& Record::add_text(std::string key, const std::string& value) {
  const std::string json = json_string(value);
  fields_.push_back({std::move(key), is_plain_word(value) ? value : json, json});
  return *this;
}

Record& Record::append(const Record& other) {
  const std::vector<Field> fields = other.fields_;  // a copy: `other` may be *this
  fields_.insert(fields_.end(), fields.begin(), fields.end());
  return *this;
}

std::string Record::to_text() const {
  std::string line;
  for (const Field& field : fields_) line += (line.empty() ? "" : " ") + field.key + "=" + field.text;
  return line;
}

std::string Record::to_json() const {
  std::string json = "{";
  for (const Field& field : fields_) json += (json.size() > 1 ? "," : "") + json_string(field.key) + ":" + field.json;
  return json + "}";
}

RunLog::RunLog(std::ostream& out, const std::string& json_path, OpenMode mode) : out_(out) {
  if (!json_path.empty()) json_file_.emplace(json_path, mode);
}

void RunLog::write(std::string_view event, const std::string& line, const Record& record) {
  if (!quiet_ || event == "final") out_ << line << '\n' << std::flush;
  HMEM_CHECK(out_.good(), "cannot write to the standard output");
  write_json(event, record);
}

void RunLog::write_json(std::string_view event, const Record& record) {
  if (json_file_) {
    json_file_->write(Record().add_text("event", std::string(event)).append(record).to_json() + "\n");
  }
}

void RunLog::write_answers(const Record& record) { write_json("answers", record); }

void RunLog::write_header(const Record& record) { write("header", record.to_text(), record); }

void RunLog::write_epoch(const Record& record) { write("epoch", record.to_text(), record); }

void RunLog::write_task(const Record& record) { write("task", "task " + record.to_text(), record); }

void RunLog::write_final(const Record& record) { write("final", "final " + record.to_text(), record); }

void RunLog::write_note(std::string_view text) {
  write("note", "note: " + one_line(text), Record().add_text("text", std::string(text)));
}

}  // namespace hmem
