#include "hmem/sweep/report.h"

#include <limits>
#include <numeric>

#include "hmem/core/text.h"

namespace hmem {

const RunResult& RunGroup::best() const {
  const auto error = [](const RunResult& run) {
    return run.val_error.value_or(std::numeric_limits<double>::infinity());
  };
  return *std::min_element(runs.begin(), runs.end(), [&](const RunResult& a, const RunResult& b) {
    return error(a) != error(b) ? error(a) < error(b) : a.seed < b.seed;
  });
}

Spread spread_of(std::vector<double> values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  std::sort(values.begin(), values.end());
  const double median = (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
  return {sum / static_cast<double>(values.size()), values.front(), values.back(), median};
}

Spread spread_of(const RunGroup& group) {
  std::vector<double> errors;
  for (const RunResult& run : group.runs) errors.push_back(run.test_error);
  return spread_of(errors);
}

std::string text_table(const Table& table, size_t left) {
  std::vector<size_t> widths(table[0].size());
  for (const Row& row : table) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : table) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - row[i].size(), ' ');
      text += (i > 0 ? "  " : "") + (i < left ? row[i] + blanks : blanks + row[i]);
    }
    text += '\n';
  }
  return text;
}

std::string markdown_table(const Table& table) {
  std::string text;
  for (size_t r = 0; r < table.size(); ++r) {
    Row cells = table[r];
    for (std::string& cell : cells) cell = markdown_text(cell);
    text += "| " + join(cells, " | ") + " |\n";
    if (r > 0) continue;
    for (size_t i = 0; i < table[r].size(); ++i) text += "|---";
    text += "|\n";
  }
  return text;
}

std::string csv_field(const std::string& text) {
  std::string field = "\"";
  if (!text.empty() && std::string("=+-@\t").find(text[0]) != std::string::npos) field += '\'';
  for (const char c : one_line(text)) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

std::string markdown_text(const std::string& text) {
  std::string safe;
  for (const char c : one_line(text)) {
    safe += c == '|' ? "\\|" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return safe;
}

std::string metric_text(double value) { return format_real(value, 4); }

}  // namespace hmem
