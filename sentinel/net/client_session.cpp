#include "sentinel/net/client_session.h"

#include <spdlog/spdlog.h>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "sentinel/net/tls.h"

namespace sentinel {
namespace {

constexpr std::size_t kKeepBufferBytes = 4096;  // An idle client keeps no more than this.

void give_back(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeepBufferBytes) std::string().swap(buffer);
}

}  // namespace

ClientSession::ClientSession(Stream stream, ClientFacts facts, std::shared_ptr<SessionContext> context)
    : Client(std::move(facts)),
      stream_(std::move(stream)),
      progress_(stream_.get_executor()),
      context_(std::move(context)) {
  progress_.expires_at(ShellClock::time_point::max());
  if (!stream_.encrypted()) readable_.emplace(*context_->readiness, Client::facts().descriptor);
  context_->registry.add(*this);
  context_->handler.connected(*this);
}

ClientSession::~ClientSession() { detach(); }

void ClientSession::detach() {
  if (std::exchange(detached_, true) || context_->server_gone) return;
  context_->handler.disconnected(*this);
  context_->registry.remove(*this);
  context_->registry.buffered_bytes -= accounted_bytes_;
  accounted_bytes_ = 0;
}

asio::awaitable<void> ClientSession::run() {
  const auto self = shared_from_this();
  if (stream_.encrypted() && !co_await shake_hands()) co_return close();
  After after = After::KeepOpen;
  while (after == After::KeepOpen && !closing) {
    asio::error_code failure;
    if (readable_ && !readable_->ready()) {
      co_await readable_->async_wait(asio::redirect_error(asio::use_awaitable, failure));
    } else if (!readable_ && !stream_.has_unread()) {
      co_await stream_.async_wait_readable(asio::redirect_error(asio::use_awaitable, failure));
    }
    if (failure || closing || !take_bytes()) break;

    after = co_await handle_requests();
    parser_.release();
    account();
    flush();
  }
  if (closing) co_return;
  if (after == After::GiveAway) {
    co_await drained(0);
    if (closing) co_return;
    closing = true;
    readable_.reset();
    detach();
    context_->adopt_peer(std::move(stream_), std::string(parser_.unread()), std::move(peer_words_));
    co_return;
  }
  if (after == After::Close) co_await drained(0);
  close();
}

asio::awaitable<bool> ClientSession::shake_hands() {
  const asio::error_code failure = co_await stream_.handshake(kTlsHandshakeDeadline);
  if (closing) co_return false;
  last_request = ShellClock::now();
  if (!failure) co_return true;
  ++context_->registry.statistics.handshake_failures;
  if (++context_->handshake_warnings <= kHandshakeWarningsMax) {
    spdlog::warn("Error accepting a client connection: {} (addr={} laddr={})", stream_.why_failed(failure),
                 facts().address, facts().local_address);
  }
  co_return false;
}

// Gives the parser what there is. False at the stream's end.
bool ClientSession::take_bytes() {
  const std::span<char> room = parser_.prepare();
  if (room.empty()) return false;  // One request larger than kQueryBufferBytesMax.
  asio::error_code failure;
  const std::size_t count = stream_.read_some(asio::buffer(room.data(), room.size()), failure);
  // Less than there was room for: the next byte makes an edge.
  if (readable_ && count < room.size()) readable_->spent();
  if (failure == asio::error::would_block || failure == asio::error::try_again) return true;
  if (failure) return false;
  parser_.commit(count);
  last_request = ShellClock::now();
  ++context_->registry.statistics.reads;
  context_->registry.statistics.input_bytes += count;
  return true;
}

