#include "sentinel/notify/delivery_plan.h"

#include <algorithm>
#include <utility>

namespace sentinel {
namespace {

// REQUIRES: attempts > 0.
Millis delay_after(const RetryPolicy& policy, unsigned attempts) {
  Millis delay = policy.first;
  for (unsigned n = 1; n < attempts && delay < policy.max; ++n) delay *= 2;
  return std::min(delay, policy.max);
}

}  // namespace

std::optional<OutboxDead> DeliveryPlan::add(OutboxRow row, const Clocks& now) {
  const auto sink = parse_sink(row.entry.sink);
  const bool runnable = sink && (sink->kind != SinkKind::Reconfiguration || row.entry.event.master_switch);
  if (!runnable) {
    // A newer program's, before a downgrade.
    return OutboxDead{.id = row.id, .attempts = row.attempts, .error = "this program does not know the sink"};
  }
  // The clock may have been set since; no entry waits longer than its longest delay.
  const WallMillis longest = retries(sink->kind).max.count();
  const Millis wait(row.not_before == 0 ? 0 : std::clamp<WallMillis>(row.not_before - now.wall, 0, longest));
  queue_.add(std::move(row), now.steady + wait);
  return std::nullopt;
}

OutboxUpdate DeliveryPlan::ended(const Delivery& delivery, const DeliveryEnd& end, const Clocks& now) {
  if (end.delivered) {
    queue_.finish(delivery.id);
    return OutboxDelivered{.id = delivery.id};
  }
  const RetryPolicy& policy = retries(delivery.sink.kind);
  const unsigned attempts = delivery.attempts + 1;
  if (end.final || attempts >= policy.attempts_max || queue_.is_void(delivery.id)) {
    queue_.finish(delivery.id);
    return OutboxDead{.id = delivery.id, .attempts = attempts, .error = end.error};
  }
  Millis delay = delay_after(policy, attempts);
  if (delivery.sink.kind == SinkKind::Webhook) delay = delay / 2 + rng_.jitter(delay - delay / 2 + Millis(1));
  queue_.retry(delivery.id, attempts, now.steady + delay);
  return OutboxRetry{
      .id = delivery.id, .attempts = attempts, .not_before = now.wall + delay.count(), .error = end.error};
}

}  // namespace sentinel
