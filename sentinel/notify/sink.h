// Where an alert goes, and which alerts go where. Pure.
//
// The sink is written into the outbox as text ("script:/path",
// "reconfig:/path", "webhook:<url>"), so an entry of before a restart is
// delivered even if the configuration has changed since.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/event.h"
#include "sentinel/core/settings.h"
#include "sentinel/store/outbox.h"

namespace sentinel {

enum class SinkKind {
  Notification,     // notification-script: path, event name, message.
  Reconfiguration,  // client-reconfig-script: path, group, role, "start", from, to.
  Webhook,          // JSON POST.
};

struct Sink {
  SinkKind kind = SinkKind::Notification;
  std::string target;  // Path or URL.
  bool operator==(const Sink&) const = default;
};

std::string to_string(const Sink& sink);
// nullopt if the text names no kind that this program knows.
std::optional<Sink> parse_sink(std::string_view text);

// A receiver of every event that notifies(), and of the process's own warnings unless it names groups.
struct Webhook {
  std::string url;                    // http:// or https://
  std::string secret{};               // Not empty: X-Vigil-Signature carries an HMAC of the body.
  std::vector<std::string> groups{};  // Only events of these; empty: all.
};

// The entries to commit with `event`: its group's scripts and all webhooks.
// Empty for events nobody asked for. `settings` is nullptr for events of the process.
std::vector<OutboxEntry> route(const Event& event, const GroupSettings* settings, const std::vector<Webhook>& webhooks,
                               const std::string& key, WallMillis at);

// What a script is started with, argv[0] first. REQUIRES: the sink is a
// script, and a Reconfiguration's event has a master_switch.
std::vector<std::string> script_arguments(const Sink& sink, const Event& event);

// The body of a webhook: the same bytes at every attempt.
//   {"key": "...", "event": "+sdown", "level": "warning", "group": "mymaster", "message": "...",
//    "time_ms": 1700000000123, "time": "2023-11-14T22:13:20.123Z", "sentinel": "<40 hex>",
//    "master_switch": {"role": "leader", "from": {"host": "...", "port": 1}, "to": {...}, "epoch": 7}}
// master_switch is there for +switch-master only.
std::string webhook_body(const OutboxEntry& entry, const NodeId& sentinel);

}  // namespace sentinel
