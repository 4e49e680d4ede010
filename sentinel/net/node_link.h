// Keeps one Redis node reachable for the core: connects, introduces itself,
// reconnects, and turns the core's actions into commands. See NodeLinks for
// how it is used.
//
// RESP3 where the server has it, so that one connection carries commands and
// the hello channel. Where HELLO is unknown (before Redis 6, or renamed away) it is
// RESP2 and a second connection while the hello channel is listened to.
//
// Threading: one executor. The sink is called from its handlers, never from
// inside a method.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sentinel/core/input.h"
#include "sentinel/core/output.h"
#include "sentinel/net/node_connection.h"

namespace sentinel {

using InputSink = std::function<void(Input)>;

// A stopped server accepts in the kernel's backlog and answers when it
// resumes: this long one connection waits for that, then the next one does.
inline constexpr std::chrono::seconds kHandshakeDeadline{5};
inline constexpr std::chrono::milliseconds kReconnectFirst{20};   // Doubles with each failed attempt,
inline constexpr std::chrono::milliseconds kReconnectMax{1000};   // counted from the attempt's start,
inline constexpr std::chrono::milliseconds kReconnectUrgent{50};  // up to here while urgent;
inline constexpr std::chrono::microseconds kReconnectShare{500};  // or so much for each link that is: a storm of
                                                                  // attempts must not drown what ends it.
inline constexpr std::chrono::seconds kSilenceBeforeLookup{1};    // Then it is asked whether the name has moved.
inline constexpr std::chrono::seconds kPubsubPingPeriod{5};       // RESP2's second connection: is it alive?
inline constexpr std::size_t kPendingCommandsMax = 100;           // Of a link; then pings and INFOs are dropped.
inline constexpr const char* kHelloChannel = "__sentinel__:hello";

struct RescuePlace;

struct LinkOptions {
  DialOptions dialing = {};  // How nodes are reached.
  // SENTINEL DEBUG MIN-LINK-RECONNECT-PERIOD; common to all links of the process.
  std::shared_ptr<std::chrono::milliseconds> silence_max = std::make_shared<std::chrono::milliseconds>(kSilenceMax);
  std::string name = "00000000";  // Clients are called sentinel-<name>-cmd: 8 hex characters of our id.
  // How many links of the process wait for an urgent reconnect; common to all of them.
  std::shared_ptr<std::size_t> urgent_waits = std::make_shared<std::size_t>(0);
  std::shared_ptr<RescuePlace> rescues = nullptr;  // Where rescued writes are kept (R-L6). Null: nowhere.
};

class NodeLink : public std::enable_shared_from_this<NodeLink> {
 public:
  NodeLink(asio::any_io_executor executor, InputSink sink, LinkOptions options, OpenLink node);

  void start();
  // Closes everything; the sink hears nothing of this link from now on.
  void stop();

  void set_urgent(bool urgent);
  void set_listening(bool listen);
  void ping();
  void info();
  void publish(const std::string& payload);
  void script_kill();
  void abort_failover();

  bool up() const { return up_; }
  unsigned pending() const;
  std::uint64_t malformed_hellos() const { return malformed_hellos_; }
  // The last answer to INFO, and when it came. Empty: none yet.
  const std::string& info_text() const { return info_text_; }
  SteadyTime info_at() const { return info_at_; }

  // Closes connections whose deadline has passed. Call several times a second.
  void sweep(SteadyTime now);

  // --- For the exchanges (see exchange.h).
  const std::shared_ptr<NodeConnection>& connection() const { return connection_; }
  const asio::any_io_executor& executor() const { return executor_; }
  LinkId id() const { return node_.link; }
  const Endpoint& at() const { return node_.at; }
  const LinkOptions& options() const { return options_; }
  std::optional<Words> credentials() const;  // AUTH and its arguments.
  // The command with its name as this server knows it: {"CONFIG", "SET", ...}.
  Words named(Words command) const;
  void deliver(Input input);        // From a handler.
  void deliver_later(Input input);  // From a method.
  // CLIENT PAUSE WRITE holds back PUBLISH, and everything behind it on its connection.
  void writes_paused_until(SteadyTime until) { paused_until_ = until; }

 private:
  asio::awaitable<void> run();
  asio::awaitable<Loss> attempt();
  asio::awaitable<void> back_off(SteadyTime attempt_started);
  void look_where_name_leads(SteadyTime at);
  std::chrono::microseconds reconnect_wait() const;
  asio::awaitable<void> run_pubsub();

  void introduce();
  void introduce_resp2();
  void on_hello_answer(const Reply* reply);
  void handshake_failed(Loss why);
  void established(bool resp3);
  Words client_name(std::string_view suffix) const;

  void on_push(const Reply& push);
  void on_ping_reply(const Reply* reply);
  void subscribe();
  void on_subscribed(const Reply* reply);

  asio::any_io_executor executor_;
  InputSink sink_;
  LinkOptions options_;
  OpenLink node_;
  std::shared_ptr<Addresses> addresses_;
  asio::steady_timer wake_;  // Cuts a back-off short.
  std::shared_ptr<NodeConnection> connection_;
  SteadyTime opened_;  // When the connection was.
  bool stopped_ = false;
  bool urgent_ = false;
  bool listening_ = false;
  bool subscribed_ = false;  // Asked for, on the present connection.
  bool up_ = false;
  bool was_up_ = false;  // The last attempt got through.
  bool resp3_ = false;
  bool unauthenticated_ = false;  // It was loading when it was asked: introduce again later.
  std::chrono::milliseconds back_off_{0};
  SteadyTime paused_until_;
  std::string last_error_;  // Of the handshake: better than "connection closed".
  std::uint64_t malformed_hellos_ = 0;

  std::string info_text_;
  SteadyTime info_at_;

  bool pubsub_running_ = false;
  std::shared_ptr<NodeConnection> pubsub_;
  SteadyTime pubsub_pinged_;
};

}  // namespace sentinel
