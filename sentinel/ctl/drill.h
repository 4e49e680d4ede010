// A failover drill: breaks the master of a group on purpose while a client
// writes, and reports what it cost. The fault is real; run_drill() asks first.
#pragma once

#include <chrono>
#include <string>

#include "sentinel/ctl/commands.h"
#include "sentinel/ctl/drill_report.h"

namespace sentinel {

struct DrillOptions {
  std::string group;
  Fault fault = Fault::Kill;
  int pid = 0;                        // 0: from the deployment file, or found.
  std::chrono::seconds duration{60};  // How long to wait for the failover, and again for the old master's return.
  unsigned writes_per_second = 100;
  Millis client_timeout{250};
  bool yes = false;    // Do not ask.
  bool force = false;  // Start although the group is not healthy.
  DrillLimits limits;
};

inline constexpr unsigned kWritesPerSecondMax = 10'000;
inline constexpr std::chrono::seconds kDrillDurationMax{600};

// Ok: within the limits. Bad: not. CouldNotRun: nothing was broken, or the drill was interrupted.
ExitCode run_drill(Session& session, const DrillOptions& options);

}  // namespace sentinel
