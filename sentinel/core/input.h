// Everything that can happen to the core. The shell translates bytes into
// these and decides nothing itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/ids.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/node_info.h"
#include "sentinel/core/peer_message.h"
#include "sentinel/core/rescue.h"

namespace sentinel {

// One watched Redis node of one group, for as long as it is watched. Handed
// out by the core in OpenLink, never used again after CloseLink.
using LinkId = Strong<struct LinkIdTag, std::uint64_t>;

// Ties the reply of a NodeCommand to its question.
using Token = Strong<struct TokenTag, std::uint64_t>;

enum class DownCause {
  Refused,       // A live host answered that no process listens (connection refused).
  Closed,        // The node or the network closed or reset an open connection.
  TimedOut,      // No answer within the deadline.
  Unresolvable,  // The host name has no address.
  Failed,        // Anything else (unreachable host, refused password, protocol error).
};

// How far a stock sentinel's own failover has come.
enum class StockFailover {
  None,
  Candidate,   // It collects votes (stock's "wait_start").
  Acting,      // It was elected, or an operator forced it, and promotes a replica.
  Repointing,  // It told the new configuration, and the replicas follow it.
};

struct LinkUp {
  LinkId link;
  std::string ip;        // The address it was reached at.
  std::string local_ip;  // Ours on that connection: what peers can reach us at.
};
// Sent for every failed attempt to connect too, so that the core sees each refusal.
struct LinkDown {
  LinkId link;
  DownCause cause = DownCause::Failed;
  std::string text;
};

enum class PingVerdict {
  Pong,
  Loading,     // -LOADING: acceptable.
  MasterDown,  // -MASTERDOWN: acceptable.
  Busy,        // -BUSY: a script runs; not acceptable.
  Error,       // Anything else: not acceptable (NOAUTH, MISCONF ...).
};
struct PingReply {
  LinkId link;
  PingVerdict verdict = PingVerdict::Pong;
  std::string text;  // Of an error.
};
struct InfoReply {
  LinkId link;
  NodeInfo info;
};
// The answer to any NodeCommand with a token. A link that goes down answers
// its outstanding commands first, with ok = false and delivered unknown.
struct CommandReply {
  LinkId link;
  Token token;
  bool ok = false;
  std::string error;                                        // The server's words, or ours for a lost link.
  bool refused = false;                                     // The server said no (error reply): certainly not done.
  std::vector<std::string> warnings;                        // Optional parts that the server refused.
  std::optional<NodeInfo> info;                             // Promote and Repoint: INFO read in the same round trip.
  std::optional<RescueOutcome> rescue;                      // Repoint, also when it failed afterwards.
  std::vector<std::pair<std::string, std::string>> values;  // ReadConfig.
};
struct HelloReceived {
  LinkId link;  // The node on whose channel it came.
  Hello hello;
};

// A connection to this peer process was made: told for every one, since a new one may lead to a new run of
// the process. PeerDown: the last one is gone. PeerUp comes a second
// time, with `dialed`, when the first connection was the peer's own and ours to it works now too.
struct PeerUp {
  NodeId id;
  Endpoint announced;
  std::optional<Endpoint> dialed;  // The address of ours that led to it.
};
struct PeerDown {
  NodeId id;
};
// It answered a heartbeat.
struct PeerAlive {
  NodeId id;
};
struct PeerReceived {
  NodeId id;
  PeerMessage message;
};

// A stock sentinel (redis-sentinel, valkey-sentinel) proved its id on the connection that we dialed. What it
// sends by itself are hellos; all else it is asked (R-M). Its PONGs are PeerAlive. The same process may come
// up as the other kind at any time: it was replaced in place.
struct StockUp {
  NodeId id;
  Endpoint dialed;
  std::string local_ip;  // Ours on that connection.
};
struct StockDown {
  NodeId id;
};
// The answer to AskStockView: "SENTINEL IS-MASTER-DOWN-BY-ADDR".
struct StockView {
  NodeId id;
  std::string group;
  std::uint64_t round = 0;  // Of the question.
  Endpoint master;          // Of the question.
  bool down = false;
  NodeId leader;  // Whom it voted for, empty: nobody.
  Epoch leader_epoch;
};
// The answer to AskStockConfig.
struct StockConfig {
  NodeId id;
  std::string group;
  std::uint64_t round = 0;
  bool watches = false;  // false: it knows no such group, and the rest is empty.
  Epoch epoch;
  Endpoint master;  // Whom it names to clients.
  StockFailover failover = StockFailover::None;
};
// A stock peer's or client's PUBLISH of a hello straight to us.
struct HelloPublished {
  Hello hello;
};

// The batch of the Output with this number, and all before it, is on disk.
struct Persisted {
  std::uint64_t batch = 0;
};
// The disk refuses (healthy = false) or takes writes again. R-E7.
struct StoreHealth {
  bool healthy = true;
  std::string text;
};

// A name lookup ended: one that the core asked for, or a link's own before it connects. Without addresses it failed.
struct HostResolved {
  std::string host;
  std::vector<std::string> addresses;  // In the resolver's order.
};

struct Tick {};

using Input = std::variant<Tick, LinkUp, LinkDown, PingReply, InfoReply, CommandReply, HelloReceived, PeerUp, PeerDown,
                           PeerAlive, PeerReceived, StockUp, StockDown, StockView, StockConfig, HelloPublished,
                           HostResolved, Persisted, StoreHealth>;

}  // namespace sentinel
