// One connection to a Redis server: commands out, replies in, in order.
//
//   auto connection = std::make_shared<NodeConnection>(std::move(stream), on_push);
//   connection->send({"PING"}, [](const Reply* reply) { ... });   // nullptr: the connection was lost first.
//   Loss why = co_await connection->run();                         // Reads until the end.
//
// Every command's callback is called exactly once, by run(). A callback may send, close
// or drop the last reference to the owner. Threading: one executor.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/resp_reply.h"
#include "sentinel/net/dial.h"
#include "sentinel/net/resp_command.h"
#include "sentinel/net/stream.h"

namespace sentinel {

using SteadyTime = std::chrono::steady_clock::time_point;

// A connection that owes an answer and is silent for this long is half open or
// hangs: a new one finds out which.
inline constexpr std::chrono::seconds kSilenceMax{10};
inline constexpr std::size_t kNodeReplyBytesMax = 1024 * 1024;
inline constexpr std::size_t kNodeReplyDepthMax = 8;
inline constexpr std::size_t kUnsentBytesMax = 1024 * 1024;  // Then the connection is closed.

class NodeConnection : public std::enable_shared_from_this<NodeConnection> {
 public:
  using OnReply = std::function<void(const Reply*)>;
  using OnPush = std::function<void(const Reply&)>;

  // REQUIRES: stream is connected, its handshake done.
  NodeConnection(Stream stream, OnPush on_push);

  void send(const Words& command, OnReply on_reply);
  // Several commands in one write.
  void send(const std::vector<Words>& pipeline, const std::vector<OnReply>& on_replies);
  // SUBSCRIBE and UNSUBSCRIBE: the answer is a push frame, or an error.
  void send_subscription(const Words& command, OnReply on_reply);

  // In RESP2 a subscriber's messages are arrays, and answer nothing.
  void expect_resp2_messages() { resp2_messages_ = true; }

  // Reads until the connection ends; outstanding callbacks got nullptr by then.
  asio::awaitable<Loss> run();

  // Ends run() with this reason. The first call counts.
  void close(Loss why);

  bool closed() const { return loss_.has_value(); }
  std::size_t pending() const { return pending_.size(); }
  // An answer is owed and nothing was heard for kSilenceMax.
  bool silent(SteadyTime now) const { return !pending_.empty() && now - last_progress_ > kSilenceMax; }

  std::string remote_ip() const;
  std::string local_ip() const;

 private:
  struct Pending {
    OnReply on_reply;
    bool subscription = false;
  };

  void expect(OnReply on_reply, bool subscription);
  void flush();
  bool handle(const Reply& reply);
  void answer(const Reply* reply);

  Stream stream_;
  OnPush on_push_;
  ReplyParser parser_;
  std::deque<Pending> pending_;
  std::string unsent_;
  std::string sending_;
  bool resp2_messages_ = false;
  SteadyTime last_progress_;  // Of the last byte, or of the first command after silence.
  std::optional<Loss> loss_;
};

}  // namespace sentinel
