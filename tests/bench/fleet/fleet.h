// Thousands of simulated Redis nodes behind real sockets, in one thread.
//
//   Fleet fleet(io, {.first_group = 0, .groups = 500, .port = 7000});
//   if (auto up = fleet.start(); !up) return complain(up.error());
//   fleet.fault({0, 1, 2}, Health::Dead);      // Their masters are gone at one instant.
//   for (const Promotion& it : fleet.promotions()) ...
//
// Node k of group g listens on 127.(1 + g / 250).(g % 250).(k + 1); all on one port.
#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "tests/bench/fleet/connection.h"
#include "tests/bench/fleet/counters.h"
#include "tests/bench/fleet/replication.h"

namespace sentinel::fleet {

struct FleetOptions {
  std::size_t first_group = 0;  // Several processes share a fleet that needs more file descriptors than one may have.
  std::size_t groups = 1;
  std::uint16_t port = 0;
};

// REPLICAOF NO ONE that took effect.
struct Promotion {
  std::size_t group = 0;
  Endpoint at;
  Time when;
};

inline constexpr std::size_t kGroupsMax = 60'000;  // What 127/8 has room for in this pattern.

Endpoint address_of(std::size_t group, std::size_t node, std::uint16_t port);

class Fleet final : public ConnectionOwner {
 public:
  Fleet(asio::io_context& io, FleetOptions options);

  Result<void> start();

  // Kills or stops the present masters of these groups; Running revives all their nodes. The moment it began.
  // REQUIRES: has(group) for each.
  Time fault(const std::vector<std::size_t>& groups, Health health);
  bool has(std::size_t group) const;

  const Counters& counters() const { return counters_; }
  const std::vector<Promotion>& promotions() const { return promotions_; }

  // --- For Commands.
  std::size_t group_of(const Connection& connection) const { return connection.place() / kNodesPerGroup; }
  std::size_t node_of(const Connection& connection) const { return connection.place() % kNodesPerGroup; }
  Replication& replication(const Connection& connection) { return groups_[group_of(connection)]; }
  Counters& count() { return counters_; }
  // To the node's subscribers, and to those of its replicas. How many of its own got it.
  std::size_t publish(const Connection& from, std::string_view channel, std::string_view message);
  void promote(const Connection& connection);
  // CLIENT KILL TYPE: all but the one that asks. How many.
  std::size_t kill_clients(const Connection& except, bool subscribers);

 private:
  struct Place {  // A node's sockets.
    std::unique_ptr<asio::ip::tcp::acceptor> acceptor;
    std::vector<std::shared_ptr<Connection>> connections;
  };

  void request(Connection& connection, std::span<const std::string_view> words) override;
  void closed(Connection& connection) override;
  void wants_flush(std::shared_ptr<Connection> connection) override;

  Result<void> listen(std::size_t place);
  void accept(std::size_t place);
  void set_health(std::size_t place, Health health, Time now);
  std::size_t deliver(std::size_t place, std::string_view channel, std::string_view message);
  void flush_all();

  asio::io_context& io_;
  FleetOptions options_;
  std::vector<Replication> groups_;
  std::vector<Place> places_;  // Group by group.
  std::vector<std::shared_ptr<Connection>> unflushed_;
  std::vector<Promotion> promotions_;
  Counters counters_;
};

}  // namespace sentinel::fleet
