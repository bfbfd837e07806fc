#include <string>

#include "catch.h"
#include "hmem/tasks/babi/explain.h"
#include "hmem/tasks/babi/report.h"
#include "support/error_text.h"
#include "support/temp_folder.h"

using namespace hmem;
using hmem::test::TempFolder;

namespace {

/// Not a matcher: that would print the whole page, which takes Catch for ever.
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string lines_of(int task, int seed, const std::string& val, const std::string& test, int epochs = 3,
                     const std::string& settings = "\"hops\":\"3\"", const std::string& answers = "") {
  std::string text =
      "{\"event\":\"header\",\"program\":\"babi_task_single\",\"git\":\"abc\",\"seed\":" + std::to_string(seed) +
      ",\"data\":\"bAbI stories from x\"}\n{\"event\":\"header\",\"preset\":\"paper\",\"epochs\":\"9\"," + settings +
      "}\n";
  for (int i = 0; i < epochs; ++i) {
    text += "{\"event\":\"epoch\",\"epoch\":" + std::to_string(i) +
            ",\"train_loss\":" + std::to_string(1.0 / (1 + i % 7)) + ",\"train_error\":" + std::to_string(i % 13) +
            ",\"val_loss\":" + std::to_string(1.0 / (1 + i % 5)) + ",\"val_error\":" + std::to_string(i % 11) +
            ",\"learning_rate\":0.003,\"grad_norm\":" + std::to_string(i % 17) + "}\n";
  }
  if (!answers.empty()) text += "{\"event\":\"answers\",\"table\":\"" + answers + "\"}\n";
  return text + "{\"event\":\"final\",\"task_id\":" + std::to_string(task) + ",\"epochs\":9,\"val_error\":" + val +
         ",\"test_error\":" + test + ",\"seconds\":90}\n";
}

std::string page_of(const TempFolder& folder) {
  return report_html(read_babi_report(folder.path().string()), folder.path());
}

void check_alone(const std::string& page) {
  CHECK((has(page, "<!DOCTYPE html>") && has(page, "default-src 'none'")));
  for (const char* outside : {"http:", "https:", "<script", "src=\"", "url(", "@import"}) {
    INFO(outside);
    CHECK((!has(page, outside)));
  }
  for (size_t at = 0; (at = page.find("href=\"", at)) != std::string::npos; ++at) {
    const std::string start = page.substr(at + 6, 2);
    CHECK((start[0] == '#' || start == "./"));
  }
}

}  // namespace

TEST_CASE("page of a report: summary, every seed beside published errors, curves, answers, settings, time",
          "[report]") {
  const TempFolder folder;
  folder.write("a/run.jsonl", lines_of(1, 1, "0", "0", 3, "\"hops\":\"3\"", "a\\ta\\t7\\n"));
  folder.write("b/run.jsonl", lines_of(1, 2, "1", "0.5"));
  folder.write("c/run.jsonl", lines_of(17, 1, "8", "9"));
  folder.write("d/run.jsonl", lines_of(17, 2, "4", "7.5", 3, "\"hops\":\"3\"",
                                       "a\\ta\\t30\\na\\tb\\t2\\t17/3,17/38\\nb\\ta\\t1\\nb\\tb\\t7\\nbad\\n"));
  folder.write("d/explain_task17_story38.html", "");
  folder.write("e/run.jsonl", lines_of(3, 1, "1", "1"));
  folder.write("f/run.jsonl", lines_of(2, 1, "0", "0").substr(0, 300));  // a failed run
  const std::string page = page_of(folder);
  check_alone(page);
  CHECK((has(page,
             "<strong>2 of 3 tasks solved</strong>; not solved: 17 (7.5 %). Seeds matter on task 17: "
             "their errors differ by up to 1.5 %.</p>")));
  CHECK((has(page, "Mean test error 2.83 % of the runs chosen by validation, 3.17 % of all runs.")));
  CHECK((has(page,
             "Published, mean of the same tasks: MemN2N 6.9 % (single task, best of 10 by training error); "
             "EntNet 1.53 % (single task, best of 10 by validation).")));
  CHECK((has(page, "5 runs, 7.5 minutes of training in all.")));
  CHECK((has(page, "<title>task 17, seed 1: 9 %</title>") && has(page, "<title>task 17, MemN2N: 18.6 %</title>")));
  CHECK((has(page, "<th scope=\"row\">17 positions</th><td>9</td><td>7.5</td>")));  // the table behind
  CHECK((has(page, "Task 17, positions: 7.5 %, seed 2, the best of 2 by validation")));
  CHECK((has(page, "<title>Task 17: loss</title>") && has(page, "<title>Task 17: size of the gradient</title>")));
  CHECK((has(page, "Of seed 1 all 7 test answers are right.")));
  CHECK((has(page, "Answers of seed 2: 3 of 40 are wrong.")));
  CHECK((has(page, "<td class=\"wrong\" style=\"--p:2%\"><a href=\"#wrong0-17-0-1\">2</a></td>")));
  CHECK((has(page,
             "<li id=\"wrong0-17-0-1\"><bdi>a</bdi>, answered <bdi>b</bdi>: question 3, "
             "<a href=\"./d/explain_task17_story38.html\">38</a></li>")));
  CHECK((has(page, "d/model.safetensors --task_id=17 --story=3 --data_dir=x --html=")));
  CHECK((has(page,
             "<bdi>b</bdi></th><td class=\"wrong\" style=\"--p:5%\">1</td>"
             "<td class=\"right\" style=\"--p:39%\">7</td>")));
  CHECK((has(page, "<th scope=\"row\">hops</th><td>3</td>") && has(page, "The runs differ in: seed.")));
  CHECK((has(page, "Training time in seconds by task")));
  CHECK((has(page, "<h2>Left out</h2>") && has(page, "f/run.jsonl has no final line: not finished; left out")));
  CHECK((!has(page, "Explanation hits")));
  CHECK((!has(page, "nan") && !has(page, "inf\"")));
}

