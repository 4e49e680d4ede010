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
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/result.h"
#include "sentinel/net/client_registry.h"
#include "sentinel/net/client_session.h"
#include "sentinel/net/tls.h"

namespace sentinel {

struct ServerOptions {
  // Addresses, or names of them; one with a leading "-" may be missing on this host, as
  // in redis.conf. "*" is all IPv4, "::*" all IPv6 addresses.
  std::vector<std::string> bind{"*", "-::*"};
  std::optional<std::uint16_t> port = 26379;  // Plain text. 0: any free one, see RespServer::port().
  std::optional<std::uint16_t> tls_port;      // The same with TLS.
  std::size_t clients_max = 10000;
  int backlog = 4096;                      // Connections that may wait to be accepted; capped by net.core.somaxconn.
  std::chrono::seconds keepalive{300};     // TCP asks after so much silence. 0: never.
  std::chrono::seconds idle_timeout{0};    // 0: never. Subscribers are exempt.
  std::chrono::seconds write_timeout{60};  // A client that takes no byte of its replies for so long is closed.
  std::size_t subscriber_output_max = std::size_t{8} << 20;  // Bytes.
  std::size_t buffered_max = std::size_t{256} << 20;         // Bytes, all clients together.
};

class RespServer {
 public:
  // REQUIRES: tls, if there is a tls_port.
  RespServer(asio::any_io_executor executor, ServerOptions options, ClientRegistry& registry, ClientHandler& handler,
             AdoptPeer adopt_peer, std::shared_ptr<const Tls> tls = nullptr);
  ~RespServer();

  // Raises the limit of open files and listens. The error names the address.
  Result<void> start();

  // Stops listening and closes every session.
  void stop();

  // Where it listens; 0: not at all. REQUIRES: started.
  std::uint16_t port() const { return port_; }
  std::uint16_t tls_port() const { return tls_port_; }

 private:
  struct Listener;
  Result<void> listen(std::string address, bool tls);
  void raise_file_limit();
  asio::awaitable<void> accept_loop(std::shared_ptr<Listener> listener);
  void admit(asio::ip::tcp::socket socket, bool tls);
  asio::awaitable<void> sweep_loop();
  void sweep(ShellClock::time_point now);

  asio::any_io_executor executor_;
  ServerOptions options_;
  ClientRegistry& registry_;
  std::shared_ptr<SessionContext> context_;  // Shared with the sessions.
  std::shared_ptr<const Tls> tls_;
  std::uint16_t port_ = 0;
  std::uint16_t tls_port_ = 0;
  std::vector<std::shared_ptr<Listener>> listeners_;
  // Shared with the loops, which may end after the server.
  std::shared_ptr<asio::steady_timer> sweep_timer_;
  std::shared_ptr<bool> stopped_;
  ClientStatistics last_sweep_;
};

}  // namespace sentinel
