// Curves of the capacity study as CSV, text and HTML.

#include <algorithm>
#include <cmath>

#include "hmem/core/html.h"
#include "hmem/core/text.h"
#include "hmem/study/capacity.h"
#include "hmem/sweep/report.h"
#include "study/explain_rows.h"

namespace hmem {

using detail::fixed;

namespace {

using Points = std::vector<const CapacityPoint*>;

const std::string& name_of(Store store) { return kStores[static_cast<size_t>(store)]; }

/// Points of one kind of keys, a list for each store.
std::vector<std::vector<Points>> by_keys_and_store(const std::vector<CapacityPoint>& points) {
  std::vector<std::vector<Points>> result;
  for (const Points& keys : group_by(points, [](const CapacityPoint& p) { return p.keys; })) {
    result.emplace_back();
    for (const CapacityPoint* point : keys) {
      if (result.back().empty() || result.back().back()[0]->store != point->store) result.back().emplace_back();
      result.back().back().push_back(point);
    }
  }
  return result;
}

std::string title_of(const CapacitySettings& settings, KeyKind keys) {
  const std::string units = std::to_string(settings.active) + " of " + std::to_string(settings.memory_size) + " units";
  std::string text = "sparse keys: " + units + " active";
  if (keys == KeyKind::dense) text = "dense keys: relu of normal variables";
  if (keys == KeyKind::noisy)
    text = "noisy keys: " + units + " active, " + std::to_string(settings.moved()) + " of them elsewhere when read";
  return text + "; squared cosine of two keys " + fixed(mean_squared_cosine(settings, keys), 3);
}

std::string percent(double value) { return fixed(100 * value, 1); }

std::string capacity_cell(const Points& curve, bool formula) {
  std::vector<CapacityPoint> points;
  for (const CapacityPoint* point : curve) points.push_back(*point);
  const double at = capacity_at(points, 0.9, formula);
  return at < 0    ? "> " + std::to_string(points.back().pairs)
         : at == 0 ? "< " + std::to_string(points.front().pairs)
                   : fixed(at, 0);
}

/// A row for each number of pairs, then that at which 90 % are recalled; formula in parentheses.
Table recall_table(const std::vector<Points>& curves) {
  Table table = {{"pairs"}};
  for (size_t i = 0; i < curves[0].size(); ++i) table.push_back({std::to_string(curves[0][i]->pairs)});
  table.push_back({"90 % up to"});
  for (const Points& curve : curves) {
    table[0].push_back(name_of(curve[0]->store));
    for (size_t i = 0; i < curve.size(); ++i)
      table[i + 1].push_back(percent(curve[i]->recall) + " +- " + percent(curve[i]->spread) + " (" +
                             percent(curve[i]->recall_formula) + ")");
    table.back().push_back(capacity_cell(curve, false) + " (" + capacity_cell(curve, true) + ")");
  }
  return table;
}

Table snr_table(const std::vector<Points>& curves) {
  Table table = {{"pairs"}};
  for (const CapacityPoint* point : curves[0]) table.push_back({std::to_string(point->pairs)});
  for (const Points& curve : curves) {
    if (curve[0]->store == Store::nearest) continue;
    table[0].push_back(name_of(curve[0]->store));
    for (size_t i = 0; i < curve.size(); ++i)
      table[i + 1].push_back(fixed(curve[i]->snr, 2) + " (" + fixed(curve[i]->snr_formula, 2) + ")");
  }
  return table;
}

/// Recall in steps of 10 %, the first letter of each store; * where several meet.
std::string character_plot(const std::vector<Points>& curves) {
  const size_t columns = curves[0].size(), wide = 7;
  std::vector<std::string> lines(11, std::string(columns * wide, ' '));
  for (const Points& curve : curves) {
    for (size_t i = 0; i < curve.size(); ++i) {
      char& at = lines[static_cast<size_t>(10 - std::lround(10 * curve[i]->recall))][i * wide + wide / 2];
      at = at == ' ' ? name_of(curve[i]->store)[0] : '*';
    }
  }
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    while (!lines[i].empty() && lines[i].back() == ' ') lines[i].pop_back();
    const std::string mark = std::to_string(100 - 10 * i);
    text += std::string(4 - mark.size(), ' ') + mark + " |" + lines[i] + "\n";
  }
  text += "     +" + std::string(columns * wide, '-') + "\n      ";
  for (const CapacityPoint* point : curves[0]) {
    const std::string label = std::to_string(point->pairs);
    const size_t left = label.size() < wide ? (wide - label.size()) / 2 : 0;
    text +=
        std::string(left, ' ') + label + std::string(label.size() + left < wide ? wide - label.size() - left : 1, ' ');
  }
  while (text.back() == ' ') text.pop_back();
  return text + " pairs\n";
}

/// Where the axes of a picture are; x is logarithmic, y too if `log_y`.
struct Axes {
  double x_low, x_high, y_low, y_high;
  bool log_y;
  static constexpr double kLeft = 46, kRight = 560, kTop = 14, kBottom = 240;

