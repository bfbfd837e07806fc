// Explains an answer: which sentences write it, which steer the hops to it, what it would be without them.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "hmem/core/atomic_file.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/timer.h"
#include "hmem/data/babi/files.h"
#include "hmem/data/images/encode.h"
#include "hmem/tasks/babi/explain.h"
#include "hmem/train/experiment.h"

namespace {

using namespace hmem;

Options make_options() {
  Options options("babi_explain",
                  "Explains an answer of H-Mem as an exact sum over the sentences of the story.\n"
                  "Without flags it uses the shipped model of task 1 and a generated story. A story can also be\n"
                  "piped in: one sentence a line, the question last. docs/explain.md says what the numbers mean.");
  options.section("Model");
  options.add_file(
      "load",
      "trained H-Mem, written by --save or --export_weights of babi_task_single; empty: the shipped model of the task",
      Role::place);
  options.add_optional_int(
      "task_id",
      "bAbI task of the shipped model and of the test stories; none: the task of the model of --load, else 1", {1, 20});
  options.section("Story");
  options.add_string(
      "story", "",
      "number of a test question, a file with a story and a question, or - for the standard input; empty: "
      "the standard input if it is a pipe or a file, else test question 1",
      Role::place);
  options.add_string("question", "", "ask this after the whole story instead of the story's own question", Role::place);
  options.add_folder("data_dir",
                     "bAbI folder with en/ and en-10k/ for test questions; 'generated' or empty: generate stories",
                     Role::place);
  options.add_int("seed", 1, "random seed of generated test stories", {0, int64_t{1} << 62});
  options.section("Output");
  options.add_int("rows", 12, "number of sentences in the table: those with the largest terms; 0: all", {0, 1000000});
  options.add_switch("brief", false, "print the answer and three lines that say why, instead of the table");
  options.add_switch("trace", false, "also print every intermediate value of the model");
  options.add_file("html", "write an HTML page with tables, pictures and controls to this file; it needs no network",
                   Role::output);
  options.add_folder("svg", "write every picture of the HTML page to this folder as SVG", Role::output);
  options.add_folder("png", "write the heat maps (memory, keys, values, pairs, origin) to this folder as PNG",
                     Role::output);
  options.add_file("json",
                   "write everything about this answer to this JSON file, whose fields are in docs/explain.md; with "
                   "--all: how often "
                   "the largest terms are the supporting facts (babi_report shows it when the file is explain.json in "
                   "the folder of a run)",
                   Role::output);
  options.add_switch("json_model", false,
                     "with --json: include all weights of the model; with --html: include the weights of a large "
                     "model, too, so that the page can compute what-ifs");
  options.add_file("csv", "write the terms of every sentence to this CSV file; with --all: a line for every question",
                   Role::output);
  options.add_switch("all", false,
                     "explain all test questions, and count how often the largest terms are the supporting facts");
  options.add_switch("left_out", true, "with --all: also answer every question without each of its sentences");
  options.add_int("threads", 1, "with --all: number of threads; does not change results", {1, 1024}, Role::neutral);
  options.add_switch("quiet", false, "print no progress");
  return options;
}

void check_flags(const Options& options) {
  const auto wrong = [](const std::string& text) { throw UsageError(text); };
  if (options.get_switch("all")) {
    for (const char* other : {"story", "question", "brief", "trace", "html", "svg", "png", "json_model"}) {
      if (options.was_given(other)) wrong(std::string("--") + other + ": found with --all, expected one of them");
    }
  }
  if (options.get_switch("json_model") && options.get_string("json").empty() && options.get_string("html").empty()) {
    wrong("--json_model: found without --json or --html, expected one of them");
  }
  check_own_files(options);
}

/// The standard input is a pipe or a file: somebody sends a story.
bool story_is_sent() {
  struct stat status;
  return fstat(STDIN_FILENO, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode));
}

struct Study {
  BabiModel model;
  PlainQa plain;
  std::string path;
  int task_id;  ///< of the test questions; 0: the model is one of several tasks

  explicit Study(const ModelFile& file)
      : model(read_babi_model(file)), plain(explainable(model, file.path())), path(file.path()) {
    task_id = parse_number<int>(model.task_id).value_or(0);
  }
};

int test_task(const Options& options, const Study& study) {
  return static_cast<int>(options.get_optional_int("task_id").value_or(study.task_id));
}

BabiStories test_stories(const Options& options, const Study& study) {
  const int task = test_task(options, study);
  HMEM_CHECK(task >= 1 && task <= 20, study.path, ": the model's task_id is ", quote(study.model.task_id),
             ", expected one task of 1..20: give --task_id, or a story");
  const std::string& data_dir = options.get_string("data_dir");
  return load_babi_test(find_babi(data_dir.empty() ? "generated" : data_dir), task,
                        static_cast<uint64_t>(options.get_int("seed")));
}

