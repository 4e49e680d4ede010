// Runs scripts as child processes on an Asio loop, each with a time limit.
//
//   runner.run({"/usr/local/bin/notify", "+sdown", "master mymaster 10.0.0.1 6379"},
//              [](const ScriptExit& exit) { ... });
//
// No shell. The script inherits environment, working folder and standard
// streams, and nothing else: other descriptors are closed, signals are reset.
// It leads its own process group, and the time limit kills the group, so that
// the limit reaches what a shell script waits for.
//
// Each child is awaited through its own pidfd: no SIGCHLD handler, nothing of
// other children. Nobody else in the process may wait for any child (wait(-1)).
//
// Used by the loop's thread only.
#pragma once

#include <sys/types.h>

#include <asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/time.h"

namespace sentinel {

struct ScriptExit {
  enum class How {
    Exited,      // With `code`.
    Signaled,    // By `signal`.
    TimedOut,    // Killed by us after the time limit; `signal` is SIGKILL.
    NotStarted,  // No process for it now (EAGAIN, ENOMEM); may work later.
  };
  How how = How::Exited;
  int code = 0;
  int signal = 0;
  pid_t pid = 0;
};

class ScriptRunner {
 public:
  using OnExit = std::function<void(const ScriptExit&)>;

  ScriptRunner(asio::any_io_executor executor, Millis runtime_max);
  // Kills what still runs, without calling back.
  ~ScriptRunner();
  // Of the scripts started from now on.
  void set_runtime_max(Millis runtime_max) { runtime_max_ = runtime_max; }
  ScriptRunner(const ScriptRunner&) = delete;
  ScriptRunner& operator=(const ScriptRunner&) = delete;

  // Calls on_exit once from the loop, never from within run(). A file that cannot be
  // executed counts as exit 2, as with stock.
  // Returns the process, 0 if none could be started.
  // REQUIRES: arguments is not empty.
  pid_t run(const std::vector<std::string>& arguments, OnExit on_exit);

 private:
  struct Child;
  void await(const std::shared_ptr<Child>& child);
  void reap(const std::shared_ptr<Child>& child);

  asio::any_io_executor executor_;
  Millis runtime_max_;
  std::map<pid_t, std::shared_ptr<Child>> children_;
};

}  // namespace sentinel
