#include "sentinel/api/queries.h"

#include <fmt/format.h>

#include <algorithm>

#include <utility>

#include "common/resp/text.h"
#include "sentinel/api/instance_map.h"

namespace sentinel {
namespace {

Outcome refuse(Client& client, std::string_view error) {
  client.reply().error(error);
  return Outcome::Answered;
}

std::optional<GroupStatus> status_of(CommandContext& context, std::string_view group) {
  return context.daemon.core().status(context.daemon.now(), group);
}

}  // namespace

void reply_master_address(CommandContext& context, Client& client, std::string_view group) {
  const Endpoint* const address = context.daemon.core().master_address(group);
  ReplyWriter reply = client.reply();
  if (address == nullptr) {
    reply.null_array();
  } else {
    reply.array(2).bulk(address->host).bulk_number(address->port);
  }
}

Outcome sentinel_get_master_address(CommandContext& context, Client& client, Arguments arguments) {
  reply_master_address(context, client, arguments[2]);
  return Outcome::Answered;
}

Outcome sentinel_masters(CommandContext& context, Client& client, Arguments) {
  std::string maps;
  std::size_t count = 0;
  ReplyWriter writer(maps, client.protocol);
  for (const std::string& name : context.daemon.core().group_names()) {
    const auto group = status_of(context, name);
    if (!group) continue;
    write_master(writer, *group);
    ++count;
  }
  client.reply().array(count).raw(maps);
  return Outcome::Answered;
}

Outcome sentinel_master(CommandContext& context, Client& client, Arguments arguments) {
  const auto group = status_of(context, arguments[2]);
  if (!group) return refuse(client, kNoSuchMaster);
  ReplyWriter reply = client.reply();
  write_master(reply, *group);
  return Outcome::Answered;
}

Outcome sentinel_replicas(CommandContext& context, Client& client, Arguments arguments) {
  const auto group = status_of(context, arguments[2]);
  if (!group) return refuse(client, kNoSuchMaster);
  std::string maps;
  std::size_t count = 0;
  ReplyWriter writer(maps, client.protocol);
  for (const NodeStatus& replica : group->replicas) {
    if (!replica.info.announced) continue;
    write_replica(writer, replica);
    ++count;
  }
  client.reply().array(count).raw(maps);
  return Outcome::Answered;
}

Outcome sentinel_sentinels(CommandContext& context, Client& client, Arguments arguments) {
  const auto group = status_of(context, arguments[2]);
  if (!group) return refuse(client, kNoSuchMaster);
  ReplyWriter reply = client.reply();
  reply.array(group->sentinels.size());
  for (PeerStatus peer : group->sentinels) {
    peer.link_refcount = context.daemon.core().link_refcount(peer.id);
    write_peer(reply, peer);
  }
  return Outcome::Answered;
}

Outcome sentinel_myid(CommandContext& context, Client& client, Arguments) {
  client.reply().bulk(context.daemon.core().process_status(context.daemon.now()).self.value);
  return Outcome::Answered;
}

Outcome sentinel_ckquorum(CommandContext& context, Client& client, Arguments arguments) {
  const auto check = context.daemon.core().check_quorum(context.daemon.now(), arguments[2]);
  if (!check) return refuse(client, kNoSuchMaster);
  if (check->quorum_reachable && check->majority_reachable) {
    client.reply().simple(
        fmt::format("OK {} usable Sentinels. Quorum and failover authorization can be reached", check->usable));
    return Outcome::Answered;
  }
  std::string error = fmt::format("NOQUORUM {} usable Sentinels. ", check->usable);
  if (!check->quorum_reachable) {
    error += "Not enough available Sentinels to reach the specified quorum for this master";
  }
  if (!check->majority_reachable) {
    if (!check->quorum_reachable) error += ". ";
    error += "Not enough available Sentinels to reach the majority and authorize a failover";
  }
  return refuse(client, error);
}

Outcome sentinel_pending_scripts(CommandContext& context, Client& client, Arguments) {
  const std::vector<PendingScript> scripts = context.daemon.pending_scripts();
  ReplyWriter reply = client.reply();
  reply.array(scripts.size());
  for (const PendingScript& script : scripts) {
    const bool running = script.pid != 0;
    reply.map(5).bulk("argv").array(script.arguments.size());
    for (const std::string& argument : script.arguments) reply.bulk(argument);
    reply.bulk("flags").bulk(running ? "running" : "scheduled");
    reply.bulk("pid").bulk_number(script.pid);
    reply.bulk(running ? "run-time" : "run-delay");
    reply.bulk_number((running ? script.run_time : script.run_delay).count());
    reply.bulk("retry-num").bulk_number(script.attempts);
  }
  return Outcome::Answered;
}

// Unknown names are left out, as in stock; also in RESP3 this is one flat array.
Outcome sentinel_info_cache(CommandContext& context, Client& client, Arguments arguments) {
  std::vector<std::string_view> groups;
  for (const std::string_view name : arguments.subspan(2)) {
    const bool repeated = std::find(groups.begin(), groups.end(), name) != groups.end();
    if (!repeated && context.daemon.core().settings(name) != nullptr) groups.push_back(name);
  }
  ReplyWriter reply = client.reply();
  reply.array(2 * groups.size());
  for (const std::string_view group : groups) {
    const std::vector<CachedInfo> nodes = context.daemon.info_cache(group);
    reply.bulk(group).array(nodes.size());
    for (const CachedInfo& node : nodes) {
      reply.array(2).integer(node.age.count());
      if (node.text) {
        reply.bulk(*node.text);
      } else {
        reply.null();
      }
    }
  }
  return Outcome::Answered;
}

Outcome sentinel_explain(CommandContext& context, Client& client, Arguments arguments) {
  const auto explanation = context.daemon.core().explain(context.daemon.now(), arguments[2]);
  if (!explanation) return refuse(client, kNoSuchMaster);
  ReplyWriter reply = client.reply();
  reply.map(1 + explanation->findings.size()).bulk("verdict").bulk(explanation->verdict);
  for (const auto& [topic, sentence] : explanation->findings) reply.bulk(topic).bulk(sentence);
  return Outcome::Answered;
}

Outcome sentinel_timeline(CommandContext& context, Client& client, Arguments arguments) {
  const Coordinator& core = context.daemon.core();
  if (core.settings(arguments[2]) == nullptr) return refuse(client, kNoSuchMaster);
  ReplyWriter reply = client.reply();
  const FailoverTimeline* const timeline = core.timeline(arguments[2]);
  if (timeline == nullptr) {
    reply.null();
    return Outcome::Answered;
  }
  const std::string to = timeline->to.port == 0 ? std::string() : to_string(timeline->to);
  reply.map(9);
  reply.bulk("group").bulk(timeline->group);
  reply.bulk("epoch").integer(static_cast<std::int64_t>(timeline->epoch.value));
  reply.bulk("leader").bulk(timeline->leader.value);
  reply.bulk("from").bulk(to_string(timeline->from));
  reply.bulk("to").bulk(to);
  reply.bulk("cause").bulk(timeline->cause);
  reply.bulk("outcome").bulk(timeline->outcome);
  reply.bulk("phases").map(timeline->phases.size());
  for (const auto& [phase, at] : timeline->phases) reply.bulk(phase).integer(at.count());
  reply.bulk("rejected").map(timeline->rejected.size());
  for (const auto& [replica, reason] : timeline->rejected) reply.bulk(replica).bulk(reason);
  return Outcome::Answered;
}

}  // namespace sentinel
