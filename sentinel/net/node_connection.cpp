#include "sentinel/net/node_connection.h"

#include <array>
#include <asio/buffer.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <utility>

#include "common/check.h"

namespace sentinel {
namespace {

constexpr auto kTuple = asio::experimental::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16 * 1024;

// "message" in a RESP2 subscriber's stream; "pong" and confirmations answer a command.
bool is_resp2_message(const Reply& reply) {
  return reply.kind == Reply::Kind::Array && reply.items.size() == 3 && reply.items[0].text == "message";
}

std::string ip_of(const asio::ip::tcp::endpoint& endpoint) {
  const asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

}  // namespace

NodeConnection::NodeConnection(Stream stream, OnPush on_push)
    : stream_(std::move(stream)),
      on_push_(std::move(on_push)),
      parser_({.bytes_max = kNodeReplyBytesMax, .depth_max = kNodeReplyDepthMax}),
      last_progress_(std::chrono::steady_clock::now()) {}

void NodeConnection::send(const Words& command, OnReply on_reply) {
  expect(std::move(on_reply), false);
  append_command(unsent_, command);
  flush();
}

void NodeConnection::send(const std::vector<Words>& pipeline, const std::vector<OnReply>& on_replies) {
  CHECK(pipeline.size() == on_replies.size());
  for (std::size_t i = 0; i < pipeline.size(); ++i) {
    expect(on_replies[i], false);
    append_command(unsent_, pipeline[i]);
  }
  flush();
}

void NodeConnection::send_subscription(const Words& command, OnReply on_reply) {
  expect(std::move(on_reply), true);
  append_command(unsent_, command);
  flush();
}

void NodeConnection::expect(OnReply on_reply, bool subscription) {
  if (pending_.empty()) last_progress_ = std::chrono::steady_clock::now();
  pending_.push_back({.on_reply = std::move(on_reply), .subscription = subscription});
}

void NodeConnection::flush() {
  if (loss_ || !sending_.empty() || unsent_.empty()) {
    if (unsent_.size() > kUnsentBytesMax) close({DownCause::TimedOut, "does not read what it is sent"});
    return;
  }
  std::swap(sending_, unsent_);
  asio::async_write(stream_, asio::buffer(sending_), [self = shared_from_this()](asio::error_code error, std::size_t) {
    self->sending_.clear();
    if (!error) return self->flush();
    // Not closed here: answers that arrived before the reset are still to be
    // read, and the read fails by itself behind them.
    self->unsent_.clear();
  });
}

asio::awaitable<Loss> NodeConnection::run() {
  const auto self = shared_from_this();
  asio::error_code error;
  while (!loss_) {
    // Waiting without a buffer: thousands of idle links need none of their own.
    static thread_local std::array<char, kReadBytes> buffer;
    if (!stream_.has_unread()) co_await stream_.async_wait_readable(kTuple);
    if (loss_) break;
    const std::size_t bytes = stream_.read_some(asio::buffer(buffer), error);
    if (error == asio::error::would_block) continue;
    if (error) {
      close(loss_of(error));
      break;
    }
    last_progress_ = std::chrono::steady_clock::now();
    parser_.feed({buffer.data(), bytes});
    while (!loss_) {
      const auto next = parser_.next();
      if (!next) {
        close({DownCause::Failed, "protocol error: " + next.error()});
        break;
      }
      if (!*next) break;
      if (!handle(**next)) close({DownCause::Failed, "protocol error: a reply to nothing"});
    }
  }
  while (!pending_.empty()) answer(nullptr);
  co_return *loss_;
}

bool NodeConnection::handle(const Reply& reply) {
  const bool subscriptions_answer = !pending_.empty() && pending_.front().subscription;
  if (reply.kind == Reply::Kind::Push) {
    const bool message = !reply.items.empty() && reply.items[0].text == "message";
    if (subscriptions_answer && !message) {
      answer(&reply);
    } else {
      on_push_(reply);
    }
    return true;
  }
  if (resp2_messages_ && is_resp2_message(reply)) {
    on_push_(reply);
    return true;
  }
  if (pending_.empty()) return false;
  answer(&reply);
  return true;
}

void NodeConnection::answer(const Reply* reply) {
  const OnReply on_reply = std::move(pending_.front().on_reply);
  pending_.pop_front();
  if (on_reply) on_reply(reply);
}

void NodeConnection::close(Loss why) {
  if (loss_) return;
  loss_ = std::move(why);
  stream_.close();
}

std::string NodeConnection::remote_ip() const {
  asio::error_code error;
  const auto endpoint = stream_.socket().remote_endpoint(error);
  return error ? std::string() : ip_of(endpoint);
}

std::string NodeConnection::local_ip() const {
  asio::error_code error;
  const auto endpoint = stream_.socket().local_endpoint(error);
  return error ? std::string() : ip_of(endpoint);
}

}  // namespace sentinel
