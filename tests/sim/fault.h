// What goes wrong in a run: a list of data, drawn from the seed before the run
// starts, so that a failure can be read and repeated.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/rng.h"
#include "common/time.h"

namespace sentinel::sim {

enum class FaultKind {
  NodeKill,
  NodePause,
  NodeReset,  // It closes every connection.
  SentinelCrash,
  SentinelCrashBeforeDurable,  // At the next vote or configuration, which is lost.
  SentinelCrashAfterDurable,   // At the next vote or configuration, which is kept but not acted on.
  SentinelPause,
  LeaderStall,       // The next time it wins an election, it stands still and is cut off from its peers.
  Partition,         // Two sides, both ways.
  OneWayPartition,   // One side can't reach the other.
  PartialPartition,  // Some pairs, so reachability isn't transitive.
  SlowNetwork,       // One host, or all.
  DiskFailure,
  OperatorFailover,
  OperatorReset,
};

struct FaultName {
  FaultKind kind;
  std::string_view name;
};
inline constexpr std::array kFaultNames{
    FaultName{FaultKind::NodeKill, "node-kill"},
    FaultName{FaultKind::NodePause, "node-pause"},
    FaultName{FaultKind::NodeReset, "node-reset"},
    FaultName{FaultKind::SentinelCrash, "sentinel-crash"},
    FaultName{FaultKind::SentinelCrashBeforeDurable, "sentinel-crash-before-durable"},
    FaultName{FaultKind::SentinelCrashAfterDurable, "sentinel-crash-after-durable"},
    FaultName{FaultKind::SentinelPause, "sentinel-pause"},
    FaultName{FaultKind::LeaderStall, "leader-stall"},
    FaultName{FaultKind::Partition, "partition"},
    FaultName{FaultKind::OneWayPartition, "one-way-partition"},
    FaultName{FaultKind::PartialPartition, "partial-partition"},
    FaultName{FaultKind::SlowNetwork, "slow-network"},
    FaultName{FaultKind::DiskFailure, "disk-failure"},
    FaultName{FaultKind::OperatorFailover, "operator-failover"},
    FaultName{FaultKind::OperatorReset, "operator-reset"},
};
std::string_view name_of(FaultKind kind);

// Whom a fault hits. The deciding ones are found when it happens.
enum class Victim { Chosen, Master, Leader };

struct Fault {
  TimePoint at{};
  Millis lasts{0};
  FaultKind kind = FaultKind::NodeKill;
  Victim victim = Victim::Chosen;
  std::uint64_t choice = 0;  // Which node, sentinel, host or set of pairs.
};
std::string to_string(const Fault& fault);

struct FaultPlan {
  TimePoint from{};
  TimePoint until{};
  std::size_t count = 0;
  std::vector<FaultKind> kinds;  // Drawn from these.
};

// Ordered by time. Most come in company: a second fault near a master's end is
// what finds bugs, a lone one seldom does. REQUIRES: kinds isn't empty.
std::vector<Fault> draw_faults(Rng& rng, const FaultPlan& plan);

}  // namespace sentinel::sim
