// A snapshot of what the core knows, for the commands, the tool and the tests.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/endpoint.h"
#include "common/ids.h"
#include "sentinel/core/input.h"
#include "sentinel/core/node_info.h"
#include "sentinel/core/settings.h"
#include "sentinel/core/timeline.h"

namespace sentinel {

// What every watched instance has. Ages count from now; the field names are stock's.
struct InstanceStatus {
  Endpoint at;
  std::string run_id;
  bool s_down = false;
  bool disconnected = false;
  unsigned link_refcount = 1;
  unsigned pending_commands = 0;
  Millis last_ping_sent{0};  // Age of the oldest unanswered ping, 0 if none.
  Millis last_ok_ping_reply{0};
  Millis last_ping_reply{0};
  std::optional<Millis> s_down_time;
  Millis down_after{0};
};

struct NodeStatus : InstanceStatus {
  LinkId link;
  NodeRole role_reported = NodeRole::Unknown;
  Millis role_reported_time{0};
  Millis info_refresh{0};  // 0: never.
  NodeInfo info;           // The last one.
  bool foreign = false;    // R-C6: another deployment's node at a recycled address.
  bool promoted = false;
  bool reconf_sent = false;
  bool reconf_inprog = false;
  bool reconf_done = false;
  bool master_reboot = false;
  std::optional<std::string> ineligible;          // Why it may not be promoted now.
  std::optional<unsigned> min_replicas_to_write;  // As last read from the node.
  std::optional<unsigned> min_replicas_max_lag;   // Seconds.
};

struct PeerStatus : InstanceStatus {
  NodeId id;
  bool vigil = true;       // false: a stock sentinel.
  bool says_down = false;  // Its view of this group's master.
  Millis last_hello{0};
  NodeId voted_leader;
  Epoch voted_leader_epoch;
};

struct GroupStatus {
  GroupSettings settings;
  NodeStatus master;
  std::vector<NodeStatus> replicas;
  std::vector<PeerStatus> sentinels;  // Without ourselves.
  bool o_down = false;
  std::optional<Millis> o_down_time;
  bool failover_in_progress = false;
  bool force_failover = false;
  std::string failover_state = "none";  // Stock's words.
  Epoch config_epoch;
  Epoch epoch;  // Highest seen for the group.
  NodeId voted_for;
  Epoch voted_epoch;
  unsigned members = 1;  // Electorate, with ourselves.
};

struct CoreStatus {
  NodeId self;
  Epoch current_epoch;  // The highest of all groups: what stock calls current-epoch.
  bool tilt = false;
  Millis tilt_since{0};
  bool store_healthy = true;
  std::string store_error;
  std::uint64_t stalls = 0;
  std::size_t groups = 0;
};

// SENTINEL CKQUORUM.
struct QuorumCheck {
  unsigned usable = 1;
  bool quorum_reachable = false;
  bool majority_reachable = false;
};

// SENTINEL PENDING-SCRIPTS.
struct PendingScript {
  std::vector<std::string> arguments;  // The path first.
  int pid = 0;                         // 0: it does not run.
  Millis run_time{0};                  // Of one that runs.
  Millis run_delay{0};                 // Until one that doesn't may start.
  unsigned attempts = 0;               // With the running one.
};

// SENTINEL INFO-CACHE: what a node last answered to INFO.
struct CachedInfo {
  Millis age{0};
  std::optional<std::string> text;  // nullopt: nothing yet.
};

// SENTINEL EXPLAIN: one finding a line, the decisive one first.
struct Explanation {
  std::string verdict;  // "healthy", "suspected", "failover held back", "failover running" ...
  std::vector<std::pair<std::string, std::string>> findings;  // Topic, sentence.
};

}  // namespace sentinel
