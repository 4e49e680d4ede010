// The alerts of one simulated sentinel: production's routing, order and retries
// (sentinel/notify) over the simulated disk, clocks and receiver. What stands
// in sentinel/notify/dispatcher.cpp between the plan and the sockets is here in virtual time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/rng.h"
#include "tests/sim/alert_receiver.h"
#include "tests/sim/durable_store.h"

namespace sentinel::sim {

struct AlertDeskSetup {
  SentinelIndex self = 0;
  EventQueue* queue = nullptr;
  DurableStore* disk = nullptr;
  AlertReceiver* receiver = nullptr;
  std::function<Clocks()> clocks;
  std::function<void(std::function<void()>)>
      post;  // Runs it in the process: later if that is paused, never if it died.
};

// One life of the process, from boot to crash.
class AlertDesk : public std::enable_shared_from_this<AlertDesk> {
 public:
  AlertDesk(AlertDeskSetup setup, std::uint64_t seed);
  ~AlertDesk();

  // What to commit with the event.
  std::vector<OutboxEntry> route(const Event& event, const GroupSettings* group);
  // Looks into the outbox: at boot, and after each commit with entries.
  void wake();
  void deliver_unsaved(std::vector<OutboxEntry> entries);

 private:
  void add(OutboxRow row);
  void pump();
  void begin(const Delivery& delivery);
  void ended(const Delivery& delivery, const DeliveryEnd& end);

  AlertDeskSetup setup_;
  Rng rng_;
  const std::uint64_t start_;
  std::uint64_t last_key_ = 0;
  OutboxId last_id_ = 0;
  OutboxId next_unsaved_ = kFirstUnsavedId;
  DeliveryPlan plan_;
  TimePoint armed_ = kNever;
  std::vector<OutboxEntry> unsaved_;  // Not delivered, and nowhere else.
};

}  // namespace sentinel::sim
