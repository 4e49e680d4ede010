// The conversation with a stock sentinel on a connection of PeerHub's: it
// refused SENTINEL PEER HELLO, so it is asked as its own kind asks.
//
//   connection->stock = std::make_unique<StockSession>(*connection, options, tell);   // Asks who it is.
//   connection->stock->on_reply(reply);                         // Of each reply, in order.
//   connection->stock->ask(AskStockView{...});                  // Answered by StockView through `tell`.
//
// On the wire: SENTINEL MYID, CLIENT SETNAME sentinel-<8>-cmd, PING every second, PUBLISH __sentinel__:hello,
// SENTINEL IS-MASTER-DOWN-BY-ADDR, and for a configuration SENTINEL MASTER, GET-MASTER-ADDR-BY-NAME and MASTER
// again in one write: the address is taken only if both say the same epoch, since the second word of a leader
// that is changing its mind between two of its ticks would belong to another configuration.
//
// Threading: as PeerConnection.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "common/ids.h"
#include "common/resp_reply.h"
#include "sentinel/core/output.h"

namespace sentinel {

class PeerConnection;

inline constexpr std::chrono::milliseconds kStockPingPeriod{1000};
inline constexpr std::chrono::milliseconds kStockSilenceMax{3500};  // Then the connection is closed.
inline constexpr std::size_t kStockQuestionsMax = 32768;            // Unanswered; three for each of 10,000 groups fit.

class StockSession {
 public:
  using Tell = std::function<void(Input)>;

  // `connection` owns this object. `name` is the first eight characters of our id.
  StockSession(PeerConnection& connection, const NodeId& self, Tell tell);

  // The refusal of PEER HELLO was its first reply; begins the conversation.
  void start();
  void on_reply(const Reply& reply);
  // Once a second.
  void ping_if_due(std::chrono::steady_clock::time_point now);

  void ask(const AskStockView& question);
  void ask(const AskStockConfig& question);
  void tell(const TellStock& hello);

  // Who it is, once it said so.
  const std::optional<NodeId>& id() const { return id_; }

 private:
  using OnReply = std::function<void(const Reply&)>;
  void send(const std::vector<std::string>& words, OnReply on_reply);
  void on_id(const Reply& reply);
  void alive();

  PeerConnection& connection_;
  const NodeId self_;
  Tell tell_;
  std::optional<NodeId> id_;
  std::deque<OnReply> questions_;  // Sent, in order.
  std::chrono::steady_clock::time_point pinged_{};
};

}  // namespace sentinel
