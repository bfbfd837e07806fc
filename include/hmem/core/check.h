#pragma once
/// \file check.h
/// Error reporting: the library throws; it never prints and never exits.

#include <sstream>
#include <stdexcept>
#include <string>

namespace hmem {

/// An error that stops a computation: bad data, bad shapes, an unreadable file. The text is one line: what was found,
/// what was expected, where, and what to do. `main` prints it and returns 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An invalid command line: unknown flag, malformed or out-of-range value. `main` returns 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// File descriptors, processes or memory have run short: the same call may succeed later.
class ShortageError : public Error {
 public:
  using Error::Error;
};

namespace detail {

template <typename... Parts>
std::string join_text(const Parts&... parts) {
  std::ostringstream text;
  ((void)(text << parts), ...);
  return text.str();
}

/// Throws `Error` with `message`, or with the failed condition when the message is empty.
[[noreturn]] void check_failed(const char* condition, const char* function, const std::string& message);

}  // namespace detail

/// Throws `Error` with the concatenation of the arguments: `fail("expected ", a, ", found ", b)`.
template <typename... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(detail::join_text(parts...));
}

/// The same for a failed system call with its `errno`, whose text ends the message; throws `ShortageError` where
/// waiting helps.
[[noreturn]] void fail_system(int error, const std::string& message);

}  // namespace hmem

/// Throws `hmem::Error` unless `cond` holds; the other arguments are streamed into the message.
/// Always on: for arguments, shapes, files.
#define HMEM_CHECK(cond, ...)                                                                           \
  do {                                                                                                  \
    if (!(cond)) ::hmem::detail::check_failed(#cond, __func__, ::hmem::detail::join_text(__VA_ARGS__)); \
  } while (false)

/// The same for internal invariants; compiled out with `-DNDEBUG`.
#ifdef NDEBUG
#define HMEM_DCHECK(cond, ...) \
  do {                         \
  } while (false)
#else
#define HMEM_DCHECK(cond, ...) HMEM_CHECK(cond, __VA_ARGS__)
#endif
