#include "hmem/sweep/page.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <set>

#include "hmem/core/html.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

using Series = Chart::Series;
using Kind = Series::Kind;

const char kColours[] =
    R"(:root{color-scheme:light dark;--text:#1a1a1a;--quiet:#555;--back:#fff;--grid:#ddd;--mark:#f0f0f0;--c0:#0060a0;--c1:#b34700;--c2:#00704f;--c3:#8a3b7c;--c4:#6b5a00;--c5:#555}
@media(prefers-color-scheme:dark){:root{--text:#e8e8e8;--quiet:#b8b8b8;--back:#161616;--grid:#3a3a3a;--mark:#282828;--c0:#6cbcf0;--c1:#f0a040;--c2:#40cfa0;--c3:#e090cc;--c4:#d8c860;--c5:#b8b8b8}}
)";

const char kChartStyle[] =
    R"(svg text{font:12px sans-serif;fill:var(--text)}svg .title{font-weight:bold}
.rule{stroke:var(--grid);fill:none}.line{fill:none;stroke-linejoin:round;vector-effect:non-scaling-stroke}
.thin{stroke-width:1;opacity:.5}.thick{stroke-width:2.2}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}
.line.s1{stroke-dasharray:6 3}.line.s2{stroke-dasharray:2 3}
.mark{stroke-width:1.6;fill:none}.dot{stroke:none;opacity:.6}
.dot.s0{fill:var(--c0)}.dot.s1{fill:var(--c1)}.dot.s2{fill:var(--c2)}.dot.s3{fill:var(--c3)}.dot.s4{fill:var(--c4)}.dot.s5{fill:var(--c5)}
)";

const char kStyle[] =
    R"(*{box-sizing:border-box}
body{font:16px/1.5 sans-serif;color:var(--text);background:var(--back);max-width:64em;margin:1em auto;padding:0 1em;overflow-wrap:anywhere}
h1{font-size:1.5em}h2{font-size:1.25em;margin-top:2em;border-top:1px solid var(--grid);padding-top:.6em}h3{font-size:1.05em;margin:1.6em 0 .4em}
p,li{max-width:48em}p.big{font-size:1.15em}.quiet,caption,figcaption,small{color:var(--quiet)}
:focus-visible{outline:3px solid var(--c0);outline-offset:2px}
figure{margin:1em 0;min-width:0}.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17em),1fr));gap:.5em 1.5em}.two{grid-template-columns:repeat(auto-fill,minmax(min(100%,24em),1fr))}.grid figure{margin:0}
svg{width:100%;height:auto;display:block}
summary{cursor:pointer;padding:.2em 0}details details{margin-left:1em}
.wide{overflow-x:auto;overflow-wrap:normal;margin:.5em 0 1em}figure.big{overflow-x:auto}.big svg{min-width:42em}table{border-collapse:collapse;font-size:14px}caption{text-align:left;padding:.3em 0}
th,td{border:1px solid var(--grid);padding:.2em .5em;text-align:right;vertical-align:top;font-variant-numeric:tabular-nums}
th{font-weight:normal;background:var(--mark)}th[scope=row]{text-align:left}td.wrong{font-weight:bold;background:color-mix(in srgb,var(--c1) var(--p),var(--back))}td.right{background:color-mix(in srgb,var(--c0) var(--p),var(--back))}td.wrong,td.right{print-color-adjust:exact;-webkit-print-color-adjust:exact}
code{font-size:.95em}td a,li a{color:inherit}li:target{outline:3px solid var(--c0)}
svg.linear,#axis:checked~* svg.log{display:none}#axis:checked~* svg.linear{display:block}
@media print{body{max-width:none;font-size:12px}.big svg{min-width:0}.wide{overflow:visible}svg,tr,figure{break-inside:avoid}details::details-content{content-visibility:visible;display:block}.grid{grid-template-columns:1fr 1fr 1fr}}
)";

std::string number(double value) { return format_real(value, 5); }

