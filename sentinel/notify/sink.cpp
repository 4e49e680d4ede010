#include "sentinel/notify/sink.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/check.h"

namespace sentinel {
namespace {

constexpr std::array<std::pair<SinkKind, std::string_view>, 3> kPrefixes{{
    {SinkKind::Notification, "script:"},
    {SinkKind::Reconfiguration, "reconfig:"},
    {SinkKind::Webhook, "webhook:"},
}};

std::string_view level_name(Level level) {
  switch (level) {
    case Level::Debug: return "debug";
    case Level::Verbose: return "verbose";
    case Level::Notice: return "notice";
    case Level::Warning: return "warning";
  }
  UNREACHABLE();
}

std::string_view role_name(FailoverRole role) {
  switch (role) {
    case FailoverRole::Leader: return "leader";
    case FailoverRole::Observer: return "observer";
  }
  UNREACHABLE();
}

std::string iso_8601(WallMillis at) {
  const auto seconds = static_cast<std::time_t>(at / 1000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), at % 1000);
}

nlohmann::json endpoint_json(const Endpoint& at) { return {{"host", at.host}, {"port", at.port}}; }

}  // namespace

std::string to_string(const Sink& sink) {
  for (const auto& [kind, prefix] : kPrefixes) {
    if (kind == sink.kind) return std::string(prefix) + sink.target;
  }
  UNREACHABLE();
}

std::optional<Sink> parse_sink(std::string_view text) {
  for (const auto& [kind, prefix] : kPrefixes) {
    if (text.starts_with(prefix)) return Sink{.kind = kind, .target = std::string(text.substr(prefix.size()))};
  }
  return std::nullopt;
}

std::vector<OutboxEntry> route(const Event& event, const GroupSettings* settings, const std::vector<Webhook>& webhooks,
                               const std::string& key, WallMillis at) {
  std::vector<OutboxEntry> entries;
  const auto add = [&](SinkKind kind, const std::string& target) {
    entries.push_back({.event = event, .sink = to_string(Sink{.kind = kind, .target = target}), .key = key, .at = at});
  };
  if (settings != nullptr && notifies(event) && !settings->notification_script.empty()) {
    add(SinkKind::Notification, settings->notification_script);
  }
  if (settings != nullptr && event.master_switch && !settings->client_reconfig_script.empty()) {
    add(SinkKind::Reconfiguration, settings->client_reconfig_script);
  }
  const bool of_process = event.level == Level::Warning && event.group.empty();
  if (notifies(event) || of_process) {
    for (const Webhook& webhook : webhooks) {
      const bool wanted = webhook.groups.empty() ||
                          std::find(webhook.groups.begin(), webhook.groups.end(), event.group) != webhook.groups.end();
      if (wanted) add(SinkKind::Webhook, webhook.url);
    }
  }
  return entries;
}

std::vector<std::string> script_arguments(const Sink& sink, const Event& event) {
  switch (sink.kind) {
    case SinkKind::Notification: return {sink.target, event.name, event.message};
    case SinkKind::Reconfiguration: {
      CHECK(event.master_switch.has_value());
      const MasterSwitch& moved = *event.master_switch;
      return {sink.target,
              event.group,
              std::string(role_name(moved.role)),
              "start",
              moved.from.host,
              std::to_string(moved.from.port),
              moved.to.host,
              std::to_string(moved.to.port)};
    }
    case SinkKind::Webhook: break;
  }
  UNREACHABLE();
}

std::string webhook_body(const OutboxEntry& entry, const NodeId& sentinel) {
  const Event& event = entry.event;
  nlohmann::json body{{"key", entry.key},           {"event", event.name},       {"level", level_name(event.level)},
                      {"group", event.group},       {"message", event.message},  {"time_ms", entry.at},
                      {"time", iso_8601(entry.at)}, {"sentinel", sentinel.value}};
  if (event.master_switch) {
    body["master_switch"] = {{"role", role_name(event.master_switch->role)},
                             {"from", endpoint_json(event.master_switch->from)},
                             {"to", endpoint_json(event.master_switch->to)},
                             {"epoch", event.master_switch->epoch.value}};
  }
  // A host name or server message need not be UTF-8: shown with replacement characters.
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sentinel
