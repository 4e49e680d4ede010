// The steps of a failover as data: each step owns exactly what it needs (R-F).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "sentinel/core/failover_request.h"
#include "sentinel/core/lease.h"
#include "sentinel/core/node.h"
#include "sentinel/core/timeline.h"

namespace sentinel {

struct Idle {};

// Votes are being collected.
struct Electing {
  Epoch epoch;
  std::uint64_t round = 0;
  TimePoint asked_at{};
  TimePoint deadline{};
  std::uint64_t self_batch = 0;  // Our own vote counts once this batch is durable.
  bool self_durable = false;
  std::set<NodeId> granted;  // Others.
  std::map<NodeId, VoteRefusal> refused;
};

// Elected; the replicas are asked for their present offsets.
struct Refreshing {
  TimePoint started{};
  TimePoint deadline{};
};

// An operator's failover of a healthy master: writes pause until the chosen
// replica has everything.
struct Draining {
  LinkId chosen;
  std::optional<Token> token;           // Of the pause.
  std::optional<std::uint64_t> target;  // The master's offset once paused.
  TimePoint next_look{};
  TimePoint deadline{};
};

// The chosen replica was told to become a master.
struct Promoting {
  LinkId chosen;
  Token token;
  TimePoint deadline{};
};

// It did; the configuration becomes durable.
struct Committing {
  LinkId chosen;
  std::uint64_t batch = 0;
};

// The new master is announced; the other nodes are told to follow it.
struct RepointingAll {
  TimePoint deadline{};
};

using FailoverStep = std::variant<Idle, Electing, Refreshing, Draining, Promoting, Committing, RepointingAll>;

// What a candidate or leader carries from step to step.
struct Campaign {
  explicit Campaign(Millis lease_length) : lease(lease_length) {}

  Epoch epoch;
  bool forced = false;      // An operator asked for it.
  FailoverRequest request;  // ... in these words.
  TimePoint origin{};       // Zero of the timeline.
  Endpoint old_master;
  Lease lease;
  TimePoint next_renewal{};
  std::map<std::uint64_t, TimePoint> renewals;  // Round -> when asked.
  std::map<LinkId, std::string> rejected;       // Replicas that refused in this failover.
  bool paused = false;                          // CLIENT PAUSE is on at the old master.
  TimePoint next_pause = kNever;                // ... and renewed then (R-L4).
  FailoverTimeline timeline;
};

// A configuration on its way to disk, adopted once it is there (R-C3).
struct PendingConfig {
  Epoch epoch;
  Endpoint master;
  std::string run_id;
  NodeId leader;
  NodeId told_by;
  std::uint64_t batch = 0;
};

}  // namespace sentinel
