#include "sentinel/net/stream.h"

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace sentinel {
namespace {

// Shared with the timer's handler, which may be queued already when the handshake ends.
struct Deadline {
  explicit Deadline(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  bool over = false;
  bool passed = false;
};

}  // namespace

Stream::Stream(asio::ip::tcp::socket socket) : Stream(std::move(socket), nullptr) {}

Stream::Stream(asio::ip::tcp::socket socket, std::unique_ptr<TlsSession> tls)
    : socket_(std::move(socket)), tls_(std::move(tls)) {
  asio::error_code ignored;  // A socket that is closed already fails at the first read.
  socket_.non_blocking(true, ignored);
}

asio::awaitable<asio::error_code> Stream::handshake(std::chrono::milliseconds deadline) {
  if (!tls_) co_return asio::error_code();
  const auto limit = std::make_shared<Deadline>(socket_.get_executor());
  limit->timer.expires_after(deadline);
  limit->timer.async_wait([this, limit](const asio::error_code& cancelled) {
    if (cancelled || limit->over) return;
    limit->passed = true;
    asio::error_code ignored;
    socket_.close(ignored);
  });
  asio::error_code error;
  while (socket_.is_open()) {
    error = tls_->handshake();
    if (error != asio::error::would_block) break;
    asio::error_code interrupted;
    co_await socket_.async_wait(tls_->read_waits_for(), asio::redirect_error(asio::use_awaitable, interrupted));
    if (interrupted) error = interrupted;
  }
  limit->over = true;
  limit->timer.cancel();
  if (limit->passed) co_return asio::error::timed_out;
  if (!socket_.is_open()) co_return asio::error::operation_aborted;
  co_return error;
}

void Stream::close() {
  if (tls_ && socket_.is_open()) tls_->close_notify();
  asio::error_code ignored;  // The peer may have closed first.
  socket_.close(ignored);
}

}  // namespace sentinel
