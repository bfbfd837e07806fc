#pragma once
/// \file program.h
/// The frame of every `main`: command line, exit codes for errors, and facts about build and process.

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>

#include "hmem/core/options.h"

namespace hmem {

struct BuildInfo {
  std::string version;       ///< "0.1.0"
  std::string git_sha;       ///< "unknown" outside of a checkout
  std::string compiler;      ///< "g++ 12.2.0"
  std::string architecture;  ///< "x86_64"

  /// "0.1.0 (git 2f76402, g++ 12.2.0, x86_64)"
  std::string str() const;
};

BuildInfo build_info();

/// Parses the command line and calls `body`, whose result is the exit code. `--help` and `--version` print to `out` and
/// return 0. An invalid command line prints one line to `err` and returns 2; any other exception prints one line and
/// returns 1. A message is always one line, whatever bytes it quotes.
int run_program(int argc, const char* const* argv, Options& options, const std::function<int(const Options&)>& body,
                std::ostream& out, std::ostream& err);
/// The same on the standard streams: `return run_program(argc, argv, options, body);` is all of `main`.
int run_program(int argc, const char* const* argv, Options& options, const std::function<int(const Options&)>& body);

/// run_program() for a program that mpirun may start as several processes (core/ranks.h): an error on any of them gives
/// one line.
int run_ranks(int argc, const char* const* argv, Options& options, const std::function<int(const Options&)>& body);

/// Largest resident memory of this process so far, in MiB.
double peak_rss_mib();

/// Folder of the running program; empty when the system does not report it.
std::filesystem::path program_folder();

}  // namespace hmem
