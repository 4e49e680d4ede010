#include "tests/bench/fleet/commands.h"

#include <string>
#include <utility>
#include <vector>

#include "common/resp/text.h"
#include "tests/bench/fleet/info_text.h"

namespace sentinel::fleet {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view kHelloChannel = "__sentinel__:hello";

struct Call {
  Fleet& fleet;
  Connection& connection;
  Words words;

  ReplyWriter reply() const { return connection.reply(); }
  Replication& group() const { return fleet.replication(connection); }
  Node& node() const { return group().node(fleet.node_of(connection)); }
  bool argument_is(std::size_t index, std::string_view word) const {
    return index < words.size() && is_word(words[index], word);
  }
};

void ping(const Call& call) {
  ++call.fleet.count().pings;
  if (call.connection.subscribed && call.connection.protocol == RespVersion::Two) {
    call.reply().array(2).bulk("pong").bulk("");
  } else {
    call.reply().simple("PONG");
  }
}

void info(const Call& call) {
  ++call.fleet.count().infos;
  const Time now = std::chrono::steady_clock::now();
  call.group().settle(now);
  call.reply().bulk(info_text(call.group(), call.fleet.node_of(call.connection), now));
}

void publish(const Call& call) {
  ++call.fleet.count().publishes;
  if (call.words.size() != 3) {
    call.reply().error("ERR wrong number of arguments for 'publish' command");
    return;
  }
  const std::size_t heard = call.fleet.publish(call.connection, call.words[1], call.words[2]);
  call.reply().integer(static_cast<std::int64_t>(heard));
}

// Of the one channel that sentinels use.
void subscribe(const Call& call) {
  const bool on = is_word(call.words[0], "subscribe");
  call.connection.subscribed = on;
  call.reply().push(3).bulk(on ? "subscribe" : "unsubscribe").bulk(kHelloChannel).integer(on ? 1 : 0);
}

void replicaof(const Call& call) {
  ++call.fleet.count().role_changes;
  if (call.words.size() != 3) {
    call.reply().error("ERR wrong number of arguments for 'replicaof' command");
    return;
  }
  if (call.argument_is(1, "no") && call.argument_is(2, "one")) {
    call.fleet.promote(call.connection);
  } else {
    const auto port = parse_unsigned(call.words[2], 65535).value_or(0);
    const Endpoint master{std::string(call.words[1]), static_cast<std::uint16_t>(port)};
    call.group().follow(call.fleet.node_of(call.connection), master, std::chrono::steady_clock::now());
  }
  call.reply().simple("OK");
}

void role(const Call& call) {
  const Time now = std::chrono::steady_clock::now();
  const Replication& group = call.group();
  call.group().settle(now);
  const std::size_t index = call.fleet.node_of(call.connection);
  const auto offset = static_cast<std::int64_t>(group.offset(index, now));
  const Node& node = group.node(index);
  if (node.master) {
    call.reply().array(5).bulk("slave").bulk(node.master->host).integer(node.master->port);
    call.reply().bulk(node.link_up ? "connected" : "connect").integer(offset);
    return;
  }
  std::vector<std::size_t> replicas;
  for (std::size_t i = 0; i < kNodesPerGroup; ++i) {
    if (group.replicates(i, index)) replicas.push_back(i);
  }
  call.reply().array(3).bulk("master").integer(offset).array(replicas.size());
  for (const std::size_t i : replicas) {
    call.reply().array(3).bulk(group.node(i).at.host).bulk_number(group.node(i).at.port).bulk_number(offset);
  }
}

// The value of a setting that sentinels read; nullptr for others.
std::string* setting(Node& node, std::string_view name) {
  if (is_word(name, "min-replicas-to-write")) return &node.min_replicas_to_write;
  if (is_word(name, "min-replicas-max-lag")) return &node.min_replicas_max_lag;
  return nullptr;
}

void config(const Call& call) {
  if (call.argument_is(1, "get") && call.words.size() == 3) {
    const std::string* value = setting(call.node(), call.words[2]);
    call.reply().map(value != nullptr ? 1 : 0);
    if (value != nullptr) call.reply().bulk(call.words[2]).bulk(*value);
    return;
  }
  if (call.argument_is(1, "set") && call.words.size() == 4) {
    if (std::string* value = setting(call.node(), call.words[2])) *value = call.words[3];
  }
  call.reply().simple("OK");
}

void client(const Call& call) {
  if (!call.argument_is(1, "kill")) {
    call.reply().simple("OK");  // SETNAME, SETINFO, PAUSE, UNPAUSE, NO-EVICT.
    return;
  }
  const bool subscribers = call.argument_is(3, "pubsub");
  const bool by_type = call.argument_is(2, "type") && (subscribers || call.argument_is(3, "normal"));
  const std::size_t killed = by_type ? call.fleet.kill_clients(call.connection, subscribers) : 0;
  call.reply().integer(static_cast<std::int64_t>(killed));
}

void hello(const Call& call) {
  if (call.words.size() > 1) {
    const bool three = call.words[1] == "3";
    if (!three && call.words[1] != "2") {
      call.reply().error("NOPROTO unsupported protocol version");
      return;
    }
    call.connection.protocol = three ? RespVersion::Three : RespVersion::Two;
  }
  auto reply = call.reply();
  reply.map(7).bulk("server").bulk("redis").bulk("version").bulk("7.0.15");
  reply.bulk("proto").integer(static_cast<std::int64_t>(call.connection.protocol)).bulk("id").integer(1);
  reply.bulk("mode").bulk("standalone").bulk("role").bulk(call.node().master ? "replica" : "master");
  reply.bulk("modules").array(0);
}

void ok(const Call& call) { call.reply().simple("OK"); }

void script(const Call& call) { call.reply().error("NOTBUSY No scripts in execution right now."); }

struct Command {
  std::string_view name;
  void (*run)(const Call&);
  bool counted = false;  // By its own counter.
};

// The frequent ones first.
constexpr Command kCommands[] = {
    {"ping", ping, true},
    {"info", info, true},
    {"publish", publish, true},
    {"replicaof", replicaof, true},
    {"slaveof", replicaof, true},
    {"subscribe", subscribe},
    {"unsubscribe", subscribe},
    {"config", config},
    {"client", client},
    {"hello", hello},
    {"auth", ok},
    {"role", role},
    {"script", script},
    {"select", ok},
};

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands) {
    if (is_word(name, command.name)) return &command;
  }
  return nullptr;
}

