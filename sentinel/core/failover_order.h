// In which order groups fail over when many masters die at once, and how many at a time (R-F6).
//
// A group that could stand for election now, but for the others, has a place in
// the queue: by priority, then by how long it has been down; whoever tried in vain
// comes after those that did not. It runs from its
// candidacy to the commit of its new master, or to whatever ends it before:
// re-pointing the replicas is background work that nobody waits for.
//
//   if (!order.ahead_of(place)) stand();   // Nobody is ahead and there is room.
//   order.waits(place);                    // It would stand, but must wait.
//
// Nothing here can be waited for in vain: every step that runs has a deadline,
// and whoever waits stands or leaves the queue once it is asked again.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>

#include "common/time.h"

namespace sentinel {

class FailoverOrder {
 public:
  struct Place {
    unsigned in_vain = 0;   // Failovers that it could not carry out: who is hopeless starves nobody.
    unsigned priority = 0;  // Small numbers first.
    TimePoint down_since{};
    std::uint64_t serial = 0;  // Of the group.
    auto operator<=>(const Place&) const = default;
  };

  // What a group waits for.
  struct Ahead {
    std::size_t running = 0;
    std::size_t queued = 0;  // They stand before it.
  };

  // `parallel_max` 0: no limit.
  explicit FailoverOrder(unsigned parallel_max) : parallel_max_(parallel_max) {}

  unsigned parallel_max() const { return parallel_max_; }
  std::size_t running() const { return running_.size(); }

  // nullopt: it may stand now.
  std::optional<Ahead> ahead_of(const Place& place) const;

  // What a group does now; replaces what was known of it.
  void runs(std::uint64_t serial);
  void waits(const Place& place);
  void rests(std::uint64_t serial);

  // Who stands next, if there is room.
  std::optional<std::uint64_t> next() const;

 private:
  bool full() const { return parallel_max_ != 0 && running_.size() >= parallel_max_; }

  unsigned parallel_max_;
  std::set<std::uint64_t> running_;
  std::set<Place> queue_;
  std::unordered_map<std::uint64_t, Place> places_;  // Of those in the queue.
};

}  // namespace sentinel
