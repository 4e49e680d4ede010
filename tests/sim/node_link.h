// The shell's connection to one Redis node: connects, reconnects with back-off,
// carries commands in order, gives up on commands after their deadline.
//
//   auto link = NodeLink::open(deps, LinkId{1}, self, server, deliver);
//   link->command([](...) { return PingReply{...}; });
//   link->close();
//
// Everything it has to say arrives through `deliver`, never from inside a call.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "sentinel/core/output.h"
#include "tests/sim/redis_servers.h"

namespace sentinel::sim {

// How a sentinel's names are resolved; see FaultKind::SlowDns.
struct Resolver {
  Millis extra{0};
  bool fails = false;  // After `extra`.
};

struct NodeLinkSetup {
  Network* net = nullptr;
  RedisServers* redis = nullptr;
  HostId host;  // Ours.
  std::string local_ip;
  LinkId id;
  Endpoint at;
  const Resolver* resolver = nullptr;
  bool answer_without_doing = false;  // A planted bug: SLAVEOF host port is acknowledged and forgotten.
  std::function<void(Input)> deliver;
  // A hello was published on the node; the world tells the listeners.
  std::function<void(ServerIndex, std::string)> publish;
  // A server executes a role change that we sent.
  std::function<void(ServerIndex)> role_changes;
};

class NodeLink : public std::enable_shared_from_this<NodeLink> {
 public:
  static std::shared_ptr<NodeLink> open(NodeLinkSetup setup);

  void close();
  void set_urgent(bool urgent);
  void listen(bool listening) { listening_ = listening; }
  void ping();
  void ask_info();
  void script_kill();
  void publish(std::string payload);
  void promote(const Promote& command);
  void repoint(const Repoint& command);
  void config_set(const ConfigSet& command);
  void read_config(const ReadConfig& command);
  void pause_writes(const PauseWrites& command);

  // A hello arrives from the node's channel, if we listen there.
  void push_hello(const Hello& hello);
  const Endpoint& at() const { return setup_.at; }

 private:
  explicit NodeLink(NodeLinkSetup setup) : setup_(std::move(setup)) {}
  using Execute = std::function<std::optional<Input>(ServerIndex)>;

  void connect();
  void connected(ServerIndex server);
  void went_down(DownCause cause, std::string text, bool reconnect_at_once);
  void retry(bool at_once);
  void watch();
  void command(Execute execute);
  void with_token(Token token, Millis timeout, std::function<CommandReply(ServerIndex)> execute);
  // The server's no to a command, or to a change of its role.
  std::optional<CommandReply> refusal(ServerIndex server) const;
  std::optional<CommandReply> role_refusal(ServerIndex server) const;
  void reply(Input input);

  NodeLinkSetup setup_;
  bool closed_ = false;
  bool urgent_ = false;
  bool listening_ = false;
  bool up_ = false;
  std::uint64_t generation_ = 0;  // Of the connection.
  std::uint64_t attempt_ = 0;     // Of the reconnect timer.
  Millis back_off_{0};
  ServerIndex server_ = 0;
  std::uint64_t connection_ = 0;
  std::shared_ptr<Stream> out_;
  std::shared_ptr<Stream> in_;
  std::map<Token, std::uint64_t> outstanding_;  // Token -> generation it was sent on.
};

}  // namespace sentinel::sim
