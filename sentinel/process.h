// The process as its init system, its users and its container know it.
#pragma once

#include <string>
#include <utility>

#include "common/result.h"
#include "sentinel/config/daemon_config.h"

namespace sentinel {

// As process 1 of a container we would inherit orphans and miss unhandled
// signals. So process 1 does nothing but that: it forks, reaps without a word,
// passes signals on, and ends as the child ends. Returns in the child, and at once if we are not process 1.
// REQUIRES: no threads yet.
void leave_process_one();

// Goes into the background (daemonize yes) unless an init system supervises us:
// the caller's process ends with 0, the standard streams lead to /dev/null.
// REQUIRES: no threads yet.
Result<void> go_into_background(const ConfSettings& conf);

// A file with the process id, there as long as this object is.
class PidFile {
 public:
  // Writes conf.pid_file; in the background without one, stock's. One that can't be written stops nothing.
  explicit PidFile(const ConfSettings& conf);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // Why it was not written; empty if it was, or was not asked for.
  const std::string& problem() const { return problem_; }

 private:
  std::string path_;
  std::string problem_;
};

}  // namespace sentinel