AskedQuestion find_question(const Options& options, const Study& study) {
  const std::string &story = options.get_string("story"), &question = options.get_string("question");
  if (story == "-" || (story.empty() && story_is_sent())) {
    const bool is_empty = std::cin.peek() == std::char_traits<char>::eof();
    if (!is_empty || !story.empty()) return read_asked_question(std::cin, "standard input", question);
  }
  const auto number = parse_number<int64_t>(story.empty() ? "1" : story);
  if (!number) {
    std::ifstream file = open_file(story);
    return read_asked_question(file, story, question);
  }
  AskedQuestion asked = asked_question(test_stories(options, study), *number - 1);
  if (!question.empty()) {
    asked.question = babi_words(question);
    asked.true_answer = "", asked.facts = {};
    HMEM_CHECK(!asked.question.empty(), "--question: found no words, expected a question");
  }
  return asked;
}

/// Words that the model does not know: read as nothing.
std::string unknown_words(const BabiTask& task, const AskedQuestion& asked) {
  std::vector<std::string> unknown;
  const auto look = [&](const BabiWords& words) {
    for (const std::string& word : words) {
      const bool is_new = std::find(unknown.begin(), unknown.end(), word) == unknown.end();
      if (task.vocabulary.id_of(word) == Vocabulary::kNil && is_new && unknown.size() < 5) unknown.push_back(word);
    }
  };
  for (const BabiWords& sentence : asked.sentences) look(sentence);
  look(asked.question);
  for (std::string& word : unknown) word = quote(word);
  return join(unknown, ", ");
}

std::string picture_path(const Options& options, const char* kind, const std::string& name) {
  return options.get_string(kind) + "/" + name + "." + kind;
}

void write_pictures(const Options& options, const Study& study, const Explanation& one) {
  const bool svg = !options.get_string("svg").empty(), png = !options.get_string("png").empty();
  if (!svg && !png) return;
  for (const ExplainPicture& picture : explain_pictures(study.plain, study.model.task, one)) {
    if (svg) write_file(picture_path(options, "svg", picture.name), picture.svg);
    if (png && picture.pixels) write_file(picture_path(options, "png", picture.name), encode_png(*picture.pixels));
  }
}

void explain_one(const Options& options, const Study& study) {
  const BabiTask& task = study.model.task;
  AskedQuestion asked = find_question(options, study);
  HMEM_CHECK(!asked.sentences.empty(), "found a question before any sentence, expected a story");
  const std::string unknown = unknown_words(task, asked);
  if (!unknown.empty()) std::cerr << "warning: not in the vocabulary, read as nil: " << unknown << std::endl;
  const Explanation one = explain(study.plain, task, std::move(asked));
  const bool whole = options.get_switch("json_model");
  write_output(options, "json",
               [&] { return explain_json(study.plain, task, one, whole ? JsonWeights::all : JsonWeights::if_small); });
  write_output(options, "csv", [&] { return explain_csv(task, one); });
  write_output(options, "html", [&] {
    return explain_html(study.plain, task, one, whole ? JsonWeights::behind_keys : JsonWeights::if_small);
  });
  write_pictures(options, study, one);
  const auto print = [](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) std::cout << line << "\n";
  };
  if (options.get_switch("trace")) print(trace_text(study.plain, task, one));
  print(options.get_switch("brief") ? explain_brief(task, one)
                                    : explain_text(study.plain, task, one, options.get_int("rows")));
}

void explain_test_set(const Options& options, const Study& study) {
  const BabiStories stories = test_stories(options, study);
  std::string csv;
  const Timer timer;
  HitSummary hits = explain_all(study.plain, study.model.task, stories, options.get_switch("left_out"),
                                show_progress(options, "explaining"), &csv);
  const double seconds = timer.seconds();
  hits.task = test_task(options, study);
  write_output(options, "csv", [&] { return csv; });
  write_output(options, "json", [&] { return hits.json() + "\n"; });
  std::cout << one_line(stories.source) << ": ";
  for (const std::string& line : hits.text()) std::cout << line << "\n";
  Record line;
  line.add_text("task_id", study.model.task_id).add_int("questions", hits.questions).add_real("error", hits.error, 4);
  for (const HitSummary::Of& of : hits.terms) {
    if (of.name == "writer" || of.name == "writer + steerers" || of.name == "left out") {
      line.add_real("all_facts_by_" + std::string(of.name == "writer"     ? "writer"
                                                  : of.name == "left out" ? "left_out"
                                                                          : "terms"),
                    of.all, 4);
    }
  }
  line.add_real("worst_residual", hits.worst_residual, 2).add_real("seconds", seconds, 3);
  std::cout << "final " << line.to_text() << "\n";
}

int explain_answer(const Options& options) {
  check_flags(options);
  set_num_threads(static_cast<int>(options.get_int("threads")));
  check_outputs(options);
  if (!options.get_string("png").empty()) need_png();
  for (const char* folder : {"svg", "png"}) {
    if (options.get_string(folder).empty()) continue;
    make_folder(options.get_string(folder));
    check_writable(picture_path(options, folder, "memory"));
  }
  std::string path = options.get_string("load");
  if (path.empty()) path = find_babi_model(static_cast<int>(options.get_optional_int("task_id").value_or(1)));
  const ModelFile file(path);
  if (!file.note().empty()) std::cerr << "note: " << one_line(file.note()) << std::endl;
  const Study study(file);
  if (options.get_switch("all")) {
    explain_test_set(options, study);
  } else {
    explain_one(options, study);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = make_options();
  return run_program(argc, argv, options, explain_answer);
}
