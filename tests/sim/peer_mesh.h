// Connections between sentinel processes: one a pair, made when either dials,
// kept alive by heartbeats, broken by silence, crash or a closed other end.
//
// Every message crosses as the words of peer_message.h, so a field that the
// codec loses is lost here too. Messages in flight when a connection breaks are
// lost; both sides get PeerDown, each when it notices. A side that has not
// noticed when the other dials again gets a second PeerUp instead.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sentinel/core/input.h"
#include "tests/sim/network.h"

namespace sentinel::sim {

// A process as the mesh sees it. The owner keeps the flags up to date.
struct PeerPort {
  NodeId id;
  Endpoint at;
  HostId host;
  bool stock = false;  // It speaks no peer messages, and is told nothing of its connections.
  bool alive = false;
  bool paused = false;
  std::set<Endpoint> wanted;                        // DialPeer without DropPeer.
  std::function<void(std::function<void()>)> post;  // Runs it in the process: now, or when it resumes.
  std::function<void(const Input&)> deliver;        // Called inside post only.
  std::function<void(const Hello&)> hear;           // The same: PUBLISH on its own port.
};

class PeerMesh {
 public:
  PeerMesh(Network& net, std::uint64_t seed) : net_(net), rng_(seed) {}

  // All ports are added before the first event. The pointer stays valid.
  PeerPort* add(PeerPort port);

  void send(const PeerPort& from, const NodeId& to, const PeerMessage& message);
  // Anything else that arrives there in order, if the connection lasts so long.
  void carry(const PeerPort& from, const NodeId& to, const std::function<void()>& arrives);
  void tell_hello(const PeerPort& from, const NodeId& to, const Hello& hello);
  // The process died: its connections close.
  void crashed(const PeerPort& port);

  // A planted bug: changes what arrives.
  std::function<PeerMessage(const NodeId& from, const NodeId& to, PeerMessage)> tamper;

 private:
  struct Side {
    PeerPort* port = nullptr;
    bool up = false;
    bool told = false;  // PeerUp was delivered.
    TimePoint heard{};
    std::shared_ptr<Stream> out;
  };
  struct Connection {
    Side side[2];
    std::uint64_t generation = 0;
  };

  void tick(Connection& connection);
  void connect(Connection& connection);
  void came_up(Connection& connection, int side);
  void went_down(Connection& connection, int side);
  void heartbeat(Connection& connection, int side);
  void receive(Connection& connection, int side, const std::vector<std::string>& words);
  void close_other(Connection& connection, int side);

  Network& net_;
  Rng rng_;
  std::vector<std::unique_ptr<PeerPort>> ports_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace sentinel::sim
