#include "sentinel/notify/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <random>
#include <utility>

#include "sentinel/notify/script_runner.h"
#include "sentinel/notify/webhook_client.h"

namespace sentinel {
namespace {

constexpr std::size_t kReadRows = 1000;  // Of the outbox at a time.
constexpr std::size_t kKeyIdChars = 8;   // Of the sentinel's id in a key.

TimePoint steady_now() {
  return TimePoint(std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch()));
}

WallMillis wall_now() {
  return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Clocks clocks() { return {steady_now(), wall_now()}; }

std::uint64_t random_word() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

}  // namespace

class Dispatcher::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::any_io_executor executor, Store& store, DispatcherSettings settings, OnEvent on_event)
      : executor_(std::move(executor)),
        store_(store),
        settings_(std::move(settings)),
        on_event_(std::move(on_event)),
        plan_(settings_.policy),
        timer_(executor_),
        scripts_(executor_, settings_.script_runtime_max),
        webhooks_(settings_.webhook_threads, settings_.webhook_timeout) {}

  std::vector<OutboxEntry> route(const Event& event, const GroupSettings* group) {
    // The start's random word makes keys of different starts differ.
    const std::string key =
        fmt::format("{}-{:016x}-{}", store_.sentinel_id().value.substr(0, kKeyIdChars), start_, ++last_key_);
    return sentinel::route(event, group, settings_.webhooks, key, wall_now());
  }

  void wake() {
    read_again_ = true;
    if (!reading_) read();
  }

  void deliver_unsaved(std::vector<OutboxEntry> entries) {
    for (OutboxEntry& entry : entries) enqueue({.id = next_unsaved_++, .entry = std::move(entry)});
    pump();
  }

  void stop() { timer_.cancel(); }

  const DeliveryQueue& queue() const { return plan_.queue(); }

 private:
  void read() {
    reading_ = true;
    read_again_ = false;
    store_.read_outbox(last_id_, kReadRows,
                       [weak = weak_from_this(), executor = executor_](std::vector<OutboxRow> rows) {
                         asio::post(executor, [weak, rows = std::move(rows)]() mutable {
                           if (const auto self = weak.lock()) self->take(std::move(rows));
                         });
                       });
  }

  void take(std::vector<OutboxRow> rows) {
    reading_ = false;
    if (rows.size() == kReadRows) read_again_ = true;
    for (OutboxRow& row : rows) {
      last_id_ = row.id;
      enqueue(std::move(row));
    }
    if (read_again_) read();
    pump();
  }

  void enqueue(OutboxRow row) {
    if (auto dead = plan_.add(std::move(row), clocks())) update(std::move(*dead));
  }

  void pump() {
    while (auto delivery = plan_.start_next(steady_now())) {
      if (delivery->sink.kind == SinkKind::Webhook) {
        post(std::move(*delivery));
      } else {
        run(std::move(*delivery));
      }
    }
    const TimePoint due = plan_.next_due();
    if (due == kNever) return;
    timer_.expires_at(std::chrono::steady_clock::time_point(due.time_since_epoch()));
    timer_.async_wait([weak = weak_from_this()](const asio::error_code& error) {
      if (error) return;
      if (const auto self = weak.lock()) self->pump();
    });
  }

  void run(Delivery delivery) {
    auto arguments = script_arguments(delivery.sink, delivery.entry.event);
    // scripts_ is ours and calls back while it lives only, but for posted ends: hence weak.
    scripts_.run(arguments, [weak = weak_from_this(), delivery = std::move(delivery)](const ScriptExit& exit) {
      if (const auto self = weak.lock()) self->script_ended(delivery, exit);
    });
  }

  // Stock's contract: 0 done; 1 or a signal: again; 2 and above: never again.
  void script_ended(const Delivery& delivery, const ScriptExit& exit) {
    using How = ScriptExit::How;
    const std::string& path = delivery.sink.target;
    if (exit.how == How::Exited && exit.code == 0) return delivered(delivery);
    if (exit.how == How::TimedOut) report("-script-timeout", fmt::format("{} {}", path, exit.pid));
    const bool final_code = exit.how == How::Exited && exit.code >= 2;
    std::string what = exit.how == How::NotStarted
                           ? fmt::format("{} 99 0", path)
                           : fmt::format("{} {} {}", path, exit.signal, exit.how == How::Exited ? exit.code : 0);
    failed(delivery, {.event = "-script-error", .text = what, .error = what, .final = final_code});
  }

  void post(Delivery delivery) {
    auto url = parse_webhook_url(delivery.sink.target);
    if (!url) {
      // Posted: pump() calls this in a loop, and the answer calls pump().
      const WebhookReply refused{.verdict = WebhookReply::Verdict::Rejected, .error = url.error()};
      asio::post(executor_, [weak = weak_from_this(), delivery = std::move(delivery), refused] {
        if (const auto self = weak.lock()) self->answered(delivery, refused);
      });
      return;
    }
    const auto found = std::find_if(settings_.webhooks.begin(), settings_.webhooks.end(),
                                    [&](const Webhook& webhook) { return webhook.url == delivery.sink.target; });
    WebhookRequest request{.url = std::move(*url),
                           .key = delivery.entry.key,
                           .body = webhook_body(delivery.entry, store_.sentinel_id()),
                           .secret = found == settings_.webhooks.end() ? std::string() : found->secret};
    webhooks_.post(std::move(request),
                   [weak = weak_from_this(), executor = executor_, delivery = std::move(delivery)](WebhookReply reply) {
                     asio::post(executor, [weak, delivery, reply = std::move(reply)] {
                       if (const auto self = weak.lock()) self->answered(delivery, reply);
                     });
                   });
  }

  void answered(const Delivery& delivery, const WebhookReply& reply) {
    if (reply.verdict == WebhookReply::Verdict::Delivered) return delivered(delivery);
    const auto url = parse_webhook_url(delivery.sink.target);
    const Event& event = delivery.entry.event;
    std::string text = fmt::format("{} {} {} after {} attempts: {}", url ? origin(*url) : "?", event.name, event.group,
                                   delivery.attempts + 1, reply.error);
    failed(delivery, {.event = "-webhook-error",
                      .text = std::move(text),
                      .error = reply.error,
                      .final = reply.verdict == WebhookReply::Verdict::Rejected});
  }

  void delivered(const Delivery& delivery) {
    update(plan_.ended(delivery, {.delivered = true}, clocks()));
    pump();
  }

  struct Failure {
    const char* event;  // If it is the last.
    std::string text;   // Of that event.
    std::string error;  // For the outbox.
    bool final = false;
  };

  void failed(const Delivery& delivery, const Failure& failure) {
    OutboxUpdate what = plan_.ended(delivery, {.final = failure.final, .error = failure.error}, clocks());
    const bool dead = std::holds_alternative<OutboxDead>(what);
    update(std::move(what));
    if (dead) report(failure.event, failure.text);
    pump();
  }

  void update(OutboxUpdate what) {
    const OutboxId id = std::visit([](const auto& change) { return change.id; }, what);
    if (is_saved(id)) store_.update_outbox({std::move(what)});
  }

  void report(const char* name, std::string message) {
    on_event_({.name = name, .level = Level::Warning, .message = std::move(message), .group = {}, .master_switch = {}});
  }

  const asio::any_io_executor executor_;
  Store& store_;
  const DispatcherSettings settings_;
  const OnEvent on_event_;
  DeliveryPlan plan_;
  asio::steady_timer timer_;
  ScriptRunner scripts_;
  WebhookClient webhooks_;
  const std::uint64_t start_ = random_word();
  std::uint64_t last_key_ = 0;
  OutboxId last_id_ = 0;
  OutboxId next_unsaved_ = kFirstUnsavedId;
  bool reading_ = false;
  bool read_again_ = false;
};

Dispatcher::Dispatcher(asio::any_io_executor executor, Store& store, DispatcherSettings settings, OnEvent on_event)
    : impl_(std::make_shared<Impl>(std::move(executor), store, std::move(settings), std::move(on_event))) {}
Dispatcher::~Dispatcher() { impl_->stop(); }

std::vector<OutboxEntry> Dispatcher::route(const Event& event, const GroupSettings* group) {
  return impl_->route(event, group);
}
void Dispatcher::wake() { impl_->wake(); }
void Dispatcher::deliver_unsaved(std::vector<OutboxEntry> entries) { impl_->deliver_unsaved(std::move(entries)); }
std::size_t Dispatcher::running_scripts() const { return impl_->queue().running_scripts(); }
std::size_t Dispatcher::queued() const { return impl_->queue().size() - impl_->queue().running_scripts(); }

}  // namespace sentinel
