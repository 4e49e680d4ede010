// The phases of one failover, as its leader saw them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/endpoint.h"
#include "common/ids.h"
#include "common/time.h"

namespace sentinel {

struct FailoverTimeline {
  std::string group;
  Epoch epoch;
  NodeId leader;
  Endpoint from;
  Endpoint to;          // Port 0 until one was chosen.
  std::string cause;    // "down", "crashed", "rebooted", "operator".
  std::string outcome;  // "running", "promoted", "done", or the abort's event name and reason.
  // Phase name and milliseconds since the last sign of life of the old master
  // (negative never; since the operator's command for cause "operator"):
  // suspected, sdown, odown, elected, selected, promoted, committed, repointed, fenced.
  std::vector<std::pair<std::string, Millis>> phases;
  std::vector<std::pair<std::string, std::string>> rejected;  // Replica, why it was not chosen.
  bool operator==(const FailoverTimeline&) const = default;
};

}  // namespace sentinel