  std::string x(double n) const {
    const double part = x_high > x_low ? std::log(n / x_low) / std::log(x_high / x_low) : 0.5;
    return fixed(kLeft + 10 + (kRight - kLeft - 20) * part, 1);
  }
  std::string y(double value) const {
    const double v = std::clamp(value, y_low, y_high);
    const double part = log_y ? std::log(v / y_low) / std::log(y_high / y_low) : (v - y_low) / (y_high - y_low);
    return fixed(kBottom - (kBottom - kTop) * part, 1);
  }
  bool shows(double value) const { return std::isfinite(value) && (!log_y || (value >= y_low && value <= y_high)); }
};

std::string marker(size_t shape, const std::string& x, const std::string& y) {
  static const char* const kShapes[] = {"M-4,0A4,4 0 1,0 4,0A4,4 0 1,0 -4,0Z", "M-4,-4H4V4H-4Z", "M0,-5L5,4H-5Z",
                                        "M0,-5L5,0L0,5L-5,0Z"};
  return "<path class=\"mark s" + std::to_string(shape) + "\" d=\"" + kShapes[shape] + "\" transform=\"translate(" + x +
         "," + y + ")\"/>\n";
}

/// Measured points with bars, lines through the predictions.
std::string picture(const std::vector<Points>& curves, const std::string& title, bool snr) {
  const Axes axes = {static_cast<double>(curves[0].front()->pairs), static_cast<double>(curves[0].back()->pairs),
                     snr ? 0.1 : 0, snr ? 20.0 : 100, snr};
  std::string text = "<svg viewBox=\"0 0 660 280\" role=\"img\"><title>" + title + "</title>\n";
  for (const double tick :
       snr ? std::vector<double>{0.1, 0.2, 0.5, 1, 2, 5, 10, 20} : std::vector<double>{0, 25, 50, 75, 100})
    text += "<path class=\"grid\" d=\"M46," + axes.y(tick) + "H560\"/><text x=\"40\" y=\"" + axes.y(tick) +
            "\" text-anchor=\"end\" dominant-baseline=\"middle\">" + format_real(tick, 3) + "</text>\n";
  for (const CapacityPoint* point : curves[0])
    text += "<text x=\"" + axes.x(double(point->pairs)) + "\" y=\"258\" text-anchor=\"middle\">" +
            std::to_string(point->pairs) + "</text>\n";
  text += "<text x=\"303\" y=\"275\" text-anchor=\"middle\">pairs (logarithmic)</text>\n";
  double label_y = 30;
  for (const Points& curve : curves) {
    if (snr && curve[0]->store == Store::nearest) continue;
    const auto shape = static_cast<size_t>(curve[0]->store);
    std::string line, marks;
    for (const CapacityPoint* point : curve) {
      const std::string x = axes.x(static_cast<double>(point->pairs));
      const double value = snr ? point->snr : 100 * point->recall,
                   formula = snr ? point->snr_formula : 100 * point->recall_formula;
      if (axes.shows(formula)) line += (line.empty() ? "M" : "L") + x + "," + axes.y(formula);
      if (!axes.shows(value)) continue;
      if (!snr && point->spread > 0)
        marks += "<path class=\"line s" + std::to_string(shape) + "\" style=\"stroke-dasharray:none\" d=\"M" + x + "," +
                 axes.y(value - 100 * point->spread) + "V" + axes.y(value + 100 * point->spread) + "\"/>\n";
      marks += marker(shape, x, axes.y(value));
    }
    if (!line.empty()) text += "<path class=\"line s" + std::to_string(shape) + "\" d=\"" + line + "\"/>\n";
    text += marks + marker(shape, "580", fixed(label_y, 0)) + "<text x=\"590\" y=\"" + fixed(label_y, 0) +
            "\" dominant-baseline=\"middle\">" + name_of(curve[0]->store) + "</text>\n";
    label_y += 22;
  }
  return text + "</svg>\n";
}

const char* const kStyle =
    R"(:root{color-scheme:light dark;--text:#1a1a1a;--back:#fff;--grid:#ddd;--a:#0060a0;--b:#b34700;--c:#00704f;--d:#555}
@media(prefers-color-scheme:dark){:root{--text:#e8e8e8;--back:#161616;--grid:#3a3a3a;--a:#6cbcf0;--b:#f0a040;--c:#40cfa0;--d:#b8b8b8}}
body{font:16px/1.5 sans-serif;color:var(--text);background:var(--back);max-width:46em;margin:1em auto;padding:0 1em}
svg{width:100%;height:auto}svg text{font:12px sans-serif;fill:var(--text)}.grid{stroke:var(--grid)}
.line{fill:none;stroke-width:1.5}.line.s0{stroke:var(--a)}.line.s1{stroke:var(--b);stroke-dasharray:7 3}
.line.s2{stroke:var(--c);stroke-dasharray:2 3}.line.s3{stroke:var(--d);stroke-dasharray:9 3 2 3}
.mark.s0{fill:var(--a)}.mark.s1{fill:var(--b)}.mark.s2{fill:var(--c)}.mark.s3{fill:var(--d)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:14px;margin:1em 0}caption{text-align:left;padding:.3em 0}
th,td{border:1px solid var(--grid);padding:.2em .6em;text-align:right;white-space:nowrap}
@media print{svg,table{break-inside:avoid}}
)";

}  // namespace

std::string capacity_csv(const std::vector<CapacityPoint>& points) {
  std::string text = "keys,store,pairs,recall,spread,recall_formula,snr,snr_formula\n";
  for (const CapacityPoint& p : points) {
    text += kKeyKinds[static_cast<size_t>(p.keys)] + "," + name_of(p.store) + "," + std::to_string(p.pairs);
    for (const double value : {p.recall, p.spread, p.recall_formula, p.snr, p.snr_formula})
      text += "," + format_real(value, 6);
    text += "\n";
  }
  return text;
}

std::string capacity_text(const CapacitySettings& settings, const std::vector<CapacityPoint>& points) {
  std::string text;
  for (const std::vector<Points>& curves : by_keys_and_store(points)) {
    text += title_of(settings, curves[0][0]->keys) + "\n\nrecall in %, measured +- spread (formula)\n" +
            text_table(recall_table(curves), 0) + "\nsignal to noise of a unit, measured (formula)\n" +
            text_table(snr_table(curves), 0) + "\n" + character_plot(curves) + "\n";
  }
  return text;
}

std::string capacity_html(const CapacitySettings& settings, const std::vector<CapacityPoint>& points) {
  std::string text =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<title>Capacity of an associative memory</title>\n<style>\n" +
      std::string(kStyle) +
      "</style></head><body>\n<h1>How many pairs does a matrix hold?</h1>\n<p>Random pairs of a key and a value are "
      "stored in a memory of " +
      std::to_string(settings.memory_size) +
      " rows and columns, then each key reads. A pair is recalled "
      "if no other stored value fits better what was read. Marks: measured, mean of " +
      std::to_string(settings.repeats) +
      " draws, with a bar of one standard deviation to each side. Lines: predicted from the crosstalk between the "
      "keys.</p>\n<p>" +
      "Settings:";
  for (const auto& [name, value] : settings_of(settings)) text += " " + name + "=" + value;
  text += " random_state=" + std::to_string(settings.seed) + "</p>\n";
  for (const std::vector<Points>& curves : by_keys_and_store(points)) {
    const std::string title = title_of(settings, curves[0][0]->keys);
    text += "<h2>" + title.substr(0, title.find(':')) + "</h2>\n<p>" + title + ".</p>\n" +
            picture(curves, "Recall in % over the number of pairs, " + title, false) +
            html_wide_table("Recall in %: measured +- spread (formula)", recall_table(curves)) +
            picture(curves, "Signal to noise over the number of pairs, " + title, true) +
            html_wide_table("Signal to noise of one unit: measured (formula)", snr_table(curves));
  }
  return text + "</body></html>\n";
}

}  // namespace hmem
