// One connected byte stream: TCP, with or without TLS. What clients, nodes and
// peers are read from and written to, so that every link gets TLS the same way.
//
//   Stream stream(std::move(socket));                      // Plain text.
//   Stream stream = tls->accept(std::move(socket));        // TLS (tls.h); then first:
//   if (auto error = co_await stream.handshake(deadline)) ...
//   while (...) {
//     if (!stream.has_unread()) co_await stream.async_wait_readable(token);
//     count = stream.read_some(buffer, error);               // Never blocks: would_block.
//   }
//   asio::async_write(stream, asio::buffer(bytes), handler);   // Models Asio's AsyncWriteStream.
//
// No virtual call and no buffer in between: without TLS everything is the socket's own.
//
// Threading: one executor. Not moved while an operation is under way.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "sentinel/net/tls_session.h"

namespace sentinel {

class Stream {
 public:
  using executor_type = asio::any_io_executor;

  // REQUIRES: socket is connected; it becomes non-blocking. Implicit: a socket is a stream.
  Stream(asio::ip::tcp::socket socket);  // NOLINT
  Stream(asio::ip::tcp::socket socket, std::unique_ptr<TlsSession> tls);

  executor_type get_executor() { return socket_.get_executor(); }
  bool encrypted() const { return tls_ != nullptr; }
  const asio::ip::tcp::socket& socket() const { return socket_; }

  // Completes TLS; without TLS there is nothing to do. After the deadline: timed_out, and the socket is closed.
  asio::awaitable<asio::error_code> handshake(std::chrono::milliseconds deadline);
  // In words, what the error of a handshake was about.
  std::string why_failed(const asio::error_code& error) const {
    return tls_ ? tls_->why_failed(error) : error.message();
  }

  std::size_t read_some(const asio::mutable_buffer& into, asio::error_code& error) {
    return tls_ ? tls_->read_some(static_cast<char*>(into.data()), into.size(), error) : socket_.read_some(into, error);
  }
  // would_block: repeat with the same bytes first.
  std::size_t write_some(const asio::const_buffer& bytes, asio::error_code& error) {
    return tls_ ? tls_->write_some(static_cast<const char*>(bytes.data()), bytes.size(), error)
                : socket_.write_some(bytes, error);
  }

  // Bytes wait inside the stream: read them before waiting for more.
  bool has_unread() const { return tls_ && tls_->has_unread(); }

  // Until read_some() may have something. Token: void(error_code).
  template <typename Token>
  auto async_wait_readable(Token&& token) {
    return socket_.async_wait(tls_ ? tls_->read_waits_for() : asio::socket_base::wait_read, std::forward<Token>(token));
  }

  // Handler: void(error_code, std::size_t). Never called from inside.
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& bytes, Handler&& handler) {
    if (!tls_) {
      socket_.async_write_some(bytes, std::forward<Handler>(handler));
      return;
    }
    TlsWrite<std::decay_t<Handler>> write{this, *asio::buffer_sequence_begin(bytes), std::forward<Handler>(handler)};
    asio::error_code error;
    const std::size_t count = write_some(write.bytes, error);
    if (error == asio::error::would_block) {
      socket_.async_wait(tls_->write_waits_for(), std::move(write));
    } else {
      asio::post(socket_.get_executor(),
                 [handler = std::move(write.handler), error, count]() mutable { handler(error, count); });
    }
  }

  // With TLS, says goodbye first if the socket takes it.
  void close();

 private:
  // A write that waits for the socket. The handler keeps the stream's owner alive.
  template <typename Handler>
  struct TlsWrite {
    Stream* stream;
    asio::const_buffer bytes;
    Handler handler;

    void operator()(asio::error_code error) {
      std::size_t count = 0;
      if (!error) count = stream->write_some(bytes, error);
      if (error == asio::error::would_block) {
        auto& socket = stream->socket_;
        const auto ready = stream->tls_->write_waits_for();
        socket.async_wait(ready, std::move(*this));
        return;
      }
      handler(error, count);
    }
  };

  asio::ip::tcp::socket socket_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace sentinel
