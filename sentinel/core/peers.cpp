#include "sentinel/core/peers.h"

#include <algorithm>

namespace sentinel {

bool Peers::is_configured(const Endpoint& at) const {
  return std::find(configured_.begin(), configured_.end(), at) != configured_.end();
}

Peer& Peers::up(const NodeId& id, PeerKind kind, const Endpoint& announced, const std::optional<Endpoint>& dialed,
                TimePoint now) {
  Peer& peer = peers_[id];
  peer.id = id;
  // The address that led to it is the one the operator wrote; prefer it.
  if (dialed && is_configured(*dialed)) {
    peer.at = *dialed;
    peer.configured = true;
  } else if (!peer.configured) {
    peer.at = announced;
    peer.configured = is_configured(announced);
  }
  if (peer.configured) {
    std::erase_if(peers_, [&](const auto& entry) {
      return entry.first != id && entry.second.configured && entry.second.at == peer.at;
    });
  }
  peer.kind = kind;
  peer.up = true;
  peer.last_alive = now;
  return peer;
}

bool Peers::down(const NodeId& id, PeerKind kind) {
  const auto it = peers_.find(id);
  if (it == peers_.end() || !it->second.is(kind)) return false;
  it->second.up = false;
  return true;
}

void Peers::alive(const NodeId& id, TimePoint now) {
  if (const auto it = peers_.find(id); it != peers_.end()) it->second.last_alive = now;
}

Peer& Peers::know(const NodeId& id, const Endpoint& at) {
  Peer& peer = peers_[id];
  peer.id = id;
  if (!peer.up) {
    peer.at = at;
    peer.configured = is_configured(at);
  }
  return peer;
}

const Peer* Peers::find(const NodeId& id) const {
  const auto it = peers_.find(id);
  return it == peers_.end() ? nullptr : &it->second;
}

}  // namespace sentinel
