#include "sentinel/ctl/survey.h"

#include <fmt/core.h>

#include <algorithm>

namespace sentinel {

namespace {

bool known_id(const GroupView& group, const std::string& id) {
  return std::any_of(group.sentinels.begin(), group.sentinels.end(),
                     [&](const SentinelView& sentinel) { return sentinel.id == id; });
}

SentinelView unreachable(const Endpoint& at, std::string problem) {
  SentinelView view;
  view.at = at;
  view.problem = std::move(problem);
  return view;
}

// What one sentinel says about the group.
Result<SentinelView> ask_sentinel(Connection& link, const std::string& name) {
  SentinelView view;
  view.at = link.at();
  const auto id = link.ask({"SENTINEL", "MYID"});
  if (!id) return unexpected(id.error());
  view.id = id->text;
  if (const auto info = link.ask({"INFO", "server"})) view.software = software_of(parse_info(info->text));

  const auto reply = link.command({"SENTINEL", "MASTER", name});
  if (!reply) return unexpected(reply.error());
  if (reply->is_error()) return unexpected(fmt::format("sentinel {} does not watch this group", to_string(link.at())));
  const auto fields = to_fields(*reply);
  if (!fields) return unexpected(fmt::format("sentinel {}: {}", to_string(link.at()), fields.error()));
  view.config_epoch = fields->number("config-epoch").value_or(0);

  // Clients follow this answer. While a stock leader re-points the replicas it
  // is the new master already, and MASTER still describes the old one.
  if (const auto address = link.ask({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name})) {
    if (const auto at = to_endpoint(*address)) view.master = *at;
  }
  const bool same = view.master == fields->endpoint();
  view.sees_master_down = same && (fields->has_flag("s_down") || fields->has_flag("o_down"));
  if (const auto quorum = link.command({"SENTINEL", "CKQUORUM", name})) {
    view.quorum_ok = !quorum->is_error();
    view.quorum_text = quorum->text;
  }
  return view;
}

void ask_every_sentinel(Session& session, GroupView& group) {
  for (const Endpoint& at : session.all_sentinels(group.name)) {
    auto link = session.sentinel(at);
    if (!link) {
      group.sentinels.push_back(unreachable(at, link.error()));
      continue;
    }
    auto view = ask_sentinel(**link, group.name);
    if (!view) {
      group.sentinels.push_back(unreachable(at, view.error()));
    } else if (!known_id(group, view->id)) {  // One sentinel may be known by two addresses.
      group.sentinels.push_back(std::move(*view));
    }
  }
}

// The reachable sentinel with the highest config epoch: nullptr if there is none.
const SentinelView* authority(const GroupView& group) {
  const SentinelView* best = nullptr;
  for (const SentinelView& sentinel : group.sentinels) {
    if (!sentinel.problem.empty()) continue;
    if (best == nullptr || sentinel.config_epoch > best->config_epoch) best = &sentinel;
  }
  return best;
}

Result<void> describe_nodes(Session& session, Connection& link, GroupView& group) {
  const auto master = session.ask_group(link, {"SENTINEL", "MASTER", group.name}, group.name);
  if (!master) return unexpected(master.error());
  const auto fields = to_fields(*master);
  if (!fields) return unexpected(fields.error());
  auto decoded = decode_master(*fields);
  if (!decoded) return unexpected(decoded.error());
  group.master = std::move(*decoded);

  const auto reply = session.ask_group(link, {"SENTINEL", "SLAVES", group.name}, group.name);
  if (!reply) return unexpected(reply.error());
  const auto list = to_field_list(*reply);
  if (!list) return unexpected(list.error());
  for (const Fields& entry : *list) {
    if (auto replica = decode_replica(entry)) group.replicas.push_back(std::move(*replica));
  }
  if (const auto explained = link.ask({"SENTINEL", "EXPLAIN", group.name})) {  // Stock sentinels refuse.
    if (const auto explanation = decode_explanation(*explained)) apply_explanation(group, *explanation);
  }
  std::sort(group.replicas.begin(), group.replicas.end(),
            [](const ReplicaView& a, const ReplicaView& b) { return a.at < b.at; });
  return {};
}

void ask_master(Session& session, GroupView& group) {
  if (!session.options().ask_nodes) {
    group.write_safety.unknown_because = "the master was not asked";
    return;
  }
  auto link = session.node(group.master.at);
  if (!link) {
    group.write_safety.unknown_because = link.error();
    return;
  }
  const auto info = link->ask({"INFO", "replication"});
  if (!info) {
    group.write_safety.unknown_because = info.error();
    return;
  }
  apply_master_info(group, parse_info(info->text));
  const auto config = link->ask({"CONFIG", "GET", "min-replicas-*"});
  if (!config) {
    group.write_safety.unknown_because = config.error();
    return;
  }
  if (const auto fields = to_fields(*config)) {
    group.write_safety.min_replicas = fields->number("min-replicas-to-write");
    group.write_safety.max_lag = fields->number("min-replicas-max-lag");
  }
  if (!group.write_safety.min_replicas) group.write_safety.unknown_because = "the master does not say";
}

}  // namespace

std::string software_of(const Fields& info) {
  if (const auto vigil = info.text("vigil_version"); !vigil.empty()) return "vigil " + vigil;
  if (const auto valkey = info.text("valkey_version"); !valkey.empty()) return "valkey-sentinel " + valkey;
  const auto redis = info.text("redis_version");
  return redis.empty() ? std::string{} : "redis-sentinel " + redis;
}

Result<GroupView> survey_group(Session& session, const std::string& name) {
  auto first = session.any_sentinel();
  if (!first) return unexpected(first.error());
  GroupView group;
  group.name = name;
  ask_every_sentinel(session, group);

  const SentinelView* best = authority(group);
  Connection* link = *first;  // Knows why not: it answers "no such group" and lists those it has.
  if (best != nullptr) link = *session.sentinel(best->at);
  if (auto described = describe_nodes(session, *link, group); !described) return unexpected(described.error());
  if (best != nullptr) {
    group.quorum_ok = best->quorum_ok;
    group.quorum_text = best->quorum_text;
    if (best->master) group.master.at = *best->master;
  }
  ask_master(session, group);
  return group;
}

}  // namespace sentinel