/// Where the axes of a chart are.
struct Axes {
  double left = 46, right, top = 40, bottom;
  double x_low = 0, x_high = 1, y_low = 0, y_high = 1, linear_to;

  double bent(double y) const { return linear_to > 0 ? std::log1p(std::max(y, 0.0) / linear_to) : y; }
  long x(double value) const { return std::lround(left + (right - left) * (value - x_low) / (x_high - x_low)); }
  long y(double value) const {
    const double low = bent(y_low);
    return std::lround(bottom - (bottom - top) * (bent(value) - low) / (bent(y_high) - low));
  }
};

/// Four or so round numbers up to `high`.
std::vector<double> round_ticks(double low, double high, bool whole) {
  const double rough = (high - low) / 4, power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double part : {1.0, 2.0, 5.0}) {
    if (part * power >= rough) {
      step = part * power;
      break;
    }
  }
  if (whole) step = std::max(step, 1.0);
  std::vector<double> ticks;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high * (1 + 1e-9); ++i)
    ticks.push_back(i * step + 0.0);  // no -0
  return ticks;
}

std::vector<double> y_ticks(const Axes& axes) {
  if (axes.linear_to == 0) return round_ticks(axes.y_low, axes.y_high, false);
  std::vector<double> ticks = {0};
  const double powers = std::log10(axes.y_high / axes.linear_to);
  for (int exponent = 0; exponent < 12; ++exponent) {
    const double power = std::pow(10.0, exponent);
    for (const double part : {1.0, 3.0}) {
      const double tick = part * power * axes.linear_to;
      if (tick <= axes.y_high * 1.0001 && (part == 1 || powers < 3.5)) ticks.push_back(tick);
    }
  }
  return ticks;
}

std::string text_at(long x, long y, const std::string& text, const char* more = "") {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\"" + more + ">" + html_text(text) +
         "</text>\n";
}

std::string class_of(const char* kind, const Series& series) {
  return std::string(kind) + " s" + std::to_string(series.style);
}

bool is_line(Kind kind) { return kind == Kind::thin || kind == Kind::thick; }

/// Relative whole coordinates, one point at most for every place: a long curve stays short.
std::string line_path(const Axes& axes, const Series& series) {
  std::string path;
  long last_x = 0, last_y = 0;
  for (const auto& [x_value, y_value] : series.points) {
    if (!std::isfinite(y_value)) continue;
    const long x = axes.x(x_value), y = axes.y(y_value);
    if (!path.empty() && x == last_x && y == last_y) continue;
    const std::string dy = std::to_string(path.empty() ? y : y - last_y);
    if (path.empty()) {
      path = "M" + std::to_string(x) + " " + dy + "l0 0";
    } else {
      path += " " + std::to_string(x - last_x) + (dy[0] == '-' ? "" : " ") + dy;
    }
    last_x = x, last_y = y;
  }
  return path;
}

std::string mark_at(const std::string& classes, Kind kind, int style, long x, long y, const std::string& title) {
  static const char* const kMarks[] = {"m-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
                                       "m-5-5h10v10h-10z",
                                       "m0-6l6 10h-12z",
                                       "m0-6l6 6l-6 6l-6-6z",
                                       "m-5-5l10 10m0-10l-10 10",
                                       "m-6 0h12m-6-6v12"};
  const std::string end = title.empty() ? "/>\n" : "><title>" + html_text(title) + "</title></";
  if (kind == Kind::dots) {
    return "<circle class=\"" + classes + "\" r=\"3\" cx=\"" + std::to_string(x) + "\" cy=\"" + std::to_string(y) +
           "\"" + end + (title.empty() ? "" : "circle>\n");
  }
  return "<path class=\"" + classes + "\" d=\"M" + std::to_string(x) + " " + std::to_string(y) + kMarks[style] + "\"" +
         end + (title.empty() ? "" : "path>\n");
}

}  // namespace

