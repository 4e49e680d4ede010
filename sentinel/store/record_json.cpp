#include "sentinel/store/record_json.h"

#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

namespace sentinel {
namespace {

using nlohmann::json;

constexpr char kHexDigits[] = "0123456789abcdef";

// JSON text is UTF-8; a password or a file name need not be. Such bytes are
// kept as {"hex": "..."}: replacing them would lock us out of a master.
json text_json(const std::string& text) {
  json plain = text;
  const json parsed = json::parse(plain.dump(-1, ' ', false, json::error_handler_t::replace));
  if (parsed == plain) return plain;
  std::string hex;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kHexDigits[byte >> 4];
    hex += kHexDigits[byte & 15];
  }
  return json{{"hex", hex}};
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  const auto hex = value.is_object() ? value.find("hex") : value.end();
  if (!value.is_object() || hex == value.end() || !hex->is_string()) return {};
  std::string bytes;
  const auto digits = hex->get<std::string>();
  if (digits.find_first_not_of(kHexDigits) != std::string::npos) return {};
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

const json& field(const json& object, const char* name) {
  static const json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

void read(const json& object, const char* name, std::string& to) {
  if (const json& value = field(object, name); !value.is_null()) to = text_of(value);
}
void read(const json& object, const char* name, bool& to) {
  if (const json& value = field(object, name); value.is_boolean()) to = value.get<bool>();
}
// A number that does not fit is not another number.
template <std::unsigned_integral Number>
void read(const json& object, const char* name, Number& to) {
  const json& value = field(object, name);
  if (!value.is_number_unsigned()) return;
  const auto number = value.get<std::uint64_t>();
  if (number <= std::numeric_limits<Number>::max()) to = static_cast<Number>(number);
}
std::optional<Millis> millis_of(const json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  if (!value.is_number_integer()) return std::nullopt;
  return Millis(value.get<std::int64_t>());
}
void read(const json& object, const char* name, Millis& to) {
  const auto value = millis_of(field(object, name));
  if (value && *value >= Millis{0} && *value <= kStoredMillisMax) to = *value;
}

json endpoint_json(const Endpoint& at) { return json{{"host", text_json(at.host)}, {"port", at.port}}; }

Endpoint endpoint_of(const json& value) {
  Endpoint at;
  read(value, "host", at.host);
  read(value, "port", at.port);
  return at;
}

// A damaged column must not stop the process from starting: the rest is worth having.
json parsed(const std::string& text) { return json::parse(text, nullptr, false); }

}  // namespace

std::string to_json(const GroupSettings& settings) {
  json renames = json::array();
  for (const auto& [from, to] : settings.rename_commands) renames.push_back({text_json(from), text_json(to)});
  return json{{"name", text_json(settings.name)},
              {"master", endpoint_json(settings.master)},
              {"quorum", settings.quorum},
              {"down_after_ms", settings.down_after.count()},
              {"failover_timeout_ms", settings.failover_timeout.count()},
              {"parallel_syncs", settings.parallel_syncs},
              {"priority", settings.priority},
              {"crash_detection", settings.crash_detection},
              {"crash_confirm_ms", settings.crash_confirm.count()},
              {"evidence_hold_max_ms", settings.evidence_hold_max.count()},
              {"write_safety", static_cast<unsigned>(settings.write_safety)},
              {"min_replicas", settings.min_replicas},
              {"max_lag_ms", settings.max_lag.count()},
              {"on_empty_restart", static_cast<unsigned>(settings.on_empty_restart)},
              {"loading_timeout_ms", settings.loading_timeout.count()},
              {"rescue", static_cast<unsigned>(settings.rescue)},
              {"rescue_deadline_ms", settings.rescue_deadline.count()},
              {"rescue_bytes_max", settings.rescue_bytes_max},
              {"rescue_keep", settings.rescue_keep},
              {"auth_user", text_json(settings.auth_user)},
              {"auth_pass", text_json(settings.auth_pass)},
              {"rename_commands", renames},
              {"notification_script", text_json(settings.notification_script)},
              {"client_reconfig_script", text_json(settings.client_reconfig_script)},
              {"master_reboot_down_after_ms", settings.master_reboot_down_after.count()}}
      .dump();
}

GroupSettings settings_from_json(const std::string& text) {
  const json value = parsed(text);
  GroupSettings settings;
  read(value, "name", settings.name);
  settings.master = endpoint_of(field(value, "master"));
  read(value, "quorum", settings.quorum);
  read(value, "down_after_ms", settings.down_after);
  read(value, "failover_timeout_ms", settings.failover_timeout);
  read(value, "parallel_syncs", settings.parallel_syncs);
  read(value, "priority", settings.priority);
  read(value, "crash_detection", settings.crash_detection);
  read(value, "crash_confirm_ms", settings.crash_confirm);
  read(value, "evidence_hold_max_ms", settings.evidence_hold_max);
  unsigned safety = static_cast<unsigned>(settings.write_safety);
  read(value, "write_safety", safety);
  if (safety <= static_cast<unsigned>(WriteSafety::Enforce)) settings.write_safety = static_cast<WriteSafety>(safety);
  read(value, "min_replicas", settings.min_replicas);
  read(value, "max_lag_ms", settings.max_lag);
  unsigned restart = static_cast<unsigned>(settings.on_empty_restart);
  read(value, "on_empty_restart", restart);
  if (restart <= static_cast<unsigned>(OnEmptyRestart::Failover))
    settings.on_empty_restart = static_cast<OnEmptyRestart>(restart);
  read(value, "loading_timeout_ms", settings.loading_timeout);
  unsigned rescue = static_cast<unsigned>(settings.rescue);
  read(value, "rescue", rescue);
  if (rescue <= static_cast<unsigned>(Rescue::Snapshot)) settings.rescue = static_cast<Rescue>(rescue);
  read(value, "rescue_deadline_ms", settings.rescue_deadline);
  read(value, "rescue_bytes_max", settings.rescue_bytes_max);
  read(value, "rescue_keep", settings.rescue_keep);
  read(value, "auth_user", settings.auth_user);
  read(value, "auth_pass", settings.auth_pass);
  for (const json& pair : field(value, "rename_commands")) {
    if (pair.is_array() && pair.size() == 2) settings.rename_commands[text_of(pair[0])] = text_of(pair[1]);
  }
  read(value, "notification_script", settings.notification_script);
  read(value, "client_reconfig_script", settings.client_reconfig_script);
  read(value, "master_reboot_down_after_ms", settings.master_reboot_down_after);
  return settings;
}

std::string to_json(const FailoverTimeline& timeline) {
  json phases = json::array();
  for (const auto& [name, after] : timeline.phases) phases.push_back({text_json(name), after.count()});
  json rejected = json::array();
  for (const auto& [replica, why] : timeline.rejected) rejected.push_back({text_json(replica), text_json(why)});
  return json{{"group", text_json(timeline.group)},
              {"epoch", timeline.epoch.value},
              {"leader", text_json(timeline.leader.value)},
              {"from", endpoint_json(timeline.from)},
              {"to", endpoint_json(timeline.to)},
              {"cause", text_json(timeline.cause)},
              {"outcome", text_json(timeline.outcome)},
              {"phases_ms", phases},
              {"rejected", rejected}}
      .dump();
}

FailoverTimeline timeline_from_json(const std::string& text) {
  const json value = parsed(text);
  FailoverTimeline timeline;
  read(value, "group", timeline.group);
  read(value, "epoch", timeline.epoch.value);
  read(value, "leader", timeline.leader.value);
  timeline.from = endpoint_of(field(value, "from"));
  timeline.to = endpoint_of(field(value, "to"));
  read(value, "cause", timeline.cause);
  read(value, "outcome", timeline.outcome);
  for (const json& pair : field(value, "phases_ms")) {
    if (!pair.is_array() || pair.size() != 2) continue;
    const auto after = millis_of(pair[1]);
    if (after) timeline.phases.emplace_back(text_of(pair[0]), *after);
  }
  for (const json& pair : field(value, "rejected")) {
    if (pair.is_array() && pair.size() == 2) timeline.rejected.emplace_back(text_of(pair[0]), text_of(pair[1]));
  }
  return timeline;
}

std::string to_json(const Event& event) {
  json value{{"name", text_json(event.name)},
             {"level", static_cast<unsigned>(event.level)},
             {"message", text_json(event.message)},
             {"group", text_json(event.group)}};
  if (event.master_switch) {
    value["master_switch"] = json{{"leader", event.master_switch->role == FailoverRole::Leader},
                                  {"from", endpoint_json(event.master_switch->from)},
                                  {"to", endpoint_json(event.master_switch->to)},
                                  {"epoch", event.master_switch->epoch.value}};
  }
  return value.dump();
}

Event event_from_json(const std::string& text) {
  const json value = parsed(text);
  Event event;
  read(value, "name", event.name);
  unsigned level = static_cast<unsigned>(event.level);
  read(value, "level", level);
  if (level <= static_cast<unsigned>(Level::Warning)) event.level = static_cast<Level>(level);
  read(value, "message", event.message);
  read(value, "group", event.group);
  const json& moved = field(value, "master_switch");
  if (moved.is_object()) {
    MasterSwitch to_switch;
    bool leader = false;
    read(moved, "leader", leader);
    to_switch.role = leader ? FailoverRole::Leader : FailoverRole::Observer;
    to_switch.from = endpoint_of(field(moved, "from"));
    to_switch.to = endpoint_of(field(moved, "to"));
    read(moved, "epoch", to_switch.epoch.value);
    event.master_switch = to_switch;
  }
  return event;
}

}  // namespace sentinel