// Everything that has arrived completely.
asio::awaitable<ClientSession::After> ClientSession::handle_requests() {
  while (!closing) {
    const RequestParser::Step step = parser_.next(authenticated);
    if (step == RequestParser::Step::NeedMore) co_return After::KeepOpen;
    if (step == RequestParser::Step::Broken) {
      spdlog::debug("{}: {}", describe(), parser_.error());
      ++context_->registry.statistics.error_replies;
      reply().error(parser_.error());
      co_return After::Close;
    }
    const Arguments arguments = parser_.arguments();
    Outcome outcome = context_->handler.handle(*this, arguments);
    while (outcome == Outcome::Paused) {
      co_await pause_over();
      if (closing) co_return After::Close;
      outcome = context_->handler.handle(*this, arguments);
    }
    switch (outcome) {
      case Outcome::Answered:
      case Outcome::Paused: break;
      case Outcome::Pending: {
        std::vector<std::string> words(arguments.begin(), arguments.end());
        flush();
        co_await context_->handler.finish(*this, std::move(words));
        break;
      }
      case Outcome::Handover: peer_words_.assign(arguments.begin(), arguments.end()); co_return After::GiveAway;
      case Outcome::Hangup: close(); co_return After::Close;
    }
    if (close_after_replies) co_return After::Close;
    if (bytes_unsent() > kOutputPauseBytes) co_await drained(kOutputPauseBytes / 2);
  }
  co_return After::Close;
}

// Waits until at most this much is unsent, or the session closes. The server's
// sweep closes a session whose peer stopped reading, so this ends.
asio::awaitable<void> ClientSession::drained(std::size_t bytes_max) {
  flush();
  while (!closing && bytes_unsent() > bytes_max) {
    asio::error_code cancelled;
    co_await progress_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

// Until the pause ends, or may have: who is told to look again does so.
asio::awaitable<void> ClientSession::pause_over() {
  flush();
  progress_.expires_at(context_->registry.pause_end());
  asio::error_code cancelled;
  co_await progress_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  progress_.expires_at(ShellClock::time_point::max());
}

void ClientSession::flush() {
  if (closing) return;
  account();
  if (subscribed() && bytes_unsent() > context_->subscriber_output_max) {
    spdlog::warn("{} closed: {} bytes of messages not read", describe(), bytes_unsent());
    ++context_->registry.statistics.slow_subscribers;
    close();
    return;
  }
  if (context_->registry.buffered_bytes > context_->buffered_max && accounted_bytes_ > kFairShareBytes) {
    spdlog::warn("{} closed: it holds {} of {} buffered bytes", describe(), accounted_bytes_,
                 context_->registry.buffered_bytes);
    ++context_->registry.statistics.evicted_clients;
    close();
    return;
  }
  if (writing_ || output.empty()) return;
  // Nearly always the socket takes all of it at once; what it doesn't is sent when it can be.
  asio::error_code failure;
  const std::size_t count = stream_.write_some(asio::buffer(output), failure);
  if (failure && failure != asio::error::would_block && failure != asio::error::try_again) return close();
  if (!failure) count_written(count);
  if (count == output.size()) {
    give_back(output);
    return account();
  }
  in_flight_.swap(output);
  output.clear();
  in_flight_sent_ = count;
  last_write_progress_ = ShellClock::now();
  write_some();
}

void ClientSession::count_written(std::size_t bytes) {
  ++context_->registry.statistics.writes;
  context_->registry.statistics.output_bytes += bytes;
}

void ClientSession::write_some() {
  writing_ = true;
  const auto rest = asio::buffer(in_flight_.data() + in_flight_sent_, in_flight_.size() - in_flight_sent_);
  stream_.async_write_some(rest, [this, self = shared_from_this()](const asio::error_code& failure, std::size_t count) {
    writing_ = false;
    if (closing) return;
    if (failure) {
      close();
      return;
    }
    count_written(count);
    in_flight_sent_ += count;
    last_write_progress_ = ShellClock::now();
    if (in_flight_sent_ < in_flight_.size()) {
      write_some();
    } else {
      give_back(in_flight_);
      in_flight_sent_ = 0;
      if (output.empty()) {
        give_back(output);
        account();
      } else {
        flush();
      }
    }
    progress_.cancel();
  });
}

void ClientSession::close() {
  if (closing) return;
  closing = true;
  if (readable_) readable_->cancel();
  stream_.close();
  progress_.cancel();
}

ShellClock::time_point ClientSession::write_stalled_since(ShellClock::time_point now) const {
  return writing_ ? last_write_progress_ : now;
}

void ClientSession::account() {
  if (detached_) return;
  const std::size_t held = parser_.memory_bytes() + output.capacity() + in_flight_.capacity() + held_bytes;
  context_->registry.buffered_bytes += held - accounted_bytes_;
  accounted_bytes_ = held;
}

}  // namespace sentinel
