// A blocking connection to a sentinel or a data node, every wait with a limit.
//
//   auto link = Connection::open({"127.0.0.1", 26379}, options);
//   if (!link) return fail(link.error());       // A sentence for the operator.
//   auto reply = link->ask({"SENTINEL", "MASTERS"});
//
// One thread uses a connection. After a network error it is dead: open another.
// With options.tls the bytes go through TLS (tls_client.h); hiredis connects and parses all the same.
#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/endpoint.h"
#include "common/resp_reply.h"
#include "common/result.h"
#include "common/time.h"
#include "sentinel/ctl/tls_client.h"

namespace sentinel {

enum class ServerKind { Sentinel, Node };  // Decides what advice an error comes with.

struct Credentials {
  std::string user;      // Empty: the default user.
  std::string password;  // Empty: no AUTH is sent.
};

struct ConnectOptions {
  ServerKind kind = ServerKind::Sentinel;
  Credentials credentials;
  std::shared_ptr<const TlsClient> tls = nullptr;  // Null: plain text.
  Millis connect_timeout{1000};
  Millis command_timeout{1000};
};

// What went wrong and what to try, for an operator. `error` is errno of a
// connect or a read, or 0 with hiredis's own words in `words`.
std::string describe_network_error(const Endpoint& at, ServerKind kind, int error, const std::string& words);

// The same for an error the server answered: NOAUTH, WRONGPASS, NOPERM, others.
std::string describe_server_error(const Endpoint& at, ServerKind kind, const std::string& error);

class Connection {
 public:
  // Connects and authenticates.
  static Result<Connection> open(const Endpoint& at, const ConnectOptions& options);

  // The server's reply, which may be an error; unexpected only when the network failed.
  Result<Reply> command(const std::vector<std::string>& words);

  // As command(), but an error reply is unexpected too, with advice.
  Result<Reply> ask(const std::vector<std::string>& words);

  // Sends without waiting for the reply, which read() or next_message() gets.
  Result<void> send(const std::vector<std::string>& words);

  // The next reply, sent or pushed, or nullopt if none came within `wait`.
  Result<std::optional<Reply>> read(Millis wait);

  const Endpoint& at() const { return at_; }

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };

  Connection(Endpoint at, ServerKind kind, std::unique_ptr<redisContext, Free> context)
      : at_(std::move(at)), kind_(kind), context_(std::move(context)) {}
  std::string network_error() const;
  std::string tls_error(const std::string& why) const;
  Result<void> write(const std::vector<std::string>& words);
  Result<bool> read_tls();  // false: nothing came in time.

  Endpoint at_;
  ServerKind kind_;
  std::unique_ptr<redisContext, Free> context_;
  std::unique_ptr<TlsLink> tls_;  // Destroyed first: it says goodbye over the context's socket.
};

}  // namespace sentinel
