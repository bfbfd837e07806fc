#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "hmem/core/check.h"
#include "hmem/core/text.h"
#include "study/explain_rows.h"

namespace hmem {

namespace detail {

std::string fixed(double value, int digits) {
  const double least = 0.5 * std::pow(10.0, -digits);
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, std::abs(value) < least ? 0.0 : value);  // no "-0.00"
  return text;
}

std::string percent(double p) {
  const double hundred = 100 * p;
  return fixed(hundred, hundred >= 99.95 || hundred == 0 ? 0 : 1) + " %";
}

std::string number_of(const Explanation& one, int64_t t) { return std::to_string(t + 1 + one.forgotten); }

std::string sentence(const BabiWords& words) { return one_line(words_text(words)); }

std::string shortened(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (text[limit] & 0xC0) == 0x80) --limit;
  return text.substr(0, limit) + "..";
}

std::string word(const BabiTask& task, int32_t id) { return one_line(class_word(task.vocabulary, id)); }

std::string nearest_words(const PlainQa& model, const BabiTask& task, const Vector& values) {
  const Vector logits = product(values.data(), model.output);
  std::vector<std::string> words;
  for (const int32_t id : largest_ids(logits, 3)) words.push_back(word(task, id));
  return join(words, ", ");
}

int64_t largest_of(const double* values, int64_t n) { return std::max_element(values, values + n) - values; }

std::vector<int32_t> largest_ids(const Vector& values, size_t count) {
  std::vector<int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  order.resize(std::min(order.size(), count));
  return order;
}

std::vector<Column> columns_of(const Explanation& one) {
  const Attribution& at = one.at;
  std::vector<Column> columns = {
      {"writes", "writes", at.writer.data(), at.answer_question != 0 ? fixed(at.answer_question) : ""}};
  constexpr int64_t kHops = 3;  // the last ones
  for (int64_t h = at.steers.rows; h-- > std::max<int64_t>(1, at.steers.rows - kHops);) {
    double question = at.answer_question;
    for (int64_t i = 0; i < at.steers.rows; ++i) {
      question += (i < h ? at.direct : at.question)[static_cast<size_t>(i)];
    }
    columns.push_back(
        {"steers hop " + std::to_string(h + 1), "steers" + std::to_string(h + 1), at.steers.row(h), fixed(question)});
  }
  if (!at.origin_of.empty()) {
    columns.push_back({"origin", "origin", at.origin_of.data(), fixed(at.origin_of.back() + at.answer_question)});
  }
  return columns;
}

std::string remarks(const BabiTask& task, const Explanation& one, int64_t t) {
  const int64_t steps = one.trace.sentences(), hops = one.at.steers.rows;
  const double share = 0.1 * std::abs(one.at.margin);  // smaller ones are not remarked upon
  std::vector<std::string> found;
  const auto largest = [&](const double* values) { return largest_of(values, steps) == t && values[t] > share; };
  if (largest(one.at.writer.data())) found.push_back("largest writer");
  if (hops > 1 && largest(one.at.steers.row(hops - 1))) found.push_back("largest steerer");
  if (!one.at.origin_of.empty() && largest(one.at.origin_of.data())) found.push_back("largest origin");
  if (one.at.writer[static_cast<size_t>(t)] < -share) {
    found.push_back("against: speaks for " + word(task, one.at.other));
  }
  return join(found, ", ");
}

double importance(const Explanation& one, int64_t t) {
  const auto i = static_cast<size_t>(t);
  double most = std::max(std::abs(one.at.writer[i]), std::abs(one.at.margin - one.left_out[i].margin));
  for (int64_t h = 0; h < one.at.steers.rows; ++h) most = std::max(most, std::abs(one.at.steers(h, t)));
  if (!one.at.origin_of.empty()) most = std::max(most, std::abs(one.at.origin_of[i]));
  return one.is_fact(t) ? INFINITY : most;
}

