// Dispatcher delivers the outbox: scripts and webhooks, at least once.
//
//   Dispatcher dispatcher(loop.get_executor(), store, settings, [&](Event event) { publish(event); });
//   dispatcher.wake();                                // What the last run left undelivered.
//   ...
//   for (const Event& event : out.events) append(batch.outbox, dispatcher.route(event, core.settings(event.group)));
//   store.commit(std::move(batch));                   // The alerts are as durable as the failover.
//   dispatcher.wake();
//
// A delivery is marked in the outbox after it succeeded, so a process killed
// between the two repeats it at its next start; the idempotency key tells a
// receiver. Order and retries: see delivery_queue.h and delivery_plan.h.
//
// What finally fails stays in the outbox as a dead letter and is reported as
// an event of the process:
//   -script-error    "<path> <signal> <exit code>"; "<path> 99 0": no process could be started
//   -script-timeout  "<path> <pid>"; the run is retried like one that died
//   -webhook-error   "<scheme://host:port> <event> <group> after <n> attempts: <why>"
//
// Used by the loop's thread only. Destroy it before the store, and the store
// before the loop. Destroying it kills running scripts: their delivery will be
// repeated, and two of one alert must not overlap.
#pragma once

#include <asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/time.h"
#include "sentinel/core/event.h"
#include "sentinel/core/settings.h"
#include "sentinel/notify/delivery_plan.h"
#include "sentinel/notify/sink.h"
#include "sentinel/store/store.h"

namespace sentinel {

struct DispatcherSettings {
  std::vector<Webhook> webhooks;
  DeliveryPolicy policy;
  Millis script_runtime_max{60000};  // Then SIGKILL.
  std::size_t webhook_threads = 4;
  Millis webhook_timeout{5000};  // To connect, to send, to answer: each.
};

class Dispatcher {
 public:
  using OnEvent = std::function<void(Event)>;

  Dispatcher(asio::any_io_executor executor, Store& store, DispatcherSettings settings, OnEvent on_event);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // The outbox entries of this event, to be committed with the records it tells
  // of. `group` is nullptr for events of the process.
  std::vector<OutboxEntry> route(const Event& event, const GroupSettings* group);

  // Delivers entries that the disk does not take: with retries, but not across
  // a restart. An alert that the disk has failed must not wait for the disk.
  void deliver_unsaved(std::vector<OutboxEntry> entries);

  // Looks into the outbox. Call it at start, and after each commit with entries.
  void wake();

  std::size_t running_scripts() const;
  // Known to the dispatcher and not yet delivered, without running scripts.
  std::size_t queued() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sentinel
