// Trains one H-Mem with one vocabulary on several bAbI tasks together and reports the error on each.

#include "hmem/core/program.h"
#include "hmem/tasks/babi/experiment.h"
#include "hmem/tasks/babi/flags.h"

int main(int argc, char** argv) {
  hmem::Options options = hmem::babi_task_joint_options();
  return hmem::run_program(argc, argv, options, hmem::run_babi_joint_experiment);
}
