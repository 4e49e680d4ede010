// In which order alerts are delivered, and when. Pure: no clock, no I/O.
//
// Entries of one sink and group form a lane; one entry of a lane is under way at a time.
// - Webhooks: strictly in order. The first entry blocks the lane until it is
//   delivered or dead, because a receiver that sees -odown before +odown is misled.
// - Notification scripts: in order, but one that waits for its retry (30 s to
//   two hours) is overtaken: a late alert is worse than one out of order.
// - Reconfiguration scripts: likewise, and a retry that a newer switch of the
//   group has overtaken is void: repeating it would send clients back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/time.h"
#include "sentinel/notify/sink.h"
#include "sentinel/store/outbox.h"

namespace sentinel {

// Ids of the outbox are positive. Entries that no disk could take have ids from here up.
inline constexpr OutboxId kFirstUnsavedId = INT64_MIN / 2;
constexpr bool is_saved(OutboxId id) { return id > 0; }

struct DeliveryLimits {
  std::size_t scripts_max = 16;              // Running at the same time, as stock.
  std::size_t webhooks_per_sink_max = 2;     // Requests under way; a dead receiver must not take all threads.
  std::size_t entries_max = kOutboxRowsMax;  // Then forget the oldest waiting one, as the store does.
};

struct Delivery {
  OutboxId id = 0;
  Sink sink;
  OutboxEntry entry;
  unsigned attempts = 0;  // That failed before this one.
};

class DeliveryQueue {
 public:
  explicit DeliveryQueue(DeliveryLimits limits) : limits_(limits) {}

  // Saved entries come with growing ids; others are ignored (they are here already).
  // REQUIRES: row.entry.sink parses.
  void add(OutboxRow row, TimePoint due);

  // Returns the next delivery that may start, which is under way from then on;
  // nullopt if none may start now. Ask until it says so.
  std::optional<Delivery> start_next(TimePoint now);

  // It was delivered, or is dead. REQUIRES: it is under way.
  void finish(OutboxId id);
  // It is to be tried again. REQUIRES: it is under way, and not void.
  void retry(OutboxId id, unsigned attempts, TimePoint due);
  // Whether trying it again would do harm. REQUIRES: it is under way.
  bool is_void(OutboxId id) const;

  // When start_next() may have something new; kNever if only finish() or add() can.
  TimePoint next_due() const;

  // Every delivery that is not a webhook's, in the order of arrival; `due` is void for those under way.
  struct Waiting {
    OutboxId id = 0;
    const Sink& sink;
    const OutboxEntry& entry;
    unsigned attempts = 0;  // That failed so far.
    TimePoint due;
    bool under_way = false;
  };
  std::vector<Waiting> scripts() const;

  std::size_t size() const { return items_.size(); }
  std::size_t running_scripts() const { return running_scripts_; }
  std::size_t running_webhooks() const { return running_webhooks_; }

 private:
  using LaneKey = std::pair<std::string, std::string>;  // Sink, group.
  struct Lane {
    Sink sink;
    std::deque<OutboxId> ids;  // In order.
    std::optional<OutboxId> under_way;
    std::optional<OutboxId> ready;         // In ready_.
    std::optional<TimePoint> waits_until;  // In waiting_.
  };
  struct Item {
    LaneKey lane;
    OutboxEntry entry;
    unsigned attempts = 0;
    TimePoint due;
  };

  void place(const LaneKey& key, Lane& lane, TimePoint now);
  void unplace(const LaneKey& key, Lane& lane);
  void remove(OutboxId id);
  void forget_oldest();
  Delivery start(OutboxId id);
  bool may_start(const std::string& sink, SinkKind kind) const;

  const DeliveryLimits limits_;
  OutboxId last_id_ = 0;
  TimePoint now_{};
  std::map<OutboxId, Item> items_;
  std::map<LaneKey, Lane> lanes_;
  std::map<std::string, std::set<OutboxId>> ready_;  // By sink; what may start but for the limits.
  std::set<std::pair<TimePoint, LaneKey>> waiting_;
  std::map<std::string, std::size_t> under_way_;  // By sink.
  std::size_t running_scripts_ = 0;
  std::size_t running_webhooks_ = 0;
};

}  // namespace sentinel
