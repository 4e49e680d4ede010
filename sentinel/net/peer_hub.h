// The connections to the other sentinel processes. Each process dials each peer;
// messages travel both ways on any connection between two Vigil processes.
//
//   PeerHub hub(io.get_executor(), sink, {.self = id, .announced = {"10.0.0.1", 26379}, .version = "0.1.0"});
//   hub.dial({"10.0.0.2", 26379});    // Keeps trying until drop().
//   hub.send(peer_id, ViewMessage{...});
//
// On the wire everything is a RESP array of strings:
//   dialer    [AUTH [user] password]  SENTINEL PEER HELLO id host port version
//   acceptor  SENTINEL PEER WELCOME id host port version
//   both      SENTINEL PEER BEAT, answered SENTINEL PEER BEATEN; SENTINEL PEER <kind> words ... (peer_message.h)
//
// Whoever refuses PEER HELLO may be a stock sentinel: if it says its id it is one, and is asked in its own
// words (stock_session.h). This is found out anew on each connection, so a process that is replaced in place
// by one of the other kind is known for what it is as soon as it is there. What is neither is never counted:
// somebody who lets us not in, whose refusal is logged once, and ourselves under one of our own addresses.
//
// Threading: everything on one executor, this object included. The sink is
// called from handlers, never from inside a method, and not after destruction.
#pragma once

#include <asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/ids.h"
#include "sentinel/core/input.h"
#include "sentinel/core/output.h"
#include "sentinel/core/peer_message.h"
#include "sentinel/net/dial.h"
#include "sentinel/net/stream.h"

namespace sentinel {

inline constexpr std::chrono::milliseconds kBeatPeriod{250};       // On each connection.
inline constexpr std::chrono::milliseconds kPeerSilenceMax{1500};  // Then a connection is closed.
inline constexpr std::chrono::milliseconds kRedialFirst{20};       // At once, then doubling,
inline constexpr std::chrono::milliseconds kRedialMax{500};        // counted from the attempt's start.
inline constexpr std::chrono::milliseconds kRedialStranger{5000};  // Wrong passwords, other programs, ourselves.
inline constexpr std::size_t kInboundPerPeerMax = 4;               // Then the oldest is replaced.
inline constexpr std::size_t kInboundMax = 256;                    // Of all peers; then refused.

struct PeerCredentials {
  std::string user;      // Empty: the default user.
  std::string password;  // Empty: no AUTH is sent.
  bool operator==(const PeerCredentials&) const = default;
};

struct PeerOptions {
  NodeId self;
  Endpoint announced;
  std::string version;
  DialOptions dialing;          // How peers are reached.
  PeerCredentials credentials;  // Sent when dialing.
};

class PeerHub {
 public:
  PeerHub(asio::any_io_executor executor, std::function<void(Input)> sink, PeerOptions options);
  ~PeerHub();
  PeerHub(const PeerHub&) = delete;
  PeerHub& operator=(const PeerHub&) = delete;

  void dial(const Endpoint& at);
  // Stops dialing and closes the connection that dialing led to. The peer may
  // still be connected to us.
  void drop(const Endpoint& at);

  // Best effort: dropped if the peer isn't connected.
  void send(const NodeId& to, const PeerMessage& message);

  // To a stock sentinel; the same.
  void ask(const AskStockView& question);
  void ask(const AskStockConfig& question);
  void tell(const TellStock& hello);

  // Takes over a connection whose client said `words`: SENTINEL PEER HELLO ...
  // `unread` is what it sent behind them. Answers it, also if they are wrong.
  void adopt(Stream stream, std::string unread, std::vector<std::string> words);

  // Closes the connections that peers made to us; they make new ones at once.
  void close_inbound(const std::string& why);

  // Connections that we dialed are made anew with these.
  void set_credentials(PeerCredentials credentials);
  // Told to peers from the next connection on.
  void set_announced(Endpoint at);

  std::size_t connections() const;       // Established ones, of both kinds.
  std::uint64_t dropped_frames() const;  // Of peers that did not read: their connection was closed.
  std::uint64_t malformed_frames() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sentinel
