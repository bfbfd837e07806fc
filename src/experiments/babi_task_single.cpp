// Trains and tests H-Mem on one bAbI task: the question-answering experiment of Limbacher & Legenstein, NeurIPS 2020.
// Flags of the authors' program keep their names and defaults; README.md has the table.

#include "hmem/core/program.h"
#include "hmem/tasks/babi/experiment.h"
#include "hmem/tasks/babi/flags.h"

int main(int argc, char** argv) {
  hmem::Options options = hmem::babi_task_single_options();
  return hmem::run_program(argc, argv, options, [](const hmem::Options& given) {
    return hmem::run_babi_experiment(given, given.get_int("task_id"));
  });
}
