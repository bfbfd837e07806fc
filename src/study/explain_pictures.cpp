#include "study/explain_pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "hmem/core/check.h"
#include "hmem/core/html.h"
#include "study/explain_rows.h"

namespace hmem {

namespace detail {

namespace {

using Colour = std::array<int, 3>;
constexpr Colour kBlue = {0, 96, 160}, kOrange = {179, 71, 0};

/// Of x in -1..1.
Colour colour_of(double x) {
  const Colour& to = x < 0 ? kOrange : kBlue;
  Colour colour;
  for (size_t c = 0; c < 3; ++c) colour[c] = static_cast<int>(std::lround(255 + (to[c] - 255) * std::abs(x)));
  return colour;
}

/// -steps..steps of each value
std::vector<int> levels_of(const Matrix& values, int steps) {
  double largest = 0;
  for (const double value : values.values) largest = std::max(largest, std::abs(value));
  std::vector<int> levels;
  for (const double value : values.values) {
    const double part = largest > 0 ? std::sqrt(std::abs(value) / largest) : 0;
    levels.push_back(static_cast<int>(std::lround(std::copysign(part, value) * steps)));
  }
  return levels;
}

std::string hex(const Colour& colour) {
  char text[8];
  std::snprintf(text, sizeof(text), "#%02x%02x%02x", colour[0], colour[1], colour[2]);
  return text;
}

std::string little_endian(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 255);
  return text;
}

std::string svg_head(const std::string& size, const std::string& title) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size +
         "\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\" class=\"ink\" fill=\"#1a1a1a\"><title>" +
         html_text(title) + "</title>\n";
}

std::string text_at(double x, double y, const std::string& text, const char* anchor = "start") {
  return "<text x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" text-anchor=\"" + anchor + "\">" + html_text(text) +
         "</text>\n";
}

std::string numbered(const Explanation& one, int64_t t, const char* mark = " ") {
  return number_of(one, t) + mark + sentence(one.asked.sentences[static_cast<size_t>(t)]);
}

std::string axis(const std::string& path) {
  return "<path class=\"axis\" stroke=\"#1a1a1a\" fill=\"none\" d=\"" + path + "\"/>\n";
}

}  // namespace

DecodedImage heat_image(const Matrix& values, int64_t zoom) {
  const std::vector<int> levels = levels_of(values, 127);
  DecodedImage image = {values.rows * zoom, values.cols * zoom, 3, {}};
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      for (const int part : colour_of(levels[static_cast<size_t>(y / zoom * values.cols + x / zoom)] / 127.0)) {
        image.pixels.push_back(static_cast<uint8_t>(part));
      }
    }
  }
  return image;
}

std::string heat_bmp(const Matrix& values) {
  constexpr int kSteps = 7;
  constexpr uint32_t kColours = 16, kHead = 54 + 4 * kColours;
  const auto width = static_cast<uint32_t>(values.cols), height = static_cast<uint32_t>(values.rows);
  const uint32_t stride = (width + 7) / 8 * 4;
  std::string bytes = "BM" + little_endian(kHead + stride * height, 4) + little_endian(0, 4) + little_endian(kHead, 4);
  bytes += little_endian(40, 4) + little_endian(width, 4) + little_endian(height, 4) + little_endian(1, 2);
  bytes += little_endian(4, 2) + little_endian(0, 4) + little_endian(stride * height, 4) + little_endian(2835, 4);
  bytes += little_endian(2835, 4) + little_endian(kColours, 4) + little_endian(0, 4);
  for (int i = 0; i < static_cast<int>(kColours); ++i) {
    const Colour colour = colour_of(std::min((i - kSteps) / double(kSteps), 1.0));
    for (const size_t c : {2, 1, 0}) bytes += static_cast<char>(colour[c]);
    bytes += '\0';
  }
  const std::vector<int> levels = levels_of(values, kSteps);
  const auto level = [&](uint32_t x, uint32_t y) { return x < width ? levels[y * width + x] + kSteps : 0; };
  for (uint32_t y = height; y-- > 0;) {  // from the bottom
    for (uint32_t x = 0; x < stride; ++x) bytes += static_cast<char>(level(2 * x, y) << 4 | level(2 * x + 1, y));
  }
  return bytes;
}

std::string heat_svg(const Matrix& values, const std::string& title) {
  constexpr int kSteps = 16;
  const std::vector<int> levels = levels_of(values, kSteps);
  std::string text = svg_head(std::to_string(values.cols) + " " + std::to_string(values.rows), title);
  text += "<rect width=\"" + std::to_string(values.cols) + "\" height=\"" + std::to_string(values.rows) +
          "\" fill=\"#fff\"/>\n";
  for (int level = -kSteps; level <= kSteps; ++level) {
    std::string path;
    for (int64_t y = 0; y < values.rows && level != 0; ++y) {
      for (int64_t x = 0; x < values.cols;) {
        int64_t end = x;
        while (end < values.cols && levels[static_cast<size_t>(y * values.cols + end)] == level) ++end;
        if (end > x)
          path += "M" + std::to_string(x) + " " + std::to_string(y) + "h" + std::to_string(end - x) + "v1H" +
                  std::to_string(x) + "z";
        x = std::max(end, x + 1);
      }
    }
    if (!path.empty()) text += "<path fill=\"" + hex(colour_of(double(level) / kSteps)) + "\" d=\"" + path + "\"/>\n";
  }
  return text + "</svg>\n";
}