std::string chart_svg(const Chart& chart) {
  Axes axes;
  axes.linear_to = chart.linear_to;
  axes.right = chart.wide ? 890 : 350, axes.bottom = chart.wide ? 270 : 180;
  double x_low = INFINITY, x_high = -INFINITY, y_low = INFINITY, y_high = -INFINITY;
  for (const Series& series : chart.series) {
    for (const auto& [x, y] : series.points) {
      if (!std::isfinite(y)) continue;
      x_low = std::min(x_low, x), x_high = std::max(x_high, x);
      y_low = std::min(y_low, y), y_high = std::max(y_high, y);
    }
  }
  if (!(x_low <= x_high)) return "";
  const auto places = static_cast<double>(chart.categories.size());
  axes.x_low = places > 0 ? -0.5 : x_low, axes.x_high = places > 0 ? places - 0.5 : std::max(x_high, x_low + 1);
  const bool marks =
      std::any_of(chart.series.begin(), chart.series.end(), [](const Series& series) { return !is_line(series.kind); });
  if (marks && places == 0) {  // whole marks at both ends
    const double room = 0.02 * (axes.x_high - axes.x_low);
    axes.x_low -= room, axes.x_high += room;
  }
  axes.y_low = chart.from_zero ? std::min(y_low, 0.0) : y_low;
  if (chart.linear_to > 0) axes.y_low = 0;
  axes.y_high = std::max({y_high, axes.y_low + 1e-9, 10 * chart.linear_to});
  if (chart.from_zero) axes.y_high *= chart.linear_to > 0 ? 1.2 : 1.02;
  if (!chart.from_zero) {
    const double room = std::max(0.05 * (axes.y_high - axes.y_low), 0.5);
    axes.y_low -= room, axes.y_high += room;
  }
  const long left = std::lround(axes.left), right = std::lround(axes.right), bottom = std::lround(axes.bottom);
  std::string text = "<svg viewBox=\"0 0 " + std::to_string(right + 10) + " " + std::to_string(bottom + 40) +
                     "\" role=\"img\"><title>" + html_text(chart.title) + "</title>\n" +
                     text_at(4, 14, chart.title, " class=\"title\"");
  long last_y = LONG_MAX;
  for (const double tick : y_ticks(axes)) {
    const long y = axes.y(tick);
    if (last_y - y < 11) continue;
    last_y = y;
    text += "<path class=\"rule\" d=\"M" + std::to_string(left) + " " + std::to_string(y) + "H" +
            std::to_string(right) + "\"/>" + text_at(left - 5, y + 4, number(tick), " text-anchor=\"end\"");
  }
  const char* const middle = " text-anchor=\"middle\"";
  for (size_t i = 0; i < chart.categories.size(); ++i) {
    const auto place = static_cast<double>(i);
    text += text_at(axes.x(place), bottom + 16, chart.categories[i], middle);
    if (i > 0) {
      text += "<path class=\"rule\" d=\"M" + std::to_string(axes.x(place - 0.5)) + " " + std::to_string(bottom + 6) +
              "V" + std::to_string(std::lround(axes.top)) + "\"/>\n";
    }
  }
  if (chart.categories.empty()) {
    for (const double tick : chart.x_ticks.empty() ? round_ticks(axes.x_low, axes.x_high, true) : chart.x_ticks) {
      text += text_at(axes.x(tick), bottom + 16, number(tick), middle);
    }
  }
  text += text_at((left + right) / 2, bottom + 33, chart.x_label, middle);
  long legend_x = left;
  std::set<std::string> named;
  for (const Series& series : chart.series) {
    if (series.name.empty() || !named.insert(series.name).second) continue;
    text += is_line(series.kind)
                ? "<path class=\"" + class_of(series.kind == Kind::thin ? "line thin" : "line thick", series) +
                      "\" d=\"M" + std::to_string(legend_x) + " 28h20\"/>"
                : mark_at(class_of(series.kind == Kind::dots ? "dot" : "mark", series), series.kind, series.style,
                          legend_x + 8, 28, "");
    legend_x += is_line(series.kind) ? 25 : 19;
    text += text_at(legend_x, 32, series.name);
    legend_x += 14 + static_cast<long>(6.4 * static_cast<double>(series.name.size()));
  }
  std::string front;  // thick lines and marks above the thin ones
  for (const Series& series : chart.series) {
    if (is_line(series.kind)) {
      const std::string path = line_path(axes, series);
      if (path.empty()) continue;
      const bool thin = series.kind == Kind::thin;
      (thin ? text : front) +=
          "<path class=\"" + class_of(thin ? "line thin" : "line thick", series) + "\" d=\"" + path + "\"/>\n";
      continue;
    }
    const std::string classes = class_of(series.kind == Kind::dots ? "dot" : "mark", series);
    for (size_t i = 0; i < series.points.size(); ++i) {
      const auto& [x, y] = series.points[i];
      if (!std::isfinite(y)) continue;
      (series.kind == Kind::dots ? text : front) += mark_at(classes, series.kind, series.style, axes.x(x), axes.y(y),
                                                            i < series.titles.size() ? series.titles[i] : "");
    }
  }
  return text + front + "</svg>\n";
}

