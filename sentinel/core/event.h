// Named state changes: the only thing the log, pub/sub, hooks, history and
// metrics are made from. One event, one name everywhere.
#pragma once

#include <optional>
#include <string>

#include "common/endpoint.h"
#include "common/ids.h"

namespace sentinel {

enum class Level { Debug, Verbose, Notice, Warning };

enum class FailoverRole { Leader, Observer };

// A group's master moved: what client-reconfig-script is told.
struct MasterSwitch {
  FailoverRole role = FailoverRole::Observer;
  Endpoint from;
  Endpoint to;
  Epoch epoch;
};

struct Event {
  std::string name;  // "+sdown", "+switch-master": also the pub/sub channel.
  Level level = Level::Notice;
  std::string message;                        // The stock payload, exactly.
  std::string group;                          // Empty for events of the process.
  std::optional<MasterSwitch> master_switch;  // Set on +switch-master only.
};

// Whether notification scripts and webhooks are told (stock: WARNING events
// that concern a group). Pub/sub gets everything above Debug.
inline bool notifies(const Event& event) { return event.level == Level::Warning && !event.group.empty(); }

}  // namespace sentinel
