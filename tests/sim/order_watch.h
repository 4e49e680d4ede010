// Watches the order of failovers at one sentinel (R-F6), from outside: what its
// queries said after its last step, and who stands in this one.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sentinel/core/coordinator.h"

namespace sentinel::sim {

class OrderWatch {
 public:
  // After each step. `events` are the step's. The text of a violation, if there is one.
  std::optional<std::string> look(const Coordinator& core, TimePoint now, unsigned parallel_max,
                                  const std::vector<Event>& events);
  void forget() {
    waiting_.clear();
    in_vain_.clear();
  }

 private:
  std::set<std::string> in_vain_;  // Groups that gave up a failover since their last switch.
  std::set<std::string> waiting_;  // Groups that waited for others after the step before.
};

}  // namespace sentinel::sim
