#include "sentinel/notify/delivery_queue.h"

#include <algorithm>

#include "common/check.h"

namespace sentinel {

void DeliveryQueue::add(OutboxRow row, TimePoint due) {
  if (is_saved(row.id)) {
    if (row.id <= last_id_) return;
    last_id_ = row.id;
  }
  const auto sink = parse_sink(row.entry.sink);
  CHECK(sink.has_value());
  if (items_.size() >= limits_.entries_max) forget_oldest();

  LaneKey key{row.entry.sink, row.entry.event.group};
  Lane& lane = lanes_[key];
  lane.sink = *sink;
  lane.ids.push_back(row.id);
  items_.emplace(row.id, Item{.lane = key, .entry = std::move(row.entry), .attempts = row.attempts, .due = due});
  place(key, lane, now_);
}

std::optional<Delivery> DeliveryQueue::start_next(TimePoint now) {
  now_ = now;
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const LaneKey key = waiting_.begin()->second;
    place(key, lanes_.at(key), now);
  }
  std::optional<OutboxId> oldest;
  for (const auto& [sink, ids] : ready_) {
    const OutboxId first = *ids.begin();
    if (oldest && *oldest < first) continue;
    if (may_start(sink, lanes_.at(items_.at(first).lane).sink.kind)) oldest = first;
  }
  if (!oldest) return std::nullopt;
  return start(*oldest);
}

bool DeliveryQueue::may_start(const std::string& sink, SinkKind kind) const {
  if (kind != SinkKind::Webhook) return running_scripts_ < limits_.scripts_max;
  const auto found = under_way_.find(sink);
  return found == under_way_.end() || found->second < limits_.webhooks_per_sink_max;
}

Delivery DeliveryQueue::start(OutboxId id) {
  const Item& item = items_.at(id);
  Lane& lane = lanes_.at(item.lane);
  unplace(item.lane, lane);
  lane.under_way = id;
  ++under_way_[item.lane.first];
  ++(lane.sink.kind == SinkKind::Webhook ? running_webhooks_ : running_scripts_);
  return {.id = id, .sink = lane.sink, .entry = item.entry, .attempts = item.attempts};
}

void DeliveryQueue::finish(OutboxId id) {
  const LaneKey key = items_.at(id).lane;
  Lane& lane = lanes_.at(key);
  CHECK(lane.under_way == id);
  lane.under_way.reset();
  --(lane.sink.kind == SinkKind::Webhook ? running_webhooks_ : running_scripts_);
  if (--under_way_.at(key.first) == 0) under_way_.erase(key.first);
  remove(id);
}

void DeliveryQueue::retry(OutboxId id, unsigned attempts, TimePoint due) {
  Item& item = items_.at(id);
  Lane& lane = lanes_.at(item.lane);
  CHECK(lane.under_way == id);
  lane.under_way.reset();
  --(lane.sink.kind == SinkKind::Webhook ? running_webhooks_ : running_scripts_);
  if (--under_way_.at(item.lane.first) == 0) under_way_.erase(item.lane.first);
  item.attempts = attempts;
  item.due = due;
  place(item.lane, lane, now_);
}

bool DeliveryQueue::is_void(OutboxId id) const {
  const Lane& lane = lanes_.at(items_.at(id).lane);
  return lane.sink.kind == SinkKind::Reconfiguration && lane.ids.back() != id;
}

TimePoint DeliveryQueue::next_due() const { return waiting_.empty() ? kNever : waiting_.begin()->first; }

// Puts the lane where it belongs now: under way (nowhere), ready_ or waiting_.
void DeliveryQueue::place(const LaneKey& key, Lane& lane, TimePoint now) {
  unplace(key, lane);
  if (lane.under_way || lane.ids.empty()) return;
  TimePoint earliest = kNever;
  for (const OutboxId id : lane.ids) {
    const TimePoint due = items_.at(id).due;
    if (due <= now) {
      lane.ready = id;
      ready_[key.first].insert(id);
      return;
    }
    earliest = std::min(earliest, due);
    if (lane.sink.kind == SinkKind::Webhook) break;  // The first one blocks.
  }
  lane.waits_until = earliest;
  waiting_.emplace(earliest, key);
}

void DeliveryQueue::unplace(const LaneKey& key, Lane& lane) {
  if (lane.ready) {
    const auto found = ready_.find(key.first);
    found->second.erase(*lane.ready);
    if (found->second.empty()) ready_.erase(found);
    lane.ready.reset();
  }
  if (lane.waits_until) {
    waiting_.erase({*lane.waits_until, key});
    lane.waits_until.reset();
  }
}

void DeliveryQueue::remove(OutboxId id) {
  const LaneKey key = items_.at(id).lane;
  Lane& lane = lanes_.at(key);
  unplace(key, lane);
  lane.ids.erase(std::find(lane.ids.begin(), lane.ids.end(), id));
  items_.erase(id);
  if (lane.ids.empty()) {
    lanes_.erase(key);
  } else {
    place(key, lane, now_);
  }
}

void DeliveryQueue::forget_oldest() {
  for (const auto& [id, item] : items_) {
    if (lanes_.at(item.lane).under_way == id) continue;
    remove(id);
    return;
  }
}

std::vector<DeliveryQueue::Waiting> DeliveryQueue::scripts() const {
  std::vector<Waiting> result;
  for (const auto& [id, item] : items_) {
    const Lane& lane = lanes_.at(item.lane);
    if (lane.sink.kind == SinkKind::Webhook) continue;
    result.push_back({.id = id,
                      .sink = lane.sink,
                      .entry = item.entry,
                      .attempts = item.attempts,
                      .due = item.due,
                      .under_way = lane.under_way == id});
  }
  return result;
}

}  // namespace sentinel
