#include "hmem/sweep/run_record.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

using Json = nlohmann::json;

constexpr size_t kMaxLine = size_t{1} << 20;
constexpr double kMaxEpochs = 1e9;
constexpr int kMaxDepth = 2;  // our lines are flat
constexpr const char* kCurves[] = {"train_loss", "train_error", "val_loss", "val_error", "learning_rate", "grad_norm"};

std::map<std::string, std::string> flat_values(const Json& line) {
  std::map<std::string, std::string> values;
  for (const auto& [key, value] : line.items()) {
    if (value.is_string()) values[key] = value.get<std::string>();
    if (value.is_number_integer()) values[key] = value.dump();
    if (value.is_number_float()) values[key] = format_real(value.get<double>());
  }
  return values;
}

/// Nothing for a line that is not a flat JSON object.
std::optional<std::map<std::string, std::string>> parse_line(const std::string& line) {
  if (line.size() > kMaxLine) return std::nullopt;
  const auto flat = [](int depth, Json::parse_event_t, Json&) { return depth <= kMaxDepth; };
  const Json json = Json::parse(line, flat, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  return flat_values(json);
}

}  // namespace

std::optional<double> RunRecord::metric(const std::string& key) const {
  return final_line ? metric_of(*final_line, key) : std::nullopt;
}

std::optional<double> metric_of(const std::map<std::string, std::string>& line, const std::string& key) {
  const auto found = line.find(key);
  if (found == line.end()) return std::nullopt;
  const auto value = parse_number<double>(found->second);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

RunRecord read_run_record(const std::string& path) {
  std::ifstream in = open_file(path);
  RunRecord record;
  std::string line;
  while (std::getline(in, line)) {
    const auto values = parse_line(line);
    if (!values || values->count("event") == 0) {
      ++record.bad_lines;
      continue;
    }
    const std::string& event = values->at("event");
    if (event == "header") {
      if (values->count("program") == 1) {  // a run begins, maybe a resumed one
        record.header.clear();
        record.notes.clear();
        record.tasks.clear();
        record.answers.clear();
        record.final_line.reset();
      }
      record.header.insert(values->begin(), values->end());
    } else if (event == "epoch") {
      const auto epoch = metric_of(*values, "epoch"), error = metric_of(*values, "val_error");
      const auto loss = metric_of(*values, "val_loss");
      if (!epoch || *epoch < 0 || *epoch > kMaxEpochs) continue;
      const auto number = static_cast<int64_t>(*epoch);
      if (error && loss) record.epochs[number] = {*error, *loss};
      for (const char* key : kCurves) {
        if (const auto value = metric_of(*values, key)) record.curves[key][number] = *value;
      }
    } else if (event == "note" && values->count("text") == 1) {
      record.notes.push_back(values->at("text"));
    } else if (event == "task") {
      record.tasks.push_back(*values);
    } else if (event == "answers" && values->count("table") == 1) {
      record.answers = values->at("table");
    } else if (event == "final") {
      record.final_line = *values;
    }
  }
  HMEM_CHECK(!in.bad(), path, ": reading failed before its end");
  return record;
}

}  // namespace hmem