std::string bars_svg(const std::vector<Bar>& bars, const std::string& title) {
  constexpr double kName = 290, kZero = 450, kHalf = 105, kRow = 22;
  double largest = 0;
  for (const Bar& bar : bars) largest = std::max(largest, std::abs(bar.value));
  const double height = kRow * static_cast<double>(bars.size()) + 8;
  std::string text = svg_head("700 " + fixed(height, 0), title);
  double y = 4;
  for (const Bar& bar : bars) {
    const double length = largest > 0 ? kHalf * std::abs(bar.value) / largest : 0;
    text += text_at(kName, y + 15, shortened(bar.name, 38), "end");
    text += std::string("<rect class=\"") + (bar.value < 0 ? "neg\" fill=\"#b34700\"" : "pos\" fill=\"#0060a0\"") +
            " x=\"" + fixed(bar.value < 0 ? kZero - length : kZero, 1) + "\" y=\"" + fixed(y + 3, 1) + "\" width=\"" +
            fixed(length, 1) + "\" height=\"14\"/>\n";
    text += bar.value < 0 ? text_at(kZero - length - 4, y + 15, fixed(bar.value), "end")
                          : text_at(kZero + length + 4, y + 15, fixed(bar.value));
    text += text_at(605, y + 15, shortened(bar.remark, 14));
    y += kRow;
  }
  return text + axis("M" + fixed(kZero, 0) + ",0V" + fixed(height, 0)) + "</svg>\n";
}

std::string lines_svg(const std::vector<Line>& lines, int64_t steps, const std::string& title) {
  constexpr double kLeft = 60, kRight = 480, kTop = 10, kBottom = 210;
  static const char* const kDashes[] = {"", "7 3", "2 3", "9 3 2 3", "12 4", "4 6"};
  static const char* const kColours[] = {"#0060a0", "#b34700", "#1a1a1a"};
  double low = 0, high = 0;
  for (const Line& line : lines) {
    for (const double value : line.values) low = std::min(low, value), high = std::max(high, value);
  }
  if (high == low) high = low + 1;
  const auto x_of = [&](int64_t step) {
    return kLeft + (kRight - kLeft) * (static_cast<double>(step) + 0.5) / static_cast<double>(steps);
  };
  const auto y_of = [&](double value) { return kBottom - (kBottom - kTop) * (value - low) / (high - low); };
  std::string text = svg_head("700 250", title) + axis("M60,10V210M60," + fixed(y_of(0), 1) + "H480");
  for (const double value : {low, 0.0, high}) text += text_at(kLeft - 6, y_of(value) + 4, fixed(value), "end");
  for (int64_t step = 0; step < steps; step += std::max<int64_t>(1, steps / 10)) {
    text += text_at(x_of(step), 228, std::to_string(step + 1), "middle");
  }
  text += text_at(270, 246, "after sentence", "middle");
  // Labels in the order of the ends of the lines, kept apart.
  std::vector<size_t> order;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].values.empty()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lines[a].values.back() > lines[b].values.back(); });
  constexpr double kApart = 15;
  double label = kTop - kApart;
  for (size_t n = 0; n < order.size(); ++n) {
    const size_t i = order[n];
    const std::vector<double>& values = lines[i].values;
    const int64_t first = steps - static_cast<int64_t>(values.size());
    std::string path, marks;
    for (size_t s = 0; s < values.size(); ++s) {
      const std::string x = fixed(x_of(first + static_cast<int64_t>(s)), 1), y = fixed(y_of(values[s]), 1);
      path += (s ? "L" : "M") + x + "," + y;
      if (s == 0) marks = " cx=\"" + x + "\" cy=\"" + y + "\"/>\n";
    }
    const double below = kApart * static_cast<double>(order.size() - 1 - n);  // room for the labels after this one
    label = std::max(label + kApart, std::min(y_of(values.back()), kBottom - below));
    const size_t colour = i % 3;
    text += std::string("<path class=\"line l") + std::to_string(colour) + "\" stroke=\"" + kColours[colour] +
            "\" fill=\"none\" stroke-width=\"2\" stroke-dasharray=\"" + kDashes[i % 6] + "\" d=\"" + path +
            "\"/>\n<circle r=\"3\" class=\"l" + std::to_string(colour) + "\" stroke=\"" + kColours[colour] + "\"" +
            marks + "<path class=\"line l" + std::to_string(colour) + "\" stroke=\"" + kColours[colour] +
            "\" fill=\"none\" stroke-width=\"0.7\" d=\"M" + fixed(x_of(steps - 1) + 2, 1) + "," +
            fixed(y_of(values.back()), 1) + "L" + fixed(kRight + 6, 1) + "," + fixed(label, 1) + "\"/>\n" +
            text_at(kRight + 10, label + 4, shortened(lines[i].name, 30));
  }
  return text + "</svg>\n";
}

