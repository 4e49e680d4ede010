#include "sentinel/core/node_info.h"

#include "sentinel/core/info_fields.h"
#include "sentinel/core/limits.h"

namespace sentinel {
namespace {

constexpr std::uint64_t kKeysMax = std::uint64_t{1} << 48;  // Of one database; sums of them do not overflow.

struct ReplicaLine {
  Endpoint at;
  bool online = false;
};

// "ip=10.0.0.2,port=6379,state=online,..." or the old "10.0.0.2,6379,online".
std::optional<ReplicaLine> replica_line(std::string_view value) {
  std::string_view ip, port, state;
  std::size_t index = 0;
  while (!value.empty()) {
    const auto comma = value.find(',');
    const std::string_view field = value.substr(0, comma);
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    if (field.starts_with("ip="))
      ip = field.substr(3);
    else if (field.starts_with("port="))
      port = field.substr(5);
    else if (field.starts_with("state="))
      state = field.substr(6);
    else if (field.find('=') == std::string_view::npos && index == 0)
      ip = field;
    else if (field.find('=') == std::string_view::npos && index == 1)
      port = field;
    else if (field.find('=') == std::string_view::npos && index == 2)
      state = field;
    ++index;
  }
  const auto number = parse_unsigned(port, 65535);
  if (ip.empty() || ip.size() > kHostBytesMax || !number || *number == 0) return std::nullopt;
  return ReplicaLine{.at = {std::string(ip), static_cast<std::uint16_t>(*number)}, .online = state == "online"};
}

// "db0" and its "keys=1000,expires=0,avg_ttl=0": how many keys.
std::uint64_t keys_of(std::string_view key, std::string_view value) {
  if (!key.starts_with("db") || key.find_first_not_of("0123456789", 2) != std::string_view::npos) return 0;
  if (!value.starts_with("keys=")) return 0;
  return parse_unsigned(value.substr(5, value.find(',') - 5), kKeysMax).value_or(0);
}

bool is_replica_key(std::string_view key) {
  if (!key.starts_with("slave") || key.size() == 5) return false;
  return key.find_first_not_of("0123456789", 5) == std::string_view::npos;
}

// Seconds that may be -1 for "none", into milliseconds.
Millis seconds(std::string_view value) {
  if (value.starts_with('-')) return Millis{-1000};
  return Millis{static_cast<Millis::rep>(parse_unsigned(value, 1'000'000'000).value_or(0) * 1000)};
}

void read_field(NodeInfo& info, std::string_view key, std::string_view value, std::string_view& host,
                std::uint64_t& port) {
  const auto number = [&](std::uint64_t max) { return parse_unsigned(value, max).value_or(0); };
  const std::string_view id = value.substr(0, 40);
  if (key == "run_id")
    info.run_id = id;
  else if (key == "role")
    info.role = value == "master" ? NodeRole::Master : value == "slave" ? NodeRole::Replica : NodeRole::Unknown;
  else if (key == "loading")
    info.loading = value == "1";
  else if (key == "uptime_in_seconds")
    info.uptime = seconds(value);
  else if (key == "master_replid")
    info.replication_id = id;
  else if (key == "master_replid2")
    // All zeros stand for none: they must not make strangers look related (R-C6).
    info.replication_id2 = id.find_first_not_of('0') == std::string_view::npos ? "" : id;
  else if (key == "master_repl_offset")
    info.master_offset = number(UINT64_MAX);
  else if (key == "master_failover_state")
    info.server_failover = value != "no-failover";
  else if (key == "second_repl_offset")
    info.second_offset = parse_unsigned(value, UINT64_MAX);  // -1: there is none.
  else if (key == "aof_enabled")
    info.append_only = value == "1";
  else if (key == "rdb_last_load_keys_loaded")
    info.loaded_keys = parse_unsigned(value, UINT64_MAX);
  else if (const auto keys = keys_of(key, value); keys > 0)
    info.keys += keys;
  else if (key == "master_host")
    host = value;
  else if (key == "master_port")
    port = number(65535);
  else if (key == "master_link_status")
    info.master_link_up = value == "up";
  else if (key == "master_sync_in_progress")
    info.sync_in_progress = value == "1";
  else if (key == "master_link_down_since_seconds")
    info.master_link_down = seconds(value);
  else if (key == "master_last_io_seconds_ago")
    info.master_last_io = seconds(value);
  else if (key == "slave_repl_offset")
    info.replica_offset = number(UINT64_MAX);
  else if (key == "slave_priority")
    info.priority = static_cast<unsigned>(number(UINT32_MAX));
  else if (key == "replica_announced")
    info.announced = value != "0";
  else if (is_replica_key(key) && info.replicas.size() < kNodesPerGroupMax) {
    auto replica = replica_line(value);
    if (!replica) return;
    info.replicas.push_back(std::move(replica->at));
    if (replica->online) ++info.online_replicas;
  }
}

}  // namespace

NodeInfo parse_node_info(std::string_view text) {
  NodeInfo info;
  info.master_last_io = Millis{-1000};
  std::string_view host;
  std::uint64_t port = 0;
  for_each_info_field(text,
                      [&](std::string_view key, std::string_view value) { read_field(info, key, value, host, port); });
  if (!host.empty() && host.size() <= kHostBytesMax && port != 0)
    info.master = Endpoint{std::string(host), static_cast<std::uint16_t>(port)};
  return info;
}

}  // namespace sentinel
