#include "sentinel/notify/script_runner.h"

#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <utility>

#include "common/check.h"

namespace sentinel {
namespace {

constexpr int kExecFailedCode = 2;  // Stock's child exits with it.
constexpr int kFirstPrivateDescriptor = 3;
// A daemon ignores or handles these; a script expects the defaults.
constexpr int kResetSignals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGALRM,
                                 SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2, SIGXFSZ};

struct SpawnAttributes {
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t actions{};

  SpawnAttributes() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    for (const int signal : kResetSignals) sigaddset(&signals, signal);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addclosefrom_np(&actions, kFirstPrivateDescriptor);
  }
  ~SpawnAttributes() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
};

// Returns 0 and sets pid, or the error number.
int spawn(const std::vector<std::string>& arguments, pid_t& pid) {
  const SpawnAttributes how;
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  return ::posix_spawn(&pid, argv[0], &how.actions, &how.attributes, argv.data(), environ);
}

bool is_shortage(int error) { return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE; }

}  // namespace

struct ScriptRunner::Child {
  Child(const asio::any_io_executor& executor, pid_t child_pid, int pidfd, OnExit callback)
      : pid(child_pid), descriptor(executor, pidfd), limit(executor), on_exit(std::move(callback)) {}
  pid_t pid;
  asio::posix::stream_descriptor descriptor;
  asio::steady_timer limit;
  OnExit on_exit;
  bool timed_out = false;
};

ScriptRunner::ScriptRunner(asio::any_io_executor executor, Millis runtime_max)
    : executor_(std::move(executor)), runtime_max_(runtime_max) {}

ScriptRunner::~ScriptRunner() {
  for (const auto& [pid, child] : children_) {
    ::kill(-pid, SIGKILL);
    // Not awaited: a process stuck in the kernel must not hold up a shutdown.
    ::waitpid(pid, nullptr, WNOHANG);
    child->on_exit = nullptr;
    child->limit.cancel();
    asio::error_code ignored;
    child->descriptor.close(ignored);
  }
}

pid_t ScriptRunner::run(const std::vector<std::string>& arguments, OnExit on_exit) {
  CHECK(!arguments.empty());
  pid_t pid = 0;
  if (const int error = spawn(arguments, pid); error != 0) {
    const auto how = is_shortage(error) ? ScriptExit::How::NotStarted : ScriptExit::How::Exited;
    asio::post(executor_, [how, on_exit = std::move(on_exit)] { on_exit({.how = how, .code = kExecFailedCode}); });
    return 0;
  }
  // glibc 2.36's pidfd_open() has no C linkage in its header.
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) {
    // Out of descriptors: without one we would not learn its end.
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    asio::post(executor_, [on_exit = std::move(on_exit)] { on_exit({.how = ScriptExit::How::NotStarted}); });
    return 0;
  }
  const auto child = std::make_shared<Child>(executor_, pid, pidfd, std::move(on_exit));
  children_.emplace(pid, child);
  child->limit.expires_after(runtime_max_);
  child->limit.async_wait([child](const asio::error_code& error) {
    if (error || !child->on_exit) return;
    child->timed_out = true;
    ::kill(-child->pid, SIGKILL);
  });
  await(child);
  return pid;
}

void ScriptRunner::await(const std::shared_ptr<Child>& child) {
  child->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this, child](const asio::error_code& error) {
    if (!error && child->on_exit) reap(child);
  });
}

void ScriptRunner::reap(const std::shared_ptr<Child>& child) {
  int status = 0;
  const pid_t reaped = ::waitpid(child->pid, &status, WNOHANG);
  // Woken although it still runs: taking that for its end would run it twice.
  if (reaped == 0) return await(child);
  ScriptExit exit{.pid = child->pid};
  if (reaped == child->pid && WIFEXITED(status)) {
    exit.code = WEXITSTATUS(status);
  } else {
    exit.how = ScriptExit::How::Signaled;
    exit.signal = reaped == child->pid && WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL;
  }
  if (child->timed_out) exit.how = ScriptExit::How::TimedOut;
  child->limit.cancel();
  children_.erase(child->pid);
  const OnExit on_exit = std::exchange(child->on_exit, nullptr);
  on_exit(exit);
}

}  // namespace sentinel
