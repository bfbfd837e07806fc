#pragma once
// What the terminal and the page show alike: the same words, numbers and rows.

#include "hmem/study/explain.h"

namespace hmem::detail {

std::string fixed(double value, int digits = 2);
std::string percent(double p);
/// The number that a sentence has in its story, from 1.
std::string number_of(const Explanation& one, int64_t t);
std::string sentence(const BabiWords& words);
/// At most `limit` bytes, cut between characters.
std::string shortened(const std::string& text, size_t limit);
std::string word(const BabiTask& task, int32_t id);
/// The three words that `values` W_o makes most probable.
std::string nearest_words(const PlainQa& model, const BabiTask& task, const Vector& values);
int64_t largest_of(const double* values, int64_t n);
/// The `count` ids with the largest values, the largest first.
std::vector<int32_t> largest_ids(const Vector& values, size_t count);

/// A kind of term, for each sentence.
struct Column {
  std::string title, id;
  const double* values;     ///< [T]
  std::string of_question;  ///< what the question itself adds; "": nothing
};
std::vector<Column> columns_of(const Explanation& one);
/// What the numbers of a sentence say, by rule.
std::string remarks(const BabiTask& task, const Explanation& one, int64_t t);
/// The `rows` sentences with the largest terms (0: all), in their order.
std::vector<int64_t> shown_rows(const Explanation& one, int64_t rows);
std::string headline(const BabiTask& task, const Explanation& one);
std::string residual_line(const Explanation& one);

}  // namespace hmem::detail
