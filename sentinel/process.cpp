#include "sentinel/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace sentinel {
namespace {

constexpr char kStockPidFile[] = "/var/run/redis.pid";

bool is_supervised(Supervised how) {
  const bool systemd = std::getenv("NOTIFY_SOCKET") != nullptr;
  const bool upstart = std::getenv("UPSTART_JOB") != nullptr;
  switch (how) {
    case Supervised::No: return false;
    case Supervised::Upstart: return upstart;
    case Supervised::Systemd: return systemd;
    case Supervised::Auto: return systemd || upstart;
  }
  return false;
}

bool runs_in_background(const ConfSettings& conf) { return conf.daemonize && !is_supervised(conf.supervised); }

[[noreturn]] void end_like(int status) {
  if (WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
  ::_exit(128 + WTERMSIG(status));
}

}  // namespace

void leave_process_one() {
  if (::getpid() != 1) return;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  const pid_t child = ::fork();
  if (child <= 0) {
    // The child goes on; without one, process 1 has to do the work itself.
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return;
  }
  while (true) {
    siginfo_t sent{};
    const int signal = ::sigwaitinfo(&all, &sent);
    // What the kernel sends, a terminal's Ctrl-C, went to the child as well.
    if (signal > 0 && signal != SIGCHLD && sent.si_code != SI_KERNEL) ::kill(child, signal);
    int status = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;)
      if (ended == child) end_like(status);
  }
}

Result<void> go_into_background(const ConfSettings& conf) {
  if (conf.supervised == Supervised::Upstart && is_supervised(conf.supervised)) {
    ::unsetenv("UPSTART_JOB");
    ::raise(SIGSTOP);  // Upstart's "expect stop": it sends SIGCONT.
  }
  if (!runs_in_background(conf)) return {};
  const pid_t child = ::fork();
  if (child < 0) return unexpected(fmt::format("can't go into the background: {}", std::strerror(errno)));
  if (child > 0) ::_exit(0);
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0) return {};
  for (const int stream : std::array{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, stream);
  if (null > STDERR_FILENO) ::close(null);
  return {};
}

PidFile::PidFile(const ConfSettings& conf) : path_(conf.pid_file) {
  if (path_.empty() && runs_in_background(conf)) path_ = kStockPidFile;
  if (path_.empty()) return;
  std::ofstream file(path_, std::ios::trunc);
  file << ::getpid() << '\n';
  file.flush();
  if (file) return;
  problem_ = fmt::format("can't write the pid file {}: {}", path_, std::strerror(errno));
  path_.clear();
}

PidFile::~PidFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace sentinel