std::string chart_file(const Chart& chart) {
  std::string svg = chart_svg(chart);
  if (svg.empty()) return "";
  svg.insert(svg.find(" viewBox"), " xmlns=\"http://www.w3.org/2000/svg\"");
  const std::string back = "<rect width=\"100%\" height=\"100%\" style=\"fill:var(--back)\"/>\n";
  svg.insert(svg.find("<text"), std::string("<style>\n") + kColours + kChartStyle + "</style>\n" + back);
  return svg;
}

std::string chart_curves(Chart chart) {
  std::string text = chart_svg(chart);
  if (text.empty() || chart.linear_to == 0) return text;
  chart.linear_to = 0;
  return text.insert(4, " class=\"log\"") + chart_svg(chart).insert(4, " class=\"linear\"");
}

std::string chart_figure(const Chart& chart, const Table& numbers) {
  const std::string svg = chart.wide ? chart_svg(chart) : chart_curves(chart);
  if (svg.empty()) return "";
  return (chart.wide
              ? "<figure class=\"big\" role=\"region\" tabindex=\"0\" aria-label=\"" + html_text(chart.title) + "\">"
              : std::string("<figure>")) +
         svg + page_fold("<small>numbers</small>", page_table(chart.title, numbers)) + "</figure>\n";
}

std::string runs_page(const std::string& title, const std::string& body) {
  const std::string axes =
      body.find("<svg class=\"linear\"") == std::string::npos
          ? ""
          : "<input type=\"checkbox\" id=\"axis\"> <label for=\"axis\">curves on linear axes</label>\n";
  return html_page(title, std::string(kColours) + kChartStyle + kStyle,
                   "<main>\n<h1>" + html_text(title) + "</h1>\n" + axes + body + "</main>\n");
}

std::string page_fold(const std::string& summary, const std::string& body, bool open) {
  return std::string(open ? "<details open>" : "<details>") + "<summary>" + summary + "</summary>\n" + body +
         "</details>\n";
}

std::string page_wide(const std::string& name, const std::string& table) {
  return "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"" + html_text(name) + "\">" + table +
         "</div>\n";
}

std::string page_table(const std::string& caption, const Table& table) {
  return page_wide(caption, html_table(caption, table));
}

std::string time_text(double seconds) {
  const auto [unit, name] = seconds >= 3600 ? std::pair(3600, " hour")
                            : seconds >= 60 ? std::pair(60, " minute")
                                            : std::pair(1, " second");
  const double units = std::round(10 * seconds / unit) / 10;
  return metric_text(units) + name + (units == 1 ? "" : "s");
}

