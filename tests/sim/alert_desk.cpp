#include "tests/sim/alert_desk.h"

#include <fmt/core.h>

#include <algorithm>

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kTravelMax = 50ms;
constexpr Millis kPatience = 2s;  // Until no answer counts as a failure.
const std::vector<Webhook> kWebhooks{{.url = "http://alerts.example/"}};

// Production's, with pauses that fit into a run.
DeliveryPolicy policy(std::uint64_t seed) {
  DeliveryPolicy policy;
  policy.script_retry = {.first = 200ms, .max = 4s, .attempts_max = 40};
  policy.webhook_retry = {.first = 100ms, .max = 4s, .attempts_max = 40};
  policy.seed = seed;
  return policy;
}

}  // namespace

AlertDesk::AlertDesk(AlertDeskSetup setup, std::uint64_t seed)
    : setup_(std::move(setup)), rng_(seed), start_(rng_.next()), plan_(policy(rng_.next())) {}

AlertDesk::~AlertDesk() {
  for (const OutboxEntry& entry : unsaved_) setup_.receiver->lost(setup_.self, entry);
}

std::vector<OutboxEntry> AlertDesk::route(const Event& event, const GroupSettings* group) {
  const std::string key = fmt::format("s{}-{:016x}-{}", setup_.self, start_, ++last_key_);
  return sentinel::route(event, group, kWebhooks, key, setup_.clocks().wall);
}

void AlertDesk::wake() {
  for (OutboxRow& row : setup_.disk->outbox(last_id_)) {
    last_id_ = row.id;
    add(std::move(row));
  }
  pump();
}

void AlertDesk::deliver_unsaved(std::vector<OutboxEntry> entries) {
  for (OutboxEntry& entry : entries) {
    setup_.receiver->promised(setup_.self, entry, false);
    unsaved_.push_back(entry);
    add({.id = next_unsaved_++, .entry = std::move(entry)});
  }
  pump();
}

void AlertDesk::add(OutboxRow row) {
  const OutboxEntry entry = row.entry;
  if (const auto dead = plan_.add(std::move(row), setup_.clocks())) {
    setup_.receiver->given_up(setup_.self, entry);
    if (is_saved(dead->id)) setup_.disk->update_outbox(*dead);
  }
}

void AlertDesk::pump() {
  const TimePoint now = setup_.clocks().steady;
  while (const auto delivery = plan_.start_next(now)) begin(*delivery);
  const TimePoint due = plan_.next_due();
  if (due >= armed_) return;
  armed_ = due;
  // By a clock whose rate is a little off: early is looked at again, late is late.
  setup_.queue->after(std::max(1ms, due - now), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->setup_.post([weak] {
      const auto alive = weak.lock();
      if (!alive) return;
      alive->armed_ = kNever;
      alive->pump();
    });
  });
}

void AlertDesk::begin(const Delivery& delivery) {
  // What is on its way arrives, whatever becomes of the sender.
  setup_.queue->after(1ms + rng_.jitter(kTravelMax),
                      [weak = weak_from_this(), queue = setup_.queue, self = setup_.self, receiver = setup_.receiver,
                       back = 1ms + rng_.jitter(kTravelMax), delivery] {
                        const DeliveryEnd end = receiver->arrives(self, delivery);
                        const bool silent = !end.delivered && end.error.empty();
                        const DeliveryEnd told = silent ? DeliveryEnd{.error = "no answer"} : end;
                        queue->after(silent ? kPatience : back, [weak, delivery, told] {
                          const auto sender = weak.lock();
                          if (!sender) return;
                          sender->setup_.post([weak, delivery, told] {
                            if (const auto alive = weak.lock()) alive->ended(delivery, told);
                          });
                        });
                      });
}

void AlertDesk::ended(const Delivery& delivery, const DeliveryEnd& end) {
  const OutboxUpdate update = plan_.ended(delivery, end, setup_.clocks());
  if (std::holds_alternative<OutboxDead>(update)) setup_.receiver->given_up(setup_.self, delivery.entry);
  if (is_saved(delivery.id)) {
    setup_.disk->update_outbox(update);
  } else if (!std::holds_alternative<OutboxRetry>(update)) {
    std::erase_if(unsaved_, [&](const OutboxEntry& entry) {
      return entry.key == delivery.entry.key && entry.sink == delivery.entry.sink;
    });
  }
  pump();
}

}  // namespace sentinel::sim