std::vector<int64_t> shown_rows(const Explanation& one, int64_t rows) {
  std::vector<int64_t> order(static_cast<size_t>(one.trace.sentences()));
  std::iota(order.begin(), order.end(), 0);
  if (rows > 0 && static_cast<int64_t>(order.size()) > rows) {
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return importance(one, a) > importance(one, b); });
    order.resize(static_cast<size_t>(rows));
    std::sort(order.begin(), order.end());
  }
  return order;
}

std::string headline(const BabiTask& task, const Explanation& one) {
  std::string text = sentence(one.asked.question) + "?   " + word(task, one.at.answer) + "  " +
                     percent(one.probability[static_cast<size_t>(one.at.answer)]) + "   margin " +
                     fixed(one.at.margin) + " over " + word(task, one.at.other);
  if (!one.asked.true_answer.empty()) {
    text += one.right ? "   (right)" : "   (wrong: the true answer is " + one_line(one.asked.true_answer) + ")";
  }
  return text;
}

std::string residual_line(const Explanation& one) {
  return "terms add up to the margin: " + fixed(one.at.terms(), 4) + " of " + fixed(one.at.margin, 4) +
         "   (largest error of all sums: " + format_real(one.at.worst_residual(), 2) + ")";
}

}  // namespace detail

using namespace detail;

namespace {

using Lines = std::vector<std::string>;

/// Characters, not bytes.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded_left(const std::string& text, size_t width) {
  return std::string(width - std::min(width, width_of(text)), ' ') + text;
}

std::string padded_right(const std::string& text, size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}

}  // namespace

std::vector<std::string> explain_text(const PlainQa& model, const BabiTask& task, const Explanation& one,
                                      int64_t rows) {
  Lines lines = {headline(task, one)};
  std::string hops;
  for (size_t h = 0; h < one.trace.hops.size(); ++h) {
    hops += (h ? "     after hop " : "after hop ") + std::to_string(h + 1) + ": " +
            nearest_words(model, task, one.trace.hops[h].n);
  }
  lines.push_back(hops);

  const std::vector<Column> columns = columns_of(one);
  const std::vector<int64_t> shown = shown_rows(one, rows);
  const std::string question_row = "the question itself", rest_row = "other sentences";
  size_t text_width = question_row.size();
  for (const int64_t t : shown) {
    text_width = std::max(text_width, width_of(sentence(one.asked.sentences[static_cast<size_t>(t)])));
  }
  constexpr size_t kNumber = 4, kColumn = 14;
  const auto row_of = [&](const std::string& mark, const std::string& number, const std::string& text,
                          const Lines& cells) {
    std::string line = mark + " " + padded_left(number, kNumber) + "  " + padded_right(text, text_width);
    for (const std::string& cell : cells) line += padded_left(cell, kColumn);
    return line;
  };
  Lines titles;
  for (const Column& column : columns) titles.push_back(column.title);
  lines.push_back(row_of(" ", "", "", titles) + "   when left out");
  const int64_t steps = one.trace.sentences();
  for (const int64_t t : shown) {
    const auto i = static_cast<size_t>(t);
    Lines cells;
    for (const Column& column : columns) {
      cells.push_back((largest_of(column.values, steps) == t ? "# " : "") + fixed(column.values[t]));
    }
    const Outcome& without = one.left_out[i];
    std::string outcome = word(task, without.answer) + " " + percent(without.probability);
    const std::string remark = remarks(task, one, t);
    if (!remark.empty()) outcome = padded_right(outcome, 18) + " " + remark;
    lines.push_back(row_of(one.is_fact(t) ? "*" : " ", number_of(one, t), sentence(one.asked.sentences[i]), cells) +
                    "   " + outcome);
  }
  if (static_cast<int64_t>(shown.size()) < steps) {
    Lines cells;
    for (const Column& column : columns) {
      double rest = std::accumulate(column.values, column.values + steps, 0.0);
      for (const int64_t t : shown) rest -= column.values[t];
      cells.push_back(fixed(rest));
    }
    lines.push_back(
        row_of(" ", "", std::to_string(steps - static_cast<int64_t>(shown.size())) + " " + rest_row, cells));
  }
  Lines question;
  for (const Column& column : columns) question.push_back(column.of_question);
  if (std::any_of(question.begin(), question.end(), [](const std::string& cell) { return !cell.empty(); })) {
    lines.push_back(row_of(" ", "", question_row, question));
  }
  lines.push_back(residual_line(one));
  std::string legend = "# largest of its column";
  if (!one.asked.facts.empty()) legend = "* supporting fact of the file   " + legend;
  const Saturation& saturation = one.at.saturation;
  if (saturation.negative > 0) {
    legend += "   factors below 0: " + std::to_string(saturation.negative) + " of " +
              std::to_string(saturation.factors) + ", smallest " + fixed(saturation.smallest);
  }
  lines.push_back(legend);
  return lines;
}