void exec(Fleet& fleet, Connection& connection) {
  connection.in_transaction = false;
  const auto queued = std::exchange(connection.queued, {});
  if (std::exchange(connection.transaction_broken, false)) {
    connection.reply().error("EXECABORT Transaction discarded because of previous errors.");
    return;
  }
  connection.reply().array(queued.size());
  for (const auto& command : queued) {
    const std::vector<std::string_view> words(command.begin(), command.end());
    find_command(words[0])->run({fleet, connection, words});
  }
}

}  // namespace

void execute(Fleet& fleet, Connection& connection, Words words) {
  const Command* command = find_command(words[0]);
  if (command == nullptr || !command->counted) ++fleet.count().others;
  if (is_word(words[0], "exec") && connection.in_transaction) return exec(fleet, connection);
  if (is_word(words[0], "multi")) {
    connection.in_transaction = true;
    connection.reply().simple("OK");
    return;
  }
  if (command == nullptr) {
    ++fleet.count().unknown;
    connection.transaction_broken = connection.in_transaction;
    connection.reply().error("ERR unknown command '" + std::string(words[0]) + "', with args beginning with: ");
    return;
  }
  if (connection.in_transaction) {
    connection.queued.emplace_back(words.begin(), words.end());
    connection.reply().simple("QUEUED");
    return;
  }
  command->run({fleet, connection, words});
}

}  // namespace sentinel::fleet
