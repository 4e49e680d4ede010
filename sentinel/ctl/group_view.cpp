#include "sentinel/ctl/group_view.h"

#include <fmt/core.h>

#include <algorithm>

#include "sentinel/ctl/terminal.h"

namespace sentinel {

namespace {

std::optional<Millis> millis(const Fields& fields, std::string_view name) {
  const auto value = fields.number(name);
  if (!value) return std::nullopt;
  return Millis(*value);
}

ReplicaView* find_replica(GroupView& group, const Endpoint& at) {
  for (ReplicaView& replica : group.replicas) {
    if (replica.at == at) return &replica;
  }
  return nullptr;
}

std::string plural(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

Result<MasterView> decode_master(const Fields& fields) {
  const auto at = fields.endpoint();
  if (!at) return unexpected(fmt::format("master '{}' has no usable address", fields.text("name")));
  MasterView master;
  master.at = *at;
  master.flags = fields.text("flags");
  master.role_reported = fields.text("role-reported");
  master.config_epoch = fields.number("config-epoch").value_or(0);
  master.down_after = millis(fields, "down-after-milliseconds").value_or(Millis{0});
  master.last_reply = millis(fields, "last-ok-ping-reply");
  if (fields.has_flag("failover_in_progress")) master.failover_state = fields.text("failover-state");
  return master;
}

Result<ReplicaView> decode_replica(const Fields& fields) {
  const auto at = fields.endpoint();
  if (!at) return unexpected(fmt::format("replica '{}' has no usable address", fields.text("name")));
  ReplicaView replica;
  replica.at = *at;
  replica.flags = fields.text("flags");
  replica.link_up = fields.text("master-link-status") == "ok";
  if (!replica.link_up) replica.link_down = millis(fields, "master-link-down-time");
  replica.offset = fields.number("slave-repl-offset");
  replica.priority = fields.number("slave-priority").value_or(100);
  const std::string host = fields.text("master-host");
  if (!host.empty() && host != "?") replica.master = fmt::format("{}:{}", host, fields.text("master-port"));
  replica.ineligible = fields.text("ineligible");
  return replica;
}

void apply_master_info(GroupView& group, const Fields& info) {
  if (info.text("role") != "master") return;  // Its offsets are not the group's.
  group.master.offset = info.number("master_repl_offset");
  if (!group.master.offset) return;
  for (const auto& [name, value] : info.entries()) {
    if (name.rfind("slave", 0) != 0) continue;
    const Fields line = parse_info_list(value.text);
    const auto at = line.endpoint();
    const auto offset = line.number("offset");
    if (!at || !offset || line.text("state") != "online") continue;
    ReplicaView* replica = find_replica(group, *at);
    if (replica == nullptr) continue;
    replica->offset = *offset;
    replica->link_up = true;  // The sentinel's word may be ten seconds old, the master's is from now.
    replica->link_down.reset();
    // The replica acknowledges once a second and the offset may be newer than
    // the master's line in the same text: less than nothing is nothing.
    replica->lag_bytes = std::max<std::int64_t>(0, *group.master.offset - *offset);
  }
}

void apply_explanation(GroupView& group, const ExplanationView& explanation) {
  for (ReplicaView& replica : group.replicas) {
    for (const auto& [topic, sentence] : explanation.findings) {
      if (topic == "replica " + to_string(replica.at) && sentence != "may be promoted") replica.ineligible = sentence;
    }
  }
}

bool agrees(const SentinelView& sentinel, const GroupView& group) {
  return sentinel.problem.empty() && sentinel.master == group.master.at;
}

std::size_t good_replicas(const GroupView& group) {
  return static_cast<std::size_t>(std::count_if(group.replicas.begin(), group.replicas.end(),
                                                [](const ReplicaView& replica) { return replica.good(); }));
}

std::vector<std::string> problems_of(const GroupView& group) {
  std::vector<std::string> problems;
  const MasterView& master = group.master;
  if (has_word(master.flags, "o_down")) {
    problems.push_back(fmt::format("master {} is down, and a quorum agrees", to_string(master.at)));
  } else if (has_word(master.flags, "s_down")) {
    problems.push_back(fmt::format("master {} seems down to the sentinel asked", to_string(master.at)));
  } else if (has_word(master.flags, "disconnected")) {
    problems.push_back(fmt::format("master {}: the sentinel asked has no connection to it", to_string(master.at)));
  }
  if (!master.failover_state.empty()) problems.push_back("a failover is running: " + master.failover_state);
  if (!master.role_reported.empty() && master.role_reported != "master") {
    problems.push_back(fmt::format("{} should be the master, but says that it is a {}", to_string(master.at),
                                   master.role_reported == "slave" ? "replica" : printable(master.role_reported)));
  }
  for (const SentinelView& sentinel : group.sentinels) {
    if (!sentinel.problem.empty()) {
      problems.push_back(sentinel.problem);
    } else if (!agrees(sentinel, group)) {
      problems.push_back(fmt::format("sentinel {} disagrees: it says the master is {}", to_string(sentinel.at),
                                     sentinel.master ? to_string(*sentinel.master) : "unknown"));
    } else if (sentinel.sees_master_down && !master.down()) {
      problems.push_back(fmt::format("sentinel {} sees the master down", to_string(sentinel.at)));
    }
  }
  if (!group.quorum_ok) problems.push_back("no quorum: " + printable(group.quorum_text));
  if (good_replicas(group) == 0) {
    problems.push_back(group.replicas.empty() ? "no replica: nothing to fail over to"
                                              : fmt::format("none of {} could be promoted",
                                                            plural(group.replicas.size(), "replica", "replicas")));
  }
  for (const ReplicaView& replica : group.replicas) {
    if (replica.down()) problems.push_back(fmt::format("replica {} is down", to_string(replica.at)));
    if (!replica.down() && !replica.link_up) {
      problems.push_back(fmt::format("replica {} has no link to its master", to_string(replica.at)));
    }
  }
  return problems;
}

std::string describe(const WriteSafetyView& safety) {
  if (!safety.min_replicas) return "unknown: " + safety.unknown_because;
  if (*safety.min_replicas == 0)
    return "off: a master cut off from its replicas goes on accepting writes (min-replicas-to-write 0)";
  if (safety.max_lag.value_or(0) == 0) return "off: min-replicas-max-lag is 0";
  return fmt::format(
      "on: writes need {} replica{} heard from within {} s, so a cut-off master stops accepting them then",
      *safety.min_replicas, *safety.min_replicas == 1 ? "" : "s", *safety.max_lag);
}

}  // namespace sentinel
