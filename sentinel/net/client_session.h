// One client connection: reads requests, has them handled in order, writes
// replies and published messages. Memory is bounded: a client that does not
// read its replies is not read from either, and a subscriber that does not
// read is closed.
//
//   auto session = std::make_shared<ClientSession>(std::move(stream), facts, context);
//   spawn(executor, session->describe(), session->run());
//
// Threading: the server's executor only.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/resp/request_parser.h"
#include "sentinel/net/client_handler.h"
#include "sentinel/net/client_registry.h"
#include "sentinel/net/readiness.h"
#include "sentinel/net/stream.h"

namespace sentinel {

// Requests wait while this much of their replies is unsent.
inline constexpr std::size_t kOutputPauseBytes = std::size_t{256} << 10;
// While all clients together hold too much, those that hold more than this are closed.
inline constexpr std::size_t kFairShareBytes = std::size_t{64} << 10;
// Failed TLS handshakes beyond this are counted, not logged.
inline constexpr unsigned kHandshakeWarningsMax = 10;  // A second.

// The stream of a client that turned out to be a Vigil peer, what it sent
// after the words that said so, and those words (SENTINEL PEER HELLO ...).
using AdoptPeer = std::function<void(Stream stream, std::string unread, std::vector<std::string> words)>;

// What all sessions of a server share.
struct SessionContext {
  ClientHandler& handler;
  ClientRegistry& registry;
  AdoptPeer adopt_peer;
  std::size_t subscriber_output_max;  // Bytes.
  std::size_t buffered_max;           // Bytes, all clients together.
  std::shared_ptr<Readiness> readiness;
  unsigned handshake_warnings = 0;  // Logged since the last sweep.
  bool server_gone = false;         // Handler and registry must not be used any more.
};

class ClientSession final : public Client, public std::enable_shared_from_this<ClientSession> {
 public:
  ClientSession(Stream stream, ClientFacts facts, std::shared_ptr<SessionContext> context);
  ~ClientSession() override;

  // Until the client or the server ends it.
  asio::awaitable<void> run();

  void flush() override;
  void wake() override { progress_.cancel(); }
  void close() override;
  std::size_t bytes_in_flight() const override { return in_flight_.size() - in_flight_sent_; }
  std::size_t bytes_unread() const override { return parser_.unread().size(); }

  // Tells handler and registry that this client is gone, once.
  void detach();

  // Since when the peer has taken none of the bytes in flight; now if there are none.
  ShellClock::time_point write_stalled_since(ShellClock::time_point now) const;

  std::string describe() const { return "client " + facts().address; }

 private:
  enum class After { KeepOpen, Close, GiveAway };

  asio::awaitable<bool> shake_hands();
  bool take_bytes();
  asio::awaitable<After> handle_requests();
  asio::awaitable<void> drained(std::size_t bytes_max);
  asio::awaitable<void> pause_over();
  std::size_t bytes_unsent() const { return output.size() + bytes_in_flight(); }
  void write_some();
  void count_written(std::size_t bytes);
  void account();

  Stream stream_;
  asio::steady_timer progress_;  // Cancelled whenever bytes left, a pause ended early or the session closes.
  std::shared_ptr<SessionContext> context_;
  RequestParser parser_;
  std::optional<Readiness::Watch> readable_;  // Without TLS.
  std::vector<std::string> peer_words_;
  std::string in_flight_;
  std::size_t in_flight_sent_ = 0;
  bool writing_ = false;
  bool detached_ = false;
  ShellClock::time_point last_write_progress_{};
  std::size_t accounted_bytes_ = 0;
};

}  // namespace sentinel
