// One connection between two Vigil processes: RESP arrays of strings in
// both directions, and heartbeats. What they mean is PeerHub's business.
//
//   auto connection = std::make_shared<PeerConnection>(std::move(stream), unread, on_reply);
//   connection->send({"SENTINEL", "PEER", "BEAT"});
//   std::string why = co_await connection->run();   // Reads until the end.
//
// Threading: one executor.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/ids.h"
#include "common/resp_reply.h"
#include "common/result.h"
#include "sentinel/net/resp_command.h"
#include "sentinel/net/stream.h"

namespace sentinel {

inline constexpr std::size_t kPeerFrameBytesMax = 64 * 1024;
inline constexpr std::size_t kPeerQueueFramesMax = 32768;  // Some MB; two for each of 10,000 groups fit. Then close.
inline constexpr std::size_t kPeerVersionBytesMax = 64;

// What a peer says of itself in HELLO and WELCOME.
struct PeerIdentity {
  NodeId id;
  Endpoint announced;
  std::string version;
};

// Reads SENTINEL PEER <verb> id host port version. Further words are allowed:
// newer peers may add some.
Result<PeerIdentity> read_identity(const Words& words);
bool is_node_id(const std::string& text);
Words identity_words(const std::string& verb, const PeerIdentity& identity);

class StockSession;

class PeerConnection : public std::enable_shared_from_this<PeerConnection> {
 public:
  using OnReply = std::function<void(PeerConnection&, const Reply&)>;
  using Time = std::chrono::steady_clock::time_point;

  // `unread`: what was read from it already. REQUIRES: stream is connected, its handshake done.
  PeerConnection(Stream stream, std::string unread, OnReply on_reply);
  ~PeerConnection();

  void send(const Words& words);
  // An error reply; to somebody who is no peer.
  void send_error(const std::string& words);

  // Reads until the connection ends, and says why it did.
  asio::awaitable<std::string> run();

  // Ends run() with this reason. The first call counts.
  void close(std::string why);
  // The same once everything is written.
  void close_when_sent(std::string why);
  // What it sent can't be understood.
  void close_malformed(const std::string& what);
  bool malformed() const { return malformed_; }
  bool closed() const { return why_closed_.has_value(); }

  Time last_heard() const { return last_heard_; }
  void forgive_silence(Time now) { last_heard_ = now; }
  std::uint64_t dropped_frames() const { return dropped_frames_; }
  std::string remote() const { return remote_; }
  std::string local_ip() const;

  // --- Kept by PeerHub.
  std::optional<PeerIdentity> identity;  // Set once the peer is established.
  std::optional<Endpoint> dialed;        // The address of ours that led to it; not of inbound ones.
  bool awaits_auth = false;              // The next reply answers AUTH.
  std::unique_ptr<StockSession> stock;   // Set once the other end turned out to be a stock sentinel.

 private:
  void flush();
  bool read_once();
  void handle_all();

  Stream stream_;
  OnReply on_reply_;
  ReplyParser parser_;
  std::deque<std::string> queue_;
  std::string sending_;
  std::string remote_;
  Time last_heard_;
  std::uint64_t dropped_frames_ = 0;
  bool malformed_ = false;
  std::optional<std::string> why_closing_;
  std::optional<std::string> why_closed_;
};

}  // namespace sentinel
