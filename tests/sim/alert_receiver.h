// Who gets the alerts of a deployment: one webhook receiver and the scripts on
// each machine. It answers as the fault of the moment says, and keeps what the
// rules R-N are judged by.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/notify/delivery_plan.h"
#include "tests/sim/promises.h"

namespace sentinel::sim {

class AlertReceiver {
 public:
  enum class Mood { Well, Fails, Refuses, Silent };  // Done; again later; never again; no answer.

  using Complain = std::function<void(std::string rule, std::string text)>;
  explicit AlertReceiver(Complain complain) : complain_(std::move(complain)) {}

  void set_mood(Mood mood) { mood_ = mood; }

  // An entry became durable at this sentinel, or no disk took it and it was accepted without.
  void promised(SentinelIndex self, const OutboxEntry& entry, bool saved);
  // It arrives. What the sender is told; not delivered and no error: nothing, until its patience ends.
  DeliveryEnd arrives(SentinelIndex self, const Delivery& delivery);
  // Its sender has given it up.
  void given_up(SentinelIndex self, const OutboxEntry& entry);
  // Its sender was killed before any disk had it.
  void lost(SentinelIndex self, const OutboxEntry& entry);
  // Its sender was taken away for good, with its disk.
  void left(SentinelIndex self);

  // Alerts that are neither delivered nor dead.
  std::size_t open() const { return open_.size(); }
  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t repeated() const { return repeated_; }
  std::uint64_t dead() const { return dead_; }

 private:
  struct Alert {
    SentinelIndex self;
    std::string sink;
    std::string key;
    auto operator<=>(const Alert&) const = default;
  };
  using Lane = std::pair<SentinelIndex, std::pair<std::string, std::string>>;  // And sink, group.

  static Alert alert_of(SentinelIndex self, const OutboxEntry& entry) { return {self, entry.sink, entry.key}; }
  static Lane lane_of(SentinelIndex self, const OutboxEntry& entry) { return {self, {entry.sink, entry.event.group}}; }
  void close(SentinelIndex self, const OutboxEntry& entry);

  Complain complain_;
  Mood mood_ = Mood::Well;
  std::set<Alert> promised_;
  std::set<Alert> open_;
  std::map<Lane, std::vector<std::string>> order_;  // Keys of what is saved and open, as it was committed.
  std::uint64_t delivered_ = 0;
  std::uint64_t repeated_ = 0;
  std::uint64_t dead_ = 0;
};

}  // namespace sentinel::sim
