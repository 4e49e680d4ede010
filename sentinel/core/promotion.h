// Which replica becomes the master (R-F2). Pure: a snapshot in, a verdict out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/endpoint.h"
#include "common/time.h"

namespace sentinel {

struct ReplicaView {
  Endpoint at;
  std::string run_id;
  bool reachable = false;     // Its link is up and it answers.
  bool fresh = false;         // Its INFO was read for this choice.
  bool foreign = false;       // R-C6.
  bool is_master = false;     // Reports role master.
  bool same_history = false;  // Replicates, or continued, the dead master's stream.
  bool loading = false;
  bool syncing = false;      // In the middle of a full sync.
  unsigned priority = 100;   // 0 means "never promote".
  std::uint64_t offset = 0;  // Bytes of the stream it holds.
  Millis master_link_down{0};
  std::string refused;  // Why it failed or refused in this failover; empty: it has not.
};

enum class Ineligible {
  Foreign,
  Unreachable,
  Stale,
  PriorityZero,
  Loading,
  Syncing,
  OtherMaster,
  LinkDownTooLong,
  Refused,
};

std::string_view describe(Ineligible reason);

// Returns why `replica` may not be promoted, or nullopt if it may.
std::optional<Ineligible> ineligible(const ReplicaView& replica, Millis link_down_max);

// Returns the best eligible replica: first those of the dead master's history,
// then lowest priority number, then most data, then smallest run id so that
// every sentinel names the same one. nullptr if none. The pointer is into `replicas`.
const ReplicaView* choose(const std::vector<ReplicaView>& replicas, Millis link_down_max);

}  // namespace sentinel
