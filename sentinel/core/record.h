// Durable facts: what the core must still know after kill -9. One Output's
// records form one batch: all of them are on disk or none (rule R-C3).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/endpoint.h"
#include "common/ids.h"
#include "sentinel/core/settings.h"
#include "sentinel/core/timeline.h"

namespace sentinel {

// R-E2: one vote per group and epoch. Also raises the group's epoch. An empty
// candidate records the epoch alone.
struct VoteRecord {
  std::string group;
  Epoch epoch;
  NodeId candidate;
  bool operator==(const VoteRecord&) const = default;
};

// R-C1: a group's configuration.
struct ConfigRecord {
  std::string group;
  Epoch epoch;
  Endpoint master;
  std::string run_id;  // Of the master, empty if unknown.
  NodeId leader;       // Who was elected for it, empty for the operator's initial one.
  bool operator==(const ConfigRecord&) const = default;
};

struct ReplicaRecord {
  std::string group;
  Endpoint at;
  bool known = true;  // false: forget it.
  bool operator==(const ReplicaRecord&) const = default;
};

struct PeerRecord {
  std::string group;
  NodeId id;
  Endpoint at;
  bool known = true;
  bool operator==(const PeerRecord&) const = default;
};

// A group created, changed or removed at run time (SENTINEL MONITOR, SET, REMOVE).
struct GroupRecord {
  GroupSettings settings;
  bool monitored = true;
  bool operator==(const GroupRecord&) const = default;
};

struct FailoverRecord {
  FailoverTimeline timeline;
  bool operator==(const FailoverRecord&) const = default;
};

using Record = std::variant<VoteRecord, ConfigRecord, ReplicaRecord, PeerRecord, GroupRecord, FailoverRecord>;

// What was on disk at start. Of each key the newest record only.
struct RestoredState {
  Epoch current_epoch;  // Every group has seen at least this one: sentinel.conf's current-epoch.
  std::vector<VoteRecord> votes;
  std::vector<ConfigRecord> configs;
  std::vector<ReplicaRecord> replicas;
  std::vector<PeerRecord> peers;
  std::vector<GroupRecord> groups;
  std::vector<FailoverRecord> last_failovers;  // The newest of each group.
};

}  // namespace sentinel
