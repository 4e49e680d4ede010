// The probe writer's book of acknowledged writes, and what it proves after a
// failover: which acknowledged writes the new master does not have, and for
// how long a client could not write. Pure.
//
//   ledger.acknowledge({.id = 7, .at = now, .node = master});
//   ...
//   const LossReport loss = compare(ledger, ids_on_new_master);
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/endpoint.h"
#include "common/time.h"

namespace sentinel {

struct Acknowledged {
  std::uint64_t id = 0;
  std::chrono::steady_clock::time_point at;
  Endpoint node;  // Who acknowledged it.
};

// Entries in the order of their acknowledgement.
using Ledger = std::vector<Acknowledged>;

struct LossReport {
  std::uint64_t acknowledged = 0;
  std::vector<Acknowledged> lost;          // Acknowledged, and not there.
  std::uint64_t unacknowledged_there = 0;  // There although the client saw an error: allowed, not a loss.
  std::uint64_t repeated = 0;              // There twice: somebody replayed writes.
};

LossReport compare(const Ledger& ledger, const std::vector<std::uint64_t>& present);

// The longest time between two acknowledgements that ended after `from`, or
// still lasted at `until`. Zero for an empty ledger.
struct Outage {
  std::chrono::steady_clock::time_point begin;
  Millis length{0};
  bool ended = true;  // false: nothing was acknowledged since it began.
};
Outage longest_outage(const Ledger& ledger, std::chrono::steady_clock::time_point from,
                      std::chrono::steady_clock::time_point until);

}  // namespace sentinel