TEST_CASE("page of a report: one run, no run, several settings, joint training", "[report]") {
  {
    const TempFolder folder;
    folder.write("a/run.jsonl", lines_of(1, 1, "null", "0", 0));
    const std::string page = page_of(folder);
    check_alone(page);
    CHECK((has(page, "1 of 1 task solved</strong>. One seed each: how much seeds matter is not known.")));
    CHECK((has(page, "1 run, 1.5 minutes") && has(page, "No curves.")));
    folder.write("b/run.jsonl", lines_of(1, 1, "1", "6", 2, "\"hops\":\"1\""));
    CHECK((has(page_of(folder), "<h2>hmem, preset paper, commit abc, hops=1</h2>") &&
           has(page_of(folder), "Runs that differ in more than task and seed")));
  }
  const std::string empty = report_html({});
  check_alone(empty);
  CHECK((has(empty, "There is no finished run.")));

  const TempFolder folder;
  std::string joint = lines_of(1, 1, "1", "2");
  joint.resize(joint.find("{\"event\":\"final\""));
  joint += R"({"event":"task","task_id":1,"val_error":1,"test_error":2})"
           "\n"
           R"({"event":"task","task_id":2,"val_error":1,"test_error":6})"
           "\n"
           R"({"event":"final","tasks":"1,2","epochs":9,"test_error":4,"seconds":30})"
           "\n";
  folder.write("a/run.jsonl", joint);
  const std::string page = page_of(folder);
  CHECK((has(page, "1 of 2 tasks solved</strong>; not solved: 2 (6 %)")));
  CHECK((has(page, "1 run, 30 seconds of training in all.") && has(page, "<title>All tasks: loss</title>")));
}

TEST_CASE("page of a report: top answers and the rest; hostile texts are escaped", "[report]") {
  const TempFolder folder;
  std::string answers;
  for (int i = 0; i < 20; ++i) {
    const std::string word = "w" + std::to_string(10 + i);
    answers += word + "\\t" + word + "\\t" + std::to_string(100 + i) + "\\n";
  }
  answers += "w10\\tw11\\t3\\nw12\\tw13\\t1\\n<script>alert(1)</script>\\t\\u202e\\\"'\\t5\\n" +
             std::string(5000, 'x') + "\\tw10\\t2\\n";
  folder.write("a/run.jsonl", lines_of(1, 1, "0", "0", 3, "\"hops\":\"<img src=x onerror=alert(1)>\"", answers));
  folder.write("<b onload=x>/run.jsonl", "{");
  const std::string page = page_of(folder);
  check_alone(page);
  CHECK((!has(page, "<img") && !has(page, "<b onload") && !has(page, "\xe2\x80\xae") && has(page, "&lt;img src=x")));
  CHECK((has(page, "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>") && !has(page, std::string(100, 'x'))));
  CHECK((has(page, "<th scope=\"col\">others</th>") && has(page, "<bdi>w10</bdi>") && has(page, "<bdi>w29</bdi>") &&
         !has(page, "<bdi>w14</bdi>")));
  CHECK((has(page, "others: all but the 12 answers with the most errors; of those among themselves 0 are wrong.")));
}

