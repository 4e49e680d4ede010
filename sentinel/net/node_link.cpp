#include "sentinel/net/node_link.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <asio/experimental/as_tuple.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "sentinel/net/keep_alive.h"
#include "sentinel/net/spawn.h"

namespace sentinel {
namespace {

constexpr auto kTuple = asio::experimental::as_tuple(asio::use_awaitable);
// A link that is torn down as soon as it is up must not become a busy loop.
constexpr std::chrono::milliseconds kAttemptSpacingMin{5};
constexpr std::uint64_t kMalformedHellosLogged = 1;

SteadyTime now() { return std::chrono::steady_clock::now(); }

PingVerdict verdict_of(const Reply& reply) {
  if (!reply.is_error()) return reply.text == "PONG" ? PingVerdict::Pong : PingVerdict::Error;
  if (reply.text.starts_with("LOADING")) return PingVerdict::Loading;
  if (reply.text.starts_with("MASTERDOWN")) return PingVerdict::MasterDown;
  if (reply.text.starts_with("BUSY")) return PingVerdict::Busy;
  return PingVerdict::Error;
}

}  // namespace

NodeLink::NodeLink(asio::any_io_executor executor, InputSink sink, LinkOptions options, OpenLink node)
    : executor_(std::move(executor)),
      sink_(std::move(sink)),
      options_(std::move(options)),
      node_(std::move(node)),
      wake_(executor_) {}

void NodeLink::start() {
  addresses_ = std::make_shared<Addresses>(executor_, node_.at, [weak = weak_from_this()](HostResolved found) {
    if (const auto self = weak.lock()) self->deliver(std::move(found));
  });
  spawn(executor_, "node_link " + to_string(node_.at), keep_alive(shared_from_this(), run()));
}

void NodeLink::stop() {
  stopped_ = true;
  wake_.cancel();
  if (connection_) connection_->close({DownCause::Closed, "no longer watched"});
  if (pubsub_) pubsub_->close({DownCause::Closed, "no longer watched"});
}

void NodeLink::deliver(Input input) {
  if (!stopped_) sink_(std::move(input));
}

void NodeLink::deliver_later(Input input) {
  asio::post(executor_,
             [self = shared_from_this(), input = std::move(input)]() mutable { self->deliver(std::move(input)); });
}

unsigned NodeLink::pending() const { return connection_ ? static_cast<unsigned>(connection_->pending()) : 0; }

void NodeLink::set_urgent(bool urgent) {
  if (urgent && !urgent_) wake_.cancel();
  urgent_ = urgent;
}

Words NodeLink::named(Words command) const {
  const auto renamed = node_.access.rename_commands.find(command.front());
  if (renamed != node_.access.rename_commands.end()) command.front() = renamed->second;
  return command;
}

// --- Connecting.

asio::awaitable<void> NodeLink::run() {
  while (!stopped_) {
    const SteadyTime started = now();
    was_up_ = false;
    const Loss loss = co_await attempt();
    if (stopped_) break;
    deliver(LinkDown{.link = node_.link, .cause = loss.cause, .text = loss.text});
    co_await back_off(started);
  }
}

asio::awaitable<Loss> NodeLink::attempt() {
  Dialed dialed = co_await dial(executor_, addresses_, options_.dialing);
  if (stopped_) co_return Loss{};
  if (!dialed) co_return dialed.error();
  last_error_.clear();
  subscribed_ = unauthenticated_ = false;
  paused_until_ = SteadyTime{};
  opened_ = now();
  connection_ = std::make_shared<NodeConnection>(std::move(*dialed), [this](const Reply& push) { on_push(push); });
  introduce();
  const auto connection = connection_;
  Loss loss = co_await connection->run();
  connection_.reset();
  up_ = false;
  if (!was_up_ && loss.cause == DownCause::Closed && !last_error_.empty()) loss = {DownCause::Failed, last_error_};
  if (pubsub_) pubsub_->close({DownCause::Closed, "the command connection is gone"});
  co_return loss;
}

// The first attempt after an established link is at once; the others are
// spaced, counted from the start of the one before.
asio::awaitable<void> NodeLink::back_off(SteadyTime attempt_started) {
  if (was_up_) {
    back_off_ = kReconnectFirst;
    wake_.expires_at(attempt_started + kAttemptSpacingMin);
  } else {
    if (back_off_ < kReconnectFirst) back_off_ = kReconnectFirst;
    const auto wait = reconnect_wait();
    back_off_ = std::min(back_off_ * 2, kReconnectMax);
    wake_.expires_at(std::max(attempt_started + wait, now() + kAttemptSpacingMin));
  }
  const bool counted = urgent_;
  if (counted) ++*options_.urgent_waits;
  co_await wake_.async_wait(kTuple);
  if (counted) --*options_.urgent_waits;
}

std::chrono::microseconds NodeLink::reconnect_wait() const {
  if (!urgent_) return back_off_;
  const auto share = kReconnectShare * static_cast<std::int64_t>(*options_.urgent_waits);
  return std::min<std::chrono::microseconds>(back_off_, std::max<std::chrono::microseconds>(kReconnectUrgent, share));
}

void NodeLink::sweep(SteadyTime at) {
  if (connection_ && !up_ && at - opened_ > kHandshakeDeadline) {
    connection_->close({DownCause::TimedOut, "connected, but no answer"});
  } else if (connection_ && connection_->silent(at, *options_.silence_max)) {
    connection_->close({DownCause::TimedOut, "silent for too long"});
  }
  look_where_name_leads(at);
  if (!pubsub_) return;
  if (pubsub_->silent(at, *options_.silence_max)) {
    pubsub_->close({DownCause::TimedOut, "silent for too long"});
  } else if (at - pubsub_pinged_ > kPubsubPingPeriod && pubsub_->pending() == 0) {
    pubsub_pinged_ = at;
    pubsub_->send(named({"PING"}), nullptr);
  }
}

// A node that was moved without a word leaves a connection behind that is silent for long.
void NodeLink::look_where_name_leads(SteadyTime at) {
  if (!connection_ || !addresses_->is_name() || !connection_->silent(at, kSilenceBeforeLookup)) return;
  addresses_->refresh();
  if (!addresses_->has(connection_->remote_ip()))
    connection_->close({DownCause::TimedOut, "silent, and its name has moved"});
}

// --- The handshake.

std::optional<Words> NodeLink::credentials() const {
  if (node_.access.password.empty()) return std::nullopt;
  if (node_.access.user.empty()) return Words{"AUTH", node_.access.password};
  return Words{"AUTH", node_.access.user, node_.access.password};
}

Words NodeLink::client_name(std::string_view suffix) const {
  return named({"CLIENT", "SETNAME", "sentinel-" + options_.name + "-" + std::string(suffix)});
}

void NodeLink::introduce() {
  Words hello = named({"HELLO", "3"});
  if (hello.front().empty()) return introduce_resp2();  // The operator says that it is disabled.
  if (!node_.access.password.empty()) {
    const std::string& user = node_.access.user;
    hello.insert(hello.end(), {"AUTH", user.empty() ? "default" : user, node_.access.password});
  }
  hello.insert(hello.end(), {"SETNAME", "sentinel-" + options_.name + "-cmd"});
  connection_->send(hello, [this](const Reply* reply) { on_hello_answer(reply); });
}

void NodeLink::on_hello_answer(const Reply* reply) {
  if (!reply) return;
  if (!reply->is_error()) return established(true);
  last_error_ = reply->text;
  if (reply->text.starts_with("LOADING")) {
    unauthenticated_ = true;
    return established(false);
  }
  // Whoever knows HELLO and says no means it; others are too old for it.
  const bool unknown =
      reply->text.starts_with("ERR") || reply->text.starts_with("NOPROTO") || reply->text.starts_with("NOPERM");
  if (unknown) return introduce_resp2();
  connection_->close({DownCause::Failed, reply->text});
}

void NodeLink::introduce_resp2() {
  if (const auto auth = credentials()) {
    connection_->send(named(*auth), [this](const Reply* reply) {
      if (!reply || !reply->is_error() || needs_no_password(reply->text)) return;
      if (reply->text.starts_with("LOADING")) {
        unauthenticated_ = true;
      } else {
        connection_->close({DownCause::Failed, reply->text});
      }
    });
  }
  // Its answer comes last, so that up means that the password was accepted. A
  // server that refuses to name us is fine.
  connection_->send(client_name("cmd"), [this](const Reply* reply) {
    if (!reply) return;
    if (reply->is_error() && reply->text.starts_with("NOAUTH")) {
      return connection_->close({DownCause::Failed, reply->text});
    }
    established(false);
  });
}

void NodeLink::established(bool resp3) {
  resp3_ = resp3;
  up_ = was_up_ = true;
  subscribe();
  deliver(LinkUp{.link = node_.link, .ip = connection_->remote_ip(), .local_ip = connection_->local_ip()});
}

// --- The hello channel.

void NodeLink::set_listening(bool listen) {
  listening_ = listen;
  if (up_) subscribe();
}

// Makes the subscription what listening_ says.
void NodeLink::subscribe() {
  if (!resp3_) {
    if (!listening_ && pubsub_) pubsub_->close({DownCause::Closed, "no longer listened to"});
    if (listening_ && !pubsub_running_) {
      pubsub_running_ = true;
      spawn(executor_, "node_link pubsub " + to_string(node_.at), keep_alive(shared_from_this(), run_pubsub()));
    }
    return;
  }
  if (listening_ == subscribed_) return;
  subscribed_ = listening_;
  connection_->send_subscription(named({listening_ ? "SUBSCRIBE" : "UNSUBSCRIBE", kHelloChannel}),
                                 [this](const Reply* reply) { on_subscribed(reply); });
}

asio::awaitable<void> NodeLink::run_pubsub() {
  while (!stopped_ && listening_ && up_ && !resp3_) {
    const SteadyTime started = now();
    Dialed dialed = co_await dial(executor_, addresses_, options_.dialing);
    if (stopped_ || !listening_ || !up_) break;
    if (dialed) {
      const auto connection =
          std::make_shared<NodeConnection>(std::move(*dialed), [this](const Reply& push) { on_push(push); });
      pubsub_ = connection;
      pubsub_pinged_ = now();
      connection->expect_resp2_messages();
      if (const auto auth = credentials()) connection->send(named(*auth), nullptr);
      connection->send(client_name("pubsub"), nullptr);
      connection->send(named({"SUBSCRIBE", kHelloChannel}), [this](const Reply* reply) { on_subscribed(reply); });
      co_await connection->run();
      pubsub_.reset();
    }
    if (stopped_ || !listening_ || !up_) break;
    asio::steady_timer wait(executor_, started + kReconnectMax);
    co_await wait.async_wait(kTuple);
  }
  pubsub_running_ = false;
  // The link may have come up again while this one was ending.
  if (!stopped_ && up_) subscribe();
}

void NodeLink::on_subscribed(const Reply* reply) {
  if (!reply || !reply->is_error()) return;
  spdlog::warn("{} refuses {}: {}", to_string(node_.at), kHelloChannel, reply->text);
}

void NodeLink::on_push(const Reply& push) {
  if (push.items.size() != 3 || push.items[0].text != "message" || push.items[1].text != kHelloChannel) return;
  auto hello = parse_hello(push.items[2].text);
  if (!hello) {
    if (++malformed_hellos_ <= kMalformedHellosLogged) {
      spdlog::warn("{} carries something else than hellos on {}", to_string(node_.at), kHelloChannel);
    }
    return;
  }
  deliver(HelloReceived{.link = node_.link, .hello = std::move(*hello)});
}

// --- Commands without a token.

void NodeLink::ping() {
  if (!up_ || pending() >= kPendingCommandsMax) return;
  connection_->send(named({"PING"}), [this](const Reply* reply) { on_ping_reply(reply); });
}

void NodeLink::on_ping_reply(const Reply* reply) {
  if (!reply) return;
  const PingVerdict verdict = verdict_of(*reply);
  deliver(PingReply{
      .link = node_.link, .verdict = verdict, .text = verdict == PingVerdict::Pong ? std::string() : reply->text});
  if (unauthenticated_ && verdict != PingVerdict::Loading && connection_) {
    connection_->close({DownCause::Closed, "it has loaded: introducing ourselves again"});
  }
}

void NodeLink::info() {
  if (!up_ || pending() >= kPendingCommandsMax) return;
  connection_->send(named({"INFO"}), [this](const Reply* reply) {
    if (!reply) return;
    // An empty answer all the same: the question is no longer open.
    if (reply->is_error()) spdlog::debug("{} refuses INFO: {}", to_string(node_.at), reply->text);
    if (reply->is_error()) return deliver(InfoReply{.link = node_.link, .info = {}});
    info_text_ = reply->text;
    info_at_ = now();
    deliver(InfoReply{.link = node_.link, .info = parse_node_info(reply->text)});
  });
}

void NodeLink::publish(const std::string& payload) {
  if (!up_ || pending() >= kPendingCommandsMax || now() < paused_until_) return;
  connection_->send(named({"PUBLISH", kHelloChannel, payload}), nullptr);
}

void NodeLink::script_kill() {
  if (!up_ || pending() >= kPendingCommandsMax) return;
  connection_->send(named({"SCRIPT", "KILL"}), nullptr);
}

void NodeLink::abort_failover() {
  if (!up_ || pending() >= kPendingCommandsMax) return;
  connection_->send(named({"FAILOVER", "ABORT"}), [at = node_.at](const Reply* reply) {
    if (reply && reply->is_error()) spdlog::warn("{} refuses FAILOVER ABORT: {}", to_string(at), reply->text);
  });
}

}  // namespace sentinel
