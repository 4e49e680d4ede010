#include "tests/bench/fleet/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/ip/address.hpp>
#include <asio/post.hpp>
#include <utility>

#include "tests/bench/fleet/commands.h"

namespace sentinel::fleet {

using asio::ip::tcp;

namespace {
constexpr int kBacklog = 511;                // Redis's own.
constexpr std::size_t kGroupsPerByte = 250;  // Of an address.

Time now() { return std::chrono::steady_clock::now(); }
}  // namespace

Endpoint address_of(std::size_t group, std::size_t node, std::uint16_t port) {
  return {fmt::format("127.{}.{}.{}", 1 + group / kGroupsPerByte, group % kGroupsPerByte, node + 1), port};
}

Fleet::Fleet(asio::io_context& io, FleetOptions options) : io_(io), options_(options) {
  for (std::size_t i = 0; i < options_.groups; ++i) {
    const std::size_t number = options_.first_group + i;
    std::array<Endpoint, kNodesPerGroup> addresses;
    for (std::size_t k = 0; k < kNodesPerGroup; ++k) addresses[k] = address_of(number, k, options_.port);
    groups_.emplace_back(number, addresses, now());
  }
  places_.resize(options_.groups * kNodesPerGroup);
}

Result<void> Fleet::start() {
  for (std::size_t place = 0; place < places_.size(); ++place) {
    if (auto listening = listen(place); !listening) return listening;
  }
  return {};
}

Result<void> Fleet::listen(std::size_t place) {
  const Endpoint& at = groups_[place / kNodesPerGroup].node(place % kNodesPerGroup).at;
  auto acceptor = std::make_unique<tcp::acceptor>(io_);
  asio::error_code error;
  acceptor->open(tcp::v4(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind({asio::ip::make_address(at.host), at.port}, error);
  if (!error) acceptor->listen(kBacklog, error);
  if (error) return unexpected(to_string(at) + ": " + error.message());
  places_[place].acceptor = std::move(acceptor);
  accept(place);
  return {};
}

void Fleet::accept(std::size_t place) {
  tcp::acceptor* acceptor = places_[place].acceptor.get();
  acceptor->async_accept([this, place, acceptor](asio::error_code error, tcp::socket socket) {
    // Cancelled by a fault; by now another acceptor may be here.
    if (error == asio::error::operation_aborted || places_[place].acceptor.get() != acceptor) return;
    if (!error) {
      const auto connection = std::make_shared<Connection>(std::move(socket), *this, place);
      places_[place].connections.push_back(connection);
      ++counters_.accepted;
      ++counters_.open;
      if (groups_[place / kNodesPerGroup].node(place % kNodesPerGroup).health == Health::Stopped) {
        connection->pause();
      } else {
        connection->start();
      }
    }
    accept(place);
  });
}

// --- Faults.

bool Fleet::has(std::size_t group) const {
  return group >= options_.first_group && group - options_.first_group < groups_.size();
}

Time Fleet::fault(const std::vector<std::size_t>& groups, Health health) {
  const Time began = now();
  for (const std::size_t number : groups) {
    const std::size_t group = number - options_.first_group;
    if (health != Health::Running) {
      set_health(group * kNodesPerGroup + groups_[group].current_master(), health, began);
      continue;
    }
    for (std::size_t k = 0; k < kNodesPerGroup; ++k) set_health(group * kNodesPerGroup + k, health, began);
  }
  return began;
}

void Fleet::set_health(std::size_t place, Health health, Time at) {
  Replication& group = groups_[place / kNodesPerGroup];
  const std::size_t node = place % kNodesPerGroup;
  const Health before = group.node(node).health;
  if (before == health) return;
  group.set_health(node, health, at);
  Place& sockets = places_[place];
  switch (health) {
    case Health::Dead:
      sockets.acceptor.reset();
      for (const auto& connection : sockets.connections) connection->drop();
      counters_.open -= sockets.connections.size();
      sockets.connections.clear();
      break;
    case Health::Stopped:
      // The kernel goes on accepting; a connection that comes now stays silent.
      for (const auto& connection : sockets.connections) connection->pause();
      break;
    case Health::Running:
      if (before == Health::Dead) {
        // The port was this process's a moment ago: nobody else takes it in a test.
        (void)listen(place);
      } else {
        for (const auto& connection : sockets.connections) connection->resume();
      }
      break;
  }
}

// --- Connections.

void Fleet::request(Connection& connection, std::span<const std::string_view> words) {
  execute(*this, connection, words);
}

void Fleet::closed(Connection& connection) {
  auto& connections = places_[connection.place()].connections;
  counters_.open -=
      std::erase_if(connections, [&](const std::shared_ptr<Connection>& other) { return other.get() == &connection; });
}

void Fleet::wants_flush(std::shared_ptr<Connection> connection) {
  if (unflushed_.empty()) asio::post(io_, [this] { flush_all(); });
  unflushed_.push_back(std::move(connection));
}

void Fleet::flush_all() {
  for (const auto& connection : std::exchange(unflushed_, {})) connection->flush();
}

std::size_t Fleet::kill_clients(const Connection& except, bool subscribers) {
  std::size_t count = 0;
  for (const auto& connection : places_[except.place()].connections) {
    if (connection.get() == &except || connection->subscribed != subscribers) continue;
    connection->close_when_sent();
    ++count;
  }
  return count;
}

// --- What commands do.

void Fleet::promote(const Connection& connection) {
  Replication& group = replication(connection);
  const std::size_t node = node_of(connection);
  const bool was_replica = group.node(node).master.has_value();
  group.promote(node, now());
  if (was_replica) promotions_.push_back({options_.first_group + group_of(connection), group.node(node).at, now()});
}

std::size_t Fleet::publish(const Connection& from, std::string_view channel, std::string_view message) {
  Replication& group = replication(from);
  group.settle(now());
  const std::size_t node = node_of(from);
  // A master's stream carries what is published, so its replicas' subscribers hear it too.
  for (std::size_t k = 0; k < kNodesPerGroup; ++k) {
    if (k != node && group.replicates(k, node)) deliver(from.place() - node + k, channel, message);
  }
  return deliver(from.place(), channel, message);
}

std::size_t Fleet::deliver(std::size_t place, std::string_view channel, std::string_view message) {
  std::size_t count = 0;
  for (const auto& connection : places_[place].connections) {
    if (!connection->subscribed) continue;
    connection->reply().push(3).bulk("message").bulk(channel).bulk(message);
    ++count;
  }
  counters_.delivered += count;
  return count;
}

}  // namespace sentinel::fleet
