#include "tests/bench/fleet/connection.h"

#include <asio/buffer.hpp>
#include <utility>

namespace sentinel::fleet {

Connection::Connection(asio::ip::tcp::socket socket, ConnectionOwner& owner, std::size_t place)
    : socket_(std::move(socket)), owner_(owner), place_(place) {
  asio::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::wait() {
  if (waiting_ || paused_ || closed_) return;
  waiting_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](asio::error_code error) {
    self->waiting_ = false;
    if (self->paused_ || self->closed_) return;
    if (error) return self->close();
    self->on_readable();
  });
}

void Connection::on_readable() {
  const std::span<char> room = parser_.prepare();
  if (room.empty()) return close();
  asio::error_code error;
  const std::size_t bytes = socket_.read_some(asio::buffer(room.data(), room.size()), error);
  if (error == asio::error::would_block) return wait();
  if (error) return close();
  parser_.commit(bytes);
  handle_all();
  parser_.release();
  wait();
}

void Connection::handle_all() {
  while (!closed_ && !closing_) {
    switch (parser_.next(true)) {
      case RequestParser::Step::NeedMore: return;
      case RequestParser::Step::Broken: return close();
      case RequestParser::Step::Request: owner_.request(*this, parser_.arguments()); break;
    }
  }
}

std::string& Connection::output() {
  if (!std::exchange(flush_wanted_, true)) owner_.wants_flush(shared_from_this());
  return output_;
}

void Connection::flush() {
  flush_wanted_ = false;
  if (closed_ || paused_ || writing_) return;
  asio::error_code error;
  while (!output_.empty() && !error) {
    const std::size_t bytes = socket_.write_some(asio::buffer(output_), error);
    output_.erase(0, bytes);
  }
  if (error == asio::error::would_block) {
    writing_ = true;
    return socket_.async_wait(asio::ip::tcp::socket::wait_write, [self = shared_from_this()](asio::error_code) {
      self->writing_ = false;
      self->flush();
    });
  }
  if (error || closing_) return close();
  std::string().swap(output_);
}

void Connection::resume() {
  paused_ = false;
  flush();
  wait();
}

void Connection::drop() {
  if (std::exchange(closed_, true)) return;
  asio::error_code ignored;
  socket_.close(ignored);
}

void Connection::close_when_sent() {
  closing_ = true;
  output();
}

void Connection::close() {
  if (closed_) return;
  drop();
  owner_.closed(*this);
}

}  // namespace sentinel::fleet
