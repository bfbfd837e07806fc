#pragma once
/// \file page.h
/// One HTML page about runs, which needs no other file, no network and no script: charts as SVG, each with a table of
/// its numbers. Whatever comes from a file of a run is escaped.

#include <string>
#include <utility>
#include <vector>

#include "hmem/sweep/report.h"
#include "hmem/sweep/run_record.h"

namespace hmem {

/// Lines over epochs, or marks over the places 0, 1, .. of named categories.
struct Chart {
  struct Series {
    enum class Kind { thin, thick, dots, marks };
    std::string name;  ///< in the legend, where it stands once; empty: not there
    std::vector<std::pair<double, double>> points;
    Kind kind = Kind::thick;
    int style = 0;                         ///< colour, dash and mark: 0..5
    std::vector<std::string> titles = {};  ///< of the points, for the pointer; none: not named
  };
  std::string title, x_label;
  std::vector<std::string> categories;  ///< names of the places; none: x is a number
  std::vector<double> x_ticks;          ///< none: round numbers
  double linear_to = 0;                 ///< above: y is logarithmic, as log(1 + y / linear_to); 0: y is linear
  bool from_zero = true;
  std::vector<Series> series;
  bool wide = false;
};
/// <svg> with a title; an empty text without points. Values that are not finite are left out.
std::string chart_svg(const Chart& chart);
/// The same as an SVG file of its own, light or dark as the reader's system; "" without points.
std::string chart_file(const Chart& chart);
/// The chart; if y is logarithmic, also with a linear y: the switch of runs_page() shows one of the two.
std::string chart_curves(Chart chart);
/// The chart, with lines as chart_curves() draws them, and, folded, its numbers.
std::string chart_figure(const Chart& chart, const Table& numbers);

/// The head and the frame of a page; with a switch for the axes if `body` has chart_curves().
std::string runs_page(const std::string& title, const std::string& body);
/// A block that is folded until it is wanted; `summary` is HTML.
std::string page_fold(const std::string& summary, const std::string& body, bool open = false);
/// A <table> that scrolls by itself where the page is narrow.
std::string page_wide(const std::string& name, const std::string& table);
/// The same for a table of plain texts.
std::string page_table(const std::string& caption, const Table& table);
/// "5.3 hours"
std::string time_text(double seconds);

/// A run on a page.
struct PageRun {
  std::string name;  ///< "seed 3"
  const RunRecord* record;
  bool chosen;  ///< drawn thick
};
/// Loss, error, learning rate and size of the gradient over epochs, each with a table; empty when the runs have none.
std::string training_charts(const std::vector<PageRun>& runs, const std::string& title);
/// The settings that all runs share, and the names of those in which they differ.
std::string settings_table(const std::vector<const RunRecord*>& runs);

}  // namespace hmem
