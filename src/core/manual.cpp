#include "hmem/core/manual.h"

#include <algorithm>

#include "hmem/core/check.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// "help (range; default value)", without an empty range.
std::string meaning(const Options::Flag& flag) {
  const std::string range = flag.range.empty() ? "" : flag.range + "; ";
  return flag.help + " (" + range + "default " + (flag.default_value.empty() ? "empty" : flag.default_value) + ")";
}

/// Calls `title(section)` before the first flag of a section and `row(flag)` for every flag.
template <typename Title, typename RowOf>
void by_section(const Options& options, const Title& title, const RowOf& row) {
  std::string section;
  for (const Options::Flag& flag : options.flags()) {
    if (flag.section != section) title(flag.section);
    section = flag.section;
    row(flag);
  }
}

std::string markdown(const Options& options) {
  std::string text = "## `bin/" + options.program() + "`\n\n" + options.summary() + "\n";
  const auto cell = [](const std::string& content) { return replaced(content, "|", "\\|"); };
  by_section(
      options,
      [&](const std::string& section) {
        text += "\n**" + section + "**\n\n| flag | value | default | meaning |\n|---|---|---|---|\n";
      },
      [&](const Options::Flag& flag) {
        const std::string value = flag.range.empty() ? flag.type : flag.type + ": " + flag.range;
        text += "| `--" + flag.name + "` | " + cell(value) + " | " +
                (flag.default_value.empty() ? "empty" : "`" + flag.default_value + "`") + " | " + cell(flag.help) +
                " |\n";
      });
  return text + "\n";
}

/// Text escaped for troff.
std::string troff(const std::string& text) {
  std::string result = replaced(replaced(text, "\\", "\\e"), "-", "\\-");
  if (!result.empty() && (result[0] == '.' || result[0] == '\'')) result = "\\&" + result;
  return replaced(result, "\n", "\n.br\n");
}

std::string man(const Options& options) {
  std::string title = options.program();
  std::transform(title.begin(), title.end(), title.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  const std::string& summary = options.summary();
  std::string text = ".TH " + title + " 1 \"\" hmem \"hmem manual\"\n.SH NAME\n" + troff(options.program()) + " \\- " +
                     troff(summary.substr(0, summary.find('.'))) + "\n.SH SYNOPSIS\n.B " + troff(options.program()) +
                     "\n[\\fB\\-\\-flag\\fR=\\fIvalue\\fR ...]\n.SH DESCRIPTION\n" + troff(summary) + "\n";
  by_section(
      options, [&](const std::string& section) { text += ".SH \"" + troff(section) + "\"\n"; },
      [&](const Options::Flag& flag) {
        text += ".TP\n\\fB\\-\\-" + troff(flag.name) + "\\fR=\\fI" + troff(flag.type) + "\\fR\n" +
                troff(meaning(flag)) + "\n";
      });
  return text +
         ".SH \"EXIT STATUS\"\n0 success, 1 error, 2 invalid command line, 128 + number of the signal that stopped a "
         "run which has a checkpoint. An error is one line on the standard error.\n"
         ".SH ENVIRONMENT\n.TP\n\\fBHMEM_DATA\\fR\nfolder to search for data sets\n.TP\n"
         "\\fBHMEM_KERNELS\\fR\ngeneric, avx2 or avx512: forces one set of kernels\n.TP\n"
         "\\fBNO_COLOR\\fR\nno colours on a terminal\n";
}

/// "program --flag --flag:choice,choice .."; FILE and FOLDER tell what to complete.
std::string bash(const Options& options) {
  std::string text = options.program();
  for (const Options::Flag& flag : options.flags()) {
    const std::string values = flag.type == "NAME" ? replaced(flag.range, ", ", ",") : flag.type == "0|1" ? "0,1" : "";
    text += " --" + flag.name + ":" + (flag.is_file ? "FILE" : flag.is_folder ? "FOLDER" : values);
  }
  return text + "\n";
}

}  // namespace

std::string manual(const Options& options, const std::string& format) {
  if (format == "text") return options.help_text();
  if (format == "markdown") return markdown(options);
  if (format == "man") return man(options);
  if (format == "bash") return bash(options);
  throw UsageError("--help: found " + quote(format) + ", expected text, markdown, man or bash");
}

}  // namespace hmem