TEST_CASE("page of a report: twenty tasks with five seeds and 180 epochs take less than 1.6 MB", "[report]") {
  const TempFolder folder;
  for (int task = 1; task <= 20; ++task) {
    for (int seed = 1; seed <= 5; ++seed) {
      folder.write(std::to_string(task) + "_" + std::to_string(seed) + "/run.jsonl",
                   lines_of(task, seed, "0", "1", 180));
    }
  }
  const std::string page = page_of(folder);
  CHECK(page.size() < 1600000);
  CHECK(page.size() > 300000);
  CHECK((has(page, "20 of 20 tasks solved</strong>. The seeds agree within 1 % on every task.")));
}

TEST_CASE("explanation hits beside a run are in text, JSON and page; damaged ones are named", "[report]") {
  HitSummary hits;
  hits.task = 2, hits.questions = 50, hits.with_facts = 50, hits.error = 4, hits.facts = 2, hits.chance = 0.17;
  hits.read = {0.9, 1};
  hits.terms = {{"writer", 1, 0.61, 0.2}, {"writer + <steerers>", 1, 1, 0.98}};
  hits.facts_flip = 0.5, hits.worst_residual = 1e-12;
  const TempFolder folder;
  folder.write("a/run.jsonl", lines_of(2, 1, "0", "0"));
  folder.write("b/run.jsonl", lines_of(1, 1, "0", "0"));
  const std::string path = folder.write("a/explain.json", hits.json());
  const HitSummary read = read_hit_summary(path);
  CHECK(read.json() == hits.json());
  CHECK(read.terms[1].all == 0.98);
  CHECK(read.read == hits.read);

  const BabiReport report = read_babi_report(folder.path().string());
  CHECK(report.notes.empty());
  CHECK((has(report_table(report),
             "task  seed  error  chance  writer  writer + <steerers>\n"
             "   2     1      4    0.17     0.2                 0.98\n")));
  CHECK((has(report_markdown(report), "| 2 | 1 | 4 | 0.17 | 0.2 | 0.98 |")));
  CHECK((has(report_json(report), "\"hits_seed\":1,\"hits\":{\"kind\":\"explanation hits\",\"task\":2,")));
  const std::string page = report_html(report);
  CHECK(((has(page, "<td>writer + &lt;steerers&gt;</td>") || has(page, ">writer + &lt;steerers&gt;</th>"))));
  CHECK(
      (has(page, "Explanation hits of seed 1: 50 questions, 50 with supporting facts, 2 each; found by chance: 0.17")));
  CHECK((has(page, "The answer changes in 50 % of the cases without a fact, in 0 % without another sentence.")));

  for (const std::string& damaged :
       {std::string("{}"), std::string("x"), std::string(100000, '['), hits.json().substr(0, 100),
        std::string("{\"kind\":\"explanation hits\",\"task\":\"1\"}"), std::string("{\"version\":1}")}) {
    folder.write("a/explain.json", damaged);
    const BabiReport without = read_babi_report(folder.path().string());
    REQUIRE(without.notes.size() == 1);
    CHECK((has(without.notes[0], "a/explain.json: ") && has(without.notes[0], "; left out")));
    CHECK((!has(report_table(without), "writer")));
  }
  // Of another task: not shown, a run of several tasks has a file for each.
  hits.task = 5;
  folder.write("a/explain.json", hits.json());
  CHECK((!has(report_table(read_babi_report(folder.path().string())), "writer")));
  hits.task = 1;
  folder.write("b/explain_task1.json", hits.json());
  CHECK((has(report_table(read_babi_report(folder.path().string())), "   1     1      4    0.17")));
}
