#pragma once
/// \file report.h
/// Results of runs that differ in the seed only, and tables of them.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hmem {

/// The results of one run.
struct RunResult {
  int64_t seed = 0;
  std::optional<double> val_error;  ///< in %; none without validation examples
  double test_error = 0;            ///< in %
  int64_t epochs = 0;
  double seconds = 0;
};

/// Runs that differ in the seed only.
struct RunGroup {
  std::vector<RunResult> runs;

  /// Lowest validation error, then smallest seed.
  const RunResult& best() const;
};

struct Spread {
  double mean = 0, min = 0, max = 0;
  double median = 0;  ///< mean of the two in the middle when the number of values is even
};
Spread spread_of(std::vector<double> values);
/// Of the test errors.
Spread spread_of(const RunGroup& group);

/// Items that share a key, in the order in which the keys come first.
template <typename Item, typename Key>
std::vector<std::vector<const Item*>> group_by(const std::vector<Item>& items, const Key& key_of) {
  std::vector<std::vector<const Item*>> groups;
  std::map<decltype(key_of(items.front())), size_t> place;
  for (const Item& item : items) {
    const auto [found, is_new] = place.try_emplace(key_of(item), groups.size());
    if (is_new) groups.emplace_back();
    groups[found->second].push_back(&item);
  }
  return groups;
}

/// A table: the first row is its head.
using Row = std::vector<std::string>;
using Table = std::vector<Row>;
/// Columns for a terminal, aligned right; the first `left` of them left.
std::string text_table(const Table& table, size_t left);
std::string markdown_table(const Table& table);
/// `text` without what Markdown and HTML would interpret.
std::string markdown_text(const std::string& text);
/// Quotes a text as one field of a CSV line; one that a spreadsheet would take for a formula gets an apostrophe.
std::string csv_field(const std::string& text);
/// At most 4 significant digits.
std::string metric_text(double value);

}  // namespace hmem
