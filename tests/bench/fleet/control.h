// The port that a test commands the fleet with, in RESP on 127.0.0.1:
//
//   KILL group ...      the masters of these groups die at one instant; answers when, in monotonic microseconds
//   STOP group ...      the same, but they only fall silent, as with SIGSTOP
//   REVIVE group ...    all nodes of these groups run again
//   STATS               name, number, name, number ...
//   PROMOTIONS          group, address, monotonic microseconds, for each REPLICAOF NO ONE since the start
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "tests/bench/fleet/fleet.h"

namespace sentinel::fleet {

class Control final : public ConnectionOwner {
 public:
  Control(asio::io_context& io, Fleet& fleet);

  Result<void> start(std::uint16_t port);

 private:
  void request(Connection& connection, std::span<const std::string_view> words) override;
  void closed(Connection&) override {}
  void wants_flush(std::shared_ptr<Connection> connection) override;

  void accept();
  void fault(Connection& connection, std::span<const std::string_view> words, Health health);
  void statistics(Connection& connection);
  void promotions(Connection& connection);

  asio::io_context& io_;
  Fleet& fleet_;
  asio::ip::tcp::acceptor acceptor_;
};

}  // namespace sentinel::fleet
