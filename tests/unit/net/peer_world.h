// Several peer hubs on one io_context, each behind a listener that hands over
// whoever says SENTINEL PEER HELLO, as the RESP server does.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/resp_reply.h"
#include "sentinel/net/peer_hub.h"
#include "sentinel/net/resp_command.h"

namespace sentinel {

inline constexpr std::chrono::seconds kPeerPatience{20};

inline NodeId peer_id(char digit) { return NodeId{std::string(40, digit)}; }

// One process: a listener, a hub, and what the hub told.
class PeerProcess {
 public:
  PeerProcess(asio::io_context& io, char digit, std::string password = {}, std::uint16_t port = 0)
      : id(peer_id(digit)),
        password_(std::move(password)),
        acceptor_(io, {asio::ip::address_v4::loopback(), port}),
        at{"127.0.0.1", acceptor_.local_endpoint().port()},
        hub(io.get_executor(), [this](Input input) { inputs.push_back(std::move(input)); },
            {.self = id, .announced = at, .version = "0.1.0", .credentials = {.user = {}, .password = password_}}) {
    accept();
  }

  template <typename Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Input& input : inputs) {
      if (const Kind* it = std::get_if<Kind>(&input)) found.push_back(*it);
    }
    return found;
  }
  template <typename Kind>
  std::size_t count(const NodeId& peer) const {
    std::size_t sum = 0;
    for (const Kind& it : all<Kind>()) sum += it.id == peer;
    return sum;
  }

  const NodeId id;

 private:
  struct Visitor {
    explicit Visitor(asio::ip::tcp::socket accepted) : socket(std::move(accepted)) {}
    asio::ip::tcp::socket socket;
    ReplyParser parser;
    std::array<char, 4096> buffer;
  };

  void accept() {
    acceptor_.async_accept([this, alive = std::weak_ptr(alive_)](asio::error_code error, asio::ip::tcp::socket socket) {
      if (error || alive.expired()) return;
      read(std::make_shared<Visitor>(std::move(socket)));
      accept();
    });
  }

  void read(const std::shared_ptr<Visitor>& visitor) {
    visitor->socket.async_read_some(asio::buffer(visitor->buffer), [this, visitor, alive = std::weak_ptr(alive_)](
                                                                       asio::error_code error, std::size_t bytes) {
      if (error || alive.expired()) return;
      visitor->parser.feed({visitor->buffer.data(), bytes});
      if (!converse(*visitor)) read(visitor);
    });
  }

  // true: the visitor is a peer, or somebody to be left alone.
  bool converse(Visitor& visitor) {
    for (;;) {
      const auto next = visitor.parser.next();
      if (!next) return true;
      if (!*next) return false;
      const auto words = words_of(**next);
      if (!words || words->empty()) return true;
      if ((*words)[0] == "AUTH") {
        // "user:password" is the only way in when the password is so written.
        std::string given = words->at(1);
        if (words->size() == 3) given += ":" + (*words)[2];
        const bool right = given == password_;
        visitor.socket.send(asio::buffer(std::string(right ? "+OK\r\n" : "-WRONGPASS no\r\n")));
        if (!right) return true;
      } else {
        hub.adopt(std::move(visitor.socket), std::string(visitor.parser.unread()), *words);
        return true;
      }
    }
  }

  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For handlers that outlive us.
  std::string password_;
  asio::ip::tcp::acceptor acceptor_;

 public:
  const Endpoint at;
  std::vector<Input> inputs;
  PeerHub hub;
};

class PeerWorld {
 public:
  bool until(const std::function<bool()>& condition) {
    const auto limit = std::chrono::steady_clock::now() + kPeerPatience;
    io.restart();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      io.run_one_for(std::chrono::milliseconds(50));
    }
    return true;
  }
  void run_for(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }

  asio::io_context io;
};

// Somebody who speaks whatever the test wants to a listener.
class RawPeer {
 public:
  RawPeer(PeerWorld& world, const Endpoint& to) : world_(world), socket_(world.io) {
    socket_.connect({asio::ip::address_v4::loopback(), to.port});
    socket_.non_blocking(true);
  }
  explicit RawPeer(PeerWorld& world, asio::ip::tcp::socket socket) : world_(world), socket_(std::move(socket)) {
    socket_.non_blocking(true);
  }

  void say(const Words& words) {
    std::string bytes;
    append_command(bytes, words);
    say_raw(bytes);
  }
  void say_raw(const std::string& bytes) {
    asio::error_code error;
    socket_.send(asio::buffer(bytes), 0, error);
  }
  // Everything heard so far contains this text. false: it never did.
  bool hears(const std::string& text) {
    return world_.until([&] { return poll(), heard.find(text) != std::string::npos; });
  }
  bool is_closed() {
    return world_.until([&] { return poll(), closed_; });
  }

  std::string heard;

 private:
  void poll() {
    std::array<char, 4096> buffer;
    asio::error_code error;
    const std::size_t bytes = socket_.receive(asio::buffer(buffer), 0, error);
    heard.append(buffer.data(), bytes);
    if (error && error != asio::error::would_block) closed_ = true;
  }

  PeerWorld& world_;
  asio::ip::tcp::socket socket_;
  bool closed_ = false;
};

}  // namespace sentinel