Matrix sorted_memory(const QaTrace& trace) {
  const int64_t d = trace.m.rows;
  Vector activity(static_cast<size_t>(d), 0.0);
  for (int64_t t = 0; t < trace.sentences(); ++t) {
    for (int64_t i = 0; i < d; ++i) activity[static_cast<size_t>(i)] += trace.k(t, i) * trace.k(t, i);
  }
  std::vector<int64_t> order(static_cast<size_t>(d));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return activity[static_cast<size_t>(a)] > activity[static_cast<size_t>(b)];
  });
  Matrix sorted(d, d);
  for (int64_t i = 0; i < d; ++i) {
    const double* row = trace.m.row(order[static_cast<size_t>(i)]);
    std::copy(row, row + d, sorted.row(i));
  }
  return sorted;
}

std::vector<Line> forgetting_lines(const PlainQa& model, const Explanation& one) {
  const Matrix kept = forgetting(model, one.trace, one.at);
  std::vector<int64_t> order(static_cast<size_t>(kept.rows));
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> most;
  for (int64_t t = 0; t < kept.rows; ++t) {
    double largest = 0;
    for (int64_t s = t; s < kept.cols; ++s) largest = std::max(largest, std::abs(kept(t, s)));
    most.push_back(largest);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return most[static_cast<size_t>(a)] > most[static_cast<size_t>(b)]; });
  order.resize(std::min<size_t>(order.size(), 6));
  std::sort(order.begin(), order.end());
  std::vector<Line> lines;
  for (const int64_t t : order) {
    lines.push_back({numbered(one, t), {kept.row(t) + t, kept.row(t) + kept.cols}});
  }
  return lines;
}

std::vector<Bar> asked_after_bars(const BabiTask& task, const Explanation& one) {
  std::vector<Bar> bars;
  for (const Outcome& outcome : one.asked_after) {
    const auto t = static_cast<int64_t>(bars.size());
    bars.push_back({numbered(one, t), word(task, outcome.answer), outcome.margin});
  }
  return bars;
}

std::vector<int32_t> top_classes(const Explanation& one, size_t count) {
  std::vector<int32_t> order = largest_ids(one.trace.logits, count);
  if (std::find(order.begin(), order.end(), one.at.other) == order.end()) order.back() = one.at.other;
  return order;
}

}  // namespace detail

std::vector<ExplainPicture> explain_pictures(const PlainQa& model, const BabiTask& task, const Explanation& one) {
  using namespace detail;
  std::vector<ExplainPicture> pictures;
  const auto add_bars = [&](const std::string& name, const std::vector<Bar>& bars, const std::string& title) {
    pictures.push_back({name, bars_svg(bars, title), {}});
  };
  const auto add_heat = [&](const std::string& name, const Matrix& values, const std::string& title) {
    const int64_t zoom = std::max<int64_t>(1, 400 / std::max(values.rows, values.cols));
    pictures.push_back({name, heat_svg(values, title), heat_image(values, zoom)});
  };
  std::vector<Column> columns = columns_of(one);
  columns.push_back({"total", "total", one.at.total.data(), ""});
  for (const Column& column : columns) {
    std::vector<Bar> bars;
    for (const int64_t t : shown_rows(one, 40)) {
      bars.push_back({numbered(one, t, one.is_fact(t) ? " * " : " "), "", column.values[t]});
    }
    add_bars(column.id, bars, column.title + ": " + headline(task, one));
  }
  std::vector<Bar> lost, logits;
  for (const int64_t t : shown_rows(one, 40)) {
    const Outcome& without = one.left_out[static_cast<size_t>(t)];
    lost.push_back({numbered(one, t), word(task, without.answer), one.at.margin - without.margin});
  }
  add_bars("left_out", lost, "margin lost without the sentence: " + headline(task, one));
  for (const int32_t id : top_classes(one)) {
    const auto i = static_cast<size_t>(id);
    logits.push_back({word(task, id), percent(one.probability[i]), one.trace.logits[i]});
  }
  add_bars("logits", logits, "logits: " + headline(task, one));
  add_bars("asked_after", asked_after_bars(task, one), "margin had the question come after this sentence");
  pictures.push_back(
      {"forgetting", lines_svg(forgetting_lines(model, one), one.trace.sentences(), "what is left of a sentence"), {}});
  add_heat("memory", sorted_memory(one.trace), "memory when the question is asked, rows with active keys first");
  add_heat("keys", one.trace.k, "keys of the sentences, one a row");
  add_heat("values", one.trace.v, "values of the sentences, one a row");
  const int64_t last = static_cast<int64_t>(one.trace.hops.size()) - 1;
  add_heat("pairs", pairs(model, one.trace, one.at, last),
           "row: sentence that was read; column: what steered the reading, the question last");
  if (!one.at.origin.empty())
    add_heat("origin_of_values", one.at.origin,
             "row: sentence that wrote; column: where its content is from, the shift last");
  return pictures;
}

}  // namespace hmem