std::vector<std::string> explain_brief(const BabiTask& task, const Explanation& one) {
  const Attribution& at = one.at;
  const int64_t steps = one.trace.sentences();
  Lines lines = {headline(task, one)};
  const auto quoted = [&](int64_t t) { return "\"" + sentence(one.asked.sentences[static_cast<size_t>(t)]) + "\""; };
  const int64_t writer = largest_of(at.writer.data(), steps);
  lines.push_back("why: " + quoted(writer) + " writes " + fixed(at.writer[static_cast<size_t>(writer)]) +
                  " of the margin of " + fixed(at.margin));
  if (at.steers.rows > 1) {
    const int64_t last = at.steers.rows - 1, steerer = largest_of(at.steers.row(last), steps);
    lines.push_back("     " + (steerer == writer ? std::string("it also") : quoted(steerer)) +
                    " steers the last hop, with " + fixed(at.steers(last, steerer)));
  }
  const Outcome& without = one.left_out[static_cast<size_t>(writer)];
  lines.push_back("     without the first: " + word(task, without.answer) + " " + percent(without.probability) + "; " +
                  "terms add up to the margin: " + fixed(at.terms(), 4) + " of " + fixed(at.margin, 4));
  return lines;
}

std::vector<std::string> trace_text(const PlainQa& model, const BabiTask& task, const Explanation& one) {
  const QaTrace& trace = one.trace;
  const HMemQa::Config& config = model.config;
  Lines lines;
  const auto add = [&](const std::string& name, const std::string& formula, const double* values, int64_t rows,
                       int64_t cols, const std::string& section, const std::string& function,
                       const std::string& remark = "") {
    const int64_t n = rows * cols;
    std::string line = padded_right(name, 10) + " " + padded_right(formula, 44) + " ";
    line += padded_right(
        rows == 1 ? "[" + std::to_string(cols) + "]" : "[" + std::to_string(rows) + "," + std::to_string(cols) + "]",
        10);
    if (n > 0) {
      const auto [low, high] = std::minmax_element(values, values + n);
      line += padded_right(" " + format_real(*low, 3) + " .. " + format_real(*high, 3), 20) + " ";
      for (int64_t i = 0; i < std::min<int64_t>(n, 4); ++i) line += " " + format_real(values[i], 3);
      if (n > 4) line += " ..";
    }
    lines.push_back(line + "   | section " + section + ", " + function + (remark.empty() ? "" : " | " + remark));
  };
  const auto add_row = [&](const std::string& name, const std::string& formula, const Vector& values,
                           const std::string& section, const std::string& function, const std::string& remark = "") {
    add(name, formula, values.data(), 1, static_cast<int64_t>(values.size()), section, function, remark);
  };
  const auto active = [](const double* values, int64_t n) {
    return std::to_string(std::count_if(values, values + n, [](double x) { return x > 0; })) + " of " +
           std::to_string(n) + " above 0";
  };
  const int64_t d = config.memory_size, e = trace.x.cols;
  const bool two = config.extractor_layers == 2;
  lines.push_back(
      "name       formula                                      shape      range                first values");
  add_row("q", std::string("norm(encode(question))") + (two ? ", q + relu(q W_s)" : ""), trace.q,
          two ? "1, 3, 4" : "1, 3", "sentence_encoding_forward");
  Matrix m(d, d);
  for (int64_t t = 0; t < trace.sentences(); ++t) {
    const auto i = static_cast<size_t>(t);
    const std::string n = std::to_string(t + 1);
    const double *k = trace.k.row(t), *v = trace.v.row(t);
    lines.push_back("sentence " + n + ": " + sentence(one.asked.sentences[i]) + "   (" +
                    word(task, one.story.sentences[i].back()) + ")");
    add("x_" + n, std::string("norm(encode(sentence))") + (two ? ", x + relu(x W_x)" : ""), trace.x.row(t), 1, e,
        two ? "1, 3, 4" : "1, 3", "sentence_encoding_forward");
    if (config.read_before_write) {
      add("k_" + n, "LN(relu(x W_k))", k, 1, d, "10", "layer_norm_forward");
      add("o_" + n, "relu(x W_v) W_0", trace.own.row(t), 1, d, "10", "matmul");
      add("s_" + n, "M^T k: what the memory already held", trace.found.row(t), 1, d, "10", "rbw_step",
          "nearest words: " + nearest_words(model, task, Vector(trace.found.row(t), trace.found.row(t) + d)));
      add("v_" + n, "LN(o + s W_s)", v, 1, d, "10", "layer_norm_row", "1/deviation " + format_real(trace.rstd[i], 3));
    } else {
      add("k_" + n, "relu(x W_k)", k, 1, d, "4", "matmul", active(k, d));
      add("v_" + n, "relu(x W_v)", v, 1, d, "4", "matmul", active(v, d));
    }
    int64_t rows = 0, negative = 0;
    for (int64_t a = 0; a < d; ++a) {
      rows += k[a] != 0;
      for (int64_t b = 0; b < d && k[a] != 0; ++b) negative += model.rule.factor(k[a], v[b]) < 0;
    }
    model.rule.write(m, k, v);
    add("M_" + n, "M F + growth k v^T, F = 1 - g+ k v - g- k^2", m.values.data(), d, d,
        config.read_before_write ? "10" : "5", config.read_before_write ? "rbw_step" : "write_row",
        "rows changed " + std::to_string(rows) + ", factors below 0: " + std::to_string(negative));
  }
  for (size_t h = 0; h < trace.hops.size(); ++h) {
    const QaTrace::Hop& hop = trace.hops[h];
    const std::string n = std::to_string(h + 1);
    lines.push_back("hop " + n);
    add_row("z_" + n,
            h == 0 ? "q W_q" : std::string("q W_q + ") + (config.read_norm ? "n_" : "r_") + std::to_string(h) + " W",
            hop.z, "6", "recall_hops_forward", active(hop.z.data(), d) + ": the open gates");
    add_row("r_" + n, "M^T relu(z)", hop.r, "6", "memory_read_forward",
            "nearest words: " + nearest_words(model, task, hop.n));
    if (config.read_norm) add_row("n_" + n, "(r - mean(r)) / deviation", hop.n, "6", "recall_hops_forward");
  }
  if (config.hop_sum) add_row("o", "sum over the hops", trace.out, "6", "recall_hops_forward");
  if (config.answer_layer) {
    add_row("f", "o + relu(o W_1 + q W_2)", trace.features, "7", "forward",
            active(trace.answer_z.data(), d) + ": the open gates");
  }
  add_row("l", "features W_o", trace.logits, "7", "matmul",
          word(task, one.at.answer) + " " + percent(one.probability[static_cast<size_t>(one.at.answer)]));
  return lines;
}

}  // namespace hmem
