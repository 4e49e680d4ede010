// What becomes of an alert: when it is tried, how often, and what its end means
// for the outbox. Pure: the dispatcher brings clocks, scripts and sockets, the
// simulation brings its own.
//
//   DeliveryPlan plan(policy);
//   if (auto dead = plan.add(row, clocks)) write(*dead);            // Nobody can deliver it.
//   while (auto delivery = plan.start_next(clocks.steady)) begin(*delivery);
//   ...
//   write(plan.ended(delivery, {.error = "connection refused"}, clocks));
//   wake_at(plan.next_due());
//
// Waiting is measured by the steady clock. The wall clock is written down, so
// that a restart goes on where it was; it may be set at any time, which delays
// an entry by its longest pause at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/rng.h"
#include "common/time.h"
#include "sentinel/notify/delivery_queue.h"

namespace sentinel {

// Attempt n fails: the next one is due after first * 2^(n-1), at most `max`.
struct RetryPolicy {
  Millis first{0};
  Millis max{0};
  unsigned attempts_max = 1;
};

struct DeliveryPolicy {
  DeliveryLimits limits;
  RetryPolicy script_retry{.first = Millis(30000), .max = Millis(7680000), .attempts_max = 10};  // Stock's.
  // About 80 minutes in all. Half of each delay is drawn by chance, so that
  // three sentinels do not knock together.
  RetryPolicy webhook_retry{.first = Millis(1000), .max = Millis(300000), .attempts_max = 24};
  std::uint64_t seed = 1;  // Of that chance.
};

// Both at one moment.
struct Clocks {
  TimePoint steady{};
  WallMillis wall = 0;
};

struct DeliveryEnd {
  bool delivered = false;
  bool final = false;  // It failed, and would each time.
  std::string error;
};

class DeliveryPlan {
 public:
  explicit DeliveryPlan(DeliveryPolicy policy) : policy_(policy), queue_(policy.limits), rng_(policy.seed) {}

  // A row of the outbox, or one that no disk took. Returns its end if nobody can deliver it.
  std::optional<OutboxDead> add(OutboxRow row, const Clocks& now);

  // See DeliveryQueue.
  std::optional<Delivery> start_next(TimePoint now) { return queue_.start_next(now); }
  TimePoint next_due() const { return queue_.next_due(); }

  // How an attempt went; returns what the outbox must know. REQUIRES: it is under way.
  OutboxUpdate ended(const Delivery& delivery, const DeliveryEnd& end, const Clocks& now);

  const DeliveryQueue& queue() const { return queue_; }

 private:
  const RetryPolicy& retries(SinkKind kind) const {
    return kind == SinkKind::Webhook ? policy_.webhook_retry : policy_.script_retry;
  }

  const DeliveryPolicy policy_;
  DeliveryQueue queue_;
  Rng rng_;
};

}  // namespace sentinel
