// What a RespServer asks of the commands above it. Implemented by the command
// table; the server itself knows bytes, not commands.
#pragma once

#include <asio/awaitable.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/net/client.h"

namespace sentinel {

using Arguments = std::span<const std::string_view>;

enum class Outcome {
  Answered,  // The reply, if any, is in client.output.
  Pending,   // Call finish() with a copy of the arguments: the answer must wait.
  Handover,  // The connection is a peer's: give the socket away.
  Hangup,    // Close at once, without a word.
  Paused,    // Nothing has happened yet: call handle() with the same again when the pause is over.
};

class ClientHandler {
 public:
  virtual ~ClientHandler() = default;

  // An error with which a connection is turned away before it is a client; empty: it is welcome.
  virtual std::string_view denial(bool /*from_this_machine*/) const { return {}; }
  virtual void connected(Client& client) = 0;
  // REQUIRES: arguments is not empty.
  virtual Outcome handle(Client& client, Arguments arguments) = 0;
  // Ends when the reply is in client.output. No other request of this client
  // is handled meanwhile.
  virtual asio::awaitable<void> finish(Client& client, std::vector<std::string> arguments) = 0;
  // Last call for this client.
  virtual void disconnected(Client& client) = 0;
};

}  // namespace sentinel
