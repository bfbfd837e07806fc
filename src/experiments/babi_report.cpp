// Tables of the results of many runs.

#include <iostream>

#include "hmem/core/check.h"
#include "hmem/core/program.h"
#include "hmem/core/text.h"
#include "hmem/tasks/babi/report.h"
#include "hmem/train/experiment.h"

namespace {

using namespace hmem;

int report(const Options& options) {
  const std::string& folder = options.get_string("dir");
  if (folder.empty()) throw UsageError("--dir is missing: the folder with the runs");
  check_own_files(options);
  check_outputs(options);
  const BabiReport found = read_babi_report(folder);
  for (const std::string& note : found.notes) std::cerr << "note: " << one_line(note) << std::endl;
  write_output(options, "html", [&] {
    const auto page = std::filesystem::absolute(options.get_string("html"));
    return report_html(found, page.parent_path());
  });
  const std::string& format = options.get_string("format");
  std::string text = format == "json"       ? report_json(found)
                     : format == "csv"      ? report_csv(found)
                     : format == "markdown" ? report_markdown(found)
                                            : report_table(found);
  if (options.get_string("out").empty()) std::cout << text;
  write_output(options, "out", [&] { return text; });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options(
      "babi_report",
      "Prints tables of the bAbI runs in a folder: babi_report DIR.\n"
      "They show the best run by validation, mean, median and worst of single-task and of joint runs, beside\n"
      "published results of the same protocol.");
  options.add_folder("dir", "folder with the runs (required); can also be given as the first argument, without --dir",
                     Role::place);
  options.add_choice("format", "table", "format of the report", {"table", "markdown", "csv", "json"});
  options.add_file("out", "write the report to this file instead of standard output", Role::output);
  options.add_file("html", "also write an HTML page with charts and tables to this file; it needs no network",
                   Role::output);
  std::vector<const char*> arguments(argv, argv + argc);
  std::string dir;
  if (argc > 1 && argv[1][0] != '-' && argv[1][0] != '\0') {
    dir = "--dir=" + std::string(argv[1]);
    arguments[1] = dir.c_str();
  }
  return run_program(argc, arguments.data(), options, report);
}
