#include "tests/sim/alert_receiver.h"

#include <fmt/core.h>

#include <algorithm>

namespace sentinel::sim {

void AlertReceiver::promised(SentinelIndex self, const OutboxEntry& entry, bool saved) {
  const Alert alert = alert_of(self, entry);
  if (!promised_.insert(alert).second) return;
  open_.insert(alert);
  if (saved) order_[lane_of(self, entry)].push_back(entry.key);
}

DeliveryEnd AlertReceiver::arrives(SentinelIndex self, const Delivery& delivery) {
  const OutboxEntry& entry = delivery.entry;
  const Alert alert = alert_of(self, entry);
  if (!promised_.contains(alert))
    complain_("no alert leaves before it is durable",
              fmt::format("s{} sends {} {} of {}", self, entry.event.name, entry.key, entry.event.group));
  // R-N3: a receiver that sees the end of an incident before its beginning is misled.
  if (const auto lane = order_.find(lane_of(self, entry)); delivery.sink.kind == SinkKind::Webhook &&
                                                           lane != order_.end() && open_.contains(alert) &&
                                                           lane->second.front() != entry.key) {
    const bool saved = std::find(lane->second.begin(), lane->second.end(), entry.key) != lane->second.end();
    if (saved)
      complain_("webhooks come in order", fmt::format("s{} sends {} {}, {} of the same group comes first", self,
                                                      entry.event.name, entry.key, lane->second.front()));
  }
  switch (mood_) {
    case Mood::Fails: return {.error = "503"};
    case Mood::Refuses: return {.final = true, .error = "400"};
    case Mood::Silent: return {};
    case Mood::Well: break;
  }
  if (!open_.contains(alert)) ++repeated_;
  ++delivered_;
  close(self, entry);
  return {.delivered = true};
}

void AlertReceiver::given_up(SentinelIndex self, const OutboxEntry& entry) {
  if (!open_.contains(alert_of(self, entry))) return;
  ++dead_;
  close(self, entry);
}

void AlertReceiver::lost(SentinelIndex self, const OutboxEntry& entry) { close(self, entry); }

void AlertReceiver::left(SentinelIndex self) {
  std::erase_if(open_, [&](const Alert& alert) { return alert.self == self; });
  std::erase_if(order_, [&](const auto& lane) { return lane.first.first == self; });
}

void AlertReceiver::close(SentinelIndex self, const OutboxEntry& entry) {
  open_.erase(alert_of(self, entry));
  if (const auto lane = order_.find(lane_of(self, entry)); lane != order_.end()) {
    std::erase(lane->second, entry.key);
    if (lane->second.empty()) order_.erase(lane);
  }
}

}  // namespace sentinel::sim
