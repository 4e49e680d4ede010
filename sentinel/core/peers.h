// The other sentinel processes: who they are, whether we are connected, and
// who counts as a member of the electorate (R-E3).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/ids.h"
#include "common/time.h"

namespace sentinel {

enum class PeerKind {
  Vigil,
  Stock,  // redis-sentinel or valkey-sentinel: R-M.
};

struct Peer {
  NodeId id;
  Endpoint at;                      // As it announces itself.
  PeerKind kind = PeerKind::Vigil;  // As it last came up.
  bool configured = false;          // Its address is in the peers: list.
  bool up = false;                  // A working connection exists.
  TimePoint last_alive{};           // Last heartbeat answer (monotonic time).
  std::string local_ip;             // Ours on the connection to a stock sentinel.

  bool is(PeerKind wanted) const { return up && kind == wanted; }
};

class Peers {
 public:
  // `configured` empty: membership is discovered, a group at a time.
  explicit Peers(std::vector<Endpoint> configured) : configured_(std::move(configured)) {}

  bool discovered() const { return configured_.empty(); }
  const std::vector<Endpoint>& configured() const { return configured_; }

  // A connection came up. A new id at a configured address replaces the old
  // one there: the list has one seat an address. Returns the peer.
  Peer& up(const NodeId& id, PeerKind kind, const Endpoint& announced, const std::optional<Endpoint>& dialed,
           TimePoint now);
  // The last connection of this kind is gone. false: it is up as the other kind, or was not up.
  bool down(const NodeId& id, PeerKind kind);
  void alive(const NodeId& id, TimePoint now);
  // Known from disk or a hello, not yet connected.
  Peer& know(const NodeId& id, const Endpoint& at);
  void forget(const NodeId& id) { peers_.erase(id); }

  const Peer* find(const NodeId& id) const;
  const std::map<NodeId, Peer>& all() const { return peers_; }

 private:
  bool is_configured(const Endpoint& at) const;

  std::vector<Endpoint> configured_;
  std::map<NodeId, Peer> peers_;
};

}  // namespace sentinel
