// Serves RESP clients: listens, accepts, and runs one ClientSession each, on
// one executor.
//
//   ClientRegistry registry;
//   PubSub pubsub;
//   CommandTable commands(daemon, registry, pubsub, {.password = "..."});   // sentinel/api
//   RespServer server(io.get_executor(), {.bind = {"127.0.0.1", "::1"}, .port = 26379}, registry, commands,
//   adopt_peer); if (auto listening = server.start(); !listening) die(listening.error());
//   ...
//   server.stop();   // Closes all sessions; run the executor until they are gone.
//
// registry, handler and pubsub outlive the server. Sessions may outlive it.
// Threading: the executor's thread only.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/result.h"
#include "sentinel/net/client_registry.h"
#include "sentinel/net/client_session.h"

namespace sentinel {

struct ServerOptions {
  // Literal addresses; one with a leading "-" may be missing on this host, as
  // in redis.conf. "*" is all IPv4, "::*" all IPv6 addresses.
  std::vector<std::string> bind{"*", "-::*"};
  std::uint16_t port = 26379;  // 0: any free one, see RespServer::port().
  std::size_t clients_max = 10000;
  std::chrono::seconds idle_timeout{0};    // 0: never. Subscribers are exempt.
  std::chrono::seconds write_timeout{60};  // A client that takes no byte of its replies for so long is closed.
  std::size_t subscriber_output_max = std::size_t{8} << 20;  // Bytes.
  std::size_t buffered_max = std::size_t{256} << 20;         // Bytes, all clients together.
};

class RespServer {
 public:
  RespServer(asio::any_io_executor executor, ServerOptions options, ClientRegistry& registry, ClientHandler& handler,
             AdoptPeer adopt_peer);
  ~RespServer();

  // Raises the limit of open files and listens. The error names the address.
  Result<void> start();

  // Stops listening and closes every session.
  void stop();

  // Where it listens. REQUIRES: started.
  std::uint16_t port() const { return port_; }

 private:
  Result<void> listen(std::string address);
  void raise_file_limit();
  asio::awaitable<void> accept_loop(std::shared_ptr<asio::ip::tcp::acceptor> acceptor);
  void admit(asio::ip::tcp::socket socket);
  asio::awaitable<void> sweep_loop();
  void sweep(ShellClock::time_point now);

  asio::any_io_executor executor_;
  ServerOptions options_;
  ClientRegistry& registry_;
  std::shared_ptr<SessionContext> context_;  // Shared with the sessions.
  std::uint16_t port_ = 0;
  std::vector<std::shared_ptr<asio::ip::tcp::acceptor>> acceptors_;
  // Shared with the loops, which may end after the server.
  std::shared_ptr<asio::steady_timer> sweep_timer_;
  std::shared_ptr<bool> stopped_;
  ClientStatistics last_sweep_;
};

}  // namespace sentinel
