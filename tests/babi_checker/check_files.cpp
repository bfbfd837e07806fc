// babi_check TASK FILE...: reads official or generated files of one task with its checker and prints how well they
// agree; exit code 1 when an answer differs.

#include <fstream>
#include <iostream>
#include <sstream>

#include "babi_checker/checker.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: babi_check TASK FILE...\n";
    return 2;
  }
  const int task = std::stoi(argv[1]);
  bool agree = true;
  for (int i = 2; i < argc; ++i) {
    std::ifstream in(argv[i]);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) {
      std::cerr << "babi_check: cannot read " << argv[i] << "\n";
      return 2;
    }
    const auto report = hmem::test::babi_checker::check_text(task, text.str());
    std::cout << argv[i] << ": " << report.summary();
    agree = agree && report.answers.empty() && report.questions > 0;
  }
  return agree ? 0 : 1;
}
