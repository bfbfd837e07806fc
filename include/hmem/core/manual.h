#pragma once
/// \file manual.h
/// Manuals of a program, all made from its option table.

#include <string>

#include "hmem/core/options.h"

namespace hmem {

/// In one of the formats of `--help=FORMAT`:
///   text      for a terminal, as `--help` prints it
///   markdown  a section of docs/programs.md
///   man       a page of section 1, for man(1)
///   bash      a line that the completion in tools/completion.bash reads
/// Throws UsageError for another format.
std::string manual(const Options& options, const std::string& format);

}  // namespace hmem
