// Why a sentinel does not stand for election now (R-E5): a value that the log,
// SENTINEL EXPLAIN and the tests all show. In the order in which it is asked.
#pragma once

#include <string_view>

namespace sentinel {

enum class HoldBack {
  FailoverRunning,   // Ours, already.
  MasterNotDown,     // Not even subjectively.
  NoAgreement,       // Fewer than quorum sentinels see it down.
  EvidenceOfLife,    // A replica still hears from the master.
  DistrustsItself,   // This process stalled.
  StoreUnavailable,  // Votes could not be made durable.
  ConfigPending,     // A newer configuration is on its way to disk.
  NoCandidate,       // No replica could be promoted.
  NoMajority,        // Too few members are connected.
  LeasePromised,     // Another leader may still act.
  StockFailover,     // A stock sentinel is about to lead, or leads (R-M5).
  WaitsForRetry,     // After a lost or aborted attempt.
  WaitsForRank,      // Others stand first.
  WaitsForOthers,    // As many failovers run as may, or groups of higher priority are next.
};

std::string_view describe(HoldBack reason);

}  // namespace sentinel
