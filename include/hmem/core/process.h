#pragma once
/// \file process.h
/// Child processes, and the lock that shows whether one still works in a folder.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace hmem {

/// An exclusive lock on a file, held by this process and by children that inherit it. It is released when the last of
/// them ends, however it ends.
class FileLock {
 public:
  FileLock() = default;
  ~FileLock() { release(); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  /// False when another process holds the lock. Throws Error when the file cannot be created.
  bool take(const std::string& path);
  void release();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

/// Starts `argv[0]` in its own process group, without input; its output is appended to `log`. It inherits `lock`.
/// Returns its process id; throws Error.
pid_t start_process(const std::vector<std::string>& argv, const std::string& log, const FileLock& lock);

/// Exit code once the process has ended (128 + signal for one that a signal ended), else nothing.
std::optional<int> poll_process(pid_t process);

/// Sends a signal to the whole process group.
void signal_process(pid_t process, int signal);

}  // namespace hmem
