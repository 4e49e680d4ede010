// What goes wrong in a run: a list of data, drawn from the seed before the run
// starts, so that a failure can be read and repeated.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/rng.h"
#include "common/time.h"

namespace sentinel::sim {

enum class FaultKind {
  NodeKill,
  NodePause,
  NodeReset,    // It closes every connection.
  NodeBusy,     // A script runs: everything is answered -BUSY.
  NodeMisconf,  // It can't save: PING and writes are refused.
  NodeRefuses,  // It may not change its role: -NOPERM.
  NodeMove,     // It comes back under another address.
  ForeignNode,  // Its address is taken over by another deployment's replica.
  SentinelCrash,
  SentinelCrashBeforeDurable,  // At the next vote or configuration, which is lost.
  SentinelCrashAfterDurable,   // At the next vote or configuration, which is kept but not acted on.
  SentinelPause,
  LeaderStall,       // The next time it wins an election, it stands still and is cut off from its peers.
  Partition,         // Two sides, both ways.
  OneWayPartition,   // One side can't reach the other.
  PartialPartition,  // Some pairs, so reachability isn't transitive.
  Clog,              // Many pairs at once, which come back one by one.
  SlowNetwork,       // One host, or all.
  SlowDns,           // One sentinel resolves names late or not at all.
  DiskFailure,
  DiskSlow,
  ForgedHello,  // Any client of a data node can publish one.
  StaleHello,   // A genuine one, old and twice.
  OperatorFailover,
  OperatorReset,
  OperatorRemove,  // And watched again later.
  OperatorSet,
  ReceiverTrouble,   // Whoever gets the alerts fails, refuses or is silent.
  ClockStep,         // A sentinel's wall clock is set, by up to a day.
  MembershipChange,  // The operator adds a sentinel; the next time, one leaves.
  Storm,             // The masters of all groups die at once.
};

struct FaultName {
  FaultKind kind;
  std::string_view name;
};
inline constexpr std::array kFaultNames{
    FaultName{FaultKind::NodeKill, "node-kill"},
    FaultName{FaultKind::NodePause, "node-pause"},
    FaultName{FaultKind::NodeReset, "node-reset"},
    FaultName{FaultKind::NodeBusy, "node-busy"},
    FaultName{FaultKind::NodeMisconf, "node-misconf"},
    FaultName{FaultKind::NodeRefuses, "node-refuses"},
    FaultName{FaultKind::NodeMove, "node-move"},
    FaultName{FaultKind::ForeignNode, "foreign-node"},
    FaultName{FaultKind::SentinelCrash, "sentinel-crash"},
    FaultName{FaultKind::SentinelCrashBeforeDurable, "sentinel-crash-before-durable"},
    FaultName{FaultKind::SentinelCrashAfterDurable, "sentinel-crash-after-durable"},
    FaultName{FaultKind::SentinelPause, "sentinel-pause"},
    FaultName{FaultKind::LeaderStall, "leader-stall"},
    FaultName{FaultKind::Partition, "partition"},
    FaultName{FaultKind::OneWayPartition, "one-way-partition"},
    FaultName{FaultKind::PartialPartition, "partial-partition"},
    FaultName{FaultKind::Clog, "clog"},
    FaultName{FaultKind::SlowNetwork, "slow-network"},
    FaultName{FaultKind::SlowDns, "slow-dns"},
    FaultName{FaultKind::DiskFailure, "disk-failure"},
    FaultName{FaultKind::DiskSlow, "disk-slow"},
    FaultName{FaultKind::ForgedHello, "forged-hello"},
    FaultName{FaultKind::StaleHello, "stale-hello"},
    FaultName{FaultKind::OperatorFailover, "operator-failover"},
    FaultName{FaultKind::OperatorReset, "operator-reset"},
    FaultName{FaultKind::OperatorRemove, "operator-remove"},
    FaultName{FaultKind::OperatorSet, "operator-set"},
    FaultName{FaultKind::ReceiverTrouble, "receiver-trouble"},
    FaultName{FaultKind::ClockStep, "clock-step"},
    FaultName{FaultKind::MembershipChange, "membership-change"},
    FaultName{FaultKind::Storm, "storm"},
};
std::string_view name_of(FaultKind kind);
std::optional<FaultKind> parse_fault_kind(std::string_view name);

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