namespace {

using Curve = std::map<int64_t, double>;

const Curve* curve_of(const RunRecord& record, const std::string& key) {
  const auto found = record.curves.find(key);
  return found == record.curves.end() || found->second.empty() ? nullptr : &found->second;
}

/// At most twelve epochs, the first and the last among them: a column for each chosen run and each curve, else one for
/// each run.
Table curve_numbers(const std::vector<PageRun>& runs, const std::vector<std::string>& keys) {
  std::set<int64_t> all;
  std::vector<std::pair<const Curve*, std::string>> columns;
  for (const std::string& key : keys) {
    for (const PageRun& run : runs) {
      const Curve* curve = curve_of(*run.record, key);
      if (!curve) continue;
      columns.emplace_back(curve, run.name + (run.chosen && runs.size() > 1 ? " (chosen), " : ", ") + key);
      for (const auto& point : *curve) all.insert(point.first);
    }
  }
  const std::vector<int64_t> epochs(all.begin(), all.end());
  const size_t rows = std::min<size_t>(12, epochs.size());
  Table table = {{"epoch"}};
  for (const auto& column : columns) table[0].push_back(column.second);
  for (size_t i = 0; i < rows; ++i) {
    const int64_t epoch = epochs[rows > 1 ? i * (epochs.size() - 1) / (rows - 1) : 0];
    table.push_back({std::to_string(epoch)});
    for (const auto& column : columns) {
      const auto found = column.first->find(epoch);
      table.back().push_back(found == column.first->end() ? "" : metric_text(found->second));
    }
  }
  return table;
}

}  // namespace

std::string training_charts(const std::vector<PageRun>& runs, const std::string& title) {
  struct Picture {
    const char* name;
    double linear_to;
    bool rises;                                             // linear_to, to the smallest value
    std::vector<std::pair<std::string, std::string>> keys;  // of the curve, and its name
  };
  static const std::vector<Picture> pictures = {
      {"loss", 1e-4, true, {{"val_loss", "validation"}, {"train_loss", "training"}}},
      {"error in %", 0.1, false, {{"val_error", "validation"}, {"train_error", "training"}}},
      {"learning rate", 0, false, {{"learning_rate", ""}}},
      {"size of the gradient", 0.01, true, {{"grad_norm", ""}}}};
  std::string text;
  for (const Picture& picture : pictures) {
    Chart chart;
    chart.title = title + ": " + picture.name;
    chart.x_label = "epoch";
    chart.linear_to = picture.linear_to;
    double smallest = INFINITY;  // above 0
    std::vector<std::string> keys;
    for (size_t i = picture.keys.size(); i-- > 0;) {  // validation above training
      for (const PageRun& run : runs) {
        const Curve* curve = curve_of(*run.record, picture.keys[i].first);
        if (!curve) continue;
        Series series = {
            run.chosen ? picture.keys[i].second : "", {}, run.chosen ? Kind::thick : Kind::thin, static_cast<int>(i)};
        for (const auto& [epoch, value] : *curve) {
          series.points.emplace_back(static_cast<double>(epoch), value);
          if (value > 0) smallest = std::min(smallest, value);
        }
        chart.series.push_back(series);
      }
      keys.push_back(picture.keys[i].first);
    }
    if (picture.rises && std::isfinite(smallest)) {
      chart.linear_to = std::max(picture.linear_to, std::pow(10, std::floor(std::log10(smallest))));
    }
    text += chart_figure(chart, curve_numbers(runs, keys));
  }
  return text.empty() ? "" : "<div class=\"grid two\">\n" + text + "</div>\n";
}

std::string settings_table(const std::vector<const RunRecord*>& runs) {
  std::map<std::string, std::set<std::string>> values;
  for (const RunRecord* run : runs) {
    for (const auto& [key, value] : run->header) values[key].insert(value);
  }
  Table table = {{"setting", "value"}};
  std::vector<std::string> differ;
  for (const auto& [key, found] : values) {
    if (key == "event") continue;
    if (found.size() == 1) {
      table.push_back({key, found.begin()->size() > 200 ? quote(*found.begin(), 200) : *found.begin()});
    } else {
      differ.push_back(key);
    }
  }
  return page_table("Settings of all runs", table) +
         (differ.empty() ? "" : "<p class=\"quiet\">The runs differ in: " + html_text(join(differ, ", ")) + ".</p>\n");
}

}  // namespace hmem
