// Lease is the leader's side of R-E6: how long a majority's promises last.
//
// Each voter's promise counts from before the leader asked for it, by the
// leader's clock, less a tenth for clocks that run at different rates. So when
// the leader thinks a promise over, the voter still keeps it.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "common/ids.h"
#include "common/time.h"

namespace sentinel {

class Lease {
 public:
  explicit Lease(Millis length) : usable_(length * 9 / 10) {}

  // `voter` granted or renewed what was asked at `asked_at`.
  void granted(const NodeId& voter, TimePoint asked_at) {
    auto& latest = asked_[voter];
    latest = std::max(latest, asked_at);
  }

  // `voter` voted for somebody newer: a stock sentinel promises nothing (R-M4).
  void revoked(const NodeId& voter) { asked_.erase(voter); }

  // Until when `needed` voters' promises last; the past if fewer granted.
  TimePoint valid_until(unsigned needed) const {
    if (asked_.size() < needed || needed == 0) return TimePoint{};
    std::vector<TimePoint> times;
    for (const auto& [voter, asked_at] : asked_) times.push_back(asked_at);
    std::nth_element(times.begin(), times.begin() + (needed - 1), times.end(), std::greater<>());
    return times[needed - 1] + usable_;
  }

  std::size_t voters() const { return asked_.size(); }

 private:
  Millis usable_;
  std::map<NodeId, TimePoint> asked_;
};

}  // namespace sentinel
