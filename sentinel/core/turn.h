// Turn is one step's access to the world outside a group: the time, and the
// output under construction.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "common/rng.h"
#include "common/time.h"
#include "sentinel/core/failover_order.h"
#include "sentinel/core/host_names.h"
#include "sentinel/core/output.h"
#include "sentinel/core/peers.h"
#include "sentinel/core/settings.h"

namespace sentinel {

// Counters of the process that groups draw from.
struct Numbering {
  std::uint64_t link = 0;
  std::uint64_t token = 0;
  std::uint64_t round = 0;
  std::uint64_t batch = 1;  // Of the output under construction.
};

struct Turn {
  TimePoint now;
  Millis deaf;  // Stalls so far; see stall_guard.h.
  bool tilt;    // We distrust ourselves.
  bool store_healthy;
  Epoch process_epoch;        // The highest of all groups, and of what stock sentinels told (R-M3).
  Millis urgent_info_period;  // Of the nodes of a failing group; longer while many groups fail.
  const ProcessSettings& process;
  const SimulatedFailures& simulated;
  const Peers& peers;
  const FailoverOrder& order;
  HostNames& names;
  Rng& rng;
  Numbering& numbers;
  Output& out;

  TimePoint ear() const { return now - deaf; }

  void act(Action action) { out.now.push_back(std::move(action)); }
  void act_after_persist(Action action) { out.after_persist.push_back(std::move(action)); }
  // Returns the number of the batch that will make it durable.
  std::uint64_t persist(Record record) {
    out.persist.push_back(std::move(record));
    return numbers.batch;
  }
  void emit(Event event) { out.events.push_back(std::move(event)); }
  // What this name stands for will be known, or known better, before long.
  void look_up(const std::string& host) {
    if (names.wants(now, host)) act(ResolveHost{host});
  }
  Token new_token() { return Token{++numbers.token}; }
  LinkId new_link() { return LinkId{++numbers.link}; }
  std::uint64_t new_round() { return ++numbers.round; }
};

}  // namespace sentinel
