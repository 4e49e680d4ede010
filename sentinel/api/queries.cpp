#include "sentinel/api/queries.h"

#include <fmt/format.h>

#include <array>
#include <set>
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

// GET only: what the process was configured with. A secret is shown as stars.
Outcome sentinel_config(CommandContext& context, Client& client, Arguments arguments) {
  const CommandOptions& options = context.options;
  const auto yes_no = [](bool value) { return std::string(value ? "yes" : "no"); };
  const std::array<std::pair<std::string_view, std::string>, 7> parameters{{
      {"resolve-hostnames", yes_no(options.resolve_hostnames)},
      {"announce-hostnames", yes_no(options.announce_hostnames)},
      {"announce-ip", options.announce_ip},
      {"announce-port", std::to_string(options.announce_port)},
      {"sentinel-user", options.sentinel_user},
      {"sentinel-pass", options.has_sentinel_password ? "******" : ""},
      {"loglevel", options.log_level},
  }};
  if (arguments.size() < 4 || !(is_word(arguments[2], "get") || is_word(arguments[2], "set"))) {
    return refuse(client,
                  "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> [<param> <value> "
                  "...] are supported.");
  }
  if (is_word(arguments[2], "set")) {
    for (const auto& [name, value] : parameters) {
      if (!is_word(arguments[3], name)) continue;
      return refuse(client, fmt::format("ERR {} is set in the configuration file only", name));
    }
    return refuse(client, fmt::format("ERR Invalid argument '{}' to SENTINEL CONFIG SET", arguments[3]));
  }
  std::string pairs;
  ReplyWriter writer(pairs, client.protocol);
  std::set<std::string_view> shown;
  for (const std::string_view pattern : arguments.subspan(3)) {
    for (const auto& [name, value] : parameters) {
      if (!glob_matches(pattern, name, LetterCase::Ignore) || !shown.insert(name).second) continue;
      writer.bulk(name).bulk(value);
    }
  }
  client.reply().map(shown.size()).raw(pairs);
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
