#include "hmem/core/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "hmem/core/check.h"

extern char** environ;

namespace hmem {

namespace {

constexpr int kLockInChild = 3;

/// Settings for posix_spawn, freed at the end of the scope.
struct SpawnPlan {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};

  SpawnPlan() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
};

}  // namespace

bool FileLock::take(const std::string& path) {
  release();
  int opened = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (opened >= 0 && opened <= kLockInChild) {  // where we were started without standard input or output
    const int low = opened;
    opened = fcntl(low, F_DUPFD_CLOEXEC, kLockInChild + 1);
    close(low);
  }
  if (opened < 0) fail_system(errno, path + ": cannot be written");
  if (flock(opened, LOCK_EX | LOCK_NB) == 0) {
    descriptor_ = opened;
    return true;
  }
  const int error = errno;
  close(opened);
  HMEM_CHECK(error == EWOULDBLOCK, path, ": cannot be locked: ", std::strerror(error));
  return false;
}

void FileLock::release() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

pid_t start_process(const std::vector<std::string>& argv, const std::string& log, const FileLock& lock) {
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  SpawnPlan plan;
  posix_spawn_file_actions_addopen(&plan.files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&plan.files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&plan.files, 1, 2);
  if (lock.descriptor() >= 0) posix_spawn_file_actions_adddup2(&plan.files, lock.descriptor(), kLockInChild);
  sigset_t reset;  // signals that we ignore must not be ignored by another program
  sigemptyset(&reset);
  sigaddset(&reset, SIGPIPE);
  sigaddset(&reset, SIGXFSZ);
  posix_spawnattr_setsigdefault(&plan.attributes, &reset);
  posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&plan.attributes, 0);

  signal(SIGCHLD, SIG_DFL);  // if it is ignored, which may be inherited, children cannot be waited for
  pid_t process = 0;
  const int error = posix_spawn(&process, arguments[0], &plan.files, &plan.attributes, arguments.data(), environ);
  if (error != 0) fail_system(error, argv[0] + ": cannot be started (with the log " + log + ")");
  return process;
}

std::optional<int> poll_process(pid_t process) {
  int status = 0;
  const pid_t ended = waitpid(process, &status, WNOHANG);
  HMEM_CHECK(ended >= 0, "process ", process, " cannot be waited for: ", std::strerror(errno));
  if (ended == 0) return std::nullopt;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void signal_process(pid_t process, int signal) { kill(-process, signal); }

}  // namespace hmem
