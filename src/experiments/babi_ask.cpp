// Asks a trained model: reads sentences and questions from the keyboard or a pipe, prints answers with probabilities.

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/parallel.h"
#include "hmem/core/program.h"
#include "hmem/core/text.h"
#include "hmem/data/babi/files.h"
#include "hmem/kernels/isa.h"
#include "hmem/tasks/babi/dialogue.h"

namespace {

using namespace hmem;

constexpr size_t kMaxLineBytes = size_t{1} << 20;

Options make_options() {
  Options options("babi_ask", "Answers questions about stories that you type, with a trained model.");
  options.section("Model");
  options.add_file("load", "trained model to ask, written by --save of a training program (required)", Role::place);
  options.add_int("threads", 1, "number of threads; does not change the answers", {1, 1024});
  options.section("Output");
  options.add_int("top", 3, "number of answers shown per question", {1, 1000});
  options.add_switch("quiet", false, "print only answers, no notes or warnings");
  options.section("Test stories (:story)");
  options.add_folder("data_dir",
                     "bAbI folder with en/ and en-10k/; 'generated': generate stories; empty: search $HMEM_DATA, "
                     "./datasets and the datasets folder beside the program's",
                     Role::place);
  options.add_optional_int("task_id", "bAbI task of the stories that :story shows; none: the task of the model",
                           {1, 20});
  return options;
}

/// Task of the flag, or of the model when it was trained on one.
int story_task(const Options& options, const std::string& of_model) {
  if (const auto given = options.get_optional_int("task_id")) return static_cast<int>(*given);
  const auto task = parse_number<int>(of_model);
  HMEM_CHECK(task && *task >= 1 && *task <= 20, ":story: the model's task_id is ", quote(of_model),
             ", expected one task of 1..20: give --task_id");
  return *task;
}

BabiStories load_test_stories(const Options& options, const std::string& of_model) {
  return load_babi_test(find_babi(options.get_string("data_dir")), story_task(options, of_model));
}

enum class Input { kLine, kTooLong, kEnd };

/// Next line without its end. The rest of a line above the limit is read and dropped.
Input read_line(std::istream& in, std::string& line) {
  constexpr int kEnd = std::char_traits<char>::eof();
  line.clear();
  size_t bytes = 0;
  for (int c = in.get(); c != '\n'; c = in.get()) {
    if (c == kEnd && bytes == 0) return Input::kEnd;
    if (c == kEnd) break;
    if (++bytes <= kMaxLineBytes) line += static_cast<char>(c);
  }
  return bytes <= kMaxLineBytes ? Input::kLine : Input::kTooLong;
}

/// An invalid line gives one line on stderr, and the session goes on.
void answer_line(BabiDialogue& dialogue, const std::string& line, Input input, const std::string& where) {
  try {
    HMEM_CHECK(input != Input::kTooLong, "found more than ", kMaxLineBytes, " bytes, expected a sentence");
    for (const std::string& text : dialogue.reply(line)) std::cout << text << "\n";
    std::cout.flush();
  } catch (const Error& error) {
    std::cerr << "babi_ask: error: " << where << one_line(error.what()) << std::endl;
  }
}

int ask(const Options& options) {
  set_num_threads(static_cast<int>(options.get_int("threads")));
  kernel_set_name();  // throws when $HMEM_KERNELS names an unavailable set
  const std::string& path = options.get_string("load");
  if (path.empty()) throw UsageError("--load is missing: give a model that bin/babi_task_single --save wrote");
  std::string task_id;
  const bool quiet = options.get_switch("quiet");
  const ModelFile file(path);
  BabiDialogue dialogue(file, {options.get_int("top"), !quiet}, [&] { return load_test_stories(options, task_id); });
  if (!quiet && !file.note().empty()) std::cerr << "note: " << one_line(file.note()) << std::endl;
  task_id = dialogue.task_id();

  const bool terminal = isatty(STDIN_FILENO) == 1;
  if (terminal && !quiet) {
    std::cout << one_line(path) << ": " << dialogue.description() << "\n"
              << "Type sentences, then a question that ends in ?, or :help\n";
  }
  std::string line;
  int64_t number = 0;
  while (!dialogue.finished()) {
    if (terminal) std::cout << "> " << std::flush;
    const Input input = read_line(std::cin, line);
    if (input == Input::kEnd) {
      if (terminal) std::cout << "\n";
      break;
    }
    ++number;
    answer_line(dialogue, line, input, terminal ? "" : "line " + std::to_string(number) + ": ");
  }
  HMEM_CHECK(std::ferror(stdin) == 0, "cannot read the standard input");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options = make_options();
  return run_program(argc, argv, options, ask);
}
