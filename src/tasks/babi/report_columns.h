#pragma once
// What the tables and the page of a report show alike.

#include "hmem/tasks/babi/report.h"

namespace hmem::detail {

using Errors = std::map<int64_t, double>;  // by task, in %

/// A column of task errors, ours or published, and a row of means.
struct ErrorColumn {
  std::string name, protocol;
  std::string statistic;  ///< of published errors: of ours that may be compared with them, or "none"
  bool published;
  Errors errors;  ///< of the group's tasks; empty when the published errors of single tasks are not known
  Overall overall;
  size_t tasks;
};
/// Our statistics, each followed by the published ones that may be compared with it, and the rest.
std::vector<ErrorColumn> columns_of(const ReportGroup& group);

/// A row for every task; `notes` explains them.
Table task_rows(const ReportGroup& group, std::vector<std::string>& notes);
/// A row for every column that has a mean over the tasks.
Table summary_rows(const ReportGroup& group, std::vector<std::string>& notes);
/// The share of questions of which each kind of term finds all facts. A row for every task with a file of explanation
/// hits; only the head without one.
Table hit_rows(const ReportGroup& group);
constexpr const char* kHitNote =
    "explanation hits: share of the test questions whose largest terms are exactly the supporting facts; chance: of "
    "one";

/// "hmem, renaming 0.5": with what distinguishes its training from that of the published models.
std::string marked_name(const ReportGroup& group);
std::string group_title(const ReportGroup& group);
/// Two decimal places; "-" for NaN.
std::string decimal(double value);

}  // namespace hmem::detail
