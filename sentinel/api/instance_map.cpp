#include "sentinel/api/instance_map.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace sentinel {
namespace {

// Collects pairs, since a map's header tells their number and some are conditional.
class Fields {
 public:
  explicit Fields(RespVersion version) : pairs_(body_, version) {}

  void add(std::string_view name, std::string_view value) {
    pairs_.bulk(name).bulk(value);
    ++count_;
  }
  void add(std::string_view name, std::int64_t value) {
    pairs_.bulk(name).bulk_number(value);
    ++count_;
  }
  void add(std::string_view name, std::uint64_t value) { add(name, static_cast<std::int64_t>(value)); }
  void add(std::string_view name, unsigned value) { add(name, static_cast<std::int64_t>(value)); }
  void add(std::string_view name, Millis value) { add(name, static_cast<std::int64_t>(value.count())); }

  void write_to(ReplyWriter& reply) const { reply.map(count_).raw(body_); }

 private:
  std::string body_;
  ReplyWriter pairs_;
  std::size_t count_ = 0;
};

struct Flag {
  std::string_view word;
  bool set;
};

std::string join_flags(std::initializer_list<Flag> flags) {
  std::string joined;
  for (const Flag& flag : flags) {
    if (!flag.set) continue;
    if (!joined.empty()) joined += ',';
    joined += flag.word;
  }
  return joined;
}

struct Head {
  std::string_view name;
  std::string_view run_id;
  std::string flags;
  std::string_view failover_state;  // Empty: no failover runs.
  std::optional<Millis> o_down_time;
};

void add_head(Fields& fields, const InstanceStatus& instance, const Head& head) {
  fields.add("name", head.name);
  fields.add("ip", instance.at.host);
  fields.add("port", unsigned{instance.at.port});
  fields.add("runid", head.run_id);
  fields.add("flags", head.flags);
  fields.add("link-pending-commands", instance.pending_commands);
  fields.add("link-refcount", instance.link_refcount);
  if (!head.failover_state.empty()) fields.add("failover-state", head.failover_state);
  fields.add("last-ping-sent", instance.last_ping_sent);
  fields.add("last-ok-ping-reply", instance.last_ok_ping_reply);
  fields.add("last-ping-reply", instance.last_ping_reply);
  if (instance.s_down) fields.add("s-down-time", instance.s_down_time.value_or(Millis{0}));
  if (head.o_down_time) fields.add("o-down-time", *head.o_down_time);
  fields.add("down-after-milliseconds", instance.down_after);
}

// The role that the place in the table implies is shown until INFO was read.
void add_role(Fields& fields, const NodeStatus& node, NodeRole implied) {
  const NodeRole role = node.role_reported == NodeRole::Unknown ? implied : node.role_reported;
  fields.add("info-refresh", node.info_refresh);
  fields.add("role-reported", std::string_view(role == NodeRole::Master ? "master" : "slave"));
  fields.add("role-reported-time", node.role_reported_time);
}

}  // namespace

void write_master(ReplyWriter& reply, const GroupStatus& group) {
  const NodeStatus& master = group.master;
  Fields fields(reply.version());
  Head head{.name = group.settings.name,
            .run_id = master.run_id,
            .flags = join_flags({{"s_down", master.s_down},
                                 {"o_down", group.o_down},
                                 {"master", true},
                                 {"disconnected", master.disconnected},
                                 {"failover_in_progress", group.failover_in_progress},
                                 {"force_failover", group.force_failover},
                                 {"master_reboot", master.master_reboot}}),
            .failover_state = {},
            .o_down_time = {}};
  if (group.failover_in_progress) head.failover_state = group.failover_state;
  if (group.o_down) head.o_down_time = group.o_down_time.value_or(Millis{0});
  add_head(fields, master, head);
  add_role(fields, master, NodeRole::Master);
  fields.add("config-epoch", group.config_epoch.value);
  fields.add("num-slaves", std::uint64_t{group.replicas.size()});
  fields.add("num-other-sentinels", std::uint64_t{group.sentinels.size()});
  fields.add("quorum", group.settings.quorum);
  fields.add("failover-timeout", group.settings.failover_timeout);
  fields.add("parallel-syncs", group.settings.parallel_syncs);
  if (!group.settings.notification_script.empty()) {
    fields.add("notification-script", group.settings.notification_script);
  }
  if (!group.settings.client_reconfig_script.empty()) {
    fields.add("client-reconfig-script", group.settings.client_reconfig_script);
  }
  fields.write_to(reply);
}

void write_replica(ReplyWriter& reply, const NodeStatus& replica) {
  Fields fields(reply.version());
  const std::string name = to_string(replica.at);
  add_head(fields, replica,
           {.name = name,
            .run_id = replica.run_id,
            .flags = join_flags({{"s_down", replica.s_down},
                                 {"slave", true},
                                 {"disconnected", replica.disconnected},
                                 {"promoted", replica.promoted},
                                 {"reconf_sent", replica.reconf_sent},
                                 {"reconf_inprog", replica.reconf_inprog},
                                 {"reconf_done", replica.reconf_done}}),
            .failover_state = {},
            .o_down_time = {}});
  add_role(fields, replica, NodeRole::Replica);
  const NodeInfo& info = replica.info;
  fields.add("master-link-down-time", info.master_link_down);
  fields.add("master-link-status", std::string_view(info.master_link_up ? "ok" : "err"));
  fields.add("master-host", info.master ? std::string_view(info.master->host) : std::string_view("?"));
  fields.add("master-port", info.master ? unsigned{info.master->port} : 0U);
  fields.add("slave-priority", info.priority);
  fields.add("slave-repl-offset", info.replica_offset);
  fields.add("replica-announced", info.announced ? 1U : 0U);
  fields.write_to(reply);
}

void write_peer(ReplyWriter& reply, const PeerStatus& peer) {
  Fields fields(reply.version());
  add_head(fields, peer,
           {.name = peer.id.value,
            .run_id = peer.id.value,
            .flags = join_flags({{"s_down", peer.s_down},
                                 {"sentinel", true},
                                 {"disconnected", peer.disconnected},
                                 {"master_down", peer.says_down}}),
            .failover_state = {},
            .o_down_time = {}});
  fields.add("last-hello-message", peer.last_hello);
  fields.add("voted-leader", peer.voted_leader.value.empty() ? std::string_view("?") : peer.voted_leader.value);
  fields.add("voted-leader-epoch", peer.voted_leader_epoch.value);
  fields.write_to(reply);
}

}  // namespace sentinel
