#include "tests/sim/peer_mesh.h"

#include <utility>

#include "common/check.h"

namespace sentinel::sim {
namespace {

using namespace std::chrono_literals;

constexpr Millis kTick = 250ms;
constexpr Millis kSilenceMax = 3s;

}  // namespace

PeerPort* PeerMesh::add(PeerPort port) {
  ports_.push_back(std::make_unique<PeerPort>(std::move(port)));
  PeerPort* added = ports_.back().get();
  for (const auto& other : ports_) {
    if (other.get() == added) continue;
    connections_.push_back(std::make_unique<Connection>());
    Connection* connection = connections_.back().get();
    connection->side[0].port = other.get();
    connection->side[1].port = added;
    net_.queue().after(1ms + rng_.jitter(kTick), [this, connection] { tick(*connection); });
  }
  return added;
}

void PeerMesh::tick(Connection& connection) {
  net_.queue().after(kTick, [this, &connection] { tick(connection); });
  const TimePoint now = net_.queue().now();
  // One end may redial before the other has noticed: then that one sees no PeerDown.
  if (!connection.side[0].up || !connection.side[1].up) connect(connection);
  for (const int at : {0, 1}) {
    Side& side = connection.side[at];
    if (!side.up || side.port->paused) continue;
    if (now - side.heard > kSilenceMax) {
      went_down(connection, at);
    } else {
      heartbeat(connection, at);
    }
  }
}

void PeerMesh::connect(Connection& connection) {
  const PeerPort& a = *connection.side[0].port;
  const PeerPort& b = *connection.side[1].port;
  if (!a.alive || !b.alive || a.paused || b.paused || !net_.connected(a.host, b.host)) return;
  if (!a.wanted.contains(b.at) && !b.wanted.contains(a.at)) return;
  ++connection.generation;
  for (const Side& side : connection.side) {
    if (side.out) side.out->break_off();
  }
  connection.side[0].out = Stream::open(net_, a.host, b.host);
  connection.side[1].out = Stream::open(net_, b.host, a.host);
  const TimePoint now = net_.queue().now();
  for (Side& side : connection.side) {
    side.told = side.told && side.up;
    side.up = true;
    side.heard = now;
  }
  const int first = static_cast<int>(rng_.below(2));
  // The handshake's last message tells the second side, ahead of everything else.
  connection.side[first].out->send([this, &connection, first, generation = connection.generation] {
    connection.side[1 - first].port->post([this, &connection, first, generation] {
      if (connection.generation == generation) came_up(connection, 1 - first);
    });
  });
  came_up(connection, first);
}

void PeerMesh::came_up(Connection& connection, int at) {
  Side& side = connection.side[at];
  if (!side.up) return;
  const PeerPort& other = *connection.side[1 - at].port;
  side.told = true;
  side.heard = net_.queue().now();
  if (other.stock) return side.port->deliver(StockUp{other.id, other.at, side.port->at.host});
  PeerUp up{other.id, other.at, std::nullopt};
  if (side.port->wanted.contains(other.at)) up.dialed = other.at;
  side.port->deliver(up);
}

void PeerMesh::went_down(Connection& connection, int at) {
  Side& side = connection.side[at];
  if (!side.up) return;
  side.up = false;
  close_other(connection, at);
  if (!side.told) return;
  const PeerPort& other = *connection.side[1 - at].port;
  side.port->deliver(other.stock ? Input{StockDown{other.id}} : Input{PeerDown{other.id}});
}

// The closing end loses what is in flight; the other end notices if it can.
void PeerMesh::close_other(Connection& connection, int at) {
  connection.side[0].out->break_off();
  connection.side[1].out->break_off();
  const Side& other = connection.side[1 - at];
  if (!other.up || !net_.reaches(connection.side[at].port->host, other.port->host)) return;
  const Millis delay = net_.delay(connection.side[at].port->host, other.port->host);
  net_.queue().after(delay, [this, &connection, at, generation = connection.generation] {
    if (connection.generation != generation || !connection.side[1 - at].up) return;
    connection.side[1 - at].port->post([this, &connection, at, generation] {
      if (connection.generation == generation) went_down(connection, 1 - at);
    });
  });
}

void PeerMesh::crashed(const PeerPort& port) {
  for (const auto& connection : connections_) {
    for (const int at : {0, 1}) {
      if (connection->side[at].port != &port || !connection->side[at].up) continue;
      connection->side[at].up = false;
      close_other(*connection, at);
    }
  }
}

void PeerMesh::heartbeat(Connection& connection, int at) {
  connection.side[at].out->send([this, &connection, at, generation = connection.generation] {
    connection.side[1 - at].port->post([this, &connection, at, generation] {
      if (connection.generation != generation || !connection.side[1 - at].up) return;
      connection.side[1 - at].heard = net_.queue().now();
      connection.side[1 - at].out->send([this, &connection, at, generation] {
        connection.side[at].port->post([this, &connection, at, generation] {
          if (connection.generation != generation || !connection.side[at].up) return;
          connection.side[at].heard = net_.queue().now();
          connection.side[at].port->deliver(PeerAlive{connection.side[1 - at].port->id});
        });
      });
    });
  });
}

void PeerMesh::send(const PeerPort& from, const NodeId& to, const PeerMessage& message) {
  for (const auto& connection : connections_) {
    for (const int at : {0, 1}) {
      Side& side = connection->side[at];
      if (side.port != &from || connection->side[1 - at].port->id != to || !side.up) continue;
      side.out->send([this, raw = connection.get(), at, words = encode(message), generation = connection->generation] {
        raw->side[1 - at].port->post([this, raw, at, words, generation] {
          if (raw->generation == generation && raw->side[1 - at].up) receive(*raw, 1 - at, words);
        });
      });
    }
  }
}

void PeerMesh::carry(const PeerPort& from, const NodeId& to, const std::function<void()>& arrives) {
  for (const auto& connection : connections_) {
    for (const int at : {0, 1}) {
      Side& side = connection->side[at];
      if (side.port != &from || connection->side[1 - at].port->id != to || !side.up) continue;
      side.out->send([raw = connection.get(), at, arrives, generation = connection->generation] {
        raw->side[1 - at].port->post([raw, at, arrives, generation] {
          if (raw->generation == generation && raw->side[1 - at].up) arrives();
        });
      });
    }
  }
}

void PeerMesh::tell_hello(const PeerPort& from, const NodeId& to, const Hello& hello) {
  for (const auto& port : ports_)
    if (port->id == to) carry(from, to, [raw = port.get(), hello] { raw->hear(hello); });
}

void PeerMesh::receive(Connection& connection, int at, const std::vector<std::string>& words) {
  Side& side = connection.side[at];
  side.heard = net_.queue().now();
  const NodeId& from = connection.side[1 - at].port->id;
  Result<PeerMessage> message = decode(words);
  CHECK(message.has_value());
  CHECK(encode(*message) == words);
  if (tamper) *message = tamper(from, side.port->id, std::move(*message));
  side.port->deliver(PeerReceived{from, std::move(*message)});
}

}  // namespace sentinel::sim
