#include "hmem/core/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>

#include "hmem/core/byte_order.h"
#include "hmem/core/check.h"
#include "hmem/core/manual.h"
#include "hmem/core/ranks.h"
#include "hmem/core/text.h"

#ifndef HMEM_VERSION
#define HMEM_VERSION "0.1.0"
#endif
#ifndef HMEM_GIT_SHA
#define HMEM_GIT_SHA "unknown"
#endif

namespace hmem {

namespace fs = std::filesystem;

namespace {

std::string compiler_name() {
#if defined(__clang__)
  return "clang++ " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__) + "." +
         std::to_string(__clang_patchlevel__);
#elif defined(__GNUC__)
  return "g++ " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__) + "." +
         std::to_string(__GNUC_PATCHLEVEL__);
#else
  return "unknown";
#endif
}

/// As `uname -m` has it.
std::string architecture_name() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__i386__)
  return "i686";
#elif defined(__aarch64__)
  return "aarch64";
#elif defined(__arm__)
  return "arm";
#elif defined(__riscv)
  return "riscv" + std::to_string(__riscv_xlen);
#elif defined(__s390x__)
  return "s390x";
#elif defined(__powerpc64__)
  return kLittleEndian ? "ppc64le" : "ppc64";
#elif defined(__loongarch64)
  return "loongarch64";
#else
  return "unknown";
#endif
}

/// A standard stream that was closed stays unusable, but its number is taken: the next file that is opened must not
/// receive what is printed.
void open_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    if (::open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY) != stream) std::abort();
  }
}

/// OpenBLAS starts a thread for every processor when it is loaded. We do not use them, and where address space is
/// limited they try to map their buffers for ever: start again without them.
void restart_without_blas_threads(const char* const* argv) {
  constexpr char kVariable[] = "OPENBLAS_NUM_THREADS";
  rlimit space{};
  const bool limited = ::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY;
  if (!limited || std::getenv(kVariable) != nullptr || ::setenv(kVariable, "1", 1) != 0) return;
  ::execv("/proc/self/exe", const_cast<char* const*>(argv));  // returns only when it fails: then we go on
}

}  // namespace

std::string BuildInfo::str() const {
  return version + " (git " + git_sha + ", " + compiler + ", " + architecture + ")";
}

BuildInfo build_info() { return {HMEM_VERSION, HMEM_GIT_SHA, compiler_name(), architecture_name()}; }

int run_program(int argc, const char* const* argv, Options& options, const std::function<int(const Options&)>& body,
                std::ostream& out, std::ostream& err) {
  const auto end = [&](const ranks::Result& result) {  // of all ranks
    out.flush();
    if (!result.message.empty()) err << options.program() << ": error: " << one_line(result.message) << std::endl;
    ranks::leave();
    return result.code;
  };
  try {
    int code = 0;
    options.parse(argc, argv);
    if (options.help_requested()) {
      out << manual(options, options.help_format()) << std::flush;
    } else if (options.version_requested()) {
      out << options.program() << " " << build_info().str() << std::endl;
    } else {
      code = body(options);
      out.flush();
    }
    if (code == 0) HMEM_CHECK(out.good(), "cannot write to the standard output");
    return end(ranks::finish("", code));
  } catch (const ranks::Stopped& stopped) {
    return end(ranks::finish(stopped));
  } catch (const UsageError& error) {
    return end(ranks::finish(std::string(error.what()) + " (see " + options.program() + " --help)", 2));
  } catch (const std::bad_alloc&) {
    return end(ranks::finish("out of memory", 1));
  } catch (const std::exception& error) {
    return end(ranks::finish(error.what(), 1));
  } catch (...) {
    return end(ranks::finish("unknown exception", 1));
  }
}

namespace {

void prepare_process(const char* const* argv) {
  // A closed pipe and a limit of file sizes are errors of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  open_standard_streams();
  restart_without_blas_threads(argv);
}

}  // namespace

int run_program(int argc, const char* const* argv, Options& options, const std::function<int(const Options&)>& body) {
  prepare_process(argv);
  return run_program(argc, argv, options, body, std::cout, std::cerr);
}

int run_ranks(int argc, const char* const* argv, Options& options, const std::function<int(const Options&)>& body) {
  prepare_process(argv);
  try {
    ranks::start();
  } catch (const Error& error) {
    std::cerr << options.program() << ": error: " << one_line(error.what()) << std::endl;
    return 1;
  }
  return run_program(argc, argv, options, body, std::cout, std::cerr);
}

double peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;  // Linux counts KiB
}

fs::path program_folder() {
  std::error_code unknown;
  const fs::path program = fs::read_symlink("/proc/self/exe", unknown);
  return unknown ? fs::path() : program.parent_path();
}

}  // namespace hmem
