// A command with a token: some round trips over a link and exactly one
// CommandReply, whatever happens on the way.
//
//   Exchange::start(std::make_shared<ConfigSetExchange>(link, action), action.timeout);
//
// It answers "not connected" when the link is not up, "too many pending" when
// the node is behind, "connection lost" when the link goes down (before
// LinkDown is told), and "timed out" after the timeout; then the connection is closed too,
// because its replies no longer belong to anything.
#pragma once

#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/core/input.h"
#include "sentinel/core/output.h"
#include "sentinel/net/node_link.h"

namespace sentinel {

inline constexpr std::chrono::milliseconds kExchangeTimeoutDefault{2000};  // For a timeout of zero.

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<NodeLink> link, Token token);
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  static void start(std::shared_ptr<Exchange> exchange, Millis timeout);

 protected:
  using Handler = std::function<void(const Reply&)>;

  // Sends the first commands. The link is up.
  virtual void begin() = 0;

  // Collects commands; flush() writes them at once. A handler is called with
  // its reply unless the exchange is over by then.
  void add(Words command, Handler handler);
  void flush();

  void warn(const std::string& what, const std::string& words) { answer_.warnings.push_back(what + ": " + words); }
  void succeed();
  // Stops the clock: what follows has a deadline of its own, and ends with resume() or fail().
  void suspend() { timer_.cancel(); }
  // The clock starts anew. false: the connection was lost meanwhile, and so the exchange failed.
  bool resume();
  void fail(std::string error, bool refused);

  NodeLink& link() { return *link_; }
  CommandReply answer_;

 private:
  void finish();
  void start_clock();

  std::shared_ptr<NodeLink> link_;
  std::weak_ptr<NodeConnection> connection_;  // That it began on.
  std::chrono::milliseconds timeout_{0};
  asio::steady_timer timer_;
  std::vector<Words> commands_;
  std::vector<NodeConnection::OnReply> handlers_;
  bool done_ = false;
};

// CONFIG SET of each value. A refused one doesn't keep the others from being set.
class ConfigSetExchange : public Exchange {
 public:
  ConfigSetExchange(std::shared_ptr<NodeLink> link, const ConfigSet& action);

 private:
  void begin() override;
  void on_reply(const Reply& reply);

  std::vector<std::pair<std::string, std::string>> values_;
  std::string refusal_;
};

class ReadConfigExchange : public Exchange {
 public:
  ReadConfigExchange(std::shared_ptr<NodeLink> link, const ReadConfig& action);

 private:
  void begin() override;
};

class PauseWritesExchange : public Exchange {
 public:
  PauseWritesExchange(std::shared_ptr<NodeLink> link, const PauseWrites& action);

 private:
  void begin() override;
  void pause_everybody(const std::string& why);
  void add_info();

  Millis pause_;
  std::string refusal_;  // The words with which CLIENT PAUSE WRITE was refused.
};

// The pairs of a CONFIG GET reply, RESP2 or RESP3.
std::vector<std::pair<std::string, std::string>> pairs_of(const Reply& reply);

}  // namespace sentinel
