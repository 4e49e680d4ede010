#include "sentinel/core/failover_order.h"

#include <iterator>

namespace sentinel {

std::optional<FailoverOrder::Ahead> FailoverOrder::ahead_of(const Place& place) const {
  if (parallel_max_ == 0) return std::nullopt;
  auto queued = static_cast<std::size_t>(std::distance(queue_.begin(), queue_.lower_bound(place)));
  // Its own older place, of before its priority was changed, is nobody else.
  if (const auto own = places_.find(place.serial); own != places_.end() && own->second < place) --queued;
  if (!full() && queued == 0) return std::nullopt;
  return Ahead{running_.size(), queued};
}

void FailoverOrder::runs(std::uint64_t serial) {
  rests(serial);
  running_.insert(serial);
}

void FailoverOrder::waits(const Place& place) {
  const auto known = places_.find(place.serial);
  if (known != places_.end() && known->second == place) return;
  rests(place.serial);
  queue_.insert(place);
  places_.emplace(place.serial, place);
}

void FailoverOrder::rests(std::uint64_t serial) {
  if (running_.empty() && places_.empty()) return;  // Nearly always.
  running_.erase(serial);
  const auto known = places_.find(serial);
  if (known == places_.end()) return;
  queue_.erase(known->second);
  places_.erase(known);
}

std::optional<std::uint64_t> FailoverOrder::next() const {
  if (full() || queue_.empty()) return std::nullopt;
  return queue_.begin()->serial;
}

}  // namespace sentinel
