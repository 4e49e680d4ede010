// Where a drill's fault goes: the local process of the master, the master over
// the wire, or a sentinel. Chosen before anything is broken, with every reason
// to refuse.
#pragma once

#include <optional>
#include <string>

#include "common/endpoint.h"
#include "common/result.h"
#include "sentinel/ctl/drill_report.h"
#include "sentinel/ctl/process.h"
#include "sentinel/ctl/session.h"

namespace sentinel {

struct DrillTarget {
  Endpoint master;
  std::optional<ServerProcess> process;  // Signals go here, if the fault needs any.
  std::string how;                       // "SIGKILL to process 4711 (redis-server *:7001)".
  std::string name;                      // "127.0.0.1:7001 (process 4711)".
  std::string restart;                   // How to bring the master back after a kill.
};

struct TargetOptions {
  Fault fault = Fault::Kill;
  int pid = 0;  // 0: from the deployment file, or from the master's INFO if it is local.
};

// Finds and checks the target; an error says why the fault can't be injected.
Result<DrillTarget> find_target(Session& session, const Endpoint& master, const TargetOptions& options);

}  // namespace sentinel
