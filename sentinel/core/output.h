// Work for the shell, in the order it must be done (rule R-C3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sentinel/core/event.h"
#include "sentinel/core/input.h"
#include "sentinel/core/peer_message.h"
#include "sentinel/core/record.h"
#include "sentinel/core/rescue.h"

namespace sentinel {

// How to talk to a node. Changes close and reopen the link.
struct NodeAccess {
  std::string user;
  std::string password;
  std::map<std::string, std::string> rename_commands;
  bool operator==(const NodeAccess&) const = default;
};

// Keep a connection to this node open, reconnecting until CloseLink.
struct OpenLink {
  LinkId link;
  Endpoint at;
  NodeAccess access;
};
struct CloseLink {
  LinkId link;
};
// Reconnect within 50 ms while urgent, with back-off up to a second otherwise.
struct SetUrgent {
  LinkId link;
  bool urgent = false;
};
struct SendPing {
  LinkId link;
};
struct SendInfo {
  LinkId link;
};
// Listen to the node's hello channel (again after each reconnect), or stop.
struct SetHelloListening {
  LinkId link;
  bool listen = false;
};
struct PublishHello {
  LinkId link;
  std::string payload;
};
struct ScriptKill {
  LinkId link;
};

// Commands with a token are answered by one CommandReply. `deadline` is when
// the shell gives up and answers ok = false, error "timed out".

// MULTI, SLAVEOF NO ONE, [min-replicas-to-write 0], CONFIG REWRITE, CLIENT KILL
// TYPE normal, CLIENT KILL TYPE pubsub, EXEC, INFO in one pipeline. The parts
// behind SLAVEOF are optional: refused, they become warnings and the rest is
// tried again without them.
struct Promote {
  LinkId link;
  Token token;
  Millis timeout{0};
  std::optional<unsigned> min_replicas_to_write;  // CONFIG SET inside the transaction (grace, R-L3).
};
// The same with SLAVEOF host port.
struct Repoint {
  LinkId link;
  Token token;
  Millis timeout{0};
  Endpoint master;
  // R-L5: CONFIG SET min-replicas-to-write 1000000 ahead of the transaction in the same write, so that no
  // client writes past this point. Set back to its former value (0 if unknown, with a warning) once
  // SLAVEOF has succeeded; a node that refuses SLAVEOF stays fenced.
  bool fence = false;
  // R-L6: with the fence. Between the fence and SLAVEOF, what only this node has is written to a file. While
  // another sentinel does that, the answer is ok = false.
  std::optional<RescueOrder> rescue;
};
struct ConfigSet {
  LinkId link;
  Token token;
  Millis timeout{0};
  std::vector<std::pair<std::string, std::string>> values;
};
// CONFIG GET of min-replicas-to-write and min-replicas-max-lag.
struct ReadConfig {
  LinkId link;
  Token token;
  Millis timeout{0};
};
// CLIENT PAUSE ms WRITE (plain CLIENT PAUSE where WRITE is unknown), then INFO. Zero: CLIENT UNPAUSE.
struct PauseWrites {
  LinkId link;
  Token token;
  Millis timeout{0};
  Millis pause{0};
};
// FAILOVER ABORT: somebody else's FAILOVER command holds the node's writes back (R-L8). Not answered.
struct AbortServerFailover {
  LinkId link;
};

// Keep a connection to the peer process at this address, or stop wanting it.
struct DialPeer {
  Endpoint at;
};
struct DropPeer {
  Endpoint at;
};
struct SendPeer {
  NodeId to;
  PeerMessage message;
};
// To stock sentinels, dropped while not connected. A question that gets no sensible answer gets none.
struct AskStockView {
  NodeId to;
  std::string group;
  std::uint64_t round = 0;  // Echoed. 0: only its view is wanted.
  Endpoint master;
  Epoch epoch;
  NodeId candidate;  // Whom to vote for. Empty: nobody.
};
struct AskStockConfig {
  NodeId to;
  std::string group;
  std::uint64_t round = 0;
};
struct TellStock {
  NodeId to;
  std::string hello;  // PUBLISH __sentinel__:hello.
};

// Look a host name up; answered by one HostResolved.
struct ResolveHost {
  std::string host;
};

using Action = std::variant<OpenLink, CloseLink, SetUrgent, SendPing, SendInfo, SetHelloListening, PublishHello,
                            ScriptKill, Promote, Repoint, ConfigSet, ReadConfig, PauseWrites, AbortServerFailover,
                            DialPeer, DropPeer, SendPeer, AskStockView, AskStockConfig, TellStock, ResolveHost>;

struct Output {
  std::vector<Action> now;            // Safe before the disk.
  std::uint64_t batch = 0;            // Number of this batch; confirmed by Persisted.
  std::vector<Record> persist;        // One transaction.
  std::vector<Action> after_persist;  // Only once the batch is durable.
  std::vector<Event> events;          // Shown only once the batch is durable; in order.
  bool crash = false;                 // SIMULATE-FAILURE: end the process once the batch is durable, before the rest.
};

}  // namespace sentinel
