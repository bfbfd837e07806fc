// The page of a delay curve.

#include <algorithm>
#include <set>

#include "hmem/core/html.h"
#include "hmem/core/text.h"
#include "hmem/sweep/page.h"
#include "hmem/tasks/images/delay_curve.h"

namespace hmem {

namespace {

using Kind = Chart::Series::Kind;
using Results = std::vector<const DelayResult*>;

std::string name_of(const DelayResult& one) {
  const std::string model = one.model == "hmem" ? "H-Mem" : one.model == "lstm" ? "LSTM" : one.model;
  return model + (one.settings.empty() ? "" : ", " + one.settings);
}

/// A network with its settings, a list for each delay from the smallest on.
struct Curve {
  std::string name;
  std::vector<Results> delays;
};

std::vector<Curve> curves_of(const std::vector<DelayResult>& results) {
  std::vector<Curve> curves;
  for (const Results& group : group_by(results, name_of)) {
    std::map<int64_t, Results> delays;
    for (const DelayResult* one : group) delays[one->delay].push_back(one);
    curves.push_back({name_of(*group[0]), {}});
    for (auto& delay : delays) curves.back().delays.push_back(std::move(delay.second));
  }
  return curves;
}

Spread accuracy_of(const Results& results) {
  std::vector<double> values;
  for (const DelayResult* one : results) values.push_back(one->test_accuracy());
  return spread_of(values);
}

int64_t best_seed(const Results& results) {
  RunGroup runs;
  for (const DelayResult* one : results) runs.runs.push_back(*one);
  return runs.best().seed;
}

std::string percent(double value) { return format_real(value, 3) + " %"; }

std::string summary_of(const std::vector<Curve>& curves) {
  std::string text;
  for (const Curve& curve : curves) {
    const Results &first = curve.delays.front(), &last = curve.delays.back();
    text += "<li><strong>" + html_text(curve.name) + "</strong>: " + percent(accuracy_of(first).mean) +
            " right with delay " + std::to_string(first[0]->delay);
    if (curve.delays.size() > 1) {
      text += ", " + percent(accuracy_of(last).mean) + " with delay " + std::to_string(last[0]->delay);
    }
    double widest = 0;
    size_t most = 0;
    for (const Results& delay : curve.delays) {
      widest = std::max(widest, accuracy_of(delay).max - accuracy_of(delay).min);
      most = std::max(most, delay.size());
    }
    text += most == 1 ? "; one seed each.</li>\n" : "; seeds differ by up to " + percent(widest) + ".</li>\n";
  }
  return "<ul>\n" + text + "</ul>\n";
}

Chart accuracy_chart(const std::vector<Curve>& curves, const std::vector<DelayResult>& results) {
  Chart chart;
  chart.title = "Test accuracy in % over the delay";
  chart.x_label = "delay: padding frames after every pair";
  chart.from_zero = false;
  chart.wide = true;
  std::set<double> delays;
  for (const DelayResult& one : results) delays.insert(static_cast<double>(one.delay));
  chart.x_ticks = {delays.begin(), delays.end()};
  const double apart = 0.01 * std::max(1.0, *delays.rbegin() - *delays.begin());
  double shift = -apart * static_cast<double>(curves.size() - 1) / 2;  // of the seeds: networks beside each other
  int style = 0;
  for (const Curve& curve : curves) {
    Chart::Series line = {curve.name + ", mean", {}, Kind::thick, style};
    Chart::Series dots = {curve.name + ", a seed", {}, Kind::marks, style};
    for (const Results& delay : curve.delays) {
      const auto at = static_cast<double>(delay[0]->delay);
      line.points.emplace_back(at, accuracy_of(delay).mean);
      for (const DelayResult* one : delay) {
        dots.points.emplace_back(at + shift, one->test_accuracy());
        dots.titles.push_back(curve.name + ", delay " + std::to_string(one->delay) + ", seed " +
                              std::to_string(one->seed) + ": " + percent(one->test_accuracy()));
      }
    }
    chart.series.push_back(line);
    chart.series.push_back(dots);
    style = (style + 1) % 6;
    shift += apart;
  }
  return chart;
}

std::string accuracy_figure(const std::vector<Curve>& curves, const std::vector<DelayResult>& results) {
  Table table = {{"network", "delay", "seed", "test accuracy in %", "validation accuracy in %"}};
  for (const DelayResult& one : results) {
    table.push_back({name_of(one), std::to_string(one.delay), std::to_string(one.seed),
                     metric_text(one.test_accuracy()), one.val_error ? metric_text(100 - *one.val_error) : "-"});
  }
  return chart_figure(accuracy_chart(curves, results), table) +
         "<p class=\"quiet\">A mark is a seed; lines join the means.</p>\n";
}

/// What a page says about the runs of all curves.
struct Sections {
  Table accuracies = {{"network", "delay", "runs", "mean", "smallest", "largest"}};
  Table times = {{"network", "delay", "epochs", "seconds in all", "seconds an epoch"}};
  std::string training;
  std::vector<const RunRecord*> records;
  double seconds = 0;
};

/// Adds the runs of one network with one delay. Results from elsewhere and further tests of a run have neither record
/// nor time.
void add_runs(Sections& sections, const std::string& name, const Results& results) {
  const std::string at = std::to_string(results[0]->delay);
  const Spread spread = accuracy_of(results);
  sections.accuracies.push_back({name, at, std::to_string(results.size()), metric_text(spread.mean),
                                 metric_text(spread.min), metric_text(spread.max)});
  double seconds = 0, epochs = 0;
  std::vector<PageRun> runs;
  const int64_t best = best_seed(results);
  for (const DelayResult* one : results) {
    seconds += one->seconds;
    epochs += static_cast<double>(one->epochs);
    if (!one->record) continue;
    runs.push_back({"seed " + std::to_string(one->seed), one->record.get(), one->seed == best});
    sections.records.push_back(one->record.get());
  }
  sections.seconds += seconds;
  if (seconds > 0) {
    const std::string each = epochs > 0 ? metric_text(seconds / epochs) : "-";
    sections.times.push_back({name, at, metric_text(epochs), metric_text(seconds), each});
  }
  const std::string title = name + ", delay " + at;
  const std::string charts = training_charts(runs, title);
  if (charts.empty()) return;
  sections.training += page_fold(html_text(title) + ": " + percent(spread.mean), charts, sections.training.empty());
}

}  // namespace

std::string delay_svg(const std::vector<DelayResult>& results) {
  return results.empty() ? "" : chart_file(accuracy_chart(curves_of(results), results));
}

std::string delay_html(const std::vector<DelayResult>& results, const std::vector<std::string>& missing) {
  const std::string left = missing.size() == 1 ? "1 run is" : std::to_string(missing.size()) + " runs are";
  std::string text =
      "<p class=\"big\">" + (missing.empty() ? "All runs have finished." : left + " not finished.") + "</p>\n";
  if (!results.empty()) {
    const std::vector<Curve> curves = curves_of(results);
    Sections sections;
    for (const Curve& curve : curves) {
      for (const Results& delay : curve.delays) add_runs(sections, curve.name, delay);
    }
    text += summary_of(curves) + "<h2>Accuracy</h2>\n" + accuracy_figure(curves, results) +
            page_table("Test accuracy in %", sections.accuracies);
    if (!sections.training.empty()) {
      text +=
          "<h2>Training</h2>\n<p>Losses, errors, learning rate and size of the gradient over epochs. Thin: every "
          "seed; thick: the best by validation.</p>\n" +
          sections.training;
    }
    text += "<h2>Time</h2>\n<p>" + time_text(sections.seconds) + " of training in all.</p>\n" +
            page_table("Time of the training", sections.times);
    if (!sections.records.empty()) {
      text += "<h2>Settings</h2>\n" + page_fold("Settings of the runs", settings_table(sections.records));
    }
  }
  std::string list;
  for (const std::string& run : missing) list += "<li>" + html_text(run) + "</li>\n";
  if (!list.empty()) text += "<h2>Not finished</h2>\n<ul>\n" + list + "</ul>\n";
  return runs_page("Single-shot image association over the delay", text);
}

}  // namespace hmem
