// One connection to a simulated node: requests in, replies out. What the
// requests mean is Commands' business.
//
// Everything that is written within one turn of the event loop leaves in one
// write, as Redis does it. Threading: one thread.
#pragma once

#include <asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/resp/reply_writer.h"
#include "common/resp/request_parser.h"

namespace sentinel::fleet {

class Connection;

// Who owns connections and answers what they ask.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual void request(Connection& connection, std::span<const std::string_view> words) = 0;
  virtual void closed(Connection& connection) = 0;
  // Has output to send at the end of this turn.
  virtual void wants_flush(std::shared_ptr<Connection> connection) = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `place` is the owner's: the node it belongs to.
  Connection(asio::ip::tcp::socket socket, ConnectionOwner& owner, std::size_t place);

  void start() { wait(); }
  // A stopped process neither reads nor writes; its kernel goes on receiving.
  void pause() { paused_ = true; }
  void resume();
  // As the end of the process does. The owner is not told.
  void drop();
  // After everything was sent; the owner is told.
  void close_when_sent();

  ReplyWriter reply() { return {output(), protocol}; }
  // Where replies go. Schedules a flush.
  std::string& output();
  void flush();

  std::size_t place() const { return place_; }

  // --- The session, kept by Commands.
  RespVersion protocol = RespVersion::Two;
  bool subscribed = false;
  bool in_transaction = false;
  bool transaction_broken = false;
  std::vector<std::vector<std::string>> queued;

 private:
  void wait();
  void on_readable();
  void handle_all();
  void close();

  asio::ip::tcp::socket socket_;
  ConnectionOwner& owner_;
  std::size_t place_;
  RequestParser parser_;
  std::string output_;
  bool waiting_ = false;
  bool writing_ = false;
  bool flush_wanted_ = false;
  bool paused_ = false;
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace sentinel::fleet
