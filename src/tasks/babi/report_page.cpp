// The page of a report.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "hmem/core/files.h"
#include "hmem/core/html.h"
#include "hmem/core/text.h"
#include "hmem/sweep/page.h"
#include "hmem/tasks/babi/explain.h"
#include "tasks/babi/report_columns.h"

namespace hmem {

namespace {

using namespace detail;
using Kind = Chart::Series::Kind;
namespace fs = std::filesystem;

constexpr const char* kTaskNames[] = {"one supporting fact",
                                      "two supporting facts",
                                      "three supporting facts",
                                      "two arguments",
                                      "three arguments",
                                      "yes or no",
                                      "counting",
                                      "lists",
                                      "negation",
                                      "indefinite knowledge",
                                      "basic coreference",
                                      "conjunction",
                                      "compound coreference",
                                      "time",
                                      "basic deduction",
                                      "basic induction",
                                      "positions",
                                      "sizes",
                                      "path finding",
                                      "motivations"};
constexpr size_t kTopAnswers = 12;
constexpr double kSeedsMatter = 1;  // difference in %

std::string paragraph(const std::string& text) { return "<p>" + text + "</p>\n"; }

std::string name_of(int64_t task) { return kTaskNames[task - 1]; }

std::string percent(double error) { return decimal(error) + " %"; }

/// "3 (5.9 %), 17 (8 %)"
std::string task_list(const Errors& errors) {
  std::string text;
  for (const auto& [task, error] : errors) {
    text += (text.empty() ? "" : ", ") + std::to_string(task) + " (" + percent(error) + ")";
  }
  return text;
}

/// Every run once: those of joint training have all tasks.
std::vector<const ReportRun*> runs_of(const ReportGroup& group) {
  std::vector<const ReportRun*> runs;
  for (const auto& task : group.tasks) {
    for (const auto& run : task.second.runs) runs.push_back(&run.second);
    if (group.joint) break;
  }
  return runs;
}

std::vector<PageRun> page_runs(const ReportTask& task) {
  std::vector<PageRun> runs;
  for (const auto& [seed, run] : task.runs) {
    runs.push_back({"seed " + std::to_string(seed), run.record.get(), seed == task.best_seed});
  }
  return runs;
}

// ---- Summary in words -----------------------------------------------------------------------------------------------
std::string summary_of(const ReportGroup& group) {
  const Errors best = group.errors(Statistic::best);
  const Overall overall = overall_of(best);
  Errors failed, spread;
  size_t most_runs = 0;
  double seconds = 0;
  for (const auto& [number, task] : group.tasks) {
    const double low = task.error(Statistic::min), high = task.error(Statistic::worst);
    if (best.at(number) > kFailedTask) failed[number] = best.at(number);
    if (high - low > kSeedsMatter || (low <= kFailedTask && high > kFailedTask)) spread[number] = high - low;
    most_runs = std::max(most_runs, task.runs.size());
  }
  const std::vector<const ReportRun*> runs = runs_of(group);
  for (const ReportRun* run : runs) seconds += run->seconds;
  const size_t tasks = best.size();
  std::string text = "<p class=\"big\"><strong>" + std::to_string(tasks - failed.size()) + " of " +
                     std::to_string(tasks) + (tasks == 1 ? " task" : " tasks") + " solved</strong>" +
                     (failed.empty() ? "" : "; not solved: " + task_list(failed)) + ". ";
  if (most_runs == 1) {
    text += "One seed each: how much seeds matter is not known.</p>\n";
  } else if (spread.empty()) {
    text += "The seeds agree within " + decimal(kSeedsMatter) + " % on every task.</p>\n";
  } else {
    std::vector<std::string> numbers;
    double most = 0;
    for (const auto& [task, difference] : spread) {
      numbers.push_back(std::to_string(task));
      most = std::max(most, difference);
    }
    text += "Seeds matter on " + std::string(numbers.size() == 1 ? "task " : "tasks ") + join(numbers, ", ") +
            ": their errors differ by up to " + percent(most) + ".</p>\n";
  }
  text += paragraph("Mean test error " + percent(overall.mean) + " of the runs chosen by validation, " +
                    percent(overall_of(group.errors(Statistic::mean)).mean) +
                    " of all runs. Solved means an error of at most " + decimal(kFailedTask) + " %.");
  std::string published;
  for (const ErrorColumn& column : columns_of(group)) {
    if (!column.published || column.statistic == "none") continue;
    published += (published.empty() ? "" : "; ") + html_text(column.name) + " " + percent(column.overall.mean) + " (" +
                 html_text(column.protocol) + ")";
  }
  if (!published.empty()) text += paragraph("Published, mean of the same tasks: " + published + ".");
  return text + paragraph(std::to_string(runs.size()) + (runs.size() == 1 ? " run, " : " runs, ") + time_text(seconds) +
                          " of training in all.");
}

// ---- Error and time of each task, every seed as a dot ---------------------------------------------------------------
/// A dot for every seed, a ring around the chosen run.
Chart seeds_chart(const ReportGroup& group, const std::string& title, const std::string& unit,
                  const std::function<double(const ReportRun&)>& value) {
  Chart chart;
  chart.title = title;
  chart.x_label = "task";
  chart.wide = true;
  Chart::Series dots = {"a seed", {}, Kind::dots, 0}, rings = {"chosen by validation", {}, Kind::marks, 0};
  for (const auto& [number, task] : group.tasks) {
    const auto place = static_cast<double>(chart.categories.size());
    chart.categories.push_back(std::to_string(number) + (task.generated ? "*" : ""));
    double at = 0;
    const double step = 0.4 / static_cast<double>(std::max<size_t>(task.runs.size(), 4));
    for (const auto& [seed, run] : task.runs) {
      const double x = place - 0.28 + step * at++;
      dots.points.emplace_back(x, value(run));
      dots.titles.push_back("task " + std::to_string(number) + ", seed " + std::to_string(seed) + ": " +
                            decimal(value(run)) + unit);
      if (seed == task.best_seed) rings.points.emplace_back(x, value(run));
    }
  }
  chart.series = {dots, rings};
  return chart;
}

/// A row for each task, a column for each seed.
Table seeds_table(const ReportGroup& group, const std::function<double(const ReportRun&)>& value) {
  std::set<int64_t> seeds;
  for (const auto& task : group.tasks) {
    for (const auto& run : task.second.runs) seeds.insert(run.first);
  }
  Table table = {{"task"}};
  for (const int64_t seed : seeds) table[0].push_back("seed " + std::to_string(seed));
  for (const auto& [number, task] : group.tasks) {
    table.push_back({std::to_string(number) + " " + name_of(number) + (task.generated ? " *" : "")});
    for (const int64_t seed : seeds) {
      const auto run = task.runs.find(seed);
      table.back().push_back(run == task.runs.end() ? "" : decimal(value(run->second)));
    }
  }
  return table;
}

std::string errors_of(const ReportGroup& group) {
  const auto error = [](const ReportRun& run) { return run.test_error; };
  Chart chart = seeds_chart(group, "Test error in % by task (logarithmic above 0.1 %)", " %", error);
  chart.linear_to = 0.1;
  int style = 1;
  for (const ErrorColumn& column : columns_of(group)) {
    if (!column.published || column.statistic == "none" || column.errors.empty() || style > 4) continue;
    Chart::Series marks = {column.name + " (published)", {}, Kind::marks, style};
    double place = 0;
    for (const auto& [task, value] : column.errors) {
      marks.points.emplace_back(place++ + 0.05 + 0.16 * style, value);
      marks.titles.push_back("task " + std::to_string(task) + ", " + column.name + ": " + decimal(value) + " %");
    }
    chart.series.push_back(marks);
    ++style;
  }
  std::vector<std::string> notes;
  Table rows = task_rows(group, notes);
  for (size_t i = 1; i < rows.size(); ++i) {
    rows[i][0] += " " + name_of(std::next(group.tasks.begin(), static_cast<int64_t>(i) - 1)->first);
  }
  return chart_figure(chart, seeds_table(group, error)) + page_table("Test error in % by task", rows) +
         "<p class=\"quiet\">" + html_text(join(notes, "; ")) + ".</p>\n";
}

std::string time_of(const ReportGroup& group) {
  double longest = 0;
  for (const ReportRun* run : runs_of(group)) longest = std::max(longest, run->seconds);
  if (longest == 0) return "";
  const bool minutes = longest > 600;
  const auto time = [minutes](const ReportRun& run) { return minutes ? run.seconds / 60 : run.seconds; };
  Table table = {{"task", "runs", "epochs", minutes ? "minutes in all" : "seconds in all", "seconds an epoch"}};
  for (const auto& [number, task] : group.tasks) {
    double seconds = 0, epochs = 0;
    for (const auto& run : task.runs) {
      seconds += run.second.seconds;
      epochs += static_cast<double>(run.second.epochs);
    }
    table.push_back({group.joint ? "all" : std::to_string(number) + " " + name_of(number),
                     std::to_string(task.runs.size()), metric_text(epochs), metric_text(seconds / (minutes ? 60 : 1)),
                     epochs > 0 ? metric_text(seconds / epochs) : "-"});
    if (group.joint) break;
  }
  std::string text = "<h3>Time</h3>\n";
  if (!group.joint) {
    text += chart_figure(
        seeds_chart(group, std::string("Training time in ") + (minutes ? "minutes" : "seconds") + " by task",
                    minutes ? " minutes" : " seconds", time),
        seeds_table(group, time));
  }
  return text + page_table("Time of the training", table);
}

// ---- Wrong answers --------------------------------------------------------------------------------------------------
struct Confused {
  int64_t count = 0;
  std::vector<std::string> questions;  ///< "task/number"
};
using Confusion = std::map<std::pair<std::string, std::string>, Confused>;  // true answer, answer

Confusion confusion_of(const RunRecord& record) {
  Confusion confusion;
  for (size_t begin = 0; begin < record.answers.size();) {
    const size_t end = std::min(record.answers.find('\n', begin), record.answers.size());
    const std::string line = record.answers.substr(begin, end - begin);
    begin = end + 1;
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
    const auto count = parse_number<int64_t>(fields.size() < 3 ? "" : fields[2]);
    if (!count || *count < 1 || *count > int64_t{1} << 40) continue;
    Confused& confused = confusion[{fields[0], fields[1]}];
    confused.count += *count;
    for (const std::string& question : split_at_commas(fields.size() < 4 ? "" : fields[3])) {
      const bool number = question.find_first_not_of("0123456789/") == std::string::npos;
      if (number && question.find('/') != std::string::npos && question.size() < 16)
        confused.questions.push_back(question);
    }
  }
  return confusion;
}

/// The answers with the most errors in and out, then those asked for most; the others become one.
std::vector<std::string> top_answers(const Confusion& confusion) {
  std::map<std::string, std::pair<int64_t, int64_t>> weight;
  for (const auto& [pair, confused] : confusion) {
    weight[pair.first].second += confused.count;
    weight[pair.second].second += 0;
    if (pair.first == pair.second) continue;
    weight[pair.first].first += confused.count;
    weight[pair.second].first += confused.count;
  }
  std::vector<std::string> words;
  for (const auto& word : weight) words.push_back(word.first);
  std::stable_sort(words.begin(), words.end(),
                   [&](const auto& a, const auto& b) { return weight.at(a) > weight.at(b); });
  words.resize(std::min(words.size(), kTopAnswers));
  std::sort(words.begin(), words.end());
  return words;
}

/// The link from a page in `page_folder` to a file.
std::string link_to(const fs::path& file, const fs::path& page_folder) {
  std::string link = "./";
  for (const char c : fs::relative(file, page_folder).generic_string()) {
    char code[4];
    std::snprintf(code, sizeof(code), "%%%02X", static_cast<unsigned char>(c));
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || std::string("/._-=,~").find(c) != std::string::npos;
    link += plain ? std::string(1, c) : code;
  }
  return link;
}

/// The file of an explanation: explain_task3_story17.html for question 3/17.
fs::path explanation_of(const ReportRun& run, std::string question) {
  return run.folder / ("explain_task" + question.replace(question.find('/'), 1, "_story") + ".html");
}

/// The questions of a confused pair, linked to their explanations where there are any.
std::string questions_text(const ReportRun& run, const Confused& confused, const fs::path& page_folder) {
  std::string text;
  for (const std::string& question : confused.questions) {
    const std::string number = question.substr(question.find('/') + 1);
    const fs::path page = explanation_of(run, question);
    text += (text.empty() ? "" : ", ") +
            (is_file(page) ? "<a href=\"" + link_to(page, page_folder) + "\">" + number + "</a>" : number);
  }
  return text + (confused.count > static_cast<int64_t>(confused.questions.size()) ? ", .." : "");
}

/// The command that explains a question of a run.
std::string explain_command(const ReportRun& run, std::string question) {
  const auto value = [&](const char* key) {
    const auto found = run.record->header.find(key);
    return found == run.record->header.end() ? std::string() : found->second;
  };
  std::string data = value("test_data_dir").empty() ? value("data_dir") : value("test_data_dir");
  const std::string from = "bAbI stories from ", told = value("data"), page = explanation_of(run, question).string();
  if (data.empty() && told.rfind(from, 0) == 0) data = told.substr(from.size());
  return "bin/babi_explain --load=" + shell_word((run.folder / "model.safetensors").string()) +
         " --task_id=" + question.replace(question.find('/'), 1, " --story=") + " --data_dir=" + shell_word(data) +
         (data == "generated" ? " --seed=" + std::to_string(run.seed) : "") + " --html=" + shell_word(page);
}

/// `id` is the prefix of the ids that cells link to.
std::string answers_of(const ReportRun& report_run, const std::string& id, const fs::path& page_folder) {
  constexpr size_t kListed = 24;
  const std::string run = "seed " + std::to_string(report_run.seed);
  const Confusion confusion = confusion_of(*report_run.record);
  if (confusion.empty()) return "";
  int64_t right = 0, all = 0;
  for (const auto& [pair, confused] : confusion) {
    all += confused.count;
    right += pair.first == pair.second ? confused.count : 0;
  }
  if (right == all) return paragraph("Of " + run + " all " + std::to_string(all) + " test answers are right.");
  const std::vector<std::string> words = top_answers(confusion);
  std::vector<std::vector<int64_t>> counts(words.size() + 1, std::vector<int64_t>(words.size() + 1));
  const auto place = [&](const std::string& word) {
    return static_cast<size_t>(std::find(words.begin(), words.end(), word) - words.begin());
  };
  int64_t rest = 0, wrong_rest = 0;
  std::vector<Confusion::const_iterator> wrong;  // with questions, the most frequent first
  for (auto it = confusion.begin(); it != confusion.end(); ++it) {
    const auto& [pair, confused] = *it;
    const size_t i = place(pair.first), j = place(pair.second);
    counts[i][j] += confused.count;
    if (pair.first != pair.second && !confused.questions.empty()) wrong.push_back(it);
    if (i < words.size() && j < words.size()) continue;
    rest += confused.count;
    if (i == j && pair.first != pair.second) wrong_rest += confused.count;
  }
  std::stable_sort(wrong.begin(), wrong.end(), [](auto a, auto b) { return a->second.count > b->second.count; });
  wrong.resize(std::min(wrong.size(), kListed));
  const size_t shown = words.size() + (rest > 0);
  const auto told = [](const std::string& word) {
    return "<bdi>" + html_text(word.size() > 40 ? quote(word, 40) : word) + "</bdi>";
  };
  const auto word = [&](size_t i) { return i == words.size() ? std::string("others") : told(words[i]); };
  std::string list;
  std::set<std::string> places;
  for (const auto it : wrong) {
    const auto& [pair, confused] = *it;
    const std::string at = id + "-" + std::to_string(place(pair.first)) + "-" + std::to_string(place(pair.second));
    list += (places.insert(at).second ? "<li id=\"" + at + "\">" : std::string("<li>")) + told(pair.first) +
            ", answered " + told(pair.second) + ": question " + questions_text(report_run, confused, page_folder) +
            "</li>\n";
  }
  std::string table = "<table><caption>Answers of " + run + ": " + std::to_string(all - right) + " of " +
                      std::to_string(all) +
                      " are wrong. Row: true answer; column: answer given; bold: wrong.</caption>"
                      "\n<tr><th scope=\"col\"></th>";
  for (size_t j = 0; j < shown; ++j) table += "<th scope=\"col\">" + word(j) + "</th>";
  table += "</tr>\n";
  for (size_t i = 0; i < shown; ++i) {
    table += "<tr><th scope=\"row\">" + word(i) + "</th>";
    const int64_t of_row = std::accumulate(counts[i].begin(), counts[i].end(), int64_t{0});
    for (size_t j = 0; j < shown; ++j) {
      const bool others = i == words.size() && j == i;  // right and wrong ones
      const int64_t count = counts[i][j];
      std::string cell = "<td>";
      if (count > 0 && !others) {
        cell = std::string("<td class=\"") + (i == j ? "right" : "wrong") +
               "\" style=\"--p:" + std::to_string(45 * count / of_row) + "%\">";
      }
      const std::string at = id + "-" + std::to_string(i) + "-" + std::to_string(j), text = std::to_string(count);
      const bool linked = places.count(at) == 1;
      table += cell + (linked ? "<a href=\"#" + at + "\">" + text + "</a>" : count > 0 ? text : "") + "</td>";
    }
    table += "</tr>\n";
  }
  std::string text = page_wide("answers", table + "</table>");
  if (rest > 0) {
    text += "<p class=\"quiet\">others: all but the " + std::to_string(kTopAnswers) +
            " answers with the most errors; of those among themselves " + std::to_string(wrong_rest) +
            " are wrong.</p>\n";
  }
  if (list.empty()) return text;
  return text +
         paragraph("Wrong answers and the numbers of their test questions" +
                   std::string(wrong.size() == kListed ? ", the most frequent ones" : "") +
                   ". A number is a link if the folder of the run has an explanation of the question, as written by "
                   "<code>" +
                   html_text(explain_command(report_run, wrong.front()->second.questions.front())) + "</code>") +
         "<ul>\n" + list + "</ul>\n";
}

// ---- Explanation hits -----------------------------------------------------------------------------------------------
std::string hits_of(const ReportRun& run) {
  const HitSummary& hits = *run.hits;
  Table table = {{"by", "largest is a fact", "share of facts found", "all facts found"}};
  for (size_t h = 0; h < hits.read.size(); ++h) {
    table.push_back({"read of hop " + std::to_string(h + 1), decimal(hits.read[h]), "", ""});
  }
  for (const HitSummary::Of& of : hits.terms) {
    table.push_back({of.name, decimal(of.top), decimal(of.recall), metric_text(of.all)});
  }
  std::string text =
      page_table("Explanation hits of seed " + std::to_string(run.seed) + ": " + std::to_string(hits.questions) +
                     " questions, " + std::to_string(hits.with_facts) + " with supporting facts, " +
                     decimal(hits.facts) + " each; found by chance: " + decimal(hits.chance),
                 table);
  if (hits.facts_flip + hits.others_flip > 0) {
    text +=
        paragraph("The answer changes in " + decimal(100 * hits.facts_flip) + " % of the cases without a fact, in " +
                  decimal(100 * hits.others_flip) + " % without another sentence.");
  }
  return text;
}

// ---- Details of each task -------------------------------------------------------------------------------------------
std::string details_of(const ReportGroup& group, const std::string& id, const fs::path& page_folder) {
  std::string small, text;
  const bool few = group.tasks.size() <= 2;
  for (const auto& [number, task] : group.tasks) {
    const std::string name = (group.joint ? "All tasks" : "Task " + std::to_string(number));
    if (!group.joint || &task == &group.tasks.begin()->second) {
      Chart chart;
      chart.title = name + ": validation error in %";
      chart.x_label = "epoch";
      chart.linear_to = 0.1;
      for (const PageRun& run : page_runs(task)) {
        const auto curve = run.record->curves.find("val_error");
        if (curve == run.record->curves.end()) continue;
        Chart::Series series = {"", {}, run.chosen ? Kind::thick : Kind::thin, 0};
        for (const auto& [epoch, value] : curve->second) series.points.emplace_back(static_cast<double>(epoch), value);
        chart.series.push_back(series);
      }
      const std::string svg = chart_curves(chart);
      if (!svg.empty()) small += "<figure>" + svg + "</figure>\n";
      const std::string best = "seed " + std::to_string(task.best_seed);
      std::string body = training_charts(page_runs(task), name) +
                         answers_of(task.best(), id + "-" + std::to_string(number), page_folder);
      if (!group.joint && task.explained()) body += hits_of(*task.explained());
      const std::string of = group.joint ? "All tasks together, " + best
                                         : "Task " + std::to_string(number) + ", " + name_of(number) + ": " +
                                               percent(task.best().test_error) + ", " + best;
      text += page_fold(
          of + (task.runs.size() == 1 ? "" : ", the best of " + std::to_string(task.runs.size()) + " by validation"),
          body.empty() ? paragraph("No curves.") : body, few);
    }
    if (group.joint && task.explained()) {
      text += page_fold("Task " + std::to_string(number) + ", " + name_of(number), hits_of(*task.explained()));
    }
  }
  std::string all;
  if (!small.empty() && !few && !group.joint) {
    all = "<h3>Training of each task</h3>\n" +
          paragraph(
              "Error on the validation questions over epochs, logarithmic above 0.1 %. Thin: every seed; thick: the "
              "chosen one. The numbers are in the details of the task.") +
          "<div class=\"grid\">\n" + small + "</div>\n";
  }
  return all + "<h3>Details</h3>\n" +
         paragraph(
             "Losses, errors, learning rate and size of the gradient over epochs. Thin: every seed; thick: the "
             "chosen one.") +
         text;
}

std::string group_html(const ReportGroup& group, bool alone, const std::string& id, const fs::path& page_folder) {
  std::vector<std::string> notes;
  const Table rows = summary_rows(group, notes), hits = hit_rows(group);
  std::string text = "<section>\n<h2>" + html_text(alone ? "Errors" : group_title(group)) + "</h2>\n";
  if (!alone) text += summary_of(group);
  text += errors_of(group) + page_table("All tasks, error in %", rows) + "<p class=\"quiet\">" +
          html_text(join(notes, "; ")) + ".</p>\n" + details_of(group, id, page_folder);
  if (hits.size() > 1) {
    text += "<h3>Explanation hits</h3>\n" + page_table("All facts found, by kind of term", hits) +
            "<p class=\"quiet\">" + html_text(kHitNote) + ".</p>\n";
  }
  std::vector<const RunRecord*> records;
  for (const ReportRun* run : runs_of(group)) records.push_back(run->record.get());
  return text + time_of(group) + "<h3>Settings</h3>\n" + page_fold("Settings of the runs", settings_table(records)) +
         "</section>\n";
}

}  // namespace

std::string report_html(const BabiReport& report, const fs::path& page_folder) {
  const bool alone = report.groups.size() == 1;
  std::string text, left_out;
  if (alone) text = paragraph(html_text(group_title(report.groups.front()))) + summary_of(report.groups.front());
  if (report.groups.empty()) text = paragraph("There is no finished run.");
  if (report.groups.size() > 1) {
    Table table = {{"settings", "runs", "tasks", "solved", "mean error in %"}};
    for (const ReportGroup& group : report.groups) {
      const Overall overall = overall_of(group.errors(Statistic::best));
      table.push_back({group_title(group), std::to_string(runs_of(group).size()), std::to_string(group.tasks.size()),
                       std::to_string(static_cast<int64_t>(group.tasks.size()) - overall.failed),
                       decimal(overall.mean)});
    }
    text = page_table("Runs that differ in more than task and seed; runs chosen by validation", table);
  }
  for (size_t i = 0; i < report.groups.size(); ++i) {
    text += group_html(report.groups[i], alone, "wrong" + std::to_string(i), page_folder);
  }
  for (const std::string& note : report.notes) left_out += "<li>" + html_text(note) + "</li>\n";
  if (!left_out.empty()) text += "<h2>Left out</h2>\n<ul>\n" + left_out + "</ul>\n";
  return runs_page("bAbI runs", text);
}

}  // namespace hmem
